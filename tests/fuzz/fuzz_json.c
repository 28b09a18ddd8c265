/*
 * json/: any bytes are either refused with a location, or a document that can be traversed,
 * addressed with pointers, and edited into another document.
 *
 * The input is a text, followed by a NUL and instructions for edits, four bytes each: the value,
 * the action, the index, and the new value.
 */
#include "base/utf8.h"
#include "json/edit.h"
#include "json/number.h"
#include "property/json_grammar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Abort, so that libFuzzer keeps the input. */
static void insist(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

static void walk(const struct json_doc *doc)
{
	const struct json_value *root = json_root(doc);
	struct buf pointer = BUF_INIT;
	size_t len, text_len;
	json_text(doc, &text_len);
	for (const struct json_value *value = root; value < root + root->span; value++) {
		insist(value->start < value->end && value->end <= text_len, "a value has its text");
		buf_reset(&pointer);
		json_pointer_of(doc, value, &pointer);
		if (!memchr(pointer.data, '\0', pointer.len))
			insist(json_at(doc, pointer.data) == value, "pointers lead back");
		const char *said = json_string(doc, value, &len);
		if (said)
			insist(utf8_valid_prefix(said, len) == len, "strings are UTF-8");
		const char *raw = json_raw(doc, value, &len);
		int64_t number;
		if (value->type == JSON_NUMBER) {
			insist(!json_number_compare(raw, len, raw, len), "a number is itself");
			if (json_int64(doc, value, &number))
				insist(json_number_is_integer(raw, len), "what fits is whole");
		}
	}
	insist(json_equal(doc, root, doc, root), "a document equals itself");
	buf_release(&pointer);
}

static void edit_once(
	struct json_edit *edit, const struct json_doc *doc, const uint8_t instruction[4])
{
	static const char *const texts[] = { "1", "\"x\"", "[]", "{\"new\": [1, {\"a\": null}]}",
		"[\n  1,\n  [2]\n]", "{\r\n\t\"t\": true\r\n}", "{broken" };
	static const char *const names[] = { "a", "b", "", "q\"uote", "sl/ash" };
	const struct json_value *root = json_root(doc), *value = root + instruction[0] % root->span;
	const char *text = texts[instruction[3] % (sizeof(texts) / sizeof(*texts))];
	const char *name = names[instruction[2] % (sizeof(names) / sizeof(*names))];
	switch (instruction[1] % 5) {
	case 0:
		json_edit_replace(edit, value, text, strlen(text));
		break;
	case 1:
		json_edit_remove(edit, value);
		break;
	case 2:
		json_edit_append(edit, value, text, strlen(text));
		break;
	case 3:
		json_edit_insert(edit, value, instruction[2], text, strlen(text));
		break;
	default:
		json_edit_set(edit, value, name, text, strlen(text));
	}
}

static void apply_edits(const struct json_doc *doc, const uint8_t *instructions, size_t count)
{
	struct json_edit *edit = json_edit_new(doc);
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	size_t len;
	const char *text = json_text(doc, &len);
	insist(!json_edit_write(edit, &out, &err) && out.len == len && !memcmp(out.data, text, len),
		"what is not edited stays");
	buf_reset(&out);
	for (size_t i = 0; i < count; i++)
		edit_once(edit, doc, instructions + 4 * i);
	int rc = json_edit_write(edit, &out, &err);
	struct json_doc *edited;
	insist(!rc || (rc == err.code && *err.text), "a refusal says why");
	if (rc)
		insist(!out.len, "what is refused writes nothing");
	else if (json_parse(&edited, out.data, out.len, "edited", NULL, &err) < 0)
		insist(false, "edited text is sound");
	else
		json_doc_free(edited);
	buf_release(&out);
	json_edit_free(edit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\0', size) : NULL;
	size_t len = end ? (size_t)(end - data) : size;
	/* Separate memory, so that reads beyond its end are detected. */
	char *text = malloc(len ? len : 1);
	if (len)
		memcpy(text, data, len);
	struct json_doc *doc;
	struct error err = ERROR_INIT;
	size_t line, column;
	if (json_parse(&doc, text, len, "x", NULL, &err) < 0) {
		insist(sscanf(err.text, "x:%zu:%zu: ", &line, &column) == 2 && line && column,
			"a refusal says where");
	} else {
		insist(grammar_takes(text, len, JSON_MAX_DEPTH), "what is taken is JSON");
		walk(doc);
		apply_edits(doc, end ? end + 1 : NULL, end ? (size - len - 1) / 4 % 16 : 0);
		json_doc_free(doc);
	}
	free(text);
	return 0;
}
