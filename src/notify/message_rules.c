#include "notify/message_rules.h"

#include "request/messages.h"
#include "schema/builtin.h"
#include "schema/validate.h"

#include <string.h>

void message_rules_release(struct message_rules *rules)
{
	arena_release(&rules->arena);
	*rules = (struct message_rules){ 0 };
}

/* ---- reading ---- */

static int check(const struct json_doc *doc, const char *path, struct error *err)
{
	struct schema_set *set = schema_set_new();
	struct schema_report report = SCHEMA_REPORT_INIT;
	const struct schema *schema;
	int rc = builtin_compile(set, &schema, "message_rules", err);
	if (!rc && !schema_validate(schema, doc, NULL, &report)) {
		const struct schema_error *first = &report.errors[0];
		rc = error_set(err, ERR_INVALID, "%s:%zu:%zu: %s %s", path, first->position.line,
			first->position.column, first->instance, first->message);
	}
	schema_report_release(&report);
	schema_set_free(set);
	return rc;
}

static const char *string_of(struct message_rules *rules, const struct json_doc *doc,
	const struct json_value *object, const char *name)
{
	size_t len;
	const char *text = json_string(doc, json_member(doc, object, name), &len);
	return text ? arena_strndup(&rules->arena, text, strnlen(text, len)) : NULL;
}

int message_rules_read(struct message_rules *out, const char *text, size_t len, const char *path,
	struct error *err)
{
	struct json_doc *doc = NULL;
	*out = (struct message_rules){ .arena = ARENA_INIT };
	int rc = json_parse(&doc, text, len, path, NULL, err);
	if (!rc)
		rc = check(doc, path, err);
	const struct json_value *list = rc ? NULL : json_member(doc, json_root(doc), "rules");
	if (list)
		out->rules = arena_array(&out->arena, (size_t)list->count + 1, sizeof(*out->rules));
	JSON_EACH (rule, list)
		out->rules[out->count++] = (struct message_rule){
			.name = string_of(out, doc, rule, "name"),
			.from = string_of(out, doc, rule, "from"),
			.type = string_of(out, doc, rule, "type"),
			.contains = string_of(out, doc, rule, "contains"),
			.reply = string_of(out, doc, rule, "reply"),
		};
	json_doc_free(doc);
	return rc;
}

/* ---- matching ---- */

static bool has(const char *text, const char *part)
{
	return text && strcasestr(text, part);
}

static bool fits(const struct message_rule *rule, const struct message *message)
{
	return (!rule->from || (message->from && !strcmp(rule->from, message->from))) &&
		(!rule->type || (message->type && !strcmp(rule->type, message->type))) &&
		(!rule->contains || has(message->subject, rule->contains) ||
			has(message->body, rule->contains)) &&
		!(rule->reply && (message->automatic || !message->from));
}

const struct message_rule *message_rules_choose(
	const struct message_rules *rules, const struct message *message, const char *server)
{
	if (!message_is_for(message, server) || (message->from && !strcmp(message->from, server)))
		return NULL;
	for (size_t i = 0; i < rules->count; i++)
		if (fits(&rules->rules[i], message))
			return &rules->rules[i];
	return NULL;
}

void message_rule_request(struct buf *out, const struct message_rule *rule,
	const struct message *message, const struct settings *settings, const struct env *env)
{
	struct json_writer w;
	if (rule->reply) {
		message_reply_request(out, settings->server, message->id, rule->reply, true, env);
		return;
	}
	request_begin(&w, out, "message read", settings->server, env);
	json_begin_member(&w, "messages", '[');
	json_put_string(&w, NULL, message->id);
	json_end(&w);
	json_end(&w);
}
