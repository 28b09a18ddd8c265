#include "fleet/message.h"

#include "base/timestamp.h"
#include "request/document.h"
#include "fleet/names.h"
#include "request/request.h"

#include <string.h>

static const char fresh[] = "{\n  \"messages\": []\n}\n";

const char *const message_types[] = { "info", "warning", "error", "request", NULL };

int message_check_type(const char *type, struct error *err)
{
	for (size_t i = 0; message_types[i]; i++)
		if (!strcmp(type, message_types[i]))
			return 0;
	return error_set(err, ERR_INVALID,
		"'%s' is no type of message; there are info, warning, error and request", type);
}

int message_check_to(const char *to, struct error *err)
{
	if (!strcmp(to, MESSAGE_ALL) || !strcmp(to, "operator"))
		return 0;
	int rc = fleet_check_id(to, err);
	return rc < 0 ? error_wrap(err, "a message goes to a server or to all") : 0;
}

/* ---- reading ---- */

/* The members of a message, in the order in which they are written. */
enum member { ID, FROM, TO, TYPE, SUBJECT, BODY, TIMESTAMP, READ, IN_REPLY_TO, AUTO, MEMBERS };
static const char *const member_names[MEMBERS] = { "id", "from", "to", "type", "subject", "body",
	"timestamp", "read", "in_reply_to", "auto" };

bool message_parse(struct message *out, const struct json_doc *doc, const struct json_value *value,
	struct arena *arena)
{
	const struct json_value *m[MEMBERS];
	json_members(doc, value, member_names, MEMBERS, m);
	*out = (struct message){
		.id = json_strdup_in(doc, m[ID], arena),
		.from = json_strdup_in(doc, m[FROM], arena),
		.to = json_strdup_in(doc, m[TO], arena),
		.type = json_strdup_in(doc, m[TYPE], arena),
		.subject = json_strdup_in(doc, m[SUBJECT], arena),
		.body = json_strdup_in(doc, m[BODY], arena),
		.timestamp = json_strdup_in(doc, m[TIMESTAMP], arena),
		.in_reply_to = json_strdup_in(doc, m[IN_REPLY_TO], arena),
		.read = m[READ] && m[READ]->type == JSON_TRUE,
		.automatic = m[AUTO] && m[AUTO]->type == JSON_TRUE,
		.value = value,
	};
	out->to_all = out->to && !strcmp(out->to, MESSAGE_ALL);
	return out->id != NULL;
}

bool message_is_for(const struct message *message, const char *server)
{
	if (message->to_all)
		return !message->from || strcmp(message->from, server) != 0;
	return message->to && !strcmp(message->to, server);
}

static bool is_reader(
	const struct json_doc *doc, const struct json_value *read_by, const char *server)
{
	bool found = false;
	JSON_EACH (reader, read_by)
		found = found || json_string_is(doc, reader, server);
	return found;
}

bool message_is_read_by(
	const struct json_doc *doc, const struct message *message, const char *server)
{
	const struct json_value *read_by = json_member(doc, message->value, "read_by");
	if (message->to_all && read_by && read_by->type == JSON_ARRAY)
		return is_reader(doc, read_by, server);
	return message->read;
}

void message_put(struct json_writer *w, const struct json_doc *doc, const struct message *message,
	const char *server)
{
	json_put_string(w, "id", message->id);
	json_put_string_or_null(w, "from", message->from);
	json_put_string_or_null(w, "to", message->to);
	json_put_string_or_null(w, "type", message->type);
	json_put_string_or_null(w, "subject", message->subject);
	json_put_string_or_null(w, "body", message->body);
	json_put_string_or_null(w, "timestamp", message->timestamp);
	json_put_string_or_null(w, "in_reply_to", message->in_reply_to);
	if (server)
		json_put_bool(w, "unread",
			message_is_for(message, server) &&
				!message_is_read_by(doc, message, server));
}

/* ---- asking ---- */

static void put_id(struct json_writer *w, const struct env *env)
{
	char uuid[UUID_SIZE];
	struct buf id = BUF_INIT;
	env->uuid(env->data, uuid);
	buf_addf(&id, "msg_%s", uuid);
	json_put_string(w, "message", id.data);
	buf_release(&id);
}

void message_request(struct buf *out, const struct settings *settings, const char *to,
	const char *type, const char *subject, const char *body, const struct env *env)
{
	struct json_writer w;
	request_begin(&w, out, "message send", settings, env);
	put_id(&w, env);
	json_put_string(&w, "to", to);
	json_put_string(&w, "type", type);
	json_put_string(&w, "subject", subject);
	json_put_string(&w, "body", body);
	json_end(&w);
}

void message_reply_request(struct buf *out, const struct settings *settings, const char *id,
	const char *body, bool automatic, const struct env *env)
{
	struct json_writer w;
	request_begin(&w, out, "message reply", settings, env);
	put_id(&w, env);
	json_put_string(&w, "in_reply_to", id);
	json_put_string(&w, "body", body);
	json_put_bool(&w, "auto", automatic);
	json_end(&w);
}

/* ---- the operations ---- */

struct opened {
	struct document document;
	const struct json_value *messages;
};

static int open_messages(struct opened *opened, struct deed *deed, struct error *err)
{
	return document_open_with(&opened->document, deed->tx, FLEET_MESSAGES_PATH, fresh,
		"messages", JSON_ARRAY, &opened->messages, err);
}

static bool find(
	const struct opened *opened, const char *id, struct message *out, struct arena *arena)
{
	const struct json_doc *doc = opened->document.doc;
	JSON_EACH (value, opened->messages)
		if (json_string_is(doc, json_member(doc, value, "id"), id))
			return message_parse(out, doc, value, arena);
	return false;
}

static void append(struct opened *opened, const struct deed *deed, const struct message *message)
{
	char timestamp[TIMESTAMP_SIZE];
	struct buf text = BUF_INIT;
	struct json_writer w = JSON_WRITER_INIT(&text);
	json_begin(&w, '{');
	json_put_string(&w, "id", message->id);
	json_put_string(&w, "from", deed->server);
	json_put_string(&w, "to", message->to);
	json_put_string(&w, "type", message->type);
	json_put_string(&w, "subject", message->subject);
	json_put_string(&w, "body", message->body);
	json_put_string(&w, "timestamp", timestamp_format(deed->now, timestamp));
	json_put_bool(&w, "read", false);
	if (!strcmp(message->to, MESSAGE_ALL)) {
		json_begin_member(&w, "read_by", '[');
		json_end(&w);
	}
	if (message->in_reply_to)
		json_put_string(&w, "in_reply_to", message->in_reply_to);
	if (message->automatic)
		json_put_bool(&w, "auto", true);
	json_end(&w);
	json_edit_append(opened->document.edit, opened->messages, text.data, text.len);
	buf_release(&text);
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static int send(struct deed *deed, struct error *err)
{
	struct opened opened = { 0 };
	struct message known,
		message = {
			.id = deed_string(deed, "message"),
			.to = deed_string(deed, "to"),
			.type = deed_string(deed, "type"),
			.subject = or_empty(deed_string(deed, "subject")),
			.body = or_empty(deed_string(deed, "body")),
		};
	if (!message.id || !message.to || !message.type)
		return error_set(err, ERR_INVALID, "a message needs an id, a receiver and a type");
	int rc = open_messages(&opened, deed, err);
	if (!rc && !find(&opened, message.id, &known, &deed->arena)) {
		append(&opened, deed, &message);
		buf_addf(&deed->subject, "Message: %s to %s: %s", deed->server, message.to,
			message.subject);
		rc = document_save(&opened.document, 1, deed->tx, err);
	}
	if (!rc) {
		json_put_string(&deed->answer, "id", message.id);
		json_put_string(&deed->answer, "to", message.to);
		json_put_string(&deed->answer, "type", message.type);
		json_put_string(&deed->answer, "subject", message.subject);
	}
	document_close(&opened.document);
	return rc;
}

struct audience {
	const struct deed *deed;
	const struct json_doc *doc;
	const struct message *message;
	const struct json_value *read_by;
	struct error *err;
};

/* Is this folder that of a server which has not read the message? */
static int is_waiting(const struct entry *entry, void *data)
{
	const struct audience *audience = data;
	struct buf path = BUF_INIT;
	const char *text;
	size_t len;
	if (entry->mode != 040000 || fleet_check_id(entry->name, NULL) < 0 ||
		!strcmp(entry->name, audience->deed->server) ||
		(audience->message->from && !strcmp(entry->name, audience->message->from)) ||
		is_reader(audience->doc, audience->read_by, entry->name))
		return 0;
	fleet_server_path(&path, entry->name, FLEET_STATUS_FILE);
	int rc = transaction_read(audience->deed->tx, path.data, &text, &len, audience->err);
	buf_release(&path);
	return rc == ERR_NOT_FOUND ? 0 : rc == ERR_FAILED ? rc : 1;
}

/* Is the asking server the last of the fleet to read the message? 1, 0, or a negative code. */
static int is_last_reader(const struct deed *deed, const struct opened *opened,
	const struct message *message, struct error *err)
{
	const struct oid *base = transaction_base(deed->tx);
	struct audience audience = { deed, opened->document.doc, message,
		json_member(opened->document.doc, message->value, "read_by"), err };
	if (oid_is_none(base))
		return 0;
	int rc = repo_list(transaction_repo(deed->tx), base, "", is_waiting, &audience, err);
	return rc < 0 ? rc : !rc;
}

static int mark_read(struct opened *opened, const struct deed *deed, const struct message *message,
	struct error *err)
{
	struct json_edit *edit = opened->document.edit;
	const struct json_doc *doc = opened->document.doc;
	const struct json_value *read_by = json_member(doc, message->value, "read_by");
	int last = message->to_all ? is_last_reader(deed, opened, message, err) : 1;
	if (last < 0)
		return last;
	if (last)
		json_edit_set_bool(edit, message->value, "read", true);
	if (!message->to_all)
		return 0;
	struct buf text = BUF_INIT;
	json_quote(&text, deed->server, strlen(deed->server));
	if (read_by && read_by->type == JSON_ARRAY) {
		json_edit_append(edit, read_by, text.data, text.len);
	} else {
		struct buf list = BUF_INIT;
		buf_addf(&list, "[%s]", text.data);
		json_edit_set(edit, message->value, "read_by", list.data, list.len);
		buf_release(&list);
	}
	buf_release(&text);
	return 0;
}

/* Finds `id`, which must be for the asking server. */
static int find_mine(const struct opened *opened, struct deed *deed, const char *id,
	struct message *out, struct error *err)
{
	if (!id || !find(opened, id, out, &deed->arena))
		return error_set(err, ERR_NOT_FOUND, "there is no message '%s'", id ? id : "");
	if (!message_is_for(out, deed->server))
		return error_set(err, ERR_INVALID, "message %s is %s, and not for %s to read", id,
			out->from && !strcmp(out->from, deed->server) ? "of your own"
								      : "to another server",
			deed->server);
	return 0;
}

static int read_one(struct opened *opened, struct deed *deed, const struct message *message,
	size_t *count, struct error *err)
{
	if (message_is_read_by(opened->document.doc, message, deed->server))
		return 0;
	int rc = mark_read(opened, deed, message, err);
	json_put_string(&deed->answer, NULL, message->id);
	(*count)++;
	return rc;
}

static int read_messages(struct deed *deed, struct error *err)
{
	struct opened opened = { 0 };
	struct message message;
	size_t count = 0;
	int rc = open_messages(&opened, deed, err);
	json_begin_member(&deed->answer, "read", '[');
	if (!rc && deed_flag(deed, "all"))
		JSON_EACH (value, opened.messages)
			if (!rc &&
				message_parse(&message, opened.document.doc, value, &deed->arena) &&
				message_is_for(&message, deed->server))
				rc = read_one(&opened, deed, &message, &count, err);
	const struct json_value *ids =
		json_member(deed->request, json_root(deed->request), "messages");
	JSON_EACH (id, ids) {
		size_t len;
		const char *text = json_string(deed->request, id, &len);
		const char *name = text ? arena_strndup(&deed->arena, text, len) : NULL;
		if (!rc)
			rc = find_mine(&opened, deed, name, &message, err);
		if (!rc)
			rc = read_one(&opened, deed, &message, &count, err);
	}
	json_end(&deed->answer);
	buf_addf(&deed->subject, "Message: %s has read %zu", deed->server, count);
	if (!rc && count)
		rc = document_save(&opened.document, 1, deed->tx, err);
	document_close(&opened.document);
	return rc;
}

static int reply(struct deed *deed, struct error *err)
{
	struct opened opened = { 0 };
	struct message to = { 0 }, known;
	const char *id = deed_string(deed, "message");
	struct buf subject = BUF_INIT;
	int rc = open_messages(&opened, deed, err);
	if (!rc)
		rc = find_mine(&opened, deed, deed_string(deed, "in_reply_to"), &to, err);
	if (!rc && (!id || !to.from))
		rc = error_set(err, ERR_INVALID, "message %s does not say who sent it", to.id);
	if (!rc && deed_flag(deed, "auto") &&
		message_is_read_by(opened.document.doc, &to, deed->server))
		rc = 1;
	if (!rc) {
		bool again = !strncasecmp(or_empty(to.subject), "re: ", 4);
		buf_addf(&subject, "%s%s", again ? "" : "Re: ", or_empty(to.subject));
		struct message message = { .id = id,
			.to = to.from,
			.type = "info",
			.subject = subject.data,
			.body = or_empty(deed_string(deed, "body")),
			.in_reply_to = to.id,
			.automatic = deed_flag(deed, "auto") };
		if (!find(&opened, id, &known, &deed->arena))
			append(&opened, deed, &message);
		if (!message_is_read_by(opened.document.doc, &to, deed->server))
			rc = mark_read(&opened, deed, &to, err);
		buf_addf(&deed->subject, "Message: %s to %s: %s", deed->server, to.from,
			subject.data);
		if (!rc)
			rc = document_save(&opened.document, 1, deed->tx, err);
	}
	if (!rc) {
		json_put_string(&deed->answer, "id", id);
		json_put_string(&deed->answer, "to", to.from);
		json_put_string(&deed->answer, "type", "info");
		json_put_string(&deed->answer, "subject", subject.data);
	}
	buf_release(&subject);
	document_close(&opened.document);
	return rc;
}

const struct operation message_operations[] = {
	{ "message send", true, send },
	{ "message read", true, read_messages },
	{ "message reply", true, reply },
	{ NULL, false, NULL },
};
