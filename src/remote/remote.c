/* Fetches and pushes with the `git` program. */
#include "remote/remote.h"

#include "git/internal.h"
#include "git/refs.h"
#include "git/run.h"
#include "remote/porcelain.h"
#include "remote/push_record.h"
#include "remote/repair.h"
#include "remote/ssh.h"
#include "locks/stale_locks.h"

#include "base/alloc.h"
#include "base/env.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { DEFAULT_TIMEOUT_MS = 60000, TRACE_LIMIT = 16 << 20, LOCK_WAIT_MS = 3000, VARIABLES = 6 };

bool remote_url(struct repo *repo, const char *name, struct buf *out)
{
	/* git_remote_lookup() of libgit2 1.5 compares all settings with a regular expression, and
	 * leaks 20 KB for each that does not match: too much for a loop. */
	struct buf key = BUF_INIT;
	buf_addf(&key, "remote.%s.url", name);
	bool exists = repo_config(repo, key.data, out);
	if (!exists)
		buf_addstr(out, name);
	buf_release(&key);
	return exists;
}

bool remote_has_push_url(struct repo *repo, const char *name)
{
	struct buf key = BUF_INIT, url = BUF_INIT;
	buf_addf(&key, "remote.%s.pushurl", name);
	bool has = repo_config(repo, key.data, &url);
	buf_release(&key);
	buf_release(&url);
	return has;
}

bool remote_exists(struct repo *repo, const char *name)
{
	struct buf url = BUF_INIT;
	bool exists = remote_url(repo, name, &url);
	buf_release(&url);
	return exists;
}

/* Is the URL of the remote one that git opens with ssh? */
static bool is_over_ssh(struct repo *repo, const char *name)
{
	struct buf url = BUF_INIT;
	remote_url(repo, name, &url);
	size_t scheme = strcspn(url.data, ":/");
	bool is =
		strstr(url.data, "://") ? !strncmp(url.data, "ssh://", 6) : url.data[scheme] == ':';
	buf_release(&url);
	return is;
}

/* Sets the variables of git's environment, with memory from `text`. No prompts from anyone; a custom
 * ssh command is not changed. git writes its trace to descriptor `trace`, one JSON object per
 * line. */
static void make_environment(struct repo *repo, const struct remote_settings *remote, int trace,
	struct buf text[2], const char *environment[VARIABLES])
{
	struct buf command = BUF_INIT;
	size_t count = 0;
	environment[count++] = "GIT_TRACE";
	environment[count++] = "GIT_ASKPASS=true";
	environment[count++] = "SSH_ASKPASS_REQUIRE=never";
	if (!ssh_is_custom(repo) && is_over_ssh(repo, remote->name)) {
		ssh_command(repo, &command);
		buf_addf(&text[0], "GIT_SSH_COMMAND=%s", command.data);
		environment[count++] = text[0].data;
	}
	buf_release(&command);
	if (trace < 0)
		return;
	buf_addf(&text[1], "GIT_TRACE2_EVENT=/proc/%ld/fd/%d", (long)getpid(), trace);
	environment[count++] = text[1].data;
	environment[count++] = "GIT_TRACE2_EVENT_NESTING=2";
}

/* Runs git, and appends its output and errors; its trace is written to descriptor `trace` (-1: no
 * trace). Returns ERR_TIMEOUT and other codes like child_run(). */
static int run_git(struct repo *repo, const char *const *argv, const char *doing,
	const struct remote_settings *remote, int trace, int *status, struct buf *output,
	struct buf *errors, struct error *err)
{
	struct buf text[2] = { BUF_INIT, BUF_INIT };
	const char *environment[VARIABLES + 1] = { NULL };
	make_environment(repo, remote, trace, text, environment);
	struct git_call call = { .argv = argv,
		.git_dir = repo->place.git_dir,
		.environment = environment,
		.output = output,
		.errors = errors,
		.timeout_ms = remote->timeout_ms ? remote->timeout_ms : DEFAULT_TIMEOUT_MS };
	int rc = git_run(&call, err);
	*status = rc < 0 ? 0 : rc;
	if (rc < 0)
		error_wrap(err, "cannot %s '%s'", doing, remote->name);
	buf_release(&text[0]);
	buf_release(&text[1]);
	return rc < 0 ? rc : 0;
}

/* Joins git's messages to one line, for an error. */
static void join_lines(struct buf *text)
{
	buf_trim(text);
	for (size_t i = 0; i < text->len; i++)
		if (text->data[i] == '\n')
			text->data[i] = ' ';
}

static int say_unreachable(const char *doing, const struct remote_settings *remote,
	const char *errors, struct error *err)
{
	struct buf own = BUF_INIT;
	porcelain_sort_errors(errors, &own, &own);
	join_lines(&own);
	int rc = error_set(err, ERR_UNREACHABLE, "cannot %s '%s': %s", doing, remote->name,
		own.len ? own.data : "git printed no reason");
	buf_release(&own);
	return rc;
}

static int check_remote_name(const struct remote_settings *remote, struct error *err)
{
	if (!*remote->name || *remote->name == '-')
		return error_set(err, ERR_INVALID, "'%s' is not a valid remote name", remote->name);
	return 0;
}

/* Did git fail because of a lock in this clone, either of another process that fetched at the same
 * time, or of a killed git process? The second kind is removed. True: it is worth trying again. */
static bool was_locked_out(struct repo *repo, const char *errors)
{
	if (strstr(errors, ".lock': File exists"))
		return stale_locks_remove(&repo->place, LOCK_WAIT_MS) > 0;
	return strstr(errors, "cannot lock ref");
}

static int report_lock(const struct remote_settings *remote, const char *errors, struct error *err)
{
	const char *path = strstr(errors, "Unable to create '");
	path = path ? path + strlen("Unable to create '") : "";
	return error_set(err, ERR_BUSY,
		"cannot fetch from '%s': %.*s is in the way; if no git process is running, "
		"remove it",
		remote->name, (int)strcspn(path, "'"), path);
}

/* Has the user set the number of objects from which git keeps a fetch as a pack? git's default,
 * 100, is too high if many clones write: ten requests would be stored as 40 loose objects. */
static bool has_unpack_limit(struct repo *repo)
{
	struct buf value = BUF_INIT;
	bool has = repo_config(repo, "fetch.unpackLimit", &value) ||
		repo_config(repo, "transfer.unpackLimit", &value);
	buf_release(&value);
	return has;
}

int store_fetch(struct repo *repo, const struct remote_settings *remote,
	const char *const *refspecs, struct error *err)
{
	enum { FIXED = 16, TRIES = 5 };
	int status, rc = check_remote_name(remote, err);
	if (rc < 0)
		return rc;
	size_t count = 0, used = 0;
	while (refspecs[count])
		count++;
	const char **argv = xcalloc(count + FIXED, sizeof(*argv));
	static const char *const fixed[] = { "fetch", "--quiet", "--no-tags",
		"--no-write-fetch-head", "--no-recurse-submodules", "--no-prune", "--" };
	argv[used++] = "git";
	argv[used++] = "-c";
	argv[used++] = "maintenance.auto=false"; /* repo_tidy() does it later */
	argv[used++] = "-c";
	argv[used++] = "gc.auto=0";
	if (!has_unpack_limit(repo)) {
		argv[used++] = "-c";
		argv[used++] = "fetch.unpackLimit=32";
	}
	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
		argv[used++] = fixed[i];
	argv[used++] = remote->name;
	for (size_t i = 0; i < count; i++)
		argv[used++] = refspecs[i];

	struct buf errors = BUF_INIT;
	for (int tries = 0; tries < TRIES; tries++) {
		buf_reset(&errors);
		rc = run_git(repo, argv, "fetch from", remote, -1, &status, NULL, &errors, err);
		if (rc < 0 || !status || !was_locked_out(repo, errors.data))
			break;
	}
	repo->has_exchanged = repo->has_exchanged || !rc;
	if (!rc && status) {
		if (strstr(errors.data, "couldn't find remote ref"))
			rc = error_set(err, ERR_NOT_FOUND, "'%s' has no such branch: %s",
				remote->name, strstr(errors.data, "couldn't find remote ref"));
		else if (strstr(errors.data, ".lock': File exists"))
			rc = report_lock(remote, errors.data, err);
		else
			rc = say_unreachable("fetch from", remote, errors.data, err);
	}
	buf_release(&errors);
	free(argv);
	return rc;
}

/* Any failure may be caused by a damaged clone, which cannot fetch, either. */
int remote_fetch(struct repo *repo, const struct remote_settings *remote,
	const char *const *refspecs, struct error *err)
{
	struct error failed = ERROR_INIT, ignored = ERROR_INIT;
	int rc = store_fetch(repo, remote, refspecs, &failed);
	if (rc == ERR_UNREACHABLE && repair(repo, remote, &ignored) > 0) {
		failed = (struct error)ERROR_INIT;
		rc = store_fetch(repo, remote, refspecs, &failed);
	}
	if (rc < 0 && err)
		*err = failed;
	return rc;
}

int remote_ref(struct repo *repo, const struct remote_settings *remote, const char *ref,
	struct oid *out, struct error *err)
{
	int status, rc = check_remote_name(remote, err);
	if (rc < 0)
		return rc;
	const char *argv[] = { "git", "ls-remote", "--quiet", "--", remote->name, ref, NULL };
	struct buf output = BUF_INIT, errors = BUF_INIT;
	rc = run_git(repo, argv, "ask", remote, -1, &status, &output, &errors, err);
	if (!rc && status)
		rc = say_unreachable("ask", remote, errors.data, err);
	*out = OID_NONE;
	/* The pattern matches other refs, too: "refs/heads/main" also "x/refs/heads/main". */
	for (char *line = output.data; !rc && *line;) {
		char *end = line + strcspn(line, "\n");
		bool more = *end;
		*end = '\0';
		if (end - line > 41 && line[40] == '\t' && !strcmp(line + 41, ref)) {
			line[40] = '\0';
			oid_parse(out, line);
		}
		line = end + more;
	}
	buf_release(&output);
	buf_release(&errors);
	return rc;
}

int remote_has_branch(struct repo *repo, const struct remote_settings *remote, const char *name,
	struct error *err)
{
	struct buf ref = BUF_INIT;
	struct oid there;
	ref_branch(&ref, name);
	int rc = remote_ref(repo, remote, ref.data, &there, err);
	buf_release(&ref);
	return rc < 0 ? rc : !oid_is_none(&there);
}

/* ---- pushing ---- */

/*
 * Did git begin to send the push? It lists the remote's refs first, and both steps are regions of
 * its trace (see api-trace2 in git's documentation). Before the second step, nothing can have
 * arrived. Without a trace, it may have begun. The messages of git, ssh and the hooks are not
 * evidence: they are the same for a connection that broke and for one that was never established.
 */
static bool may_have_sent(int trace)
{
	struct buf text = BUF_INIT;
	bool may = true;
	if (trace >= 0 && !lseek(trace, 0, SEEK_SET) &&
		!file_read_fd(&text, trace, "the trace", TRACE_LIMIT, NULL))
		may = !strstr(text.data, "\"label\":\"get_refs_list\"") ||
			strstr(text.data, "\"label\":\"push_refs\"");
	buf_release(&text);
	return may;
}

/* The text is not changed. */
static int set_code(struct error *err, int code)
{
	if (err)
		err->code = code;
	return code;
}

/* A run of `git push`. */
struct pushed {
	int trace; /* a descriptor; -1: there is none */
	int status;
	int64_t took_ms;
	struct buf output, errors;
};

/* Runs git. ERR_UNREACHABLE if it took too long, and nothing was sent. */
static int run_push(struct repo *repo, const struct remote_settings *remote,
	const char *const *argv, struct pushed *pushed, struct error *err)
{
	int64_t started_ms = env_ms(env_system());
	pushed->trace = memfd_create("git-build-push", MFD_CLOEXEC);
	int rc = run_git(repo, argv, "push to", remote, pushed->trace, &pushed->status,
		&pushed->output, &pushed->errors, err);
	pushed->took_ms = env_ms(env_system()) - started_ms;
	return rc == ERR_TIMEOUT && !may_have_sent(pushed->trace) ? set_code(err, ERR_UNREACHABLE)
								  : rc;
}

/* Records the push, which ended with `rc`. */
static void end_push(struct repo *repo, struct pushed *pushed, int rc)
{
	if (pushed->trace >= 0)
		close(pushed->trace);
	push_record_count(repo, rc, pushed->took_ms);
	repo->has_exchanged = true;
	buf_release(&pushed->output);
	buf_release(&pushed->errors);
}

/* The remote has not reported a result. Returns ERR_UNREACHABLE if nothing was sent; else ERR_UNKNOWN,
 * with `ended` in the text. */
static int say_unfinished(const struct remote_settings *remote, const struct pushed *pushed,
	const char *ended, struct error *err)
{
	struct buf own = BUF_INIT;
	porcelain_sort_errors(pushed->errors.data, NULL, &own);
	join_lines(&own);
	bool sent = may_have_sent(pushed->trace);
	int rc = error_set(err, sent ? ERR_UNKNOWN : ERR_UNREACHABLE, "%s '%s': %s",
		sent ? ended : "cannot push to", remote->name,
		own.len ? own.data : "git printed no reason");
	buf_release(&own);
	return rc;
}

static int check(const struct remote_settings *remote, const struct push *push,
	const struct pushed *pushed, const struct buf *said, struct error *err)
{
	struct buf reason = BUF_INIT;
	enum push_verdict verdict;
	int rc = 0;
	if (!porcelain_verdict(pushed->output.data, push->ref, &verdict, &reason)) {
		rc = say_unfinished(remote, pushed, "the connection ended while pushing to", err);
	} else if (verdict == PUSH_UP_TO_DATE) {
		rc = error_set(err, ERR_LOST_RACE, "%s at '%s' already was at %.12s", push->ref,
			remote->name, push->new.hex);
	} else if (verdict == PUSH_LOST_RACE) {
		rc = error_set(err, ERR_LOST_RACE, "%s at '%s' has moved (%s)", push->ref,
			remote->name, reason.data);
	} else if (verdict == PUSH_REFUSED) {
		/* Another push holds the lock of the ref at the server: git reports that only in
		 * the text. */
		bool race = strstr(pushed->errors.data, "cannot lock ref") ||
			strstr(said->data, "cannot lock ref");
		rc = error_set(err, race ? ERR_LOST_RACE : ERR_REFUSED, "'%s' rejected %s: %s%s%s",
			remote->name, push->ref, reason.len ? reason.data : "no reason given",
			said->len ? "\n" : "", said->data);
	}
	buf_release(&reason);
	return rc;
}

/* "<new>:<ref>"; the caller frees it. It never begins with +, which would override the lease; the
 * lease alone is enough to rewind a ref. */
static char *make_refspec(const struct push *push)
{
	struct buf text = BUF_INIT;
	buf_addf(&text, "%s:%s", push->new.hex, push->ref);
	return buf_detach(&text);
}

static char *make_lease(const struct push *push)
{
	struct buf text = BUF_INIT;
	buf_addf(&text, "--force-with-lease=%s:%s", push->ref, push->expected.hex);
	return buf_detach(&text);
}

/*
 * With a lease, git also rewinds a ref. Therefore, a push that must be a fast-forward is checked
 * here, because this repository has the objects: the expected tip must be an ancestor of the new
 * one.
 */
static int check_fast_forward(struct repo *repo, const struct push *push, struct error *err)
{
	if (push->force || oid_is_none(&push->expected) || oid_is_none(&push->new))
		return 0;
	int rc = repo_is_ancestor(repo, &push->expected, &push->new, err);
	if (rc)
		return rc < 0 ? rc : 0;
	return error_set(err, ERR_INVALID, "%.12s is not a descendant of %.12s on %s",
		push->new.hex, push->expected.hex, push->ref);
}

static int push_once(struct repo *repo, const struct remote_settings *remote,
	const struct push *pushes, size_t count, struct buf *said, struct error *err)
{
	enum { FIXED = 12 };
	int rc = check_remote_name(remote, err);
	for (size_t i = 0; !rc && i < count; i++)
		rc = check_fast_forward(repo, &pushes[i], err);
	if (rc < 0)
		return rc;

	const char **argv = xcalloc(2 * count + FIXED, sizeof(*argv));
	char **made = xcalloc(2 * count, sizeof(*made));
	size_t used = 0;
	/* Skips pre-push, which takes a quarter of the time of a push: it reports mistakes of
	 * users, but this commit was made by git-build, and pre-receive checks it anyway. */
	static const char *const fixed[] = { "git", "push", "--porcelain", "--no-verify",
		"--no-follow-tags", "--recurse-submodules=no" };
	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
		argv[used++] = fixed[i];
	if (count > 1)
		argv[used++] = "--atomic";
	for (size_t i = 0; i < count; i++)
		argv[used++] = made[i] = make_lease(&pushes[i]);
	argv[used++] = "--";
	argv[used++] = remote->name;
	for (size_t i = 0; i < count; i++)
		argv[used++] = made[count + i] = make_refspec(&pushes[i]);

	struct pushed pushed = { .output = BUF_INIT, .errors = BUF_INIT };
	struct buf words = BUF_INIT;
	rc = run_push(repo, remote, argv, &pushed, err);
	porcelain_sort_errors(pushed.errors.data, &words, NULL);
	if (said)
		buf_add(said, words.data, words.len);
	for (size_t i = 0; !rc && i < count; i++)
		rc = check(remote, &pushes[i], &pushed, &words, err);
	end_push(repo, &pushed, rc);
	buf_release(&words);
	for (size_t i = 0; i < 2 * count; i++)
		free(made[i]);
	free(made);
	free(argv);
	return rc;
}

/* A damaged clone cannot send all objects. The remote then reports an incomplete pack, or the
 * connection ends. Only in the first case, it is certain that no ref was updated. */
int remote_push(struct repo *repo, const struct remote_settings *remote, const struct push *pushes,
	size_t count, struct buf *said, struct error *err)
{
	struct error failed = ERROR_INIT;
	size_t before = said ? said->len : 0;
	int rc = push_once(repo, remote, pushes, count, said, &failed);
	bool no_pack = rc == ERR_REFUSED && strstr(failed.text, "unpacker error");
	if ((no_pack || rc == ERR_UNKNOWN || rc == ERR_UNREACHABLE) &&
		repair(repo, remote, NULL) > 0 && no_pack) {
		failed = (struct error)ERROR_INIT;
		if (said)
			buf_truncate(said, before);
		rc = push_once(repo, remote, pushes, count, said, &failed);
	}
	if (rc < 0 && err)
		*err = failed;
	return rc;
}

/* ---- requests ---- */

int remote_request(struct repo *repo, const struct remote_settings *remote, const char *ref,
	const char *const *options, size_t count, struct buf *said, struct error *err)
{
	static const char *const fixed[] = { "git", "-c", "push.gpgSign=false", "push",
		"--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no" };
	enum { FIXED = sizeof(fixed) / sizeof(*fixed) };
	struct pushed pushed = { .output = BUF_INIT, .errors = BUF_INIT };
	struct buf refspec = BUF_INIT;
	int rc = check_remote_name(remote, err);
	if (rc < 0)
		return rc;
	const char **argv = xcalloc(FIXED + 2 * count + 4, sizeof(*argv));
	size_t used = 0;
	while (used < FIXED) {
		argv[used] = fixed[used];
		used++;
	}
	for (size_t i = 0; i < count; i++) {
		argv[used++] = "-o";
		argv[used++] = options[i];
	}
	buf_addf(&refspec, ":%s", ref);
	argv[used++] = "--";
	argv[used++] = remote->name;
	argv[used++] = refspec.data;
	rc = run_push(repo, remote, argv, &pushed, err);
	porcelain_sort_errors(pushed.errors.data, said, NULL);
	if (!rc && pushed.status)
		rc = say_unfinished(remote, &pushed, "no answer from", err);
	end_push(repo, &pushed, rc);
	buf_release(&refspec);
	free(argv);
	return rc;
}
