/*
 * request/request.h: each case of tests/data/requests/ is applied, and answers and writes what it
 * must.
 *
 * CASE=NAME runs one case; UPDATE=1 replaces what the cases expect by what happens, to be reviewed
 * in the diff.
 */
#include "unit/unit.h"

#include "base/alloc.h"
#include "base/file.h"
#include "json/write.h"
#include "request/request.h"

#include <libgen.h>
#include <stdio.h>
#include <sys/stat.h>

enum { LIMIT = 16 << 20 };
#define CASES "tests/data/requests"

/* ---- documents from a directory ---- */

static char *in_directory(const char *directory, const char *path)
{
	struct buf name = BUF_INIT;
	buf_addf(&name, "%s/%s", directory, path);
	return buf_detach(&name);
}

static int read_file(void *data, const char *path, struct buf *out, struct error *err)
{
	char *name = in_directory(data, path);
	int rc = file_read(out, name, LIMIT, err);
	free(name);
	return rc;
}

static int list_directory(
	void *data, const char *directory, documents_each *each, void *each_data, struct error *err)
{
	struct file_list list;
	char *name = in_directory(data, directory);
	int rc = file_list_read(&list, name, err);
	for (size_t i = 0; !rc && i < list.count; i++) {
		struct stat st;
		char *path = in_directory(name, list.names[i]);
		assert_int_equal(stat(path, &st), 0);
		struct documents_entry entry = { list.names[i], S_ISDIR(st.st_mode),
			S_ISREG(st.st_mode) };
		rc = each(&entry, each_data);
		free(path);
	}
	file_list_release(&list);
	free(name);
	return rc;
}

/* The last valid version of each file is in valid/, next to the directory with the files. */
static int find_history(
	void *data, const char *path, struct documents_history *out, struct error *err)
{
	char *valid = in_directory(data, "../valid"), *name = in_directory(valid, path);
	struct buf text = BUF_INIT;
	int rc = file_read(&text, name, LIMIT, err);
	if (!rc) {
		GROW(out->versions, out->count, out->capacity);
		struct documents_version *version = &out->versions[out->count++];
		*version = (struct documents_version){ .text = text, .base = BUF_INIT };
		memset(version->commit, 'a', sizeof(version->commit) - 1);
	}
	free(valid);
	free(name);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* ---- what happened, as a text ---- */

static void put_answer(struct json_writer *w, const struct answer *answer)
{
	struct buf text = BUF_INIT;
	json_put_string(w, "subject", answer->subject.data);
	answer_add(answer, &text);
	json_put_raw(w, "answer", text.data, text.len);
	if (answer->notes.len)
		json_put_string(w, "notes", answer->notes.data);
	buf_release(&text);
}

static void put_result(
	struct buf *out, int rc, const struct answer *answer, const struct error *err)
{
	struct json_writer w = JSON_WRITER_INIT(out);
	json_begin(&w, '{');
	json_put_string(&w, "result", rc < 0 ? "failed" : rc ? "refused" : "done");
	if (rc < 0)
		json_put_string(&w, "error", err->text);
	else
		put_answer(&w, answer);
	json_end(&w);
	buf_addch(out, '\n');
}

static void expect_file(const char *directory, const char *name, const struct buf *text)
{
	struct buf expected = BUF_INIT;
	char *path = in_directory(directory, name);
	if (getenv("UPDATE")) {
		char *parent = xstrdup(path);
		assert_int_equal(file_make_directories(dirname(parent), NULL), 0);
		free(parent);
		assert_int_equal(file_publish(path, text->data, text->len, NULL), 0);
	} else {
		if (file_read(&expected, path, LIMIT, NULL) < 0)
			fail_msg("%s: is not expected; it has:\n%s", path, text->data);
		if (strcmp(expected.data, text->data))
			fail_msg("%s: is different:\n%s", path, text->data);
	}
	buf_release(&expected);
	free(path);
}

/* A file that is written as it was counts as unchanged, as in a commit. */
static bool is_change(const char *before, const struct documents_change *change)
{
	struct buf old = BUF_INIT;
	char *path = in_directory(before, change->path);
	int rc = file_read(&old, path, LIMIT, NULL);
	bool same = change->text
		? !rc && old.len == change->len && !memcmp(old.data, change->text, old.len)
		: rc == ERR_NOT_FOUND;
	buf_release(&old);
	free(path);
	return !same;
}

static void expect_changes(
	const char *directory, const char *before, const struct documents *documents)
{
	struct buf list = BUF_INIT;
	for (size_t i = 0; i < documents_count(documents); i++) {
		struct documents_change change = documents_change(documents, i);
		struct buf text = BUF_INIT, name = BUF_INIT;
		if (!is_change(before, &change))
			continue;
		buf_addf(&list, "%s %s\n", change.text ? "write" : "remove", change.path);
		if (change.text && strstr(change.path, ".json")) {
			buf_addf(&name, "after/%s", change.path);
			buf_add(&text, change.text, change.len);
			expect_file(directory, name.data, &text);
		}
		buf_release(&text);
		buf_release(&name);
	}
	expect_file(directory, "changes", &list);
	buf_release(&list);
}

/* ---- one case ---- */

static void read_files(const char *directory, struct request *request)
{
	for (size_t i = 0; i < request->file_count; i++) {
		struct request_file *file = &request->files[i];
		char *path = in_directory(directory, file->file);
		file->is_read = !file_read(&file->text, path, LIMIT, NULL);
		free(path);
	}
}

static void apply_case(const char *name)
{
	char *directory = in_directory(CASES, name),
	     *path = in_directory(directory, "request.json");
	char *before = in_directory(directory, "before");
	struct buf text = BUF_INIT, result = BUF_INIT;
	struct request request = { .arena = ARENA_INIT };
	struct answer answer = ANSWER_INIT;
	struct error err = ERROR_INIT;
	struct documents *documents = documents_new(&(struct documents_source){ .read = read_file,
		.list = list_directory,
		.history = find_history,
		.data = before });
	assert_int_equal(file_read(&text, path, LIMIT, NULL), 0);
	int rc = request_read(&request, text.data, text.len, &err);
	if (!rc) {
		read_files(directory, &request);
		rc = request_apply(&request, documents, &answer, &err);
	}
	put_result(&result, rc, &answer, &err);
	expect_file(directory, "answer.json", &result);
	if (rc)
		documents_reset(documents);
	expect_changes(directory, before, documents);
	documents_free(documents);
	request_release(&request);
	answer_release(&answer);
	buf_release(&text);
	buf_release(&result);
	free(before);
	free(path);
	free(directory);
}

static void each_request_has_its_effect(void **state)
{
	struct file_list list;
	const char *only = getenv("CASE");
	size_t count = 0;
	(void)state;
	assert_int_equal(file_list_read(&list, CASES, NULL), 0);
	for (size_t i = 0; i < list.count; i++)
		if (!only || !strcmp(only, list.names[i])) {
			apply_case(list.names[i]);
			count++;
		}
	file_list_release(&list);
	assert_true(only ? count == 1 : count > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_request_has_its_effect) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
