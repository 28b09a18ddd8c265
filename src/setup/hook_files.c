#include "setup/hook_files.h"

#include "base/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The words of the first version, by which installed hooks are recognized. */
#define MARK                                                                                       \
	"# git-build: installed by `git build init`, taken"                                        \
	" out by `git build init --remove`.\n"

/* The suffix of the user's own hook, if one existed before. */
#define KEPT ".before-git-build"
/* The program runs that hook itself (hooks/hook.h); in older versions, the script did it. */
#define RUN "exec \"$program\" --kept=\"$kept\" \"$@\""

enum { HOOK_LIMIT = 1 << 20 };

/* Is `path`, which need not exist yet, the directory `parent` or inside it? Symbolic links are
 * resolved. */
static bool lies_in(const char *path, const char *parent)
{
	char real_path[PATH_MAX], real_parent[PATH_MAX];
	if (!realpath(parent, real_parent))
		return false;
	if (!realpath(path, real_path)) {
		const char *slash = strrchr(path, '/');
		struct buf above = BUF_INIT;
		buf_add(&above, path, slash ? (size_t)(slash - path) : 0);
		bool found = realpath(above.data, real_path);
		buf_release(&above);
		if (!found)
			return false;
	}
	size_t len = strlen(real_parent);
	return !strncmp(real_path, real_parent, len) && (!real_path[len] || real_path[len] == '/');
}

void hook_directory(struct repo *repo, struct buf *out, bool *own)
{
	struct buf configured = BUF_INIT;
	buf_reset(out);
	if (!repo_config(repo, "core.hooksPath", &configured) || !configured.len) {
		*own = true;
		buf_addf(out, "%s/hooks", repo_common_dir(repo));
	} else {
		/* A relative path starts in the directory that git runs hooks in (git-config(1)). */
		const char *top = repo_work_tree(repo) ? repo_work_tree(repo) : repo_git_dir(repo);
		if (*configured.data != '/' && *configured.data != '~')
			buf_addf(out, "%s/", top);
		buf_addstr(out, configured.data);
		*own = lies_in(out->data, repo_common_dir(repo));
	}
	buf_release(&configured);
}

/* If git-build is not installed any more, pre-receive rejects every push, rather than accept pushes
 * without checks. The other hooks still run the user's own hook. */
static void write_missing(const char *name, struct buf *out)
{
	bool decides = !strcmp(name, "pre-receive");
	buf_addstr(out,
		"if ! test -x \"$program\"; then\n"
		"\techo \"git-build: $program does not exist");
	buf_addstr(out,
		decides ? ", so every push is rejected; install git-build again, or run"
			: ", so this hook does nothing; install git-build again, or run");
	buf_addstr(out, " git build init --remove (or remove $0)\" >&2\n");
	buf_addstr(out,
		decides ? "\texit 1\nfi\n"
			: "\tif test -x \"$kept\"; then exec \"$kept\" \"$@\"; fi\n"
			  "\texit 0\nfi\n");
}

/* The script executes the program without reading the input: a shell could lose part of it. */
static void write_script(const char *name, const char *program, struct buf *out)
{
	buf_addstr(out, "#!/bin/sh\n" MARK "program=");
	buf_add_quoted(out, program);
	buf_addstr(out, "\nkept=$0" KEPT "\n");
	write_missing(name, out);
	buf_addstr(out, RUN "\n");
}

struct paths {
	struct buf hook, before;
};

static struct paths paths_of(const char *directory, const char *name)
{
	struct paths paths = { BUF_INIT, BUF_INIT };
	buf_addf(&paths.hook, "%s/%s", directory, name);
	buf_addf(&paths.before, "%s/%s" KEPT, directory, name);
	return paths;
}

static void paths_release(struct paths *paths)
{
	buf_release(&paths->hook);
	buf_release(&paths->before);
}

enum { MISSING_OR_OURS, FOREIGN };

/* Appends the existing hook to `text`. A hook that cannot be read is an error: it may be ours. */
static int read_existing(const struct paths *paths, struct buf *text, struct error *err)
{
	int rc = file_read(text, paths->hook.data, HOOK_LIMIT, err);
	if (rc == ERR_NOT_FOUND)
		return MISSING_OR_OURS;
	if (rc == ERR_INVALID) /* larger than ours */
		return FOREIGN;
	return rc < 0 ? rc : strstr(text->data, MARK) ? MISSING_OR_OURS : FOREIGN;
}

/* Renames a hook that is not ours, to keep it. Returns 1, or a negative code. */
static int keep_existing(const struct paths *paths, struct error *err)
{
	int kept = file_exists(paths->before.data, err);
	if (kept < 0)
		return kept;
	if (kept)
		return error_set(err, ERR_FAILED,
			"%s: not installed by git-build, and cannot be renamed because %s exists; "
			"remove one of them",
			paths->hook.data, paths->before.data);
	if (rename(paths->hook.data, paths->before.data) < 0)
		return error_errno(err, ERR_FAILED, "cannot rename %s", paths->hook.data);
	return 1;
}

int hook_install(const char *directory, const char *name, const char *program, struct error *err)
{
	struct paths paths = paths_of(directory, name);
	struct buf now = BUF_INIT, wanted = BUF_INIT;
	int outcome = HOOK_UNCHANGED, rc = file_make_directories(directory, err);
	if (rc < 0)
		goto done;
	file_sweep(directory);
	write_script(name, program, &wanted);
	rc = read_existing(&paths, &now, err);
	if (rc < 0 || (now.len == wanted.len && !memcmp(now.data, wanted.data, now.len)))
		goto done;
	if (rc == FOREIGN)
		rc = keep_existing(&paths, err);
	if (rc < 0)
		goto done;
	outcome = rc ? HOOK_CHAINED : HOOK_INSTALLED;
	rc = file_replace(paths.hook.data, wanted.data, wanted.len, 0755, err);
	if (rc < 0 && outcome == HOOK_CHAINED)
		rename(paths.before.data, paths.hook.data);
done:
	buf_release(&now);
	buf_release(&wanted);
	paths_release(&paths);
	return rc < 0 ? rc : outcome;
}

int hook_remove(const char *directory, const char *name, struct error *err)
{
	struct paths paths = paths_of(directory, name);
	struct buf now = BUF_INIT;
	int rc = read_existing(&paths, &now, err);
	if (rc < 0 || !now.len || rc == FOREIGN) {
		rc = rc < 0 ? rc : HOOK_UNCHANGED;
		goto done;
	}
	int kept = file_exists(paths.before.data, err);
	if (kept < 0) {
		rc = kept;
	} else if (kept) {
		rc = rename(paths.before.data, paths.hook.data) < 0
			? error_errno(err, ERR_FAILED, "cannot rename %s", paths.before.data)
			: HOOK_RESTORED;
	} else {
		rc = file_remove(paths.hook.data, err);
		if (!rc)
			rc = HOOK_REMOVED;
	}
done:
	buf_release(&now);
	paths_release(&paths);
	return rc;
}

int hook_examine(const char *directory, const char *name, struct buf *text, struct error *err)
{
	struct paths paths = paths_of(directory, name);
	buf_reset(text);
	int rc = file_may_run(paths.hook.data, err);
	if (rc > 0 && file_read(text, paths.hook.data, HOOK_LIMIT, err) == ERR_FAILED)
		rc = ERR_FAILED;
	else if (rc > 0)
		rc = !strstr(text->data, MARK)    ? HOOK_OTHER
			: strstr(text->data, RUN) ? HOOK_OURS
						  : HOOK_OUTDATED;
	paths_release(&paths);
	return rc;
}
