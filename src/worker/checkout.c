#include "worker/checkout.h"

#include "base/child.h"
#include "base/file.h"
#include "fleet/names.h"
#include "store/stale_locks.h"

#include <string.h>
#include <unistd.h>

void checkout_release(struct checkout *checkout)
{
	buf_release(&checkout->folder);
}

struct making {
	struct checkout *out;
	struct repo *repo;
	const struct checkout_plan *plan;
	struct buf mirror;
	struct error *err;
};

/* Runs git on the mirror; `output` may be NULL. 0, 1: it said no (its words are in `err`), or a
 * negative code. */
static int git(struct making *m, const char *folder, const char *const *argv, struct buf *output)
{
	/* The caller's repository is not the one that is meant, and nobody is asked for a password.
	 */
	static const char *const environment[] = { "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE",
		"GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_TERMINAL_PROMPT=0",
		"LC_ALL=C", NULL };
	struct buf ignored = BUF_INIT, errors = BUF_INIT;
	struct child child = { .argv = argv,
		.folder = folder ? folder : m->mirror.data,
		.environment = environment,
		.timeout_ms = m->plan->timeout_ms,
		.output = output ? output : &ignored,
		.errors = &errors };
	int status, rc = child_run(&child, &status, m->err);
	buf_trim(&errors);
	if (!rc && status) {
		error_set(m->err, ERR_FAILED, "git %s: %s", argv[1], errors.data);
		rc = 1;
	}
	buf_release(&ignored);
	buf_release(&errors);
	return rc;
}

static int need(int rc)
{
	return rc > 0 ? ERR_FAILED : rc;
}

static void tell(const struct making *m, const char *what, const char *name)
{
	struct buf text = BUF_INIT;
	buf_addf(&text, "%s %s", what, name);
	if (m->plan->tell)
		m->plan->tell(text.data, m->plan->data);
	buf_release(&text);
}

/* ---- the mirror ---- */

/* How long to wait for the locks of gits that were killed to prove dead. */
enum { LOCK_WAIT_MS = 3000 };

static int open_mirror(struct making *m)
{
	buf_addf(&m->mirror, "%s/source.git", repo_state_dir(m->repo));
	const char *init[] = { "git", "init", "-q", "--bare", m->mirror.data, NULL };
	const char *prune[] = { "git", "worktree", "prune", NULL };
	int rc = file_make_folders(m->mirror.data, m->err);
	if (!rc)
		stale_locks_remove_in(m->mirror.data, LOCK_WAIT_MS);
	if (!rc)
		rc = need(git(m, NULL, init, NULL));
	return rc < 0 ? rc : need(git(m, NULL, prune, NULL));
}

static int fetch(struct making *m)
{
	const char *all[] = { "git", "fetch", "-q", "--prune", "--no-write-fetch-head",
		"--end-of-options", m->plan->source, "+refs/heads/*:refs/heads/*",
		"+refs/tags/*:refs/tags/*", NULL };
	tell(m, "fetches", m->plan->source);
	return need(git(m, NULL, all, NULL));
}

/* ---- the commit ---- */

/* The commit that `revision` names: 0, 1 if there is none, or a negative code. */
static int resolve(struct making *m, const char *revision, struct oid *out)
{
	struct buf name = BUF_INIT, output = BUF_INIT;
	buf_addf(&name, "%s^{commit}", revision);
	const char *argv[] = { "git", "rev-parse", "-q", "--verify", "--end-of-options", name.data,
		NULL };
	int rc = git(m, NULL, argv, &output);
	buf_trim(&output);
	/* git repeats --end-of-options in some versions. */
	char *line = strrchr(output.data, '\n');
	if (!rc && !oid_parse(out, line ? line + 1 : output.data))
		rc = 1;
	buf_release(&name);
	buf_release(&output);
	return rc;
}

/* A commit that no branch has any more may still be had by its full name. */
static int fetch_commit(struct making *m, struct oid *out)
{
	struct oid wanted;
	if (!oid_parse(&wanted, m->plan->commit))
		return 1;
	const char *argv[] = { "git", "fetch", "-q", "--no-write-fetch-head", "--end-of-options",
		m->plan->source, wanted.hex, NULL };
	int rc = git(m, NULL, argv, NULL);
	return rc ? rc : resolve(m, wanted.hex, out);
}

static int find_commit(struct making *m)
{
	const struct checkout_plan *plan = m->plan;
	struct buf ref = BUF_INIT;
	struct oid tip = OID_NONE;
	int rc = 0;
	if (plan->branch && !repo_branch_name_ok(plan->branch))
		return error_set(
			m->err, ERR_INVALID, "'%s' cannot be a branch's name", plan->branch);
	buf_addf(&ref, "refs/heads/%s", plan->branch ? plan->branch : "");
	if (plan->branch)
		rc = resolve(m, ref.data, &tip);
	buf_release(&ref);
	if (rc < 0)
		return rc;
	bool wants_tip = !plan->commit || !*plan->commit || !strcmp(plan->commit, "HEAD");
	if (wants_tip && oid_is_none(&tip))
		return error_set(m->err, ERR_NOT_FOUND, "there is no branch '%s' in %s",
			plan->branch ? plan->branch : "", plan->source);
	m->out->commit = tip;
	if (wants_tip)
		return 0;
	rc = resolve(m, plan->commit, &m->out->commit);
	if (rc == 1)
		rc = fetch_commit(m, &m->out->commit);
	if (rc == 1)
		return error_set(m->err, ERR_NOT_FOUND, "there is no commit '%s' in %s",
			plan->commit, plan->source);
	if (rc < 0 || !plan->branch)
		return rc;
	const char *argv[] = { "git", "merge-base", "--is-ancestor", m->out->commit.hex, tip.hex,
		NULL };
	m->out->strays = oid_is_none(&tip) || git(m, NULL, argv, NULL) != 0;
	return 0;
}

/* ---- the tree ---- */

static void job_checkout(struct buf *out, struct repo *repo, const char *job)
{
	buf_reset(out);
	buf_addf(out, "%s/checkouts/", repo_state_dir(repo));
	fleet_file_name(out, job);
}

static int add_tree(struct making *m)
{
	struct buf *folder = &m->out->folder, modules = BUF_INIT;
	job_checkout(folder, m->repo, m->plan->job);
	int rc = file_make_folders(folder->data, m->err);
	buf_addstr(folder, "/source");
	const char *add[] = { "git", "worktree", "add", "-q", "--force", "--detach", folder->data,
		m->out->commit.hex, NULL };
	const char *submodules[] = { "git", "submodule", "-q", "update", "--init", "--recursive",
		NULL };
	tell(m, "checks out", m->out->commit.hex);
	if (!rc)
		rc = need(git(m, NULL, add, NULL));
	buf_addf(&modules, "%s/.gitmodules", folder->data);
	int has = rc ? 0 : file_exists(modules.data, m->err);
	rc = has < 0 ? has : rc;
	if (has > 0) {
		tell(m, "checks out", "its submodules");
		rc = need(git(m, folder->data, submodules, NULL));
	}
	buf_release(&modules);
	return rc;
}

int checkout_make(struct checkout *out, struct repo *repo, const struct checkout_plan *plan,
	struct error *err)
{
	struct making m = { out, repo, plan, BUF_INIT, err };
	int rc = checkout_remove(repo, plan->job, err);
	if (!rc)
		rc = open_mirror(&m);
	if (!rc)
		rc = fetch(&m);
	if (!rc)
		rc = find_commit(&m);
	if (!rc)
		rc = add_tree(&m);
	buf_release(&m.mirror);
	return rc;
}

/* ---- removing ---- */

static int remove_folder(const char *path, struct error *err)
{
	/* Builds leave folders that may not be written to. */
	const char *open[] = { "chmod", "-R", "u+rwX", "--", path, NULL };
	const char *argv[] = { "rm", "-rf", "--", path, NULL };
	struct buf errors = BUF_INIT;
	struct child child = { .argv = argv, .errors = &errors };
	int status, rc = child_run(&child, &status, err);
	if (!rc && status) {
		child.argv = open;
		child_run(&child, &status, NULL);
		child.argv = argv;
		buf_reset(&errors);
		rc = child_run(&child, &status, err);
	}
	buf_trim(&errors);
	if (!rc && status)
		rc = error_set(err, ERR_FAILED, "cannot remove %s: %s", path, errors.data);
	buf_release(&errors);
	return rc;
}

int checkout_remove(struct repo *repo, const char *job, struct error *err)
{
	struct buf path = BUF_INIT;
	job_checkout(&path, repo, job);
	int rc = file_exists(path.data, err);
	rc = rc > 0 ? remove_folder(path.data, err) : rc;
	buf_release(&path);
	return rc;
}

int checkout_remove_all(struct repo *repo, struct error *err)
{
	struct buf path = BUF_INIT;
	buf_addf(&path, "%s/checkouts", repo_state_dir(repo));
	int rc = file_exists(path.data, err);
	rc = rc > 0 ? remove_folder(path.data, err) : rc;
	buf_release(&path);
	return rc;
}
