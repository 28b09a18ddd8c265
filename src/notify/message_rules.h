/*
 * Message rules: the messages that a server replies to, or marks as read, automatically.
 *
 *	{ "rules": [
 *	  { "name": "ping", "type": "request", "contains": "are you there", "reply": "I am." },
 *	  { "from": "build2", "type": "info", "read": true } ] }
 *
 * The first rule whose "from", "type" and "contains" all match is applied; a missing member matches
 * every message. A server's own messages are ignored, and a message that a rule has sent ("auto")
 * gets no reply, so that the rules of two servers cannot reply to each other forever.
 */
#ifndef NOTIFY_MESSAGE_RULES_H
#define NOTIFY_MESSAGE_RULES_H

#include "base/env.h"
#include "clone/settings.h"
#include "fleet/message.h"

struct message_rule {
	const char *name, *from, *type, *contains, *reply; /* in the arena; NULL: not given */
};

struct message_rules {
	struct message_rule *rules;
	size_t count;
	struct arena arena;
};

/* Reads rules; `path` is the name of the text in errors. ERR_INVALID, with the location of the
 * first error, if they are not valid. Release with message_rules_release() in either case. */
int message_rules_read(struct message_rules *out, const char *text, size_t len, const char *path,
	struct error *err);
void message_rules_release(struct message_rules *rules);

/* The rule to apply to `message` on `server`; NULL if there is none. */
const struct message_rule *message_rules_choose(
	const struct message_rules *rules, const struct message *message, const char *server);

/* Appends the request that applies `rule`: a reply, or marking the message as read. */
void message_rule_request(struct buf *out, const struct message_rule *rule,
	const struct message *message, const struct settings *settings, const struct env *env);

#endif
