/* Iteration over the files of tests/data/ (see its README.md). */
#ifndef UNIT_CORPUS_H
#define UNIT_CORPUS_H

#include "unit/unit.h"

#include "base/file.h"

#include <stdio.h>

struct corpus_file {
	const char *path;    /* in the repository, such as coordination/jobs.json */
	const char *verdict; /* "valid", "invalid" or "broken" */
	const char *says;    /* a text in the error; "" if not checked */
	const char *file;    /* the path of the file, from the project's root */
	struct buf text;
};

/* Read one file of the corpus in `dir`, described by its line of index.tsv, and visit it. */
static void corpus_visit(const char *dir, char *line, void (*visit)(const struct corpus_file *))
{
	char name[512];
	struct corpus_file file = { .path = strsep(&line, "\t"), .file = name, .text = BUF_INIT };
	const char *version = strsep(&line, "\t"), *says;
	file.verdict = strsep(&line, "\t");
	says = strsep(&line, "\t");
	file.says = says ? says : "";
	assert_non_null(file.verdict);
	snprintf(name, sizeof(name), "%s/%.*s/%s.json", dir, (int)strlen(file.path) - 5, file.path,
		version);
	assert_int_equal(file_read(&file.text, name, 1 << 20, NULL), 0);
	visit(&file);
	buf_release(&file.text);
}

/* Call `visit` for every file. Fail if there are suspiciously few. */
static void corpus_each(void (*visit)(const struct corpus_file *))
{
	const char *other = getenv("GIT_BUILD_TEST_CORPUS"), *dir = other ? other : "tests/data";
	struct buf index = BUF_INIT;
	char path[512];
	size_t seen = 0;
	snprintf(path, sizeof(path), "%s/index.tsv", dir);
	assert_int_equal(file_read(&index, path, 1 << 20, NULL), 0);
	char *rest = index.data, *line = strsep(&rest, "\n"); /* the column titles */
	while ((line = strsep(&rest, "\n")) && *line) {
		corpus_visit(dir, line, visit);
		seen++;
	}
	buf_release(&index);
	assert_true(seen >= 24);
}

#endif
