#include "remote/ssh.h"

#include "base/file.h"
#include "base/hash.h"
#include "git/state.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* After the directory come a slash and at most nine characters, the 40 digits of %C and, while ssh
 * creates the socket, a dot and 16 letters. */
enum {
	MOST_DIRECTORY = sizeof(((struct sockaddr_un *)0)->sun_path) - 1 - 10 - 40 - 17,
	CONFIG_LIMIT = 1 << 20,
	PERSIST_DEFAULT = 60,
	PERSIST_MOST = 86400
};

bool ssh_is_custom(struct repo *repo)
{
	struct buf command = BUF_INIT;
	bool custom = getenv("GIT_SSH_COMMAND") || getenv("GIT_SSH") ||
		repo_config(repo, "core.sshCommand", &command);
	buf_release(&command);
	return custom;
}

/* Does the user's ssh configuration mention shared connections, or can it not be read? */
static bool is_shared_by_user(void)
{
	/* ssh does not use $HOME. */
	const struct passwd *user = getpwuid(getuid());
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct error err = ERROR_INIT;
	buf_addf(&path, "%s/.ssh/config", user ? user->pw_dir : "");
	int rc = file_read(&text, path.data, CONFIG_LIMIT, &err);
	bool shares = rc < 0
		? rc != ERR_NOT_FOUND
		: strcasestr(text.data, "ControlMaster") || strcasestr(text.data, "ControlPath") ||
			strcasestr(text.data, "ControlPersist");
	buf_release(&path);
	buf_release(&text);
	return shares;
}

/* Can ssh create its socket in `directory`? It binds a temporary name, and links the final one. */
static bool holds_sockets(const char *directory)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct buf temporary = BUF_INIT, final = BUF_INIT;
	struct stat st;
	if (!*directory || strlen(directory) > MOST_DIRECTORY || stat(directory, &st) < 0 ||
		!S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return false;
	buf_addf(&temporary, "%s/ssh-probe.%ld", directory, (long)getpid());
	buf_addf(&final, "%s.link", temporary.data);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", temporary.data);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool bound = fd >= 0 && !bind(fd, (const struct sockaddr *)&address, sizeof(address));
	bool linked = bound && !link(temporary.data, final.data);
	if (linked)
		unlink(final.data);
	if (bound)
		unlink(temporary.data);
	if (fd >= 0)
		close(fd);
	buf_release(&temporary);
	buf_release(&final);
	return linked;
}

/* Appends the ControlPath, without %C. False if there is no directory for it. */
static bool find_socket(struct repo *repo, struct buf *out)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";
	const char *state = repo_state_dir(repo), *runtime = getenv("XDG_RUNTIME_DIR");
	if (!file_make_directories(state, NULL) && holds_sockets(state))
		buf_addf(out, "%s/ssh-", state);
	else if (runtime && *runtime == '/' && holds_sockets(runtime))
		buf_addf(out, "%s/%08" PRIx32, runtime, (uint32_t)hash_bytes(state, strlen(state)));
	return out->len && strspn(out->data, plain) == out->len;
}

void ssh_command(struct repo *repo, struct buf *out)
{
	const char *set = getenv("GIT_SSH_COMMAND");
	struct buf socket = BUF_INIT;
	int64_t persist = PERSIST_DEFAULT;
	buf_reset(out);
	if (set && *set) {
		buf_addstr(out, set);
		return;
	}
	if (repo_config(repo, "core.sshCommand", out) && out->len)
		return;
	buf_reset(out);
	buf_addstr(out, "ssh -o BatchMode=yes");
	repo_config_int(repo, "build.sshPersist", 0, PERSIST_MOST, &persist, NULL);
	/* If the network fails, the shared connection must end before the next attempts do. */
	if (persist && !is_shared_by_user() && find_socket(repo, &socket))
		buf_addf(out,
			" -o ServerAliveInterval=10 -o ServerAliveCountMax=2 -o ControlMaster=auto "
			"-o ControlPersist=%" PRId64 " -o ControlPath=%s%%C",
			persist, socket.data);
	buf_release(&socket);
}
