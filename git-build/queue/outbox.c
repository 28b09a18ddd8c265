/*
 * git build outbox: requests that could not be pushed yet.
 *
 * They are sent automatically, before the next request that is pushed. A request that the shared
 * branch no longer allows is not retried automatically: someone must retry or drop it.
 */
#include "cli/coordination.h"
#include "cli/listing.h"

#include "deliver/outbox.h"
#include "deliver/write_queue.h"

#include <limits.h>
#include <string.h>

struct outbox_options {
	bool all;
};

static const struct option drop_options[] = {
	OPT_FLAG(0, "all", struct outbox_options, all, "drop all requests"),
	OPT_END,
};

/* Is the entry among those that were named (no names: all)? */
static bool is_named(const struct operands *operands, const struct outbox_entry *entry)
{
	for (int i = 0; i < operands->count; i++)
		if (!strcmp(operands->words[i], entry->name))
			return true;
	return !operands->count;
}

static int check_names(
	const struct operands *operands, const struct outbox *outbox, struct error *err)
{
	for (int i = 0; i < operands->count; i++) {
		bool found = false;
		for (size_t k = 0; k < outbox->count; k++)
			found = found || !strcmp(operands->words[i], outbox->entries[k].name);
		if (!found)
			return error_set(err, ERR_NOT_FOUND,
				"no such request: '%s' (see 'git build outbox list')",
				operands->words[i]);
	}
	return 0;
}

static void show_entries(const struct invocation *inv, const struct outbox *outbox)
{
	struct listing listing;
	struct table *table = &listing.table;
	struct json_writer *w = &listing.json;
	listing_begin(&listing, "entries", TITLES("ID", "OPERATION", "SINCE", "REASON"));
	for (size_t i = 0; i < outbox->count; i++) {
		const struct outbox_entry *entry = &outbox->entries[i];
		struct request request;
		bool known = !request_read(&request, entry->request.data, entry->request.len, NULL);
		listing_row(&listing);
		table_add(table, SHOW_PLAIN, entry->name);
		table_add(table, SHOW_PLAIN, known ? request.operation->name : "unknown");
		coordination_add_age(table, SHOW_PLAIN, known ? request.now : 0, env_now(inv->env));
		table_add(table, entry->refused ? SHOW_RED : SHOW_PLAIN,
			entry->refused ? entry->refused : entry->why);
		json_put_string(w, "id", entry->name);
		json_put_raw(w, "request", entry->request.data, entry->request.len);
		json_put_string_or_null(w, "why", entry->why);
		json_put_string_or_null(w, "refused", entry->refused);
		if (known)
			request_release(&request);
	}
	listing_end(&listing, inv, false);
}

static int list(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	struct outbox outbox;
	(void)values;
	(void)operands;
	int rc = outbox_read(&outbox, inv->repo, err);
	if (rc < 0)
		return rc;
	show_entries(inv, &outbox);
	outbox_release(&outbox);
	return ANSWER_YES;
}

/* Retries requests that were refused, and sends all that can be sent. */
static int retry(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	struct outbox outbox;
	struct outcome outcome = OUTCOME_INIT;
	(void)values;
	int rc = outbox_read(&outbox, inv->repo, err);
	if (!rc)
		rc = check_names(operands, &outbox, err);
	for (size_t i = 0; !rc && i < outbox.count; i++)
		if (is_named(operands, &outbox.entries[i]))
			rc = outbox_retry(&outbox.entries[i], err);
	outbox_release(&outbox);
	if (!rc)
		rc = write_queue_run(inv->repo, &inv->settings, NULL, inv->env, &outcome, err);
	show_remote(&outcome.said, err);
	if (outcome.behind.len)
		show_message("warning", outcome.behind.data);
	outcome_release(&outcome);
	if (rc < 0)
		return rc;
	show_changed();
	rc = outbox_read(&outbox, inv->repo, err);
	if (rc < 0)
		return error_wrap(err, "the outbox was sent, but the rest of it cannot be shown");
	if (outbox.count || inv->json)
		show_entries(inv, &outbox);
	rc = outbox.count ? ANSWER_NO : ANSWER_YES;
	outbox_release(&outbox);
	return rc;
}

static int drop(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct outbox_options *given = values;
	struct outbox outbox;
	if (given->all == (operands->count > 0)) {
		error_set(err, ERR_INVALID,
			"give either --all or the IDs that 'git build outbox list' shows");
		return ANSWER_USAGE;
	}
	int rc = outbox_read(&outbox, inv->repo, err);
	if (!rc)
		rc = check_names(operands, &outbox, err);
	for (size_t i = 0; !rc && i < outbox.count; i++)
		if (is_named(operands, &outbox.entries[i]))
			rc = outbox_drop(&outbox.entries[i], err);
	outbox_release(&outbox);
	show_changed();
	return rc < 0 || !inv->json ? rc : list(inv, values, operands, err);
}

static const struct verb verbs[] = {
	{ "list", "[--json]", NULL, NULL, NEEDS_REPOSITORY, true, 0, 0, NULL, list },
	{ "retry", "[--json] [ID...]", NULL, NULL, NEEDS_SERVER, true, 0, INT_MAX, NULL, retry },
	{ "drop", "[--json] (--all | ID...)", drop_options, NULL, NEEDS_REPOSITORY, true, 0,
		INT_MAX, NULL, drop },
	{ .name = NULL },
};

const struct command command_outbox = {
	.name = "outbox",
	.summary = "list changes that have not been pushed yet",
	.options_size = sizeof(struct outbox_options),
	.verbs = verbs,
};
