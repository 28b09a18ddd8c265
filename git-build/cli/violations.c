/* Printing violations that the guard found. */
#include "cli/violations.h"

#include "cli/print.h"

void violation_show(const struct violation *violation, const char *indent)
{
	struct buf text = BUF_INIT;
	violation_text(violation, &text);
	show_line("%s%.12s%s%s", indent, violation->commit.hex,
		oid_is_none(&violation->commit) ? "" : " ", text.data);
	buf_release(&text);
}

static void put_place(struct json_writer *w, const char *name, size_t number)
{
	if (number)
		json_put_int(w, name, (int64_t)number);
	else
		json_put_null(w, name);
}

void violation_begin_json(const struct violation *violation, struct json_writer *w)
{
	const char *commit = violation->commit.hex;
	json_begin(w, '{');
	json_put_string(w, "kind", violation_kind_name(violation->kind));
	json_put_string_or_null(w, "commit", *commit ? commit : NULL);
	json_put_string_or_null(w, "file", violation->path);
	put_place(w, "line", violation->line);
	put_place(w, "column", violation->column);
	json_put_string(w, "pointer", violation->pointer);
	json_put_string(w, "error", violation->message);
}
