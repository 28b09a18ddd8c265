#include "request/messages.h"

#include "base/timestamp.h"
#include "fleet/message.h"
#include "fleet/files.h"
#include "fleet/server_directory.h"
#include "request/document.h"

#include <string.h>

/* ---- creating requests ---- */

static void put_id(struct json_writer *w, const struct env *env)
{
	char uuid[UUID_SIZE];
	struct buf id = BUF_INIT;
	env->uuid(env->data, uuid);
	buf_addf(&id, "msg_%s", uuid);
	json_put_string(w, "message", id.data);
	buf_release(&id);
}

void message_request(struct buf *out, const char *server, const char *to, const char *type,
	const char *subject, const char *body, const struct env *env)
{
	struct json_writer w;
	request_begin(&w, out, "message send", server, env);
	put_id(&w, env);
	json_put_string(&w, "to", to);
	json_put_string(&w, "type", type);
	json_put_string(&w, "subject", subject);
	json_put_string(&w, "body", body);
	json_end(&w);
}

void message_reply_request(struct buf *out, const char *server, const char *id, const char *body,
	bool automatic, const struct env *env)
{
	struct json_writer w;
	request_begin(&w, out, "message reply", server, env);
	put_id(&w, env);
	json_put_string(&w, "in_reply_to", id);
	json_put_string(&w, "body", body);
	json_put_bool(&w, "auto", automatic);
	json_end(&w);
}

/* ---- applying ---- */

struct opened {
	struct document document;
	const struct json_value *messages;
};

static int open_messages(struct opened *opened, struct request *request, struct error *err)
{
	return document_open_list(&opened->document, request->documents, FLEET_MESSAGES_PATH,
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

static void append(
	struct opened *opened, const struct request *request, const struct message *message)
{
	char timestamp[TIMESTAMP_SIZE];
	struct buf text = BUF_INIT;
	struct json_writer w = JSON_WRITER_INIT(&text);
	json_begin(&w, '{');
	json_put_string(&w, "id", message->id);
	json_put_string(&w, "from", request->server);
	json_put_string(&w, "to", message->to);
	json_put_string(&w, "type", message->type);
	json_put_string(&w, "subject", message->subject);
	json_put_string(&w, "body", message->body);
	json_put_string(&w, "timestamp", timestamp_format(request->now, timestamp));
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

static int send(struct request *request, struct error *err)
{
	struct opened opened = { 0 };
	struct message known,
		message = {
			.id = request_string(request, "message"),
			.to = request_string(request, "to"),
			.type = request_string(request, "type"),
			.subject = or_empty(request_string(request, "subject")),
			.body = or_empty(request_string(request, "body")),
		};
	if (!message.id || !message.to || !message.type)
		return error_set(err, ERR_INVALID, "message: no ID, receiver or type");
	int rc = message_check_to(message.to, err);
	if (!rc)
		rc = message_check_type(message.type, err);
	if (!rc)
		rc = open_messages(&opened, request, err);
	if (!rc && !find(&opened, message.id, &known, &request->arena)) {
		append(&opened, request, &message);
		buf_addf(&request->answer->subject, "Message: %s to %s: %s", request->server,
			message.to, message.subject);
		rc = document_save(&opened.document, 1, request->documents, err);
	}
	if (!rc) {
		json_put_string(&request->answer->writer, "id", message.id);
		json_put_string(&request->answer->writer, "to", message.to);
		json_put_string(&request->answer->writer, "type", message.type);
		json_put_string(&request->answer->writer, "subject", message.subject);
	}
	document_close(&opened.document);
	return rc;
}

struct audience {
	struct request *request;
	const struct json_doc *doc;
	const struct message *message;
	struct error *err;
};

/* Is this the directory of a server that has not read the message? A server without a status does
 * not take part in messages. */
static int is_waiting(const struct documents_entry *entry, void *data)
{
	const struct audience *audience = data;
	struct documents *documents = audience->request->documents;
	struct buf path = BUF_INIT, status = BUF_INIT;
	if (!entry->is_directory || !strcmp(entry->name, audience->request->server) ||
		(audience->message->from && !strcmp(entry->name, audience->message->from)) ||
		message_is_read_by(audience->doc, audience->message, entry->name))
		return 0;
	fleet_server_path(&path, entry->name, FLEET_STATUS_FILE);
	int rc = documents_append(documents, path.data, &status, audience->err);
	buf_release(&path);
	buf_release(&status);
	if (rc == ERR_NOT_FOUND)
		return 0;
	return rc == ERR_FAILED
		? rc
		: server_directory(entry->name, documents_append, documents, audience->err);
}

/* Is the requesting server the last of the fleet to read the message? Returns 1, 0 or a negative
 * code. */
static int is_last_reader(struct request *request, const struct opened *opened,
	const struct message *message, struct error *err)
{
	struct audience audience = { request, opened->document.doc, message, err };
	int rc = documents_list(request->documents, "", is_waiting, &audience, err);
	return rc == ERR_NOT_FOUND ? 0 : rc < 0 ? rc : !rc;
}

static int mark_read(struct opened *opened, struct request *request, const struct message *message,
	struct error *err)
{
	struct json_edit *edit = opened->document.edit;
	const struct json_doc *doc = opened->document.doc;
	const struct json_value *read_by = json_member(doc, message->value, "read_by");
	int last = message->to_all ? is_last_reader(request, opened, message, err) : 1;
	if (last < 0)
		return last;
	if (last)
		json_edit_set_bool(edit, message->value, "read", true);
	if (!message->to_all)
		return 0;
	struct buf text = BUF_INIT;
	json_quote(&text, request->server, strlen(request->server));
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

/* Finds message `id`, which must be for the requesting server. */
static int find_mine(const struct opened *opened, struct request *request, const char *id,
	struct message *out, struct error *err)
{
	if (!id || !find(opened, id, out, &request->arena))
		return error_set(err, ERR_NOT_FOUND, "no such message: '%s'", id ? id : "");
	if (!message_is_for(out, request->server))
		return error_set(err, ERR_INVALID, "message %s: %s; %s cannot read it", id,
			out->from && !strcmp(out->from, request->server) ? "sent by this server"
									 : "sent to another server",
			request->server);
	return 0;
}

static int read_one(struct opened *opened, struct request *request, const struct message *message,
	size_t *count, struct error *err)
{
	if (message_is_read_by(opened->document.doc, message, request->server))
		return 0;
	int rc = mark_read(opened, request, message, err);
	if (rc < 0)
		return rc;
	json_put_string(&request->answer->writer, NULL, message->id);
	(*count)++;
	return 0;
}

static int read_messages(struct request *request, struct error *err)
{
	struct opened opened = { 0 };
	struct message message;
	size_t count = 0;
	int rc = open_messages(&opened, request, err);
	json_begin_member(&request->answer->writer, "read", '[');
	if (!rc && request_flag(request, "all"))
		JSON_EACH (value, opened.messages)
			if (message_parse(&message, opened.document.doc, value, &request->arena) &&
				message_is_for(&message, request->server))
				rc = rc < 0 ? rc
					    : read_one(&opened, request, &message, &count, err);
	const struct json_value *ids =
		json_member(request->doc, json_root(request->doc), "messages");
	JSON_EACH (id, ids) {
		size_t len;
		const char *text = json_string(request->doc, id, &len);
		const char *name = text ? arena_strndup(&request->arena, text, len) : NULL;
		if (!rc)
			rc = find_mine(&opened, request, name, &message, err);
		if (!rc)
			rc = read_one(&opened, request, &message, &count, err);
	}
	json_end(&request->answer->writer);
	buf_addf(&request->answer->subject, "Message: %s has read %zu", request->server, count);
	if (!rc && count)
		rc = document_save(&opened.document, 1, request->documents, err);
	document_close(&opened.document);
	return rc;
}

static int reply(struct request *request, struct error *err)
{
	struct opened opened = { 0 };
	struct message to = { 0 }, known;
	const char *id = request_string(request, "message");
	struct buf subject = BUF_INIT;
	int rc = open_messages(&opened, request, err);
	if (!rc)
		rc = find_mine(&opened, request, request_string(request, "in_reply_to"), &to, err);
	if (!rc && (!id || !to.from))
		rc = error_set(err, ERR_INVALID, "message %s: has no sender to reply to", to.id);
	if (!rc && request_flag(request, "auto") &&
		message_is_read_by(opened.document.doc, &to, request->server))
		rc = 1;
	if (!rc) {
		bool again = !strncasecmp(or_empty(to.subject), "re: ", 4);
		buf_addf(&subject, "%s%s", again ? "" : "Re: ", or_empty(to.subject));
		struct message message = { .id = id,
			.to = to.from,
			.type = "info",
			.subject = subject.data,
			.body = or_empty(request_string(request, "body")),
			.in_reply_to = to.id,
			.automatic = request_flag(request, "auto") };
		if (!find(&opened, id, &known, &request->arena))
			append(&opened, request, &message);
		if (!message_is_read_by(opened.document.doc, &to, request->server))
			rc = mark_read(&opened, request, &to, err);
		buf_addf(&request->answer->subject, "Message: %s to %s: %s", request->server,
			to.from, subject.data);
		if (!rc)
			rc = document_save(&opened.document, 1, request->documents, err);
	}
	if (!rc) {
		json_put_string(&request->answer->writer, "id", id);
		json_put_string(&request->answer->writer, "to", to.from);
		json_put_string(&request->answer->writer, "type", "info");
		json_put_string(&request->answer->writer, "subject", subject.data);
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
