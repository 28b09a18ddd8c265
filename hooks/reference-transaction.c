/*
 * reference-transaction: runs in the shared repository, and makes sure that a push is on disk
 * before it is acknowledged.
 *
 * git syncs the content of objects and references (core.fsync), but not the directories that have
 * their names, so that a power cut could undo a push that git had acknowledged. receive-pack
 * acknowledges a push after it has updated the references, and runs this hook twice before that
 * (githooks(5)):
 *
 *	prepared   The objects are in place and the references are locked. The hook syncs both, so
 *	           that no reference is ever on disk without its objects. If the sync fails, no
 *	           reference is updated and the push is rejected.
 *	committed  The references are updated. The hook syncs them. git ignores the exit code in
 *	           this state, so a failure can no longer undo the push: the hook reports it on
 *	           standard error, which git sends to the client. As long as the disk fails, the
 *	           next pushes are rejected in "prepared".
 *
 * The hook syncs the whole file system of the repository (syncfs(2)).
 */
#include "hook.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* git runs its hooks in the repository, or sets GIT_DIR. */
static int sync_repository(void)
{
	const char *git_dir = getenv("GIT_DIR");
	int fd = open(git_dir && *git_dir ? git_dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 ? -1 : syncfs(fd);
	int code = errno;
	if (fd >= 0)
		close(fd);
	errno = code;
	return rc;
}

int main(int argc, char **argv)
{
	struct hook hook;
	hook_start(&hook, argc, argv);
	/* The list of refs on standard input is for the user's own hook. */
	int status = hook_run_kept(&hook, NULL);
	const char *state = hook.arguments[0] ? hook.arguments[0] : "";
	bool prepared = !strcmp(state, "prepared");
	if (status || (!prepared && strcmp(state, "committed") != 0))
		return status;
	if (!sync_repository())
		return 0;
	hook_print("cannot sync the shared repository to disk: %s; %s", strerror(errno),
		prepared ? "nothing was changed"
			 : "the push was accepted, but may not survive a power cut");
	return 1;
}
