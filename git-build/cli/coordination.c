/* Functions shared by lock, job, message and status. */
#include "cli/coordination.h"
#include "cli/print.h"

#include "base/timestamp.h"
#include "clone/held_locks.h"
#include "deliver/pull.h"
#include "deliver/submit.h"

#include <stdlib.h>
#include <string.h>

const struct option coordination_server[] = {
	OPT_SERVER,
	OPT_END,
};

/* ---- lost locks ---- */

static void tell_lock(const struct held *held, const struct lock *lock, bool lost, void *data)
{
	struct buf text = BUF_INIT;
	char when[TIMESTAMP_SIZE];
	(void)data;
	if (!lost)
		buf_addf(&text,
			"lock %s expired at %s; renew or release it, or another server may "
			"acquire it",
			held->name, timestamp_format(lock->expires_at, when));
	else if (lock->fence > held->fence && lock->holder)
		buf_addf(&text,
			"lock %s was lost: it expired, and %s acquired it at %s (fence %lld, "
			"yours was %lld)",
			held->name, lock->holder, timestamp_format(lock->locked_at, when),
			(long long)lock->fence, (long long)held->fence);
	else
		buf_addf(&text, "lock %s was lost: this server no longer holds it", held->name);
	show_message("warning", text.data);
	buf_release(&text);
}

/* Reports the locks that this server has lost. `fetched`: has the branch just been fetched? */
static void tell_locks(struct invocation *inv, bool fetched)
{
	const struct settings *settings = &inv->settings;
	struct reading reading;
	/* If it cannot be fetched, the locks are compared with the branch as last fetched. */
	if (!fetched && settings->server && held_any(inv->repo))
		reading_take(&reading, inv->repo, settings, true, inv->env, NULL);
	struct oid tip;
	struct error err = ERROR_INIT;
	int rc = settings->server
		? repo_tracking_ref(inv->repo, settings->remote, settings->branch, &tip, &err)
		: ERR_NOT_FOUND;
	if (!rc)
		rc = held_check(inv->repo, &tip, settings->server, env_now(inv->env), tell_lock,
			NULL, &err);
	if (rc < 0 && rc != ERR_NOT_FOUND) {
		error_wrap(&err, "cannot check whether locks were lost");
		show_message("warning", err.text);
	}
}

/* ---- requests ---- */

static void show_warnings(const struct parsed_answer *answer)
{
	const struct json_value *root = answer->doc ? json_root(answer->doc) : NULL;
	JSON_EACH (warning, json_member(answer->doc, root, "warnings")) {
		char *text = json_strdup(answer->doc, warning);
		show_message("warning", text ? text : "");
		free(text);
	}
}

/* Prints the answer if --json is given, and parses it. Returns `rc`, or a negative code. */
static int show_answer(const struct invocation *inv, struct buf *text, int rc,
	struct parsed_answer *answer, struct error *err)
{
	if (inv->json)
		show_json(text);
	if (json_parse_buf(&answer->doc, text, "answer", NULL, err) < 0)
		return ERR_FAILED;
	show_warnings(answer);
	return rc;
}

int coordination_submit(struct invocation *inv, const struct buf *request,
	struct parsed_answer *answer, struct error *err)
{
	struct outcome outcome = OUTCOME_INIT;
	bool kept;
	int rc = submit(inv->repo, &inv->settings, request, inv->env, &outcome, &kept, err);
	show_remote(&outcome.said, err);
	if (outcome.behind.len)
		show_message("warning", outcome.behind.data);
	if (rc >= 0 && !outcome.remote)
		reading_note_fetch(inv->repo, READING_BRANCH, env_now(inv->env));
	tell_locks(inv, rc < 0 || !outcome.remote);
	if (rc < 0 && kept)
		error_wrap(err,
			"the request is kept in the outbox ('git build outbox') and is sent "
			"with the next successful push");
	if (!rc)
		show_changed();
	if (rc >= 0)
		rc = show_answer(inv, &outcome.answer, rc, answer, err);
	outcome_release(&outcome);
	return rc;
}

int coordination_preview(struct invocation *inv, const struct buf *request,
	struct parsed_answer *answer, struct error *err)
{
	struct reading reading;
	struct buf text = BUF_INIT;
	int rc = coordination_read(inv, false, &reading, err);
	if (!rc)
		rc = preview(inv->repo, &reading.tip, inv->settings.branch, request, &text, err);
	if (rc >= 0)
		rc = show_answer(inv, &text, rc, answer, err);
	buf_release(&text);
	return rc;
}

void coordination_keep_up(struct invocation *inv)
{
	struct pull_result result = PULL_RESULT_INIT;
	if (!inv->settings.requests)
		return;
	pull(inv->repo, &inv->settings, inv->env, &result, NULL);
	show_remote(&result.said, NULL);
	if (result.behind.len)
		show_message("warning", result.behind.data);
	pull_result_release(&result);
}

void parsed_answer_release(struct parsed_answer *answer)
{
	json_doc_free(answer->doc);
	arena_release(&answer->arena);
	answer->doc = NULL;
}

static const struct json_value *member(const struct parsed_answer *answer, const char *name)
{
	return answer->doc ? json_member(answer->doc, json_root(answer->doc), name) : NULL;
}

const char *answer_string(struct parsed_answer *answer, const char *name)
{
	size_t len;
	const char *text = json_string(answer->doc, member(answer, name), &len);
	return text ? arena_strndup(&answer->arena, text, len) : NULL;
}

int64_t answer_int(const struct parsed_answer *answer, const char *name)
{
	int64_t number;
	return json_int64(answer->doc, member(answer, name), &number) ? number : 0;
}

bool answer_flag(const struct parsed_answer *answer, const char *name)
{
	const struct json_value *value = member(answer, name);
	return value && value->type == JSON_TRUE;
}

/* ---- reading ---- */

void coordination_warn(const struct error *offline, int64_t fetched_at, int64_t now)
{
	struct buf text = BUF_INIT;
	char age[TIMESTAMP_SIZE];
	if (!offline->code)
		return;
	buf_addstr(&text, offline->text);
	if (fetched_at)
		buf_addf(&text, "; showing the state of %s ago",
			timestamp_format_age(now - fetched_at, age));
	show_message("warning", text.data);
	buf_release(&text);
}

static void warn_of_file(const char *path, const char *line, void *data)
{
	(void)path;
	(void)data;
	show_message("warning", line);
}

void coordination_warn_of_files(struct reading *reading)
{
	reading->warn = warn_of_file;
}

int coordination_read(
	struct invocation *inv, bool offline, struct reading *reading, struct error *err)
{
	int rc = reading_take(reading, inv->repo, &inv->settings, !offline, inv->env, err);
	coordination_warn_of_files(reading);
	if (!rc)
		rc = reading_check_fleet(inv->repo, &inv->settings, &reading->tip, err);
	if (rc < 0)
		return rc;
	coordination_warn(&reading->offline, reading->fetched_at, reading->now);
	tell_locks(inv, true);
	return 0;
}

/* Seconds in "30m": a number and its unit. */
static bool read_span(const char *text, int64_t *seconds)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
	size_t digits = strspn(text, "0123456789");
	if (!digits || digits > 9 || !text[digits] || text[digits + 1])
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (text[digits] == units[i].letter) {
			*seconds = strtoll(text, NULL, 10) * units[i].seconds;
			return true;
		}
	return false;
}

int coordination_since(const char *text, int64_t now, int64_t *since, struct error *err)
{
	int64_t span;
	struct buf day = BUF_INIT;
	*since = 0;
	if (!text)
		return 0;
	buf_addf(&day, "%s 00:00", text);
	bool known = timestamp_parse(text, strlen(text), since) ||
		timestamp_parse(day.data, day.len, since);
	buf_release(&day);
	if (!known && read_span(text, &span)) {
		*since = now - span;
		known = true;
	}
	return known ? 0
		     : error_set(err, ERR_INVALID,
			       "--since expects a time (2025-10-29T12:00:00Z), a day "
			       "(2025-10-29) or an age (30m, 12h, 7d), not '%s'",
			       text);
}

void coordination_put_reading(struct json_writer *w, const struct reading *reading)
{
	json_put_time(w, "timestamp", reading->now);
	json_put_time(w, "fetched_at", reading->fetched_at);
	json_put_string_or_null(w, "offline", reading->offline.code ? reading->offline.text : NULL);
}

void coordination_age(int64_t then, int64_t now, struct buf *out)
{
	char age[TIMESTAMP_SIZE];
	buf_reset(out);
	if (!then)
		buf_addch(out, '-');
	else if (then > now)
		buf_addf(out, "in %s", timestamp_format_age(then - now, age));
	else
		buf_addf(out, "%s ago", timestamp_format_age(now - then, age));
}

void coordination_add_age(struct table *table, enum show_colour colour, int64_t then, int64_t now)
{
	struct buf age = BUF_INIT;
	coordination_age(then, now, &age);
	table_add(table, colour, age.data);
	buf_release(&age);
}
