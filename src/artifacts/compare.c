#include "artifacts/compare.h"

#include "base/alloc.h"
#include "base/child.h"
#include "base/file.h"
#include "artifacts/fetch.h"

#include <stdlib.h>
#include <string.h>

enum { LISTING_LIMIT = 64 << 20, TIMEOUT_MS = 120000 };

void comparison_release(struct comparison *comparison)
{
	free(comparison->rows);
	arena_release(&comparison->arena);
	*comparison = (struct comparison){ 0 };
}

/* ---- the content of a package ---- */

struct item {
	const char *name, *value;
};

struct item_list {
	struct item *items;
	size_t count, capacity;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct item *)a)->name, ((const struct item *)b)->name);
}

static void add_item(struct item_list *list, const char *name, const char *value)
{
	GROW(list->items, list->count, list->capacity);
	list->items[list->count++] = (struct item){ name, value };
}

/* Runs dpkg-deb on a package and appends its output to `out`. */
static int ask_dpkg(const char *what, const char *directory, const char *name, struct buf *out,
	struct error *err)
{
	static const char *const environment[] = { "LC_ALL=C", "TZ=UTC", "TAR_OPTIONS", NULL };
	struct buf path = BUF_INIT, errors = BUF_INIT;
	buf_addf(&path, "./%s", name);
	const char *argv[] = { "dpkg-deb", what, path.data, NULL };
	struct child child = { .argv = argv,
		.directory = directory,
		.environment = environment,
		.timeout_ms = TIMEOUT_MS,
		.output = out,
		.errors = &errors,
		.output_limit = LISTING_LIMIT };
	int status, rc = child_run(&child, &status, err);
	buf_trim(&errors);
	if (!rc && status)
		rc = error_set(err, ERR_FAILED, "dpkg-deb cannot read %s/%s: %s", directory, name,
			errors.data);
	buf_release(&path);
	buf_release(&errors);
	return rc;
}

/* Reads lines of "Name: value"; a line that starts with a space continues the previous one. */
static void read_fields(char *text, struct item_list *list, struct arena *arena)
{
	for (char *at = text; *at;) {
		size_t len = strcspn(at, "\n"), name = strcspn(at, ":");
		while (at[len] == '\n' && at[len + 1] == ' ')
			len += 1 + strcspn(at + len + 1, "\n");
		if (name < len) {
			const char *value = at + name + 1;
			value += strspn(value, " ");
			add_item(list, arena_strndup(arena, at, name),
				arena_strndup(arena, value, (size_t)(at + len - value)));
		}
		at += len + (at[len] == '\n');
	}
}

/* Reads a listing of tar(1): "-rw-r--r-- root/root 6 2026-01-01 00:00 ./path"; the path of a link
 * ends in " -> target". The time is ignored. */
static void read_files(char *text, struct item_list *list, struct arena *arena)
{
	enum { COLUMNS = 5, SHOWN = 3 };
	struct buf value = BUF_INIT;
	for (char *at = text; *at;) {
		size_t len = strcspn(at, "\n");
		char *end = at + len, *next = end + (*end == '\n'), *word = at;
		bool link = *at == 'l';
		int column = 0;
		buf_reset(&value);
		*end = '\0';
		for (; column < COLUMNS && *word; column++) {
			size_t width = strcspn(word, " ");
			if (column < SHOWN)
				buf_addf(&value, "%s%.*s", column ? " " : "", (int)width, word);
			word += width + strspn(word + width, " ");
		}
		char *target = link ? strstr(word, " -> ") : NULL;
		if (target) {
			buf_addstr(&value, target);
			*target = '\0';
		}
		if (column == COLUMNS && *word)
			add_item(list, arena_strndup(arena, word, strlen(word)),
				arena_strndup(arena, value.data, value.len));
		at = next;
	}
	buf_release(&value);
}

/* The differences between two lists. */
static struct difference *compare_lists(
	struct item_list *a, struct item_list *b, struct arena *arena, size_t *count)
{
	struct difference *list = arena_array(arena, a->count + b->count + 1, sizeof(*list));
	*count = 0;
	if (a->count)
		qsort(a->items, a->count, sizeof(*a->items), by_name);
	if (b->count)
		qsort(b->items, b->count, sizeof(*b->items), by_name);
	for (size_t i = 0, j = 0; i < a->count || j < b->count;) {
		int order = i == a->count ? 1
			: j == b->count   ? -1
					  : strcmp(a->items[i].name, b->items[j].name);
		const struct item *left = order <= 0 ? &a->items[i++] : NULL;
		const struct item *right = order >= 0 ? &b->items[j++] : NULL;
		if (left && right && !strcmp(left->value, right->value))
			continue;
		list[(*count)++] = (struct difference){ left ? left->name : right->name,
			left ? left->value : NULL, right ? right->value : NULL };
	}
	return list;
}

/* ---- two files ---- */

struct comparing {
	struct comparison *out;
	const char *a_directory, *b_directory;
};

static int compare_inside(const struct comparing *c, struct compared *row, const char *what,
	void (*read)(char *text, struct item_list *list, struct arena *arena),
	struct difference **differences, size_t *count, struct error *err)
{
	struct buf a_text = BUF_INIT, b_text = BUF_INIT;
	struct item_list a = { 0 }, b = { 0 };
	int rc = ask_dpkg(what, c->a_directory, row->a->name, &a_text, err);
	if (!rc)
		rc = ask_dpkg(what, c->b_directory, row->b->name, &b_text, err);
	if (!rc) {
		read(a_text.data, &a, &c->out->arena);
		read(b_text.data, &b, &c->out->arena);
		*differences = compare_lists(&a, &b, &c->out->arena, count);
	}
	free(a.items);
	free(b.items);
	buf_release(&a_text);
	buf_release(&b_text);
	return rc;
}

static bool at_hand(const struct artifact *artifact, const char *directory)
{
	enum artifact_state state;
	int64_t size;
	struct error ignored = ERROR_INIT;
	return !artifact_check(artifact, directory, &state, &size, &ignored) &&
		state == ARTIFACT_WHOLE;
}

static void look_inside(const struct comparing *c, struct compared *row)
{
	if (!file_has_ending(row->a->name, ".deb") || !file_has_ending(row->b->name, ".deb") ||
		!at_hand(row->a, c->a_directory) || !at_hand(row->b, c->b_directory))
		return;
	struct error err = ERROR_INIT;
	int rc = compare_inside(
		c, row, "--field", read_fields, &row->fields, &row->fields_count, &err);
	if (!rc)
		rc = compare_inside(
			c, row, "--contents", read_files, &row->files, &row->files_count, &err);
	row->opened = !rc;
	if (rc < 0)
		row->problem = arena_strndup(&c->out->arena, err.text, strlen(err.text));
}

static void add_row(const struct comparing *c, const struct artifact *a, const struct artifact *b)
{
	struct comparison *out = c->out;
	GROW(out->rows, out->count, out->capacity);
	struct compared *row = &out->rows[out->count++];
	*row = (struct compared){ .a = a, .b = b };
	row->same = a && b && a->size == b->size && !strcmp(a->sha256, b->sha256);
	if (a && b && !row->same)
		look_inside(c, row);
}

/* ---- pairs of files ---- */

/* Do two packages have the same name and architecture ("tiny_1.2_all.deb")? */
static bool same_package(const char *a, const char *b)
{
	const char *a_end = strchr(a, '_'), *b_end = strchr(b, '_');
	if (!file_has_ending(a, ".deb") || !file_has_ending(b, ".deb") || !a_end || !b_end)
		return false;
	return a_end - a == b_end - b && !strncmp(a, b, (size_t)(a_end - a)) &&
		!strcmp(strrchr(a, '_'), strrchr(b, '_'));
}

/* The only package of `in` that is another version of `artifact`, and whose file name `other` does
 * not have; NULL if there is none, or more than one. */
static const struct artifact *find_version(
	const struct artifact *artifact, const struct manifest *in, const struct manifest *other)
{
	const struct artifact *found = NULL;
	for (size_t i = 0; i < in->count; i++) {
		if (!same_package(artifact->name, in->artifacts[i].name) ||
			manifest_find(other, in->artifacts[i].name))
			continue;
		if (found)
			return NULL;
		found = &in->artifacts[i];
	}
	return found;
}

/* The artifact of `other` that forms a pair with `artifact`, which is one of `own`. */
static const struct artifact *find_partner(
	const struct artifact *artifact, const struct manifest *own, const struct manifest *other)
{
	const struct artifact *partner = manifest_find(other, artifact->name);
	if (partner)
		return partner;
	partner = find_version(artifact, other, own);
	/* Check the reverse too: otherwise, two artifacts could have the same partner. */
	return partner && find_version(partner, own, other) == artifact ? partner : NULL;
}

void compare_builds(struct comparison *out, const struct manifest *a, const char *a_directory,
	const struct manifest *b, const char *b_directory)
{
	struct comparing c = { out, a_directory, b_directory };
	*out = (struct comparison){ 0 };
	for (size_t i = 0; i < a->count; i++)
		add_row(&c, &a->artifacts[i], find_partner(&a->artifacts[i], a, b));
	for (size_t i = 0; i < b->count; i++)
		if (!find_partner(&b->artifacts[i], b, a))
			add_row(&c, NULL, &b->artifacts[i]);
}
