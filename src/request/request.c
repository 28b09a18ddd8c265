#include "request/request.h"

#include "base/alloc.h"
#include "base/timestamp.h"

#include <stdlib.h>
#include <string.h>

static const struct operation *const tables[] = { archive_operations, job_operations,
	lock_operations, message_operations, status_operations };

static const struct operation *find(const char *name)
{
	for (size_t i = 0; name && i < sizeof(tables) / sizeof(*tables); i++)
		for (const struct operation *row = tables[i]; row->name; row++)
			if (!strcmp(row->name, name))
				return row;
	return NULL;
}

void request_begin(struct json_writer *w, struct buf *out, const char *operation,
	const struct settings *settings, const struct env *env)
{
	char id[UUID_SIZE], timestamp[TIMESTAMP_SIZE];
	env->uuid(env->data, id);
	*w = (struct json_writer)JSON_WRITER_INIT(out);
	json_begin(w, '{');
	json_put_string(w, "operation", operation);
	json_put_string(w, "id", id);
	json_put_string(w, "server", settings->server);
	json_put_string(w, "time", timestamp_format(env->now(env->data), timestamp));
}

const char *deed_string(struct deed *deed, const char *name)
{
	size_t len;
	const char *text = json_string(
		deed->request, json_member(deed->request, json_root(deed->request), name), &len);
	if (!text || memchr(text, '\0', len))
		return NULL;
	return arena_strndup(&deed->arena, text, len);
}

int64_t deed_int(const struct deed *deed, const char *name, int64_t fallback)
{
	int64_t number;
	const struct json_value *root = json_root(deed->request);
	return json_int64(deed->request, json_member(deed->request, root, name), &number)
		? number
		: fallback;
}

bool deed_flag(const struct deed *deed, const char *name)
{
	const struct json_value *value = json_member(deed->request, json_root(deed->request), name);
	return value && value->type == JSON_TRUE;
}

int deed_read(struct deed *deed, const char *text, size_t len, struct error *err)
{
	*deed = (struct deed){ .arena = ARENA_INIT, .text = BUF_INIT, .subject = BUF_INIT };
	struct buf copy = BUF_INIT;
	buf_add(&copy, text, len);
	int rc = json_parse_buf(&deed->request, &copy, "request", NULL, err);
	if (rc < 0)
		return rc;
	const char *time = deed_string(deed, "time"), *name = deed_string(deed, "operation");
	deed->operation = find(name);
	deed->id = deed_string(deed, "id");
	deed->server = deed_string(deed, "server");
	if (deed->operation && deed->id && deed->server && time &&
		timestamp_parse(time, strlen(time), &deed->now))
		return 0;
	rc = error_set(err, ERR_INVALID,
		name && !deed->operation
			? "the request asks for '%s', which this git-build does not know"
			: "the request has no operation, id, server or time%.0s",
		name ? name : "");
	deed_release(deed);
	return rc;
}

void deed_release(struct deed *deed)
{
	json_doc_free(deed->request);
	arena_release(&deed->arena);
	buf_release(&deed->text);
	buf_release(&deed->subject);
	*deed = (struct deed){ .arena = ARENA_INIT, .text = BUF_INIT, .subject = BUF_INIT };
}

static void begin_answer(struct deed *deed)
{
	buf_reset(&deed->text);
	deed->answer = (struct json_writer)JSON_WRITER_INIT(&deed->text);
	json_begin(&deed->answer, '{');
}

void deed_add_answer(const struct deed *deed, struct buf *out)
{
	struct json_writer w = deed->answer;
	w.out = out;
	buf_add(out, deed->text.data, deed->text.len);
	json_end(&w);
}

int deed_resume_answer(struct deed *deed, const struct buf *answer, struct error *err)
{
	struct buf copy = BUF_INIT;
	struct json_doc *doc = NULL;
	begin_answer(deed);
	buf_add(&copy, answer->data, answer->len);
	int rc = json_parse_buf(&doc, &copy, "answer", NULL, err);
	if (rc < 0)
		return rc;
	JSON_EACH (member, json_root(doc)) {
		size_t name_len, len;
		const char *key = json_key(doc, member, &name_len);
		char *name = xstrndup(key, name_len);
		const char *text = json_raw(doc, member, &len);
		json_put_raw(&deed->answer, name, text, len);
		free(name);
	}
	json_doc_free(doc);
	return 0;
}

int deed_apply(struct deed *deed, struct transaction *tx, struct error *err)
{
	buf_reset(&deed->subject);
	deed->tx = tx;
	begin_answer(deed);
	return deed->operation->apply(deed, err);
}

void deed_finish(struct deed *deed, const struct oid *commit, int attempts)
{
	json_put_string_or_null(&deed->answer, "commit", commit ? commit->hex : NULL);
	json_put_int(&deed->answer, "attempts", attempts);
	json_end(&deed->answer);
}
