/*
 * git build message: messages between servers, and which of them each server has read.
 */
#include "cli/coordination.h"
#include "cli/listing.h"
#include "queue/message_rules.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/nearest.h"
#include "base/timestamp.h"
#include "clone/archive.h"
#include "fleet/message.h"
#include "fleet/files.h"
#include "request/messages.h"
#include "clone/servers.h"
#include "remote/tidy.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_LIMIT = 1 << 20, WATCH_SECONDS = 10 };

struct message_options {
	const char *to, *type, *subject, *body, *since;
	struct option_list senders, receivers, types; /* filters of list */
	int64_t interval;
	bool all, archived, offline, dry_run, rules, unread;
};

static const struct option send_options[] = {
	OPT_STRING(0, "to", "ID", struct message_options, to, "a server, operator, or all"),
	OPT_STRING(0, "type", "T", struct message_options, type,
		"info, warning, error or request (default: info)"),
	OPT_STRING(0, "subject", "TEXT", struct message_options, subject, "the subject"),
	OPT_STRING(0, "body", "TEXT", struct message_options, body,
		"the text; - reads standard input, @FILE reads a file"),
	OPT_END,
};

#define OPT_ARCHIVED                                                                               \
	OPT_FLAG(0, "archived", struct message_options, archived, "include archived messages")

static const struct option inbox_options[] = {
	OPT_FLAG(0, "all", struct message_options, all, "include messages that have been read"),
	OPT_ARCHIVED,
	OPT_OFFLINE(struct message_options),
	OPT_END,
};

static const struct option show_options[] = {
	OPT_ARCHIVED,
	OPT_OFFLINE(struct message_options),
	OPT_END,
};

static const struct option read_options[] = {
	OPT_FLAG(0, "all", struct message_options, all, "all messages of the inbox"),
	OPT_END,
};

static const struct option reply_options[] = {
	OPT_STRING(0, "body", "TEXT", struct message_options, body,
		"the text; - reads standard input, @FILE reads a file"),
	OPT_END,
};

static const struct option list_options[] = {
	OPT_LIST(0, "from", "ID", struct message_options, senders,
		"only messages from this server; several with commas, or repeat the option"),
	OPT_LIST(0, "to", "ID", struct message_options, receivers,
		"only messages to this server, operator or all; several with commas, or repeat "
		"the option"),
	OPT_LIST(0, "type", "T", struct message_options, types,
		"only info, warning, error or request; several with commas, or repeat the option"),
	OPT_FLAG(0, "unread", struct message_options, unread,
		"only messages that some receiver has not read"),
	OPT_STRING(0, "since", "TIME", struct message_options, since,
		"only messages sent since: a time, a day, or an age (30m, 12h, 7d)"),
	OPT_ARCHIVED,
	OPT_OFFLINE(struct message_options),
	OPT_END,
};

static const struct option watch_options[] = {
	OPT_NUMBER(0, "interval", "SECONDS", struct message_options, interval, 1, 86400,
		"how often to check for new messages (default: 10)"),
	OPT_FLAG(0, "rules", struct message_options, rules, "also apply the message rules"),
	OPT_END,
};

static const struct option rules_options[] = {
	OPT_FLAG(0, "dry-run", struct message_options, dry_run,
		"change nothing, print what would be done"),
	OPT_END,
};

/* ---- sending ---- */

/* Appends the text that --body gives to `out`. */
static int read_body(const char *body, struct buf *out, struct error *err)
{
	if (!strcmp(body, "-") || *body == '@')
		return file_read(out, *body == '@' ? body + 1 : body, BODY_LIMIT, err);
	buf_addstr(out, body);
	return 0;
}

static int ask(struct invocation *inv, const struct buf *request, struct error *err)
{
	struct parsed_answer answer = PARSED_ANSWER_INIT;
	int rc = coordination_submit(inv, request, &answer, err);
	if (!rc && !inv->json && !inv->quiet)
		show_line("%s", answer_string(&answer, "id"));
	parsed_answer_release(&answer);
	return rc;
}

/* Is `to` all or operator, or a server of the fleet as last fetched, or after a fetch?
 * ERR_NOT_FOUND with the nearest name if not; `*offline` is set if the remote could not be
 * reached. */
static int find_receiver(struct invocation *inv, const char *to, bool fetch, struct error *offline,
	struct error *err)
{
	static const char *const groups[] = { MESSAGE_ALL, "operator", "operators" };
	struct nearest nearest = NEAREST_INIT(to);
	struct fleet fleet;
	bool found = false;
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
		found = found || !strcmp(to, groups[i]);
		nearest_try(&nearest, groups[i]);
	}
	int rc = found ? 0 : fleet_take(&fleet, inv->repo, &inv->settings, fetch, inv->env, err);
	if (found || rc < 0)
		return rc;
	for (size_t i = 0; i < fleet.count; i++) {
		found = found || !strcmp(to, fleet.servers[i].id);
		nearest_try(&nearest, fleet.servers[i].id);
	}
	if (!found && nearest.word)
		rc = error_set(err, ERR_NOT_FOUND, "no such server: '%s' (did you mean %s?)", to,
			nearest.word);
	else if (!found)
		rc = error_set(
			err, ERR_NOT_FOUND, "no such server: '%s' (see 'git build status')", to);
	*offline = fleet.offline;
	fleet_release(&fleet);
	return rc;
}

/* A message to a server that does not exist would never be read. If the remote cannot be reached,
 * the message waits in the outbox like any other. */
static int check_receiver(struct invocation *inv, const char *to, struct error *err)
{
	struct error offline = ERROR_INIT, why = ERROR_INIT;
	if (!find_receiver(inv, to, false, &offline, NULL))
		return 0;
	int rc = find_receiver(inv, to, true, &offline, &why);
	if (rc == ERR_NOT_FOUND && offline.code) {
		error_wrap(&offline,
			"server '%s' is unknown to this clone, and the remote cannot be reached",
			to);
		show_message("warning", offline.text);
		return 0;
	}
	if (rc < 0)
		*err = why;
	return rc;
}

static int send(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct message_options *given = values;
	struct buf body = BUF_INIT, request = BUF_INIT;
	const char *type = given->type ? given->type : "info";
	(void)operands;
	if (!given->to || !given->subject) {
		error_set(err, ERR_INVALID, "--to ID and --subject TEXT are required");
		return ANSWER_USAGE;
	}
	if (message_check_to(given->to, err) < 0 || message_check_type(type, err) < 0)
		return ANSWER_USAGE;
	int rc = check_receiver(inv, given->to, err);
	if (!rc && given->body)
		rc = read_body(given->body, &body, err);
	if (!rc) {
		message_request(&request, inv->settings.server, given->to, type, given->subject,
			body.data, inv->env);
		rc = ask(inv, &request, err);
	}
	buf_release(&body);
	buf_release(&request);
	return rc;
}

static int reply(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct message_options *given = values;
	struct buf body = BUF_INIT, request = BUF_INIT;
	if (!given->body) {
		error_set(err, ERR_INVALID, "--body TEXT is required");
		return ANSWER_USAGE;
	}
	int rc = read_body(given->body, &body, err);
	if (!rc) {
		message_reply_request(&request, inv->settings.server, operands->words[0], body.data,
			false, inv->env);
		rc = ask(inv, &request, err);
	}
	buf_release(&body);
	buf_release(&request);
	return rc;
}

static int read_messages(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct message_options *given = values;
	struct buf request = BUF_INIT;
	struct parsed_answer answer = PARSED_ANSWER_INIT;
	struct json_writer w;
	if (given->all == (operands->count > 0)) {
		error_set(err, ERR_INVALID, "give either --all or the IDs of messages");
		return ANSWER_USAGE;
	}
	request_begin(&w, &request, "message read", inv->settings.server, inv->env);
	json_put_bool(&w, "all", given->all);
	json_begin_member(&w, "messages", '[');
	for (int i = 0; i < operands->count; i++)
		json_put_string(&w, NULL, operands->words[i]);
	json_end(&w);
	json_end(&w);
	int rc = coordination_submit(inv, &request, &answer, err);
	parsed_answer_release(&answer);
	buf_release(&request);
	return rc;
}

/* ---- show and list ---- */

struct view {
	struct reading reading;
	struct json_doc *doc;
	const struct json_value *messages;
	struct arena arena;
};

static int open_messages(struct view *view, struct invocation *inv,
	const struct message_options *given, struct error *err)
{
	*view = (struct view){ .arena = ARENA_INIT };
	int rc = coordination_read(inv, given->offline, &view->reading, err);
	return rc < 0 ? rc
		      : (given->archived ? archive_read : reading_document)(&view->reading,
				FLEET_MESSAGES_PATH, "messages", &view->doc, &view->messages, err);
}

static void close_messages(struct view *view)
{
	json_doc_free(view->doc);
	arena_release(&view->arena);
}

static int64_t when(const struct message *message)
{
	int64_t seconds = 0;
	if (message->timestamp)
		timestamp_parse(message->timestamp, strlen(message->timestamp), &seconds);
	return seconds;
}

static enum show_colour colour_of(const char *type)
{
	if (type && !strcmp(type, "error"))
		return SHOW_RED;
	return type && strcmp(type, "info") != 0 ? SHOW_YELLOW : SHOW_PLAIN;
}

static void add_row(struct table *table, const struct view *view, const struct message *message)
{
	table_add(table, SHOW_PLAIN, message->id);
	table_add(table, SHOW_PLAIN, message->from);
	table_add(table, SHOW_PLAIN, message->to);
	table_add(table, colour_of(message->type), message->type);
	coordination_add_age(table, SHOW_PLAIN, when(message), view->reading.now);
	table_add(table, SHOW_PLAIN, message->subject);
}

/* The filters of list. */
struct filter {
	const struct message_options *given;
	const char *server; /* only messages for this server; NULL: all */
	int64_t since;
};

static bool is_wanted(
	const struct view *view, const struct message *message, const struct filter *filter)
{
	const struct message_options *given = filter->given;
	if (filter->server)
		return message_is_for(message, filter->server) &&
			(given->all || !message_is_read_by(view->doc, message, filter->server));
	return option_list_has(&given->senders, ",", message->from) &&
		option_list_has(&given->receivers, ",", message->to) &&
		option_list_has(&given->types, ",", message->type) &&
		!(given->unread && message->read) &&
		(!given->since || when(message) >= filter->since);
}

static void show_messages(
	const struct invocation *inv, struct view *view, const struct filter *filter)
{
	struct listing listing;
	struct message message;
	listing_begin(
		&listing, "messages", TITLES("MESSAGE", "FROM", "TO", "TYPE", "SENT", "SUBJECT"));
	coordination_put_reading(&listing.json, &view->reading);
	JSON_EACH (value, view->messages) {
		if (!message_parse(&message, view->doc, value, &view->arena) ||
			!is_wanted(view, &message, filter))
			continue;
		listing_row(&listing);
		message_put(&listing.json, view->doc, &message, inv->settings.server);
		add_row(&listing.table, view, &message);
	}
	listing_end(&listing, inv, true);
}

static int inbox(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct message_options *given = values;
	struct view view;
	(void)operands;
	struct filter filter = { given, inv->settings.server, 0 };
	int rc = open_messages(&view, inv, given, err);
	if (!rc)
		show_messages(inv, &view, &filter);
	close_messages(&view);
	return rc;
}

static int check_filter(struct filter *filter, const struct invocation *inv, struct error *err)
{
	const struct message_options *given = filter->given;
	int rc = coordination_since(given->since, env_now(inv->env), &filter->since, err);
	return rc < 0 ? rc : option_list_check(&given->types, message_check_type, err);
}

static int list(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct message_options *given = values;
	struct filter filter = { .given = given };
	struct view view;
	(void)operands;
	if (check_filter(&filter, inv, err) < 0)
		return ANSWER_USAGE;
	int rc = open_messages(&view, inv, given, err);
	if (!rc)
		show_messages(inv, &view, &filter);
	close_messages(&view);
	return rc;
}

static void show_message_text(const struct message *message)
{
	struct buf body = BUF_INIT;
	show_field("message", message->id);
	show_field("from", message->from);
	show_field("to", message->to);
	show_field("type", message->type);
	show_field("sent", message->timestamp);
	show_field("in reply to", message->in_reply_to);
	show_field("subject", message->subject);
	if (message->body && *message->body) {
		buf_addch(&body, '\n');
		escape_add(&body, message->body, strlen(message->body), true);
		if (body.data[body.len - 1] != '\n')
			buf_addch(&body, '\n');
		show_text(&body);
	}
	buf_release(&body);
}

static int show(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct message_options *given = values;
	struct view view;
	struct message message;
	bool found = false;
	int rc = open_messages(&view, inv, given, err);
	JSON_EACH (value, view.messages)
		if (!found &&
			json_string_is(
				view.doc, json_member(view.doc, value, "id"), operands->words[0]))
			found = message_parse(&message, view.doc, value, &view.arena);
	if (!rc && !found)
		rc = error_set(err, ERR_NOT_FOUND,
			"no such message: '%s' (see 'git build message list')", operands->words[0]);
	if (!rc && inv->json) {
		struct json_writer w;
		show_json_begin(&w);
		coordination_put_reading(&w, &view.reading);
		json_begin_member(&w, "message", '{');
		message_put(&w, view.doc, &message, inv->settings.server);
		show_json_end(&w, true);
	} else if (!rc) {
		show_message_text(&message);
	}
	close_messages(&view);
	return rc;
}

static int rules(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct message_options *given = values;
	struct view view;
	int rc = open_messages(&view, inv, given, err);
	if (!rc)
		rc = message_rules_apply(inv, operands->count ? operands->words[0] : NULL,
			given->dry_run, &view.reading, view.doc, view.messages, err);
	close_messages(&view);
	return rc;
}

/* ---- watch ---- */

/* The IDs of the last check, sorted; owned. */
struct known {
	char **ids;
	size_t count, capacity;
	struct oid tip; /* the tip of the shared branch at that time */
};

static void forget(struct known *known)
{
	for (size_t i = 0; i < known->count; i++)
		free(known->ids[i]);
	free(known->ids);
	*known = (struct known){ 0 };
}

static int by_id(const void *left, const void *right)
{
	char *const *a = left, *const *b = right;
	return strcmp(*a, *b);
}

static bool is_known(const struct known *known, const char *id)
{
	char *key = (char *)(uintptr_t)id;
	return known->count && bsearch(&key, known->ids, known->count, sizeof(key), by_id) != NULL;
}

static void show_new(
	const struct invocation *inv, const struct view *view, const struct message *message)
{
	struct json_writer w;
	show_json_begin(&w);
	w.compact = true;
	message_put(&w, view->doc, message, inv->settings.server);
	show_json_end(&w, inv->json);
	if (!inv->json)
		show_line("%s %s %s: %s", message->id, message->from ? message->from : "-",
			message->type ? message->type : "-",
			message->subject ? message->subject : "");
}

/* Prints the new messages of `view` (none the first time), and remembers all of them. */
static void take_news(
	const struct invocation *inv, struct view *view, struct known *known, bool first)
{
	struct known now = { .tip = view->reading.tip };
	struct message message;
	JSON_EACH (value, view->messages) {
		if (!message_parse(&message, view->doc, value, &view->arena))
			continue;
		GROW(now.ids, now.count, now.capacity);
		now.ids[now.count++] = xstrdup(message.id);
		if (!first && message_is_for(&message, inv->settings.server) &&
			!is_known(known, message.id))
			show_new(inv, view, &message);
	}
	if (now.count)
		qsort(now.ids, now.count, sizeof(*now.ids), by_id);
	forget(known);
	*known = now;
}

/* If the remote does not answer, or the rules are not valid, waits for a change here as well. */
static int apply_rules(struct invocation *inv, struct view *view, struct error *err)
{
	int rc = message_rules_apply(
		inv, NULL, false, &view->reading, view->doc, view->messages, err);
	if (rc == ERR_UNREACHABLE || rc == ERR_UNKNOWN || rc == ERR_TIMEOUT || rc == ERR_INVALID) {
		show_message("warning", err->text);
		rc = 0;
	}
	return rc;
}

static int watch(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct message_options *given = values;
	const struct env *env = inv->env;
	int64_t pause = (given->interval ? given->interval : WATCH_SECONDS) * 1000;
	struct known known = { 0 };
	bool first = true, away = false;
	int rc = 0;
	(void)operands;
	while (!rc) {
		struct view view = { .arena = ARENA_INIT };
		rc = reading_take(&view.reading, inv->repo, &inv->settings, true, env, err);
		coordination_warn_of_files(&view.reading);
		if (!rc)
			rc = reading_check_fleet(inv->repo, &inv->settings, &view.reading.tip, err);
		/* An outage is reported once, and waited for. */
		if (!rc && view.reading.offline.code && !away)
			show_message("warning", view.reading.offline.text);
		away = view.reading.offline.code != 0;
		if (!rc && (first || !oid_equal(&view.reading.tip, &known.tip))) {
			rc = reading_document(&view.reading, FLEET_MESSAGES_PATH, "messages",
				&view.doc, &view.messages, err);
			if (!rc)
				take_news(inv, &view, &known, first);
			if (!rc && given->rules)
				rc = apply_rules(inv, &view, err);
			first = false;
		}
		close_messages(&view);
		if (!rc)
			rc = show_finish(err);
		repo_tidy(inv->repo);
		if (!rc)
			env_sleep(env, pause);
	}
	forget(&known);
	return rc;
}

/* ---- */

static const struct verb verbs[] = {
	{ "send", "--to ID --subject TEXT [--type T] [--body TEXT] [--server ID] [--json]",
		send_options, coordination_server, NEEDS_SERVER, true, 0, 0, NULL, send },
	{ "inbox", "[--all] [--archived] [--offline] [--server ID] [--json]", inbox_options,
		coordination_server, NEEDS_SERVER, true, 0, 0, NULL, inbox },
	{ "show", "[--archived] [--offline] [--json] ID", show_options, NULL, NEEDS_REPOSITORY,
		true, 1, 1, NULL, show },
	{ "read", "[--server ID] [--json] (--all | ID...)", read_options, coordination_server,
		NEEDS_SERVER, true, 0, INT_MAX, NULL, read_messages },
	{ "reply", "--body TEXT [--server ID] [--json] ID", reply_options, coordination_server,
		NEEDS_SERVER, true, 1, 1, NULL, reply },
	{ "list",
		"[--from ID] [--to ID] [--type T] [--unread] [--since TIME] [--archived] "
		"[--offline] [--json]",
		list_options, NULL, NEEDS_REPOSITORY, true, 0, 0, NULL, list },
	{ "watch", "[--interval SECONDS] [--rules] [--server ID] [--json]", watch_options,
		coordination_server, NEEDS_SERVER, true, 0, 0, NULL, watch },
	{ "rules", "[--dry-run] [--server ID] [--json] [FILE]", rules_options, coordination_server,
		NEEDS_SERVER, true, 0, 1, NULL, rules },
	{ .name = NULL },
};

const struct command command_message = {
	.name = "message",
	.summary = "send and read messages",
	.options_size = sizeof(struct message_options),
	.verbs = verbs,
};
