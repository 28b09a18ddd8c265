/* What a person should know of a merge. */
#include "merge/internal.h"

#include <stdio.h>

enum { SHOWN = 60 };

/* A value as a person reads it: a string without its quotes, at most one line's worth. */
static void show(struct buf *out, const struct json_doc *doc, const struct json_value *value)
{
	size_t len;
	if (!value) {
		buf_addstr(out, "nothing");
		return;
	}
	const char *text = value->type == JSON_STRING ? json_string(doc, value, &len)
						      : json_raw(doc, value, &len);
	size_t shown = 0;
	bool blank = false;
	for (size_t i = 0; i < len && shown < SHOWN; i++) {
		bool space =
			text[i] == ' ' || text[i] == '\n' || text[i] == '\r' || text[i] == '\t';
		if (!space || !blank) {
			buf_addch(out, space ? ' ' : text[i]);
			shown++;
		}
		blank = space;
	}
	if (shown == SHOWN)
		buf_addstr(out, "...");
}

static void add_keys(const struct merging *m, const struct spot *spot, struct buf *name)
{
	enum side has = spot->at.at[A] ? A : B;
	const struct schema_place *list = spot->up->place;
	for (size_t i = 0; i < list->keys_count; i++) {
		const struct text *key = &list->keys[i];
		const struct json_value *value =
			json_member_n(m->docs[has], spot->at.at[has], key->bytes, key->len);
		buf_addf(name, "%s" TEXT_FMT "=", i ? "," : "", TEXT_ARG(*key));
		if (value)
			show(name, m->docs[has], value);
	}
}

static void add_pointer(const struct merging *m, const struct spot *spot, struct buf *out)
{
	struct buf name = BUF_INIT;
	if (!spot->up)
		return;
	add_pointer(m, spot->up, out);
	if (spot->name.bytes)
		buf_add(&name, spot->name.bytes, spot->name.len);
	else if (spot->keyed)
		add_keys(m, spot, &name);
	else
		buf_addf(&name, "%zu", spot->index);
	json_pointer_add(out, name.data, name.len);
	buf_release(&name);
}

void say(struct merging *m, const struct spot *spot, const char *format, ...)
{
	size_t start = m->said->len;
	va_list args;
	buf_addf(m->said, "%s ", m->request->name);
	add_pointer(m, spot, m->said);
	buf_addstr(m->said, spot->up ? ": " : "/: ");
	va_start(args, format);
	buf_vaddf(m->said, format, args);
	va_end(args);
	/* One line is one remark, whatever names and values have in them. */
	for (size_t i = start; i < m->said->len; i++)
		if ((unsigned char)m->said->data[i] < ' ')
			m->said->data[i] = ' ';
	buf_addch(m->said, '\n');
}

void say_lost(struct merging *m, const struct spot *spot, enum side kept, enum side dropped,
	const char *why)
{
	struct buf won = BUF_INIT, lost = BUF_INIT;
	show(&won, m->docs[kept], spot->at.at[kept]);
	show(&lost, m->docs[dropped], spot->at.at[dropped]);
	say(m, spot, "kept %s (%s), dropped %s", won.data, why, lost.data);
	buf_release(&won);
	buf_release(&lost);
}

void say_newer(struct merging *m, const struct spot *spot, enum side newer)
{
	const struct text *clock = &spot->place->rules.merge_clock;
	struct buf won = BUF_INIT, lost = BUF_INIT;
	for (enum side side = A; side < SIDES && clock->bytes; side++)
		show(side == newer ? &won : &lost, m->docs[side],
			json_member_n(m->docs[side], spot->at.at[side], clock->bytes, clock->len));
	say(m, spot, "kept the record of %s (newer), dropped that of %s", won.data, lost.data);
	buf_release(&won);
	buf_release(&lost);
}
