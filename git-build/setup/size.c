/*
 * git build size: what takes space in the repository, and how to make it smaller.
 */
#include "cli/command.h"
#include "cli/print.h"

#include "json/write.h"
#include "overview/size.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { LARGE = 1 << 20, MANY_LOOSE = 5000, SHOWN = 5 };

struct size_options {
	int64_t top;
};

static const struct option options[] = {
	OPT_NUMBER(0, "top", "N", struct size_options, top, 1, INT_MAX,
		"how many of the largest files and branches to show (default: 5)"),
	OPT_END,
};

static const char *const synopsis[] = { "[--top N] [--json]", NULL };

static char *human(int64_t bytes, char out[32])
{
	static const char units[] = "KMGT";
	double value = (double)bytes;
	int unit = -1;
	while (value >= 1024 && unit < 3) {
		value /= 1024;
		unit++;
	}
	if (unit < 0)
		snprintf(out, 32, "%" PRId64 " B", bytes);
	else
		snprintf(out, 32, "%.1f %ciB", value, units[unit]);
	return out;
}

/* A way to make it smaller: the command, and the reason. */
struct hint {
	char what[64];
	char why[160];
};

struct hints {
	struct hint list[8];
	size_t count;
};

static void add_hint(struct hints *hints, const char *what, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void add_hint(struct hints *hints, const char *what, const char *format, ...)
{
	va_list args;
	if (hints->count == sizeof(hints->list) / sizeof(*hints->list))
		return;
	struct hint *hint = &hints->list[hints->count++];
	snprintf(hint->what, sizeof(hint->what), "%s", what);
	va_start(args, format);
	vsnprintf(hint->why, sizeof(hint->why), format, args);
	va_end(args);
}

static void hint_at_archive(struct hints *hints, const struct archive_estimate *archive)
{
	char bytes[32];
	if (archive->messages || archive->jobs)
		add_hint(hints, "git build archive",
			"%" PRId64 " messages and %" PRId64
			" finished jobs can be archived: saves %s in what every server reads",
			archive->messages, archive->jobs, human(archive->bytes, bytes));
	if (archive->logs)
		add_hint(hints, "git build archive --logs --all-servers",
			"%" PRId64 " old logs are not compressed", archive->logs);
}

static void find_hints(
	struct hints *hints, const struct size *size, const struct settings *settings)
{
	char bytes[32];
	int64_t long_heartbeats = 0, commits = 0, heartbeats = 0, large = 0, large_bytes = 0;
	for (size_t i = 0; i < size->branches_count; i++) {
		const struct size_branch *branch = &size->branches[i];
		if (!branch->is_heartbeats || branch->commits <= settings->history)
			continue;
		long_heartbeats++;
		commits += branch->commits - 1;
		heartbeats += branch->disk;
	}
	for (size_t i = 0; i < size->files_count; i++)
		if (size->files[i].content > LARGE) {
			large++;
			large_bytes += size->files[i].disk;
		}
	if (long_heartbeats)
		add_hint(hints, "git build squash --all",
			"%" PRId64 " heartbeat branches have more than %" PRId64
			" commits: squashing removes %" PRId64 " commits and up to %s",
			long_heartbeats, settings->history, commits, human(heartbeats, bytes));
	if (size->loose > MANY_LOOSE)
		add_hint(hints, "git gc", "%" PRId64 " objects are not packed: %s", size->loose,
			human(size->loose_bytes, bytes));
	hint_at_archive(hints, &size->archive);
	if (large)
		add_hint(hints, "git lfs track",
			"%" PRId64
			" files are or were larger than 1 MiB, %s on disk: use artifacts "
			"('git build run') or git LFS for them",
			large, human(large_bytes, bytes));
}

static void put_count(struct json_writer *w, const char *name, const struct size_count *count)
{
	json_begin_member(w, name, '{');
	json_put_int(w, "objects", count->objects);
	json_put_int(w, "disk_bytes", count->disk);
	json_put_int(w, "content_bytes", count->content);
	json_end(w);
}

static void show_as_json(const struct size *size, const struct hints *hints, size_t top)
{
	struct json_writer w;
	show_json_begin(&w);
	put_count(&w, "all", &size->all);
	json_begin_member(&w, "kinds", '{');
	for (int kind = 0; kind < SIZE_KINDS; kind++)
		put_count(&w, size_kind_name((enum size_kind)kind), &size->kinds[kind]);
	json_end(&w);
	json_begin_member(&w, "files", '[');
	for (size_t i = 0; i < size->files_count && i < top; i++) {
		json_begin(&w, '{');
		json_put_string(&w, "path", size->files[i].path);
		json_put_int(&w, "disk_bytes", size->files[i].disk);
		json_put_int(&w, "content_bytes", size->files[i].content);
		json_put_int(&w, "versions", size->files[i].versions);
		json_end(&w);
	}
	json_end(&w);
	json_begin_member(&w, "branches", '[');
	for (size_t i = 0; i < size->branches_count; i++) {
		json_begin(&w, '{');
		json_put_string(&w, "ref", size->branches[i].name);
		json_put_int(&w, "commits", size->branches[i].commits);
		json_put_int(&w, "disk_bytes", size->branches[i].disk);
		json_end(&w);
	}
	json_end(&w);
	json_begin_member(&w, "archivable", '{');
	json_put_int(&w, "messages", size->archive.messages);
	json_put_int(&w, "jobs", size->archive.jobs);
	json_put_int(&w, "content_bytes", size->archive.bytes);
	json_put_int(&w, "logs", size->archive.logs);
	json_end(&w);
	json_put_int(&w, "loose_objects", size->loose);
	json_put_int(&w, "loose_bytes", size->loose_bytes);
	json_put_int(&w, "garbage_bytes", size->garbage_bytes);
	json_begin_member(&w, "hints", '[');
	for (size_t i = 0; i < hints->count; i++) {
		json_begin(&w, '{');
		json_put_string(&w, "command", hints->list[i].what);
		json_put_string(&w, "why", hints->list[i].why);
		json_end(&w);
	}
	show_json_end(&w, true);
}

static void add_count(struct table *table, const char *name, const struct size_count *count)
{
	char text[32];
	table_add(table, SHOW_PLAIN, name);
	table_addf(table, SHOW_PLAIN, "%" PRId64, count->objects);
	table_add(table, SHOW_PLAIN, human(count->disk, text));
	table_add(table, SHOW_PLAIN, human(count->content, text));
}

static void show_kinds(const struct size *size, bool colour)
{
	struct table table;
	table_init(&table, TITLES("WHAT", "OBJECTS", "ON DISK", "CONTENT"));
	for (int kind = 0; kind < SIZE_KINDS; kind++)
		if (size->kinds[kind].objects)
			add_count(&table, size_kind_name((enum size_kind)kind), &size->kinds[kind]);
	add_count(&table, "all", &size->all);
	table_end(&table, true, colour);
}

static void show_files(const struct size *size, size_t top, bool colour)
{
	struct table table;
	char text[32];
	table_init(&table, TITLES("LARGEST", "VERSIONS", "ON DISK", "AT MOST"));
	for (size_t i = 0; i < size->files_count && i < top; i++) {
		const struct size_file *file = &size->files[i];
		table_add(&table, SHOW_PLAIN, file->path);
		table_addf(&table, SHOW_PLAIN, "%" PRId64, file->versions);
		table_add(&table, SHOW_PLAIN, human(file->disk, text));
		table_add(&table, file->content > LARGE ? SHOW_YELLOW : SHOW_PLAIN,
			human(file->content, text));
	}
	show_line("%s", "");
	table_end(&table, true, colour);
}

static void show_branches(const struct size *size, size_t top, bool colour)
{
	struct table table;
	char text[32];
	table_init(&table, TITLES("BRANCH", "COMMITS", "ON DISK"));
	for (size_t i = 0; i < size->branches_count && i < top; i++) {
		const struct size_branch *branch = &size->branches[i];
		table_add(&table, SHOW_PLAIN, branch->name + strlen("refs/"));
		table_addf(&table, SHOW_PLAIN, "%" PRId64, branch->commits);
		table_add(&table, SHOW_PLAIN, human(branch->disk, text));
	}
	show_line("%s", "");
	table_end(&table, true, colour);
}

static void show_hint(const struct hint *hint, bool first)
{
	if (first)
		show_line("%s", "");
	show_line("%s: %s", hint->what, hint->why);
}

static int run(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct size_options *given = values;
	size_t top = given->top ? (size_t)given->top : SHOWN;
	struct size size;
	struct hints hints = { .count = 0 };
	(void)operands;
	int rc = size_measure(&size, inv->repo, &inv->settings, env_now(inv->env), err);
	if (!rc) {
		find_hints(&hints, &size, &inv->settings);
		if (inv->json) {
			show_as_json(&size, &hints, top);
		} else {
			show_kinds(&size, inv->colour);
			show_files(&size, top, inv->colour);
			show_branches(&size, top, inv->colour);
		}
	}
	for (size_t i = 0; !rc && !inv->json && i < hints.count; i++)
		show_hint(&hints.list[i], i == 0);
	size_release(&size);
	return rc;
}

const struct command command_size = {
	.name = "size",
	.summary = "show what takes space in the repository",
	.synopsis = synopsis,
	.options = options,
	.options_size = sizeof(struct size_options),
	.needs = NEEDS_REPOSITORY,
	.shows = true,
	.run = run,
};
