/* The report of the guard: violations and warnings. */
#include "guard/internal.h"

#include "base/alloc.h"
#include "base/escape.h"

#include <stdlib.h>

const char *violation_kind_name(enum violation_kind kind)
{
	static const char *const names[VIOLATION_KINDS] = {
		[VIOLATION_BROKEN] = "broken",
		[VIOLATION_INVALID] = "invalid",
		[VIOLATION_SIZE] = "too-large",
		[VIOLATION_NO_FILE] = "no-file",
		[VIOLATION_CHANGED] = "changed",
		[VIOLATION_REMOVED] = "removed",
		[VIOLATION_CLAIM] = "claim",
		[VIOLATION_CLOCK] = "clock",
		[VIOLATION_OWNER] = "owner",
		[VIOLATION_BRANCH] = "branch",
		[VIOLATION_SCHEMA] = "schema",
	};
	return names[kind];
}

void violation_text(const struct violation *violation, struct buf *out)
{
	struct buf text = BUF_INIT;
	if (violation->path)
		buf_addstr(&text, violation->path);
	if (violation->line)
		buf_addf(&text, ":%zu:%zu", violation->line, violation->column);
	buf_addf(&text, "%s%s%s%s", violation->path ? ": " : "", violation->pointer,
		*violation->pointer ? ": " : "", violation->message);
	escape_add(out, text.data, text.len, false);
	buf_release(&text);
}

static struct violation make(enum violation_kind kind, const struct place *place,
	const char *format, va_list args) __attribute__((format(printf, 3, 0)));
static struct violation make(
	enum violation_kind kind, const struct place *place, const char *format, va_list args)
{
	struct buf message = BUF_INIT;
	buf_vaddf(&message, format, args);
	return (struct violation){
		.kind = kind,
		.commit = place->commit ? *place->commit : OID_NONE,
		.path = place->path ? xstrdup(place->path) : NULL,
		.line = place->at.line,
		.column = place->at.column,
		.pointer = xstrdup(place->pointer ? place->pointer : ""),
		.message = buf_detach(&message),
	};
}

void guard_violate(struct guard_report *report, enum violation_kind kind, const struct place *place,
	const char *format, ...)
{
	va_list args;
	va_start(args, format);
	GROW(report->violations, report->count, report->capacity);
	report->violations[report->count++] = make(kind, place, format, args);
	va_end(args);
}

void guard_warn(struct guard_report *report, enum violation_kind kind, const struct place *place,
	const char *format, ...)
{
	va_list args;
	va_start(args, format);
	GROW(report->warnings, report->warnings_count, report->warnings_capacity);
	report->warnings[report->warnings_count++] = make(kind, place, format, args);
	va_end(args);
}

void guard_report_move(struct guard_report *into, struct guard_report *from)
{
	for (size_t i = 0; i < from->count; i++) {
		GROW(into->violations, into->count, into->capacity);
		into->violations[into->count++] = from->violations[i];
	}
	for (size_t i = 0; i < from->warnings_count; i++) {
		GROW(into->warnings, into->warnings_count, into->warnings_capacity);
		into->warnings[into->warnings_count++] = from->warnings[i];
	}
	free(from->violations);
	free(from->warnings);
	*from = (struct guard_report){ 0 };
}

static void release_all(struct violation *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(list[i].path);
		free(list[i].pointer);
		free(list[i].message);
	}
	free(list);
}

void guard_report_release(struct guard_report *report)
{
	release_all(report->violations, report->count);
	release_all(report->warnings, report->warnings_count);
	*report = (struct guard_report){ 0 };
}
