/*
 * Generated JSON documents for property tests: first a tree that knows its values, then its text
 * in one of many layouts. The tree is the simple model that documents and edits are compared
 * with; it shares no code with src/json.
 */
#ifndef PROPERTY_JSON_GENERATE_H
#define PROPERTY_JSON_GENERATE_H

#include "base/arena.h"
#include "base/buf.h"
#include "json/document.h"
#include "property/random.h"

#include <stdio.h>
#include <string.h>

/* A string as written, with its quotes, and its value. */
struct spelled {
	const char *raw, *said;
	size_t raw_len, said_len;
};

struct node {
	enum json_type type;
	bool is_member;
	struct spelled name;
	struct spelled text;       /* of a scalar; the value only of a string */
	struct node *first, *next; /* children; the next sibling */
	/* For tests of edits. */
	const struct json_value *original; /* its value in the original document; NULL: new */
	bool touched;                      /* it, or a descendant, was edited */
	bool closed;                       /* it was replaced or removed: no edits inside */
	bool removed;
};

/* The formatting of a text. */
struct style {
	const char *newline; /* NULL: all on one line */
	const char *unit;    /* one level of indentation */
	const char *comma;   /* between children on one line */
	const char *colon;
	bool chaos; /* whitespace anywhere, from `random` */
	struct random *random;
};

struct generator {
	struct random *random;
	struct arena *arena;
	unsigned names; /* the number of names given, to make each unique */
};

static inline char *generate_copy(struct generator *g, const struct buf *text)
{
	return arena_strndup(g->arena, text->data, text->len);
}

/* A string of some pieces, followed by `tail`. */
static inline struct spelled generate_string(struct generator *g, size_t most, const char *tail)
{
	static const struct {
		const char *raw, *said;
		size_t said_len;
	} pieces[] = { { "a", "a", 1 }, { "server 1", "server 1", 8 }, { "{[,:]}", "{[,:]}", 6 },
		{ "\\\"", "\"", 1 }, { "\\\\", "\\", 1 }, { "\\/", "/", 1 }, { "/", "/", 1 },
		{ "~", "~", 1 }, { "~1", "~1", 2 }, { "\\n", "\n", 1 }, { "\\t\\r", "\t\r", 2 },
		{ "\\b\\f", "\b\f", 2 }, { "\xc3\xa9", "\xc3\xa9", 2 },
		{ "\\u00e9", "\xc3\xa9", 2 }, { "\\u20AC", "\xe2\x82\xac", 3 },
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", 4 },
		{ "\\ud83d\\uDE00", "\xf0\x9f\x98\x80", 4 }, { "\\u0000", "", 1 },
		{ "\\u0041", "A", 1 }, { "\x7f", "\x7f", 1 }, { "\\u001f", "\x1f", 1 },
		{ "//", "//", 2 }, { "'", "'", 1 } };
	struct buf raw = BUF_INIT, said = BUF_INIT;
	buf_addch(&raw, '"');
	for (size_t left = random_below(g->random, most + 1); left; left--) {
		size_t piece = random_below(g->random, sizeof(pieces) / sizeof(*pieces));
		buf_addstr(&raw, pieces[piece].raw);
		buf_add(&said, pieces[piece].said, pieces[piece].said_len);
	}
	buf_addf(&raw, "%s\"", tail);
	buf_addstr(&said, tail);
	struct spelled string = {
		.raw = generate_copy(g, &raw),
		.raw_len = raw.len,
		.said = generate_copy(g, &said),
		.said_len = said.len,
	};
	buf_release(&raw);
	buf_release(&said);
	return string;
}

/* A name that occurs nowhere else in the document. */
static inline struct spelled generate_name(struct generator *g)
{
	char tail[16]; /* from a '_' on, which no piece of a string contains */
	snprintf(tail, sizeof(tail), "_%u", g->names++);
	return generate_string(g, random_once_in(g->random, 4) ? 3 : 0, tail);
}

static inline struct spelled generate_number(struct generator *g)
{
	static const char *const whole[] = { "0", "1", "7", "42", "100", "9007199254740993",
		"18446744073709551616", "12345678901234567890123" };
	static const char *const fraction[] = { "", "", "", ".0", ".00", ".5", ".125", ".10" };
	static const char *const exponent[] = { "", "", "", "", "e0", "E2", "e-2", "e+10",
		"e999999999" };
	struct buf raw = BUF_INIT;
	buf_addf(&raw, "%s%s%s%s", random_once_in(g->random, 4) ? "-" : "",
		RANDOM_OF(g->random, whole), RANDOM_OF(g->random, fraction),
		RANDOM_OF(g->random, exponent));
	struct spelled number = { .raw = generate_copy(g, &raw), .raw_len = raw.len };
	buf_release(&raw);
	return number;
}

static inline struct node *generate_node(struct generator *g, size_t depth)
{
	struct node *node = arena_zero(g->arena, 1, sizeof(*node));
	static const char *const words[] = { "null", "false", "true" };
	/* Mostly containers at the top, scalars only at the bottom. */
	size_t kind = random_below(g->random, depth > 2 ? 24 : depth ? 10 : 6);
	if (kind < 3) {
		node->type = (enum json_type)kind;
		node->text = (struct spelled){ .raw = words[kind], .raw_len = strlen(words[kind]) };
	} else if (kind == 3) {
		node->type = JSON_NUMBER;
		node->text = generate_number(g);
	} else if (kind < 6) {
		node->type = JSON_STRING;
		node->text = generate_string(g, 6, "");
	} else {
		node->type = kind % 2 ? JSON_ARRAY : JSON_OBJECT;
		struct node **end = &node->first;
		/* Rarely so many that the parser compares their names in another way. */
		size_t most = random_once_in(g->random, 20) ? 30 : 5;
		for (size_t left = random_below(g->random, most + 1); left; left--) {
			*end = generate_node(g, depth - 1);
			if (node->type == JSON_OBJECT) {
				(*end)->is_member = true;
				(*end)->name = generate_name(g);
			}
			end = &(*end)->next;
		}
	}
	return node;
}

static inline struct style generate_style(struct random *random)
{
	static const char *const units[] = { "  ", "    ", "\t", " " };
	struct style style = { .random = random, .unit = RANDOM_OF(random, units) };
	switch (random_below(random, 6)) {
	case 0:
		return (struct style){ .random = random, .comma = ",", .colon = ":" };
	case 1:
		return (struct style){ .random = random, .comma = ", ", .colon = ": " };
	case 2:
		style.chaos = true;
		break;
	case 3:
		style.newline = "\r\n";
		break;
	default:
		style.newline = "\n";
	}
	style.comma = ",";
	style.colon = random_once_in(random, 4) ? " : " : ": ";
	return style;
}

static inline void render_space(const struct style *style, size_t depth, struct buf *out)
{
	if (style->chaos) {
		static const char *const spaces[] = { "", "", "", " ", "\n", "\t", "\r\n", "  \n\n",
			" \r" };
		buf_addstr(out, RANDOM_OF(style->random, spaces));
	} else if (style->newline) {
		buf_addstr(out, style->newline);
		while (depth--)
			buf_addstr(out, style->unit);
	}
}

static inline void render(
	const struct style *style, const struct node *node, size_t depth, struct buf *out)
{
	if (node->type < JSON_ARRAY) {
		buf_add(out, node->text.raw, node->text.raw_len);
		return;
	}
	buf_addch(out, node->type == JSON_ARRAY ? '[' : '{');
	bool filled = false;
	for (const struct node *child = node->first; child; child = child->next) {
		if (child->removed)
			continue;
		if (filled)
			buf_addstr(out, style->newline ? "," : style->comma);
		render_space(style, depth + 1, out);
		if (child->is_member) {
			buf_add(out, child->name.raw, child->name.raw_len);
			if (style->chaos)
				render_space(style, 0, out);
			buf_addstr(out, style->colon);
			if (style->chaos)
				render_space(style, 0, out);
		}
		render(style, child, depth + 1, out);
		filled = true;
		if (style->chaos)
			render_space(style, 0, out);
	}
	if (filled || style->chaos)
		render_space(style, depth, out);
	buf_addch(out, node->type == JSON_ARRAY ? ']' : '}');
}

#endif
