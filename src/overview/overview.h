/*
 * The whole fleet, read once: every server with its beats, the jobs, the locks, the messages, and
 * what came of builds, all at one commit of the shared branch. What looks at the fleet (health,
 * metrics, the page, the screen) starts from here and reads nothing else.
 *
 *	struct overview overview;
 *	struct overview_plan plan = { .fetch = true, .messages = 20, .beats = 60 };
 *	if (overview_take(&overview, repo, &settings, &plan, env, err) < 0)
 *		...
 *	overview_release(&overview);
 *
 * A file that is broken hides nothing else: it is one of the troubles, with its place. What cannot
 * be read at all is a failure: then nothing is known of what it holds.
 */
#ifndef OVERVIEW_OVERVIEW_H
#define OVERVIEW_OVERVIEW_H

#include "base/arena.h"
#include "fleet/job.h"
#include "fleet/lock.h"
#include "fleet/message.h"
#include "clone/servers.h"

struct overview_plan {
	bool fetch;        /* ask the remote first, where failing to is no failure but `offline` */
	size_t heartbeats; /* how many of each server's beats to list; 0: none */
	size_t messages;   /* how many messages to list, of the newest */
	size_t builds;     /* how many manifests of builds to read, of the newest; 0: all */
};

/* When a server gave its beats, the newest first, as far as its branch still knows. */
struct heartbeat_times {
	int64_t committed_at; /* when the last was committed, seconds since 1970; 0: among other
			       * things, on the coordination branch */
	int64_t *times;       /* as many as were asked for */
	size_t count;
};

/* A build that has ended, as its manifest says; else its job, or its server's last_build. */
struct build {
	const char *job;
	const char *server, *type, *branch, *commit, *reason, *log; /* NULL: it does not say */
	bool failed;
	int64_t ended_at; /* seconds since 1970; 0: it does not say */
	int64_t duration; /* seconds; -1: it does not say */
	size_t artifacts; /* files it has made */
};

/* The messages of type error that wait for one receiver. */
struct unread_errors {
	const char *to;
	size_t count;
	struct message newest;
};

/* A file that could not be read. */
struct problem {
	const char *server; /* whose it is; NULL: the fleet's */
	const char *path;   /* NULL: one of the server's, and `words` says which */
	const char *words;  /* why, with the place */
};

/* All strings and arrays live in `arena`, or in the documents below it. */
struct overview {
	struct fleet fleet; /* and when it was taken, at which commit, how old that is */
	struct heartbeat_times *heartbeats; /* one for each of fleet.servers */
	struct job_list jobs;               /* in the order of the file */
	struct lock *locks;                 /* in the order of the file */
	size_t locks_count;
	struct message *messages; /* the newest first */
	size_t messages_count;
	size_t messages_total, messages_unread;
	struct unread_errors *errors; /* in the order of their first */
	size_t errors_count;
	struct build *builds; /* the newest first */
	size_t builds_count;
	struct problem *troubles;
	size_t troubles_count, troubles_capacity;

	struct arena arena;
	struct json_doc *jobs_doc, *locks_doc, *messages_doc; /* NULL: there is none */
};

/* Reads it all. Below 0 only where the repository itself cannot be read. */
int overview_take(struct overview *out, struct repo *repo, const struct settings *settings,
	const struct overview_plan *plan, const struct env *env, struct error *err);
void overview_release(struct overview *overview);

/* The server called `id`; NULL if there is none. */
const struct server *overview_server(const struct overview *overview, const char *id);

/* How many jobs have this status. */
size_t overview_count_jobs(const struct overview *overview, const char *status);

#endif
