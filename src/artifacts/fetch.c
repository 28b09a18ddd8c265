#include "artifacts/fetch.h"

#include "clone/address.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- checking a file ---- */

int artifact_check(const struct artifact *artifact, const char *directory,
	enum artifact_state *state, int64_t *size, struct error *err)
{
	struct buf path = BUF_INIT;
	char hash[SHA256_SIZE];
	struct stat st;
	int rc = 0;
	buf_addf(&path, "%s/%s", directory, artifact->name);
	*size = -1;
	int looked = lstat(path.data, &st);
	if (looked < 0 && errno != ENOENT) {
		rc = error_errno(err, ERR_FAILED, "cannot read the status of %s", path.data);
	} else if (looked < 0 || !S_ISREG(st.st_mode)) {
		*state = ARTIFACT_MISSING;
	} else if ((*size = st.st_size) != artifact->size) {
		*state = ARTIFACT_OTHER_SIZE;
	} else {
		rc = manifest_hash(path.data, hash, err);
		*state = !rc && strcmp(hash, artifact->sha256) != 0 ? ARTIFACT_OTHER_HASH
								    : ARTIFACT_WHOLE;
	}
	buf_release(&path);
	return rc;
}

/* ---- the transfer ---- */

struct transfer {
	const struct fetch *fetch;
	const struct artifact *artifact;
	struct buf part; /* the path of the partial file */
	int fd;          /* the partial file, open and locked */
	int64_t done;    /* its size in bytes */
	int64_t heard_ms;
	int rc; /* why the transfer was ended */
	struct error *err;
};

static int open_part(struct transfer *t)
{
	struct stat st;
	t->fd = open(t->part.data, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (t->fd < 0 || fstat(t->fd, &st) < 0)
		return error_errno(t->err, ERR_FAILED, "cannot write %s", t->part.data);
	if (!S_ISREG(st.st_mode))
		return error_set(
			t->err, ERR_INVALID, "%s: not a regular file; remove it", t->part.data);
	if (flock(t->fd, LOCK_EX | LOCK_NB) < 0)
		return error_set(
			t->err, ERR_BUSY, "%s: another process is fetching it", t->part.data);
	/* If it is larger than the artifact, it is part of another file. */
	if (st.st_size > t->artifact->size && ftruncate(t->fd, st.st_size = 0) < 0)
		return error_errno(t->err, ERR_FAILED, "cannot write %s", t->part.data);
	t->done = st.st_size;
	return 0;
}

static int take(struct transfer *t, const char *bytes, size_t len)
{
	if ((int64_t)len > t->artifact->size - t->done)
		return error_set(t->err, ERR_INVALID,
			"%s is larger on the server than in its manifest (%" PRId64 " bytes)",
			t->artifact->name, t->artifact->size);
	while (len) {
		ssize_t wrote = write(t->fd, bytes, len);
		if (wrote < 0 && errno != EINTR)
			return error_errno(t->err, ERR_FAILED, "cannot write %s", t->part.data);
		if (wrote > 0) {
			bytes += wrote;
			len -= (size_t)wrote;
			t->done += wrote;
		}
	}
	return 0;
}

static bool hear(const char *bytes, size_t len, void *data)
{
	struct transfer *t = data;
	int64_t stall = t->fetch->stall_ms;
	if (len) {
		t->rc = take(t, bytes, len);
		t->heard_ms = env_ms(t->fetch->env);
	} else if (stall && env_ms(t->fetch->env) > t->heard_ms + stall) {
		t->rc = error_set(t->err, ERR_TIMEOUT,
			"%s: no data received for %" PRId64 " s; fetch again to continue (%" PRId64
			" of %" PRId64 " bytes received)",
			t->artifact->name, stall / 1000, t->done, t->artifact->size);
	}
	if (t->fetch->tell)
		t->fetch->tell(t->artifact, t->done, t->fetch->data);
	return !t->rc;
}

/* Called at the end of the data from ssh: checks that it is complete. */
static int check_end(struct transfer *t, int status, struct buf *errors)
{
	buf_trim(errors);
	if (t->done == t->artifact->size && !status)
		return 0;
	if (!status)
		return error_set(t->err, ERR_INVALID,
			"%s is smaller on the server than in its manifest: %" PRId64 " of %" PRId64
			" bytes",
			t->artifact->name, t->done, t->artifact->size);
	return error_set(t->err, ERR_UNREACHABLE,
		"cannot fetch %s from %s (exit code %d%s%s); fetch again to continue (%" PRId64
		" of %" PRId64 " bytes received)",
		t->artifact->name, t->fetch->destination, status, errors->len ? ": " : "",
		errors->data, t->done, t->artifact->size);
}

static int transfer_remote(struct transfer *t)
{
	struct buf path = BUF_INIT, command = BUF_INIT, errors = BUF_INIT;
	char from[32];
	int status;
	buf_addf(&path, "%s/%s", t->fetch->from, t->artifact->name);
	snprintf(from, sizeof(from), "+%" PRId64, t->done + 1);
	char tail[] = "tail", bytes[] = "-c", end[] = "--";
	char *words[] = { tail, bytes, from, end, path.data };
	reach_quote(&command, words, sizeof(words) / sizeof(*words));
	int rc = reach_stream(t->fetch->destination, t->fetch->ssh, command.data, hear, t, &errors,
		&status, t->err);
	if (!rc)
		rc = t->rc ? t->rc : check_end(t, status, &errors);
	buf_release(&path);
	buf_release(&command);
	buf_release(&errors);
	return rc;
}

static int transfer_here(struct transfer *t)
{
	struct buf path = BUF_INIT;
	char bytes[65536];
	ssize_t got = 0;
	int rc = 0;
	buf_addf(&path, "%s/%s", t->fetch->from, t->artifact->name);
	int fd = open(path.data, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || lseek(fd, t->done, SEEK_SET) < 0)
		rc = error_errno(t->err, fd < 0 && errno == ENOENT ? ERR_NOT_FOUND : ERR_FAILED,
			"cannot read %s", path.data);
	while (!rc && ((got = read(fd, bytes, sizeof(bytes))) > 0 || (got < 0 && errno == EINTR)))
		if (got > 0 && !hear(bytes, (size_t)got, t))
			rc = t->rc;
	if (!rc && got < 0)
		rc = error_errno(t->err, ERR_FAILED, "cannot read %s", path.data);
	if (!rc && t->done < t->artifact->size)
		rc = error_set(
			t->err, ERR_INVALID, "%s is smaller than in its manifest", path.data);
	if (fd >= 0)
		close(fd);
	buf_release(&path);
	return rc;
}

/* The partial file is complete: renames it to `path`, or removes it if its hash is wrong. */
static int finish(struct transfer *t, const char *path)
{
	char hash[SHA256_SIZE];
	int rc = manifest_hash(t->part.data, hash, t->err);
	if (!rc && strcmp(hash, t->artifact->sha256) != 0)
		rc = error_set(t->err, ERR_INVALID,
			"%s does not match its manifest: its SHA-256 is %s, but should be %s; it "
			"was deleted",
			t->artifact->name, hash, t->artifact->sha256);
	if (!rc && (fsync(t->fd) < 0 || rename(t->part.data, path) < 0))
		rc = error_errno(t->err, ERR_FAILED, "cannot rename the partial file to %s", path);
	return rc;
}

int fetch_artifact(const struct fetch *fetch, const struct artifact *artifact, struct fetched *out,
	struct error *err)
{
	struct transfer t = {
		.fetch = fetch, .artifact = artifact, .part = BUF_INIT, .fd = -1, .err = err
	};
	struct buf path = BUF_INIT;
	enum artifact_state state;
	int64_t size;
	*out = (struct fetched){ 0 };
	int rc = artifact_check(artifact, fetch->to, &state, &size, err);
	out->was_here = !rc && state == ARTIFACT_WHOLE;
	if (rc < 0 || out->was_here)
		return rc;
	buf_addf(&path, "%s/%s", fetch->to, artifact->name);
	buf_addf(&t.part, "%s.part", path.data);
	if (state != ARTIFACT_MISSING)
		rc = error_set(err, ERR_INVALID,
			"%s already exists and does not match the manifest; move it away",
			path.data);
	if (!rc)
		rc = open_part(&t);
	out->part_size = t.done;
	t.heard_ms = env_ms(t.fetch->env);
	if (!rc && t.done < artifact->size)
		rc = fetch->destination ? transfer_remote(&t) : transfer_here(&t);
	if (!rc)
		rc = finish(&t, path.data);
	if (t.fd >= 0 && (rc == ERR_INVALID || (rc < 0 && rc != ERR_BUSY && !t.done)))
		unlink(t.part.data);
	if (t.fd >= 0)
		close(t.fd);
	buf_release(&t.part);
	buf_release(&path);
	return rc;
}
