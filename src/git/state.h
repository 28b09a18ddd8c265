/*
 * Small files of text that git-build keeps about a clone, and its locks between processes, in
 * <common dir>/git-build (repo_state_dir()).
 *
 *	`beat-BRANCH`, loop-SERVER locks of a heartbeat and of the loop of heartbeats
 *	cpu-SERVER, `beats-SERVER` what the last heartbeat measured and counted
 *	outage                     since when, and how often, pushing heartbeats has failed
 *	fetched, fetched-branch    when this clone fetched (clone/reading.h)
 *	notices, notices.lock      what was reported to build.notifyCommand, and the lock for that
 *	held/LOCK                  the locks that this clone holds
 *	outbox/, queue/            requests to deliver
 *	pushes                     how long pushes took, and how they ended
 *	service                    does the shared repository apply requests (deliver/service.h)
 *	ssh-*                      sockets of shared ssh connections (remote/ssh.h)
 *	worktree-problem           why the worktree was not updated
 *	worker, cron               locks of the worker
 *	worker-id                  the ID of the worker
 *	source, source.git/        the lock of the worker's mirror, and the mirror
 *	checkouts/JOB, jobs/JOB    the worktree of a job, and its files
 *	write, settings            locks for writing in the clone (locks/)
 *	boot, repair, repair.git/, damaged/  repairing the clone (remote/repair.h)
 */
#ifndef GIT_STATE_H
#define GIT_STATE_H

#include "base/file.h"
#include "git/repo.h"

/* Stores the path of `name` in `path`. */
void state_path(struct buf *path, const struct repo *repo, const char *name);

/* Appends `name` to `out`, as file_read(). */
int state_read(struct buf *out, const struct repo *repo, const char *name, size_t limit,
	struct error *err);
/* Replaces `name` by `text`; unless `is_durable`, it need not survive a power cut. */
int state_write(const struct repo *repo, const char *name, const char *text, bool is_durable,
	struct error *err);

/* Acquires the lock `name`, as file_lock_acquire(). */
int state_lock(struct file_lock *lock, const struct repo *repo, const char *name, int64_t wait_ms,
	const struct env *env, struct error *err);

#endif
