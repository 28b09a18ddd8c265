/*
 * Restores HEAD and packed-refs after a power cut has damaged them, from what the clone has.
 *
 * With a damaged HEAD, git finds no repository: `git config --list` prints the user's settings
 * without those of the clone. For this reason, it is restored before anything else is read.
 */
#include "git/internal.h"

#include "base/alloc.h"
#include "base/file.h"
#include "git/refs.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD_LIMIT = 4096, LOG_LIMIT = 64 << 20 };

/* Does the text begin with an object ID that is not all zeros? */
static bool begins_with_oid(const char *text, size_t len, struct oid *out)
{
	char hex[41] = "";
	if (len < 40)
		return false;
	memcpy(hex, text, 40);
	return oid_parse(out, hex) && !oid_is_none(out);
}

bool store_is_ref_text(const struct buf *text)
{
	struct oid oid;
	if (!strncmp(text->data, "ref: refs/", 10))
		return strlen(text->data) == text->len;
	return begins_with_oid(text->data, text->len, &oid);
}

int store_replace_damaged(struct repo *repo, const char *path, const struct buf *old,
	const struct buf *new, struct buf *kept, struct error *err)
{
	buf_reset(kept);
	buf_addf(kept, "%s/damaged", repo->place.state_dir);
	int rc = file_make_directories(kept->data, err);
	buf_addstr(kept, strrchr(path, '/'));
	if (!rc)
		rc = file_replace(kept->data, old->data, old->len, 0644, err);
	return rc < 0 ? rc : file_replace(path, new->data, new->len, 0644, err);
}

/* ---- HEAD ---- */

static bool ref_exists(struct repo *repo, const char *prefix, const char *name)
{
	struct buf ref = BUF_INIT;
	struct oid oid;
	buf_addf(&ref, "%s%s", prefix, name);
	bool exists = !repo_ref(repo, ref.data, &oid, NULL);
	buf_release(&ref);
	return exists;
}

/* The name after the last "checkout: moving from OTHER to NAME" in the log; owned. NULL: none. */
static char *last_checkout(const struct buf *log)
{
	static const char message[] = "\tcheckout: moving from ";
	const char *last = NULL;
	for (const char *at = log->data; (at = strstr(at, message)); at++)
		last = at + sizeof(message) - 1;
	const char *to = last ? strstr(last, " to ") : NULL;
	return to ? xstrndup(to + 4, strcspn(to + 4, "\n")) : NULL;
}

/* The new value in the last line of the log: "OLD NEW COMMITTER\tMESSAGE" (gitrepository-layout(5)). */
static bool last_value(const struct buf *log, struct oid *out)
{
	size_t at = log->len ? log->len - 1 : 0;
	while (at && log->data[at - 1] != '\n')
		at--;
	return log->len > at + 41 && begins_with_oid(log->data + at + 41, log->len - at - 41, out);
}

/* The content of HEAD according to its reflog. Returns false if it has no checkout. */
static bool from_log(struct repo *repo, struct buf *out)
{
	struct buf path = BUF_INIT, log = BUF_INIT;
	struct oid oid;
	buf_addf(&path, "%s/logs/HEAD", repo->place.git_dir);
	bool whole = !file_read(&log, path.data, LOG_LIMIT, NULL) && strlen(log.data) == log.len;
	char *name = whole ? last_checkout(&log) : NULL;
	bool is_branch = name && repo_branch_name_ok(name) &&
		(ref_exists(repo, REF_HEADS, name) ||
			(!ref_exists(repo, "refs/tags/", name) && !oid_parse(&oid, name)));
	if (is_branch)
		buf_addf(out, "ref: " REF_HEADS "%s\n", name);
	else if (name && last_value(&log, &oid))
		buf_addf(out, "%s\n", oid.hex);
	free(name);
	buf_release(&path);
	buf_release(&log);
	return out->len > 0;
}

static int replace(struct repo *repo, const char *path, const struct buf *old,
	const struct buf *new, struct error *err)
{
	struct buf kept = BUF_INIT;
	int rc = store_replace_damaged(repo, path, old, new, &kept, err);
	if (!rc) {
		repo->repaired = xcalloc(1, sizeof(*repo->repaired));
		*repo->repaired = (struct buf)BUF_INIT;
		buf_addf(repo->repaired,
			"this clone was damaged, probably by a power cut; HEAD was set to '%.*s', "
			"the old file is %s",
			(int)new->len - 1, new->data, kept.data);
	}
	buf_release(&kept);
	return rc;
}

int store_repair_head(struct repo *repo, struct error *err)
{
	struct buf path = BUF_INIT, old = BUF_INIT, new = BUF_INIT, branch = BUF_INIT;
	if (!repo->place.work_tree)
		return 0;
	buf_addf(&path, "%s/HEAD", repo->place.git_dir);
	int rc = file_read(&old, path.data, HEAD_LIMIT, err);
	if (!rc && !store_is_ref_text(&old)) {
		/* The clone's own settings suffice, so that git is not asked. */
		if (git_repository_config_snapshot(&repo->config, repo->git) < 0)
			rc = store_error(err, ERR_FAILED, "cannot read the settings of %s",
				repo->place.common_dir);
		if (!rc && !from_log(repo, &new))
			buf_addf(&new, "ref: " REF_HEADS "%s\n",
				repo_config(repo, "build.branch", &branch) ? branch.data : "main");
		if (!rc)
			rc = replace(repo, path.data, &old, &new, err);
	}
	buf_release(&path);
	buf_release(&old);
	buf_release(&new);
	buf_release(&branch);
	return rc;
}

/* ---- packed-refs ---- */

/* Is `line`, without the line feed, a ref in packed-refs (git-pack-refs(1))? */
static bool is_packed_ref(const char *line, size_t len)
{
	struct oid oid;
	return len > 46 && begins_with_oid(line, len, &oid) && !memcmp(line + 40, " refs/", 6) &&
		!memchr(line, '\0', len);
}

/* A line "^OBJECT" is about the tag in the line before it. */
static void keep_packed_refs(const struct buf *text, struct buf *out)
{
	struct oid oid;
	bool kept = false;
	for (const char *line = text->data, *end = text->data + text->len; line < end;) {
		const char *feed = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)((feed ? feed : end) - line);
		if (*line == '^')
			kept = kept && len == 41 && begins_with_oid(line + 1, 40, &oid);
		else if (*line == '#')
			kept = !memchr(line, '\0', len);
		else
			kept = is_packed_ref(line, len);
		if (feed && kept)
			buf_add(out, line, len + 1);
		line += len + 1;
	}
}

int store_repair_packed_refs(struct repo *repo, struct error *err)
{
	struct buf path = BUF_INIT, old = BUF_INIT, new = BUF_INIT, kept = BUF_INIT;
	buf_addf(&path, "%s/packed-refs", repo->place.common_dir);
	int rc = store_packed_refs(repo, &old, err);
	if (!rc)
		keep_packed_refs(&old, &new);
	bool damaged = !rc && new.len != old.len;
	if (damaged)
		rc = store_replace_damaged(repo, path.data, &old, &new, &kept, err);
	buf_release(&path);
	buf_release(&old);
	buf_release(&new);
	buf_release(&kept);
	return rc < 0 ? rc : damaged;
}
