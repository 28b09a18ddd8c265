/* Generated documents, parsed, and compared with the trees that they were generated from. */
#ifndef PROPERTY_JSON_SAMPLE_H
#define PROPERTY_JSON_SAMPLE_H

#include "unit/unit.h"

#include "property/json_generate.h"

struct sample {
	struct random random;
	struct arena arena;
	struct generator generator;
	struct node *tree;
	struct style style;
	struct buf text;
	struct json_doc *doc;
};

static inline void sample_start(struct sample *s, uint64_t seed)
{
	*s = (struct sample){ .random = random_of(seed), .text = BUF_INIT };
	s->generator = (struct generator){ .random = &s->random, .arena = &s->arena };
	s->tree = generate_node(&s->generator, 4);
	s->style = generate_style(&s->random);
	render_space(&s->style, 0, &s->text);
	render(&s->style, s->tree, 0, &s->text);
	render_space(&s->style, 0, &s->text);
	struct error err = ERROR_INIT;
	if (json_parse(&s->doc, s->text.data, s->text.len, "x", NULL, &err) < 0)
		fail_msg("SEED=%llu RUNS=1: refused: %s\n%s", (unsigned long long)seed, err.text,
			s->text.data);
}

static inline void sample_finish(struct sample *s)
{
	json_doc_free(s->doc);
	buf_release(&s->text);
	arena_release(&s->arena);
}

/* Run `check` with RUNS samples, or `runs` if RUNS is not set. */
static inline void sample_each(size_t runs, void (*check)(struct sample *))
{
	uint64_t seed = random_first_seed();
	for (uint64_t left = random_setting("RUNS", runs); left; left--, seed++) {
		struct sample s;
		sample_start(&s, seed);
		check(&s);
		sample_finish(&s);
	}
}

static inline void sample_fail(const struct sample *s, const char *what, const struct json_doc *doc,
	const struct json_value *value)
{
	struct buf pointer = BUF_INIT;
	json_pointer_of(doc, value, &pointer);
	size_t len;
	fail_msg("SEED=%llu RUNS=1: %s at \"%s\" of\n%s\n-- which was --\n%s",
		(unsigned long long)s->random.seed, what, pointer.data, json_text(doc, &len),
		s->text.data);
}

static inline bool is_text(const char *text, size_t len, const char *expected, size_t wanted_len)
{
	return text && len == wanted_len && !memcmp(text, expected, len);
}

/* Compare a value of `doc` with the node, recursively; return the value that follows. */
static inline const struct json_value *sample_compare(const struct sample *s,
	const struct json_doc *doc, const struct json_value *value, const struct node *node)
{
	size_t len = 0, count = 0;
	const char *name = json_key(doc, value, &len);
	if (node->is_member ? !is_text(name, len, node->name.said, node->name.said_len) : !!name)
		sample_fail(s, "another name", doc, value);
	if (value->type != node->type)
		sample_fail(s, "another type", doc, value);
	const char *said = json_string(doc, value, &len);
	if (said && !is_text(said, len, node->text.said, node->text.said_len))
		sample_fail(s, "another string", doc, value);
	const char *raw = json_raw(doc, value, &len);
	if (node->type < JSON_ARRAY) {
		if (!is_text(raw, len, node->text.raw, node->text.raw_len))
			sample_fail(s, "another spelling", doc, value);
	} else {
		const char *brackets = node->type == JSON_ARRAY ? "[]" : "{}";
		if (raw[0] != brackets[0] || raw[len - 1] != brackets[1])
			sample_fail(s, "other brackets", doc, value);
	}
	const struct json_value *next = value + 1;
	for (const struct node *child = node->first; child; child = child->next)
		if (!child->removed) {
			if (++count > value->count)
				sample_fail(s, "too few children", doc, value);
			next = sample_compare(s, doc, next, child);
		}
	if (value->count != count || value + value->span != next)
		sample_fail(s, "too many children", doc, value);
	return next;
}

#endif
