#include "worker/checkout.h"

#include "base/child.h"
#include "base/file.h"
#include "fleet/names.h"
#include "git/run.h"
#include "locks/stale_locks.h"
#include "git/state.h"
#include "git/refs.h"

#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOCK_WAIT_MS = 10000, PROBE_SIZE = 64 << 10, GIT_FATAL = 128, TIMEOUT_LEAST_MS = 3600000 };

void checkout_release(struct checkout *checkout)
{
	buf_release(&checkout->directory);
	buf_release(&checkout->why);
}

int64_t checkout_timeout(int64_t job_timeout_ms)
{
	bool is_short = job_timeout_ms && job_timeout_ms < TIMEOUT_LEAST_MS;
	return is_short ? TIMEOUT_LEAST_MS : job_timeout_ms;
}

struct making {
	struct checkout *out;
	struct repo *repo;
	const struct checkout_plan *plan;
	struct buf mirror;
	struct error *err;
	int status;    /* the exit code of the last git command */
	bool fetching; /* the step that failed is the fetch from the source */
	bool fresh;    /* the mirror was created in this call */
};

/* Runs git in `directory` (NULL: on the mirror); `output` may be NULL. Returns 0; 1 if git failed
 * (its exit code is in m->status and its message in m->err); or a negative code. */
static int git(struct making *m, const char *directory, const char *const *argv, struct buf *output)
{
	struct buf errors = BUF_INIT;
	const char *environment[] = { m->plan->cookie, NULL };
	struct git_call call = { .argv = argv,
		.git_dir = directory ? NULL : m->mirror.data,
		.directory = directory ? directory : m->mirror.data,
		.environment = environment,
		.output = output,
		.errors = &errors,
		.timeout_ms = m->plan->timeout_ms };
	int rc = git_run(&call, m->err);
	buf_trim(&errors);
	if (rc > 0)
		git_failed(argv, errors.data, m->err);
	m->status = rc;
	buf_release(&errors);
	return rc > 0 ? 1 : rc;
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

/* How long to wait for proof that the holders of lock files were killed. */
enum { PROOF_WAIT_MS = 3000 };

static int open_mirror(struct making *m)
{
	const char *init[] = { "git", "init", "-q", "--bare", m->mirror.data, NULL };
	const char *prune[] = { "git", "worktree", "prune", NULL };
	int rc = file_make_directories(m->mirror.data, m->err);
	if (!rc)
		stale_locks_remove_in(m->mirror.data, PROOF_WAIT_MS);
	if (!rc)
		rc = need(git(m, NULL, init, NULL));
	return rc < 0 ? rc : need(git(m, NULL, prune, NULL));
}

static int fetch(struct making *m)
{
	/* Do not run maintenance in the background, where it would hold locks of the mirror. */
	const char *all[] = { "git", "-c", "gc.autoDetach=false", "-c",
		"maintenance.autoDetach=false", "fetch", "-q", "--prune", "--no-write-fetch-head",
		"--end-of-options", m->plan->source, "+refs/heads/*:refs/heads/*",
		"+refs/tags/*:refs/tags/*", NULL };
	tell(m, "fetching", m->plan->source);
	m->fetching = true;
	int rc = need(git(m, NULL, all, NULL));
	m->fetching = rc < 0;
	return rc;
}

/* ---- detecting a damaged mirror ---- */

static int is_no_lock(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)at;
	return type != FTW_D && file_has_ending(path, ".lock");
}

/* Our own git processes have ended, so any lock file in the mirror is stale. */
static bool has_locks(const struct making *m)
{
	return nftw(m->mirror.data, is_no_lock, 16, FTW_PHYS) == 1;
}

static bool is_directory(const char *path)
{
	struct stat st;
	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* Returns 1 if git finds that the mirror is damaged, 0 if not; negative if it could not check. */
static int find_damage(struct making *m, bool objects)
{
	const char *check[] = { "git", "fsck", "--no-dangling", "--no-progress",
		objects ? NULL : "--connectivity-only", NULL };
	int rc = git(m, NULL, check, NULL);
	return rc == 1 && m->status > GIT_FATAL ? ERR_FAILED : rc;
}

static bool source_answers(struct making *m)
{
	const char *ask[] = { "git", "--git-dir=/dev/null", "ls-remote", "-q", "--end-of-options",
		m->plan->source, "HEAD", NULL };
	const char *directory =
		is_directory(m->mirror.data) ? m->mirror.data : repo_state_dir(m->repo);
	return !git(m, directory, ask, NULL);
}

static bool can_write(const struct making *m)
{
	static const char nothing[PROBE_SIZE];
	struct buf path = BUF_INIT;
	state_path(&path, m->repo, "probe");
	int rc = file_publish(path.data, nothing, sizeof(nothing), NULL);
	if (!rc)
		file_remove(path.data, NULL);
	buf_release(&path);
	return !rc;
}

/* Returns whether a step failed because the mirror is damaged. Keeps the error in m->err. */
static bool is_broken(struct making *m)
{
	struct error ignored = ERROR_INIT, *kept = m->err;
	bool fetching = m->fetching;
	if (m->fresh || !can_write(m))
		return false;
	m->err = &ignored;
	bool broken = (!fetching || source_answers(m)) &&
		(!is_directory(m->mirror.data) || has_locks(m) || find_damage(m, true) == 1);
	m->err = kept;
	return broken;
}

/* ---- the commit ---- */

/* Stores the commit of `revision`. Returns 0; 1 if it does not exist; or a negative code. */
static int resolve(struct making *m, const char *revision, struct oid *out)
{
	struct buf name = BUF_INIT, output = BUF_INIT;
	buf_addf(&name, "%s^{commit}", revision);
	const char *argv[] = { "git", "rev-parse", "-q", "--verify", "--end-of-options", name.data,
		NULL };
	int rc = git(m, NULL, argv, &output);
	buf_trim(&output);
	/* Some versions of git print --end-of-options first. */
	char *line = strrchr(output.data, '\n');
	if (!rc && !oid_parse(out, line ? line + 1 : output.data))
		rc = 1;
	else if (rc == 1 && m->status != 1)
		rc = ERR_FAILED;
	buf_release(&name);
	buf_release(&output);
	return rc;
}

/* Did the source refuse to send this commit? */
static bool has_refused(const char *text)
{
	return strstr(text, "not our ref") || strstr(text, "request for unadvertised object");
}

/* A commit that is not on any branch can still be fetched by its full object name. */
static int fetch_commit(struct making *m, struct oid *out)
{
	struct oid wanted;
	if (!oid_parse(&wanted, m->plan->commit))
		return 1;
	const char *argv[] = { "git", "fetch", "-q", "--no-write-fetch-head", "--end-of-options",
		m->plan->source, wanted.hex, NULL };
	int rc = git(m, NULL, argv, NULL);
	if (rc == 1)
		return has_refused(m->err->text) ? 1 : ERR_FAILED;
	return rc ? rc : resolve(m, wanted.hex, out);
}

/* The branch or commit of the job is not in the mirror. The job is wrong if the mirror is intact. */
static int not_there(struct making *m, const char *what, const char *name)
{
	int rc = m->fresh ? 0 : find_damage(m, false);
	if (rc)
		return need(rc);
	buf_addf(&m->out->why, "there is no %s '%s' in %s", what, name, m->plan->source);
	return 1;
}

static int find_commit(struct making *m)
{
	const struct checkout_plan *plan = m->plan;
	struct buf ref = BUF_INIT;
	struct oid tip = OID_NONE;
	int rc = 0;
	if (plan->branch && !repo_branch_name_ok(plan->branch)) {
		buf_addf(&m->out->why, "'%s' is not a valid branch name", plan->branch);
		return 1;
	}
	ref_branch(&ref, plan->branch ? plan->branch : "");
	if (plan->branch)
		rc = resolve(m, ref.data, &tip);
	buf_release(&ref);
	if (rc < 0)
		return rc;
	bool wants_tip = !plan->commit || !*plan->commit || !strcmp(plan->commit, "HEAD");
	if (wants_tip && oid_is_none(&tip))
		return not_there(m, "branch", plan->branch ? plan->branch : "");
	m->out->commit = tip;
	if (wants_tip)
		return 0;
	rc = resolve(m, plan->commit, &m->out->commit);
	if (rc == 1)
		rc = fetch_commit(m, &m->out->commit);
	if (rc == 1)
		return not_there(m, "commit", plan->commit);
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
	state_path(out, repo, "checkouts/");
	fleet_file_name(out, job);
}

static int add_tree(struct making *m)
{
	struct buf *directory = &m->out->directory, modules = BUF_INIT;
	job_checkout(directory, m->repo, m->plan->job);
	int rc = file_make_directories(directory->data, m->err);
	buf_addstr(directory, "/source");
	const char *add[] = { "git", "worktree", "add", "-q", "--force", "--detach",
		directory->data, m->out->commit.hex, NULL };
	const char *submodules[] = { "git", "submodule", "-q", "update", "--init", "--recursive",
		NULL };
	tell(m, "checking out", m->out->commit.hex);
	if (!rc)
		rc = need(git(m, NULL, add, NULL));
	buf_addf(&modules, "%s/.gitmodules", directory->data);
	int has = rc ? 0 : file_exists(modules.data, m->err);
	rc = has < 0 ? has : rc;
	if (has > 0) {
		tell(m, "checking out", "submodules");
		rc = need(git(m, directory->data, submodules, NULL));
	}
	buf_release(&modules);
	return rc;
}

/* ---- removing ---- */

static int remove_directory(const char *path, struct error *err)
{
	/* A build may leave directories without write permission. */
	const char *argv[] = { "chmod", "-R", "u+rwX", "--", path, NULL };
	struct buf ignored = BUF_INIT;
	struct child child = { .argv = argv, .errors = &ignored };
	int status;
	if (!file_remove_tree(path, NULL))
		return 0;
	child_run(&child, &status, NULL);
	buf_release(&ignored);
	return file_remove_tree(path, err);
}

int checkout_remove(struct repo *repo, const char *job, struct error *err)
{
	struct buf path = BUF_INIT;
	job_checkout(&path, repo, job);
	int rc = file_exists(path.data, err);
	rc = rc > 0 ? remove_directory(path.data, err) : rc;
	buf_release(&path);
	return rc;
}

int checkout_remove_all(struct repo *repo, struct error *err)
{
	struct buf path = BUF_INIT;
	state_path(&path, repo, "checkouts");
	int rc = file_exists(path.data, err);
	rc = rc > 0 ? remove_directory(path.data, err) : rc;
	buf_release(&path);
	return rc;
}

/* ---- using the mirror ---- */

static int make_tree(struct making *m)
{
	buf_reset(&m->out->why);
	int rc = checkout_remove(m->repo, m->plan->job, m->err);
	if (!rc)
		rc = open_mirror(m);
	if (!rc)
		rc = fetch(m);
	if (!rc)
		rc = find_commit(m);
	return rc ? rc : add_tree(m);
}

static int refresh(struct making *m)
{
	int rc = open_mirror(m);
	return rc ? rc : fetch(m);
}

/* Runs `steps` on the mirror, under its lock. If the mirror is damaged, creates it again and
 * repeats them. */
static int on_mirror(struct making *m, int (*steps)(struct making *), struct error *err)
{
	struct file_lock lock = FILE_LOCK_INIT;
	m->mirror = (struct buf)BUF_INIT;
	state_path(&m->mirror, m->repo, "source.git");
	int rc = state_lock(&lock, m->repo, "source", LOCK_WAIT_MS, m->plan->env, m->err);
	if (!rc) {
		m->fresh = access(m->mirror.data, F_OK) != 0;
		rc = steps(m);
	}
	if (lock.fd >= 0 && rc < 0 && is_broken(m)) {
		tell(m, "removing the damaged mirror:", m->err->text);
		m->fresh = true;
		rc = remove_directory(m->mirror.data, m->err);
		rc = rc < 0 ? rc : steps(m);
	}
	file_lock_release(&lock);
	buf_release(&m->mirror);
	/* Errors of steps that were repeated successfully are not reported. */
	return rc < 0 ? error_set(err, rc, "%s", m->err->text) : rc;
}

int checkout_make(struct checkout *out, struct repo *repo, const struct checkout_plan *plan,
	struct error *err)
{
	struct error failure = ERROR_INIT;
	struct making m = { .out = out, .repo = repo, .plan = plan, .err = &failure };
	return on_mirror(&m, make_tree, err);
}

int checkout_refresh(struct repo *repo, const struct checkout_plan *plan, struct error *err)
{
	struct error failure = ERROR_INIT;
	struct making m = { .repo = repo, .plan = plan, .err = &failure };
	return on_mirror(&m, refresh, err);
}
