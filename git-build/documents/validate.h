/* Functions shared by validating files against a schema of the command line (validate.c) and
 * against the schemas of a repository (validate_repository.c). */
#ifndef DOCUMENTS_VALIDATE_H
#define DOCUMENTS_VALIDATE_H

#include "cli/command.h"

#include "json/format.h"
#include "json/write.h"
#include "schema/schema.h"

struct validate_options {
	bool staged, all, format;
	const char *schema, *range;
	struct option_list maps;
	int64_t max_errors;
};

/* Compiled schemas: each is compiled once for all its files. */
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
	struct json_writer writer;
	size_t files, wrong;
	struct error *err;
};

/* Compiles a schema, once: a built-in one, or a file. A schema that cannot be used is fatal: the
 * files of that schema were not checked. `*out` is borrowed from `v`. */
int validate_compile(
	struct validating *v, const char *name, bool builtin, const struct schema **out);
bool validate_is_builtin(const char *name);

/* Checks the text of a file, which it takes ownership of, and reports the errors as requested. Without
 * a schema (NULL), it need only be valid JSON, or JSON Lines. */
void validate_text(struct validating *v, const char *file, struct buf *text,
	enum json_format format, const struct schema *schema);
/* Reports that a file is not valid as a whole. */
void validate_refuse(struct validating *v, const char *file, const char *text);

/*
 * Checks against the schemas of the open repository: the named files, those of the worktree, the
 * staged files, or a range of commits. Only in the full program.
 */
int validate_repository(struct validating *v, struct operands *operands);

#endif
