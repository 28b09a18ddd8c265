/* Archive files, and the elements that a push moves into them. */
#include "base/alloc.h"
#include "guard/change.h"

#include <stdlib.h>
#include <string.h>

/* Is `name` the name of an archive: `start`, more characters without a slash, and the ending of a
 * document? */
static bool is_archive_name(const char *name, const char *start, size_t len)
{
	return !strncmp(name, start, len) && !strchr(name + len, '/') &&
		json_format_of(name + len, NULL) != FORMAT_NONE;
}

bool step_is_archive(const struct step *step, const struct text *archive)
{
	return archive->bytes && is_archive_name(step->path, archive->bytes, archive->len);
}

/* ---- marks ---- */

bool marks_have(const struct marks *marks, const struct json_value *value)
{
	return marks->is_marked && marks->is_marked[value - marks->list];
}

static struct marks marks_on(const struct json_value *list)
{
	return (struct marks){ list, xcalloc(list->span, sizeof(bool)) };
}

struct marking {
	struct marks *marks;
	const struct json_doc *doc, *other_doc; /* the document with the list, and the other one */
};

static void mark(const struct json_value *value, const struct json_value *other, const char *name,
	void *data)
{
	struct marking *m = data;
	(void)name;
	if (value && other && json_equal(m->doc, value, m->other_doc, other))
		m->marks->is_marked[value - m->marks->list] = true;
}

/* ---- removed elements ---- */

struct looking {
	struct step *step;
	const struct pair_key *keys;
	size_t keys_count;
	struct marks *marks;
	struct buf directory;
	const char *start; /* the common prefix of the archives' names in the directory */
	size_t start_len;
	struct buf pointer; /* to the list */
};

static int look_into(const struct entry *entry, void *data)
{
	struct looking *l = data;
	struct judging *j = l->step->judging;
	struct version version = VERSION_INIT;
	struct buf path = BUF_INIT;
	if (entry->mode >> 12 != 010 || !is_archive_name(entry->name, l->start, l->start_len))
		return 0;
	buf_addf(&path, "%s/%s", l->directory.data, entry->name);
	int rc = version_read(&version, j->guard->repo, (size_t)j->guard->max_file_size,
		&entry->oid, path.data, json_format_of(path.data, NULL), NULL, NULL, j->err);
	if (!rc && version.doc) {
		struct pairing pairing = { l->step->old_doc, version.doc, l->marks->list,
			json_at(version.doc, l->pointer.data) };
		struct marking marking = { l->marks, l->step->old_doc, version.doc };
		pairs_of_elements(&pairing, l->keys, l->keys_count, mark, &marking);
	}
	version_release(&version);
	buf_release(&path);
	return rc;
}

struct marks step_find_archived(struct step *step, const struct text *archive,
	const struct json_value *list, const struct pair_key *keys, size_t count)
{
	struct judging *j = step->judging;
	struct marks marks = marks_on(list);
	struct looking looking = { step, keys, count, &marks, BUF_INIT, archive->bytes,
		archive->len, BUF_INIT };
	const char *slash = memrchr(archive->bytes, '/', archive->len);
	if (slash) {
		buf_add(&looking.directory, archive->bytes, (size_t)(slash - archive->bytes));
		looking.start = slash + 1;
		looking.start_len -= looking.directory.len + 1;
	}
	json_pointer_of(step->old_doc, list, &looking.pointer);
	int rc = repo_list(j->guard->repo, &j->update->new, looking.directory.data, look_into,
		&looking, j->err);
	if (rc < 0 && rc != ERR_NOT_FOUND)
		step->rc = rc;
	buf_release(&looking.directory);
	buf_release(&looking.pointer);
	return marks;
}

/* ---- added elements ---- */

struct marks step_find_moved(
	struct step *step, const char *path, const char *name, const struct json_value *list)
{
	static const struct pair_key id = { "id", 2 };
	struct judging *j = step->judging;
	struct marks marks = marks_on(list);
	struct version before = VERSION_INIT;
	struct oid blob;
	int rc = oid_is_none(&j->update->old)
		? ERR_NOT_FOUND
		: repo_find(j->guard->repo, &j->update->old, path, &blob, j->err);
	if (!rc)
		rc = version_read(&before, j->guard->repo, (size_t)j->guard->max_file_size, &blob,
			path, FORMAT_JSON, NULL, NULL, j->err);
	if (!rc && before.doc) {
		struct pairing pairing = { step->new_doc, before.doc, list,
			json_member(before.doc, json_root(before.doc), name) };
		struct marking marking = { &marks, step->new_doc, before.doc };
		pairs_of_elements(&pairing, &id, 1, mark, &marking);
	}
	version_release(&before);
	if (rc < 0 && rc != ERR_NOT_FOUND)
		step->rc = rc;
	return marks;
}
