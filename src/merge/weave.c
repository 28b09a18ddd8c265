/* Making the result's text: A's bytes, with the others' woven in as A lays out its own. */
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
	bool others_use_lines; /* B's document: what stands on one line there is meant to */
	struct buf *out;
	struct spans *spans; /* where the choices are; NULL: nobody wants to know */
};

/* All that is woven into one container. */
struct filling {
	const struct json_value *container;
	struct json_place place;
	size_t written;                /* children so far */
	const struct json_value *last; /* A's child that was written last, or stood there; NULL: it
					  was new */
};

static size_t child_start(const struct json_value *child)
{
	return child->key_end ? child->key_start : child->start;
}

static void copy(struct weaving *w, size_t from, size_t to)
{
	buf_add(w->out, w->text + from, to - from);
}

/* What stands before a child: the bytes that stand there in A where its neighbours are the same,
 * else what this container has between its children. `stead` is A's child, or NULL. */
static void open_gap(struct weaving *w, struct filling *f, const struct json_value *stead)
{
	bool first = !f->written++;
	const struct json_value *before = f->last;
	f->last = stead;
	if (stead && first && stead == f->container + 1)
		copy(w, f->container->start + 1u, child_start(stead));
	else if (stead && !first && before && before + before->span == stead)
		copy(w, before->end, child_start(stead));
	else if (first)
		json_layout_before_first(&f->place, w->out);
	else
		json_layout_between(&f->place, w->out);
}

/* A value's text, from elsewhere, laid out for its new place. */
static void lay_out(struct weaving *w, const struct filling *f, const struct json_value *stead,
	const char *bytes, size_t len)
{
	struct json_place place = f->place;
	if (stead)
		json_layout_place_of(&w->layout, w->doc, stead, &place);
	bool nested = *bytes == '{' || *bytes == '[';
	bool on_one_line = place.lines && (place.siblings_flat || w->others_use_lines) &&
		!memchr(bytes, '\n', len);
	/* What is meant to stand on one line keeps its blanks. Else it is laid out; it was parsed
	 * before, as a part of its document, so it is JSON. */
	if (!nested || on_one_line)
		buf_add(w->out, bytes, len);
	else
		json_layout_value(&place, bytes, len, w->out, NULL);
}

static void write_others(struct weaving *w, struct filling *f, const struct node *node)
{
	const struct json_doc *doc = w->m->docs[node->side];
	const struct json_value *value = node->first;
	size_t len, all;
	open_gap(w, f, node->stead);
	if (node->stead && node->stead->key_end) {
		copy(w, node->stead->key_start, node->stead->start);
	} else if (value->key_end) {
		buf_add(w->out, json_text(doc, &all) + value->key_start,
			value->key_end - value->key_start);
		buf_addstr(w->out, w->layout.colon);
	}
	const char *bytes = json_raw(doc, value, &len);
	lay_out(w, f, node->stead, bytes, len);
}

static void write_nodes(struct weaving *w, struct filling *f, const struct nodes *nodes);

static void write_container(struct weaving *w, const struct node *node)
{
	const struct json_value *container = node->first;
	struct filling f = { .container = container };
	json_layout_place(&w->layout, w->doc, container, &f.place);
	if (!container->count && node->on_one_line && w->others_use_lines)
		f.place.lines = false;
	copy(w, container->start, container->start + 1u);
	write_nodes(w, &f, &node->inner);
	if (f.written && container->count) {
		size_t behind = container->start + 1u;
		JSON_EACH (child, container)
			behind = child->end;
		copy(w, behind, container->end - 1u);
	} else if (f.written) {
		json_layout_after_last(&f.place, w->out);
	}
	copy(w, container->end - 1u, container->end);
}

/* What was written since `start` is one side's choice. */
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
		open_gap(w, f, node->stead);
		if (node->stead)
			copy(w, child_start(node->stead), node->stead->start);
		lay_out(w, f, node->stead, node->text.bytes, node->text.len);
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

/* The document itself: it has no neighbours and no name. */
static void write_root(struct weaving *w, const struct nodes *root)
{
	const struct node *node = root->first;
	struct filling none = { 0 };
	size_t len, start = w->out->len;
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
		lay_out(w, &none, node->stead, node->text.bytes, node->text.len);
	} else {
		const char *bytes = json_raw(w->m->docs[node->side], node->first, &len);
		lay_out(w, &none, json_root(w->doc), bytes, len);
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
