/* git build doctor: diagnoses common problems of this clone, or of the shared repository, and
 * suggests fixes. */
#include "cli/listing.h"

#include "setup/doctor.h"

struct doctor_options {
	bool no_fetch;
};

static const struct option options[] = {
	OPT_FLAG(0, "no-fetch", struct doctor_options, no_fetch, "do not fetch from the remote"),
	OPT_END,
};

static const char *const synopsis[] = { "[--no-fetch] [--json]", NULL };

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

static void show_findings(const struct invocation *inv, const struct diagnosis *diagnosis)
{
	struct listing listing;
	listing_begin(&listing, "findings", TITLES("CHECK", "STATE", "FINDING"));
	json_put_bool(&listing.json, "fine", !diagnosis->wrong);
	for (size_t i = 0; i < diagnosis->count; i++) {
		const struct finding *finding = &diagnosis->findings[i];
		listing_row(&listing);
		if (!inv->quiet || finding->state == FINDING_WRONG)
			add_row(&listing.table, finding);
		put_finding(&listing.json, finding);
	}
	listing_end(&listing, inv, false);
	for (size_t i = 0; !inv->json && i < diagnosis->count; i++)
		if (diagnosis->findings[i].fix)
			show_line("fix %s: %s", diagnosis->findings[i].check,
				diagnosis->findings[i].fix);
}

static int run(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct doctor_options *given = values;
	struct diagnosis diagnosis = { 0 };
	(void)operands;
	int rc = doctor_examine(
		&diagnosis, inv->repo, &inv->settings, !given->no_fetch, inv->env, err);
	if (!rc)
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
