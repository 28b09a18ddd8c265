#include "heartbeat/outage.h"

#include "base/file.h"
#include "base/timestamp.h"
#include "deliver/submit.h"
#include "deliver/write_queue.h"
#include "git/state.h"

#include <inttypes.h>
#include <stdio.h>

/* The outage as recorded in the clone: "<failures> <since>\n". */
struct outage {
	int64_t failures;
	int64_t since;
};

static int recall(struct repo *repo, struct outage *out, struct error *err)
{
	struct buf text = BUF_INIT;
	*out = (struct outage){ 0 };
	int rc = state_read(&text, repo, "outage", 100, err);
	if (!rc && sscanf(text.data, "%" SCNd64 " %" SCNd64, &out->failures, &out->since) != 2)
		*out = (struct outage){ 0 };
	buf_release(&text);
	return rc == ERR_FAILED ? rc : 0;
}

static void remember(struct repo *repo, const struct outage *outage)
{
	struct buf text = BUF_INIT;
	buf_addf(&text, "%" PRId64 " %" PRId64 "\n", outage->failures, outage->since);
	/* If this cannot be written, the count starts again: the alert is only delayed. */
	state_write(repo, "outage", text.data, true, NULL);
	buf_release(&text);
}

static void add_warning(struct buf *said, const char *what, const struct error *err)
{
	buf_addf(said, "%s: %s\n", what, err->text);
}

void outage_failed(struct repo *repo, const struct settings *settings, const char *why,
	const struct env *env, struct buf *said)
{
	struct outage outage;
	struct error err = ERROR_INIT;
	if (recall(repo, &outage, &err) < 0) {
		add_warning(said, "cannot read the record of the outage", &err);
		return;
	}
	if (!outage.failures++)
		outage.since = env_now(env);
	remember(repo, &outage);
	if (outage.failures != settings->attempts)
		return;

	struct buf text = BUF_INIT;
	char since[TIMESTAMP_SIZE];
	buf_addf(&text, "%s could not push its heartbeat to '%s' %" PRId64 " times since %s: %s",
		settings->server, settings->remote, outage.failures,
		timestamp_format(outage.since, since), why);
	struct alarm alarm = { "push-failed", "Heartbeats cannot be pushed", text.data, why };
	raise_alarm(repo, settings, &alarm, env, said);
	buf_release(&text);
}

void outage_over(
	struct repo *repo, const struct settings *settings, const struct env *env, struct buf *said)
{
	struct buf path = BUF_INIT;
	struct error err = ERROR_INIT;
	struct outcome outcome = OUTCOME_INIT;
	state_path(&path, repo, "outage");
	int lasts = file_exists(path.data, &err);
	if (lasts < 0)
		add_warning(said, "cannot check for messages in the outbox", &err);
	if (lasts > 0) {
		/* Remove the record only after the message was sent, so that the next push tries
		 * again. */
		if (write_queue_run(repo, settings, NULL, env, &outcome, &err) < 0)
			add_warning(said, "cannot send the messages in the outbox", &err);
		else
			file_remove(path.data, NULL);
	}
	outcome_release(&outcome);
	buf_release(&path);
}
