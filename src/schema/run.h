/* Private to validate*.c: the state of one validation. */
#ifndef SCHEMA_RUN_H
#define SCHEMA_RUN_H

#include "schema/node.h"
#include "schema/validate.h"

/* The maximum depth of the schema's references, and the maximum number of steps of a validation: a
 * schema with too many combinations of alternatives ends with an error instead of running
 * forever. */
enum { RUN_MAX_DEPTH = 2000, RUN_MAX_STEPS = 100000000 };

/* The step from one schema to the next; the chain of frames is the path through the schema. */
struct frame {
	const struct frame *up;
	const struct schema *schema;
	const struct json_value *value;
	/* How `up` leads here: a keyword, followed by a name or, if that is NULL, by a number; -1:
	 * neither. */
	const char *keyword;
	const char *name;
	size_t name_len;
	int64_t number;
	int depth;
};

/* The children of a container that a keyword has evaluated, for "unevaluated…" (Core, section
 * 11). */
struct evaluated {
	uint64_t few;   /* one bit per child, if there are at most 64 */
	uint64_t *many; /* otherwise; NULL if there are at most 64 */
	size_t words;
	bool all;
};

struct run {
	const struct json_doc *doc;
	const struct schema *schema; /* of the whole document; NULL: only a part is validated */
	struct schema_options options;
	struct schema_report *report; /* NULL: only the result is needed */
	int quiet; /* above 0: inside an alternative, where a failure is not an error */
	bool over; /* given up */
	uint64_t steps;
};

/* Is `value` valid according to `schema`? Marks the evaluated children in `seen` (may be NULL). */
bool run_check(struct run *run, const struct schema *schema, const struct json_value *value,
	const struct frame *up, const char *keyword, const char *name, size_t name_len,
	int64_t number, struct evaluated *seen);

/* Records an error of `keyword` at `value`; returns false. The text is formatted only if it is
 * needed. */
bool run_fail(struct run *run, const struct frame *frame, const char *keyword,
	const struct json_value *value, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Counts work that grows with the document, in addition to steps. */
static inline void run_spend(struct run *run, size_t work)
{
	run->steps += work;
}

/* Ends the whole validation with an error; returns false. */
bool run_give_up(struct run *run, const struct frame *frame, const char *keyword,
	const struct json_value *value, const char *why);

/* Does the validation continue after a failure? Not if only the result is needed. */
static inline bool run_goes_on(const struct run *run)
{
	return !run->over && !run->quiet && run->report;
}

/* Is the text of an error needed? Only the first errors are listed. */
static inline bool run_tells(const struct run *run)
{
	return run_goes_on(run) && run->report->count < run->options.max_errors;
}

static inline void evaluated_mark(struct evaluated *seen, size_t index)
{
	if (seen && !seen->all)
		(seen->many ? seen->many : &seen->few)[index / 64] |= UINT64_C(1) << index % 64;
}

static inline bool evaluated_has(const struct evaluated *seen, size_t index)
{
	return seen->all || ((seen->many ? seen->many : &seen->few)[index / 64] >> index % 64 & 1);
}

/* An empty set for the children of `value`. */
void evaluated_init(struct evaluated *seen, const struct json_value *value);
void evaluated_release(struct evaluated *seen);
void evaluated_merge(struct evaluated *into, const struct evaluated *from);

/* Is `value` of one of `types`? */
bool run_has_type(const struct run *run, const struct json_value *value, uint8_t types);

/* The groups of keywords. */
bool run_scalar(struct run *run, const struct frame *frame);
bool run_array(struct run *run, const struct frame *frame, struct evaluated *seen);
bool run_object(struct run *run, const struct frame *frame, struct evaluated *seen);
bool run_unevaluated(struct run *run, const struct frame *frame, struct evaluated *seen);

#endif
