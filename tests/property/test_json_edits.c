/*
 * json/edit.h with generated documents and edits: the result has the values of a simple model,
 * new values get the existing formatting, and everything that no edit names keeps its bytes.
 */
#include "json/edit.h"
#include "json/write.h"
#include "property/json_sample.h"

#include <stdio.h>

/* Store in each node its value in the document. */
static const struct json_value *bind(struct node *node, const struct json_value *value)
{
	node->original = value++;
	for (struct node *child = node->first; child; child = child->next)
		value = bind(child, value);
	return value;
}

/* A new value and its text, with its own formatting: on one line, or like `style` if that has
 * lines. */
static struct node *new_value(struct sample *s, struct style style, struct buf *text)
{
	struct node *node = generate_node(&s->generator, random_below(&s->random, 4));
	if (!style.chaos && random_once_in(&s->random, 2))
		style = (struct style){ .comma = ",", .colon = ":" };
	render(&style, node, 0, text);
	return node;
}

/* Give `node` the content of another node; it keeps its name and its position. */
static void take_content(struct node *node, const struct node *other)
{
	node->type = other->type;
	node->text = other->text;
	node->first = other->first;
	node->touched = node->closed = true;
	node->removed = false;
}

static void link_before(struct node *container, struct node *next, struct node *added)
{
	struct node **at = &container->first;
	while (*at != next)
		at = &(*at)->next;
	added->next = next;
	*at = added;
}

static struct node *child_at(struct node *container, size_t index)
{
	struct node *child = container->first;
	for (; child; child = child->next)
		if (child->original && !index--)
			break;
	return child;
}

static void edit_array(struct sample *s, struct json_edit *edit, struct node *array)
{
	struct buf text = BUF_INIT;
	struct node *added = new_value(s, s->style, &text);
	size_t index = random_below(&s->random, array->original->count + 2);
	if (random_once_in(&s->random, 2)) {
		json_edit_append(edit, array->original, text.data, text.len);
		link_before(array, NULL, added);
	} else {
		json_edit_insert(edit, array->original, index, text.data, text.len);
		link_before(array, child_at(array, index), added);
	}
	buf_release(&text);
}

/* Set a new member, or one that was added before. */
static void edit_object(struct sample *s, struct json_edit *edit, struct node *object)
{
	struct buf text = BUF_INIT;
	struct node *added = new_value(s, s->style, &text), *last = object->first;
	while (last && last->next)
		last = last->next;
	if (last && !last->original && random_once_in(&s->random, 3)) {
		take_content(last, added);
		added = last;
	} else {
		added->is_member = true;
		added->name = generate_name(&s->generator);
		/* The writer chooses the notation of a name: the simplest is expected. */
		struct buf plain = BUF_INIT;
		json_quote(&plain, added->name.said, added->name.said_len);
		added->name.raw = generate_copy(&s->generator, &plain);
		added->name.raw_len = plain.len;
		buf_release(&plain);
		link_before(object, NULL, added);
	}
	json_edit_set_n(edit, object->original, added->name.said, added->name.said_len, text.data,
		text.len);
	buf_release(&text);
}

static void edit_value(
	struct sample *s, struct json_edit *edit, struct node *parent, struct node *node)
{
	struct buf text = BUF_INIT;
	node->touched = node->closed = true;
	if (parent && random_once_in(&s->random, 2)) {
		json_edit_remove(edit, node->original);
		node->removed = true;
		return;
	}
	struct node *other = new_value(s, s->style, &text);
	json_edit_replace(edit, node->original, text.data, text.len);
	take_content(node, other);
	buf_release(&text);
}

/* Make one edit somewhere in `node`, which is part of the original document. */
static void edit_somewhere(
	struct sample *s, struct json_edit *edit, struct node *parent, struct node *node)
{
	size_t inside = 0, count = node->original->count;
	struct node *child = NULL;
	if (!node->closed && count && random_once_in(&s->random, 2))
		child = child_at(node, random_below(&s->random, count));
	inside = node->touched && !node->closed;
	if (child)
		edit_somewhere(s, edit, node, child);
	else if (!inside &&
		(node->type < JSON_ARRAY || node->closed ||
			random_once_in(&s->random, parent ? 3 : 20)))
		edit_value(s, edit, parent, node);
	else if (node->type == JSON_ARRAY)
		edit_array(s, edit, node);
	else
		edit_object(s, edit, node);
	node->touched = true;
}

static const char *slice(const struct json_doc *doc, size_t from)
{
	size_t len;
	return json_text(doc, &len) + from;
}

static size_t start_of(const struct json_value *value)
{
	return value->key_end ? value->key_start : value->start;
}

/* The end of the last child of a container. */
static size_t last_end(const struct json_value *container)
{
	size_t end = 0;
	JSON_EACH (child, container)
		end = child->end;
	return end;
}

/* Did `child` directly follow the gap that starts at `gap`? */
static bool follows(const struct json_value *container, size_t gap, const struct json_value *child)
{
	size_t before = container->start + 1;
	JSON_EACH (sibling, container) {
		if (sibling == child)
			return gap == before;
		before = sibling->end;
	}
	return false;
}

/* Values that no edit touched have the same bytes, and so does the text between two of them. */
static const struct json_value *compare_bytes(const struct sample *s, const struct json_doc *doc,
	const struct json_value *value, const struct node *node)
{
	const struct json_value *was = node->original;
	if (was && !node->touched &&
		!is_text(slice(doc, start_of(value)), value->end - start_of(value),
			slice(s->doc, start_of(was)), was->end - start_of(was)))
		sample_fail(s, "other bytes though not touched", doc, value);
	if (was && value->key_end &&
		!is_text(slice(doc, value->key_start), value->start - value->key_start,
			slice(s->doc, was->key_start), was->start - was->key_start))
		sample_fail(s, "other bytes around a name", doc, value);
	/* In the gaps, brackets represent the text that is missing on one side. */
	bool was_filled = was && !node->closed && was->count;
	size_t gap = value->start + 1, was_gap = was_filled ? was->start + 1 : 0;
	const struct json_value *at = value + 1;
	for (const struct node *child = node->first; child; child = child->next) {
		if (child->removed)
			continue;
		const struct json_value *next = child->original;
		if (was_gap && next && follows(was, was_gap, next) &&
			!is_text(slice(doc, gap), start_of(at) - gap, slice(s->doc, was_gap),
				start_of(next) - was_gap))
			sample_fail(s, "other bytes in front of", doc, at);
		gap = at->end;
		was_gap = was_filled && next ? next->end : 0;
		at = compare_bytes(s, doc, at, child);
	}
	if (was_filled && value->count) {
		was_gap = last_end(was);
		if (!is_text(slice(doc, gap), value->end - gap, slice(s->doc, was_gap),
			    was->end - was_gap))
			sample_fail(s, "other bytes at the end of", doc, value);
	}
	return at;
}

/* Does the document show its formatting, so that added values can only look one way? */
static bool shows_its_style(const struct sample *s)
{
	const struct json_value *root = json_root(s->doc);
	bool usual = s->style.newline && !strcmp(s->style.colon, ": ");
	return !s->style.chaos && root->count && (usual || root->type == JSON_OBJECT);
}

static void compare_layout(struct sample *s, const struct json_doc *doc)
{
	struct buf expected = BUF_INIT;
	size_t len;
	const char *text = json_text(doc, &len);
	render_space(&s->style, 0, &expected);
	render(&s->style, s->tree, 0, &expected);
	render_space(&s->style, 0, &expected);
	if (!is_text(text, len, expected.data, expected.len))
		fail_msg("SEED=%llu RUNS=1: formatted as\n%s\ninstead of\n%s\n-- which was --\n%s",
			(unsigned long long)s->random.seed, text, expected.data, s->text.data);
	buf_release(&expected);
}

static void check_edits(struct sample *s)
{
	struct json_edit *edit = json_edit_new(s->doc);
	bool styled = shows_its_style(s);
	bind(s->tree, json_root(s->doc));
	for (size_t left = 1 + random_below(&s->random, 8); left; left--)
		edit_somewhere(s, edit, NULL, s->tree);

	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	struct json_doc *doc = NULL;
	if (json_edit_write(edit, &out, &err) < 0 ||
		json_parse(&doc, out.data, out.len, "edited", NULL, &err) < 0)
		fail_msg("SEED=%llu RUNS=1: %s\n%s", (unsigned long long)s->random.seed, err.text,
			s->text.data);
	sample_compare(s, doc, json_root(doc), s->tree);
	compare_bytes(s, doc, json_root(doc), s->tree);
	if (styled)
		compare_layout(s, doc);
	json_doc_free(doc);
	buf_release(&out);
	json_edit_free(edit);
}

static void edits_match_a_simple_model(void **state)
{
	(void)state;
	sample_each(5000, check_edits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edits_match_a_simple_model),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
