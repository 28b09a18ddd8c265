#include "artifacts/manifests.h"

#include "base/alloc.h"
#include "base/file.h"
#include "fleet/names.h"
#include "git/history.h"

#include <stdlib.h>
#include <string.h>

void manifest_list_release(struct manifest_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->entries[i].path);
		free(list->entries[i].problem);
		manifest_release(&list->entries[i].manifest);
	}
	free(list->entries);
	*list = (struct manifest_list){ 0 };
}

struct gathering {
	struct manifest_list *list;
	const struct reading *reading;
	const char *server; /* the server of the directory */
	struct error *err;
};

/* Reads the manifest by its blob: finding 5,000 paths in a directory of 10,000 files takes five
 * seconds. */
static int read_manifest(struct manifest_entry *entry, const struct gathering *g,
	const struct oid *blob, struct error *err)
{
	struct buf text = BUF_INIT;
	size_t size;
	int rc = history_read_blob(g->reading->repo, blob, MANIFEST_LIMIT, &text, &size, err);
	if (rc < 0)
		error_wrap(err, "%s", entry->path);
	else
		rc = manifest_read(&entry->manifest, text.data, text.len, entry->path, err);
	if (!rc && strcmp(entry->manifest.server, g->server) != 0)
		rc = error_set(err, ERR_INVALID, "%s is in the name of another server, '%s'",
			entry->path, entry->manifest.server);
	buf_release(&text);
	return rc;
}

static int gather_file(const struct entry *file, void *data)
{
	struct gathering *g = data;
	struct manifest_list *list = g->list;
	struct error problem = ERROR_INIT;
	struct buf path = BUF_INIT;
	int rc;
	size_t job = strlen(file->name) - strlen(MANIFEST_SUFFIX);
	if (!file_has_ending(file->name, MANIFEST_SUFFIX))
		return 0;
	buf_addf(&path, "%s/logs/%s", g->server, file->name);
	GROW(list->entries, list->count, list->capacity);
	struct manifest_entry *entry = &list->entries[list->count++];
	*entry = (struct manifest_entry){ .path = buf_detach(&path), .manifest = MANIFEST_INIT };
	rc = read_manifest(entry, g, &file->oid, &problem);
	if (rc == ERR_INVALID) {
		manifest_release(&entry->manifest);
		entry->manifest.job = xstrndup(file->name, job);
		entry->manifest.server = xstrdup(g->server);
		entry->problem = xstrdup(problem.text);
		return 0;
	}
	/* Never ERR_NOT_FOUND: an object that is missing is damage. */
	return rc < 0 ? error_set(g->err, ERR_FAILED, "%s", problem.text) : 0;
}

static int gather_server(struct gathering *g, const char *server)
{
	struct buf directory = BUF_INIT;
	g->server = server;
	buf_addf(&directory, "%s/logs", server);
	int rc = repo_list(
		g->reading->repo, &g->reading->tip, directory.data, gather_file, g, g->err);
	buf_release(&directory);
	/* A server without a directory for logs has no manifests. */
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int gather_directory(const struct entry *directory, void *data)
{
	enum { DIRECTORY = 040000 };
	if (directory->mode != DIRECTORY || fleet_check_id(directory->name, NULL) < 0)
		return 0;
	return gather_server(data, directory->name);
}

/* Orders the newest first; those of the same second by path. */
static int by_age(const void *a_entry, const void *b_entry)
{
	const struct manifest_entry *a = a_entry, *b = b_entry;
	if (!a->problem != !b->problem)
		return a->problem ? 1 : -1;
	if (a->manifest.created_at != b->manifest.created_at)
		return a->manifest.created_at < b->manifest.created_at ? 1 : -1;
	return strcmp(a->path, b->path);
}

int manifest_list_read(struct manifest_list *out, const struct reading *reading, const char *server,
	struct error *err)
{
	struct gathering g = { .list = out, .reading = reading, .err = err };
	*out = (struct manifest_list){ 0 };
	if (oid_is_none(&reading->tip))
		return 0;
	int rc = server ? gather_server(&g, server)
			: repo_list(reading->repo, &reading->tip, "", gather_directory, &g, err);
	if (out->count)
		qsort(out->entries, out->count, sizeof(*out->entries), by_age);
	return rc;
}

/* Sets an error that lists the jobs whose IDs start with `job`, each once. */
static int ambiguous(const struct manifest_list *list, const char *job, struct error *err)
{
	enum { MOST = 400 };
	struct buf names = BUF_INIT;
	for (size_t i = 0; i < list->count && names.len < MOST; i++) {
		const char *id = list->entries[i].manifest.job;
		bool told = strncmp(id, job, strlen(job)) != 0;
		for (size_t j = 0; j < i && !told; j++)
			told = !strcmp(list->entries[j].manifest.job, id);
		if (!told)
			buf_addf(&names, "%s%s", names.len ? ", " : "", id);
	}
	int rc = error_set(err, ERR_INVALID, "job ID '%s' is ambiguous: %s", job, names.data);
	buf_release(&names);
	return rc;
}

int manifest_list_find(const struct manifest_list *list, const char *job,
	const struct manifest **out, struct error *err)
{
	const struct manifest_entry *found = NULL, *exact = NULL;
	bool several = false;
	for (size_t i = 0; i < list->count && !exact; i++) {
		const struct manifest_entry *entry = &list->entries[i];
		if (!strcmp(entry->manifest.job, job))
			exact = entry;
		else if (strncmp(entry->manifest.job, job, strlen(job)) != 0)
			continue;
		else if (!found)
			found = entry;
		else
			several |= strcmp(entry->manifest.job, found->manifest.job) != 0;
	}
	if (!exact && several)
		return ambiguous(list, job, err);
	if (exact)
		found = exact;
	if (!found)
		return error_set(err, ERR_NOT_FOUND,
			"the shared branch has no manifest of job '%s'; see 'git build artifacts "
			"list'",
			job);
	if (found->problem)
		return error_set(err, ERR_INVALID, "%s", found->problem);
	*out = &found->manifest;
	return 0;
}
