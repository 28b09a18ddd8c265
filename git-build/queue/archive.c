/*
 * git build archive: moves old jobs, messages and logs to the archive, in one push.
 */
#include "cli/coordination.h"
#include "fleet/files.h"
#include "cli/print.h"

#include "request/archive.h"

#include <inttypes.h>
#include <stdlib.h>

struct archive_options {
	bool messages, jobs, logs, all_servers, dry_run;
	const char *older_than;
};

static const struct option options[] = {
	OPT_FLAG(0, "messages", struct archive_options, messages,
		"archive read messages (default: older than 7 days)"),
	OPT_FLAG(0, "jobs", struct archive_options, jobs,
		"archive finished jobs (default: older than 30 days)"),
	OPT_FLAG(0, "logs", struct archive_options, logs,
		"compress this server's logs (default: older than 7 days)"),
	OPT_FLAG(0, "all-servers", struct archive_options, all_servers,
		"compress the logs of all servers; for operators"),
	OPT_NUMERAL(0, "older-than", "DAYS", struct archive_options, older_than, 0, 36500,
		"set another age for all of these"),
	OPT_FLAG('n', "dry-run", struct archive_options, dry_run,
		"change nothing, print what would be archived"),
	OPT_END,
};

static const char *const synopsis[] = { "[--messages] [--jobs] [--logs] [--all-servers] "
					"[--older-than DAYS] [--dry-run] [--server ID] "
					"[--json]",
	NULL };

static void show_answer(const struct parsed_answer *answer, bool dry_run)
{
	int64_t messages = answer_int(answer, "messages"), jobs = answer_int(answer, "jobs");
	int64_t logs = answer_int(answer, "logs");
	if (!messages && !jobs && !logs) {
		show_line("nothing is old enough");
		return;
	}
	show_line("%s %" PRId64 " messages and %" PRId64 " jobs to " FLEET_ARCHIVE_DIRECTORY,
		dry_run ? "would move" : "moved", messages, jobs);
	show_line("%s %" PRId64 " logs, saving %" PRId64 " bytes",
		dry_run ? "would compress" : "compressed", logs,
		answer_int(answer, "log_bytes_saved"));
}

static int64_t days(const struct archive_options *given, bool wanted, int64_t usual)
{
	bool all = !given->messages && !given->jobs && !given->logs;
	if (!wanted && !all)
		return -1;
	return given->older_than ? strtoll(given->older_than, NULL, 10) : usual;
}

static int run(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct archive_options *given = values;
	struct archive_plan plan = {
		.message_days = days(given, given->messages, ARCHIVE_MESSAGE_DAYS),
		.job_days = days(given, given->jobs, ARCHIVE_JOB_DAYS),
		.log_days = days(given, given->logs, ARCHIVE_LOG_DAYS),
		.all_servers = given->all_servers,
	};
	struct buf request = BUF_INIT;
	struct parsed_answer answer = PARSED_ANSWER_INIT;
	(void)operands;
	if (given->all_servers && plan.log_days < 0) {
		error_set(err, ERR_INVALID, "--all-servers requires --logs");
		return ANSWER_USAGE;
	}
	archive_request(&request, &plan, inv->settings.server, inv->env);
	int rc = (given->dry_run ? coordination_preview : coordination_submit)(
		inv, &request, &answer, err);
	if (!rc && !inv->json && !inv->quiet)
		show_answer(&answer, given->dry_run);
	parsed_answer_release(&answer);
	buf_release(&request);
	return rc;
}

const struct command command_archive = {
	.name = "archive",
	.summary = "move old jobs, messages and logs to the archive",
	.synopsis = synopsis,
	.options = options,
	.options_size = sizeof(struct archive_options),
	.settings = coordination_server,
	.needs = NEEDS_SERVER,
	.shows = true,
	.run = run,
};
