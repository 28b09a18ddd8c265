#include "request/request.h"

#include "base/alloc.h"
#include "base/timestamp.h"
#include "fleet/files.h"
#include "fleet/names.h"

#include <stdlib.h>
#include <string.h>

static const struct operation *const tables[] = { archive_operations, dashboard_operations,
	heartbeat_operations, job_operations, layout_operations, lock_operations,
	message_operations, repair_operations, status_operations };

static const struct operation *find(const char *name)
{
	for (size_t i = 0; name && i < sizeof(tables) / sizeof(*tables); i++)
		for (const struct operation *row = tables[i]; row->name; row++)
			if (!strcmp(row->name, name))
				return row;
	return NULL;
}

void request_begin(struct json_writer *w, struct buf *out, const char *operation,
	const char *server, const struct env *env)
{
	char id[UUID_SIZE], timestamp[TIMESTAMP_SIZE];
	env->uuid(env->data, id);
	*w = (struct json_writer)JSON_WRITER_INIT(out);
	json_begin(w, '{');
	json_put_string(w, "operation", operation);
	json_put_string(w, "id", id);
	json_put_string(w, "server", server);
	json_put_string(w, "time", timestamp_format(env_now(env), timestamp));
}

const char *request_string(struct request *request, const char *name)
{
	size_t len;
	const char *text = json_string(
		request->doc, json_member(request->doc, json_root(request->doc), name), &len);
	if (!text || memchr(text, '\0', len))
		return NULL;
	return arena_strndup(&request->arena, text, len);
}

int64_t request_int(const struct request *request, const char *name, int64_t fallback)
{
	int64_t number;
	const struct json_value *root = json_root(request->doc);
	return json_int64(request->doc, json_member(request->doc, root, name), &number) ? number
											: fallback;
}

bool request_flag(const struct request *request, const char *name)
{
	const struct json_value *value = json_member(request->doc, json_root(request->doc), name);
	return value && value->type == JSON_TRUE;
}

void request_put_file(struct json_writer *w, const char *name, const char *file)
{
	json_begin(w, '{');
	json_put_string(w, "name", name);
	json_put_string(w, "file", file);
	json_end(w);
}

/* A member that is a name without directories; NULL if it is not one. */
static const char *plain_name(
	struct request *request, const struct json_value *entry, const char *member)
{
	size_t len;
	const char *text =
		json_string(request->doc, json_member(request->doc, entry, member), &len);
	if (!text || !len || memchr(text, '\0', len) || memchr(text, '/', len) || *text == '.')
		return NULL;
	return arena_strndup(&request->arena, text, len);
}

static int read_files(struct request *request, struct error *err)
{
	const struct json_value *files =
		json_member(request->doc, json_root(request->doc), "files");
	if (files && files->type == JSON_ARRAY && files->count)
		request->files = xcalloc(files->count, sizeof(*request->files));
	JSON_EACH (entry, files) {
		struct request_file file = { .name = plain_name(request, entry, "name"),
			.file = plain_name(request, entry, "file"),
			.text = BUF_INIT };
		if (!file.name || !file.file)
			return error_set(err, ERR_INVALID,
				"request: each of \"files\" needs a name and a file, both without "
				"directories");
		request->files[request->file_count++] = file;
	}
	return 0;
}

void request_write_files(struct request *request)
{
	struct buf path = BUF_INIT;
	for (size_t i = 0; i < request->file_count; i++) {
		const struct request_file *file = &request->files[i];
		struct buf text = BUF_INIT;
		if (!file->is_read)
			continue;
		buf_reset(&path);
		fleet_server_path(&path, request->server, "logs/");
		buf_addstr(&path, file->name);
		buf_add(&text, file->text.data, file->text.len);
		documents_write(request->documents, path.data, &text);
	}
	buf_release(&path);
}

int request_read(struct request *request, const char *text, size_t len, struct error *err)
{
	*request = (struct request){ .arena = ARENA_INIT };
	struct buf copy = BUF_INIT;
	buf_add(&copy, text, len);
	int rc = json_parse_buf(&request->doc, &copy, "request", NULL, err);
	if (rc < 0)
		return rc;
	const char *time = request_string(request, "time");
	const char *name = request_string(request, "operation");
	request->operation = find(name);
	request->id = request_string(request, "id");
	request->server = request_string(request, "server");
	if (request->operation && request->id && request->server && time &&
		timestamp_parse(time, strlen(time), &request->now))
		rc = fleet_check_id(request->server, err);
	else if (name && !request->operation)
		rc = error_set(err, ERR_INVALID,
			"request: unknown operation '%s'; upgrade git-build", name);
	else
		rc = error_set(err, ERR_INVALID, "request: no operation, id, server or time");
	if (!rc)
		rc = read_files(request, err);
	if (rc < 0)
		request_release(request);
	return rc;
}

void request_release(struct request *request)
{
	for (size_t i = 0; i < request->file_count; i++)
		buf_release(&request->files[i].text);
	free(request->files);
	json_doc_free(request->doc);
	arena_release(&request->arena);
	*request = (struct request){ .arena = ARENA_INIT };
}

void answer_release(struct answer *answer)
{
	buf_release(&answer->text);
	buf_release(&answer->subject);
	buf_release(&answer->notes);
}

static void answer_begin(struct answer *answer)
{
	buf_reset(&answer->text);
	answer->writer = (struct json_writer)JSON_WRITER_INIT(&answer->text);
	json_begin(&answer->writer, '{');
}

void answer_add(const struct answer *answer, struct buf *out)
{
	struct json_writer w = answer->writer;
	w.out = out;
	buf_add(out, answer->text.data, answer->text.len);
	json_end(&w);
}

int answer_resume(struct answer *answer, const struct buf *text, struct error *err)
{
	struct buf copy = BUF_INIT;
	struct json_doc *doc = NULL;
	answer_begin(answer);
	buf_add(&copy, text->data, text->len);
	int rc = json_parse_buf(&doc, &copy, "answer", NULL, err);
	if (rc < 0)
		return rc;
	JSON_EACH (member, json_root(doc)) {
		size_t name_len, len;
		const char *key = json_key(doc, member, &name_len);
		char *name = xstrndup(key, name_len);
		const char *raw = json_raw(doc, member, &len);
		json_put_raw(&answer->writer, name, raw, len);
		free(name);
	}
	json_doc_free(doc);
	return 0;
}

static void put_warnings(struct answer *answer, const struct buf *warnings)
{
	if (!warnings->len)
		return;
	json_begin_member(&answer->writer, "warnings", '[');
	for (const char *line = warnings->data; *line;) {
		size_t len = strcspn(line, "\n");
		json_put_string_n(&answer->writer, NULL, line, len);
		line += len + 1;
	}
	json_end(&answer->writer);
}

int request_apply(struct request *request, struct documents *documents, struct answer *answer,
	struct error *err)
{
	buf_reset(&answer->subject);
	buf_reset(&answer->notes);
	answer_begin(answer);
	request->documents = documents;
	request->answer = answer;
	documents_forget(documents);
	int rc = request->operation->apply(request, err);
	const struct buf *notes = documents_notes(documents);
	buf_add(&answer->notes, notes->data, notes->len);
	if (rc >= 0)
		put_warnings(answer, documents_warnings(documents));
	return rc;
}

void answer_finish(struct answer *answer, const char *commit, int attempts)
{
	json_put_string_or_null(&answer->writer, "commit", commit);
	json_put_int(&answer->writer, "attempts", attempts);
	json_end(&answer->writer);
}
