/*
 * Preloaded into a process tree: kills the process that is about to make the N-th change to the
 * file system.
 *
 *	KILL_COUNT      a file of eight bytes, which all processes share: the changes so far
 *	KILL_AT         N, from 1; 0 only counts
 *	KILL_PROGRAMS   only processes whose name begins with this count and die; unset: all
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static _Atomic uint64_t *count;
static uint64_t at;

#define TRUE_ONE(name) ((__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void start(void)
{
	const char *path = getenv("KILL_COUNT"), *when = getenv("KILL_AT");
	const char *programs = getenv("KILL_PROGRAMS");
	if (!path ||
		(programs &&
			strncmp(program_invocation_short_name, programs, strlen(programs)) != 0))
		return;
	int fd = TRUE_ONE(open)(path, O_RDWR | O_CLOEXEC);
	void *shared = fd < 0
		? MAP_FAILED
		: mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED)
		abort(); /* a test that cannot kill must not pass */
	close(fd);
	count = shared;
	at = when ? strtoull(when, NULL, 10) : 0;
}

static void change(void)
{
	int code = errno;
	if (count && atomic_fetch_add(count, 1) + 1 == at)
		kill(getpid(), SIGKILL);
	errno = code;
}

#define CHANGES(type, name, parameters, arguments)                                                 \
	type name parameters;                                                                      \
	type name parameters                                                                       \
	{                                                                                          \
		change();                                                                          \
		return TRUE_ONE(name) arguments;                                                   \
	}

CHANGES(int, rename, (const char *from, const char *to), (from, to))
CHANGES(int, link, (const char *from, const char *to), (from, to))
CHANGES(int, symlink, (const char *from, const char *to), (from, to))
CHANGES(int, unlink, (const char *path), (path))
CHANGES(int, unlinkat, (int fd, const char *path, int flags), (fd, path, flags))
CHANGES(int, rmdir, (const char *path), (path))
CHANGES(int, mkdir, (const char *path, mode_t mode), (path, mode))
CHANGES(int, chmod, (const char *path, mode_t mode), (path, mode))
CHANGES(int, fchmod, (int fd, mode_t mode), (fd, mode))
CHANGES(int, ftruncate, (int fd, off_t size), (fd, size))
CHANGES(int, fsync, (int fd), (fd))
CHANGES(int, mkostemp, (char *path, int flags), (path, flags))

static ssize_t true_write(int fd, const void *data, size_t len)
{
	return TRUE_ONE(write)(fd, data, len);
}

ssize_t write(int fd, const void *data, size_t len)
{
	struct stat st;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		change();
	return true_write(fd, data, len);
}

#define OPENS(name, first, pass)                                                                   \
	int name(first const char *path, int flags, ...)                                           \
	{                                                                                          \
		va_list args;                                                                      \
		va_start(args, flags);                                                             \
		mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;            \
		va_end(args);                                                                      \
		if (flags & O_CREAT)                                                               \
			change();                                                                  \
		return TRUE_ONE(name)(pass path, flags, mode);                                     \
	}
#define NOTHING
#define DIRECTORY int fd,
#define PASS_FD   fd,

OPENS(open, NOTHING, NOTHING)
OPENS(open64, NOTHING, NOTHING)
OPENS(openat, DIRECTORY, PASS_FD)
OPENS(openat64, DIRECTORY, PASS_FD)
