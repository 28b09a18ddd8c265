/*
 * Checks commits that are already on the shared branch, each as if it had been pushed by itself.
 * Finds violations in a repository that was used without the hooks.
 */
#ifndef GUARD_AUDIT_H
#define GUARD_AUDIT_H

#include "guard/guard.h"

struct audit_plan {
	struct oid from; /* this commit and its ancestors are not checked; OID_NONE: check all */
	struct oid tip;
	/* Called after each commit; may be NULL. Called by one thread at a time. */
	void (*progress)(size_t done, size_t total, void *data);
	void *data;
	char *(*variable)(const char *name); /* as in struct guard_plan */
};

/* The violations of one commit. */
struct audit_commit {
	struct oid id;
	int64_t time;                 /* the committer's, seconds since 1970 */
	char *subject;                /* the first line of its message */
	struct violation *violations; /* a broken or invalid file has at least one */
	int64_t *stayed; /* for each: seconds until a later commit fixed the file; -1: not fixed, or
			    the violation is about a change, not the state of a file */
	size_t count;
};

struct audit_report {
	struct audit_commit *commits; /* those with violations, the oldest first */
	size_t count;
	size_t looked_at;               /* commits */
	size_t totals[VIOLATION_KINDS]; /* violations */
	int64_t longest_stayed;         /* seconds that a file was broken; -1: none was fixed */
	size_t still_broken;            /* files that are broken or invalid at the tip */
};
void audit_report_release(struct audit_report *report);

/* Checks every commit from `from` to `tip`, on all processors. Reads only. Returns 0 or a negative
 * code. Release `*report` with audit_report_release(). */
int audit_run(struct repo *repo, const struct audit_plan *plan, struct audit_report *report,
	struct error *err);

#endif
