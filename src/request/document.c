#include "request/document.h"

#include "base/alloc.h"
#include "fleet/files.h"

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

int document_new(struct document *out, const char *path, const char *text, struct error *err)
{
	struct buf copy = BUF_INIT;
	*out = (struct document){ 0 };
	buf_addstr(&copy, text);
	return opened(out, path, json_parse_buf(&out->doc, &copy, path, NULL, err), err);
}

int document_open(struct document *out, struct documents *documents, const char *path,
	const char *fresh, struct error *err)
{
	const char *text;
	size_t len;
	*out = (struct document){ 0 };
	int rc = documents_read(documents, path, &text, &len, err);
	if (rc == ERR_NOT_FOUND)
		return document_new(out, path, fresh, err);
	if (rc < 0)
		return rc;
	return opened(out, path, json_parse(&out->doc, text, len, path, NULL, err), err);
}

int document_open_list(struct document *out, struct documents *documents, const char *path,
	const char *name, enum json_type type, const struct json_value **member, struct error *err)
{
	int rc = document_open(out, documents, path, fleet_file(path)->empty, err);
	if (rc < 0)
		return rc;
	*member = json_member(out->doc, out->root, name);
	if (*member && (*member)->type == type)
		return 0;
	document_close(out);
	return error_set(err, ERR_INVALID, "%s must have a member \"%s\" that is an %s", path, name,
		json_type_name(type));
}

void document_close(struct document *document)
{
	json_edit_free(document->edit);
	json_doc_free(document->doc);
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
		if (!rc)
			documents_write(documents, edited[i].path, &texts[i]);
		buf_release(&texts[i]);
	}
	free(texts);
	return rc;
}
