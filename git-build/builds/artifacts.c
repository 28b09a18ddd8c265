/*
 * git build artifacts: lists, verifies, fetches and compares build artifacts.
 */
#include "builds/artifacts_compare.h"
#include "cli/coordination.h"
#include "cli/listing.h"
#include "cli/progress.h"
#include "cli/ssh.h"

#include "base/file.h"
#include "fleet/names.h"
#include "artifacts/fetch.h"
#include "remote/ssh.h"
#include "artifacts/manifests.h"

#include <inttypes.h>
#include <string.h>

struct artifacts_options {
	const char *server, *in, *out;
	bool offline;
};

#define OPT_BUILDER                                                                                \
	OPT_STRING(                                                                                \
		0, "server", "ID", struct artifacts_options, server, "only builds of this server")

static const struct option options[] = {
	OPT_BUILDER,
	OPT_OFFLINE(struct artifacts_options),
	OPT_END,
};

static const struct option verify_options[] = {
	OPT_STRING(0, "in", "DIR", struct artifacts_options, in, "the directory of the files"),
	OPT_BUILDER,
	OPT_OFFLINE(struct artifacts_options),
	OPT_END,
};

static const struct option fetch_options[] = {
	OPT_STRING(0, "out", "DIR", struct artifacts_options, out,
		"the directory for the files (default: named after the job)"),
	OPT_BUILDER,
	OPT_OFFLINE(struct artifacts_options),
	OPT_END,
};

/* ---- which build ---- */

/* Reads the manifests of the shared branch. Release `list` in each case. */
static int read_all(struct invocation *inv, const struct artifacts_options *given,
	struct reading *reading, struct manifest_list *list, struct error *err)
{
	*list = (struct manifest_list){ 0 };
	int rc = coordination_read(inv, given->offline, reading, err);
	return rc < 0 ? rc : manifest_list_read(list, reading, given->server, err);
}

/* The same, and the build of `job` in it. */
static int read_job(struct invocation *inv, const struct artifacts_options *given, const char *job,
	struct reading *reading, struct manifest_list *list, const struct manifest **manifest,
	struct error *err)
{
	int rc = read_all(inv, given, reading, list, err);
	return rc < 0 ? rc : manifest_list_find(list, job, manifest, err);
}

static bool made_here(const struct invocation *inv, const struct manifest *manifest)
{
	return inv->settings.server && !strcmp(inv->settings.server, manifest->server);
}

/* Appends the directory of the files on this host: the given one, the one of the build, or the
 * default of fetch. */
static void add_directory(const struct invocation *inv, const struct manifest *manifest,
	const char *said, struct buf *out)
{
	if (said)
		buf_addstr(out, said);
	else if (made_here(inv, manifest) && manifest->directory)
		buf_addstr(out, manifest->directory);
	else
		fleet_file_name(out, manifest->job);
}

/* ---- list, show ---- */

static void put_artifacts(struct json_writer *w, const struct manifest *manifest)
{
	json_begin_member(w, "artifacts", '[');
	for (size_t i = 0; i < manifest->count; i++) {
		json_begin(w, '{');
		json_put_string(w, "name", manifest->artifacts[i].name);
		json_put_int(w, "size", manifest->artifacts[i].size);
		json_put_string(w, "sha256", manifest->artifacts[i].sha256);
		json_end(w);
	}
	json_end(w);
}

static void put_manifest(struct json_writer *w, const struct manifest *manifest)
{
	json_put_string(w, "job", manifest->job);
	json_put_string(w, "server", manifest->server);
	json_put_string_or_null(w, "type", manifest->type);
	json_put_string_or_null(w, "branch", manifest->branch);
	json_put_string_or_null(w, "commit", manifest->commit);
	json_put_string_or_null(w, "status", manifest->status);
	json_put_string_or_null(w, "reason", manifest->reason);
	json_put_time(w, "created_at", manifest->created_at);
	json_put_int_if(w, "duration_seconds", manifest->duration >= 0, manifest->duration);
	json_put_string_or_null(w, "folder", manifest->directory);
	json_put_string_or_null(w, "log", manifest->log);
	json_put_int(w, "bytes", manifest_size(manifest));
	put_artifacts(w, manifest);
}

static void add_row(struct table *table, const struct manifest_entry *entry, int64_t now)
{
	const struct manifest *manifest = &entry->manifest;
	table_add(table, SHOW_PLAIN, manifest->job);
	table_add(table, SHOW_PLAIN, manifest->server);
	if (entry->problem) {
		for (int i = 0; i < 5; i++)
			table_add(table, SHOW_FAINT, NULL);
		table_add(table, SHOW_RED, entry->problem);
		return;
	}
	table_add(table, strcmp(manifest->status, "success") != 0 ? SHOW_RED : SHOW_GREEN,
		manifest->status);
	table_add(table, SHOW_PLAIN, manifest->branch);
	table_addf(table, SHOW_PLAIN, "%.12s", manifest->commit ? manifest->commit : "-");
	coordination_add_age(table, SHOW_FAINT, manifest->created_at, now);
	table_addf(table, SHOW_PLAIN, "%zu", manifest->count);
	table_addf(table, SHOW_PLAIN, "%" PRId64, manifest_size(manifest));
}

static void show_list(const struct invocation *inv, const struct reading *reading,
	const struct manifest_list *list)
{
	struct listing listing;
	struct json_writer *w = &listing.json;
	listing_begin(&listing, "builds",
		TITLES("JOB", "SERVER", "STATUS", "BRANCH", "COMMIT", "WHEN", "FILES", "BYTES"));
	coordination_put_reading(w, reading);
	for (size_t i = 0; i < list->count; i++) {
		const struct manifest_entry *entry = &list->entries[i];
		listing_row(&listing);
		add_row(&listing.table, entry, reading->now);
		if (entry->problem) {
			json_put_string(w, "job", entry->manifest.job);
			json_put_string(w, "server", entry->manifest.server);
		} else {
			put_manifest(w, &entry->manifest);
		}
		json_put_string_or_null(w, "problem", entry->problem);
	}
	listing_end(&listing, inv, false);
}

static int list(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	struct reading reading;
	struct manifest_list list;
	(void)operands;
	int rc = read_all(inv, values, &reading, &list, err);
	if (!rc)
		show_list(inv, &reading, &list);
	manifest_list_release(&list);
	return rc;
}

static void show_manifest(const struct manifest *manifest, int64_t now, bool colour)
{
	struct buf text = BUF_INIT;
	struct table table;
	show_line("job       %s (%s) on %s", manifest->job,
		manifest->type ? manifest->type : "build", manifest->server);
	show_line("status    %s%s%s", manifest->status, manifest->reason ? ": " : "",
		manifest->reason ? manifest->reason : "");
	show_line("source    %s %s", manifest->branch ? manifest->branch : "-",
		manifest->commit ? manifest->commit : "-");
	coordination_age(manifest->created_at, now, &text);
	if (manifest->duration >= 0)
		buf_addf(&text, ", after %" PRId64 " s", manifest->duration);
	show_line("made      %s", text.data);
	show_line("directory %s", manifest->directory ? manifest->directory : "-");
	show_line("log       %s", manifest->log ? manifest->log : "-");
	table_init(&table, TITLES("NAME", "BYTES", "SHA-256"));
	for (size_t i = 0; i < manifest->count; i++) {
		table_add(&table, SHOW_PLAIN, manifest->artifacts[i].name);
		table_addf(&table, SHOW_PLAIN, "%" PRId64, manifest->artifacts[i].size);
		table_add(&table, SHOW_FAINT, manifest->artifacts[i].sha256);
	}
	table_end(&table, table_has_rows(&table), colour);
	buf_release(&text);
}

static int show(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	struct reading reading;
	struct manifest_list list;
	const struct manifest *manifest;
	int rc = read_job(inv, values, operands->words[0], &reading, &list, &manifest, err);
	if (!rc && inv->json) {
		struct json_writer w;
		show_json_begin(&w);
		put_manifest(&w, manifest);
		show_json_end(&w, true);
	} else if (!rc) {
		show_manifest(manifest, reading.now, inv->colour);
	}
	manifest_list_release(&list);
	return rc;
}

/* ---- verify ---- */

static const char *const state_names[] = { [ARTIFACT_WHOLE] = "ok",
	[ARTIFACT_MISSING] = "missing",
	[ARTIFACT_OTHER_SIZE] = "other size",
	[ARTIFACT_OTHER_HASH] = "other SHA-256" };

static int verify_in(const struct invocation *inv, const struct manifest *manifest,
	const char *directory, struct error *err)
{
	struct json_writer w;
	size_t wrong = 0;
	int rc = 0;
	show_json_begin(&w);
	json_put_string(&w, "job", manifest->job);
	json_put_string(&w, "server", manifest->server);
	json_put_string(&w, "folder", directory);
	json_begin_member(&w, "artifacts", '[');
	for (size_t i = 0; !rc && i < manifest->count; i++) {
		const struct artifact *artifact = &manifest->artifacts[i];
		enum artifact_state state;
		int64_t size;
		rc = artifact_check(artifact, directory, &state, &size, err);
		if (rc < 0)
			break;
		wrong += state != ARTIFACT_WHOLE;
		json_begin(&w, '{');
		json_put_string(&w, "name", artifact->name);
		json_put_string(&w, "state", state_names[state]);
		json_end(&w);
		if (!inv->json && (!inv->quiet || state != ARTIFACT_WHOLE))
			show_line("%s/%s: %s", directory, artifact->name, state_names[state]);
	}
	json_end(&w);
	json_put_bool(&w, "whole", !wrong);
	show_json_end(&w, !rc && inv->json);
	return rc < 0 ? rc : wrong ? ANSWER_NO : ANSWER_YES;
}

static int verify(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct artifacts_options *given = values;
	struct reading reading;
	struct manifest_list list;
	const struct manifest *manifest;
	struct buf directory = BUF_INIT;
	int rc = read_job(inv, given, operands->words[0], &reading, &list, &manifest, err);
	if (!rc) {
		add_directory(inv, manifest, given->in, &directory);
		rc = verify_in(inv, manifest, directory.data, err);
	}
	buf_release(&directory);
	manifest_list_release(&list);
	return rc;
}

/* ---- fetch ---- */

static void tell(const struct artifact *artifact, int64_t done, void *data)
{
	progress_report(data, (size_t)done, (size_t)artifact->size);
}

static int fetch_one(const struct invocation *inv, const struct fetch *fetch,
	const struct artifact *artifact, struct json_writer *w, struct error *err)
{
	struct fetched fetched;
	struct progress progress;
	struct fetch told = *fetch;
	struct buf shown = BUF_INIT;
	escape_add(&shown, artifact->name, strlen(artifact->name), false);
	progress_start(&progress, shown.data, inv->quiet);
	told.tell = tell;
	told.data = &progress;
	int rc = fetch_artifact(&told, artifact, &fetched, err);
	progress_end(&progress);
	buf_release(&shown);
	if (rc < 0)
		return rc;
	json_begin(w, '{');
	json_put_string(w, "name", artifact->name);
	json_put_bool(w, "was_here", fetched.was_here);
	json_put_int(w, "resumed_at", fetched.part_size);
	json_end(w);
	if (inv->json || inv->quiet)
		return 0;
	if (fetched.was_here)
		show_line("%s/%s (already here)", fetch->to, artifact->name);
	else if (fetched.part_size)
		show_line("%s/%s (resumed at byte %" PRId64 ")", fetch->to, artifact->name,
			fetched.part_size);
	else
		show_line("%s/%s", fetch->to, artifact->name);
	return 0;
}

static int fetch_all(const struct invocation *inv, const struct manifest *manifest,
	const struct fetch *fetch, struct error *err)
{
	struct json_writer w;
	int rc = file_make_directories(fetch->to, err);
	show_json_begin(&w);
	json_put_string(&w, "job", manifest->job);
	json_put_string(&w, "server", manifest->server);
	json_put_string(&w, "folder", fetch->to);
	json_begin_member(&w, "artifacts", '[');
	for (size_t i = 0; !rc && i < manifest->count; i++)
		rc = fetch_one(inv, fetch, &manifest->artifacts[i], &w, err);
	show_json_end(&w, !rc && inv->json);
	return rc;
}

static int fetch_job(
	struct invocation *inv, const struct manifest *manifest, const char *to, struct error *err)
{
	struct buf directory = BUF_INIT, ssh = BUF_INIT, destination = BUF_INIT;
	struct fetch fetch = {
		.from = manifest->directory, .stall_ms = inv->settings.timeout_ms, .env = inv->env
	};
	int rc = 0;
	if (!manifest->directory && manifest->count)
		rc = error_set(err, ERR_INVALID,
			"the manifest of %s does not have the directory of its files",
			manifest->job);
	if (to)
		buf_addstr(&directory, to);
	else
		fleet_file_name(&directory, manifest->job);
	fetch.to = directory.data;
	if (!rc && manifest->count && !made_here(inv, manifest)) {
		rc = ssh_destination(inv, manifest->server, &destination, err);
		fetch.destination = destination.data;
		ssh_command(inv->repo, &ssh);
		fetch.ssh = ssh.data;
	}
	if (!rc && !manifest->count) {
		show_message("warning", "this build has no artifacts");
		rc = ANSWER_NO;
	}
	if (!rc)
		rc = fetch_all(inv, manifest, &fetch, err);
	buf_release(&directory);
	buf_release(&ssh);
	buf_release(&destination);
	return rc;
}

static int fetch(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct artifacts_options *given = values;
	struct reading reading;
	struct manifest_list list;
	const struct manifest *manifest;
	int rc = read_job(inv, given, operands->words[0], &reading, &list, &manifest, err);
	if (!rc)
		rc = fetch_job(inv, manifest, given->out, err);
	manifest_list_release(&list);
	return rc;
}

/* ---- compare ---- */

static int compare(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	struct reading reading;
	struct manifest_list list;
	const struct manifest *a, *b;
	struct buf a_directory = BUF_INIT, b_directory = BUF_INIT;
	int rc = read_job(inv, values, operands->words[0], &reading, &list, &a, err);
	if (!rc)
		rc = manifest_list_find(&list, operands->words[1], &b, err);
	if (!rc) {
		add_directory(inv, a, NULL, &a_directory);
		add_directory(inv, b, NULL, &b_directory);
		rc = artifacts_compare(inv, a, a_directory.data, b, b_directory.data);
	}
	buf_release(&a_directory);
	buf_release(&b_directory);
	manifest_list_release(&list);
	return rc;
}

static const struct verb verbs[] = {
	{ "list", "[--server ID] [--offline] [--json]", options, NULL, NEEDS_REPOSITORY, true, 0, 0,
		NULL, list },
	{ "show", "[--server ID] [--offline] [--json] JOB", options, NULL, NEEDS_REPOSITORY, true,
		1, 1, NULL, show },
	{ "verify", "[--in DIR] [--server ID] [--offline] [--json] JOB", verify_options, NULL,
		NEEDS_REPOSITORY, true, 1, 1, NULL, verify },
	{ "fetch", "[--out DIR] [--server ID] [--offline] [--json] JOB", fetch_options, NULL,
		NEEDS_REPOSITORY, true, 1, 1, NULL, fetch },
	{ "compare", "[--server ID] [--offline] [--json] JOB JOB", options, NULL, NEEDS_REPOSITORY,
		true, 2, 2, NULL, compare },
	{ .name = NULL },
};

const struct command command_artifacts = {
	.name = "artifacts",
	.summary = "list, verify, fetch and compare build artifacts",
	.options_size = sizeof(struct artifacts_options),
	.verbs = verbs,
	.changes = true,
};
