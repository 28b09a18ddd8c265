#include "merge/internal.h"

#include "json/layout.h"
#include "lines/broken.h"
#include "lines/conflict_markers.h"
#include "lines/line_merge.h"
#include "lines/text.h"
#include "schema/validate.h"

#include <stdlib.h>
#include <string.h>

/* How the versions are parsed. `duplicates`: objects may have a member more than once. */
static struct json_limits limits_of(const struct merge_request *request, bool duplicates)
{
	return (struct json_limits){
		.size = UINT32_MAX, .duplicates = duplicates, .lines = request->lines
	};
}

void merge_result_release(struct merge_result *result)
{
	buf_release(&result->text);
	buf_release(&result->report);
	buf_release(&result->discarded);
}

/* ---- the versions ---- */

/* One version, parsed. */
struct version {
	const char *label;
	struct merge_text text; /* without a byte-order mark */
	struct json_doc *doc;   /* NULL: broken, or none */
	struct error wrong;
	struct buf resolved; /* owns `text` if conflict markers were resolved */
};

static void version_release(struct version *version)
{
	json_doc_free(version->doc);
	buf_release(&version->resolved);
}

static int merge_valid(const struct merge_request *request, struct version versions[SIDES],
	struct merge_result *result, struct error *err);

/* `like` (may be NULL) is another version, which is probably similar. */
static bool parse(
	struct version *version, const struct merge_request *request, const struct json_doc *like)
{
	struct json_limits limits = limits_of(request, false);
	return json_parse_near(&version->doc, version->text.bytes, version->text.len, request->name,
		       like, &limits, &version->wrong) >= 0;
}

/* Merges the two versions between conflict markers of an earlier merge; the result is the text. */
static bool resolve_markers(
	struct version *version, const struct merge_request *request, struct merge_result *out)
{
	struct buf texts[SIDES] = { BUF_INIT, BUF_INIT, BUF_INIT };
	struct version parts[SIDES] = { { .label = "base" }, { .label = "ours" },
		{ .label = "theirs" } };
	struct merge_result result = MERGE_RESULT_INIT;
	bool has_base, resolved = false;
	if (split_at_markers(&version->text, &texts[A], &texts[BASE], &has_base, &texts[B])) {
		for (enum side side = BASE; side < SIDES; side++)
			parts[side].text = (struct merge_text){ texts[side].data, texts[side].len };
		if (!has_base)
			parts[BASE].text = request->base;
		parse(&parts[BASE], request, NULL);
		resolved = parse(&parts[A], request, NULL) && parse(&parts[B], request, NULL) &&
			!merge_valid(request, parts, &result, NULL);
	}
	if (resolved) {
		buf_add(&version->resolved, result.text.data, result.text.len);
		buf_add(&out->report, result.report.data, result.report.len);
		buf_add(&out->discarded, result.discarded.data, result.discarded.len);
		version->text =
			(struct merge_text){ version->resolved.data, version->resolved.len };
		resolved = parse(version, request, NULL);
	}
	for (enum side side = BASE; side < SIDES; side++) {
		version_release(&parts[side]);
		buf_release(&texts[side]);
	}
	merge_result_release(&result);
	return resolved;
}

static bool has_text(const struct merge_text *text)
{
	for (size_t i = 0; i < text->len; i++)
		if (!memchr(" \t\r\n", text->bytes[i], 4))
			return true;
	return false;
}

static void read_version(struct version *version, const char *label, const struct merge_text *text,
	const struct json_doc *like, const struct merge_request *request,
	struct merge_result *result)
{
	*version = (struct version){ .label = label, .text = *text, .resolved = BUF_INIT };
	/* An empty list of lines is valid, but a file that was emptied is probably cut off. */
	if (!text->len && (!request->lines || text == &request->base || has_text(&request->base))) {
		error_set(&version->wrong, ERR_INVALID, "%s: is empty", request->name);
		return;
	}
	if (!parse(version, request, like) && resolve_markers(version, request, result))
		buf_addf(&result->report,
			"%s: %s has conflict markers of an earlier merge; merged the versions "
			"between them\n",
			request->name, label);
}

/* Parses versions that are all broken again, with members that occur more than once. */
static bool read_with_duplicates(
	struct version versions[SIDES], const struct merge_request *request)
{
	struct json_limits limits = limits_of(request, true);
	bool parsed = !versions[BASE].doc && !versions[A].doc && !versions[B].doc;
	if (!parsed)
		return false;
	for (enum side side = BASE; side < SIDES && parsed; side++) {
		const struct merge_text *text = &versions[side].text;
		parsed = json_parse(&versions[side].doc, text->bytes, text->len, request->name,
				 &limits, NULL) >= 0;
	}
	for (enum side side = BASE; side < SIDES && !parsed; side++) {
		json_doc_free(versions[side].doc);
		versions[side].doc = NULL;
	}
	return parsed;
}

/* ---- merging ---- */

/* Does this side have another formatting than the base? */
static bool is_reformatted(const struct version *version, const struct version *base)
{
	struct json_layout mine, bases;
	json_layout_init(&mine, version->doc);
	json_layout_init(&bases, base->doc);
	bool reformatted = strcmp(mine.newline, bases.newline) || strcmp(mine.colon, bases.colon) ||
		mine.lines != bases.lines || mine.unit.len != bases.unit.len ||
		memcmp(mine.unit.data, bases.unit.data, mine.unit.len);
	json_layout_release(&mine);
	json_layout_release(&bases);
	return reformatted;
}

/* Is theirs A? A is the side that was reformatted if one was; else their content decides, so that
 * the order of the sides does not matter. */
static bool theirs_comes_first(const struct version versions[SIDES])
{
	const struct merge_text *ours = &versions[A].text, *theirs = &versions[B].text;
	if (versions[BASE].doc) {
		bool ours_is = is_reformatted(&versions[A], &versions[BASE]);
		bool theirs_is = is_reformatted(&versions[B], &versions[BASE]);
		if (ours_is != theirs_is)
			return theirs_is;
	}
	size_t least = ours->len < theirs->len ? ours->len : theirs->len;
	int order = memcmp(ours->bytes, theirs->bytes, least);
	return order ? order > 0 : ours->len > theirs->len;
}

static enum merge_style style_of(const struct merge_request *request)
{
	return request->style ? request->style() : STYLE_MERGE;
}

/* Both texts as a whole, with markers around the lines that differ. */
static int conflict_as_a_whole(const struct merge_request *request, struct merge_result *result)
{
	const struct merge_text texts[] = { request->base, request->ours, request->theirs };
	buf_reset(&result->text);
	buf_reset(&result->discarded);
	mark_texts(request, style_of(request), texts, &result->text);
	return 1;
}

static struct merge_text text_of(const struct marked *version)
{
	return (struct merge_text){ version->text.data, version->text.len };
}

/* Writes a result with conflicts: the line merge if that has none, else both choices with markers.
 * 0: there are no conflicts in the text; 1: there are. */
static int write_conflicts(const struct merging *m, const struct nodes *root,
	const struct version ordered[SIDES], bool swapped, struct buf *out)
{
	struct marked versions[SIDES] = { { .text = BUF_INIT }, { .text = BUF_INIT },
		{ .text = BUF_INIT } };
	struct merge_request lines = *m->request;
	int rc;
	for (enum side side = A; side < SIDES; side++)
		weave(m, root, side, &versions[side].text, &versions[side].spans);
	/* In a fixed order, so that the order of the sides does not matter. */
	lines.base = ordered[BASE].text;
	lines.ours = ordered[A].text;
	lines.theirs = ordered[B].text;
	const struct merge_text choices[] = { text_of(&versions[A]), text_of(&versions[B]) };
	rc = line_merge(&lines, choices, out);
	if (rc) {
		enum merge_style style = style_of(m->request);
		if (style != STYLE_MERGE)
			weave(m, root, BASE, &versions[BASE].text, &versions[BASE].spans);
		struct marked ours = versions[swapped ? B : A];
		versions[MARKED_THEIRS] = versions[swapped ? A : B];
		versions[MARKED_OURS] = ours;
		rc = mark_conflicts(m->request, style, versions, out) > 0;
	}
	for (enum side side = BASE; side < SIDES; side++) {
		buf_release(&versions[side].text);
		free(versions[side].spans.items);
	}
	return rc;
}

static bool is_valid(
	const struct merge_request *request, const struct json_doc *doc, struct error *err)
{
	struct schema_options options = { .max_errors = 1 };
	struct schema_report report = SCHEMA_REPORT_INIT;
	bool valid = !request->schema || schema_validate(request->schema, doc, &options, &report);
	if (!valid && report.count)
		error_set(err, ERR_INVALID, "%s: %s: %s", request->name, report.errors[0].instance,
			report.errors[0].message);
	schema_report_release(&report);
	return valid;
}

/* Checks that the result is valid if both sides are. 1: it is not, and the text is a conflict. */
static int check_schema(const struct merge_request *request, const struct json_doc *doc,
	const struct version versions[SIDES], struct merge_result *result)
{
	struct error wrong = ERROR_INIT;
	if (is_valid(request, doc, &wrong))
		return 0;
	bool was_valid = is_valid(request, versions[A].doc, NULL) &&
		is_valid(request, versions[B].doc, NULL);
	buf_addf(&result->report, "%s; %s\n", wrong.text,
		was_valid ? "both sides were valid; resolve the conflict by hand"
			  : "this was invalid before the merge");
	return was_valid ? conflict_as_a_whole(request, result) : 0;
}

/* Checks the result: it must be JSON, and valid if both sides are. If it equals one of the sides
 * from A to `keeps` (BASE: none), it gets the bytes of that side. */
static int check(const struct merge_request *request, const struct version versions[SIDES],
	enum side keeps, bool duplicates, struct merge_result *result, struct error *err)
{
	struct json_doc *doc;
	struct json_limits limits = limits_of(request, duplicates);
	if (json_parse_near(&doc, result->text.data, result->text.len, request->name,
		    versions[A].doc, &limits, err) < 0)
		return error_wrap(err, "the result of the merge is not JSON");
	int rc = duplicates ? 0 : check_schema(request, doc, versions, result);
	for (enum side side = A; side <= keeps && !rc; side++)
		if (json_equal(doc, json_root(doc), versions[side].doc,
			    json_root(versions[side].doc))) {
			buf_reset(&result->text);
			buf_add(&result->text, versions[side].text.bytes, versions[side].text.len);
			break;
		}
	json_doc_free(doc);
	return rc;
}

/* The only side that differs from the base; NULL: both do, or there is no base. */
static const struct version *only_changed(const struct version versions[SIDES])
{
	const struct merge_text *base = &versions[BASE].text;
	for (enum side side = A; versions[BASE].doc && side < SIDES; side++) {
		const struct merge_text *text = &versions[side].text;
		if (text->len == base->len && !memcmp(text->bytes, base->bytes, base->len))
			return &versions[side == A ? B : A];
	}
	return NULL;
}

/* Merges with `m`, whose conflicts are counted; writes the result. As merge_documents(). */
static int merge_ordered(struct merging *m, const struct version ordered[SIDES], bool swapped,
	struct merge_result *result)
{
	struct schema_place place;
	struct spot root = { .place = &place };
	struct nodes nodes = { NULL, NULL };
	int rc = 0;
	for (enum side side = BASE; side < SIDES; side++) {
		m->docs[side] = ordered[side].doc;
		root.at.at[side] = ordered[side].doc ? json_root(ordered[side].doc) : NULL;
	}
	schema_place_init(&place, m->request->schema);
	merge_value(m, &root, &nodes);
	if (m->conflicts)
		rc = write_conflicts(m, &nodes, ordered, swapped, &result->text);
	else
		weave(m, &nodes, A, &result->text, NULL);
	json_doc_free(m->published);
	arena_release(&m->arena);
	return rc;
}

/* Both sides are parsed; the base may be missing. */
static int merge_parsed(const struct merge_request *request, struct version versions[SIDES],
	bool duplicates, struct merge_result *result, struct error *err)
{
	const struct version *only = only_changed(versions);
	if (only) {
		buf_add(&result->text, only->text.bytes, only->text.len);
		return check(request, versions, BASE, duplicates, result, err);
	}
	bool swapped = theirs_comes_first(versions);
	struct version ordered[SIDES] = { versions[BASE], versions[swapped ? B : A],
		versions[swapped ? A : B] };
	struct merging m = {
		.request = request, .arena = ARENA_INIT, .result = result, .duplicates = duplicates
	};
	int rc = merge_ordered(&m, ordered, swapped, result);
	bool reformatted = ordered[BASE].doc && is_reformatted(&ordered[A], &ordered[BASE]);
	/* Saves memory with large files. */
	json_doc_free(versions[BASE].doc);
	versions[BASE].doc = ordered[BASE].doc = NULL;
	if (m.is_ambiguous)
		return conflict_as_a_whole(request, result);
	if (rc)
		return rc;
	/* A result that equals a side keeps its bytes, unless the other side was reformatted. */
	return check(request, ordered, reformatted ? A : B, duplicates, result, err);
}

static int merge_valid(const struct merge_request *request, struct version versions[SIDES],
	struct merge_result *result, struct error *err)
{
	return merge_parsed(request, versions, false, result, err);
}

/* The values that a side removed are unknown. The line merge is tried first; a file with a schema
 * can be merged without a base. */
static int merge_broken_base(const struct merge_request *request, struct version versions[SIDES],
	struct merge_result *result, struct error *err)
{
	struct merge_request lines = *request;
	bool swapped = theirs_comes_first(versions);
	struct version ordered[SIDES] = { versions[BASE], versions[swapped ? B : A],
		versions[swapped ? A : B] };
	lines.ours = ordered[A].text;
	lines.theirs = ordered[B].text;
	if (!line_merge(&lines, NULL, &result->text))
		return check(request, ordered, B, false, result, err);
	if (!request->schema) {
		buf_addf(&result->report,
			"%s; the base is broken, so resolve the conflict by hand\n",
			versions[BASE].wrong.text);
		return conflict_as_a_whole(request, result);
	}
	buf_addf(&result->report,
		"%s; the base is broken, so removed values may be in the result\n",
		versions[BASE].wrong.text);
	return merge_valid(request, versions, result, err);
}

/* One side at least is broken: its changes are unknown. */
static int merge_broken(const struct merge_request *request, const struct version versions[SIDES],
	struct merge_result *result, struct error *err)
{
	const struct version *broken = &versions[versions[A].doc ? B : A];
	const struct version *other = &versions[versions[A].doc ? A : B];
	if (!other->doc) {
		buf_addf(&result->report, "%s; theirs is broken too, so git merged the text\n",
			broken->wrong.text);
		int rc = merge_text(request, &result->text, err);
		return rc < 0 ? rc : 1;
	}
	if (equals_apart_from_break(&broken->text, &versions[BASE].text)) {
		buf_addf(&result->report,
			"%s; %s is broken and has no other change, so %s was kept\n",
			broken->wrong.text, broken->label, other->label);
		buf_add(&result->text, other->text.bytes, other->text.len);
		return 0;
	}
	buf_addf(&result->report, "%s; %s is broken, so resolve the conflict by hand\n",
		broken->wrong.text, broken->label);
	return conflict_as_a_whole(request, result);
}

int merge_documents(
	const struct merge_request *given, struct merge_result *result, struct error *err)
{
	struct merge_request plain = *given;
	const struct merge_request *request = &plain;
	struct version versions[SIDES];
	int rc;
	if (!plain.base.bytes)
		plain.base = (struct merge_text){ "", 0 };
	skip_byte_order_mark(&plain.base);
	skip_byte_order_mark(&plain.ours);
	skip_byte_order_mark(&plain.theirs);
	read_version(&versions[A], "ours", &request->ours, NULL, request, result);
	read_version(&versions[B], "theirs", &request->theirs, versions[A].doc, request, result);
	read_version(&versions[BASE], "base", &request->base, versions[A].doc, request, result);
	if (versions[A].doc && versions[B].doc && !versions[BASE].doc && request->base.len)
		rc = merge_broken_base(request, versions, result, err);
	else if (versions[A].doc && versions[B].doc)
		rc = merge_valid(request, versions, result, err);
	else if (read_with_duplicates(versions, request))
		rc = merge_parsed(request, versions, true, result, err);
	else
		rc = merge_broken(request, versions, result, err);
	for (enum side side = BASE; side < SIDES; side++)
		version_release(&versions[side]);
	return rc;
}
