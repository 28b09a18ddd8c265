/* Walks a document and a schema in parallel; groups of keywords are in validate_*.c. */
#include "schema/run.h"

#include "base/alloc.h"
#include "schema/location.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_MAX_ERRORS = 20 };

/* ---- errors ---- */

void schema_report_release(struct schema_report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		free(report->errors[i].instance);
		free(report->errors[i].shown);
		free(report->errors[i].keyword);
		free(report->errors[i].absolute);
		free(report->errors[i].message);
	}
	free(report->errors);
	*report = (struct schema_report)SCHEMA_REPORT_INIT;
}

static void add_way(const struct frame *frame, struct buf *out)
{
	if (!frame->up)
		return;
	add_way(frame->up, out);
	buf_addf(out, "/%s", frame->keyword);
	if (frame->name)
		json_pointer_add(out, frame->name, frame->name_len);
	else if (frame->number >= 0)
		buf_addf(out, "/%" PRId64, frame->number);
}

static void add_absolute(const struct frame *frame, struct buf *out)
{
	const struct resource *resource = frame->schema->resource;
	struct buf whole = BUF_INIT, root = BUF_INIT;
	json_pointer_of(resource->doc, frame->schema->source, &whole);
	json_pointer_of(resource->doc, resource->root, &root);
	buf_addf(out, "%s#%s", resource->uri, whole.data + root.len);
	buf_release(&whole);
	buf_release(&root);
}

/* A name may have a NUL, which would end the string and make it a different pointer. */
static char *detach_pointer(struct buf *pointer)
{
	struct buf shown = BUF_INIT;
	if (!memchr(pointer->data, '\0', pointer->len))
		return buf_detach(pointer);
	for (size_t i = 0; i < pointer->len; i++)
		if (pointer->data[i])
			buf_addch(&shown, pointer->data[i]);
		else
			buf_addstr(&shown, "\u2400");
	buf_release(pointer);
	return buf_detach(&shown);
}

/* The pointer to `value` for people. The index of a line is not the number of the line. */
static char *shown_pointer(const struct run *run, const struct json_value *value)
{
	struct buf pointer = BUF_INIT;
	if (json_is_lines(run->doc))
		schema_pointer_of(run->schema, run->doc, value, &pointer);
	else
		json_pointer_of(run->doc, value, &pointer);
	return detach_pointer(&pointer);
}

static void add_error(struct run *run, const struct frame *frame, const char *keyword,
	const struct json_value *value, struct buf *message)
{
	struct schema_report *report = run->report;
	struct buf instance = BUF_INIT, way = BUF_INIT, absolute = BUF_INIT;
	report->found++;
	json_pointer_of(run->doc, value, &instance);
	add_way(frame, &way);
	add_absolute(frame, &absolute);
	if (keyword) {
		buf_addf(&way, "/%s", keyword);
		buf_addf(&absolute, "/%s", keyword);
	}
	GROW(report->errors, report->count, report->capacity);
	report->errors[report->count++] = (struct schema_error){
		.value = value,
		.position = json_position(run->doc, value->start),
		.instance = detach_pointer(&instance),
		.shown = shown_pointer(run, value),
		.keyword = detach_pointer(&way),
		.absolute = detach_pointer(&absolute),
		.message = buf_detach(message),
	};
}

bool run_fail(struct run *run, const struct frame *frame, const char *keyword,
	const struct json_value *value, const char *format, ...)
{
	if (!run_tells(run)) {
		if (run_goes_on(run))
			run->report->found++;
		return false;
	}
	struct buf message = BUF_INIT;
	va_list args;
	va_start(args, format);
	buf_vaddf(&message, format, args);
	va_end(args);
	add_error(run, frame, keyword, value, &message);
	return false;
}

bool run_give_up(struct run *run, const struct frame *frame, const char *keyword,
	const struct json_value *value, const char *why)
{
	if (!run->over && run->report) {
		struct buf message = BUF_INIT;
		buf_addstr(&message, why);
		add_error(run, frame, keyword, value, &message);
		run->report->unfinished = true;
	}
	run->over = true;
	return false;
}

/* ---- evaluated children ---- */

void evaluated_init(struct evaluated *seen, const struct json_value *value)
{
	*seen = (struct evaluated){ .words = ((size_t)value->count + 63) / 64 };
	if (seen->words > 1)
		seen->many = xcalloc(seen->words, sizeof(*seen->many));
}

void evaluated_release(struct evaluated *seen)
{
	free(seen->many);
}

void evaluated_merge(struct evaluated *into, const struct evaluated *from)
{
	into->all = into->all || from->all;
	into->few |= from->few;
	for (size_t i = 0; into->many && i < into->words; i++)
		into->many[i] |= from->many[i];
}

/* ---- keywords that apply other schemas to the same value ---- */

/* Applies a subschema to the same value. The children that it has evaluated count only if the value
 * is valid. */
static bool check_in_place(struct run *run, const struct schema *schema, const struct frame *frame,
	const char *keyword, int64_t number, struct evaluated *seen)
{
	return run_check(run, schema, frame->value, frame, keyword, NULL, 0, number, seen);
}

static bool holds_quietly(struct run *run, const struct schema *schema, const struct frame *frame,
	const char *keyword, int64_t number, struct evaluated *seen)
{
	run->quiet++;
	bool holds = check_in_place(run, schema, frame, keyword, number, seen);
	run->quiet--;
	return holds;
}

static bool check_all_of(struct run *run, const struct frame *frame, struct evaluated *seen)
{
	const struct list *list = &frame->schema->all_of;
	bool ok = true;
	for (size_t i = 0; i < list->count && (ok || run_goes_on(run)); i++)
		ok = check_in_place(run, list->items[i], frame, "allOf", (int64_t)i, seen) && ok;
	return ok;
}

static bool check_any_of(struct run *run, const struct frame *frame, struct evaluated *seen)
{
	const struct list *list = &frame->schema->any_of;
	bool any = false;
	/* All are checked if their evaluated children are needed. */
	for (size_t i = 0; i < list->count && (!any || seen) && !run->over; i++)
		any = holds_quietly(run, list->items[i], frame, "anyOf", (int64_t)i, seen) || any;
	if (any)
		return true;
	/* If there is only one alternative, its errors are reported. */
	if (list->count == 1)
		return check_in_place(run, list->items[0], frame, "anyOf", 0, seen);
	return run_fail(run, frame, "anyOf", frame->value,
		"matches none of the %zu alternatives of anyOf", list->count);
}

static bool check_one_of(struct run *run, const struct frame *frame, struct evaluated *seen)
{
	const struct list *list = &frame->schema->one_of;
	size_t held = 0, first = 0, second = 0;
	for (size_t i = 0; i < list->count && held < 2 && !run->over; i++)
		if (holds_quietly(run, list->items[i], frame, "oneOf", (int64_t)i, seen)) {
			if (held++)
				second = i;
			else
				first = i;
		}
	if (held == 1)
		return true;
	if (!held)
		return run_fail(run, frame, "oneOf", frame->value,
			"matches none of the %zu alternatives of oneOf; it must match exactly one",
			list->count);
	return run_fail(run, frame, "oneOf", frame->value,
		"matches alternatives %zu and %zu of oneOf; it must match exactly one", first,
		second);
}

static bool check_conditions(struct run *run, const struct frame *frame, struct evaluated *seen)
{
	const struct schema *s = frame->schema;
	bool ok = true;
	if (s->not_ && holds_quietly(run, s->not_, frame, "not", -1, NULL))
		ok = run_fail(run, frame, "not", frame->value, "is forbidden by \"not\"");
	if (!s->if_)
		return ok;
	bool holds = holds_quietly(run, s->if_, frame, "if", -1, seen);
	const struct schema *next = holds ? s->then_ : s->else_;
	if (next && (ok || run_goes_on(run)))
		ok = check_in_place(run, next, frame, holds ? "then" : "else", -1, seen) && ok;
	return ok;
}

/* The outermost resource on the path to here with a dynamic anchor of that name (Core, 8.2.3.2; in
 * 2019-09, 8.2.4.2). */
static const struct schema *find_dynamic(struct run *run, const struct frame *frame)
{
	const struct schema *found = frame->schema->dynamic_ref;
	for (const struct frame *at = frame; at; at = at->up) {
		run_spend(run, 1);
		if (at->up && at->up->schema->resource == at->schema->resource)
			continue;
		for (const struct anchor *anchor = at->schema->resource->anchors; anchor;
			anchor = anchor->next) {
			run_spend(run, 1);
			if (anchor->dynamic && anchor->schema &&
				!strcmp(anchor->name, frame->schema->dynamic_name))
				found = anchor->schema;
		}
	}
	return found;
}

static bool check_references(struct run *run, const struct frame *frame, struct evaluated *seen)
{
	const struct schema *s = frame->schema;
	bool ok = true;
	if (s->ref)
		ok = check_in_place(run, s->ref, frame, "$ref", -1, seen);
	if (s->dynamic_ref && (ok || run_goes_on(run))) {
		const struct schema *to =
			s->dynamic_name ? find_dynamic(run, frame) : s->dynamic_ref;
		ok = check_in_place(run, to, frame, s->dynamic_keyword, -1, seen) && ok;
	}
	return ok;
}

/* ---- one schema at one value ---- */

/* Was this schema applied to this value before on the path to here? If so, it is endless. */
static bool is_endless(struct run *run, const struct frame *frame)
{
	for (const struct frame *at = frame->up; at && at->value == frame->value; at = at->up) {
		run_spend(run, 1);
		if (at->schema == frame->schema)
			return true;
	}
	return false;
}

static bool check_here(struct run *run, const struct frame *frame, struct evaluated *seen)
{
	const struct schema *s = frame->schema;
	bool ok = true;
	if (s->ref || s->dynamic_ref)
		ok = check_references(run, frame, seen);
	if (ok || run_goes_on(run))
		ok = run_scalar(run, frame) && ok;
	if (s->array && frame->value->type == JSON_ARRAY && (ok || run_goes_on(run)))
		ok = run_array(run, frame, seen) && ok;
	if (s->object && frame->value->type == JSON_OBJECT && (ok || run_goes_on(run)))
		ok = run_object(run, frame, seen) && ok;
	if (s->all_of.count && (ok || run_goes_on(run)))
		ok = check_all_of(run, frame, seen) && ok;
	if (s->any_of.count && (ok || run_goes_on(run)))
		ok = check_any_of(run, frame, seen) && ok;
	if (s->one_of.count && (ok || run_goes_on(run)))
		ok = check_one_of(run, frame, seen) && ok;
	if ((s->not_ || s->if_) && (ok || run_goes_on(run)))
		ok = check_conditions(run, frame, seen) && ok;
	/* The evaluated children of a failed subschema are not used, to avoid errors that only
	 * follow from the failure. */
	if (seen && ok)
		ok = run_unevaluated(run, frame, seen) && ok;
	return ok && !run->over;
}

static bool asks_for_unevaluated(const struct schema *s, const struct json_value *value)
{
	return (value->type == JSON_ARRAY && s->array && s->array->unevaluated) ||
		(value->type == JSON_OBJECT && s->object && s->object->unevaluated);
}

bool run_check(struct run *run, const struct schema *schema, const struct json_value *value,
	const struct frame *up, const char *keyword, const char *name, size_t name_len,
	int64_t number, struct evaluated *seen)
{
	/* Most schemas of scalars are like that, and need no frame if the value is valid. */
	if (schema->only_types && !run->over && run_has_type(run, value, schema->types)) {
		run_spend(run, 1);
		return true;
	}
	struct frame frame = { .up = up,
		.schema = schema,
		.value = value,
		.keyword = keyword,
		.name = name,
		.name_len = name_len,
		.number = number,
		.depth = up ? up->depth + 1 : 0 };
	if (run->over)
		return false;
	if (schema->is_boolean)
		return schema->boolean || run_fail(run, &frame, NULL, value, "is not allowed here");
	if (is_endless(run, &frame) || frame.depth > RUN_MAX_DEPTH)
		return run_give_up(run, &frame, NULL, value,
			"cannot validate: the references of the schema form a cycle here");
	if (++run->steps > RUN_MAX_STEPS)
		return run_give_up(run, &frame, NULL, value,
			"cannot validate: the schema has too many combinations of alternatives");
	if (!seen && !asks_for_unevaluated(schema, value))
		return check_here(run, &frame, NULL);
	struct evaluated own;
	evaluated_init(&own, value);
	run_spend(run, own.words);
	bool ok = check_here(run, &frame, &own);
	if (ok && seen)
		evaluated_merge(seen, &own);
	evaluated_release(&own);
	return ok;
}

bool schema_validate_value(const struct schema *schema, const struct json_doc *doc,
	const struct json_value *value, const struct schema_options *options,
	struct schema_report *report)
{
	struct run run = { .doc = doc, .report = report };
	run.schema = value == json_root(doc) ? schema : NULL;
	if (options)
		run.options = *options;
	if (!run.options.max_errors)
		run.options.max_errors = DEFAULT_MAX_ERRORS;
	bool ok = run_check(&run, schema, value, NULL, NULL, NULL, 0, -1, NULL);
	return ok;
}

bool schema_validate(const struct schema *schema, const struct json_doc *doc,
	const struct schema_options *options, struct schema_report *report)
{
	return schema_validate_value(schema, doc, json_root(doc), options, report);
}
