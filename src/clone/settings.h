/*
 * The settings of this clone, such as its server ID, the shared repository, and the interval
 * between heartbeats.
 *
 * The first of these sources that has a setting is used: an option on the command line, an
 * environment variable of the shell scripts (SERVER_ID, HEARTBEAT_PUSH_EVERY, HEARTBEAT_BRANCH,
 * LOCK_WAIT), git config (`build.*`), the file .build_server_id (only for the server ID), the
 * default. Programs pass the first two as `struct overrides`.
 */
#ifndef CLONE_SETTINGS_H
#define CLONE_SETTINGS_H

#include "git/repo.h"

struct overrides {
	/* Each is NULL if it was not given. Borrowed. */
	const char *server;           /* --server, SERVER_ID */
	const char *heartbeat_branch; /* --branch, HEARTBEAT_BRANCH */
	const char *push_every;       /* --push-every, HEARTBEAT_PUSH_EVERY */
	const char *interval;         /* --interval */
	const char *lock_wait;        /* LOCK_WAIT */
};

struct settings {
	char *server;  /* the server ID, checked; NULL: none is set */
	char *manager; /* build.manager; NULL: none is set */
	char *ip;      /* build.ip; NULL: none is set */
	char *remote;  /* build.remote; "origin" */
	char *branch;  /* the shared branch, build.branch; "main" */
	/* "heartbeat-<server>", a custom name, or `branch` in legacy mode; NULL if neither a server
	 * nor a name is set */
	char *heartbeat_branch;
	char *health_command; /* build.healthCheck; NULL: none */
	char *alert_command;  /* build.alertCommand; NULL: none */
	int64_t interval;     /* build.heartbeatInterval: seconds between heartbeats; 60 */
	int64_t push_every;   /* build.heartbeatPushEvery: heartbeats per push; 5 */
	int64_t history;      /* build.heartbeatHistory: most commits on a heartbeat branch; 60 */
	int64_t timeout_ms;   /* build.timeout (in seconds): network timeout; 60,000 */
	int64_t attempts;     /* build.attempts: attempts to push a request; 5 */
	int64_t job_attempts; /* build.jobAttempts: a job is not requeued after so many; 3 */
	bool host_queue;      /* build.hostQueue: use the host queue; true */
	bool requests;        /* build.requests: send requests to a shared repository that applies
				 them; false */
	int64_t lock_wait_ms; /* build.lockWait (in seconds): how long to wait for other writers of
				 this host; 10,000 */
};

/*
 * Reads all settings. `overrides` may be NULL. ERR_INVALID names the setting, its source, its
 * value, and the valid values. A missing server ID is not an error: see settings_need_server(). On
 * success, release `*out` with settings_release().
 */
int settings_load(struct settings *out, struct repo *repo, const struct overrides *overrides,
	struct error *err);
void settings_release(struct settings *settings);

/* Returns 0 if the server ID is set, else ERR_INVALID, which explains how to set it. */
int settings_need_server(const struct settings *settings, struct error *err);

#endif
