/* git build doctor: diagnoses common problems of this clone, or of the shared repository, and
 * suggests fixes. */
#include "cli/command.h"
#include "cli/print.h"

#include "setup/doctor.h"
#include "json/write.h"

struct doctor_options {
	bool no_fetch;
};

static const struct option options[] = {
	OPT_FLAG(0, "no-fetch", struct doctor_options, no_fetch, "do not fetch from the remote"),
	OPT_END,
};

static const char *const synopsis[] = { "[--no-fetch] [--json]", NULL };

static void show_findings(const struct invocation *inv, const struct diagnosis *diagnosis)
{
	static const enum show_colour colours[] = { SHOW_GREEN, SHOW_RED, SHOW_FAINT };
	static const char *const titles[] = { "CHECK", "STATE", "FINDING" };
	struct table table;
	table_init(&table, titles, sizeof(titles) / sizeof(*titles));
	size_t shown = 0;
	for (size_t i = 0; i < diagnosis->count; i++) {
		const struct finding *finding = &diagnosis->findings[i];
		if (inv->quiet && finding->state != FINDING_WRONG)
			continue;
		table_add(&table, SHOW_PLAIN, finding->check);
		table_add(&table, colours[finding->state], finding_state_name(finding->state));
		table_add(&table, SHOW_PLAIN, finding->what);
		shown++;
	}
	if (shown)
		table_print(&table, inv->colour);
	table_release(&table);
	for (size_t i = 0; i < diagnosis->count; i++)
		if (diagnosis->findings[i].fix)
			show_line("fix %s: %s", diagnosis->findings[i].check,
				diagnosis->findings[i].fix);
}

static void show_as_json(const struct diagnosis *diagnosis)
{
	struct buf json = BUF_INIT;
	struct json_writer w = JSON_WRITER_INIT(&json);
	json_begin(&w, '{');
	json_put_bool(&w, "fine", !diagnosis->wrong);
	json_begin_member(&w, "findings", '[');
	for (size_t i = 0; i < diagnosis->count; i++) {
		const struct finding *finding = &diagnosis->findings[i];
		json_begin(&w, '{');
		json_put_string(&w, "check", finding->check);
		json_put_string(&w, "state", finding_state_name(finding->state));
		json_put_string(&w, "what", finding->what);
		json_put_string_or_null(&w, "fix", finding->fix);
		json_end(&w);
	}
	json_end(&w);
	json_end(&w);
	show_json(&json);
	buf_release(&json);
}

static int run(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct doctor_options *given = values;
	struct diagnosis diagnosis = { 0 };
	(void)operands;
	int rc = doctor_examine(
		&diagnosis, inv->repo, &inv->settings, !given->no_fetch, inv->env, err);
	if (!rc && inv->json)
		show_as_json(&diagnosis);
	else if (!rc)
		show_findings(inv, &diagnosis);
	if (!rc && diagnosis.wrong)
		rc = ANSWER_NO;
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
