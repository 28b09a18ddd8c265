/* The state of one validation; shared by the files that do it and by nobody else. */
#ifndef SCHEMA_RUN_H
#define SCHEMA_RUN_H

#include "schema/node.h"
#include "schema/validate.h"

/* How deep the schema may lead, and how many steps a validation may take in all: a schema whose
 * references or alternatives multiply ends with an error, and not never. */
enum { RUN_MAX_DEPTH = 2000, RUN_MAX_STEPS = 100000000 };

/* The step from one schema to the next; the chain of them is the way through the schema. */
struct frame {
	const struct frame *up;
	const struct schema *schema;
	const struct json_value *value;
	/* How `up` leads here: a keyword, and behind it a name or (name NULL) a number, -1:
	 * neither. */
	const char *keyword;
	const char *name;
	size_t name_len;
	int64_t number;
	int depth;
};

/* Which children of a container some keyword has seen, for "unevaluated…" (Core, section 11). */
struct evaluated {
	uint64_t few;   /* a bit a child, where 64 are enough */
	uint64_t *many; /* else; NULL if they are */
	size_t words;
	bool all;
};

struct run {
	const struct json_doc *doc;
	struct schema_options options;
	struct schema_report *report; /* NULL: only yes or no is wanted */
	int quiet; /* above 0: inside an alternative, where failing is no error */
	bool over; /* given up */
	uint64_t steps;
};

/* Is `value` valid against `schema`? Marks the children that were seen in `seen` (NULL: nobody
 * asks). */
bool run_check(struct run *run, const struct schema *schema, const struct json_value *value,
	const struct frame *up, const char *keyword, const char *name, size_t name_len,
	int64_t number, struct evaluated *seen);

/* Notes an error of `keyword` at `value`; returns false. The text is made only if it will be read.
 */
bool run_fail(struct run *run, const struct frame *frame, const char *keyword,
	const struct json_value *value, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Counts work that grows with the document and is no step by itself. */
static inline void run_spend(struct run *run, size_t work)
{
	run->steps += work;
}

/* Ends the whole validation with an error; returns false. */
bool run_give_up(struct run *run, const struct frame *frame, const char *keyword,
	const struct json_value *value, const char *why);

/* May checking go on after a failure? Not where only yes or no is wanted. */
static inline bool run_goes_on(const struct run *run)
{
	return !run->over && !run->quiet && run->report;
}

/* Is the text of an error wanted, too? Only the first few are listed. */
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

/* An empty one for the children of `value`. */
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
