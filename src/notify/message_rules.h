/*
 * Rules for messages: what a server answers, or reads, by itself.
 *
 *	{ "rules": [
 *	  { "name": "ping", "type": "request", "contains": "are you there", "reply": "I am." },
 *	  { "from": "build2", "type": "info", "read": true } ] }
 *
 * The first rule whose "from", "type" and "contains" all fit counts; one that is missing fits
 * everything. Messages of one's own are never looked at, and one that a rule has written ("auto")
 * is never answered, so that two servers' rules cannot talk to each other for ever.
 */
#ifndef NOTIFY_MESSAGE_RULES_H
#define NOTIFY_MESSAGE_RULES_H

#include "base/env.h"
#include "clone/settings.h"
#include "fleet/message.h"

#define MESSAGE_RULES_PATH "shared/message_rules.json"

struct message_rule {
	const char *name, *from, *type, *contains, *reply; /* the arena's; NULL: not given */
};

struct message_rules {
	struct message_rule *rules;
	size_t count;
	struct arena arena;
};

/* Reads rules; `path` is what errors call the text. ERR_INVALID with the place of the first mistake
 * and what would be right. To be given to message_rules_release() either way. */
int message_rules_read(struct message_rules *out, const char *text, size_t len, const char *path,
	struct error *err);
void message_rules_release(struct message_rules *rules);

/* The rule for `message`, which is `server`'s to read; NULL: none. */
const struct message_rule *message_rules_choose(
	const struct message_rules *rules, const struct message *message, const char *server);

/* Appends the request that does as `rule` says. */
void message_rule_request(struct buf *out, const struct message_rule *rule,
	const struct message *message, const struct settings *settings, const struct env *env);

#endif
