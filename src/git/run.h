/*
 * Runs git commands: git_run() is the only place that starts a git process. The other functions are
 * for a program that has to start faster than libgit2 can be loaded and reads little. Each starts a
 * process of a few milliseconds in the current directory.
 */
#ifndef GIT_RUN_H
#define GIT_RUN_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The variables of a surrounding hook or alias that name its repository. A program that works on
 * another one must not inherit them. */
#define GIT_LOCAL_VARIABLES                                                                        \
	"GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY",    \
		"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH", "GIT_PREFIX",           \
		"GIT_NAMESPACE", "GIT_PUSH_OPTION_COUNT"

enum { GIT_CALL_VARIABLES = 8 };

struct git_call {
	const char *const *argv; /* "git" and its arguments, then NULL */
	/* The repository: its git directory, and its worktree if the command needs it. NULL: the one
	 * that git finds from `directory`. */
	const char *git_dir, *work_tree;
	const char *directory; /* where to run it; NULL: the current directory */
	bool inherits;         /* the repository and index of the hook or alias that runs us */
	/* More changes to the environment, as in struct child; at most GIT_CALL_VARIABLES. */
	const char *const *environment;
	const struct buf *input; /* NULL: nothing */
	/* Its outputs are appended. Without `output`, it is discarded; without `errors`, it is the text
	 * of the error. */
	struct buf *output, *errors;
	int answer;         /* an exit code that is an answer, and not a failure */
	int64_t timeout_ms; /* 0: no limit */
};

/*
 * Runs git without prompts and with English messages. Returns 0, `answer`, or a negative code: also
 * ERR_FAILED for every other exit code, with the text of git_failed(). With `errors`, returns every
 * exit code, and negative codes only like child_run() (base/child.h).
 */
int git_run(const struct git_call *call, struct error *err);
/* Sets the error of a git command that printed `errors`. Returns ERR_FAILED. */
int git_failed(const char *const *argv, const char *errors, struct error *err);

/* Each stores its result in `out` and returns 1; 0 if it does not exist; or a negative code. */

/* The value of a setting (git-config(1)). */
int plumbing_config(const char *key, struct buf *out, struct error *err);
/* The values of two attributes of `path`, each if it is a string, else empty (git-check-attr(1)). 1 if
 * one is. */
int plumbing_attributes(
	const char *path, const char *const names[2], struct buf values[2], struct error *err);
/* The same for one attribute. */
int plumbing_attribute(const char *path, const char *name, struct buf *out, struct error *err);
/* The ID of the commit `revision` (git-rev-parse(1)). */
int plumbing_commit(const char *revision, struct buf *out, struct error *err);
/* The path of file `name` in the git directory of the worktree. */
int plumbing_path(const char *name, struct buf *out, struct error *err);
/* The file `path` of the branch or tag `ref` (its full name). */
int plumbing_file(const char *ref, const char *path, struct buf *out, struct error *err);

#endif
