#include "fleet/hook_files.h"

#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MARK "# git-build: installed by `git build init`, taken out by `git build init --remove`.\n"

enum { HOOK_LIMIT = 1 << 20 };

void hook_quote(struct buf *out, const char *text)
{
	buf_addch(out, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			buf_addstr(out, "'\\''");
		else
			buf_addch(out, *text);
	}
	buf_addch(out, '\'');
}

void hook_folder(struct repo *repo, struct buf *out, bool *own)
{
	struct buf configured = BUF_INIT;
	*own = !repo_config(repo, "core.hooksPath", &configured) || !configured.len;
	buf_reset(out);
	if (*own)
		buf_addf(out, "%s/hooks", repo_common_dir(repo));
	else
		buf_addstr(out, configured.data);
	buf_release(&configured);
}

/* Does git feed the hook on standard input? Then a kept hook must get the same. (githooks(5)) */
static bool reads_input(const char *name)
{
	return !strcmp(name, "pre-receive") || !strcmp(name, "pre-push");
}

static void write_script(const char *name, const char *program, struct buf *out)
{
	buf_addstr(out, "#!/bin/sh\n" MARK "before=$0.before-git-build\n");
	if (reads_input(name)) {
		/* The x keeps the newlines at the end, which $(…) would drop. */
		buf_addstr(out,
			"if test -x \"$before\"; then\n"
			"\tinput=$(cat; echo x)\n"
			"\tprintf %s \"${input%x}\" | \"$before\" \"$@\" || exit\n"
			"\tprintf %s \"${input%x}\" | ");
		hook_quote(out, program);
		buf_addstr(out, " \"$@\"\n\texit\nfi\n");
	} else {
		buf_addstr(out, "if test -x \"$before\"; then\n\t\"$before\" \"$@\" || exit\nfi\n");
	}
	buf_addstr(out, "exec ");
	hook_quote(out, program);
	buf_addstr(out, " \"$@\"\n");
}

struct paths {
	struct buf hook, before;
};

static struct paths paths_of(const char *folder, const char *name)
{
	struct paths paths = { BUF_INIT, BUF_INIT };
	buf_addf(&paths.hook, "%s/%s", folder, name);
	buf_addf(&paths.before, "%s/%s.before-git-build", folder, name);
	return paths;
}

static void paths_release(struct paths *paths)
{
	buf_release(&paths->hook);
	buf_release(&paths->before);
}

/* Keeps a hook that is not ours under its other name; 1 if there was one. */
static int keep_existing(const struct paths *paths, struct error *err)
{
	if (!file_exists(paths->hook.data))
		return 0;
	if (file_exists(paths->before.data))
		return error_set(err, ERR_FAILED,
			"%s is not git-build's, and %s stands in the way of keeping it; remove one "
			"of them",
			paths->hook.data, paths->before.data);
	if (rename(paths->hook.data, paths->before.data) < 0)
		return error_errno(err, ERR_FAILED, "cannot rename %s", paths->hook.data);
	return 1;
}

int hook_install(const char *folder, const char *name, const char *program, struct error *err)
{
	struct paths paths = paths_of(folder, name);
	struct buf now = BUF_INIT, wanted = BUF_INIT;
	int outcome = HOOK_UNCHANGED, rc = file_make_folders(folder, err);
	if (rc < 0)
		goto done;
	write_script(name, program, &wanted);
	bool stands = !file_read(&now, paths.hook.data, HOOK_LIMIT, NULL);
	if (stands && now.len == wanted.len && !memcmp(now.data, wanted.data, now.len))
		goto done;
	if (!stands || !strstr(now.data, MARK))
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

int hook_remove(const char *folder, const char *name, struct error *err)
{
	struct paths paths = paths_of(folder, name);
	struct buf now = BUF_INIT;
	int rc = HOOK_UNCHANGED;
	if (file_read(&now, paths.hook.data, HOOK_LIMIT, NULL) < 0 || !strstr(now.data, MARK))
		goto done;
	if (file_exists(paths.before.data)) {
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
