/* The commit that a new job builds. */
#include "queue/job_commit.h"
#include "cli/print.h"

#include "remote/remote.h"

#include <string.h>

enum { SHORTEST_NAME = 7 };

/* Where to look for the commit. */
struct source {
	struct repo *repo;
	struct remote_settings remote;
	struct error *err;
};

/* The commit of the ref `prefix` + `name` there: OID_NONE if there is no such ref. */
static int ask(const struct source *source, const char *prefix, const char *name,
	const char *suffix, struct oid *out)
{
	struct buf ref = BUF_INIT;
	buf_addf(&ref, "%s%s%s", prefix, name, suffix);
	int rc = remote_ref(source->repo, &source->remote, ref.data, out, source->err);
	buf_release(&ref);
	return rc;
}

/* Is `commit` another name of the branch's tip, or its abbreviation? */
static bool names_tip(const char *commit, const char *branch, const struct oid *tip)
{
	size_t len = strlen(commit);
	return !len || !strcmp(commit, "HEAD") || !strcmp(commit, branch) ||
		(len >= SHORTEST_NAME && !strncmp(tip->hex, commit, len));
}

static int find_commit(
	const struct source *source, const char *branch, const char *commit, struct oid *out)
{
	static const char *const places[][2] = { { "refs/tags/", "^{}" }, { "refs/tags/", "" },
		{ "refs/heads/", "" } };
	struct oid tip;
	int rc = repo_branch_name_ok(branch)
		? ask(source, "refs/heads/", branch, "", &tip)
		: error_set(source->err, ERR_INVALID, "'%s' is not a valid branch name", branch);
	if (rc < 0)
		return rc;
	if (oid_is_none(&tip))
		return error_set(source->err, ERR_NOT_FOUND, "no branch '%s' in %s", branch,
			source->remote.name);
	if (oid_parse(out, commit))
		return 0;
	*out = names_tip(commit, branch, &tip) ? tip : OID_NONE;
	for (size_t i = 0; !rc && oid_is_none(out) && i < sizeof(places) / sizeof(*places); i++)
		rc = ask(source, places[i][0], commit, places[i][1], out);
	if (!rc && oid_is_none(out))
		rc = error_set(source->err, ERR_NOT_FOUND,
			"'%s' is not a branch or tag in %s; give the commit by its full ID", commit,
			source->remote.name);
	return rc;
}

int job_commit_find(struct invocation *inv, const char *branch, const char *commit, struct buf *out,
	struct error *err)
{
	struct buf url = BUF_INIT;
	struct error why = ERROR_INIT;
	struct oid found;
	int rc = 0;
	buf_reset(out);
	buf_addstr(out, commit);
	if (repo_config(inv->repo, "build.source", &url) && url.len) {
		struct source source = { inv->repo, { url.data, inv->settings.timeout_ms }, &why };
		rc = find_commit(&source, branch, commit, &found);
		if (!rc) {
			buf_reset(out);
			buf_addstr(out, found.hex);
		} else if (rc == ERR_NOT_FOUND || rc == ERR_INVALID) {
			*err = why;
		} else {
			error_wrap(&why, "the branch and the commit were not checked");
			show_message("warning", why.text);
			rc = 0;
		}
	}
	buf_release(&url);
	return rc;
}
