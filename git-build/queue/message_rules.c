/* Answering and reading messages by rule. */
#include "queue/message_rules.h"
#include "cli/print.h"

#include "base/file.h"
#include "fleet/files.h"
#include "notify/message_rules.h"

#include <string.h>

enum { RULES_LIMIT = 1 << 20 };

static int load(struct message_rules *rules, const struct invocation *inv, const char *file,
	const struct reading *reading, struct error *err)
{
	struct buf text = BUF_INIT, configured = BUF_INIT;
	int rc;
	if (!file && repo_config(inv->repo, "build.messageRules", &configured))
		file = configured.data;
	if (file)
		rc = file_read(&text, file, RULES_LIMIT, err);
	else
		rc = reading_valid_text(reading, FLEET_MESSAGE_RULES_PATH, &text, err);
	if (!file && rc == ERR_NOT_FOUND)
		error_set(err, rc, "no message rules: missing " FLEET_MESSAGE_RULES_PATH);
	if (!rc)
		rc = message_rules_read(
			rules, text.data, text.len, file ? file : FLEET_MESSAGE_RULES_PATH, err);
	buf_release(&text);
	buf_release(&configured);
	return rc;
}

static void show_applied(const struct invocation *inv, const struct message *message,
	const struct message_rule *rule, bool dry_run, struct json_writer *w)
{
	const char *done = rule->reply ? (dry_run ? "would be answered" : "answered")
				       : (dry_run ? "would be read" : "read");
	json_begin(w, '{');
	json_put_string(w, "message", message->id);
	json_put_string_or_null(w, "from", message->from);
	json_put_string_or_null(w, "rule", rule->name);
	json_put_string_or_null(w, "reply", rule->reply);
	json_end(w);
	if (!inv->json && !inv->quiet)
		show_line("%s from %s: %s%s%s", message->id, message->from ? message->from : "-",
			done, rule->name ? ", rule " : "", rule->name ? rule->name : "");
}

/* 0: done; 1: another process was faster. */
static int carry_out(struct invocation *inv, const struct message *message,
	const struct message_rule *rule, struct error *err)
{
	struct invocation silent = *inv;
	struct buf request = BUF_INIT;
	struct parsed_answer answer = PARSED_ANSWER_INIT;
	silent.json = false;
	message_rule_request(&request, rule, message, &inv->settings, inv->env);
	int rc = coordination_submit(&silent, &request, &answer, err);
	parsed_answer_release(&answer);
	buf_release(&request);
	return rc;
}

int message_rules_apply(struct invocation *inv, const char *file, bool dry_run,
	const struct reading *reading, const struct json_doc *doc,
	const struct json_value *messages, struct error *err)
{
	struct message_rules rules = { 0 };
	struct message message;
	struct arena arena = ARENA_INIT;
	struct json_writer w;
	const char *server = inv->settings.server;
	size_t count = 0;
	int rc = load(&rules, inv, file, reading, err);
	show_json_begin(&w);
	json_begin_member(&w, "applied", '[');
	JSON_EACH (value, messages) {
		if (rc < 0 || !message_parse(&message, doc, value, &arena) ||
			message_is_read_by(doc, &message, server))
			continue;
		const struct message_rule *rule = message_rules_choose(&rules, &message, server);
		if (!rule)
			continue;
		rc = dry_run ? 0 : carry_out(inv, &message, rule, err);
		if (rc)
			continue;
		show_applied(inv, &message, rule, dry_run, &w);
		count++;
	}
	show_json_end(&w, rc >= 0 && inv->json);
	if (rc >= 0 && !inv->json && !count && inv->verbose)
		show_line("no rule matches");
	message_rules_release(&rules);
	arena_release(&arena);
	return rc < 0 ? rc : 0;
}
