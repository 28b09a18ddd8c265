/* Telling a person what the guard found: the words of pre-receive and pre-push. */
#include "judge.h"

#include "base/alloc.h"
#include "base/escape.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST_LINES = 20 };

void judge_say(const char *format, ...)
{
	struct buf text = BUF_INIT, line = BUF_INIT;
	va_list args;
	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	escape_add(&line, text.data, text.len, true);
	fprintf(stderr, "git-build: %s\n", line.data);
	buf_release(&text);
	buf_release(&line);
}

static void show_list(const char *kind, const struct guard_update *update,
	const struct violation *list, size_t count)
{
	for (size_t i = 0; i < count && i < MOST_LINES; i++) {
		const struct violation *violation = &list[i];
		struct buf text = BUF_INIT;
		violation_text(violation, &text);
		judge_say("%s%s%s%.12s: %s", kind, update->ref,
			oid_is_none(&violation->commit) ? "" : " ", violation->commit.hex,
			text.data);
		buf_release(&text);
	}
	if (count > MOST_LINES)
		judge_say("%s%s: and %zu more", kind, update->ref, count - MOST_LINES);
}

static void show(const struct guard_update *update, const struct guard_report *report)
{
	show_list("", update, report->violations, report->count);
	show_list("warning: ", update, report->warnings, report->warnings_count);
}

int judge_update(struct guard *guard, const struct guard_update *update)
{
	struct guard_report report = { 0 };
	struct error err = ERROR_INIT;
	int rc = guard_judge(guard, &report, update, &err);
	show(update, &report);
	if (rc < 0)
		judge_say("%s: cannot be judged: %s", update->ref, err.text);
	else
		rc = report.count > 1000000 ? 1000000 : (int)report.count;
	guard_report_release(&report);
	return rc;
}
