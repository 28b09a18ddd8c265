/*
 * git build audit: finds commits that break the rules.
 *
 * Applies the guard to history, for a repository that had no hooks, or whose hooks were disabled
 * for a while: each commit is checked as if it had been pushed separately.
 */
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/print.h"
#include "cli/violations.h"

#include "base/timestamp.h"
#include "guard/audit.h"

#include <limits.h>
#include <stdlib.h>

enum { MOST_LINES = 20 };

struct audit_options {
	int64_t max_errors;
};

static const struct option options[] = {
	OPT_NUMBER(0, "max-errors", "N", struct audit_options, max_errors, 1, INT_MAX,
		"print at most N violations per commit (default: 20)"),
	OPT_END,
};

static const char *const synopsis[] = { "[--max-errors N] [--json] [A..B | REVISION]", NULL };

/* ---- for people ---- */

static void show_commit(const struct audit_commit *commit, size_t most)
{
	char time[TIMESTAMP_SIZE], age[TIMESTAMP_SIZE];
	struct buf line = BUF_INIT;
	show_line("%.12s %s %s", commit->id.hex, timestamp_format(commit->time, time),
		commit->subject);
	for (size_t i = 0; i < commit->count && i < most; i++) {
		buf_reset(&line);
		violation_text(&commit->violations[i], &line);
		if (commit->stayed[i] >= 0)
			buf_addf(&line, " (fixed after %s)",
				timestamp_format_age(commit->stayed[i], age));
		show_line("    %s", line.data);
	}
	if (commit->count > most)
		show_line("    and %zu more", commit->count - most);
	buf_release(&line);
}

static void show_total(
	const struct audit_report *report, enum violation_kind kind, const char *what)
{
	if (report->totals[kind])
		show_line("%8zu  %s", report->totals[kind], what);
}

static void show_totals(const struct audit_report *report)
{
	char age[TIMESTAMP_SIZE];
	show_line("%zu of %zu commits break the rules", report->count, report->looked_at);
	show_total(report, VIOLATION_BROKEN, "times a file was not valid JSON");
	show_total(report, VIOLATION_INVALID, "violations of a file's schema");
	show_total(report, VIOLATION_REMOVED, "elements removed that must be kept");
	show_total(report, VIOLATION_CLAIM, "locks and jobs taken from their holders");
	show_total(report, VIOLATION_CHANGED, "changes that a schema forbids");
	show_total(report, VIOLATION_CLOCK, "times in the future");
	show_total(report, VIOLATION_SIZE, "files that are too large");
	show_total(report, VIOLATION_NO_FILE, "symbolic links instead of files");
	show_total(report, VIOLATION_SCHEMA, "schemas that are invalid or do not match");
	if (report->longest_stayed >= 0)
		show_line("a file was broken or invalid for up to %s",
			timestamp_format_age(report->longest_stayed, age));
	if (report->still_broken)
		show_line("%zu %s still broken or invalid", report->still_broken,
			report->still_broken == 1 ? "file is" : "files are");
}

/* ---- for programs ---- */

static void put_commit(struct json_writer *w, const struct audit_commit *commit)
{
	char time[TIMESTAMP_SIZE];
	json_begin(w, '{');
	json_put_string(w, "commit", commit->id.hex);
	json_put_string(w, "timestamp", timestamp_format(commit->time, time));
	json_put_string(w, "subject", commit->subject);
	json_begin_member(w, "violations", '[');
	for (size_t i = 0; i < commit->count; i++) {
		violation_begin_json(&commit->violations[i], w);
		json_put_int_if(
			w, "fixed_after_seconds", commit->stayed[i] >= 0, commit->stayed[i]);
		json_end(w);
	}
	json_end(w);
	json_end(w);
}

static void show_report_json(const struct audit_report *report)
{
	struct json_writer w;
	show_json_begin(&w);
	json_put_int(&w, "commits_looked_at", (int64_t)report->looked_at);
	json_begin_member(&w, "totals", '{');
	for (int kind = 0; kind < VIOLATION_KINDS; kind++)
		json_put_int(&w, violation_kind_name((enum violation_kind)kind),
			(int64_t)report->totals[kind]);
	json_end(&w);
	json_put_int(&w, "still_broken", (int64_t)report->still_broken);
	json_begin_member(&w, "commits", '[');
	for (size_t i = 0; i < report->count; i++)
		put_commit(&w, &report->commits[i]);
	show_json_end(&w, true);
}

/* ---- */

/* Without a range: the last fetched shared branch, or HEAD. */
static int find_range(struct invocation *inv, struct operands *operands, struct audit_plan *plan,
	struct error *err)
{
	const struct settings *settings = &inv->settings;
	if (operands->count)
		return repo_resolve_range(
			inv->repo, operands->words[0], &plan->from, &plan->tip, err);
	int rc = repo_tracking_ref(inv->repo, settings->remote, settings->branch, &plan->tip, err);
	return rc == ERR_NOT_FOUND ? repo_resolve(inv->repo, "HEAD", &plan->tip, err) : rc;
}

static void tell_progress(size_t done, size_t total, void *data)
{
	progress_report(data, done, total);
}

static int run(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct audit_options *given = values;
	struct progress progress;
	struct audit_plan plan = {
		.progress = tell_progress, .data = &progress, .variable = getenv
	};
	struct audit_report report;
	int rc = find_range(inv, operands, &plan, err);
	if (rc < 0)
		return rc;
	progress_start(&progress, "commits", inv->quiet);
	rc = audit_run(inv->repo, &plan, &report, err);
	progress_end(&progress);
	if (rc < 0)
		return rc;
	if (inv->json) {
		show_report_json(&report);
	} else {
		for (size_t i = 0; i < report.count && !inv->quiet; i++)
			show_commit(&report.commits[i],
				given->max_errors ? (size_t)given->max_errors : MOST_LINES);
		show_totals(&report);
	}
	rc = report.count ? ANSWER_NO : ANSWER_YES;
	audit_report_release(&report);
	return rc;
}

const struct command command_audit = {
	.name = "audit",
	.summary = "find commits that break the rules",
	.synopsis = synopsis,
	.options = options,
	.options_size = sizeof(struct audit_options),
	.needs = NEEDS_REPOSITORY,
	.shows = true,
	.operands = 1,
	.run = run,
};
