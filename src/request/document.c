#include "request/document.h"

#include "base/alloc.h"
#include "fleet/files.h"
#include "request/repair.h"

#include <stdlib.h>
#include <string.h>

/* Completes a document after its text was parsed to `out->doc`, with the result `rc`. */
static int opened(struct document *out, const char *path, int rc, struct error *err)
{
	if (rc < 0)
		return rc;
	out->path = xstrdup(path);
	out->root = json_root(out->doc);
	out->edit = json_edit_new(out->doc);
	if (out->root->type == JSON_OBJECT)
		return 0;
	document_close(out);
	return error_set(err, ERR_INVALID, "%s:1:1: must be an object", path);
}

static int create(struct document *out, const char *path, const char *text, struct error *err)
{
	struct buf copy = BUF_INIT;
	*out = (struct document){ 0 };
	buf_addstr(&copy, text);
	return opened(out, path, json_parse_buf(&out->doc, &copy, path, NULL, err), err);
}

/* ---- files that are not valid ---- */

static void warn(struct documents *documents, const struct document *document, bool is_saved)
{
	struct buf lines = BUF_INIT;
	repair_describe(document->repair, document->path, is_saved, &lines);
	if (is_saved)
		documents_note(documents, &lines);
	for (char *rest = lines.data, *line; (line = strsep(&rest, "\n"));)
		if (*line)
			documents_warn(documents, line);
	buf_release(&lines);
}

/* Opens the file as it would be restored from a valid version, or from `fresh` if there never was
 * one (NULL: it is not). `err` has the reason why it is not valid, and keeps it if it is not
 * restored. */
static int open_repaired(struct document *out, struct documents *documents, const char *path,
	const char *fresh, struct error *err)
{
	struct repair *repair = xcalloc(1, sizeof(*repair));
	struct error why = ERROR_INIT;
	*repair = (struct repair)REPAIR_INIT;
	repair->fresh = fresh;
	int rc = repair_file(repair, documents, path, &why);
	repair->fresh = fresh ? "" : NULL; /* the text is only valid here */
	/* To begin again from an empty list is the decision of a person. */
	if (rc > 0 && (*repair->from || fresh)) {
		size_t len = repair->text.len;
		const char *text = documents_keep(documents, &repair->text);
		rc = opened(out, path, json_parse(&out->doc, text, len, path, NULL, &why), &why);
	} else if (rc == ERR_FAILED || repair->end) {
		rc = error_set(err, rc == ERR_FAILED ? rc : ERR_INVALID, "%s", why.text);
	} else {
		rc = ERR_INVALID;
	}
	if (rc < 0) {
		repair_release(repair);
		free(repair);
		return rc;
	}
	out->repair = repair;
	warn(documents, out, false);
	return 0;
}

/* `start` is what a file that was never valid is restored from; NULL: it is not restored. */
static int open_or_repair(struct document *out, struct documents *documents, const char *path,
	const char *fresh, const char *start, struct error *err)
{
	const char *text;
	size_t len;
	*out = (struct document){ 0 };
	int rc = documents_read(documents, path, &text, &len, err);
	if (rc == ERR_NOT_FOUND)
		return create(out, path, fresh, err);
	if (!rc)
		rc = opened(out, path, json_parse(&out->doc, text, len, path, NULL, err), err);
	return rc == ERR_INVALID ? open_repaired(out, documents, path, start, err) : rc;
}

int document_open(struct document *out, struct documents *documents, const char *path,
	const char *fresh, struct error *err)
{
	return open_or_repair(out, documents, path, fresh, NULL, err);
}

int document_open_derived(struct document *out, struct documents *documents, const char *path,
	const char *fresh, struct error *err)
{
	return open_or_repair(out, documents, path, fresh, fresh, err);
}

static int find_list(struct document *out, const char *name, enum json_type type,
	const struct json_value **member)
{
	*member = json_member(out->doc, out->root, name);
	return *member && (*member)->type == type ? 0 : ERR_INVALID;
}

int document_open_list(struct document *out, struct documents *documents, const char *path,
	const char *name, enum json_type type, const struct json_value **member, struct error *err)
{
	int rc = document_open(out, documents, path, fleet_file(path)->empty, err);
	if (rc < 0 || !find_list(out, name, type, member))
		return rc;
	document_close(out);
	error_set(err, ERR_INVALID, "%s must have a member \"%s\" that is an %s", path, name,
		json_type_name(type));
	rc = open_repaired(out, documents, path, NULL, err);
	return rc < 0 ? rc : find_list(out, name, type, member);
}

void document_close(struct document *document)
{
	json_edit_free(document->edit);
	json_doc_free(document->doc);
	if (document->repair)
		repair_release(document->repair);
	free(document->repair);
	free(document->path);
	*document = (struct document){ 0 };
}

int document_save(
	struct document *edited, size_t count, struct documents *documents, struct error *err)
{
	struct buf *texts = xcalloc(count, sizeof(*texts));
	int rc = 0;
	for (size_t i = 0; i < count; i++) {
		texts[i] = (struct buf)BUF_INIT;
		if (!rc)
			rc = json_edit_write(edited[i].edit, &texts[i], err);
	}
	for (size_t i = 0; i < count; i++) {
		if (!rc && edited[i].repair) {
			documents_unwarn(documents, edited[i].path);
			warn(documents, &edited[i], true);
		}
		if (!rc)
			documents_write(documents, edited[i].path, &texts[i]);
		buf_release(&texts[i]);
	}
	free(texts);
	return rc;
}
