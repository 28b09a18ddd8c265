/*
 * What makes a repository big: every object of its history, by what of the fleet it belongs to, as
 * `git rev-list --objects --all` and `git cat-file --batch-check` tell.
 */
#ifndef OVERVIEW_SIZE_H
#define OVERVIEW_SIZE_H

#include "base/arena.h"
#include "clone/archive.h"
#include "clone/settings.h"

enum size_kind {
	SIZE_HEARTBEATS, /* <server>/heartbeat.json */
	SIZE_STATUS,
	SIZE_LOGS, /* <server>/logs/, manifests included */
	SIZE_MESSAGES,
	SIZE_JOBS,
	SIZE_LOCKS,
	SIZE_ARCHIVE, /* coordination/archive/ */
	SIZE_OTHER,
	SIZE_COMMITS,
	SIZE_DIRECTORIES, /* trees */
	SIZE_KINDS,
};
/* "heartbeats", ... */
const char *size_kind_name(enum size_kind kind);

struct size_count {
	int64_t objects;
	int64_t disk;    /* bytes, compressed, as they lie there */
	int64_t content; /* bytes of the content itself */
};

struct size_file {
	const char *path; /* the arena's */
	int64_t content;  /* of its largest version */
	int64_t disk;     /* of all its versions */
	int64_t versions;
};

struct size_branch {
	const char *name;   /* "refs/heads/heartbeat-build1"; the arena's */
	bool is_heartbeats; /* a heartbeat branch */
	int64_t commits;
	int64_t disk; /* bytes of what the coordination branch does not have as well */
};

struct size {
	struct size_count kinds[SIZE_KINDS], all;
	struct size_file *files; /* the largest on disk first */
	size_t files_count;
	struct size_branch *branches; /* those of remotes as well; the largest on disk first */
	size_t branches_count;
	struct archive_estimate archive; /* what upkeep would find to do */
	int64_t loose, loose_bytes;      /* objects that are not packed */
	int64_t garbage_bytes;           /* files in the object folder that are none */
	struct arena arena;
};
void size_release(struct size *size);

/* Measures `repo`; `now` is what the ages of messages, jobs and logs are counted from. ERR_FAILED
 * with git's own words. */
int size_measure(struct size *out, struct repo *repo, const struct settings *settings, int64_t now,
	struct error *err);

#endif
