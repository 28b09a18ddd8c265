/*
 * git build heartbeat: records one heartbeat, or with --loop one each interval until stopped.
 *
 * A heartbeat is recorded in this clone before anything is sent over the network, so an unreachable
 * remote only delays it: pending heartbeats are sent with the next successful push.
 */
#include "servers/heartbeat_loop.h"
#include "servers/heartbeat_show.h"
#include "cli/coordination.h"
#include "cli/print.h"

#include "heartbeat/heartbeat.h"

struct heartbeat_options {
	bool loop, push, unhealthy;
};

static const struct option options[] = {
	OPT_FLAG(0, "loop", struct heartbeat_options, loop, "record heartbeats until stopped"),
	OPT_FLAG(0, "push", struct heartbeat_options, push,
		"push this heartbeat regardless of --push-every"),
	OPT_FLAG(0, "unhealthy", struct heartbeat_options, unhealthy,
		"report this server as unhealthy, without running build.healthCheck"),
	OPT_END,
};

static const struct option settings[] = {
	OPT_SERVER,
	OPT_NUMERAL(0, "interval", "SECONDS", struct overrides, interval, 1, 86400,
		"time between two heartbeats (default: 60)"),
	OPT_NUMERAL(0, "push-every", "N", struct overrides, push_every, 1, 1000,
		"push every Nth heartbeat (default: 5)"),
	OPT_STRING(0, "branch", "NAME", struct overrides, heartbeat_branch,
		"the branch for heartbeats, or auto for heartbeat-<server> (default: auto)"),
	OPT_END,
};

static const char *const synopsis[] = { "[--push] [--unhealthy] [--server ID] [--interval SECONDS] "
					"[--push-every N] [--branch NAME] [--json]",
	"--loop [--unhealthy] [--server ID] [--interval SECONDS] [--push-every N] [--branch NAME] "
	"[--json]",
	NULL };

static int heartbeat_once(
	struct invocation *inv, const struct heartbeat_options *given, struct error *err)
{
	struct heartbeat_sender *heartbeat = NULL;
	struct heartbeat_result result = HEARTBEAT_RESULT_INIT;
	struct buf said = BUF_INIT;
	bool healthy =
		!given->unhealthy && heartbeat_check_health(inv->repo, &inv->settings, &said);
	int rc = heartbeat_open(&heartbeat, inv->repo, &inv->settings, inv->env, err);
	if (!rc)
		rc = heartbeat_send(heartbeat, healthy, given->push, &result, err);
	if (!rc) {
		heartbeat_show_health(healthy, &said);
		heartbeat_show_result(inv, &result, healthy);
		show_remote(&result.said, &result.pushing);
		/* If a push was requested or due, the exit code must not be 0 without it. */
		if (result.pushing.code < 0)
			rc = error_set(err, result.pushing.code,
				"the heartbeat was recorded in this clone, but could not be "
				"pushed: %s",
				result.pushing.text);
	}
	heartbeat_close(heartbeat);
	heartbeat_result_release(&result);
	buf_release(&said);
	return rc;
}

static int run(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct heartbeat_options *given = values;
	(void)operands;
	if (given->loop && given->push) {
		error_set(err, ERR_INVALID,
			"--loop and --push cannot be combined; use --push-every to set how often "
			"to push");
		return ANSWER_USAGE;
	}
	return given->loop ? heartbeat_loop_run(inv, given->unhealthy, err)
			   : heartbeat_once(inv, given, err);
}

const struct command command_heartbeat = {
	.name = "heartbeat",
	.summary = "record a heartbeat, once or in a loop",
	.synopsis = synopsis,
	.options = options,
	.options_size = sizeof(struct heartbeat_options),
	.settings = settings,
	.needs = NEEDS_SERVER,
	.shows = true,
	.changes = true,
	.run = run,
};
