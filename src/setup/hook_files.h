/*
 * Putting git-build's hooks into a repository's hooks folder, beside those that stand there.
 *
 * What is installed is a few lines of sh that run the program, so that an upgrade needs no new
 * installation. Where the program has gone, pre-receive refuses all and the others let all pass,
 * saying so. A hook that stood there is kept as NAME.before-git-build, and the script names it to
 * the program, which runs it first with the same arguments and input (hooks/hook.h); where it
 * fails, so does the hook. (githooks(5))
 */
#ifndef SETUP_HOOK_FILES_H
#define SETUP_HOOK_FILES_H

#include "git/repo.h"

enum hook_outcome {
	HOOK_UNCHANGED, /* it was as it should be */
	HOOK_INSTALLED,
	HOOK_CHAINED, /* installed, with one that stood there kept */
	HOOK_REMOVED,
	HOOK_RESTORED, /* removed, and the one that was kept is back */
};

/* The folder in which git looks for `repo`'s hooks replaces `out`; `*own` is false where
 * core.hooksPath sends git out of the git folder: hooks there are also others', or versioned. */
void hook_directory(struct repo *repo, struct buf *out, bool *own);

/* Installs hook `name`, which runs `program` (absolute). An outcome, or a negative code. */
int hook_install(const char *directory, const char *name, const char *program, struct error *err);

/* Takes hook `name` out, if it is ours. An outcome, or a negative code. */
int hook_remove(const char *directory, const char *name, struct error *err);

/* HOOK_OUTDATED: ours, from a version that passed the input on in sh; hook_install() replaces it.
 */
enum hook_state { HOOK_ABSENT, HOOK_OTHER, HOOK_OURS, HOOK_OUTDATED };
/* Whose the hook `name` is that git would run; its text replaces `text`. One that may not be
 * executed is absent: git does not run it. An enum hook_state, or a negative code. */
int hook_examine(const char *directory, const char *name, struct buf *text, struct error *err);

#endif
