/*
 * What takes space in a repository: the sizes of all objects of its history by kind of file, from
 * `git rev-list --objects --all` and `git cat-file --batch-check`.
 */
#ifndef OVERVIEW_SIZE_H
#define OVERVIEW_SIZE_H

#include "base/arena.h"
#include "clone/archive.h"
#include "clone/settings.h"

enum size_kind {
	SIZE_HEARTBEATS, /* <server>/heartbeat.json */
	SIZE_STATUS,
	SIZE_LOGS, /* <server>/logs/, including manifests */
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
	int64_t disk;    /* bytes on disk, compressed */
	int64_t content; /* bytes of the content, uncompressed */
};

struct size_file {
	const char *path; /* in the arena */
	int64_t content;  /* bytes of its largest version */
	int64_t disk;     /* bytes of all its versions */
	int64_t versions;
};

struct size_branch {
	const char *name;   /* "refs/heads/heartbeat-build1"; in the arena */
	bool is_heartbeats; /* a heartbeat branch */
	int64_t commits;
	int64_t disk; /* bytes of the objects that the shared branch does not have */
};

struct size {
	struct size_count kinds[SIZE_KINDS], all;
	struct size_file *files; /* the largest on disk first */
	size_t files_count;
	struct size_branch *branches; /* with remote-tracking ones; the largest on disk first */
	size_t branches_count;
	struct archive_estimate archive; /* what 'git build archive' would move */
	int64_t loose, loose_bytes;      /* objects that are not packed */
	int64_t garbage_bytes;           /* other files in the object directory */
	struct arena arena;
};
void size_release(struct size *size);

/* Measures `repo`; `now` is the time from which the ages of messages, jobs and logs are counted.
 * ERR_FAILED, with the error of git, if git fails. Release `out` with size_release(). */
int size_measure(struct size *out, struct repo *repo, const struct settings *settings, int64_t now,
	struct error *err);

#endif
