/*
 * json/document.h and json/edit.h with the files of tests/data/: valid JSON is parsed, an edit
 * changes only the value that it names, and broken JSON is refused with a location.
 */
#include "unit/corpus.h"

#include "json/edit.h"

static void check_valid(const char *path, struct json_doc *doc)
{
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	struct json_edit *edit = json_edit_new(doc);
	size_t len;
	const char *text = json_text(doc, &len);
	/* Remove the last element or member: all others are written again, and must be unchanged.
	 */
	const struct json_value *last = NULL;
	JSON_EACH (child, json_root(doc))
		last = child;
	assert_non_null(last);
	json_edit_remove(edit, last);
	if (json_edit_write(edit, &out, &err) < 0)
		fail_msg("%s: %s", path, err.text);
	/* An object that loses its only member becomes {}. */
	bool only = json_root(doc)->count == 1;
	size_t after = only ? json_root(doc)->end - 1 : last->end;
	size_t before = last->key_end ? last->key_start : last->start;
	while (before && strchr(" \t\r\n,", text[before - 1]))
		before--;
	assert_memory_equal(out.data, text, before);
	assert_memory_equal(out.data + out.len - (len - after), text + after, len - after);
	json_edit_free(edit);
	buf_release(&out);
}

static void check_file(const struct corpus_file *file)
{
	struct error err = ERROR_INIT;
	struct json_doc *doc;
	bool parses = strcmp(file->verdict, "broken") != 0;
	int rc = json_parse(&doc, file->text.data, file->text.len, file->file, NULL, &err);
	if (rc != (parses ? 0 : ERR_INVALID))
		fail_msg("%s is %s", file->file, parses ? err.text : "accepted");
	if (!rc) {
		check_valid(file->file, doc);
		json_doc_free(doc);
	} else if (strncmp(err.text, file->file, strlen(file->file)) ||
		!strstr(err.text, file->says)) {
		fail_msg("%s: expected %s, got %s", file->file, file->says, err.text);
	}
}

static void valid_files_are_parsed_and_broken_ones_refused(void **state)
{
	(void)state;
	corpus_each(check_file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid_files_are_parsed_and_broken_ones_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
