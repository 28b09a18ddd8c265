#include "json/layout.h"

#include "json/internal.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Is it the list of lines of a JSON Lines text? Its elements never have line breaks inside. */
static bool is_list_of_lines(const struct json_doc *doc, const struct json_value *container)
{
	return doc->lines && container == doc->values;
}

/* Does a non-empty container have a line break after its opening bracket? */
static bool has_lines(const struct json_doc *doc, const struct json_value *container)
{
	return container->count && !is_list_of_lines(doc, container) &&
		memchr(doc->text + container->start, '\n',
			json_item_start(container + 1) - container->start);
}

/* The blanks at the start of the line of byte `at`. */
static const char *line_indent(const struct json_doc *doc, size_t at, size_t *len)
{
	const char *newline = memrchr(doc->text, '\n', at);
	size_t start = newline ? (size_t)(newline - doc->text) + 1 : 0;
	size_t end = start;
	while (end < at && is_blank(doc->text[end]))
		end++;
	*len = end - start;
	return doc->text + start;
}

/* The first member of the document, to read the format of its colon; NULL if there is none. */
static const struct json_value *first_member(const struct json_doc *doc)
{
	for (size_t i = 0; i < doc->count; i++)
		if (doc->values[i].key_end)
			return &doc->values[i];
	return NULL;
}

void json_layout_init(struct json_layout *layout, const struct json_doc *doc)
{
	*layout = (struct json_layout){
		.newline = "\n", .colon = ": ", .comma = ", ", .unit = BUF_INIT
	};
	const char *newline = memchr(doc->text, '\n', doc->len);
	if (newline && newline > doc->text && newline[-1] == '\r')
		layout->newline = "\r\n";
	const struct json_value *root = doc->values, *member = first_member(doc);
	layout->lines = !doc->lines && (!root->count || has_lines(doc, root));
	if (member && doc->text[member->start - 1] == ':') {
		layout->colon = ":";
		layout->comma = ",";
	} else if (member && doc->text[member->key_end] == ' ') {
		layout->colon = " : ";
	}
	/* The first line that is indented more than its container determines the unit. */
	for (size_t i = 0; i < doc->count && !layout->unit.len; i++) {
		const struct json_value *container = &doc->values[i];
		if (!has_lines(doc, container))
			continue;
		size_t outer, inner;
		line_indent(doc, container->start, &outer);
		const char *indent = line_indent(doc, json_item_start(container + 1), &inner);
		if (inner > outer)
			buf_add(&layout->unit, indent + outer, inner - outer);
	}
	if (!layout->unit.len)
		buf_addstr(&layout->unit, "  ");
}

void json_layout_release(struct json_layout *layout)
{
	buf_release(&layout->unit);
}

void json_layout_place(const struct json_layout *layout, const struct json_doc *doc,
	const struct json_value *container, struct json_place *place)
{
	*place = (struct json_place){
		.layout = layout, .comma = layout->comma, .comma_len = strlen(layout->comma)
	};
	if (is_list_of_lines(doc, container)) {
		place->comma = layout->newline;
		place->comma_len = strlen(layout->newline);
		place->is_list_of_lines = true;
		return;
	}
	place->outer = line_indent(doc, container->start, &place->outer_len);
	if (!container->count) {
		place->lines = layout->lines;
		place->indent = place->outer;
		place->indent_len = place->outer_len;
		place->depth = 1;
		return;
	}
	const struct json_value *first = container + 1;
	place->lead = doc->text + container->start + 1;
	place->lead_len = json_item_start(first) - container->start - 1;
	place->lines = has_lines(doc, container);
	place->indent = line_indent(doc, json_item_start(first), &place->indent_len);
	if (!place->lines && container->count > 1) {
		size_t second = json_item_start(first + first->span);
		place->comma = doc->text + first->end;
		place->comma_len = second - first->end;
	}
	JSON_EACH (child, container)
		if (child->type >= JSON_ARRAY && child->count) {
			place->siblings_flat = !has_lines(doc, child);
			break;
		}
}

void json_layout_place_of(const struct json_layout *layout, const struct json_doc *doc,
	const struct json_value *value, struct json_place *place)
{
	*place = (struct json_place){
		.layout = layout, .comma = layout->comma, .comma_len = strlen(layout->comma)
	};
	place->indent = line_indent(doc, value->start, &place->indent_len);
	/* If the value (or its name) begins a line, or is the document, it may have separate lines.
	 */
	size_t start = json_item_start(value);
	const char *line = place->indent + place->indent_len;
	place->lines = layout->lines && line == doc->text + start;
	if (value->type >= JSON_ARRAY && value->count)
		place->siblings_flat = !has_lines(doc, value);
}

static void new_line(const struct json_place *place, size_t depth, struct buf *out)
{
	buf_addstr(out, place->layout->newline);
	buf_add(out, place->indent, place->indent_len);
	for (size_t i = 0; i < depth + place->depth; i++)
		buf_add(out, place->layout->unit.data, place->layout->unit.len);
}

void json_layout_before_first(const struct json_place *place, struct buf *out)
{
	if (place->lead)
		buf_add(out, place->lead, place->lead_len);
	else if (place->lines)
		new_line(place, 0, out);
}

void json_layout_between(const struct json_place *place, struct buf *out)
{
	if (place->lines) {
		buf_addch(out, ',');
		new_line(place, 0, out);
	} else {
		buf_add(out, place->comma, place->comma_len);
	}
}

void json_layout_after_last(const struct json_place *place, struct buf *out)
{
	if (place->is_list_of_lines && out->len && out->data[out->len - 1] != '\n')
		buf_addstr(out, place->layout->newline);
	if (!place->lines)
		return;
	buf_addstr(out, place->layout->newline);
	buf_add(out, place->outer, place->outer_len);
}

struct relaying {
	const struct json_place *place;
	const struct json_doc *doc;
	bool spread; /* text on one line is split into lines */
	struct buf *out;
};

static void relay(const struct relaying *r, const struct json_value *value, size_t depth)
{
	const char *text = r->doc->text;
	if (value->type < JSON_ARRAY || !value->count) {
		if (value->type >= JSON_ARRAY)
			buf_addstr(r->out, value->type == JSON_ARRAY ? "[]" : "{}");
		else
			buf_add(r->out, text + value->start, value->end - value->start);
		return;
	}
	bool lines = r->place->lines && (r->spread || has_lines(r->doc, value));
	bool first = true;
	buf_addch(r->out, text[value->start]);
	JSON_EACH (child, value) {
		if (!first)
			buf_addstr(r->out, lines ? "," : r->place->layout->comma);
		if (lines)
			new_line(r->place, depth + 1, r->out);
		if (child->key_end) {
			buf_add(r->out, text + child->key_start, child->key_end - child->key_start);
			buf_addstr(r->out, r->place->layout->colon);
		}
		relay(r, child, depth + 1);
		first = false;
	}
	if (lines)
		new_line(r->place, depth, r->out);
	buf_addch(r->out, text[value->end - 1]);
}

int json_layout_value(const struct json_place *place, const char *json, size_t len, struct buf *out,
	struct error *err)
{
	struct json_doc *doc;
	int rc = json_parse(&doc, json, len, "new value", NULL, err);
	if (rc < 0)
		return rc;
	struct relaying relaying = {
		.place = place,
		.doc = doc,
		.spread = !memchr(json, '\n', len) && !place->siblings_flat,
		.out = out,
	};
	relay(&relaying, json_root(doc), 0);
	json_doc_free(doc);
	return 0;
}
