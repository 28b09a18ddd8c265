/* Every new commit's changed files: sound JSON, no conflict markers, not too large. */
#include "guard/internal.h"

#include "base/alloc.h"
#include "json/document.h"
#include "store/history.h"

#include <stdlib.h>
#include <string.h>

/* A file of the push that is being looked at, commit by commit. */
struct walk {
	struct judging *judging;
	const struct oid *commit;
	struct oid *seen; /* blobs that have been judged, sorted: the same content is judged once */
	size_t count, capacity;
	struct buf text;
};

static bool is_json(const char *path)
{
	size_t len = strlen(path);
	return len > 5 && !strcmp(path + len - 5, ".json");
}

int guard_check_content(const char *path, const char *text, size_t len, struct error *err)
{
	struct json_doc *doc;
	if (!is_json(path))
		return 0;
	int rc = json_parse(&doc, text, len, path, NULL, err);
	if (!rc)
		json_doc_free(doc);
	return rc;
}

/* Notes that blob `oid` is being judged; false if it was before. */
static bool is_new_to(struct walk *walk, const struct oid *oid)
{
	size_t low = 0, high = walk->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(walk->seen[middle].hex, oid->hex);
		if (!order)
			return false;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	GROW(walk->seen, walk->count, walk->capacity);
	memmove(&walk->seen[low + 1], &walk->seen[low], (walk->count - low) * sizeof(*walk->seen));
	walk->seen[low] = *oid;
	walk->count++;
	return true;
}

/* A path as it can be shown on one line: git allows newlines in it, and bytes that are no UTF-8. */
static void show_path(const char *path, struct buf *out)
{
	for (; *path; path++) {
		unsigned char c = (unsigned char)*path;
		if (c < 0x20 || c == 0x7f)
			buf_addf(out, "\\%03o", c);
		else
			buf_addch(out, (char)c);
	}
}

static int judge_blob(struct walk *walk, const struct changed_file *file, const char *shown)
{
	struct judging *j = walk->judging;
	struct error wrong = ERROR_INIT;
	size_t size = 0, limit = (size_t)j->settings->max_file_size;
	buf_reset(&walk->text);
	int rc = history_read_blob(j->repo, &file->blob, limit, &walk->text, &size, &wrong);
	if (rc == ERR_INVALID) {
		guard_violate(j->report, walk->commit,
			"%s: has %zu bytes, more than build.maxFileSize allows (%zu); keep large "
			"files as "
			"artifacts outside the repository, or in git LFS",
			shown, size, limit);
		return 0;
	}
	if (rc < 0)
		return error_set(j->err, rc, "%s", wrong.text);
	j->report->judged++;
	if (guard_check_content(shown, walk->text.data, walk->text.len, &wrong) < 0)
		guard_violate(j->report, walk->commit, "%s", wrong.text);
	return 0;
}

static int judge_file(const struct changed_file *file, void *data)
{
	struct walk *walk = data;
	struct buf shown = BUF_INIT;
	int rc = 0;
	show_path(file->path, &shown);
	if (file->mode && file->mode != 0100644 && file->mode != 0100755) {
		if (is_json(file->path))
			guard_violate(walk->judging->report, walk->commit,
				"%s: is a %s; a coordination file must be a plain file", shown.data,
				file->mode == 0120000 ? "symbolic link" : "submodule");
	} else if (file->mode && is_new_to(walk, &file->blob)) {
		rc = judge_blob(walk, file, shown.data);
	}
	buf_release(&shown);
	return rc;
}

static int judge_commit(const struct oid *commit, void *data)
{
	struct walk *walk = data;
	walk->commit = commit;
	return history_each_changed(
		walk->judging->repo, commit, judge_file, walk, walk->judging->err);
}

int guard_judge_contents(struct judging *j)
{
	struct walk walk = { .judging = j, .text = BUF_INIT };
	int rc = history_each_new(j->repo, &j->update->new, &j->update->old, j->settings->standing,
		judge_commit, &walk, j->err);
	free(walk.seen);
	buf_release(&walk.text);
	return rc;
}
