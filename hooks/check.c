/* The input of pre-receive and pre-push, and the output of the guard's violations. */
#include "check.h"

#include "base/alloc.h"
#include "base/env.h"
#include "hook.h"
#include "request/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_LINES = 20, OID_HEX = 40 };

/* ---- input from git ---- */

static int add_line(struct push *push, char *line, size_t len, int64_t now,
	bool (*parse)(char *line, struct guard_update *update))
{
	struct buf shown = BUF_INIT;
	buf_add(&shown, line, len);
	bool valid = !memchr(line, '\0', len);
	GROW(push->updates, push->count, push->capacity);
	push->updates[push->count] = (struct guard_update){ .now = now };
	valid = valid && parse(line, &push->updates[push->count]);
	push->count++;
	if (!valid)
		hook_print("standard input, line %zu: unexpected input from git: '%.200s'",
			push->count, shown.data);
	buf_release(&shown);
	return valid ? 0 : -1;
}

int push_read(struct push *push, bool (*parse)(char *line, struct guard_update *update))
{
	const struct env *env = env_system();
	int64_t now = env_now(env);
	if (hook_read_input(&push->input) < 0)
		return -1;
	buf_add(&push->lines, push->input.data, push->input.len);
	char *at = push->lines.data, *end = at + push->lines.len;
	while (at < end) {
		char *newline = memchr(at, '\n', (size_t)(end - at));
		if (!newline) {
			hook_print(
				"standard input ends in the middle of line %zu", push->count + 1);
			return -1;
		}
		*newline = '\0';
		if (add_line(push, at, (size_t)(newline - at), now, parse) < 0)
			return -1;
		at = newline + 1;
	}
	return 0;
}

void push_release(struct push *push)
{
	buf_release(&push->input);
	buf_release(&push->lines);
	free(push->updates);
}

bool push_ref_ok(const char *text)
{
	if (strncmp(text, "refs/", 5) || !text[5])
		return false;
	for (const char *at = text; *at; at++)
		if ((unsigned char)*at <= ' ' || *at == 0x7f)
			return false;
	return true;
}

bool push_parse_received(char *line, struct guard_update *update)
{
	char *new = line + OID_HEX + 1, *ref = new + OID_HEX + 1;
	if (strlen(line) <= 2 * (OID_HEX + 1) || new[-1] != ' ' || ref[-1] != ' ')
		return false;
	new[-1] = ref[-1] = '\0';
	update->ref = ref;
	return oid_parse(&update->old, line) && oid_parse(&update->new, new) && push_ref_ok(ref);
}

bool push_is_request(const struct guard_update *update)
{
	return oid_is_none(&update->new) && !strcmp(update->ref, EXCHANGE_REF);
}

bool push_has_request(const struct push *push)
{
	for (size_t i = 0; i < push->count; i++)
		if (push_is_request(&push->updates[i]))
			return true;
	return false;
}

/* ---- violations ---- */

static void show_list(const char *kind, const struct guard_update *update,
	const struct violation *list, size_t count)
{
	for (size_t i = 0; i < count && i < MOST_LINES; i++) {
		const struct violation *violation = &list[i];
		struct buf text = BUF_INIT;
		violation_text(violation, &text);
		hook_print("%s%s%s%.12s: %s", kind, update->ref,
			oid_is_none(&violation->commit) ? "" : " ", violation->commit.hex,
			text.data);
		buf_release(&text);
	}
	if (count > MOST_LINES)
		hook_print("%s%s: and %zu more", kind, update->ref, count - MOST_LINES);
}

static void show(const struct guard_update *update, const struct guard_report *report)
{
	show_list("", update, report->violations, report->count);
	show_list("warning: ", update, report->warnings, report->warnings_count);
}

int check_update(struct guard *guard, const struct guard_update *update, size_t *found)
{
	struct guard_report report = { 0 };
	struct error err = ERROR_INIT;
	int rc = guard_check(guard, &report, update, &err);
	show(update, &report);
	if (rc < 0)
		hook_print("%s: cannot be checked: %s", update->ref, err.text);
	*found += report.count;
	guard_report_release(&report);
	return rc;
}
