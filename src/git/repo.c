/* Opens a repository; reads and updates its refs. */
#include "git/internal.h"
#include "git/loose.h"
#include "locks/stale_locks.h"

#include "base/alloc.h"
#include "base/env.h"
#include "base/file.h"
#include "locks/lockfile.h"
#include "git/refs.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

int store_error(struct error *err, int code, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list args;
	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	const git_error *last = git_error_last();
	error_set(err, code, "%s: %s", text.data, last ? last->message : "libgit2 gave no reason");
	buf_release(&text);
	return code;
}

const struct oid OID_NONE = { "" };

git_oid store_git_oid(const struct oid *oid)
{
	git_oid id;
	git_oid_fromstr(
		&id, oid_is_none(oid) ? "0000000000000000000000000000000000000000" : oid->hex);
	return id;
}

struct oid store_oid(const git_oid *id)
{
	struct oid oid;
	git_oid_tostr(oid.hex, sizeof(oid.hex), id);
	return oid;
}

bool oid_equal(const struct oid *a, const struct oid *b)
{
	return !strcmp(a->hex, b->hex);
}

bool oid_parse(struct oid *out, const char *text)
{
	struct oid oid;
	bool zero = true;
	for (size_t i = 0; i < 40; i++) {
		char c = text[i];
		if (c >= 'A' && c <= 'F')
			c = (char)(c - 'A' + 'a');
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
		zero = zero && c == '0';
		oid.hex[i] = c;
	}
	if (text[40])
		return false;
	oid.hex[40] = '\0';
	*out = zero ? OID_NONE : oid;
	return true;
}

/* ---- opening ---- */

/* Messages for the formats that libgit2 1.5 cannot open (git-config: extensions.*). */
static int refuse_format(struct error *err, const char *directory, const char *why)
{
	static const struct {
		const char *mark, *sentence;
	} known[] = {
		{ "objectformat",
			"it uses SHA-256 object names; git-build works with SHA-1 repositories "
			"(git init --object-format=sha1)" },
		{ "refstorage",
			"it stores refs as reftable; git-build works with plain ref files "
			"(git init --ref-format=files)" },
		{ "partialclone",
			"it is a partial clone; git-build needs all objects (clone without "
			"--filter)" },
		{ "worktreeconfig",
			"it has extensions.worktreeConfig; git-build needs one config for all "
			"worktrees (git config --unset extensions.worktreeConfig)" },
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcasestr(why, known[i].mark))
			return error_set(err, ERR_INVALID, "cannot use the repository at %s: %s",
				directory, known[i].sentence);
	return error_set(err, ERR_INVALID, "cannot use the repository at %s: %s", directory, why);
}

static int refuse_open(struct error *err, const char *directory, int rc)
{
	const git_error *last = git_error_last();
	const char *why = last ? last->message : "libgit2 gave no reason";
	/* libgit2 1.5 reports a different owner as a missing setting. */
	if (rc == GIT_EOWNER || strstr(why, "safe.directory"))
		return error_set(err, ERR_INVALID,
			"the repository at %s belongs to another user; if you trust it, run: git "
			"config "
			"--global --add safe.directory %s",
			directory, directory);
	if (rc == GIT_ENOTFOUND)
		return error_set(err, ERR_NOT_FOUND, "not a git repository: %s", directory);
	return refuse_format(err, directory, why);
}

/* The path without a slash at its end; the caller frees it. NULL if `path` is NULL. */
static char *without_slash(const char *path)
{
	if (!path)
		return NULL;
	size_t len = strlen(path);
	while (len > 1 && path[len - 1] == '/')
		len--;
	return xstrndup(path, len);
}

/*
 * Finds the repository like git. Does not use libgit2's OPEN_FROM_ENV for GIT_DIR, because that
 * fails if GIT_WORK_TREE or GIT_COMMON_DIR is set, too, as by `git --work-tree=… build`.
 */
static int find_git_dir(const char *directory, struct buf *out, struct error *err)
{
	const char *git_dir = directory ? NULL : getenv("GIT_DIR");
	if (git_dir && *git_dir) {
		buf_addstr(out, git_dir);
		return 0;
	}
	git_buf found = GIT_BUF_INIT;
	int rc = git_repository_discover(&found, directory ? directory : ".", 0, NULL);
	if (rc < 0) {
		char here[PATH_MAX];
		const char *name = directory ? directory : getcwd(here, sizeof(here));
		return refuse_open(err, name ? name : ".", rc);
	}
	buf_add(out, found.ptr, found.size);
	git_buf_dispose(&found);
	return 0;
}

/* Detects SHA-256 objects in a repository whose format version does not allow them: libgit2 would
 * open it without an error. */
static int check_object_format(struct repo *repo, struct error *err)
{
	struct buf format = BUF_INIT;
	int rc = 0;
	if (repo_config(repo, "extensions.objectformat", &format) &&
		strcasecmp(format.data, "sha1"))
		rc = refuse_format(err, repo->place.git_dir, "objectformat");
	buf_release(&format);
	return rc;
}

static void find_directories(struct repo *repo)
{
	char absolute[PATH_MAX];
	repo->place.git_dir = without_slash(git_repository_path(repo->git));
	repo->place.common_dir = without_slash(git_repository_commondir(repo->git));
	repo->place.work_tree = without_slash(git_repository_workdir(repo->git));
	const char *work_tree = getenv("GIT_WORK_TREE");
	if (work_tree && *work_tree && getenv("GIT_DIR") && realpath(work_tree, absolute)) {
		free(repo->place.work_tree);
		repo->place.work_tree = xstrdup(absolute);
	}
	struct buf state = BUF_INIT;
	buf_addf(&state, "%s/git-build", repo->place.common_dir);
	repo->place.state_dir = buf_detach(&state);
}

/*
 * Replaces the function of this name in libmbedx509, which libgit2 calls at its start if it was
 * built with mbed TLS, as in Debian: reading every certificate of /etc/ssl/certs takes 5 ms, a
 * fifth of a short command. libgit2 is never used for network connections here, and continues
 * without certificates (src/libgit2/streams/mbedtls.c of its source).
 */
int mbedtls_x509_crt_parse_file(void *chain, const char *path);
int mbedtls_x509_crt_parse_file(void *chain, const char *path)
{
	(void)chain;
	(void)path;
	return -1;
}

int repo_open(struct repo **out, const char *directory, struct error *err)
{
	int rc = store_start(err);
	if (rc < 0)
		return rc;
	struct repo *repo = xcalloc(1, sizeof(*repo));
	struct buf git_dir = BUF_INIT;
	/* In the quarantine of receive-pack, the new objects are found only by the environment. */
	if (!directory && getenv("GIT_QUARANTINE_PATH")) {
		buf_addstr(&git_dir, ".");
		rc = git_repository_open_ext(&repo->git, NULL, GIT_REPOSITORY_OPEN_FROM_ENV, NULL);
	} else {
		rc = find_git_dir(directory, &git_dir, err);
		if (rc < 0)
			goto done;
		rc = git_repository_open_ext(
			&repo->git, git_dir.data, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);
	}
	if (rc < 0) {
		rc = refuse_open(err, git_dir.data, rc);
		goto done;
	}
	find_directories(repo);
	rc = store_repair_head(repo, err);
	if (!rc)
		rc = store_load_settings(repo, err);
	if (!rc)
		rc = check_object_format(repo, err);
	if (!rc && git_repository_odb(&repo->odb, repo->git) < 0)
		rc = store_error(
			err, ERR_FAILED, "cannot read the objects of %s", repo->place.git_dir);
	if (!rc)
		rc = loose_attach(repo, err);
done:
	buf_release(&git_dir);
	if (rc < 0)
		repo_close(repo);
	else
		*out = repo;
	return rc;
}

int repo_open_again(struct repo **out, const struct repo *repo, struct error *err)
{
	return repo_open(out, getenv("GIT_QUARANTINE_PATH") ? NULL : repo->place.git_dir, err);
}

void repo_close(struct repo *repo)
{
	if (!repo)
		return;
	store_forget_settings(repo);
	git_tree_free(repo->root);
	git_odb_free(repo->odb);
	git_repository_free(repo->attributes);
	git_repository_free(repo->git);
	if (repo->repaired)
		buf_release(repo->repaired);
	free(repo->repaired);
	free(repo->place.git_dir);
	free(repo->place.common_dir);
	free(repo->place.work_tree);
	free(repo->place.state_dir);
	free(repo);
	store_stop();
}

const char *repo_git_dir(const struct repo *repo)
{
	return repo->place.git_dir;
}

const char *repo_common_dir(const struct repo *repo)
{
	return repo->place.common_dir;
}

const char *repo_work_tree(const struct repo *repo)
{
	return repo->place.work_tree;
}

const char *repo_state_dir(const struct repo *repo)
{
	return repo->place.state_dir;
}

struct lock_place *repo_place(struct repo *repo)
{
	return &repo->place;
}

/* ---- refs ---- */

/* Does packed-refs have the ref `name`? 1, 0, or a negative code. */
static int is_packed(struct repo *repo, const char *name, struct error *err)
{
	struct buf text = BUF_INIT, end = BUF_INIT;
	buf_addf(&end, " %s\n", name);
	int rc = store_packed_refs(repo, &text, err);
	if (!rc)
		rc = strstr(text.data, end.data) != NULL;
	buf_release(&text);
	buf_release(&end);
	return rc;
}

/*
 * libgit2 1.5 treats a failed stat(2) of packed-refs as if there were no such file. Therefore, a
 * ref is reported as absent only after a check of both places that could have it. Returns 1 if one
 * of them has it.
 */
static int is_there(struct repo *repo, const char *name, struct error *err)
{
	struct buf path = BUF_INIT;
	struct stat st;
	const char *dirs[] = { repo->place.git_dir, repo->place.common_dir };
	int found = 0;
	for (size_t i = 0; i < 2 && !found; i++) {
		buf_reset(&path);
		buf_addf(&path, "%s/%s", dirs[i], name);
		/* A directory has other refs, and a link may lead to a ref that does not exist. */
		if (!lstat(path.data, &st))
			found = S_ISREG(st.st_mode);
		else if (errno != ENOENT && errno != ENOTDIR)
			found = error_errno(err, ERR_FAILED, "cannot read the ref %s", name);
	}
	buf_release(&path);
	return found ? found : is_packed(repo, name, err);
}

/* The name of the ref that `name` points to; the caller frees it. NULL if it is not symbolic. */
static char *target_of(struct repo *repo, const char *name)
{
	git_reference *ref = NULL;
	const char *target = git_reference_lookup(&ref, repo->git, name) < 0
		? NULL
		: git_reference_symbolic_target(ref);
	char *copy = target ? xstrdup(target) : NULL;
	git_reference_free(ref);
	return copy;
}

static int read_ref(
	struct repo *repo, const char *name, struct oid *out, int links, struct error *err)
{
	git_oid id;
	int rc = git_reference_name_to_id(&id, repo->git, name);
	char *target = rc == GIT_ENOTFOUND && links ? target_of(repo, name) : NULL;
	if (target) {
		rc = read_ref(repo, target, out, links - 1, err);
		free(target);
		return rc;
	}
	if (rc == GIT_ENOTFOUND) {
		int there = is_there(repo, name, err);
		if (there <= 0)
			return there ? there
				     : error_set(err, ERR_NOT_FOUND, "no such ref: %s", name);
		rc = git_reference_name_to_id(&id, repo->git, name);
	}
	if (rc < 0)
		return store_error(err, rc == GIT_EINVALIDSPEC ? ERR_INVALID : ERR_FAILED,
			"cannot read the ref %s", name);
	*out = store_oid(&id);
	return 0;
}

int repo_ref(struct repo *repo, const char *name, struct oid *out, struct error *err)
{
	enum { MOST_LINKS = 5 }; /* the limit of git and libgit2 */
	return read_ref(repo, name, out, MOST_LINKS, err);
}

int repo_ref_or_none(struct repo *repo, const char *name, struct oid *out, struct error *err)
{
	*out = OID_NONE;
	int rc = repo_ref(repo, name, out, err);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

int repo_tracking_ref(struct repo *repo, const char *remote, const char *branch, struct oid *out,
	struct error *err)
{
	struct buf name = BUF_INIT;
	ref_tracking(&name, remote, branch);
	int rc = repo_ref(repo, name.data, out, err);
	buf_release(&name);
	return rc;
}

int repo_head_branch(struct repo *repo, struct buf *out, struct error *err)
{
	git_reference *head;
	int rc = git_reference_lookup(&head, repo->git, "HEAD");
	if (rc < 0)
		return store_error(err, ERR_FAILED, "cannot read HEAD");
	buf_reset(out);
	const char *target = git_reference_symbolic_target(head);
	if (target)
		buf_addstr(out, target);
	else
		rc = error_set(err, ERR_NOT_FOUND, "HEAD is detached; check out a branch");
	git_reference_free(head);
	return rc;
}

static int write_head(const char *path, void *data, struct error *err)
{
	const struct buf *text = data;
	return file_publish(path, text->data, text->len, err);
}

int repo_set_head(struct repo *repo, const char *name, struct error *err)
{
	struct buf text = BUF_INIT;
	int valid = 0, rc = 0;
	git_reference_name_is_valid(&valid, name);
	buf_addf(&text, "ref: %s\n", name);
	if (!valid)
		rc = error_set(err, ERR_INVALID, "invalid branch name: '%s'", name);
	else
		rc = lockfile_replace(
			&repo->place, repo->place.git_dir, "HEAD", write_head, &text, err);
	buf_release(&text);
	return rc;
}

int repo_resolve_range(
	struct repo *repo, const char *range, struct oid *from, struct oid *to, struct error *err)
{
	const char *dots = strstr(range, ".."), *end = dots ? dots + 2 : range;
	char *start = dots ? xstrndup(range, (size_t)(dots - range)) : NULL;
	int rc = 0;
	*from = OID_NONE;
	if (start && !oid_parse(from, start))
		rc = repo_resolve(repo, *start ? start : "HEAD", from, err);
	if (!rc)
		rc = repo_resolve(repo, *end ? end : "HEAD", to, err);
	free(start);
	return rc;
}

bool repo_branch_name_ok(const char *branch)
{
	struct buf name = BUF_INIT;
	int valid = 0;
	ref_branch(&name, branch);
	git_reference_name_is_valid(&valid, name.data);
	buf_release(&name);
	return valid && *branch != '-' && strcmp(branch, "HEAD");
}

static int delete_ref(struct repo *repo, const char *name, const struct oid *old, struct error *err)
{
	git_reference *ref;
	int rc = git_reference_lookup(&ref, repo->git, name);
	if (rc == GIT_ENOTFOUND)
		return error_set(err, ERR_LOST_RACE, "the ref %s does not exist any more", name);
	if (rc < 0)
		return store_error(err, ERR_FAILED, "cannot read the ref %s", name);
	git_oid want = store_git_oid(old);
	if (!git_reference_target(ref) || git_oid_cmp(git_reference_target(ref), &want))
		rc = error_set(err, ERR_LOST_RACE, "the ref %s has moved", name);
	else if ((rc = git_reference_delete(ref)) < 0)
		rc = store_error(err, rc == GIT_EMODIFIED ? ERR_LOST_RACE : ERR_FAILED,
			"cannot delete the ref %s", name);
	git_reference_free(ref);
	return rc;
}

/* Converts libgit2's result. */
static int move_ref(struct repo *repo, const char *name, const struct oid *new,
	const struct oid *old, const char *why)
{
	git_oid to = store_git_oid(new), from = store_git_oid(old);
	git_reference *ref = NULL;
	int rc;
	if (oid_is_none(old))
		rc = git_reference_create(&ref, repo->git, name, &to, 0, why);
	else
		rc = git_reference_create_matching(&ref, repo->git, name, &to, 1, &from, why);
	git_reference_free(ref);
	return rc;
}

int repo_ref_update(struct repo *repo, const char *name, const struct oid *new,
	const struct oid *old, const char *why, struct error *err)
{
	if (oid_is_none(new))
		return delete_ref(repo, name, old, err);
	/* A gc, or another git process that updates the same ref, holds a lock for moments. git
	 * waits for it (core.filesRefLockTimeout), but libgit2 does not. */
	enum { TRIES = 100, PAUSE_MS = 10, LOCK_WAIT_MS = 3000 };
	int rc = move_ref(repo, name, new, old, why);
	for (int tries = 1; rc == GIT_ELOCKED && tries < TRIES; tries++) {
		env_sleep(env_system(), PAUSE_MS);
		rc = move_ref(repo, name, new, old, why);
	}
	if (rc == GIT_EMODIFIED || rc == GIT_EEXISTS || rc == GIT_ENOTFOUND)
		return error_set(err, ERR_LOST_RACE, "the ref %s has moved", name);
	/* A killed git process never releases its lock. */
	if (rc == GIT_ELOCKED && stale_locks_remove(&repo->place, LOCK_WAIT_MS) > 0)
		rc = move_ref(repo, name, new, old, why);
	if (rc == GIT_ELOCKED)
		return error_set(err, ERR_BUSY,
			"the ref %s is locked; if no git process is running, remove %s/%s.lock",
			name, repo->place.common_dir, name);
	if (rc < 0)
		return store_error(err, rc == GIT_EINVALIDSPEC ? ERR_INVALID : ERR_FAILED,
			"cannot update the ref %s", name);
	return 0;
}

int repo_ref_each(struct repo *repo, const char *prefix,
	int (*each)(const char *name, const struct oid *oid, void *data), void *data,
	struct error *err)
{
	struct file_list names;
	int rc = store_ref_names(repo, prefix, &names, err);
	for (size_t i = 0; i < names.count && !rc; i++) {
		struct oid oid;
		if (i && !strcmp(names.names[i], names.names[i - 1]))
			continue; /* both loose and packed */
		rc = repo_ref(repo, names.names[i], &oid, err);
		if (!rc)
			rc = each(names.names[i], &oid, data);
		else if (rc == ERR_NOT_FOUND)
			rc = 0; /* deleted since it was listed, or a symbolic ref to nothing */
	}
	file_list_release(&names);
	return rc;
}

int repo_resolve(struct repo *repo, const char *revision, struct oid *out, struct error *err)
{
	git_object *object, *commit;
	int rc = git_revparse_single(&object, repo->git, revision);
	if (rc == GIT_ENOTFOUND || rc == GIT_EINVALIDSPEC || rc == GIT_EAMBIGUOUS)
		return error_set(err, ERR_NOT_FOUND, "unknown revision: '%s'", revision);
	if (rc < 0)
		return store_error(err, ERR_FAILED, "cannot read '%s'", revision);
	rc = git_object_peel(&commit, object, GIT_OBJECT_COMMIT);
	git_object_free(object);
	if (rc == GIT_EPEEL || rc == GIT_EINVALIDSPEC)
		return error_set(err, ERR_NOT_FOUND, "'%s' is not a commit", revision);
	if (rc < 0)
		return store_error(err, ERR_FAILED, "cannot read '%s'", revision);
	*out = store_oid(git_object_id(commit));
	git_object_free(commit);
	return 0;
}

/* The permissions that core.sharedRepository adds to those of the umask; see git-config(1). */
static mode_t shared_mode(struct repo *repo)
{
	enum { GROUP = 0660, ALL = 0664 };
	static const struct {
		const char *value;
		mode_t mode;
	} named[] = { { "group", GROUP }, { "true", GROUP }, { "yes", GROUP }, { "on", GROUP },
		{ "1", GROUP }, { "all", ALL }, { "world", ALL }, { "everybody", ALL },
		{ "2", ALL } };
	struct buf value = BUF_INIT;
	mode_t mode = 0;
	char *end = NULL;
	if (repo_config(repo, "core.sharedRepository", &value)) {
		mode = (mode_t)strtoul(value.data, &end, 8);
		if (*end || (mode & 0600) != 0600)
			mode = 0;
		for (size_t i = 0; i < sizeof(named) / sizeof(*named); i++)
			if (!strcasecmp(value.data, named[i].value))
				mode = named[i].mode;
	}
	buf_release(&value);
	return mode & 0666;
}

void repo_share_files(struct repo *repo)
{
	mode_t mode = shared_mode(repo);
	if (!mode)
		return;
	mode_t mask = umask(0);
	umask(mask & ~(mode | (mode & 0444) >> 2));
}
