#include "clone/last_valid.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "fleet/limits.h"
#include "schema/builtin.h"

#include <stdlib.h>
#include <string.h>

/* A set of object IDs: a hash table with open addressing. */
struct oid_set {
	struct oid *slots; /* OID_NONE: free */
	size_t count, size;
};

struct search {
	struct repo *repo;
	const char *path;
	struct validity *validity;
	struct documents_history *out;
	struct oid *queue; /* commits in which the file is not valid */
	size_t count, capacity;
	struct oid_set seen;           /* commits in the queue, and valid ones */
	struct oid_set valid, invalid; /* blobs that were checked */
	/* The first commits found that have a valid parent; `taken_by` are merges that took the
	 * file as it is from another parent. OID_NONE: none. */
	struct oid broken_by, taken_by;
};

/* ---- sets ---- */

static struct oid *slot_of(const struct oid_set *set, const struct oid *oid)
{
	size_t at = hash_bytes(oid->hex, strlen(oid->hex)) & (set->size - 1);
	while (!oid_is_none(&set->slots[at]) && !oid_equal(&set->slots[at], oid))
		at = (at + 1) & (set->size - 1);
	return &set->slots[at];
}

static bool has(const struct oid_set *set, const struct oid *oid)
{
	return set->size && !oid_is_none(slot_of(set, oid));
}

/* Adds `oid`; false if the set has it already. */
static bool add(struct oid_set *set, const struct oid *oid)
{
	if (has(set, oid))
		return false;
	if (set->size < hash_size(set->count + 1)) {
		struct oid_set grown = { .size = hash_size(set->count + 1), .count = set->count };
		grown.slots = xcalloc(grown.size, sizeof(*grown.slots));
		for (size_t i = 0; i < set->size; i++)
			if (!oid_is_none(&set->slots[i]))
				*slot_of(&grown, &set->slots[i]) = set->slots[i];
		free(set->slots);
		*set = grown;
	}
	*slot_of(set, oid) = *oid;
	set->count++;
	return true;
}

/* ---- one version ---- */

/* Stores the blob of the file in `commit`; OID_NONE if there is no such file. */
static int find_blob(
	struct search *s, const struct oid *commit, struct oid *blob, struct error *err)
{
	int rc = repo_find(s->repo, commit, s->path, blob, err);
	if (rc == ERR_NOT_FOUND)
		*blob = OID_NONE;
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* Reads the file if it is valid. 1: it is; 0: it is not; or a negative code. */
static int read_valid(
	struct search *s, const struct oid *commit, struct buf *text, struct error *err)
{
	struct error why = ERROR_INIT;
	int rc = repo_read(s->repo, commit, s->path, FLEET_DOCUMENT_LIMIT, text, NULL, &why);
	if (!rc)
		rc = validity_check(s->validity, s->path, text->data, text->len, &why);
	if (rc == ERR_INVALID || rc == ERR_NOT_FOUND)
		return 0;
	return rc < 0 ? error_set(err, rc, "%s", why.text) : 1;
}

/* Takes the text. */
static void keep_version(struct search *s, const struct oid *commit, struct buf *text)
{
	struct documents_history *out = s->out;
	GROW(out->versions, out->count, out->capacity);
	struct documents_version *version = &out->versions[out->count++];
	*version = (struct documents_version){ .text = *text, .base = BUF_INIT };
	memcpy(version->commit, commit->hex, sizeof(version->commit));
	*text = (struct buf)BUF_INIT;
}

/* Is the file in `commit`, with this blob, valid? If so, keeps its text. 1, 0, or a negative
 * code. */
static int check_version(
	struct search *s, const struct oid *commit, const struct oid *blob, struct error *err)
{
	struct buf text = BUF_INIT;
	if (oid_is_none(blob) || has(&s->invalid, blob))
		return 0;
	if (has(&s->valid, blob))
		return 1;
	int rc = read_valid(s, commit, &text, err);
	if (rc >= 0)
		add(rc ? &s->valid : &s->invalid, blob);
	if (rc > 0)
		keep_version(s, commit, &text);
	buf_release(&text);
	return rc;
}

/* ---- the search ---- */

/* Is the commit in the repository? The parents of the oldest commits of a shallow clone are not. */
static int is_there(struct search *s, const struct oid *commit, struct error *err)
{
	int rc = repo_has(s->repo, commit, err);
	if (rc)
		return rc;
	rc = repo_is_shallow(s->repo, err);
	if (rc > 0)
		s->out->end = "the clone is shallow; run 'git fetch --unshallow'";
	return rc ? (rc < 0 ? rc : 0)
		  : error_set(err, ERR_FAILED, "commit %.12s is missing", commit->hex);
}

/* Checks a parent of `child`. Returns 1 if the file is valid there, 0, or a negative code. */
static int visit(struct search *s, const struct oid *parent, struct oid *blob, struct error *err)
{
	*blob = OID_NONE;
	int rc = is_there(s, parent, err);
	if (rc <= 0)
		return rc;
	rc = find_blob(s, parent, blob, err);
	if (rc < 0 || !add(&s->seen, parent))
		return rc;
	rc = check_version(s, parent, blob, err);
	if (!rc) {
		GROW(s->queue, s->count, s->capacity);
		s->queue[s->count++] = *parent;
	}
	return rc;
}

/* Visits the parents of the commit, and notes it if one of them is valid. A merge that took an
 * invalid file from another parent did not break it. */
static int visit_parents(struct search *s, const struct oid *id, struct error *err)
{
	struct commit commit = { .message = BUF_INIT };
	struct oid own, blob, parent;
	bool had_valid = false, taken = false;
	int rc = repo_commit(s->repo, id, &commit, err);
	if (!rc)
		rc = find_blob(s, id, &own, err);
	for (unsigned i = 0; rc >= 0 && i < commit.parents; i++) {
		rc = repo_parent(s->repo, id, i, &parent, err);
		if (!rc)
			rc = visit(s, &parent, &blob, err);
		had_valid = had_valid || rc > 0;
		taken = taken || (!rc && oid_equal(&own, &blob));
	}
	struct oid *by = taken ? &s->taken_by : &s->broken_by;
	if (had_valid && oid_is_none(by))
		*by = *id;
	buf_release(&commit.message);
	return rc < 0 ? rc : 0;
}

/* Removes versions that are ancestors of others. */
static int remove_older(struct search *s, struct error *err)
{
	struct documents_history *out = s->out;
	size_t kept = 0;
	for (size_t i = 0; i < out->count; i++) {
		struct oid one, other;
		int rc = 0;
		oid_parse(&one, out->versions[i].commit);
		for (size_t k = 0; k < out->count && !rc; k++) {
			oid_parse(&other, out->versions[k].commit);
			rc = k == i ? 0 : repo_is_ancestor(s->repo, &one, &other, err);
		}
		if (rc < 0)
			return rc;
		if (!rc) {
			struct documents_version moved = out->versions[kept];
			out->versions[kept++] = out->versions[i];
			out->versions[i] = moved;
		}
	}
	while (out->count > kept)
		buf_release(&out->versions[--out->count].text);
	return 0;
}

/* Reads the common ancestor of the first version and each of the others. */
static int read_bases(struct search *s, struct error *err)
{
	struct documents_history *out = s->out;
	struct oid first, other, base;
	int rc = 0;
	for (size_t i = 1; i < out->count && rc >= 0; i++) {
		oid_parse(&first, out->versions[0].commit);
		oid_parse(&other, out->versions[i].commit);
		rc = repo_merge_base(s->repo, &first, &other, &base, err);
		if (!rc)
			rc = read_valid(s, &base, &out->versions[i].base, err);
		if (rc == 0 || rc == ERR_NOT_FOUND) {
			buf_reset(&out->versions[i].base);
			rc = 0;
		}
	}
	return rc < 0 ? rc : 0;
}

static int conclude(struct search *s, struct error *err)
{
	struct documents_history *out = s->out;
	const struct oid *by = oid_is_none(&s->broken_by) ? &s->taken_by : &s->broken_by;
	memcpy(out->broken_by, by->hex, sizeof(out->broken_by));
	int rc = remove_older(s, err);
	return rc < 0 ? rc : read_bases(s, err);
}

int last_valid_rules(
	struct validity **out, struct repo *repo, const struct oid *tip, struct error *err)
{
	struct validity *validity = validity_new();
	struct buf path = BUF_INIT;
	struct oid blob;
	int rc = 0;
	for (size_t i = 0; builtin_names[i] && rc >= 0; i++) {
		buf_reset(&path);
		buf_addf(&path, FLEET_SCHEMAS_DIRECTORY "/%s.json", builtin_names[i]);
		rc = repo_find(repo, tip, path.data, &blob, err);
		if (!rc)
			validity_replaced(validity, builtin_names[i]);
		rc = rc == ERR_NOT_FOUND ? 0 : rc;
	}
	buf_release(&path);
	if (rc < 0)
		validity_free(validity);
	else
		*out = validity;
	return rc;
}

int last_valid_find(struct documents_history *out, struct repo *repo, const struct oid *tip,
	const char *path, struct error *err)
{
	struct search s = { .repo = repo, .path = path, .out = out };
	*out = (struct documents_history){ 0 };
	int rc = last_valid_rules(&s.validity, repo, tip, err);
	if (rc < 0)
		return rc;
	GROW(s.queue, s.count, s.capacity);
	s.queue[s.count++] = *tip;
	add(&s.seen, tip);
	for (size_t i = 0; i < s.count && i < LAST_VALID_COMMITS && rc >= 0; i++) {
		struct oid commit = s.queue[i];
		rc = out->count < LAST_VALID_MOST ? visit_parents(&s, &commit, err) : 0;
	}
	if (s.count > LAST_VALID_COMMITS || out->count >= LAST_VALID_MOST)
		out->end = "the search was limited to 100,000 commits and 32 versions";
	if (rc >= 0)
		rc = conclude(&s, err);
	if (rc < 0)
		documents_history_release(out);
	validity_free(s.validity);
	free(s.queue);
	free(s.seen.slots);
	free(s.valid.slots);
	free(s.invalid.slots);
	return rc;
}
