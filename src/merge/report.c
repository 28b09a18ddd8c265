/* The messages of a merge: discarded values and problems. */
#include "merge/internal.h"

#include "base/utf8.h"

#include <stdio.h>

enum { SHOWN = 60 };

/* A value in a message: a string without its quotes, shortened to one line. */
static void show(struct buf *out, const struct json_doc *doc, const struct json_value *value)
{
	size_t len;
	if (!value) {
		buf_addstr(out, "nothing");
		return;
	}
	const char *text = value->type == JSON_STRING ? json_string(doc, value, &len)
						      : json_raw(doc, value, &len);
	size_t shown = 0, start = out->len;
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
	if (shown == SHOWN) {
		size_t whole = utf8_valid_prefix(out->data + start, out->len - start);
		buf_truncate(out, start + whole);
		buf_addstr(out, "...");
	}
}

static void add_keys(const struct merging *m, const struct spot *spot, struct buf *name)
{
	enum side has = spot->at.at[A] ? A : B;
	for (size_t i = 0; i < spot->keys_count; i++) {
		const struct text *key = &spot->keys[i];
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
	else if (spot->keys)
		add_keys(m, spot, &name);
	else
		buf_addf(&name, "%zu", spot->index);
	json_pointer_add(out, name.data, name.len);
	buf_release(&name);
}

static void add_message(struct merging *m, const struct spot *spot, struct buf *out,
	const char *format, va_list args) __attribute__((format(printf, 4, 0)));
static void add_message(struct merging *m, const struct spot *spot, struct buf *out,
	const char *format, va_list args)
{
	size_t start = out->len;
	buf_addf(out, "%s ", m->request->name);
	add_pointer(m, spot, out);
	buf_addstr(out, spot->up ? ": " : "/: ");
	buf_vaddf(out, format, args);
	/* Each message is one line, even if names and values contain line breaks. */
	for (size_t i = start; i < out->len; i++)
		if ((unsigned char)out->data[i] < ' ')
			out->data[i] = ' ';
	buf_addch(out, '\n');
}

void report(struct merging *m, const struct spot *spot, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add_message(m, spot, &m->result->report, format, args);
	va_end(args);
}

static void report_rule(struct merging *m, const struct spot *spot, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Reports a value that a rule has discarded. */
static void report_rule(struct merging *m, const struct spot *spot, const char *format, ...)
{
	struct buf *all = &m->result->report;
	size_t start = all->len;
	va_list args;
	va_start(args, format);
	add_message(m, spot, all, format, args);
	va_end(args);
	buf_add(&m->result->discarded, all->data + start, all->len - start);
}

void report_discarded(struct merging *m, const struct spot *spot, enum side kept,
	enum side discarded, const char *why)
{
	struct buf winner = BUF_INIT, loser = BUF_INIT;
	show(&winner, m->docs[kept], spot->at.at[kept]);
	show(&loser, m->docs[discarded], spot->at.at[discarded]);
	report_rule(m, spot, "kept %s (%s), discarded %s", winner.data, why, loser.data);
	buf_release(&winner);
	buf_release(&loser);
}

void report_kept(struct merging *m, const struct spot *spot, enum side kept)
{
	struct buf value = BUF_INIT;
	show(&value, m->docs[kept], spot->at.at[kept]);
	report_rule(m, spot, "kept %s, because one side changed it and the other removed it",
		value.data);
	buf_release(&value);
}

void report_removed(struct merging *m, const struct spot *spot, enum side has)
{
	struct buf value = BUF_INIT;
	show(&value, m->docs[has], spot->at.at[has]);
	report_rule(m, spot, "removed, because one side removed this tombstone; discarded %s",
		value.data);
	buf_release(&value);
}

void report_newer(struct merging *m, const struct spot *spot, enum side newer)
{
	const struct text *clock = &spot->place->rules.merge_clock;
	enum side older = newer == A ? B : A;
	struct triple clocks = { { NULL } };
	struct buf winner = BUF_INIT, loser = BUF_INIT;
	for (enum side side = A; side < SIDES && clock->bytes; side++)
		clocks.at[side] =
			json_member_n(m->docs[side], spot->at.at[side], clock->bytes, clock->len);
	if (!clocks.at[A] || !clocks.at[B] || same_value(m, &clocks, A, B)) {
		report_discarded(m, spot, newer, older, "smaller");
		return;
	}
	show(&winner, m->docs[newer], clocks.at[newer]);
	show(&loser, m->docs[older], clocks.at[older]);
	report_rule(m, spot, "kept the record of %s (newer), discarded the record of %s",
		winner.data, loser.data);
	buf_release(&winner);
	buf_release(&loser);
}
