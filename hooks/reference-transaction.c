/*
 * reference-transaction: at the shared repository, has a push on disk before it is acknowledged.
 *
 * git syncs the content of objects and references (core.fsync), but not the directories that hold
 * their names, so that a power cut may take back a push that was answered with "ok". receive-pack
 * answers after its references have moved, and this hook runs on the way (githooks(5)):
 *
 *	prepared   the objects are in place and the references are locked. All of it is synced, so
 *	           that no reference is ever on disk without its objects. If that fails, nothing
 *	           moves and the push is refused.
 *	committed  the references have moved. They are synced. git ignores how a hook ends in this
 *	           state, so a failure cannot take the push back any more: it is reported on
 *	           standard error, which is sent to the client, and as long as the disk keeps
 *	           failing the next push is refused in "prepared".
 *
 * Everything on the file system of the repository is synced (syncfs(2)).
 */
#include "hook.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* git runs its hooks in the repository, or says where it is. */
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
	fprintf(stderr, "git-build: cannot sync the shared repository to disk: %s; %s\n",
		strerror(errno),
		prepared ? "nothing was changed"
			 : "what was just pushed is in place, but may not survive a power cut");
	return 1;
}
