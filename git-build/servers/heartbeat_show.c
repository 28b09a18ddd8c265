/* The result of a heartbeat, as text and as JSON. */
#include "servers/heartbeat_show.h"

#include "cli/print.h"

#include "base/timestamp.h"
#include "json/write.h"

static void show_heartbeat_json(
	const struct invocation *inv, const struct heartbeat_result *result, bool healthy)
{
	struct json_writer w;
	char timestamp[TIMESTAMP_SIZE];
	show_json_begin(&w);
	w.compact = true;
	json_put_string(&w, "server", inv->settings.server);
	json_put_string(&w, "timestamp", timestamp_format(result->timestamp, timestamp));
	json_put_bool(&w, "healthy", healthy);
	json_put_string(&w, "branch", inv->settings.heartbeat_branch);
	json_put_string_or_null(
		&w, "commit", oid_is_none(&result->commit) ? NULL : result->commit.hex);
	json_put_bool(&w, "pushed", result->pushed);
	json_put_int(&w, "pending", result->pending);
	json_put_string_or_null(
		&w, "error", result->pushing.code < 0 ? result->pushing.text : NULL);
	show_json_end(&w, true);
}

void heartbeat_show_result(
	const struct invocation *inv, const struct heartbeat_result *result, bool healthy)
{
	if (inv->json) {
		show_heartbeat_json(inv, result, healthy);
		return;
	}
	if (inv->quiet)
		return;
	struct buf line = BUF_INIT;
	/* In legacy mode there is no commit between two pushes. */
	buf_addf(&line, "%s: %sheartbeat%s%.12s on %s", inv->settings.server,
		healthy ? "" : "unhealthy ", oid_is_none(&result->commit) ? "" : " ",
		result->commit.hex, inv->settings.heartbeat_branch);
	if (result->pushed)
		buf_addstr(&line, ", pushed");
	else if (result->pushing.code < 0)
		buf_addf(&line, ", not pushed, %lld pending", (long long)result->pending);
	else
		buf_addf(&line, ", %lld of %lld until the next push", (long long)result->pending,
			(long long)inv->settings.push_every);
	show_line("%s", line.data);
	buf_release(&line);
}

void heartbeat_show_health(bool healthy, const struct buf *said)
{
	if (healthy)
		return;
	struct buf text = BUF_INIT;
	buf_add(&text, said->data, said->len);
	buf_trim(&text);
	if (text.len) {
		struct buf words = BUF_INIT;
		buf_addf(&words, "build.healthCheck: %s", text.data);
		show_message("warning", words.data);
		buf_release(&words);
	}
	buf_release(&text);
}
