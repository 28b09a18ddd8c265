/*
 * The state of the whole fleet at one commit of the shared branch: the servers with their
 * heartbeats, the jobs, the locks, the messages, and the results of builds. The programs that show
 * the fleet (health, metrics, the dashboard, the live view) use the overview and read nothing else.
 *
 *	struct overview overview;
 *	struct overview_plan plan = { .fetch = true, .messages = 20, .heartbeats = 60 };
 *	if (overview_take(&overview, repo, &settings, &plan, env, err) < 0)
 *		...
 *	overview_release(&overview);
 *
 * A file that is not valid is added to the problems, with the location of the error, and the other
 * files are still read. A file that cannot be read is a failure, because its content is not known.
 */
#ifndef OVERVIEW_OVERVIEW_H
#define OVERVIEW_OVERVIEW_H

#include "base/arena.h"
#include "fleet/job.h"
#include "fleet/lock.h"
#include "fleet/message.h"
#include "clone/servers.h"

struct overview_plan {
	bool fetch;        /* fetch first; if that fails, the overview is `offline` */
	size_t heartbeats; /* the number of heartbeats to list for each server; 0: none */
	size_t messages;   /* the number of messages to list, the newest ones */
	size_t builds;     /* the number of manifests to read, the newest ones; 0: all */
};

/* The times of a server's heartbeats, the newest first, as far as its branch has them. */
struct heartbeat_times {
	int64_t committed_at; /* the commit time of the last one, seconds since 1970; 0: it is on
			       * the shared branch, in a commit with other changes */
	int64_t *times;       /* at most overview_plan.heartbeats */
	size_t count;
};

/* A finished build, from its manifest, or else from its job or the last_build of its server. */
struct build {
	const char *job;
	const char *server, *type, *branch, *commit, *reason, *log; /* NULL: unknown */
	bool failed;
	int64_t ended_at; /* seconds since 1970; 0: unknown */
	int64_t duration; /* seconds; -1: unknown */
	size_t artifacts; /* the number of files */
};

/* The unread messages of type error for one receiver. */
struct unread_errors {
	const char *to;
	size_t count;
	struct message newest;
};

/* A file that is not valid. */
struct problem {
	const char *server; /* the server that the file belongs to; NULL: none */
	const char *path;   /* NULL: a file of the server; `words` has its path */
	const char *words;  /* the error, with its location */
};

/* All strings and arrays are in `arena` or in the documents below it. */
struct overview {
	struct fleet fleet; /* with the time, the commit, and the age of the last fetch */
	struct heartbeat_times *heartbeats; /* one for each of fleet.servers */
	struct job_list jobs;               /* in the order of the file */
	struct lock *locks;                 /* in the order of the file */
	size_t locks_count;
	struct message *messages; /* the newest first */
	size_t messages_count;
	size_t messages_total, messages_unread;
	struct unread_errors *errors; /* in the order of the first message to each receiver */
	size_t errors_count;
	struct build *builds; /* the newest first */
	size_t builds_count;
	struct problem *troubles;
	size_t troubles_count, troubles_capacity;

	struct arena arena;
	struct json_doc *jobs_doc, *locks_doc, *messages_doc; /* NULL: no valid file */
};

/* Reads the overview. Negative only if the repository cannot be read. Release with
 * overview_release(). */
int overview_take(struct overview *out, struct repo *repo, const struct settings *settings,
	const struct overview_plan *plan, const struct env *env, struct error *err);
void overview_release(struct overview *overview);

/* The server with that ID; NULL if there is none. */
const struct server *overview_server(const struct overview *overview, const char *id);

/* The number of jobs with this status. */
size_t overview_count_jobs(const struct overview *overview, enum job_status status);

#endif
