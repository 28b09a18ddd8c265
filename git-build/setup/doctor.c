/* git build doctor: diagnoses common problems of this clone, or of the shared repository, and
 * suggests fixes. With --fix, restores coordination files that are not valid. */
#include "cli/coordination.h"
#include "cli/listing.h"

#include "request/repair.h"

#include "setup/doctor.h"

#include <stdlib.h>
#include <string.h>

struct doctor_options {
	bool no_fetch, fix;
};

static const struct option options[] = {
	OPT_FLAG(0, "no-fetch", struct doctor_options, no_fetch, "do not fetch from the remote"),
	OPT_FLAG(0, "fix", struct doctor_options, fix,
		"restore coordination files from their last valid version"),
	OPT_END,
};

static const char *const synopsis[] = { "[--no-fetch] [--fix] [--json]", NULL };

static void add_row(struct table *table, const struct finding *finding)
{
	static const enum show_colour colours[] = { SHOW_GREEN, SHOW_RED, SHOW_FAINT };
	table_add(table, SHOW_PLAIN, finding->check);
	table_add(table, colours[finding->state], finding_state_name(finding->state));
	table_add(table, SHOW_PLAIN, finding->what);
}

static void put_finding(struct json_writer *w, const struct finding *finding)
{
	json_put_string(w, "check", finding->check);
	json_put_string(w, "state", finding_state_name(finding->state));
	json_put_string(w, "what", finding->what);
	json_put_string_or_null(w, "fix", finding->fix);
}

/* Does the finding before have the same fix? */
static bool is_same_fix(const struct diagnosis *diagnosis, size_t index)
{
	const struct finding *this = &diagnosis->findings[index];
	const struct finding *last = index ? this - 1 : NULL;
	return last && last->fix && !strcmp(last->check, this->check) &&
		!strcmp(last->fix, this->fix);
}

/* `files` has what --fix did; NULL: nothing was restored. */
static void show_findings(const struct invocation *inv, const struct diagnosis *diagnosis,
	const struct parsed_answer *files)
{
	const struct json_value *repaired =
		files->doc ? json_member(files->doc, json_root(files->doc), "files") : NULL;
	size_t len;
	const char *raw = repaired ? json_raw(files->doc, repaired, &len) : NULL;
	struct listing listing;
	listing_begin(&listing, "findings", TITLES("CHECK", "STATE", "FINDING"));
	json_put_bool(&listing.json, "fine", !diagnosis->wrong);
	if (raw)
		json_put_raw(&listing.json, "repaired", raw, len);
	for (size_t i = 0; i < diagnosis->count; i++) {
		const struct finding *finding = &diagnosis->findings[i];
		listing_row(&listing);
		if (!inv->quiet || finding->state == FINDING_WRONG)
			add_row(&listing.table, finding);
		put_finding(&listing.json, finding);
	}
	listing_end(&listing, inv, false);
	for (size_t i = 0; !inv->json && i < diagnosis->count; i++)
		if (diagnosis->findings[i].fix && !is_same_fix(diagnosis, i))
			show_line("fix %s: %s", diagnosis->findings[i].check,
				diagnosis->findings[i].fix);
}

/* ---- fixing ---- */

static void show_lines(const struct json_doc *doc, const struct json_value *file, const char *name,
	const char *prefix)
{
	JSON_EACH (line, json_member(doc, file, name)) {
		char *text = json_strdup(doc, line);
		show_line("  %s%s", prefix, text ? text : "");
		free(text);
	}
}

static void show_repaired(const struct invocation *inv, const struct json_doc *doc)
{
	if (inv->json)
		return;
	JSON_EACH (file, json_member(doc, json_root(doc), "files")) {
		char *path = json_strdup(doc, json_member(doc, file, "path"));
		char *from = json_strdup(doc, json_member(doc, file, "from"));
		char *problem = json_strdup(doc, json_member(doc, file, "problem"));
		if (problem)
			show_message("warning", problem);
		else if (from)
			show_line("restored %s from commit %.12s", path, from);
		else
			show_line("restored %s from an empty list; it was never valid", path);
		show_lines(doc, file, "applied", "applied ");
		show_lines(doc, file, "kept", "kept, although the broken version lacks it: ");
		show_lines(doc, file, "dropped", "dropped ");
		free(path);
		free(from);
		free(problem);
	}
}

/* Restores the broken files of the diagnosis in one commit. */
static int fix(struct invocation *inv, const struct diagnosis *diagnosis,
	struct parsed_answer *answer, struct error *err)
{
	const struct file_list *broken = &diagnosis->broken;
	struct invocation silent = *inv;
	struct buf request = BUF_INIT;
	if (!repo_work_tree(inv->repo))
		return error_set(err, ERR_INVALID,
			"--fix: this is the shared repository; run it in the clone of a server");
	if (!inv->settings.server)
		return error_set(err, ERR_INVALID,
			"--fix: this clone has no server ID; run 'git build init --server ID'");
	repair_request(&request, inv->settings.server, (const char *const *)broken->names,
		broken->count, inv->env);
	silent.json = false;
	int rc = coordination_submit(&silent, &request, answer, err);
	if (!rc)
		show_repaired(inv, answer->doc);
	buf_release(&request);
	return rc;
}

static int run(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct doctor_options *given = values;
	struct diagnosis diagnosis = { 0 };
	struct parsed_answer answer = PARSED_ANSWER_INIT;
	(void)operands;
	int rc = doctor_examine(
		&diagnosis, inv->repo, &inv->settings, !given->no_fetch, inv->env, err);
	if (!rc && given->fix && diagnosis.broken.count) {
		rc = fix(inv, &diagnosis, &answer, err);
		diagnosis_release(&diagnosis);
		if (!rc)
			rc = doctor_examine(&diagnosis, inv->repo, &inv->settings, !given->no_fetch,
				inv->env, err);
	}
	if (!rc)
		show_findings(inv, &diagnosis, &answer);
	if (!rc && diagnosis.wrong)
		rc = ANSWER_NO;
	parsed_answer_release(&answer);
	diagnosis_release(&diagnosis);
	return rc;
}

const struct command command_doctor = {
	.name = "doctor",
	.summary = "diagnose common problems and suggest fixes",
	.synopsis = synopsis,
	.options = options,
	.options_size = sizeof(struct doctor_options),
	.needs = NEEDS_REPOSITORY,
	.shows = true,
	.run = run,
};
