/*
 * May this push land? The guard looks at the old state, the new state and who pushes, and answers
 * with violations; it prints nothing, writes nothing, and knows nothing of hooks.
 *
 *	rc = guard_open(&guard, repo, &plan, err);
 *	rc = guard_check(guard, &report, &update, err);
 *	... report.violations ...
 *	guard_report_release(&report);
 *	guard_free(guard);
 *
 * The rules (schemas, attributes) are read from the coordination branch as it stands before the
 * push, so that a push cannot loosen what judges it. What stands already is not judged; what comes
 * is. A failure (a negative code) is the guard's own: whoever asks must then refuse, and say so.
 */
#ifndef GUARD_GUARD_H
#define GUARD_GUARD_H

#include "git/repo.h"

struct guard;

struct guard_plan {
	/* NULL: `repo` is the shared repository, and its refs are what stands. Else it is a clone
	 * about to push to this remote: what stands is what it last saw there. */
	const char *remote;
	/* Where "env:NAME" of build.identity is looked up, as getenv(3). */
	char *(*variable)(const char *name);
	/* Look back: judge what stands as well, and the same content each time that it lands. */
	bool history;
};

/*
 * Gets ready to judge a push to `repo`, by its settings: build.branch, build.maxFileSize,
 * build.identity, build.operators, build.requireIdentity. `*out` is yours, to be given to
 * guard_free(). ERR_INVALID names a setting that makes no sense.
 */
int guard_open(
	struct guard **out, struct repo *repo, const struct guard_plan *plan, struct error *err);
void guard_free(struct guard *guard);

/* One ref as a push would move it: a line of githooks(5)'s pre-receive. */
struct guard_update {
	const char *ref;
	struct oid old; /* OID_NONE: it is made */
	struct oid new; /* OID_NONE: it is deleted */
	int64_t now;    /* the clock that decides what is expired, seconds since 1970 */
};

enum violation_kind {
	VIOLATION_BROKEN,  /* no sound JSON */
	VIOLATION_INVALID, /* not as its schema says */
	VIOLATION_SIZE,    /* too large */
	VIOLATION_NO_FILE, /* a link or a submodule where a file is expected */
	VIOLATION_CHANGED, /* a step that the schema's annotations do not allow */
	VIOLATION_REMOVED, /* an element is gone that may not go */
	VIOLATION_CLAIM,   /* what another server holds was taken */
	VIOLATION_CLOCK,   /* dated in the future */
	VIOLATION_OWNER,   /* not the pusher's to change */
	VIOLATION_BRANCH,  /* what may not become of a branch */
	VIOLATION_SCHEMA,  /* a schema that cannot be used, or does not accept what stands */
	VIOLATION_KINDS
};
/* "broken", "removed", ... */
const char *violation_kind_name(enum violation_kind kind);

struct violation {
	enum violation_kind kind;
	struct oid commit;   /* OID_NONE: it is about the ref as a whole */
	char *path;          /* NULL: about no file */
	size_t line, column; /* 0: no place in the file */
	char *pointer;       /* a JSON pointer, elements of keyed lists by their keys; "" */
	char *message;       /* what is wrong, what would be right; one line */
};
/* Appends "path:line:column: pointer: message", as far as each is known; always one line. */
void violation_text(const struct violation *violation, struct buf *out);

struct guard_report {
	struct violation *violations;
	size_t count, capacity;
	struct violation *warnings; /* old wounds that the push leaves as they are */
	size_t warnings_count, warnings_capacity;
};
void guard_report_release(struct guard_report *report);

/*
 * Adds all violations of `update` to `report`. The refs of one push are judged one after another;
 * commits that several of them bring are judged with the first.
 */
int guard_check(struct guard *guard, struct guard_report *report, const struct guard_update *update,
	struct error *err);

/*
 * Adds all violations of commit `id`, as if it had been pushed by itself onto each of its parents
 * when it was made: for a guard that looks back, and to the coordination branch.
 */
int guard_check_commit(struct guard *guard, struct guard_report *report,
	const struct commit *commit, struct error *err);

/*
 * Is the file `path` with this content as a coordination file must be? For *.json: sound JSON
 * without conflict markers. 0, or ERR_INVALID with the place.
 */
int guard_check_content(const char *path, const char *text, size_t len, struct error *err);

#endif
