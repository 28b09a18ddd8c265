/*
 * Checks a push. The guard compares the old state with the new one, considers who pushes, and
 * returns violations. It prints nothing, writes nothing, and does not depend on hooks.
 *
 *	rc = guard_open(&guard, repo, &plan, err);
 *	rc = guard_check(guard, &report, &update, err);
 *	... report.violations ...
 *	guard_report_release(&report);
 *	guard_free(guard);
 *
 * The rules (schemas, attributes) are read from the shared branch as it was before the push, so
 * that a push cannot relax the rules for itself. Only new commits are checked. A negative code
 * means that the check failed: the caller must reject the push then, and report the error.
 */
#ifndef GUARD_GUARD_H
#define GUARD_GUARD_H

#include "git/repo.h"
#include "json/format.h"

struct guard;
struct rules;
struct schema;

struct guard_plan {
	/* NULL: `repo` is the shared repository, and commits that its refs have are not new.
	 * Otherwise, `repo` is a clone about to push to this remote, and commits that its
	 * remote-tracking branches have are not new. */
	const char *remote;
	/* Returns the value of the environment variable in "env:NAME" of build.identity, like
	 * getenv(3). */
	char *(*variable)(const char *name);
	/* For an audit: also check commits that are not new, and the same content again. */
	bool history;
};

/*
 * Prepares to check a push to `repo` with its settings build.branch, build.maxFileSize,
 * build.identity, build.operators and build.requireIdentity. Returns 0, or a negative code:
 * ERR_INVALID if a setting has an invalid value. Release `*out` with guard_free().
 */
int guard_open(
	struct guard **out, struct repo *repo, const struct guard_plan *plan, struct error *err);
void guard_free(struct guard *guard);

/* The short name of the shared branch: build.branch, or "main". Borrowed. */
const char *guard_branch(const struct guard *guard);

/*
 * May the pusher act for `server`? Everyone may if build.identity is not set; otherwise, only the
 * server itself and operators. Returns 0, or ERR_REFUSED. ERR_NOT_FOUND: the identity is in a push
 * certificate, which only pre-receive gets.
 */
int guard_may_act_for(const struct guard *guard, const char *server, struct error *err);

/* The update of one ref by a push, like a line of the input of pre-receive in githooks(5). */
struct guard_update {
	const char *ref;
	struct oid old; /* OID_NONE: the ref is created */
	struct oid new; /* OID_NONE: the ref is deleted */
	int64_t now;    /* the time that locks expire by, in seconds since 1970 */
};

enum violation_kind {
	VIOLATION_BROKEN,  /* not valid JSON */
	VIOLATION_INVALID, /* not valid according to its schema */
	VIOLATION_SIZE,    /* too large */
	VIOLATION_NO_FILE, /* a symbolic link or a submodule instead of a file */
	VIOLATION_CHANGED, /* a change that the schema's annotations do not allow */
	VIOLATION_REMOVED, /* an element was removed that may not be removed */
	VIOLATION_CLAIM,   /* a lock or job that another server holds was acquired or changed */
	VIOLATION_CLOCK,   /* dated in the future */
	VIOLATION_OWNER,   /* the pusher may not change it */
	VIOLATION_BRANCH,  /* a branch was deleted, rewound, or has files that it may not have */
	VIOLATION_SCHEMA,  /* an invalid schema, or one that existing files do not match */
	VIOLATION_KINDS
};
/* "broken", "removed", ... */
const char *violation_kind_name(enum violation_kind kind);

struct violation {
	enum violation_kind kind;
	struct oid commit;   /* OID_NONE: it is about the whole ref */
	char *path;          /* NULL: it is not about a file */
	size_t line, column; /* 0: it is about the whole file */
	char *pointer;       /* a JSON pointer, elements of keyed lists by their keys; or "" */
	char *message;       /* the problem, and how to fix it; one line */
};
/* Appends "path:line:column: pointer: message", without the parts that are not set; always one
 * line. */
void violation_text(const struct violation *violation, struct buf *out);

struct guard_report {
	struct violation *violations;
	size_t count, capacity;
	struct violation *warnings; /* older errors that the push does not fix */
	size_t warnings_count, warnings_capacity;
};
void guard_report_release(struct guard_report *report);

/*
 * Adds all violations of `update` to `report`. Call it for one ref of a push after another; commits
 * that several refs have are checked with the first. Returns 0, or a negative code if the check
 * failed.
 */
int guard_check(struct guard *guard, struct guard_report *report, const struct guard_update *update,
	struct error *err);

/* The schemas of the files of a commit, as the guard reads them. */
struct rules *guard_rules_open(struct repo *repo, const struct oid *commit);
/* Does nothing if `rules` is NULL. */
void guard_rules_free(struct rules *rules);
/*
 * Stores the format and the schema of the file `path`, both borrowed. `*schema` is NULL if it has
 * none. Returns 0; ERR_INVALID if its schema is not valid; or another negative code.
 */
int guard_rules_find(struct rules *rules, const char *path, enum json_format *format,
	const struct schema **schema, struct error *err);

/* Forgets which content was checked: content that a rejected update had is reported again. For a caller
 * that checks other updates after a rejection. */
void guard_forget(struct guard *guard);

/*
 * Adds all violations of `commit` to `report`, as if it had been pushed to the shared branch by
 * itself, onto each of its parents, when it was created. For a guard that was opened with
 * `history`. Returns 0, or a negative code if the check failed.
 */
int guard_check_commit(struct guard *guard, struct guard_report *report,
	const struct commit *commit, struct error *err);

/*
 * Checks that the content of the file `path` is valid in its format, without conflict markers; any
 * content is if that is FORMAT_NONE. Returns 0, or ERR_INVALID with the line and column.
 */
int guard_check_content(
	const char *path, enum json_format format, const char *text, size_t len, struct error *err);

#endif
