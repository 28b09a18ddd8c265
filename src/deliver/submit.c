#include "deliver/submit.h"

#include "notify/command.h"
#include "fleet/message.h"
#include "request/messages.h"
#include "deliver/commit_files.h"
#include "deliver/outbox.h"

static void add_warning(struct buf *warnings, const char *what, const struct error *err)
{
	buf_addf(warnings, "%s: %s\n", what, err->text);
}

/* Is this the first failure of an outage? If the outbox cannot be read, assume that it is. */
static bool is_first(struct repo *repo, struct buf *warnings)
{
	struct outbox outbox;
	struct error err = ERROR_INIT;
	int rc = outbox_read(&outbox, repo, &err);
	bool first = rc < 0 || !outbox.count;
	if (rc < 0)
		add_warning(warnings, "cannot read the outbox", &err);
	outbox_release(&outbox);
	return first;
}

void raise_alarm(struct repo *repo, const struct settings *settings, const struct alarm *alarm,
	const struct env *env, struct buf *warnings)
{
	struct error err = ERROR_INIT;
	struct buf request = BUF_INIT;
	message_request(
		&request, settings->server, MESSAGE_ALL, "error", alarm->subject, alarm->text, env);
	struct oid mark = outbox_mark(repo, settings);
	if (outbox_keep(repo, &request, &mark, alarm->why, env, &err) < 0)
		add_warning(warnings, "cannot queue a message about the outage", &err);
	if (alert_operator(repo, settings, alarm->event, alarm->text, env, &err) < 0)
		add_warning(warnings, "cannot alert the operator", &err);
	buf_release(&request);
}

/* Reports the first failure of an outage. */
static void report_outage(struct repo *repo, const struct settings *settings, const char *operation,
	const char *why, const struct env *env, struct buf *warnings)
{
	struct buf text = BUF_INIT;
	buf_addf(&text, "%s cannot push '%s' to '%s': %s", settings->server, operation,
		settings->remote, why);
	struct alarm alarm = { "operation-failed", "Requests cannot be pushed", text.data, why };
	raise_alarm(repo, settings, &alarm, env, warnings);
	buf_release(&text);
}

int submit(struct repo *repo, const struct settings *settings, const struct buf *request,
	const struct env *env, struct outcome *outcome, bool *kept, struct error *err)
{
	struct request parsed;
	struct error keeping = ERROR_INIT;
	bool keep = false;
	/* Read it first: another process of this clone may have fetched in the meantime. */
	struct oid mark = outbox_mark(repo, settings);
	int rc = write_queue_run(repo, settings, request, env, outcome, err);
	if (error_is_outage(rc) && !request_read(&parsed, request->data, request->len, NULL)) {
		bool first = is_first(repo, &outcome->said);
		keep = parsed.operation->later || rc == ERR_UNKNOWN;
		if (keep &&
			outbox_keep(repo, request, &mark, outcome->error.text, env, &keeping) < 0) {
			add_warning(
				&outcome->said, "cannot keep the request in the outbox", &keeping);
			keep = false;
		}
		if (first)
			report_outage(repo, settings, parsed.operation->name, outcome->error.text,
				env, &outcome->said);
		request_release(&parsed);
	}
	if (kept)
		*kept = keep;
	return rc;
}

int preview(struct repo *repo, const struct oid *tip, const char *branch, const struct buf *request,
	struct buf *out, struct error *err)
{
	struct request parsed;
	struct answer answer = ANSWER_INIT;
	struct commit_files files = { repo, *tip, branch };
	struct documents_source source = commit_files_source(&files);
	int rc = request_read(&parsed, request->data, request->len, err);
	if (rc < 0)
		return rc;
	struct documents *documents = documents_new(&source);
	rc = request_apply(&parsed, documents, &answer, err);
	if (rc >= 0) {
		answer_finish(&answer, NULL, 0);
		buf_add(out, answer.text.data, answer.text.len);
	}
	documents_free(documents);
	answer_release(&answer);
	request_release(&parsed);
	return rc;
}
