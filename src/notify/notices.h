/*
 * Reports events to a command. Each event is reported once.
 *
 *	message        a new message for this server
 *	build-failed   a job failed, on any server
 *	job-lost       a job of this server was assigned to another server
 *	lock-lost      a lock that this server held is held by another server
 *	silent, back   a server is silent; a silent server sends heartbeats again
 *
 * build.notifyCommand gets each event as an object on its standard input:
 *
 *	{ "id": "message:msg_1", "event": "message", "server": "build1", "timestamp": "...",
 *	  "text": "new message msg_1 from build2: Hello",
 *	  "message": "msg_1", "job": null, "lock": null, "about": null }
 *
 * The file <state dir>/notices lists the events that were reported. It outlives a restart, and all
 * processes of a clone use it. If the command fails, it is run again the next time, at most five
 * times. If a process is killed after the command has finished and before the file is written, the
 * same event is reported again, with the same "id".
 */
#ifndef NOTIFY_NOTICES_H
#define NOTIFY_NOTICES_H

#include "clone/servers.h"

struct notice {
	char *id, *event, *text;
	char *message, *job, *lock, *about; /* the subject of the event; the others are NULL */
};

struct notices {
	struct notice *list;
	size_t count, capacity;
};
void notices_release(struct notices *notices);

/* Finds the events since the last run, from the shared branch at `tip` and from `fleet`; none in
 * the first run. Changes nothing. settings->server must be set. Release with notices_release(). */
int notices_find(struct notices *out, struct repo *repo, const struct settings *settings,
	const struct fleet *fleet, const struct oid *tip, const struct env *env, struct error *err);

/*
 * Finds the events and runs build.notifyCommand for each; `out` (may be NULL) gets the events that
 * were reported. ERR_BUSY: another process is reporting events; ERR_FAILED, ERR_TIMEOUT: the
 * command failed, and the remaining events are left for the next run. If no command is set, returns
 * 0 and changes nothing.
 */
int notices_report(struct notices *out, struct repo *repo, const struct settings *settings,
	const struct fleet *fleet, const struct oid *tip, const struct env *env, struct error *err);

/* Appends the JSON object that the command gets for the event. */
void notice_write(struct buf *out, const struct notice *notice, const struct settings *settings,
	const struct env *env);

#endif
