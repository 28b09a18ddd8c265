#include "guard/versions.h"

#include <string.h>

int version_read(struct version *version, struct repo *repo, size_t limit, const struct oid *oid,
	const char *path, enum json_format format, const struct json_doc *like,
	struct problem *problem, struct error *err)
{
	struct json_limits limits = { .lines = format == FORMAT_LINES };
	struct error why = ERROR_INIT;
	size_t size = 0;
	*version = (struct version)VERSION_INIT;
	if (oid_is_none(oid))
		return 0;
	version->blob = *oid;
	int rc = history_read_blob(repo, oid, limit, &version->text, &size, &why);
	if (rc == ERR_INVALID && problem) {
		problem->kind = VIOLATION_SIZE;
		error_set(&problem->why, rc,
			"has %zu bytes, more than build.maxFileSize allows (%zu); keep large files "
			"as artifacts outside the repository, or in git LFS",
			size, limit);
	}
	if (rc == ERR_INVALID)
		return 0;
	if (rc < 0)
		return error_set(err, rc, "%s", why.text);
	struct error *wrong = problem ? &problem->why : NULL;
	if (format != FORMAT_NONE)
		json_parse_near(&version->doc, version->text.data, version->text.len, path, like,
			&limits, wrong);
	return 0;
}

void version_release(struct version *version)
{
	json_doc_free(version->doc);
	buf_release(&version->text);
}

/* ---- versions that were checked recently ---- */

static size_t find_path(const struct recent *recent, const char *path)
{
	size_t i = 0;
	while (i < recent->count && strcmp(json_name(recent->versions[i].doc), path) != 0)
		i++;
	return i;
}

static void take_out(struct recent *recent, size_t index)
{
	recent->count--;
	memmove(&recent->versions[index], &recent->versions[index + 1],
		(recent->count - index) * sizeof(*recent->versions));
}

/* The version to replace if there is no space: the oldest small one, so that the statuses of many
 * servers do not replace the queue; else the oldest. */
static size_t find_dispensable(const struct recent *recent)
{
	enum { SMALL = 1024 };
	size_t i = recent->count;
	while (i && recent->versions[i - 1].text.len >= SMALL)
		i--;
	return i ? i - 1 : recent->count - 1;
}

void recent_keep(struct recent *recent, struct version *version)
{
	size_t old = find_path(recent, json_name(version->doc));
	if (old == RECENT_MOST)
		old = find_dispensable(recent);
	if (old < recent->count) {
		version_release(&recent->versions[old]);
		take_out(recent, old);
	}
	memmove(&recent->versions[1], &recent->versions[0],
		recent->count * sizeof(*recent->versions));
	recent->versions[0] = *version;
	recent->count++;
	*version = (struct version)VERSION_INIT;
}

const struct json_doc *recent_like(const struct recent *recent, const char *path)
{
	size_t found = find_path(recent, path);
	return found < recent->count ? recent->versions[found].doc : NULL;
}

bool recent_take(
	struct recent *recent, const char *path, const struct oid *blob, struct version *version)
{
	size_t found = find_path(recent, path);
	if (found == recent->count || !oid_equal(&recent->versions[found].blob, blob))
		return false;
	*version = recent->versions[found];
	take_out(recent, found);
	return true;
}

void recent_keep_added(struct recent *recent, const struct oid *before, struct version *version)
{
	version_release(&recent->added);
	recent->added = *version;
	recent->added_to = *before;
	*version = (struct version)VERSION_INIT;
}

bool recent_take_added(
	struct recent *recent, const struct changed_file *file, struct version *version)
{
	if (!recent->added.doc || strcmp(json_name(recent->added.doc), file->path) != 0 ||
		!oid_equal(&recent->added.blob, &file->blob) ||
		!oid_equal(&recent->added_to, &file->before))
		return false;
	*version = recent->added;
	recent->added = (struct version)VERSION_INIT;
	return true;
}

void recent_forget_added(struct recent *recent)
{
	version_release(&recent->added);
	recent->added = (struct version)VERSION_INIT;
}

void recent_release(struct recent *recent)
{
	recent_forget_added(recent);
	while (recent->count)
		version_release(&recent->versions[--recent->count]);
}
