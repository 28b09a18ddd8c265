#include "guard/guard.h"

#include "base/alloc.h"
#include "guard/internal.h"

#include <stdlib.h>
#include <string.h>

int guard_settings_load(
	struct guard_settings *out, struct repo *repo, const char *standing, struct error *err)
{
	struct buf branch = BUF_INIT;
	if (!repo_config(repo, "build.branch", &branch) || !branch.len) {
		buf_reset(&branch);
		buf_addstr(&branch, "main");
	}
	*out = (struct guard_settings){ .branch = buf_detach(&branch),
		.max_file_size = 10 << 20,
		.standing = xstrdup(standing) };
	int rc = repo_config_int(
		repo, "build.maxFileSize", 1, INT64_MAX / 2, &out->max_file_size, err);
	if (rc < 0)
		guard_settings_release(out);
	return rc;
}

void guard_settings_release(struct guard_settings *settings)
{
	free(settings->branch);
	free(settings->standing);
	*settings = (struct guard_settings){ 0 };
}

void guard_report_release(struct guard_report *report)
{
	for (size_t i = 0; i < report->count; i++)
		free(report->violations[i].text);
	for (size_t i = 0; i < report->warnings_count; i++)
		free(report->warnings[i]);
	free(report->violations);
	free(report->warnings);
	*report = (struct guard_report){ 0 };
}

void guard_violate(struct guard_report *report, const struct oid *commit, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list args;
	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	GROW(report->violations, report->count, report->capacity);
	report->violations[report->count++] =
		(struct violation){ commit ? *commit : OID_NONE, buf_detach(&text) };
}

int guard_judge(struct guard_report *report, struct repo *repo,
	const struct guard_settings *settings, const struct guard_update *update, struct error *err)
{
	struct judging judging = {
		.report = report, .repo = repo, .settings = settings, .update = update, .err = err
	};
	/* Tags, notes and other refs hold no coordination files. */
	if (strncmp(update->ref, "refs/heads/", 11))
		return 0;
	int rc = guard_judge_branch(&judging);
	if (!rc && !oid_is_none(&update->new))
		rc = guard_judge_contents(&judging);
	return rc;
}
