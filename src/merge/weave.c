/* Writes the text of the result: A's bytes, with the values of B in the formatting of A. */
#include "merge/internal.h"

#include "base/alloc.h"
#include "json/layout.h"

#include <string.h>

struct weaving {
	const struct merging *m;
	const struct json_doc *doc; /* A's */
	const char *text;
	struct json_layout layout;
	enum side choice;
	bool others_use_lines; /* B has line breaks, so its one-line values are intended */
	struct buf *out;
	struct spans *spans; /* the ranges of the conflicts in `out`; may be NULL */
};

/* The state of writing one container. */
struct filling {
	const struct json_value *container;
	struct json_place place;
	size_t written;                /* children so far */
	const struct json_value *last; /* A's child that was written or replaced last; NULL: the
					  last one was new */
};

static size_t child_start(const struct json_value *child)
{
	return child->key_end ? child->key_start : child->start;
}

static void copy(struct weaving *w, size_t from, size_t to)
{
	buf_add(w->out, w->text + from, to - from);
}

/* Writes the text before a child: A's bytes if the previous child is the same in A, else the
 * separator of this container. `replaces` is A's child, or NULL. */
static void open_gap(struct weaving *w, struct filling *f, const struct json_value *replaces)
{
	bool first = !f->written++;
	const struct json_value *before = f->last;
	f->last = replaces;
	if (replaces && first && replaces == f->container + 1)
		copy(w, json_content_start(w->doc, f->container), child_start(replaces));
	else if (replaces && !first && before && before + before->span == replaces)
		copy(w, before->end, child_start(replaces));
	else if (first)
		json_layout_before_first(&f->place, w->out);
	else
		json_layout_between(&f->place, w->out);
}

/* Writes the text of a value of another version in the formatting of its new location. */
static void format_value(struct weaving *w, const struct filling *f,
	const struct json_value *replaces, const char *bytes, size_t len)
{
	struct json_place place = f->place;
	/* A line is taken as it is. */
	if (f->place.is_list_of_lines) {
		buf_add(w->out, bytes, len);
		return;
	}
	if (replaces)
		json_layout_place_of(&w->layout, w->doc, replaces, &place);
	bool nested = *bytes == '{' || *bytes == '[';
	bool on_one_line = place.lines && (place.siblings_flat || w->others_use_lines) &&
		!memchr(bytes, '\n', len);
	/* A value that is on one line on purpose keeps its spaces. A value with duplicate members
	 * cannot be formatted. */
	if (!nested || on_one_line)
		buf_add(w->out, bytes, len);
	else if (json_layout_value(&place, bytes, len, w->out, NULL) < 0)
		buf_add(w->out, bytes, len);
}

/* The name of a value of another version, if it is a member. */
static void write_name(struct weaving *w, const struct node *node)
{
	const struct json_value *value = node->first;
	size_t len;
	if (!value->key_end)
		return;
	buf_add(w->out, json_text(w->m->docs[node->side], &len) + value->key_start,
		value->key_end - value->key_start);
	buf_addstr(w->out, w->layout.colon);
}

static void write_others(struct weaving *w, struct filling *f, const struct node *node)
{
	const struct json_doc *doc = w->m->docs[node->side];
	const struct json_value *value = node->first;
	size_t len;
	open_gap(w, f, node->replaces);
	if (node->replaces && node->replaces->key_end)
		copy(w, node->replaces->key_start, node->replaces->start);
	else
		write_name(w, node);
	const char *bytes = json_raw(doc, value, &len);
	format_value(w, f, node->replaces, bytes, len);
}

static void write_nodes(struct weaving *w, struct filling *f, const struct nodes *nodes);

static void write_container(struct weaving *w, const struct node *node)
{
	const struct json_value *container = node->first;
	struct filling f = { .container = container };
	size_t after = json_content_start(w->doc, container);
	size_t content_end = json_content_end(w->doc, container);
	json_layout_place(&w->layout, w->doc, container, &f.place);
	if (!container->count && node->on_one_line && w->others_use_lines)
		f.place.lines = false;
	copy(w, container->start, after);
	write_nodes(w, &f, &node->inner);
	if (f.written && container->count) {
		JSON_EACH (child, container)
			after = child->end;
		copy(w, after, content_end);
	}
	if (f.written && (!container->count || f.place.is_list_of_lines))
		json_layout_after_last(&f.place, w->out);
	copy(w, content_end, container->end);
}

/* Records that the text since `start` is one side of a conflict. */
static void add_span(struct weaving *w, size_t start)
{
	if (!w->spans)
		return;
	GROW(w->spans->items, w->spans->count, w->spans->capacity);
	w->spans->items[w->spans->count++] = (struct span){ start, w->out->len };
}

static void write_node(struct weaving *w, struct filling *f, const struct node *node)
{
	size_t start;
	switch (node->kind) {
	case NODE_RUN:
		if (node->side == A) {
			open_gap(w, f, node->first);
			copy(w, child_start(node->first), node->last->end);
			f->last = node->last;
		} else {
			write_others(w, f, node);
		}
		break;
	case NODE_MIXED:
		open_gap(w, f, node->first);
		copy(w, child_start(node->first), node->first->start);
		write_container(w, node);
		break;
	case NODE_TEXT:
		open_gap(w, f, node->replaces);
		if (node->replaces)
			copy(w, child_start(node->replaces), node->replaces->start);
		else if (node->first)
			write_name(w, node);
		format_value(w, f, node->replaces, node->text.bytes, node->text.len);
		break;
	case NODE_CONFLICT:
		start = w->out->len;
		write_nodes(w, f, &node->choices[w->choice]);
		add_span(w, start);
		break;
	}
}

static void write_nodes(struct weaving *w, struct filling *f, const struct nodes *nodes)
{
	for (const struct node *node = nodes->first; node; node = node->next)
		write_node(w, f, node);
}

/* Writes the root, which has no siblings and no name. */
static void write_root(struct weaving *w, const struct nodes *root)
{
	const struct node *node = root->first;
	struct filling none = { 0 };
	size_t len, start = w->out->len;
	if (!node)
		return; /* the base of a conflict has no value */
	if (node->kind == NODE_CONFLICT) {
		write_root(w, &node->choices[w->choice]);
		add_span(w, start);
		return;
	}
	if (node->kind == NODE_RUN && node->side == A) {
		copy(w, node->first->start, node->first->end);
	} else if (node->kind == NODE_MIXED) {
		write_container(w, node);
	} else if (node->kind == NODE_TEXT) {
		format_value(w, &none, node->replaces, node->text.bytes, node->text.len);
	} else {
		const char *bytes = json_raw(w->m->docs[node->side], node->first, &len);
		if (json_is_lines(w->doc))
			buf_add(w->out, bytes, len);
		else
			format_value(w, &none, json_root(w->doc), bytes, len);
	}
}

void weave(const struct merging *m, const struct nodes *root, enum side side, struct buf *out,
	struct spans *spans)
{
	struct weaving w = {
		.m = m, .doc = m->docs[A], .choice = side, .out = out, .spans = spans
	};
	const struct json_value *all = json_root(w.doc);
	size_t len;
	json_layout_init(&w.layout, w.doc);
	const char *others = json_raw(m->docs[B], json_root(m->docs[B]), &len);
	w.others_use_lines = memchr(others, '\n', len);
	w.text = json_text(w.doc, &len);
	buf_grow(out, len + len / 16);
	copy(&w, 0, all->start);
	write_root(&w, root);
	copy(&w, all->end, len);
	json_layout_release(&w.layout);
}
