/*
 * Lists that only grow (x-append-only).
 *
 * If the list is a JSON Lines file, a push of one line to a long file costs little: the texts are
 * compared, and only the lines that are added are parsed. They are valid if each of them is valid by
 * itself and no old line has the same key. Where that is not certain, the caller checks the whole
 * file.
 */
#include "guard/change.h"

#include "schema/validate.h"

#include <stdlib.h>
#include <string.h>

/* ---- the text ---- */

/* The length of the text that is left as it was, up to the first difference. */
static size_t same_length(const struct buf *old, const struct buf *now)
{
	enum { BLOCK = 4096 };
	size_t most = old->len < now->len ? old->len : now->len, same = 0;
	while (same + BLOCK <= most && !memcmp(old->data + same, now->data + same, BLOCK))
		same += BLOCK;
	while (same < most && old->data[same] == now->data[same])
		same++;
	return same;
}

/* Is the new text the old one, with lines after it? */
static bool is_appended(const struct buf *old, const struct buf *now)
{
	const char *rest = now->data + old->len;
	if (old->len > now->len || same_length(old, now) < old->len)
		return false;
	return !old->len || old->data[old->len - 1] == '\n' || now->len == old->len ||
		*rest == '\n' || (*rest == '\r' && rest[1] == '\n');
}

static size_t count_lines(const char *text, size_t len)
{
	size_t count = 0;
	for (const char *at = text, *end = text + len; (at = memchr(at, '\n', (size_t)(end - at)));
		at++)
		count++;
	return count;
}

/* ---- the keys ---- */

/* Can no line of `old` have this value? Without \u, a string can be written in one way only, unless it
 * has a slash or characters that must be escaped. */
static bool is_certainly_new(
	const struct buf *old, const struct json_doc *doc, const struct json_value *key)
{
	size_t len;
	const char *text = json_raw(doc, key, &len);
	return key->type == JSON_STRING && !memchr(text, '\\', len) && !memchr(text, '/', len) &&
		!memmem(old->data, old->len, text, len);
}

/* Does each added line have a key that no old line has? False if that is not certain. */
static bool have_new_keys(
	const struct buf *old, const struct json_doc *added, const struct array_rules *list)
{
	if (!list || !list->map_keys_count)
		return true;
	if (memmem(old->data, old->len, "\\u", strlen("\\u")))
		return false;
	JSON_EACH (line, json_root(added)) {
		bool is_new = false;
		for (size_t i = 0; i < list->map_keys_count && !is_new; i++) {
			const struct text *name = &list->map_keys[i];
			const struct json_value *key =
				json_member_n(added, line, name->bytes, name->len);
			is_new = !key || is_certainly_new(old, added, key);
		}
		if (!is_new)
			return false;
	}
	return true;
}

/* ---- */

bool rule_appends_lines(const struct rule *rule, enum json_format format)
{
	const struct schema *schema = rule ? rule->schema : NULL;
	return schema && format == FORMAT_LINES && schema->annotations &&
		schema->annotations->append_only && schema_checks_each_element(schema);
}

int version_read_appended(struct version *version, struct repo *repo, size_t limit,
	const struct changed_file *file, const struct schema *schema, struct error *err)
{
	struct buf old = BUF_INIT;
	struct error why = ERROR_INIT;
	size_t size;
	*version = (struct version)VERSION_INIT;
	version->blob = file->blob;
	if (oid_is_none(&file->before) || oid_is_none(&file->blob))
		return 0;
	int rc = history_read_blob(repo, &file->before, limit, &old, &size, &why);
	if (!rc)
		rc = history_read_blob(repo, &file->blob, limit, &version->text, &size, &why);
	if (!rc && is_appended(&old, &version->text)) {
		struct json_limits limits = { .lines = true,
			.first_line = count_lines(old.data, old.len) + 1 };
		if (json_parse(&version->doc, version->text.data + old.len,
			    version->text.len - old.len, file->path, &limits, NULL) >= 0)
			rc = have_new_keys(&old, version->doc, schema->array) &&
				schema_validate(schema, version->doc, NULL, NULL);
	}
	buf_release(&old);
	if (rc <= 0)
		version_release(version);
	return rc >= 0 || rc == ERR_INVALID ? rc > 0 : error_set(err, rc, "%s", why.text);
}

/* ---- a list that changed ---- */

/* Reports the first line that is not as it was. */
static void check_lines(struct step *step)
{
	struct buf old = BUF_INIT, now = BUF_INIT;
	size_t len;
	const char *text = json_text(step->old_doc, &len);
	buf_add(&old, text, len);
	text = json_text(step->new_doc, &len);
	buf_add(&now, text, len);
	if (!is_appended(&old, &now)) {
		struct place place = { .commit = &step->judging->update->new, .path = step->path };
		place.at.line = count_lines(now.data, same_length(&old, &now)) + 1;
		place.at.column = 1;
		guard_violate(step->judging->report, VIOLATION_CHANGED, &place,
			"this line was changed or removed; x-append-only in the schema allows "
			"only new lines after the existing ones");
	}
	buf_release(&old);
	buf_release(&now);
}

void change_check_appended(
	struct step *step, const struct json_value *old, const struct json_value *now)
{
	if (!old || old->type != JSON_ARRAY)
		return;
	if (now && json_is_lines(step->new_doc) && now == json_root(step->new_doc)) {
		check_lines(step);
		return;
	}
	const struct json_value *other = json_first(now);
	size_t left = now && now->type == JSON_ARRAY ? now->count : 0, index = 0;
	JSON_EACH (element, old) {
		if (!left || !json_equal(step->old_doc, element, step->new_doc, other)) {
			step_violate(step, VIOLATION_CHANGED,
				"element %zu was changed or removed; x-append-only in the schema "
				"allows only new elements after the existing ones",
				index);
			return;
		}
		other += other->span;
		left--;
		index++;
	}
}
