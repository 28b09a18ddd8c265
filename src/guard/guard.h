/*
 * May this push land? The guard looks at the old state, the new state and who pushes, and answers
 *with violations; it prints nothing, writes nothing, and knows nothing of hooks.
 *
 *	struct guard_report report = { 0 };
 *	rc = guard_judge(&report, repo, &settings, &update, err);
 *	... report.violations ...
 *	guard_report_release(&report);
 *
 * A failure (a negative code) is the guard's own: whoever asks must then refuse, and say so.
 */
#ifndef GUARD_GUARD_H
#define GUARD_GUARD_H

#include "store/repo.h"

/* One ref as a push would move it: a line of githooks(5)'s pre-receive. */
struct guard_update {
	const char *ref;
	struct oid old; /* OID_NONE: it is made */
	struct oid new; /* OID_NONE: it is deleted */
};

struct guard_settings {
	char *branch;          /* the coordination branch, short; build.branch, else "main" */
	int64_t max_file_size; /* bytes; build.maxFileSize, else 10 MiB */
	char *standing; /* refs whose commits count as judged, a glob: all of them at the shared
			 * repository, the remote's in a clone */
};

/* Reads the settings; `standing` as in the struct. To be given to guard_settings_release(). */
int guard_settings_load(
	struct guard_settings *out, struct repo *repo, const char *standing, struct error *err);
void guard_settings_release(struct guard_settings *settings);

struct violation {
	struct oid commit; /* OID_NONE: it is about the ref as a whole */
	char *text;        /* "file:line:column: what is wrong, what would be right" */
};

struct guard_report {
	struct violation *violations;
	size_t count, capacity;
	char **warnings; /* old wounds that the push leaves as they are */
	size_t warnings_count, warnings_capacity;
	size_t judged; /* how many distinct blobs were read */
};
void guard_report_release(struct guard_report *report);

/* Adds all violations of `update` to `report`. */
int guard_judge(struct guard_report *report, struct repo *repo,
	const struct guard_settings *settings, const struct guard_update *update,
	struct error *err);

/*
 * Is the file `path` with this content as a coordination file must be? For *.json: sound JSON
 * without conflict markers. 0, or ERR_INVALID with the place.
 */
int guard_check_content(const char *path, const char *text, size_t len, struct error *err);

#endif
