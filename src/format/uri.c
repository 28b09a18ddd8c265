#include "format/uri.h"

#include <stdbool.h>
#include <string.h>

struct part {
	const char *start;
	size_t len;
	bool present;
};

struct uri {
	struct part scheme, authority, path, query, fragment;
};

/* Splits a URI as in RFC 3986, appendix B. */
static struct uri take_apart(const char *text, size_t len)
{
	struct uri uri = { 0 };
	const char *at = text, *end = text + len;
	const char *hash = memchr(at, '#', len);
	if (hash) {
		uri.fragment = (struct part){ hash + 1, (size_t)(end - hash - 1), true };
		end = hash;
	}
	const char *colon = at;
	while (colon < end && !strchr(":/?", *colon))
		colon++;
	if (colon < end && *colon == ':' && colon > at) {
		uri.scheme = (struct part){ at, (size_t)(colon - at), true };
		at = colon + 1;
	}
	const char *question = memchr(at, '?', (size_t)(end - at));
	if (question) {
		uri.query = (struct part){ question + 1, (size_t)(end - question - 1), true };
		end = question;
	}
	if (end - at >= 2 && at[0] == '/' && at[1] == '/') {
		const char *slash = memchr(at + 2, '/', (size_t)(end - at - 2));
		const char *stop = slash ? slash : end;
		uri.authority = (struct part){ at + 2, (size_t)(stop - at - 2), true };
		at = stop;
	}
	uri.path = (struct part){ at, (size_t)(end - at), true };
	return uri;
}

static bool starts(const struct buf *in, size_t at, const char *what)
{
	size_t len = strlen(what);
	return in->len - at >= len && !memcmp(in->data + at, what, len);
}

static bool is_rest(const struct buf *in, size_t at, const char *what)
{
	return in->len - at == strlen(what) && starts(in, at, what);
}

/* Removes the last segment, with its slash, of the output after `from`. */
static void drop_segment(struct buf *out, size_t from)
{
	while (out->len > from && out->data[out->len - 1] != '/')
		buf_truncate(out, out->len - 1);
	if (out->len > from)
		buf_truncate(out, out->len - 1);
}

/* Appends `path` without "." and ".." (RFC 3986, section 5.2.4). */
static void remove_dots(const struct buf *path, struct buf *out)
{
	size_t from = out->len;
	for (size_t at = 0; at < path->len;) {
		if (starts(path, at, "../")) {
			at += 3;
		} else if (starts(path, at, "./") || starts(path, at, "/./")) {
			at += 2;
		} else if (is_rest(path, at, "/.")) {
			buf_addch(out, '/');
			break;
		} else if (starts(path, at, "/../")) {
			at += 3;
			drop_segment(out, from);
		} else if (is_rest(path, at, "/..")) {
			drop_segment(out, from);
			buf_addch(out, '/');
			break;
		} else if (is_rest(path, at, ".") || is_rest(path, at, "..")) {
			break;
		} else {
			do
				buf_addch(out, path->data[at++]);
			while (at < path->len && path->data[at] != '/');
		}
	}
}

/* Appends the path of the reference after the last slash of the base (section 5.2.3). */
static void merge_paths(const struct uri *base, const struct part *ref, struct buf *out)
{
	size_t keep = base->path.len;
	while (keep && base->path.start[keep - 1] != '/')
		keep--;
	if (base->authority.present && !base->path.len)
		buf_addch(out, '/');
	buf_add(out, base->path.start, keep);
	buf_add(out, ref->start, ref->len);
}

void uri_resolve(const char *base_text, const char *ref_text, size_t len, struct buf *out)
{
	struct uri base = take_apart(base_text, strlen(base_text)), ref = take_apart(ref_text, len);
	struct buf path = BUF_INIT;
	struct part scheme = ref.scheme, authority = ref.authority, query = ref.query;
	if (ref.scheme.present || ref.authority.present) {
		buf_add(&path, ref.path.start, ref.path.len);
		if (!ref.scheme.present)
			scheme = base.scheme;
	} else {
		scheme = base.scheme;
		authority = base.authority;
		if (!ref.path.len) {
			buf_add(&path, base.path.start, base.path.len);
			if (!ref.query.present)
				query = base.query;
		} else if (ref.path.start[0] == '/') {
			buf_add(&path, ref.path.start, ref.path.len);
		} else {
			merge_paths(&base, &ref.path, &path);
		}
	}
	if (scheme.present) {
		buf_add(out, scheme.start, scheme.len);
		buf_addch(out, ':');
	}
	if (authority.present) {
		buf_addstr(out, "//");
		buf_add(out, authority.start, authority.len);
	}
	remove_dots(&path, out);
	if (query.present) {
		buf_addch(out, '?');
		buf_add(out, query.start, query.len);
	}
	if (ref.fragment.present) {
		buf_addch(out, '#');
		buf_add(out, ref.fragment.start, ref.fragment.len);
	}
	buf_release(&path);
}

const char *uri_fragment(const char *uri)
{
	const char *hash = strchr(uri, '#');
	return hash ? hash + 1 : NULL;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void uri_decode(const char *text, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '%' && len - i > 2 && hex(text[i + 1]) >= 0 &&
			hex(text[i + 2]) >= 0) {
			buf_addch(out, (char)(hex(text[i + 1]) * 16 + hex(text[i + 2])));
			i += 2;
		} else {
			buf_addch(out, text[i]);
		}
	}
}
