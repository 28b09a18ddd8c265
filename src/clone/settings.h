/*
 * What git-build has been told about this clone: which server it is, where the shared repository
 * is, how often the heart beats.
 *
 * A setting comes from the first of: an option on the command line, an environment variable of the
 * shell scripts (SERVER_ID, HEARTBEAT_PUSH_EVERY, HEARTBEAT_BRANCH, LOCK_WAIT), git config
 * (`build.*`), the file .build_server_id (server id only), the default. Only programs see the first
 * two: they hand them in as `struct overrides`.
 */
#ifndef CLONE_SETTINGS_H
#define CLONE_SETTINGS_H

#include "git/repo.h"

struct overrides {
	/* Each NULL where it was not given. Borrowed. */
	const char *server;           /* --server, SERVER_ID */
	const char *heartbeat_branch; /* --branch, HEARTBEAT_BRANCH */
	const char *push_every;       /* --push-every, HEARTBEAT_PUSH_EVERY */
	const char *interval;         /* --interval */
	const char *lock_wait;        /* LOCK_WAIT */
};

struct settings {
	char *server;           /* this server's id, checked; NULL: none is set */
	char *manager;          /* build.manager; NULL: none is set */
	char *ip;               /* build.ip; NULL: none is set */
	char *remote;           /* build.remote; "origin" */
	char *branch;           /* the coordination branch, build.branch; "main" */
	char *heartbeat_branch; /* "heartbeat-<server>", a name, or `branch` for the old way; NULL where
			    * neither a server nor a name is known */
	char *health_command; /* build.healthCheck; NULL: none */
	char *alert_command;  /* build.alertCommand; NULL: none */
	int64_t interval;     /* build.heartbeatInterval: seconds from beat to beat; 60 */
	int64_t push_every;   /* build.heartbeatPushEvery: beats a push; 5 */
	int64_t history;      /* build.heartbeatHistory: most commits on a heartbeat branch; 60 */
	int64_t timeout_ms;   /* build.timeout of the network, in seconds there; 60,000 */
	int64_t attempts;     /* build.attempts: pushes of one operation; 5 */
	int64_t job_attempts; /* build.jobAttempts: after so many a job is not put back; 3 */
	bool host_queue;      /* build.hostQueue: writers of this host take turns; true */
	int64_t lock_wait_ms; /* build.lockWait, in seconds there: for other writers of this host;
				 10,000 */
};

/*
 * Reads all settings. `overrides` may be NULL. ERR_INVALID names the setting, where it came from,
 * its value and what would be right. A missing server id is no failure here: see
 * settings_need_server(). On success `*out` is to be given to settings_release().
 */
int settings_load(struct settings *out, struct repo *repo, const struct overrides *overrides,
	struct error *err);
void settings_release(struct settings *settings);

/* 0 if the server's id is known; else ERR_INVALID, naming the four ways to set it. */
int settings_need_server(const struct settings *settings, struct error *err);

#endif
