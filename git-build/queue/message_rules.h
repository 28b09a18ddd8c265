/* git build message rules: answering and reading by rule. */
#ifndef QUEUE_MESSAGE_RULES_H
#define QUEUE_MESSAGE_RULES_H

#include "cli/coordination.h"

/*
 * Applies the rules of `file` (NULL: build.messageRules, else shared/message_rules.json of the
 * shared branch) to this server's unread messages, `messages` of `doc` in `reading`, and prints
 * what was done. `dry_run`: only prints what would be done. ERR_NOT_FOUND: there are no rules.
 */
int message_rules_apply(struct invocation *inv, const char *file, bool dry_run,
	const struct reading *reading, const struct json_doc *doc,
	const struct json_value *messages, struct error *err);

#endif
