/*
 * Installs git-build's hooks in the hooks directory of a repository, next to existing hooks.
 *
 * A hook is installed as a few lines of sh that run the program, so that an upgrade of git-build
 * does not require reinstalling it. If the program does not exist, the script prints a message;
 * pre-receive then rejects every push, and the other hooks succeed. An existing hook is kept as
 * NAME.before-git-build. The script passes its path to the program, which runs it first, with the
 * same arguments and input (hooks/hook.h); if it fails, so does the hook. (githooks(5))
 */
#ifndef SETUP_HOOK_FILES_H
#define SETUP_HOOK_FILES_H

#include "git/repo.h"

enum hook_outcome {
	HOOK_UNCHANGED, /* it was already installed, or already absent */
	HOOK_INSTALLED,
	HOOK_CHAINED, /* installed, and the existing hook was kept */
	HOOK_REMOVED,
	HOOK_RESTORED, /* removed, and the kept hook was restored */
};

/* Replaces `out` with the directory that git runs `repo`'s hooks from. `*own` is false if
 * core.hooksPath points outside of the git directory: hooks there may be shared or versioned. */
void hook_directory(struct repo *repo, struct buf *out, bool *own);

/* Installs hook `name`, which runs `program` (an absolute path). Returns an enum hook_outcome, or a
 * negative code. */
int hook_install(const char *directory, const char *name, const char *program, struct error *err);

/* Removes hook `name` if git-build installed it, and restores a kept hook. Returns an enum
 * hook_outcome, or a negative code. */
int hook_remove(const char *directory, const char *name, struct error *err);

/* HOOK_OUTDATED: installed by an older version, whose script passes the input on itself;
 * hook_install() replaces it. */
enum hook_state { HOOK_ABSENT, HOOK_OTHER, HOOK_OURS, HOOK_OUTDATED };
/* Returns whether git-build installed the hook `name`, as an enum hook_state, or a negative code;
 * replaces `text` with the content of the hook. A hook that is not executable counts as absent,
 * because git does not run it. */
int hook_examine(const char *directory, const char *name, struct buf *text, struct error *err);

#endif
