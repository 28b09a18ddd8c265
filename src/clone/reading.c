#include "clone/reading.h"

#include "base/file.h"
#include "clone/last_valid.h"
#include "fleet/names.h"
#include "git/refs.h"
#include "git/state.h"
#include "remote/remote.h"
#include "fleet/limits.h"
#include "request/repair.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void reading_note_fetch(struct repo *repo, const char *what, int64_t now)
{
	struct buf text = BUF_INIT;
	buf_addf(&text, "%" PRId64 "\n", now);
	state_write(repo, what, text.data, false, NULL);
	buf_release(&text);
}

int reading_fetched_at(struct repo *repo, const char *what, int64_t *out, struct error *err)
{
	struct buf text = BUF_INIT;
	*out = 0;
	int rc = state_read(&text, repo, what, 100, err);
	if (!rc && sscanf(text.data, "%" SCNd64, out) != 1)
		*out = 0;
	buf_release(&text);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int fetch_branch(struct repo *repo, const struct settings *settings, struct error *err)
{
	struct remote_settings remote = { settings->remote, settings->timeout_ms };
	struct buf refspec = BUF_INIT;
	ref_fetching(&refspec, settings->remote, settings->branch);
	const char *refspecs[] = { refspec.data, NULL };
	int rc = remote_fetch(repo, &remote, refspecs, err);
	buf_release(&refspec);
	return rc;
}

int reading_take(struct reading *out, struct repo *repo, const struct settings *settings,
	bool fetch, const struct env *env, struct error *err)
{
	bool fetched = false;
	*out = (struct reading){ .repo = repo, .now = env_now(env) };
	if (fetch && !remote_exists(repo, settings->remote))
		error_set(&out->offline, ERR_NOT_FOUND, "this clone has no remote '%s'",
			settings->remote);
	else if (fetch)
		fetched = !fetch_branch(repo, settings, &out->offline);
	if (fetched)
		reading_note_fetch(repo, READING_BRANCH, out->now);
	out->fetched_at = out->now;
	int rc = fetched ? 0 : reading_fetched_at(repo, READING_BRANCH, &out->fetched_at, err);
	if (rc < 0)
		return rc;
	rc = repo_tracking_ref(repo, settings->remote, settings->branch, &out->tip, err);
	if (rc == ERR_NOT_FOUND) {
		out->tip = OID_NONE;
		rc = out->offline.code ? error_set(err, ERR_NOT_FOUND,
						 "%s: never fetched, and cannot be fetched now: %s",
						 settings->branch, out->offline.text)
				       : 0;
	}
	return rc;
}

static int find_coordination(const struct entry *entry, void *data)
{
	(void)data;
	return entry->mode == 040000 && !strcmp(entry->name, "coordination");
}

/* Returns 1 for any branch other than heartbeat branches: the repository is not empty. */
static int find_branch(const char *name, const struct oid *oid, void *data)
{
	const char *branch = name + strlen(data);
	(void)oid;
	return strcmp(branch, "HEAD") != 0 &&
		strncmp(branch, FLEET_HEARTBEAT_BRANCH, sizeof(FLEET_HEARTBEAT_BRANCH) - 1) != 0;
}

int reading_check_fleet(struct repo *repo, const struct settings *settings, const struct oid *tip,
	struct error *err)
{
	struct buf prefix = BUF_INIT;
	bool empty = oid_is_none(tip);
	int rc;
	if (!empty) {
		rc = repo_list(repo, tip, "", find_coordination, NULL, err);
	} else {
		ref_tracking(&prefix, settings->remote, "");
		rc = repo_ref_each(repo, prefix.data, find_branch, prefix.data, err);
	}
	buf_release(&prefix);
	if (rc < 0)
		return rc;
	if (!empty == rc)
		return 0;
	return empty ? error_set(err, ERR_INVALID,
			       "not the repository of a fleet: it has branches, but not '%s'",
			       settings->branch)
		     : error_set(err, ERR_INVALID,
			       "not the repository of a fleet: '%s' has no coordination/",
			       settings->branch);
}

/* Parses the text, which it takes, and finds the member. */
static int find_member(struct buf *text, const char *path, const char *name, struct json_doc **doc,
	const struct json_value **member, struct error *err)
{
	int rc = json_parse_buf(doc, text, path, NULL, err);
	if (rc < 0)
		return rc;
	*member = name ? json_member(*doc, json_root(*doc), name) : json_root(*doc);
	if (*member && ((name && (*member)->type == JSON_ARRAY) || (*member)->type == JSON_OBJECT))
		return 0;
	json_doc_free(*doc);
	*doc = NULL;
	*member = NULL;
	return name ? error_set(err, ERR_INVALID, "%s: no valid member \"%s\"", path, name)
		    : error_set(err, ERR_INVALID, "%s:1:1: must be an object", path);
}

static void warn(const struct reading *reading, const char *path, const struct repair *repair)
{
	struct buf lines = BUF_INIT;
	repair_describe(repair, path, false, &lines);
	for (char *rest = lines.data, *line; reading->warn && (line = strsep(&rest, "\n"));)
		if (*line)
			reading->warn(path, line, reading->warn_data);
	buf_release(&lines);
}

static int read_text(
	const struct reading *reading, const char *path, struct buf *text, struct error *err)
{
	return repo_read(reading->repo, &reading->tip, path, FLEET_DOCUMENT_LIMIT, text, NULL, err);
}

/* Repairs the file, which may have no text, for example because it is a symbolic link. */
static int repair(struct repair *out, const struct reading *reading, struct validity *validity,
	const char *path, const struct documents_history *history, struct error *err)
{
	struct buf text = BUF_INIT;
	struct error wrong = ERROR_INIT;
	int rc = read_text(reading, path, &text, &wrong);
	if (rc < 0 && rc != ERR_INVALID)
		error_set(err, rc, "%s", wrong.text);
	else
		rc = repair_text(
			out, validity, path, rc ? NULL : text.data, text.len, history, err);
	if (wrong.code) {
		buf_reset(&out->wrong);
		buf_addstr(&out->wrong, wrong.text);
	}
	buf_release(&text);
	return rc;
}

int reading_restored(
	const struct reading *reading, const char *path, struct buf *out, struct error *err)
{
	struct repair repaired = REPAIR_INIT;
	struct documents_history history = { 0 };
	struct validity *validity = NULL;
	int rc = last_valid_rules(&validity, reading->repo, &reading->tip, err);
	if (!rc)
		rc = last_valid_find(&history, reading->repo, &reading->tip, path, err);
	if (!rc)
		rc = repair(&repaired, reading, validity, path, &history, err);
	if (!rc && !*repaired.from)
		rc = error_set(err, ERR_INVALID, "%s: was never valid", path);
	if (!rc) {
		warn(reading, path, &repaired);
		buf_add(out, repaired.text.data, repaired.text.len);
	}
	documents_history_release(&history);
	validity_free(validity);
	repair_release(&repaired);
	return rc;
}

int reading_valid_text(
	const struct reading *reading, const char *path, struct buf *out, struct error *err)
{
	struct validity *validity = NULL;
	struct error wrong = ERROR_INIT;
	if (oid_is_none(&reading->tip))
		return error_set(err, ERR_NOT_FOUND, "%s does not exist", path);
	int rc = last_valid_rules(&validity, reading->repo, &reading->tip, &wrong);
	if (!rc)
		rc = read_text(reading, path, out, &wrong);
	if (!rc)
		rc = validity_check(validity, path, out->data, out->len, &wrong);
	validity_free(validity);
	if (rc == ERR_INVALID) {
		struct error why = ERROR_INIT;
		buf_reset(out);
		rc = reading_restored(reading, path, out, &why);
		/* If the file cannot be restored, the first error is the one to fix. */
		if (rc < 0 && rc != ERR_INVALID)
			wrong = why;
	}
	return rc < 0 ? error_set(err, rc, "%s", wrong.text) : 0;
}

int reading_document(const struct reading *reading, const char *path, const char *name,
	struct json_doc **doc, const struct json_value **member, struct error *err)
{
	struct buf text = BUF_INIT;
	struct error wrong = ERROR_INIT, why = ERROR_INIT;
	*doc = NULL;
	*member = NULL;
	if (oid_is_none(&reading->tip))
		return 0;
	int rc = read_text(reading, path, &text, &wrong);
	if (rc < 0 && rc != ERR_INVALID)
		return rc == ERR_NOT_FOUND ? 0 : error_set(err, rc, "%s", wrong.text);
	if (!rc)
		rc = find_member(&text, path, name, doc, member, &wrong);
	if (rc < 0) {
		buf_reset(&text);
		rc = reading_restored(reading, path, &text, &why);
		rc = rc ? rc : find_member(&text, path, name, doc, member, &why);
	}
	/* If the file cannot be restored, the first error is the one to fix. */
	if (rc < 0)
		error_set(err, rc, "%s", rc == ERR_INVALID ? wrong.text : why.text);
	buf_release(&text);
	return rc;
}
