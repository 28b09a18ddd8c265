/*
 * json/document.h and json/edit.h over the coordination files of a real repository, where they are
 * at hand: what parsed elsewhere parses here, an edit changes what it names alone, and what was
 * broken is refused.
 */
#include "unit/unit.h"

#include "base/file.h"
#include "json/edit.h"

#include <stdio.h>

static const char corpus[] = "../shared/corpus";

static void check_sound(const char *path, struct json_doc *doc)
{
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	struct json_edit *edit = json_edit_new(doc);
	size_t len;
	const char *text = json_text(doc, &len);
	/* The last element or member goes: all else is written anew, and must be what it was. */
	const struct json_value *last = NULL;
	JSON_EACH (child, json_root(doc))
		last = child;
	assert_non_null(last);
	json_edit_remove(edit, last);
	if (json_edit_write(edit, &out, &err) < 0)
		fail_msg("%s: %s", path, err.text);
	size_t before = last->key_end ? last->key_start : last->start;
	while (before && strchr(" \t\r\n,", text[before - 1]))
		before--;
	assert_memory_equal(out.data, text, before);
	assert_memory_equal(
		out.data + out.len - (len - last->end), text + last->end, len - last->end);
	json_edit_free(edit);
	buf_release(&out);
}

static void check_file(const char *path, bool sound)
{
	struct buf text = BUF_INIT;
	struct error err = ERROR_INIT;
	struct json_doc *doc;
	assert_int_equal(file_read(&text, path, JSON_DEFAULT_LIMIT, &err), 0);
	int rc = json_parse(&doc, text.data, text.len, path, NULL, &err);
	if (rc != (sound ? 0 : ERR_INVALID))
		fail_msg("%s is %s", path, sound ? err.text : "taken");
	if (!rc) {
		check_sound(path, doc);
		json_doc_free(doc);
	} else if (strncmp(err.text, path, strlen(path))) {
		fail_msg("%s does not say where it is broken: %s", path, err.text);
	}
	buf_release(&text);
}

static void real_files_are_taken_and_broken_ones_refused(void **state)
{
	(void)state;
	struct buf index = BUF_INIT;
	char path[512];
	snprintf(path, sizeof(path), "%s/index.tsv", corpus);
	if (!file_exists(path))
		skip();
	assert_int_equal(file_read(&index, path, JSON_DEFAULT_LIMIT, NULL), 0);
	int sound = 0, broken = 0;
	char *rest = index.data, *line = strsep(&rest, "\n"); /* the first names the columns */
	while ((line = strsep(&rest, "\n")) && *line) {
		const char *name = strsep(&line, "\t"), *version = strsep(&line, "\t");
		bool parses = strstr(line, "\tjson") != NULL;
		/* coordination/jobs.json is kept as coordination/jobs/0001.json */
		snprintf(path, sizeof(path), "%s/%.*s/%s.json", corpus,
			(int)(strrchr(name, '.') - name), name, version);
		check_file(path, parses);
		sound += parses;
		broken += !parses;
	}
	assert_int_equal(sound, 197);
	assert_int_equal(broken, 17);
	buf_release(&index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_files_are_taken_and_broken_ones_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
