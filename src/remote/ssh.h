/*
 * The ssh command of git-build's own connections.
 *
 * Opening a connection takes much longer than what a request needs it for. So the first ssh process
 * shares its connection with later ones of this clone through a socket, until it was not used for a
 * minute (ControlMaster, ControlPath and ControlPersist in ssh_config(5)).
 */
#ifndef REMOTE_SSH_H
#define REMOTE_SSH_H

#include "git/repo.h"

/*
 * Replaces `out` with the command, for a shell: GIT_SSH_COMMAND or core.sshCommand if set. Otherwise
 * ssh without prompts, and with a shared connection if build.sshPersist (seconds, default 60) is not
 * 0, the user's ssh configuration does not have settings for that itself, and there is a directory
 * for the socket: git-build's directory in the clone or, if its path is too long for the address of
 * a socket or its file system has no sockets, $XDG_RUNTIME_DIR.
 */
void ssh_command(struct repo *repo, struct buf *out);

/* Is the command above GIT_SSH_COMMAND, GIT_SSH or core.sshCommand? git knows these itself. */
bool ssh_is_custom(struct repo *repo);

#endif
