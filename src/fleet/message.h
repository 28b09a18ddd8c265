/*
 * Messages between servers, in coordination/messages.json.
 *
 * A message goes to one server or to "all". One to a server is read when "read" is true. One to all
 * is read by each for itself: "read_by" lists who has; "read", which is all that the old scripts
 * know, becomes true when the last server of the fleet has read it. A message to all without
 * "read_by" is theirs, and its "read" counts for everybody.
 *
 * The operations (request/request.h) are "message send", "message read" and "message reply";
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
	/* The strings are the arena's; NULL where the message does not say. */
	const char *id, *from, *to, *type, *subject, *body, *timestamp, *in_reply_to;
	bool to_all, read;
	bool automatic;                 /* a rule has written it (notify/message_rules.h) */
	const struct json_value *value; /* the message in its document */
};

/* Reads `value`, an element of "messages"; false if it has no id. */
bool message_parse(struct message *out, const struct json_doc *doc, const struct json_value *value,
	struct arena *arena);

/* Is it for `server` to read: sent to it, or by another to all? */
bool message_is_for(const struct message *message, const char *server);
/* Has `server`, whom it is for, read it? */
bool message_is_read_by(
	const struct json_doc *doc, const struct message *message, const char *server);

/* Puts the message's members into an object that is open; `server` (may be NULL) says for whom
 * "unread" is told. */
void message_put(struct json_writer *w, const struct json_doc *doc, const struct message *message,
	const char *server);

/* What types there are; ends with NULL. */
extern const char *const message_types[];
int message_check_type(const char *type, struct error *err);
/* May a message go to `to`: a server's id, "all" or "operator"? */
int message_check_to(const char *to, struct error *err);

#endif
