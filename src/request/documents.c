#include "request/documents.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

struct written {
	char *path;
	struct buf content;
	bool removed;
};

struct documents {
	struct documents_source source;
	struct written *written;
	size_t count, capacity;
	struct buf *lent; /* texts that were returned to callers, valid until the reset */
	size_t lent_count, lent_capacity;
	struct buf warnings, notes;
};

struct documents *documents_new(const struct documents_source *source)
{
	struct documents *documents = xcalloc(1, sizeof(*documents));
	documents->source = *source;
	documents->warnings = documents->notes = (struct buf)BUF_INIT;
	return documents;
}

void documents_forget(struct documents *documents)
{
	buf_reset(&documents->warnings);
	buf_reset(&documents->notes);
}

void documents_reset(struct documents *documents)
{
	for (size_t i = 0; i < documents->count; i++) {
		free(documents->written[i].path);
		buf_release(&documents->written[i].content);
	}
	for (size_t i = 0; i < documents->lent_count; i++)
		buf_release(&documents->lent[i]);
	documents->count = documents->lent_count = 0;
	documents_forget(documents);
}

void documents_free(struct documents *documents)
{
	if (!documents)
		return;
	documents_reset(documents);
	free(documents->written);
	free(documents->lent);
	buf_release(&documents->warnings);
	buf_release(&documents->notes);
	free(documents);
}

static struct written *find(const struct documents *documents, const char *path)
{
	for (size_t i = 0; i < documents->count; i++)
		if (!strcmp(documents->written[i].path, path))
			return &documents->written[i];
	return NULL;
}

static void keep_lent(struct documents *documents, struct buf *text)
{
	GROW(documents->lent, documents->lent_count, documents->lent_capacity);
	documents->lent[documents->lent_count++] = *text;
	*text = (struct buf)BUF_INIT;
}

int documents_read(struct documents *documents, const char *path, const char **text, size_t *len,
	struct error *err)
{
	const struct written *written = find(documents, path);
	if (written && written->removed)
		return error_set(err, ERR_NOT_FOUND, "%s: no such file", path);
	if (written) {
		*text = written->content.data;
		*len = written->content.len;
		return 0;
	}
	struct buf content = BUF_INIT;
	int rc = documents->source.read(documents->source.data, path, &content, err);
	if (rc < 0) {
		buf_release(&content);
		return rc;
	}
	*text = content.data;
	*len = content.len;
	keep_lent(documents, &content);
	return 0;
}

static int find_entry(const struct documents_entry *entry, void *data)
{
	(void)entry;
	(void)data;
	return 1;
}

int documents_append(void *data, const char *path, struct buf *out, struct error *err)
{
	struct documents *documents = data;
	const struct documents_source *source = &documents->source;
	const struct written *written = find(documents, path);
	if (!written) {
		int rc = source->read(source->data, path, out, err);
		bool is_directory = rc == ERR_INVALID &&
			source->list(source->data, path, find_entry, NULL, NULL) > 0;
		return is_directory
			? error_set(err, ERR_NOT_FOUND, "%s is a directory, not a file", path)
			: rc;
	}
	if (written->removed)
		return error_set(err, ERR_NOT_FOUND, "%s: no such file", path);
	buf_add(out, written->content.data, written->content.len);
	return 0;
}

const char *documents_keep(struct documents *documents, struct buf *text)
{
	const char *bytes = text->data;
	keep_lent(documents, text);
	return bytes;
}

int documents_history(struct documents *documents, const char *path, struct documents_history *out,
	struct error *err)
{
	const struct documents_source *source = &documents->source;
	return source->history ? source->history(source->data, path, out, err) : 0;
}

void documents_history_release(struct documents_history *history)
{
	for (size_t i = 0; i < history->count; i++) {
		buf_release(&history->versions[i].text);
		buf_release(&history->versions[i].base);
	}
	free(history->versions);
	*history = (struct documents_history){ 0 };
}

void documents_warn(struct documents *documents, const char *line)
{
	struct buf whole = BUF_INIT;
	buf_addf(&whole, "%s\n", line);
	if (!strstr(documents->warnings.data, whole.data))
		buf_add(&documents->warnings, whole.data, whole.len);
	buf_release(&whole);
}

void documents_unwarn(struct documents *documents, const char *start)
{
	struct buf kept = BUF_INIT;
	for (const char *line = documents->warnings.data; *line;) {
		size_t len = strcspn(line, "\n") + 1;
		if (strncmp(line, start, strlen(start)) != 0)
			buf_add(&kept, line, len);
		line += len;
	}
	buf_release(&documents->warnings);
	documents->warnings = kept;
}

void documents_note(struct documents *documents, const struct buf *lines)
{
	buf_add(&documents->notes, lines->data, lines->len);
}

const struct buf *documents_notes(const struct documents *documents)
{
	return &documents->notes;
}

const struct buf *documents_warnings(const struct documents *documents)
{
	return &documents->warnings;
}

static struct written *touch(struct documents *documents, const char *path)
{
	struct written *written = find(documents, path);
	if (written) {
		keep_lent(documents, &written->content);
		return written;
	}
	GROW(documents->written, documents->count, documents->capacity);
	written = &documents->written[documents->count++];
	*written = (struct written){ .path = xstrdup(path), .content = BUF_INIT };
	return written;
}

void documents_write(struct documents *documents, const char *path, struct buf *content)
{
	struct written *written = touch(documents, path);
	written->content = *content;
	written->removed = false;
	*content = (struct buf)BUF_INIT;
}

void documents_remove(struct documents *documents, const char *path)
{
	touch(documents, path)->removed = true;
}

size_t documents_count(const struct documents *documents)
{
	return documents->count;
}

struct documents_change documents_change(const struct documents *documents, size_t index)
{
	const struct written *written = &documents->written[index];
	return (struct documents_change){ written->path,
		written->removed ? NULL : written->content.data, written->content.len };
}

/* ---- listing ---- */

struct listing {
	struct documents *documents;
	const char *directory;
	documents_each *each;
	void *data;
	char **seen; /* names in `directory` that both the source and the written files have */
	size_t seen_count, seen_capacity;
};

/* Returns the part of `path` after "directory/"; NULL if it is not in the directory. */
static const char *below(const char *path, const char *directory)
{
	size_t len = strlen(directory);
	if (!len)
		return path;
	return !strncmp(path, directory, len) && path[len] == '/' ? path + len + 1 : NULL;
}

/* Is `rest` ("name" or "name/more") the entry `name`, or in it? */
static bool leads_to(const char *rest, const char *name, size_t len)
{
	return !strncmp(rest, name, len) && (!rest[len] || rest[len] == '/');
}

static int list_source_entry(const struct documents_entry *entry, void *data)
{
	struct listing *listing = data;
	size_t len = strlen(entry->name);
	for (size_t i = 0; i < listing->documents->count; i++) {
		const struct written *written = &listing->documents->written[i];
		const char *rest = below(written->path, listing->directory);
		if (!rest || !leads_to(rest, entry->name, len))
			continue;
		if (!rest[len] && written->removed)
			return 0;
		GROW(listing->seen, listing->seen_count, listing->seen_capacity);
		listing->seen[listing->seen_count++] = xstrndup(entry->name, len);
	}
	return listing->each(entry, listing->data);
}

static bool was_seen(const struct listing *listing, const char *rest, size_t len)
{
	for (size_t i = 0; i < listing->seen_count; i++)
		if (strlen(listing->seen[i]) == len && !memcmp(listing->seen[i], rest, len))
			return true;
	return false;
}

/* Lists the entries that exist only because of written files. */
static int list_written(struct listing *listing, bool *found)
{
	int rc = 0;
	for (size_t i = 0; !rc && i < listing->documents->count; i++) {
		const struct written *written = &listing->documents->written[i];
		const char *rest = below(written->path, listing->directory);
		size_t len = rest ? strcspn(rest, "/") : 0;
		if (!len || written->removed)
			continue;
		*found = true;
		if (was_seen(listing, rest, len))
			continue;
		char *name = xstrndup(rest, len);
		GROW(listing->seen, listing->seen_count, listing->seen_capacity);
		listing->seen[listing->seen_count++] = name;
		struct documents_entry entry = { name, rest[len] == '/', !rest[len] };
		rc = listing->each(&entry, listing->data);
	}
	return rc;
}

int documents_list(struct documents *documents, const char *directory, documents_each *each,
	void *data, struct error *err)
{
	struct listing listing = {
		.documents = documents, .directory = directory, .each = each, .data = data
	};
	bool found = false;
	int rc = documents->source.list(
		documents->source.data, directory, list_source_entry, &listing, err);
	if (!rc || rc == ERR_NOT_FOUND) {
		int more = list_written(&listing, &found);
		rc = more || found ? more : rc;
	}
	for (size_t i = 0; i < listing.seen_count; i++)
		free(listing.seen[i]);
	free(listing.seen);
	return rc;
}
