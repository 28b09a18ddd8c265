#include "fleet/alert.h"

#include "base/alloc.h"
#include "base/child.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "fleet/names.h"
#include "json/edit.h"
#include "json/write.h"
#include "store/transaction.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

enum { COMMAND_MS = 30000, MESSAGE_LIMIT = 1 << 20 };

int alert_operator(struct repo *repo, const struct settings *settings, const char *event,
	const char *text, const struct env *env, struct error *err)
{
	if (!settings->alert_command)
		return 0;
	char timestamp[TIMESTAMP_SIZE];
	const char *server = settings->server ? settings->server : "";
	struct buf input = BUF_INIT, variables[3] = { BUF_INIT, BUF_INIT, BUF_INIT };
	struct json_writer w = { .out = &input, .compact = true };
	json_begin(&w, '{');
	json_put_string(&w, "event", event);
	json_put_string(&w, "server", server);
	json_put_string(&w, "timestamp", timestamp_format(env->now(env->data), timestamp));
	json_put_string(&w, "text", text);
	json_end(&w);
	buf_addch(&input, '\n');
	buf_addf(&variables[0], "GIT_BUILD_EVENT=%s", event);
	buf_addf(&variables[1], "GIT_BUILD_SERVER=%s", server);
	buf_addf(&variables[2], "GIT_BUILD_TEXT=%s", text);

	const char *argv[] = { "sh", "-c", settings->alert_command, NULL };
	const char *environment[] = { variables[0].data, variables[1].data, variables[2].data,
		NULL };
	struct buf output = BUF_INIT;
	struct child child = { .argv = argv,
		.folder = repo_work_tree(repo),
		.environment = environment,
		.input = input.data,
		.input_len = input.len,
		.timeout_ms = COMMAND_MS,
		.output = &output,
		.errors = &output };
	int status, rc = child_run(&child, &status, err);
	buf_trim(&output);
	if (!rc && status)
		rc = error_set(err, ERR_FAILED, "build.alertCommand ended with %d%s%s", status,
			output.len ? ": " : "", output.data);
	buf_release(&input);
	buf_release(&output);
	for (int i = 0; i < 3; i++)
		buf_release(&variables[i]);
	return rc;
}

static void outbox_path(struct repo *repo, struct buf *out, const char *name)
{
	buf_addf(out, "%s/outbox%s%s", repo_state_dir(repo), *name ? "/" : "", name);
}

int alert_queue(struct repo *repo, const struct settings *settings, const char *subject,
	const char *body, const struct env *env, struct error *err)
{
	char uuid[UUID_SIZE], timestamp[TIMESTAMP_SIZE];
	struct buf id = BUF_INIT, name = BUF_INIT, path = BUF_INIT, text = BUF_INIT;
	env->uuid(env->data, uuid);
	buf_addf(&id, "msg_%s", uuid);
	buf_addf(&name, "%s.json", id.data);
	struct json_writer w = JSON_WRITER_INIT(&text);
	json_begin(&w, '{');
	json_put_string(&w, "id", id.data);
	json_put_string_or_null(&w, "from", settings->server);
	json_put_string(&w, "to", "all");
	json_put_string(&w, "type", "error");
	json_put_string(&w, "subject", subject);
	json_put_string(&w, "body", body);
	json_put_string(&w, "timestamp", timestamp_format(env->now(env->data), timestamp));
	json_put_bool(&w, "read", false);
	json_end(&w);
	buf_addch(&text, '\n');

	outbox_path(repo, &path, "");
	int rc = file_make_folders(path.data, err);
	buf_reset(&path);
	outbox_path(repo, &path, name.data);
	if (!rc)
		rc = file_replace(path.data, text.data, text.len, 0644, err);
	buf_release(&id);
	buf_release(&name);
	buf_release(&path);
	buf_release(&text);
	return rc;
}

/* What waits: each a file of the outbox. */
struct waiting {
	char **paths;
	struct buf *texts;
	size_t count, capacity, texts_capacity;
};

static void waiting_release(struct waiting *waiting)
{
	for (size_t i = 0; i < waiting->count; i++) {
		free(waiting->paths[i]);
		buf_release(&waiting->texts[i]);
	}
	free(waiting->paths);
	free(waiting->texts);
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);
	return len > end_len && !strcmp(name + len - end_len, end);
}

/* Reads the outbox; a folder that is not there is an empty one. */
static int read_outbox(struct repo *repo, struct waiting *waiting, struct error *err)
{
	struct buf folder = BUF_INIT;
	outbox_path(repo, &folder, "");
	DIR *dir = opendir(folder.data);
	buf_release(&folder);
	int rc = 0;
	for (struct dirent *entry; !rc && dir && (entry = readdir(dir));) {
		if (*entry->d_name == '.' || !ends_with(entry->d_name, ".json"))
			continue;
		struct buf path = BUF_INIT, text = BUF_INIT;
		outbox_path(repo, &path, entry->d_name);
		rc = file_read(&text, path.data, MESSAGE_LIMIT, err);
		GROW(waiting->paths, waiting->count, waiting->capacity);
		GROW(waiting->texts, waiting->count, waiting->texts_capacity);
		waiting->paths[waiting->count] = buf_detach(&path);
		waiting->texts[waiting->count++] = text;
	}
	if (dir)
		closedir(dir);
	return rc;
}

/* Does `messages` hold the message `text` already, by its id? */
static bool is_delivered(
	const struct json_doc *doc, const struct json_value *messages, const struct buf *text)
{
	struct json_doc *message;
	if (json_parse(&message, text->data, text->len, "message", NULL, NULL) < 0)
		return true; /* cannot be: it was written whole; never block the others */
	char *id = json_strdup(message, json_member(message, json_root(message), "id"));
	bool found = !id;
	JSON_EACH (known, messages)
		found = found || json_string_is(doc, json_member(doc, known, "id"), id);
	free(id);
	json_doc_free(message);
	return found;
}

static int append_messages(struct transaction *tx, void *data, struct error *err)
{
	static const char fresh[] = "{\n  \"messages\": []\n}\n";
	struct waiting *waiting = data;
	const char *text = fresh;
	size_t len = sizeof(fresh) - 1;
	int rc = transaction_read(tx, FLEET_MESSAGES_PATH, &text, &len, err);
	if (rc < 0 && rc != ERR_NOT_FOUND)
		return rc;
	struct json_doc *doc;
	rc = json_parse(&doc, text, len, FLEET_MESSAGES_PATH, NULL, err);
	if (rc < 0)
		return rc;
	const struct json_value *messages = json_member(doc, json_root(doc), "messages");
	struct json_edit *edit = json_edit_new(doc);
	struct buf out = BUF_INIT;
	size_t added = 0;
	if (!messages || messages->type != JSON_ARRAY) {
		rc = error_set(err, ERR_INVALID, "%s has no list of messages", FLEET_MESSAGES_PATH);
	} else {
		for (size_t i = 0; i < waiting->count; i++)
			if (!is_delivered(doc, messages, &waiting->texts[i])) {
				json_edit_append(edit, messages, waiting->texts[i].data,
					waiting->texts[i].len);
				added++;
			}
		rc = added ? json_edit_write(edit, &out, err) : 0;
		if (!rc && added)
			transaction_write(tx, FLEET_MESSAGES_PATH, out.data, out.len);
	}
	buf_release(&out);
	json_edit_free(edit);
	json_doc_free(doc);
	return rc;
}

int alert_deliver(struct repo *repo, const struct settings *settings, const struct env *env,
	struct error *err)
{
	struct waiting waiting = { 0 };
	int rc = read_outbox(repo, &waiting, err);
	if (!rc && waiting.count) {
		struct transaction_plan plan = {
			.remote = { settings->remote, settings->timeout_ms },
			.branch = settings->branch,
			.subject = "Deliver messages that waited for the remote",
			.server = settings->server,
			.attempts = (int)settings->attempts,
			.env = env,
			.apply = append_messages,
			.data = &waiting,
		};
		struct transaction_result result = TRANSACTION_RESULT_INIT;
		rc = transaction_run(repo, &plan, &result, err);
		transaction_result_release(&result);
		for (size_t i = 0; !rc && i < waiting.count; i++)
			rc = file_remove(waiting.paths[i], err);
	}
	int count = (int)waiting.count;
	waiting_release(&waiting);
	return rc < 0 ? rc : count;
}
