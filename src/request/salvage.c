#include "request/salvage.h"

#include "lines/broken.h"
#include "merge/merge.h"

#include <stdlib.h>
#include <string.h>

/* Parses an object. False, with the reason in `why`, if it is not one. */
static bool parse(const struct salvage *s, const char *bytes, size_t len, struct json_doc **doc,
	struct error *why)
{
	struct buf copy = BUF_INIT;
	buf_add(&copy, bytes, len);
	*doc = NULL;
	if (!len)
		error_set(why, ERR_INVALID, "%s: is empty", s->path);
	int rc = len ? json_parse_buf(doc, &copy, s->path, NULL, why) : ERR_INVALID;
	buf_release(&copy);
	if (!rc && json_root(*doc)->type == JSON_OBJECT)
		return true;
	if (!rc)
		error_set(why, ERR_INVALID, "%s:1:1: must be an object", s->path);
	json_doc_free(*doc);
	*doc = NULL;
	return false;
}

/* ---- conflict markers ---- */

static int add_valid(void *data, struct buf *out)
{
	const struct salvage *s = data;
	buf_add(out, s->valid.bytes, s->valid.len);
	return 0;
}

/* Adds the lines of a merge's report ("PATH POINTER: ..."), without the path. */
static void drop_lines(const struct salvage *s, const struct buf *lines)
{
	size_t prefix = strlen(s->path);
	for (const char *line = lines->data; *line;) {
		size_t len = strcspn(line, "\n");
		bool named =
			len > prefix + 1 && !strncmp(line, s->path, prefix) && line[prefix] == ' ';
		const char *text = named ? line + prefix + 1 : line;
		buf_addf(s->dropped, "%.*s\n", (int)(line + len - text), text);
		line += len + (line[len] == '\n');
	}
}

/*
 * Merges both sides. Without the version from which they come, everything in them counts as added,
 * and what is in the last valid version counts as published: no value of it is lost because a side
 * is older.
 */
static void merge_sides(
	struct salvage *s, const struct buf *ours, const struct buf *base, const struct buf *theirs)
{
	struct merge_request request = { .base = { base->data, base->len },
		.ours = { ours->data, ours->len },
		.theirs = { theirs->data, theirs->len },
		.name = s->path,
		.schema = s->schema,
		.published = add_valid,
		.published_data = s,
		.no_line_merge = true };
	struct merge_result result = MERGE_RESULT_INIT;
	struct error why = ERROR_INIT;
	int rc = merge_documents(&request, &result, &why);
	if (rc || !parse(s, result.text.data, result.text.len, &s->doc, &why))
		buf_addf(s->dropped, "both sides between the conflict markers: %s\n",
			rc > 0 ? "they cannot be merged" : why.text);
	else
		drop_lines(s, &result.discarded);
	merge_result_release(&result);
}

/* Reads the sides between conflict markers. False if there are no markers, or neither side can be
 * read. */
static bool read_sides(struct salvage *s)
{
	struct buf ours = BUF_INIT, base = BUF_INIT, theirs = BUF_INIT;
	struct json_doc *our = NULL, *bases = NULL, *their = NULL;
	struct error our_why = ERROR_INIT, their_why = ERROR_INIT;
	bool has_base, has_ours = false, has_theirs = false;
	if (split_at_markers(&s->text, &ours, &base, &has_base, &theirs)) {
		has_ours = parse(s, ours.data, ours.len, &our, &our_why);
		has_theirs = parse(s, theirs.data, theirs.len, &their, &their_why);
		if (!has_base || !parse(s, base.data, base.len, &bases, NULL)) {
			buf_reset(&base);
			buf_add(&base, s->base.bytes, s->base.len);
		}
	}
	if (has_ours && has_theirs)
		merge_sides(s, &ours, &base, &theirs);
	else if (has_ours || has_theirs)
		buf_addf(s->dropped, "%s side between the conflict markers: %s\n",
			has_ours ? "the second" : "the first",
			has_ours ? their_why.text : our_why.text);
	if (has_ours != has_theirs) {
		s->doc = has_ours ? our : their;
		our = has_ours ? NULL : our;
		their = has_theirs ? NULL : their;
	}
	json_doc_free(our);
	json_doc_free(bases);
	json_doc_free(their);
	buf_release(&ours);
	buf_release(&base);
	buf_release(&theirs);
	return has_ours || has_theirs;
}

/* ---- the elements before an error ---- */

/* The offset of a position, whose column counts code points. */
static size_t offset_of(const struct merge_text *text, const struct json_position *at)
{
	size_t offset = 0;
	for (size_t line = 1; line < at->line && offset < text->len; offset++)
		line += text->bytes[offset] == '\n';
	for (size_t column = 1; column < at->column && offset < text->len; column++)
		do
			offset++;
		while (offset < text->len && (text->bytes[offset] & 0xc0) == 0x80);
	return offset;
}

/* Returns the end of the last complete element of a list in the root that ends before `limit`, and
 * stores the bracket that closes the list in `*bracket`; 0 if there is none. */
static size_t last_element(const struct merge_text *text, size_t limit, char *bracket)
{
	size_t depth = 0, end = 0;
	bool in_string = false;
	char list = 0;
	for (size_t i = 0; i < limit; i++) {
		char c = text->bytes[i];
		if (in_string) {
			i += c == '\\';
			in_string = c != '"';
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth == 2)
				list = c == '{' ? '}' : ']';
		} else if ((c == '}' || c == ']') && depth && --depth == 2) {
			end = i + 1;
			*bracket = list;
		}
	}
	return end;
}

static void read_start(struct salvage *s, const struct error *wrong)
{
	struct json_position at;
	struct buf start = BUF_INIT;
	char bracket = 0;
	const char *why = json_error_sentence(wrong->text, s->path, &at);
	size_t end = at.line ? last_element(&s->text, offset_of(&s->text, &at), &bracket) : 0;
	if (end) {
		buf_add(&start, s->text.bytes, end);
		buf_addch(&start, bracket);
		buf_addch(&start, '}');
		s->is_partial = parse(s, start.data, start.len, &s->doc, NULL);
	}
	if (!s->is_partial)
		end = 0;
	if (s->text.len > end)
		buf_addf(s->dropped,
			"%s%zu bytes, which cannot be read: line %zu, column %zu: %s\n",
			end ? "the last " : "all ", s->text.len - end, at.line, at.column, why);
	buf_release(&start);
}

void salvage_read(struct salvage *s)
{
	struct error wrong = ERROR_INIT;
	skip_byte_order_mark(&s->text);
	if (!parse(s, s->text.bytes, s->text.len, &s->doc, &wrong) && !read_sides(s))
		read_start(s, &wrong);
}
