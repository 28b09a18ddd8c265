#include "fleet/message.h"

#include "fleet/names.h"

#include <string.h>

const char *const message_types[] = { "info", "warning", "error", "request", NULL };

int message_check_type(const char *type, struct error *err)
{
	for (size_t i = 0; message_types[i]; i++)
		if (!strcmp(type, message_types[i]))
			return 0;
	return error_set(err, ERR_INVALID,
		"'%s': invalid message type; expected info, warning, error or request", type);
}

int message_check_to(const char *to, struct error *err)
{
	if (!strcmp(to, MESSAGE_ALL) || !strcmp(to, "operator"))
		return 0;
	int rc = fleet_check_id(to, err);
	return rc < 0 ? error_wrap(err, "a receiver must be a server, 'all' or 'operator'") : 0;
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
