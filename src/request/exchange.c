#include "request/exchange.h"

#include "json/write.h"

#include <stdlib.h>
#include <string.h>

enum { VERSION = 1 };

static const char *const verdicts[] = {
	[VERDICT_NONE] = "",
	[VERDICT_DONE] = "done",
	[VERDICT_REFUSED] = "refused",
	[VERDICT_REJECTED] = "rejected",
	[VERDICT_ABSENT] = "absent",
	[VERDICT_FAILED] = "failed",
	[VERDICT_UNSUPPORTED] = "unsupported",
};

void exchange_add_line(struct buf *out, const struct buf *text)
{
	for (size_t i = 0; i < text->len; i++) {
		if (text->data[i] != '\n') {
			buf_addch(out, text->data[i]);
			continue;
		}
		while (i + 1 < text->len && text->data[i + 1] == ' ')
			i++;
	}
}

static void put_oid(struct json_writer *w, const char *name, const struct oid *oid)
{
	json_put_string_or_null(w, name, oid_is_none(oid) ? NULL : oid->hex);
}

/* Adds JSON text, which may be empty, as a member on the same line. */
static void put_line(struct json_writer *w, const char *name, const struct buf *text)
{
	struct buf line = BUF_INIT;
	exchange_add_line(&line, text);
	if (line.len)
		json_put_raw(w, name, line.data, line.len);
	else
		json_put_null(w, name);
	buf_release(&line);
}

static bool read_oid(const struct json_doc *doc, const char *name, struct oid *out)
{
	const struct json_value *value = json_member(doc, json_root(doc), name);
	char *hex = json_strdup(doc, value);
	bool valid = !value || value->type == JSON_NULL || (hex && oid_parse(out, hex));
	if (!hex)
		*out = OID_NONE;
	free(hex);
	return valid;
}

static bool has_version(const struct json_doc *doc)
{
	int64_t version;
	return json_int64(doc, json_member(doc, json_root(doc), "version"), &version) &&
		version == VERSION;
}

/* ---- requests ---- */

void asked_write(struct buf *out, const struct buf *request, const struct oid *since, bool apply,
	const char *branch)
{
	struct json_writer w = { .out = out, .compact = true };
	json_begin(&w, '{');
	json_put_int(&w, "version", VERSION);
	put_oid(&w, "since", since);
	json_put_bool(&w, "apply", apply);
	json_put_string_or_null(&w, "branch", branch);
	put_line(&w, "request", request);
	json_end(&w);
}

/* The ID becomes a line of a commit message. */
static bool is_uuid(const char *text)
{
	return text && strlen(text) == UUID_SIZE - 1 &&
		strspn(text, "0123456789abcdef-") == UUID_SIZE - 1;
}

static int read_request(struct asked *out, const struct json_doc *doc,
	const struct json_value *request, struct error *err)
{
	const struct json_value *apply = json_member(doc, json_root(doc), "apply");
	size_t len;
	if (!has_version(doc))
		return error_set(err, ERR_INVALID,
			"request: its version is not supported; this side supports version %d",
			VERSION);
	if (!request || !apply || !read_oid(doc, "since", &out->since))
		return error_set(err, ERR_INVALID, "request: no request, apply or since");
	if (!is_uuid(out->id))
		return error_set(err, ERR_INVALID, "request: its id is not a UUID in lower case");
	const char *text = json_raw(doc, request, &len);
	out->apply = apply->type == JSON_TRUE;
	out->branch = json_strdup(doc, json_member(doc, json_root(doc), "branch"));
	return request_read(&out->request, text, len, err);
}

int asked_read(struct asked *out, const char *text, size_t len, struct error *err)
{
	struct json_doc *doc = NULL;
	*out = (struct asked){ .request = { .arena = ARENA_INIT } };
	int rc = json_parse(&doc, text, len, "request", NULL, err);
	if (rc < 0)
		return rc;
	const struct json_value *request = json_member(doc, json_root(doc), "request");
	out->id = json_strdup(doc, json_member(doc, request, "id"));
	rc = read_request(out, doc, request, err);
	json_doc_free(doc);
	return rc;
}

void asked_release(struct asked *asked)
{
	free(asked->branch);
	free(asked->id);
	request_release(&asked->request);
}

/* ---- answers ---- */

void answered_release(struct answered *answered)
{
	buf_release(&answered->answer);
	buf_release(&answered->reason);
}

void answered_write(struct buf *out, const char *id, const struct answered *answered)
{
	struct json_writer w = { .out = out, .compact = true };
	json_begin(&w, '{');
	json_put_int(&w, "version", VERSION);
	json_put_string(&w, "id", id);
	json_put_string(&w, "verdict", verdicts[answered->verdict]);
	put_oid(&w, "commit", &answered->commit);
	put_line(&w, "answer", &answered->answer);
	if (answered->reason.len)
		json_put_string_n(&w, "reason", answered->reason.data, answered->reason.len);
	json_end(&w);
}

static enum verdict find_verdict(const char *name)
{
	for (size_t i = VERDICT_DONE; name && i < sizeof(verdicts) / sizeof(*verdicts); i++)
		if (!strcmp(verdicts[i], name))
			return (enum verdict)i;
	return VERDICT_NONE;
}

/* Replaces `out` by a member: its JSON text, or the content if it is a string. */
static void read_text(const struct json_doc *doc, const char *name, struct buf *out)
{
	const struct json_value *value = json_member(doc, json_root(doc), name);
	size_t len = 0;
	const char *text = !value || value->type == JSON_NULL ? NULL
		: value->type == JSON_STRING                  ? json_string(doc, value, &len)
							      : json_raw(doc, value, &len);
	buf_reset(out);
	if (text)
		buf_add(out, text, len);
}

char *answered_read(struct answered *out, const char *text, size_t len)
{
	struct json_doc *doc = NULL;
	char *id = NULL;
	if (json_parse(&doc, text, len, "answer", NULL, NULL) < 0)
		return NULL;
	char *verdict = json_strdup(doc, json_member(doc, json_root(doc), "verdict"));
	out->verdict = find_verdict(verdict);
	if (has_version(doc) && out->verdict != VERDICT_NONE &&
		read_oid(doc, "commit", &out->commit)) {
		read_text(doc, "answer", &out->answer);
		read_text(doc, "reason", &out->reason);
		id = json_strdup(doc, json_member(doc, json_root(doc), "id"));
	}
	free(verdict);
	json_doc_free(doc);
	return id;
}
