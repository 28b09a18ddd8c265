/*
 * The messages in coordination/messages.json.
 *
 * A message is for one server or for "all". A message to one server is read if "read" is true. A
 * message to all is read by each server separately: "read_by" lists the servers that have read it,
 * and "read", the only member that older scripts know, becomes true when all servers of the fleet
 * have read it. A message to all without "read_by" was sent by such a script, and its "read" is
 * valid for all servers.
 *
 * The requests (request/request.h) are "message send", "message read" and "message reply";
 * docs/protocol.md has their members.
 */
#ifndef FLEET_MESSAGE_H
#define FLEET_MESSAGE_H

#include "base/arena.h"
#include "base/error.h"
#include "json/document.h"
#include "json/write.h"

#define MESSAGE_ALL "all"

struct message {
	/* The strings are in the arena; NULL for missing members. */
	const char *id, *from, *to, *type, *subject, *body, *timestamp, *in_reply_to;
	bool to_all, read;
	bool automatic;                 /* sent by a message rule (notify/message_rules.h) */
	const struct json_value *value; /* the message in its document */
};

/* Reads `value`, an element of "messages"; false if it has no ID. */
bool message_parse(struct message *out, const struct json_doc *doc, const struct json_value *value,
	struct arena *arena);

/* Is the message for `server`: sent to it, or by another server to all? */
bool message_is_for(const struct message *message, const char *server);
/* Has `server`, for which the message is, read it? */
bool message_is_read_by(
	const struct json_doc *doc, const struct message *message, const char *server);

/* Adds the members of the message to an open object, with "unread" for `server` (may be NULL). */
void message_put(struct json_writer *w, const struct json_doc *doc, const struct message *message,
	const char *server);

/* The types of messages; ends with NULL. */
extern const char *const message_types[];
/* Is `type` one of them? ERR_INVALID if not. */
int message_check_type(const char *type, struct error *err);
/* Is `to` a valid receiver: a server ID, "all" or "operator"? ERR_INVALID if not. */
int message_check_to(const char *to, struct error *err);

#endif
