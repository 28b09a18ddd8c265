/*
 * git build lock: exclusive locks.
 *
 * A lock is held when the push that records it has arrived, and not before. `acquire NAME --
 * COMMAND` holds a lock while COMMAND runs, renews it, and releases it at the end.
 */
#include "cli/coordination.h"
#include "cli/listing.h"
#include "queue/lock_hold.h"

#include "base/timestamp.h"
#include "clone/held_locks.h"
#include "fleet/lock.h"
#include "fleet/files.h"
#include "fleet/names.h"
#include "request/request.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { ASK_AGAIN_MS = 1000 };

struct lock_options {
	int64_t ttl, wait, fence;
	const char *reason;
	struct option_list servers;
	bool keep_running, offline;
};

#define OPT_TTL                                                                                    \
	OPT_NUMBER(0, "ttl", "SECONDS", struct lock_options, ttl, 1, LOCK_TTL_MAX,                 \
		"how long to hold it unless renewed (default: 600)")
#define OPT_FENCE                                                                                  \
	OPT_NUMBER(0, "fence", "N", struct lock_options, fence, 1, INT64_MAX,                      \
		"only if this acquisition still holds the lock")

static const struct option acquire_options[] = {
	OPT_TTL,
	OPT_NUMBER(0, "wait", "SECONDS", struct lock_options, wait, 0, LOCK_TTL_MAX,
		"how long to wait for a held lock (default: 0)"),
	OPT_FLAG(0, "keep-running", struct lock_options, keep_running,
		"do not stop COMMAND if the lock is lost"),
	OPT_END,
};

static const struct option renew_options[] = {
	OPT_TTL,
	OPT_FENCE,
	OPT_END,
};

static const struct option release_options[] = {
	OPT_FENCE,
	OPT_END,
};

static const struct option break_options[] = {
	OPT_STRING(0, "reason", "TEXT", struct lock_options, reason, "why the lock is broken"),
	OPT_END,
};

static const struct option list_options[] = {
	OPT_LIST(0, "server", "ID", struct lock_options, servers,
		"only locks held by this server; several with commas, or repeat the option"),
	OPT_OFFLINE(struct lock_options),
	OPT_END,
};

/* Begins the request `verb` for lock `name`. */
static void begin(struct json_writer *w, struct buf *request, const struct invocation *inv,
	const char *verb, const char *name)
{
	request_begin(w, request, verb, inv->settings.server, inv->env);
	json_put_string(w, "name", name);
}

/* Prints the holder of the lock and its expiry, if the answer is no. */
static void say_holder(const struct invocation *inv, struct parsed_answer *answer)
{
	const char *name = answer_string(answer, "name");
	const char *holder = answer_string(answer, "locked_by");
	const char *until = answer_string(answer, "expires_at");
	if (inv->json || inv->quiet)
		return;
	if (holder)
		show_line("%s is held by %s until %s (fence %lld)", name, holder,
			until ? until : "it is released", (long long)answer_int(answer, "fence"));
	else
		show_line("%s is not held by any server", name);
}

/* ---- acquire ---- */

static int ask_for_lock(struct invocation *inv, const char *name, int64_t ttl,
	struct parsed_answer *answer, struct error *err)
{
	struct buf request = BUF_INIT;
	struct json_writer w;
	begin(&w, &request, inv, "lock acquire", name);
	json_put_int(&w, "ttl", ttl);
	json_end(&w);
	parsed_answer_release(answer);
	int rc = coordination_submit(inv, &request, answer, err);
	buf_release(&request);
	return rc;
}

/* Tries until the lock is acquired or the wait expires; `*asked_ms` is the time of the last
 * request. */
static int wait_for_lock(struct invocation *inv, const struct lock_options *given, const char *name,
	int64_t ttl, struct parsed_answer *answer, int64_t *asked_ms, struct error *err)
{
	const struct env *env = inv->env;
	int64_t deadline = env_ms(env) + given->wait * 1000;
	struct invocation attempt = *inv;
	for (;;) {
		*asked_ms = env_ms(env);
		int64_t left = deadline - *asked_ms;
		/* Only the last answer is printed. */
		attempt.json = false;
		int rc = ask_for_lock(&attempt, name, ttl, answer, err);
		if (rc != 1 || left <= 0)
			return rc;
		int64_t pause = ASK_AGAIN_MS / 2 + env_random(env, ASK_AGAIN_MS);
		env_sleep(env, pause < left ? pause : left);
	}
}

static void say_acquired(struct invocation *inv, struct parsed_answer *answer)
{
	const char *before = answer_string(answer, "expired_for");
	if (inv->quiet)
		return;
	if (before && strcmp(before, inv->settings.server) != 0)
		show_line("acquired %s until %s (fence %lld); %s's lease had expired",
			answer_string(answer, "name"), answer_string(answer, "expires_at"),
			(long long)answer_int(answer, "fence"), before);
	else
		show_line("acquired %s until %s (fence %lld)", answer_string(answer, "name"),
			answer_string(answer, "expires_at"),
			(long long)answer_int(answer, "fence"));
}

/* Options that require a command, or exclude one. */
static int check_acquire(const struct invocation *inv, const struct lock_options *given, bool holds,
	struct error *err)
{
	if (holds && inv->json)
		return error_set(err, ERR_INVALID,
			"--json cannot be used with a COMMAND, whose output it would be mixed "
			"with");
	if (!holds && given->keep_running)
		return error_set(err, ERR_INVALID, "--keep-running requires a COMMAND");
	return 0;
}

static int acquire(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct lock_options *given = values;
	const char *name = operands->words[0];
	bool holds = operands->count > 1;
	int64_t ttl = given->ttl ? given->ttl : LOCK_TTL, asked_ms;
	struct parsed_answer answer = PARSED_ANSWER_INIT;
	if (fleet_check_lock_name(name, err) < 0 || check_acquire(inv, given, holds, err) < 0)
		return ANSWER_USAGE;
	operands->words[operands->count] = NULL; /* as required by exec */
	int rc = wait_for_lock(inv, given, name, ttl, &answer, &asked_ms, err);
	struct hold hold = { { name, answer_int(&answer, "fence"), ttl, false },
		asked_ms + ttl * 1000, operands->words + 1, given->keep_running };
	if (!rc)
		held_note(inv->repo, &hold.lock);
	if (rc == 1)
		say_holder(inv, &answer);
	else if (!rc && !holds && !inv->json)
		say_acquired(inv, &answer);
	if (rc >= 0 && inv->json) {
		size_t len;
		struct buf text = BUF_INIT;
		const char *raw = json_text(answer.doc, &len);
		buf_add(&text, raw, len);
		show_json(&text);
		buf_release(&text);
	}
	if (!rc && holds)
		rc = lock_hold(inv, &hold, err);
	parsed_answer_release(&answer);
	return rc;
}

/* ---- renew, release, break ---- */

/* Writes the fence of --fence, or of the last acquisition that this clone knows of. */
static void put_fence(
	struct json_writer *w, const struct lock_options *given, const struct held *held)
{
	if (given->fence || held->fence)
		json_put_int(w, "fence", given->fence ? given->fence : held->fence);
}

static int renew(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct lock_options *given = values;
	const char *name = operands->words[0];
	struct buf request = BUF_INIT;
	struct parsed_answer answer = PARSED_ANSWER_INIT;
	struct json_writer w;
	struct held held;
	if (fleet_check_lock_name(name, err) < 0)
		return ANSWER_USAGE;
	int known = held_find(inv->repo, name, &held, err);
	if (known < 0)
		return known;
	held.ttl = given->ttl ? given->ttl : known ? held.ttl : LOCK_TTL;
	begin(&w, &request, inv, "lock renew", name);
	json_put_int(&w, "ttl", held.ttl);
	put_fence(&w, given, &held);
	json_end(&w);
	int rc = coordination_submit(inv, &request, &answer, err);
	held.fence = answer_int(&answer, "fence");
	held.told = false;
	if (!rc)
		held_note(inv->repo, &held);
	if (rc == 1)
		say_holder(inv, &answer);
	else if (!rc && !inv->json && !inv->quiet)
		show_line("renewed %s until %s (fence %lld)", name,
			answer_string(&answer, "expires_at"), (long long)held.fence);
	parsed_answer_release(&answer);
	buf_release(&request);
	return rc;
}

static int release(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct lock_options *given = values;
	const char *name = operands->words[0];
	struct buf request = BUF_INIT;
	struct parsed_answer answer = PARSED_ANSWER_INIT;
	struct json_writer w;
	struct held held;
	if (fleet_check_lock_name(name, err) < 0)
		return ANSWER_USAGE;
	int known = held_find(inv->repo, name, &held, err);
	if (known < 0)
		return known;
	begin(&w, &request, inv, "lock release", name);
	put_fence(&w, given, &held);
	json_end(&w);
	held_forget(inv->repo, name);
	int rc = coordination_submit(inv, &request, &answer, err);
	if (rc == 1)
		say_holder(inv, &answer);
	else if (!rc && !inv->json && !inv->quiet)
		show_line("released %s", name);
	parsed_answer_release(&answer);
	buf_release(&request);
	return rc;
}

static int break_lock(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct lock_options *given = values;
	const char *name = operands->words[0];
	struct buf request = BUF_INIT;
	struct parsed_answer answer = PARSED_ANSWER_INIT;
	struct json_writer w;
	if (fleet_check_lock_name(name, err) < 0)
		return ANSWER_USAGE;
	if (!given->reason || !*given->reason) {
		error_set(err, ERR_INVALID,
			"--reason TEXT is required; it is recorded in the history");
		return ANSWER_USAGE;
	}
	begin(&w, &request, inv, "lock break", name);
	json_put_string(&w, "reason", given->reason);
	json_end(&w);
	int rc = coordination_submit(inv, &request, &answer, err);
	const char *holder = answer_string(&answer, "held_by");
	if (rc == 1)
		say_holder(inv, &answer);
	else if (!rc && !inv->json && !inv->quiet)
		show_line("broke %s%s%s", name, holder ? ", which was held by " : "",
			holder ? holder : "");
	parsed_answer_release(&answer);
	buf_release(&request);
	return rc;
}

/* ---- list ---- */

static enum show_colour colour_of(enum lock_state state)
{
	static const enum show_colour colours[] = { [LOCK_FREE] = SHOW_FAINT,
		[LOCK_HELD] = SHOW_YELLOW,
		[LOCK_EXPIRED] = SHOW_PLAIN,
		[LOCK_CORRUPT] = SHOW_RED };
	return colours[state];
}

static void add_row(struct table *table, const struct lock *lock, int64_t now)
{
	table_add(table, SHOW_PLAIN, lock->name);
	table_add(table, colour_of(lock->state), lock_state_name(lock->state));
	table_add(table, SHOW_PLAIN, lock->holder);
	coordination_add_age(table, SHOW_PLAIN, lock->locked_at, now);
	coordination_add_age(table, SHOW_PLAIN, lock->expires_at, now);
	if (lock->fence)
		table_addf(table, SHOW_PLAIN, "%lld", (long long)lock->fence);
	else
		table_add(table, SHOW_PLAIN, NULL);
}

static void show_locks(const struct invocation *inv, const struct reading *reading,
	const struct json_doc *doc, const struct json_value *locks,
	const struct option_list *servers)
{
	struct arena arena = ARENA_INIT;
	struct listing listing;
	listing_begin(
		&listing, "locks", TITLES("LOCK", "STATE", "HELD BY", "SINCE", "EXPIRES", "FENCE"));
	coordination_put_reading(&listing.json, reading);
	JSON_EACH (member, locks) {
		struct lock lock = lock_read(doc, member, reading->now, &arena);
		if (!option_list_has(servers, ",", lock.holder))
			continue;
		listing_row(&listing);
		add_row(&listing.table, &lock, reading->now);
		lock_put(&listing.json, &lock);
	}
	listing_end(&listing, inv, true);
	arena_release(&arena);
}

static int list(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct lock_options *given = values;
	struct reading reading;
	struct json_doc *doc = NULL;
	const struct json_value *locks;
	(void)operands;
	int rc = coordination_read(inv, given->offline, &reading, err);
	if (!rc)
		rc = reading_document(&reading, FLEET_LOCKS_PATH, "locks", &doc, &locks, err);
	if (!rc)
		show_locks(inv, &reading, doc, locks, &given->servers);
	json_doc_free(doc);
	return rc;
}

static const struct verb verbs[] = {
	{ "acquire",
		"[--ttl SECONDS] [--wait SECONDS] [--server ID] [--json] NAME\n"
		"[--ttl SECONDS] [--wait SECONDS] [--keep-running] [--server ID] NAME -- "
		"COMMAND...",
		acquire_options, coordination_server, NEEDS_SERVER, true, 1, INT_MAX, NULL,
		acquire },
	{ "renew", "[--ttl SECONDS] [--fence N] [--server ID] [--json] NAME", renew_options,
		coordination_server, NEEDS_SERVER, true, 1, 1, NULL, renew },
	{ "release", "[--fence N] [--server ID] [--json] NAME", release_options,
		coordination_server, NEEDS_SERVER, true, 1, 1, NULL, release },
	{ "break", "--reason TEXT [--server ID] [--json] NAME", break_options, coordination_server,
		NEEDS_SERVER, true, 1, 1, NULL, break_lock },
	{ "list", "[--server ID] [--offline] [--json]", list_options, NULL, NEEDS_REPOSITORY, true,
		0, 0, NULL, list },
	{ .name = NULL },
};

const struct command command_lock = {
	.name = "lock",
	.summary = "take, hold and release locks",
	.options_size = sizeof(struct lock_options),
	.verbs = verbs,
};
