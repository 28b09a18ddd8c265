/*
 * json/document.h with generated documents: the parsed document equals the generated one, nothing
 * is lost, and a broken text is refused with a location.
 */
#include "unit/unit.h"

#include "base/alloc.h"
#include "json/edit.h"
#include "property/json_grammar.h"
#include "property/json_sample.h"

#include <stdio.h>

static void check_content(struct sample *s)
{
	sample_compare(s, s->doc, json_root(s->doc), s->tree);
}

static void documents_have_the_generated_values(void **state)
{
	(void)state;
	sample_each(4000, check_content);
}

static void check_untouched(struct sample *s)
{
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	struct json_edit *edit = json_edit_new(s->doc);
	if (json_edit_write(edit, &out, &err) < 0 ||
		!is_text(out.data, out.len, s->text.data, s->text.len))
		sample_fail(s, "written otherwise", s->doc, json_root(s->doc));
	/* Setting the existing value changes nothing either, in any notation. */
	const struct json_value *root = json_root(s->doc);
	if (root->type == JSON_OBJECT)
		JSON_EACH (member, root) {
			size_t len, name_len;
			const char *raw = json_raw(s->doc, member, &len);
			const char *name = json_key(s->doc, member, &name_len);
			struct buf respelled = BUF_INIT;
			buf_add(&respelled, raw, len);
			buf_addstr(&respelled, "\n ");
			json_edit_set_n(edit, root, name, name_len, respelled.data, respelled.len);
			buf_release(&respelled);
		}
	buf_reset(&out);
	if (json_edit_write(edit, &out, &err) < 0 ||
		!is_text(out.data, out.len, s->text.data, s->text.len))
		sample_fail(s, "set to itself and changed", s->doc, root);
	json_edit_free(edit);
	buf_release(&out);
}

static void unedited_content_is_written_unchanged(void **state)
{
	(void)state;
	sample_each(2000, check_untouched);
}

static void check_pointers(struct sample *s)
{
	const struct json_value *root = json_root(s->doc);
	struct buf pointer = BUF_INIT;
	for (const struct json_value *value = root; value < root + root->span; value++) {
		buf_reset(&pointer);
		json_pointer_of(s->doc, value, &pointer);
		/* A pointer that contains a NUL is not a C string. */
		if (!memchr(pointer.data, '\0', pointer.len) &&
			json_at(s->doc, pointer.data) != value)
			sample_fail(s, "a pointer leads elsewhere", s->doc, value);
	}
	buf_release(&pointer);
}

static void pointers_can_be_resolved_again(void **state)
{
	(void)state;
	sample_each(1000, check_pointers);
}

/* Reverse the children of every container. */
static void turn_around(struct node *node, enum json_type which)
{
	struct node *turned = NULL, *next;
	for (struct node *child = node->first; child; child = child->next)
		turn_around(child, which);
	if (node->type != which)
		return;
	for (struct node *child = node->first; child; child = next) {
		next = child->next;
		child->next = turned;
		turned = child;
	}
	node->first = turned;
}

/* The last scalar of the tree; NULL if it has none. */
static struct node *last_scalar(struct node *node)
{
	if (node->type < JSON_ARRAY)
		return node;
	struct node *last = NULL, *found;
	for (struct node *child = node->first; child; child = child->next)
		if ((found = last_scalar(child)))
			last = found;
	return last;
}

static bool equals_tree(struct sample *s)
{
	struct buf text = BUF_INIT;
	struct style style = generate_style(&s->random);
	render(&style, s->tree, 0, &text);
	struct json_doc *other;
	if (json_parse(&other, text.data, text.len, "other", NULL, NULL) < 0)
		sample_fail(s, "refused in another layout", s->doc, json_root(s->doc));
	bool equal = json_equal(s->doc, json_root(s->doc), other, json_root(other));
	if (equal != json_equal(other, json_root(other), s->doc, json_root(s->doc)))
		sample_fail(s, "equal one way only", s->doc, json_root(s->doc));
	json_doc_free(other);
	buf_release(&text);
	return equal;
}

static void check_equality(struct sample *s)
{
	turn_around(s->tree, JSON_OBJECT);
	if (!equals_tree(s))
		sample_fail(
			s, "not equal with members in another order", s->doc, json_root(s->doc));
	struct node *scalar = last_scalar(s->tree);
	if (!scalar)
		return;
	scalar->type = JSON_STRING;
	scalar->text = (struct spelled){ .raw = "\"another\"", .raw_len = 9 };
	if (equals_tree(s))
		sample_fail(s, "equal with another value in it", s->doc, json_root(s->doc));
}

static void equality_compares_values_and_not_formatting(void **state)
{
	(void)state;
	sample_each(1000, check_equality);
}

/* Is it refused for a reason outside of JSON's grammar? */
static bool is_beyond_grammar(const char *says)
{
	return strstr(says, "surrogate") || strstr(says, "UTF-8") ||
		strstr(says, "duplicate member name");
}

/* Parse a text that may be broken: it is either valid, or refused with a location inside the
 * text. */
static bool is_refused(const struct sample *s, const char *text, size_t len)
{
	struct json_doc *doc;
	struct error err = ERROR_INIT;
	/* In separate memory, so that a sanitizer detects reads beyond its end. */
	char *copy = xmalloc(len);
	memcpy(copy, text, len);
	int rc = json_parse(&doc, copy, len, "x", NULL, &err);
	size_t line = 0, column = 0, lines = 1;
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	if (grammar_takes(text, len, 20) != !rc && !is_beyond_grammar(err.text))
		fail_msg("SEED=%llu RUNS=1: %s, unlike in the grammar\n%.*s",
			(unsigned long long)s->random.seed, rc ? err.text : "taken", (int)len,
			text);
	if (!rc)
		json_doc_free(doc);
	else if (rc != ERR_INVALID || rc != err.code ||
		sscanf(err.text, "x:%zu:%zu: ", &line, &column) != 2 || line < 1 || line > lines ||
		column < 1 || column > len + 1)
		fail_msg("SEED=%llu RUNS=1: \"%s\" is the error for\n%.*s",
			(unsigned long long)s->random.seed, err.text, (int)len, text);
	free(copy);
	return rc < 0;
}

static void check_broken(struct sample *s)
{
	size_t end = json_root(s->doc)->end;
	size_t kept = random_below(&s->random, end);
	if (s->tree->type >= JSON_STRING && !is_refused(s, s->text.data, kept))
		sample_fail(s, "taken though its end is missing", s->doc, json_root(s->doc));
	static const char bytes[] =
		"\0\x01\t\n\f\v\r \"'\\/{}[]:,-+.0123eEntfu<=>|x\x7f\x80\xc3\xed\xff";
	for (int i = 0; i < 10; i++) {
		char *at = &s->text.data[random_below(&s->random, s->text.len)];
		char was = *at;
		*at = bytes[random_below(&s->random, sizeof(bytes) - 1)];
		is_refused(s, s->text.data, s->text.len);
		if (random_once_in(&s->random, 2))
			*at = was;
	}
}

static void broken_documents_are_refused_with_a_location(void **state)
{
	(void)state;
	sample_each(4000, check_broken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_have_the_generated_values),
		cmocka_unit_test(unedited_content_is_written_unchanged),
		cmocka_unit_test(pointers_can_be_resolved_again),
		cmocka_unit_test(equality_compares_values_and_not_formatting),
		cmocka_unit_test(broken_documents_are_refused_with_a_location),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
