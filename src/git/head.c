/*
 * A HEAD that a power cut has damaged. git and libgit2 do not find a repository then, or only half:
 * `git config --list` prints the user's settings without those of the clone. For this reason, it is
 * restored before anything else is read.
 */
#include "git/internal.h"

#include "base/alloc.h"
#include "base/file.h"
#include "git/refs.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD_LIMIT = 4096, LOG_LIMIT = 64 << 20 };

bool store_is_ref_text(const struct buf *text)
{
	char hex[41] = "";
	struct oid oid;
	if (!strncmp(text->data, "ref: refs/", 10))
		return strlen(text->data) == text->len;
	if (text->len < 40)
		return false;
	memcpy(hex, text->data, 40);
	return oid_parse(&oid, hex) && !oid_is_none(&oid);
}

/* The branch, or commit, of the last checkout according to the reflog of HEAD (the messages are from
 * git-checkout(1)), as the content of HEAD. Returns false if there is none. */
static bool last_checkout(const struct repo *repo, struct buf *out)
{
	static const char message[] = "\tcheckout: moving from ";
	struct buf path = BUF_INIT, log = BUF_INIT;
	struct oid oid;
	const char *last = NULL;
	buf_addf(&path, "%s/logs/HEAD", repo->place.git_dir);
	if (!file_read(&log, path.data, LOG_LIMIT, NULL) && strlen(log.data) == log.len)
		for (const char *at = log.data; (at = strstr(at, message)); at++)
			last = at + sizeof(message) - 1;
	const char *to = last ? strstr(last, " to ") : NULL;
	const char *end = to ? strchr(to, '\n') : NULL;
	char *name = end ? xstrndup(to + 4, (size_t)(end - to - 4)) : NULL;
	if (name && oid_parse(&oid, name))
		buf_addf(out, "%s\n", name);
	else if (name && repo_branch_name_ok(name))
		buf_addf(out, "ref: " REF_HEADS "%s\n", name);
	free(name);
	buf_release(&path);
	buf_release(&log);
	return out->len > 0;
}

/* Keeps the damaged file for the user. */
static int replace(struct repo *repo, const char *path, const struct buf *old,
	const struct buf *new, struct error *err)
{
	struct buf kept = BUF_INIT;
	buf_addf(&kept, "%s/damaged", repo->place.state_dir);
	int rc = file_make_directories(kept.data, err);
	buf_addstr(&kept, "/HEAD");
	if (!rc)
		rc = file_replace(kept.data, old->data, old->len, 0644, err);
	if (!rc)
		rc = file_publish(path, new->data, new->len, err);
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
		if (!rc && !last_checkout(repo, &new))
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
