/* Telling a person what the guard found: the words of pre-receive and pre-push. */
#include "judge.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST_LINES = 20 };

void judge_say(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("git-build: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

static void show(const struct guard_update *update, const struct guard_report *report)
{
	for (size_t i = 0; i < report->count && i < MOST_LINES; i++) {
		const struct violation *violation = &report->violations[i];
		if (oid_is_none(&violation->commit))
			judge_say("%s: %s", update->ref, violation->text);
		else
			judge_say("%s %.12s: %s", update->ref, violation->commit.hex,
				violation->text);
	}
	if (report->count > MOST_LINES)
		judge_say("%s: and %zu more", update->ref, report->count - MOST_LINES);
	for (size_t i = 0; i < report->warnings_count && i < MOST_LINES; i++)
		judge_say("warning: %s: %s", update->ref, report->warnings[i]);
}

int judge_update(
	struct repo *repo, const struct guard_settings *settings, const struct guard_update *update)
{
	struct guard_report report = { 0 };
	struct error err = ERROR_INIT;
	int rc = guard_judge(&report, repo, settings, update, &err);
	show(update, &report);
	if (rc < 0)
		judge_say("%s: cannot be judged: %s", update->ref, err.text);
	else
		rc = report.count > 1000000 ? 1000000 : (int)report.count;
	guard_report_release(&report);
	return rc;
}
