#include "setup/files.h"

#include "base/alloc.h"
#include "base/timestamp.h"
#include "clone/last_valid.h"
#include "fleet/limits.h"
#include "fleet/servers.h"
#include "git/history.h"

#include <stdlib.h>
#include <string.h>

struct examining {
	struct repo *repo;
	const struct oid *tip;
	struct validity *validity;
	void (*each)(const struct broken_file *file, void *data);
	void *data;
	struct error *err;
};

/* Adds who made the commit. Git does not record who pushed it: that is the committer, unless the
 * commit was passed on. */
static int describe_commit(
	struct examining *e, const struct oid *id, struct buf *out, struct error *err)
{
	struct buf author = BUF_INIT, committer = BUF_INIT;
	struct commit commit = { .message = BUF_INIT };
	char when[TIMESTAMP_SIZE];
	int rc = repo_commit(e->repo, id, &commit, err);
	if (!rc)
		rc = repo_people(e->repo, id, &author, &committer, err);
	if (!rc)
		buf_addf(out, "commit %.12s by %s", id->hex, author.data);
	if (!rc && strcmp(author.data, committer.data) != 0)
		buf_addf(out, ", committed by %s", committer.data);
	if (!rc)
		buf_addf(out, " at %s", timestamp_format(commit.time, when));
	buf_release(&author);
	buf_release(&committer);
	buf_release(&commit.message);
	return rc;
}

/* Adds the commit that broke the file, and the last valid version. */
static int describe_history(struct examining *e, const char *path, bool is_deleted,
	const struct documents_history *history, struct buf *what)
{
	struct oid by;
	int rc = 0;
	if (oid_parse(&by, history->broken_by)) {
		buf_addf(what, "; %s ", is_deleted ? "deleted by" : "broken by");
		rc = describe_commit(e, &by, what, e->err);
	}
	if (history->count)
		buf_addf(what, "; last valid version: git show %.12s:%s",
			history->versions[0].commit, path);
	for (size_t i = 1; i < history->count; i++)
		buf_addf(what, " and %.12s", history->versions[i].commit);
	if (!history->count)
		buf_addf(what, "; no valid version was found%s%s", history->end ? ": " : "",
			history->end ? history->end : "");
	return rc;
}

/* Reports a broken file; one that never existed is not missing. `is_file`: it is not a symbolic link,
 * for example, which a request cannot replace. */
static int report(struct examining *e, const char *path, const char *problem, bool is_file)
{
	struct documents_history history;
	struct buf what = BUF_INIT, fix = BUF_INIT;
	int rc = last_valid_find(&history, e->repo, e->tip, path, e->err);
	if (rc < 0)
		return rc;
	bool can_fix = history.count || (fleet_file(path)->empty && !history.end);
	buf_addstr(&what, problem ? problem : path);
	buf_addstr(&what, problem ? "" : " does not exist");
	rc = describe_history(e, path, !problem, &history, &what);
	if (!is_file)
		buf_addf(&fix, "replace %s by a file, by hand", path);
	else if (can_fix)
		buf_addstr(&fix, "git build doctor --fix");
	else if (history.end)
		buf_addf(&fix, "restore %s from an older commit by hand", path);
	else
		buf_addf(&fix, "write or delete %s by hand", path);
	struct broken_file file = { path, what.data, fix.data };
	if (!rc && (problem || history.count))
		e->each(&file, e->data);
	documents_history_release(&history);
	buf_release(&what);
	buf_release(&fix);
	return rc;
}

static int examine_file(const struct changed_file *file, void *data)
{
	struct examining *e = data;
	struct buf text = BUF_INIT;
	struct error why = ERROR_INIT;
	const char *schema;
	size_t size = 0;
	int rc = server_schema_in(&schema, file->path, e->repo, e->tip, e->err);
	if (rc < 0 || !schema)
		return rc;
	rc = file->mode >> 12 == 010
		? history_read_blob(e->repo, &file->blob, FLEET_DOCUMENT_LIMIT, &text, &size, &why)
		: error_set(&why, ERR_INVALID, "not a regular file");
	if (rc == ERR_INVALID)
		error_wrap(&why, "%s", file->path);
	if (!rc)
		rc = validity_check(e->validity, file->path, text.data, text.len, &why);
	buf_release(&text);
	if (rc < 0 && rc != ERR_INVALID)
		return error_set(e->err, rc, "%s: %s", file->path, why.text);
	return rc ? report(e, file->path, why.text, file->mode >> 12 == 010) : 0;
}

/* The lists that every fleet has: without them, fences and IDs begin again. */
static int examine_missing(struct examining *e)
{
	static const char *const lists[] = { FLEET_JOBS_PATH, FLEET_LOCKS_PATH,
		FLEET_MESSAGES_PATH };
	struct oid blob;
	int rc = 0;
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists) && rc >= 0; i++) {
		rc = repo_find(e->repo, e->tip, lists[i], &blob, e->err);
		if (rc == ERR_NOT_FOUND)
			rc = report(e, lists[i], NULL, true);
	}
	return rc < 0 ? rc : 0;
}

int files_examine(struct repo *repo, const struct oid *tip,
	void (*each)(const struct broken_file *file, void *data), void *data, struct error *err)
{
	struct examining e = { repo, tip, NULL, each, data, err };
	const struct oid none = OID_NONE;
	int rc = last_valid_rules(&e.validity, repo, tip, err);
	if (!rc)
		rc = history_each_difference(repo, &none, tip, examine_file, &e, err);
	if (!rc)
		rc = examine_missing(&e);
	validity_free(e.validity);
	return rc;
}
