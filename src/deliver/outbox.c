#include "deliver/outbox.h"

#include "base/alloc.h"
#include "base/file.h"
#include "json/edit.h"
#include "git/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRY_LIMIT = 16 << 20 };

static void release_entry(struct outbox_entry *entry)
{
	free(entry->path);
	free(entry->name);
	free(entry->why);
	free(entry->refused);
	buf_release(&entry->request);
}

void outbox_release(struct outbox *outbox)
{
	for (size_t i = 0; i < outbox->count; i++)
		release_entry(&outbox->entries[i]);
	free(outbox->entries);
	*outbox = (struct outbox){ NULL, 0, 0 };
}

static int parse(const char *path, struct json_doc **doc, struct error *err)
{
	struct buf text = BUF_INIT;
	int rc = file_read(&text, path, ENTRY_LIMIT, err);
	if (!rc)
		rc = json_parse_buf(doc, &text, path, NULL, err);
	buf_release(&text);
	return rc;
}

static int read_entry(struct outbox_entry *entry, struct error *err)
{
	struct json_doc *doc;
	int rc = parse(entry->path, &doc, err);
	if (rc < 0)
		return rc;
	const struct json_value *root = json_root(doc),
				*request = json_member(doc, root, "request");
	char *since = json_strdup(doc, json_member(doc, root, "since"));
	entry->name = json_strdup(doc, json_member(doc, request, "id"));
	entry->why = json_strdup(doc, json_member(doc, root, "why"));
	entry->refused = json_strdup(doc, json_member(doc, root, "refused"));
	if (!since || !oid_parse(&entry->since, since))
		entry->since = OID_NONE;
	if (entry->name) {
		size_t len;
		const char *text = json_raw(doc, request, &len);
		buf_add(&entry->request, text, len);
	} else {
		rc = error_set(err, ERR_INVALID,
			"%s: not a valid outbox entry; inspect it and move it elsewhere",
			entry->path);
	}
	free(since);
	json_doc_free(doc);
	return rc;
}

/* Lists the entries in order, without their content. A missing directory is an empty outbox. */
static int list(struct outbox *out, struct repo *repo, struct error *err)
{
	struct buf path = BUF_INIT;
	struct file_list names;
	state_path(&path, repo, "outbox");
	size_t directory = path.len;
	int rc = file_list_read(&names, path.data, err);
	for (size_t i = 0; i < names.count; i++) {
		if (*names.names[i] == '.' || !file_has_ending(names.names[i], ".json"))
			continue;
		buf_truncate(&path, directory);
		buf_addf(&path, "/%s", names.names[i]);
		GROW(out->entries, out->count, out->capacity);
		out->entries[out->count++] =
			(struct outbox_entry){ .path = xstrdup(path.data), .request = BUF_INIT };
	}
	file_list_release(&names);
	buf_release(&path);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

int outbox_read(struct outbox *out, struct repo *repo, struct error *err)
{
	*out = (struct outbox){ NULL, 0, 0 };
	int rc = list(out, repo, err);
	for (size_t i = 0; !rc && i < out->count; i++)
		rc = read_entry(&out->entries[i], err);
	if (rc < 0)
		outbox_release(out);
	return rc;
}

/* The number at the start of the name of the next entry, which keeps the entries in order. */
static int next_number(struct repo *repo, int64_t *out, struct error *err)
{
	struct outbox all = { NULL, 0, 0 };
	int64_t number = 0;
	int rc = list(&all, repo, err);
	if (all.count)
		sscanf(strrchr(all.entries[all.count - 1].path, '/') + 1, "%" SCNd64, &number);
	outbox_release(&all);
	*out = number + 1;
	return rc;
}

struct oid outbox_mark(struct repo *repo, const struct settings *settings)
{
	struct oid mark = OID_NONE;
	/* If the ref cannot be read, the whole history is searched for the request. */
	repo_tracking_ref(repo, settings->remote, settings->branch, &mark, NULL);
	return mark;
}

int outbox_keep(struct repo *repo, const struct buf *request, const struct oid *since,
	const char *why, const struct env *env, struct error *err)
{
	char unique[UUID_SIZE];
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct json_writer w = JSON_WRITER_INIT(&text);
	json_begin(&w, '{');
	json_put_raw(&w, "request", request->data, request->len);
	json_put_string_or_null(&w, "since", oid_is_none(since) ? NULL : since->hex);
	json_put_string(&w, "why", why);
	json_put_null(&w, "refused");
	json_end(&w);
	buf_addch(&text, '\n');

	state_path(&path, repo, "outbox");
	int64_t number = 0;
	int rc = file_make_directories(path.data, err);
	/* Another process may have created them without having synced them yet. */
	if (!rc)
		rc = file_sync_directories(path.data, repo_common_dir(repo), err);
	if (!rc)
		rc = next_number(repo, &number, err);
	env->uuid(env->data, unique);
	buf_addf(&path, "/%08" PRId64 "-%.8s.json", number, unique);
	if (!rc)
		rc = file_replace(path.data, text.data, text.len, 0644, err);
	buf_release(&path);
	buf_release(&text);
	return rc;
}

static int set_refused(const struct outbox_entry *entry, const char *why, struct error *err)
{
	struct json_doc *doc;
	int rc = parse(entry->path, &doc, err);
	if (rc < 0)
		return rc;
	struct buf text = BUF_INIT;
	struct json_edit *edit = json_edit_new(doc);
	json_edit_set_string(edit, json_root(doc), "refused", why);
	rc = json_edit_write(edit, &text, err);
	if (!rc)
		rc = file_replace(entry->path, text.data, text.len, 0644, err);
	json_edit_free(edit);
	json_doc_free(doc);
	buf_release(&text);
	return rc;
}

int outbox_refuse(const struct outbox_entry *entry, const char *why, struct error *err)
{
	return set_refused(entry, why, err);
}

int outbox_retry(const struct outbox_entry *entry, struct error *err)
{
	return entry->refused ? set_refused(entry, NULL, err) : 0;
}

int outbox_drop(const struct outbox_entry *entry, struct error *err)
{
	return file_remove(entry->path, err);
}
