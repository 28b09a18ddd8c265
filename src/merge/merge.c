#include "merge/internal.h"

#include "json/layout.h"
#include "merge/broken.h"
#include "merge/conflict_markers.h"
#include "merge/text.h"
#include "schema/validate.h"

#include <stdlib.h>
#include <string.h>

static const struct json_limits no_limit = { .size = UINT32_MAX };

void merge_result_release(struct merge_result *result)
{
	buf_release(&result->text);
	buf_release(&result->report);
}

/* ---- the sides ---- */

/* One version, parsed. */
struct version {
	const char *label;
	struct merge_text text;
	struct json_doc *doc; /* NULL: broken, or none */
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
static bool parse(struct version *version, const char *name, const struct json_doc *like)
{
	return json_parse_near(&version->doc, version->text.bytes, version->text.len, name, like,
		       &no_limit, &version->wrong) >= 0;
}

/* Merges the two versions between conflict markers of an earlier merge; the result is the text. */
static bool resolve_markers(struct version *version, const struct merge_request *request)
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
		parse(&parts[BASE], request->name, NULL);
		resolved = parse(&parts[A], request->name, NULL) &&
			parse(&parts[B], request->name, NULL) &&
			!merge_valid(request, parts, &result, NULL);
	}
	if (resolved) {
		buf_add(&version->resolved, result.text.data, result.text.len);
		version->text =
			(struct merge_text){ version->resolved.data, version->resolved.len };
		resolved = parse(version, request->name, NULL);
	}
	for (enum side side = BASE; side < SIDES; side++) {
		version_release(&parts[side]);
		buf_release(&texts[side]);
	}
	merge_result_release(&result);
	return resolved;
}

static void read_version(struct version *version, const char *label, const struct merge_text *text,
	const struct json_doc *like, const struct merge_request *request, struct buf *report)
{
	*version = (struct version){ .label = label, .text = *text, .resolved = BUF_INIT };
	if (!text->len) {
		error_set(&version->wrong, ERR_INVALID, "%s: is empty", request->name);
		return;
	}
	if (!parse(version, request->name, like) && resolve_markers(version, request))
		buf_addf(report,
			"%s: %s has conflict markers of an earlier merge; merged the versions "
			"between them\n",
			request->name, label);
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

/* Both choices as one text, with markers around the conflicts. */
static void weave_conflicts(
	const struct merging *m, const struct nodes *root, bool swapped, struct buf *out)
{
	struct marked sides[SIDES] = { { .text = BUF_INIT }, { .text = BUF_INIT },
		{ .text = BUF_INIT } };
	for (enum side side = A; side < SIDES; side++)
		weave(m, root, side, &sides[side].text, &sides[side].spans);
	mark_conflicts(m->request, &sides[swapped ? B : A], &sides[swapped ? A : B], out);
	for (enum side side = A; side < SIDES; side++) {
		buf_release(&sides[side].text);
		free(sides[side].spans.items);
	}
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

/* Checks the result: it must be JSON, and valid if both sides are. If it equals one of the sides
 * from A to `keeps` (BASE: none), it gets the bytes of that side. */
static int check(const struct merge_request *request, const struct version versions[SIDES],
	enum side keeps, struct merge_result *result, struct error *err)
{
	struct json_doc *doc;
	struct error wrong = ERROR_INIT;
	int rc = 0;
	if (json_parse_near(&doc, result->text.data, result->text.len, request->name,
		    versions[A].doc, &no_limit, err) < 0)
		return error_wrap(err, "the result of the merge is not JSON");
	if (!is_valid(request, doc, &wrong)) {
		bool was_valid = is_valid(request, versions[A].doc, NULL) &&
			is_valid(request, versions[B].doc, NULL);
		buf_addf(&result->report, "%s; %s\n", wrong.text,
			was_valid ? "both sides were valid; resolve the conflict by hand"
				  : "this was invalid before the merge");
		rc = was_valid;
	}
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

/* Both sides are JSON; the base may be missing. */
static int merge_valid(const struct merge_request *request, struct version versions[SIDES],
	struct merge_result *result, struct error *err)
{
	const struct version *only = only_changed(versions);
	if (only) {
		buf_add(&result->text, only->text.bytes, only->text.len);
		return check(request, versions, BASE, result, err);
	}
	bool swapped = theirs_comes_first(versions);
	struct version ordered[SIDES] = { versions[BASE], versions[swapped ? B : A],
		versions[swapped ? A : B] };
	struct merging m = { .request = request, .arena = ARENA_INIT, .report = &result->report };
	struct schema_place place;
	struct spot root = { .place = &place };
	struct nodes nodes = { NULL, NULL };
	int rc;
	for (enum side side = BASE; side < SIDES; side++) {
		m.docs[side] = ordered[side].doc;
		root.at.at[side] = ordered[side].doc ? json_root(ordered[side].doc) : NULL;
	}
	schema_place_init(&place, request->schema);
	merge_value(&m, &root, &nodes);
	if (m.conflicts)
		weave_conflicts(&m, &nodes, swapped, &result->text);
	else
		weave(&m, &nodes, A, &result->text, NULL);
	json_doc_free(m.published);
	arena_release(&m.arena);
	bool reformatted = ordered[BASE].doc && is_reformatted(&ordered[A], &ordered[BASE]);
	/* Saves memory with large files. */
	json_doc_free(versions[BASE].doc);
	versions[BASE].doc = ordered[BASE].doc = NULL;
	if (m.conflicts)
		return 1;
	/* A result that equals a side keeps its bytes, unless the other side was reformatted. */
	rc = check(request, ordered, reformatted ? A : B, result, err);
	if (rc > 0) {
		buf_reset(&result->text);
		merge_text_conflict(request, &request->ours, &request->theirs, &result->text);
	}
	return rc;
}

/* One side alone is sound: it is the result. */
static int take_sound(const struct merge_request *request, const struct version versions[SIDES],
	struct merge_result *result)
{
	const struct version *sound = &versions[versions[A].doc ? A : B];
	const struct version *broken = &versions[versions[A].doc ? B : A];
	buf_addf(&result->report,
		"%s: all that %s has changed is LOST, since it is broken (%s); %s was taken "
		"whole\n",
		request->name, broken->label, broken->wrong.text, sound->label);
	buf_add(&result->text, sound->text.bytes, sound->text.len);
	return 0;
}

int merge_documents(
	const struct merge_request *request, struct merge_result *result, struct error *err)
{
	struct version versions[SIDES];
	int rc;
	struct buf *report = &result->report;
	read_version(&versions[A], "ours", &request->ours, NULL, request, report);
	read_version(&versions[B], "theirs", &request->theirs, versions[A].doc, request, report);
	read_version(&versions[BASE], "base", &request->base, versions[A].doc, request, report);
	if (versions[A].doc && versions[B].doc) {
		rc = merge_valid(request, versions, result, err);
	} else if (versions[A].doc || versions[B].doc) {
		rc = take_sound(request, versions, result);
	} else {
		buf_addf(&result->report, "%s; theirs is broken too, so git merged the text\n",
			versions[A].wrong.text);
		rc = merge_text(request, &result->text, err);
		if (!rc)
			rc = 1;
	}
	for (enum side side = BASE; side < SIDES; side++)
		version_release(&versions[side]);
	return rc;
}
