/*
 * The guard over history: what landed that should not have, commit by commit, as if each had been
 * pushed by itself. For a repository that lived without the hooks.
 */
#ifndef GUARD_AUDIT_H
#define GUARD_AUDIT_H

#include "guard/guard.h"

struct audit_plan {
	struct oid from; /* what this leads to is not looked at; OID_NONE: everything is */
	struct oid tip;
	/* Told now and then how far it is; may be NULL. Called by one thread at a time. */
	void (*progress)(size_t done, size_t total, void *data);
	void *data;
	char *(*variable)(const char *name); /* as in struct guard_plan */
};

/* What was found in one commit. */
struct audit_commit {
	struct oid id;
	int64_t time;                 /* the committer's, seconds since 1970 */
	char *subject;                /* the first line of its message */
	struct violation *violations; /* of a file that got broken or invalid: one at least */
	int64_t *stayed; /* for each: seconds until a later commit mended the file; -1: it is not
			    mended, or it is no state that lasts */
	size_t count;
};

struct audit_report {
	struct audit_commit *commits; /* those with violations, the oldest first */
	size_t count;
	size_t looked_at;               /* commits */
	size_t totals[VIOLATION_KINDS]; /* violations */
	int64_t longest_stayed;         /* seconds that a file was broken; -1: none was mended */
	size_t still_broken;            /* files that are broken or invalid at the tip */
};
void audit_report_release(struct audit_report *report);

/* Judges every commit from `from` to `tip`, on all processors. Reads only. */
int audit_run(struct repo *repo, const struct audit_plan *plan, struct audit_report *report,
	struct error *err);

#endif
