#include "artifacts/manifest.h"

#include "base/alloc.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "fleet/names.h"
#include "json/document.h"
#include "json/write.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void manifest_release(struct manifest *manifest)
{
	char *strings[] = { manifest->job, manifest->server, manifest->status, manifest->type,
		manifest->branch, manifest->commit, manifest->reason, manifest->directory,
		manifest->log };
	for (size_t i = 0; i < sizeof(strings) / sizeof(*strings); i++)
		free(strings[i]);
	for (size_t i = 0; i < manifest->count; i++)
		free(manifest->artifacts[i].name);
	free(manifest->artifacts);
	*manifest = (struct manifest)MANIFEST_INIT;
}

/* ---- listing the files ---- */

/* Reads the rest of `fd` into the digest. */
static int digest(EVP_MD_CTX *context, int fd, const char *path, struct error *err)
{
	static _Thread_local unsigned char block[1 << 16];
	for (;;) {
		ssize_t len = read(fd, block, sizeof(block));
		if (!len)
			return 0;
		if (len < 0 && errno != EINTR)
			return error_errno(err, ERR_FAILED, "cannot read %s", path);
		if (len > 0 && !EVP_DigestUpdate(context, block, (size_t)len))
			return error_set(err, ERR_FAILED, "cannot compute the SHA-256 of %s", path);
	}
}

int manifest_hash(const char *path, char out[SHA256_SIZE], struct error *err)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	/* O_NONBLOCK: a named pipe must not stop the program. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return error_errno(err, ERR_FAILED, "cannot open %s", path);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool started = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL);
	int rc = started ? digest(context, fd, path, err) : ERR_FAILED;
	if (!started || (!rc && !EVP_DigestFinal_ex(context, hash, NULL)))
		rc = error_set(err, ERR_FAILED, "cannot compute the SHA-256 of %s", path);
	for (size_t i = 0; !rc && i < SHA256_SIZE / 2; i++)
		snprintf(out + 2 * i, 3, "%02x", hash[i]);
	EVP_MD_CTX_free(context);
	close(fd);
	return rc;
}

static void add(struct manifest *manifest, struct artifact artifact)
{
	GROW(manifest->artifacts, manifest->count, manifest->capacity);
	manifest->artifacts[manifest->count++] = artifact;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct artifact *)a)->name, ((const struct artifact *)b)->name);
}

static int take_file(struct manifest *manifest, int directory, const char *name, struct error *err)
{
	struct artifact artifact = { 0 };
	struct stat st;
	if (*name == '.')
		return 0;
	if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, ERR_FAILED, "cannot read the status of %s/%s",
			manifest->directory, name);
	if (!S_ISREG(st.st_mode))
		return 0;
	if (!fleet_is_file_name(name))
		return error_set(err, ERR_INVALID, "%s: '%s' is not a valid name for an artifact",
			manifest->directory, name);
	if (manifest->count == MANIFEST_ARTIFACTS)
		return error_set(err, ERR_INVALID, "%s has more than %d files", manifest->directory,
			MANIFEST_ARTIFACTS);
	struct buf path = BUF_INIT;
	buf_addf(&path, "%s/%s", manifest->directory, name);
	int rc = manifest_hash(path.data, artifact.sha256, err);
	buf_release(&path);
	if (rc < 0)
		return rc;
	artifact.name = xstrdup(name);
	artifact.size = st.st_size;
	add(manifest, artifact);
	return 0;
}

int manifest_take(struct manifest *manifest, const char *directory, struct error *err)
{
	int rc = 0;
	char *absolute = realpath(directory, NULL);
	DIR *dir = absolute ? opendir(absolute) : NULL;
	if (!dir) {
		rc = error_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_FAILED,
			"cannot read the directory '%s'", directory);
		free(absolute);
		return rc;
	}
	free(manifest->directory);
	manifest->directory = absolute;
	while (manifest->count)
		free(manifest->artifacts[--manifest->count].name);
	struct dirent *entry;
	while (!rc && (errno = 0, entry = readdir(dir)))
		rc = take_file(manifest, dirfd(dir), entry->d_name, err);
	if (!rc && errno)
		rc = error_errno(err, ERR_FAILED, "cannot read the directory '%s'", directory);
	closedir(dir);
	if (manifest->count)
		qsort(manifest->artifacts, manifest->count, sizeof(*manifest->artifacts), by_name);
	return rc;
}

/* ---- writing ---- */

void manifest_write(const struct manifest *manifest, struct buf *out)
{
	char when[TIMESTAMP_SIZE];
	struct json_writer w = JSON_WRITER_INIT(out);
	json_begin(&w, '{');
	json_put_string_or_null(&w, "job", manifest->job);
	json_put_string_or_null(&w, "server", manifest->server);
	json_put_string_or_null(&w, "type", manifest->type);
	json_put_string_or_null(&w, "branch", manifest->branch);
	json_put_string_or_null(&w, "commit", manifest->commit);
	json_put_string_or_null(&w, "status", manifest->status);
	json_put_string_or_null(&w, "reason", manifest->reason);
	json_put_string(&w, "created_at", timestamp_format(manifest->created_at, when));
	json_put_int_if(&w, "duration_seconds", manifest->duration >= 0, manifest->duration);
	json_put_string_or_null(&w, "folder", manifest->directory);
	json_put_string_or_null(&w, "log", manifest->log);
	json_begin_member(&w, "artifacts", '[');
	for (size_t i = 0; i < manifest->count; i++) {
		const struct artifact *artifact = &manifest->artifacts[i];
		json_begin(&w, '{');
		json_put_string(&w, "name", artifact->name);
		json_put_int(&w, "size", artifact->size);
		json_put_string(&w, "sha256", artifact->sha256);
		json_end(&w);
	}
	json_end(&w);
	json_end(&w);
	buf_addch(out, '\n');
}

/* ---- reading ---- */

struct reading_manifest {
	const struct json_doc *doc;
	struct error *err;
};

static int wrong(const struct reading_manifest *r, const struct json_value *value, const char *what)
{
	struct json_position at = json_position(r->doc, value->start);
	return error_set(
		r->err, ERR_INVALID, "%s:%zu:%zu: %s", json_name(r->doc), at.line, at.column, what);
}

/* Stores a copy of the string `name` of `object` in `*out`; NULL if it is null or missing and not
 * `needed`. */
static int read_string(const struct reading_manifest *r, const struct json_value *object,
	const char *name, bool needed, char **out)
{
	const struct json_value *value = json_member(r->doc, object, name);
	struct buf what = BUF_INIT;
	int rc = 0;
	*out = json_strdup(r->doc, value);
	if (!*out && (needed || (value && value->type != JSON_NULL))) {
		buf_addf(&what, "\"%s\" must be a string", name);
		rc = wrong(r, value ? value : object, what.data);
	}
	buf_release(&what);
	return rc;
}

static bool log_ok(const char *log, const char *server)
{
	size_t len = strlen(server);
	return !strncmp(log, server, len) && !strncmp(log + len, "/logs/", 6) &&
		fleet_is_file_name(log + len + 6);
}

static int read_head(
	const struct reading_manifest *r, const struct json_value *root, struct manifest *m)
{
	const struct json_value *created = json_member(r->doc, root, "created_at");
	const struct json_value *duration = json_member(r->doc, root, "duration_seconds");
	const struct {
		const char *name;
		bool needed;
		char **into;
	} members[] = { { "job", true, &m->job }, { "server", true, &m->server },
		{ "status", true, &m->status }, { "type", false, &m->type },
		{ "reason", false, &m->reason }, { "branch", false, &m->branch },
		{ "commit", false, &m->commit }, { "folder", false, &m->directory },
		{ "log", false, &m->log } };
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (read_string(r, root, members[i].name, members[i].needed, members[i].into) < 0)
			return ERR_INVALID;
	if (!fleet_is_file_name(m->job))
		return wrong(r, root, "\"job\" cannot be part of a file name");
	if (fleet_check_id(m->server, NULL) < 0)
		return wrong(r, root, "\"server\" is not a valid server ID");
	if (strcmp(m->status, "success") != 0 && strcmp(m->status, "failed") != 0)
		return wrong(r, root, "\"status\" must be success or failed");
	if (m->directory && (*m->directory != '/' || !utf8_is_plain(m->directory)))
		return wrong(r, root, "\"folder\" must be an absolute path");
	if (m->log && !log_ok(m->log, m->server))
		return wrong(r, root, "\"log\" must be a file in the server's directory logs/");
	size_t len;
	const char *when = json_string(r->doc, created, &len);
	if (!when || !timestamp_parse(when, len, &m->created_at))
		return wrong(r, created ? created : root, "\"created_at\" must be a timestamp");
	double seconds;
	if (json_double(r->doc, duration, &seconds) && seconds >= 0 && seconds < 1e15)
		m->duration = (int64_t)seconds;
	return 0;
}

static int read_artifact(
	const struct reading_manifest *r, const struct json_value *value, struct manifest *m)
{
	struct artifact artifact = { 0 };
	size_t len = 0;
	const char *hash = json_string(r->doc, json_member(r->doc, value, "sha256"), &len);
	if (!hash || len != SHA256_SIZE - 1 || strspn(hash, "0123456789abcdef") < len)
		return wrong(r, value, "\"sha256\" must be 64 lowercase hexadecimal digits");
	memcpy(artifact.sha256, hash, len);
	if (!json_int64(r->doc, json_member(r->doc, value, "size"), &artifact.size) ||
		artifact.size < 0)
		return wrong(r, value, "\"size\" must be a number of bytes");
	int rc = read_string(r, value, "name", true, &artifact.name);
	if (!rc && !fleet_is_file_name(artifact.name))
		rc = wrong(r, value, "\"name\" is not valid: it must be a file name");
	if (rc < 0)
		free(artifact.name);
	else
		add(m, artifact);
	return rc;
}

static int read_artifacts(
	const struct reading_manifest *r, const struct json_value *root, struct manifest *m)
{
	const struct json_value *list = json_member(r->doc, root, "artifacts");
	if (!list || list->type != JSON_ARRAY || list->count > MANIFEST_ARTIFACTS)
		return wrong(r, list ? list : root, "\"artifacts\" must be a list");
	JSON_EACH (value, list)
		if (read_artifact(r, value, m) < 0)
			return ERR_INVALID;
	if (m->count)
		qsort(m->artifacts, m->count, sizeof(*m->artifacts), by_name);
	for (size_t i = 1; i < m->count; i++)
		if (!strcmp(m->artifacts[i - 1].name, m->artifacts[i].name))
			return wrong(r, list, "two artifacts have the same name");
	return 0;
}

int manifest_read(
	struct manifest *out, const char *text, size_t len, const char *name, struct error *err)
{
	struct json_limits limits = { .size = MANIFEST_LIMIT };
	struct json_doc *doc;
	int rc = json_parse(&doc, text, len, name, &limits, err);
	if (rc < 0)
		return rc;
	struct reading_manifest r = { doc, err };
	const struct json_value *root = json_root(doc);
	if (root->type != JSON_OBJECT)
		rc = wrong(&r, root, "a manifest must be an object");
	if (!rc)
		rc = read_head(&r, root, out);
	if (!rc)
		rc = read_artifacts(&r, root, out);
	if (rc < 0)
		manifest_release(out);
	json_doc_free(doc);
	return rc;
}

const struct artifact *manifest_find(const struct manifest *manifest, const char *name)
{
	struct artifact key = { .name = (char *)(uintptr_t)name };
	return manifest->count ? bsearch(&key, manifest->artifacts, manifest->count,
					 sizeof(*manifest->artifacts), by_name)
			       : NULL;
}

int64_t manifest_size(const struct manifest *manifest)
{
	int64_t size = 0;
	for (size_t i = 0; i < manifest->count; i++)
		/* The sizes come from other servers, and their sum may overflow. */
		if (__builtin_add_overflow(size, manifest->artifacts[i].size, &size))
			return INT64_MAX;
	return size;
}
