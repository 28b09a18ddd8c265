/* Implements sd_notify(3). */
#include "host/manager.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void manager_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (!path || (*path != '/' && *path != '@') || strlen(path) > sizeof(address.sun_path) - 1)
		return;
	size_t len = strlen(path);
	memcpy(address.sun_path, path, len);
	if (*path == '@') /* the abstract namespace: the address begins with NUL */
		address.sun_path[0] = '\0';
	else
		len++; /* a path ends with a NUL */
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	ssize_t ignored = sendto(
		fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address, size);
	(void)ignored;
	close(fd);
}
