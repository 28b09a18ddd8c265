/* Creates the requests "message send" and "message reply" (fleet/message.h). */
#ifndef REQUEST_MESSAGES_H
#define REQUEST_MESSAGES_H

#include "request/request.h"

/* Appends the request to send a message of `server`, with a new ID. `to` and `type` must be valid
 * (message_check_to(), message_check_type()). */
void message_request(struct buf *out, const char *server, const char *to, const char *type,
	const char *subject, const char *body, const struct env *env);
/* Appends the request to reply to message `id` and to mark it as read. An automatic reply is marked
 * as such, and is not sent if the message has been read already. */
void message_reply_request(struct buf *out, const char *server, const char *id, const char *body,
	bool automatic, const struct env *env);

#endif
