/* What validating files by a schema on the command line (validate.c) and by a repository's own
 * schemas (validate_repository.c) have in common. */
#ifndef DOCUMENTS_VALIDATE_H
#define DOCUMENTS_VALIDATE_H

#include "cli/command.h"

#include "json/write.h"
#include "schema/schema.h"

struct validate_options {
	bool staged, all, format;
	const char *schema, *range;
	struct option_list maps;
	int64_t max_errors;
};

/* Schemas that were compiled: each once, however many files it judges. */
struct compiled {
	char *name;
	const struct schema *schema;
};

struct validating {
	struct invocation *inv;
	const struct validate_options *options;
	struct schema_set *set;
	struct compiled *compiled;
	size_t count, capacity;
	struct buf json;
	struct json_writer writer;
	size_t files, wrong;
	struct error *err;
};

/* Compiles a schema, once: a built-in one, or a file. A schema that cannot be used is fatal:
 * nothing that it would judge has been judged. `*out` is borrowed from `v`. */
int validate_compile(
	struct validating *v, const char *name, bool builtin, const struct schema **out);
bool validate_is_builtin(const char *name);

/* Judges a file's text, which is taken over, and tells what is wrong as it was asked to. */
void validate_text(
	struct validating *v, const char *file, struct buf *text, const struct schema *schema);

/*
 * Judges by what the repository says: the named files, those of the work tree, what is staged, or a
 * range of commits. Not in the quick program: see quick.c.
 */
int validate_repository(struct validating *v, struct operands *operands);

#endif
