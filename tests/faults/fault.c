/*
 * Preloaded into a command: counts its reads below one directory, and makes one of them fail.
 *
 *	FAULT_ROOT     the directory; only reads below it are counted
 *	FAULT_PROGRAMS the names of the programs that are counted, each between colons
 *	FAULT_COUNTER  a file of eight zero bytes, outside of FAULT_ROOT; all processes of a run
 *	               share the count in it
 *	FAULT_AT       the number of the read that fails, from 1; 0: none
 *	FAULT_ERRNO    the error
 *	FAULT_LOG      a file to which each counted read is appended, "NUMBER PROGRAM CALL PATH";
 *	               with FAULT_AT, only the one that failed
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *root, *log_path;
static size_t root_len;
static long fail_at;
static int fail_errno;
static _Atomic long *counter;

#define REAL(name)                                                                                 \
	static __typeof__(name) *real;                                                             \
	if (!real)                                                                                 \
	real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static void *map_counter(void)
{
	const char *path = getenv("FAULT_COUNTER");
	__typeof__(open) *real_open = (__typeof__(open) *)dlsym(RTLD_NEXT, "open");
	__typeof__(mmap) *real_mmap = (__typeof__(mmap) *)dlsym(RTLD_NEXT, "mmap");
	int fd = path ? real_open(path, O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0)
		return NULL;
	void *map = real_mmap(NULL, sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return map == MAP_FAILED ? NULL : map;
}

__attribute__((constructor)) static void start(void)
{
	char name[NAME_MAX + 3];
	const char *programs = getenv("FAULT_PROGRAMS"), *at = getenv("FAULT_AT"),
		   *number = getenv("FAULT_ERRNO");
	snprintf(name, sizeof(name), ":%s:", program_invocation_short_name);
	if (!programs || !strstr(programs, name))
		return;
	log_path = getenv("FAULT_LOG");
	fail_at = at ? atol(at) : 0;
	fail_errno = number ? atoi(number) : EIO;
	root = getenv("FAULT_ROOT");
	root_len = root ? strlen(root) : 0;
	counter = root ? map_counter() : NULL;
}

static void write_log(long number, const char *call, const char *path)
{
	char line[PATH_MAX + 200];
	__typeof__(open) *real_open = (__typeof__(open) *)dlsym(RTLD_NEXT, "open");
	int len = snprintf(line, sizeof(line), "%ld %s %s %s\n", number,
		program_invocation_short_name, call, path);
	int fd = log_path ? real_open(log_path, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
	ssize_t ignored = fd >= 0 ? write(fd, line, (size_t)len) : 0;
	(void)ignored;
	if (fd >= 0)
		close(fd);
}

/* Does this read of the absolute `path` fail? If so, errno is set. */
static int fails(const char *call, const char *path)
{
	int before = errno;
	if (!counter || strncmp(path, root, root_len) || (path[root_len] && path[root_len] != '/'))
		return 0;
	long number = atomic_fetch_add(counter, 1) + 1;
	if (!fail_at || number == fail_at)
		write_log(number, call, path + root_len);
	errno = number == fail_at ? fail_errno : before;
	return number == fail_at;
}

static int fails_fd(const char *call, int fd)
{
	char link[64], path[PATH_MAX];
	if (!counter)
		return 0;
	int before = errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	__typeof__(readlink) *real = (__typeof__(readlink) *)dlsym(RTLD_NEXT, "readlink");
	ssize_t len = real(link, path, sizeof(path) - 1);
	errno = before;
	if (len <= 0)
		return 0;
	path[len] = '\0';
	return fails(call, path);
}

static int fails_at(const char *call, int dir, const char *path)
{
	char whole[2 * PATH_MAX], link[64];
	if (!counter || !path)
		return 0;
	if (!*path)
		return fails_fd(call, dir);
	if (*path == '/')
		return fails(call, path);
	int before = errno;
	snprintf(link, sizeof(link), dir == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", dir);
	__typeof__(readlink) *real = (__typeof__(readlink) *)dlsym(RTLD_NEXT, "readlink");
	ssize_t len = real(link, whole, PATH_MAX);
	errno = before;
	if (len <= 0)
		return 0;
	snprintf(whole + len, sizeof(whole) - (size_t)len, "/%s", path);
	return fails(call, whole);
}

/* Only files that are opened for reading, and are not created by the call. */
static int is_read(int flags)
{
	return (flags & O_ACCMODE) == O_RDONLY && !(flags & O_CREAT);
}

#define MODE                                                                                       \
	mode_t mode = 0;                                                                           \
	if (flags & (O_CREAT | O_TMPFILE)) {                                                       \
		va_list args;                                                                      \
		va_start(args, flags);                                                             \
		mode = (mode_t)va_arg(args, unsigned);                                             \
		va_end(args);                                                                      \
	}

#define OPEN(name)                                                                                 \
	int name(const char *path, int flags, ...)                                                 \
	{                                                                                          \
		REAL(name);                                                                        \
		MODE if (is_read(flags) && fails_at("open", AT_FDCWD, path)) return -1;            \
		return real(path, flags, mode);                                                    \
	}
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                               \
	int name(int dir, const char *path, int flags, ...)                                        \
	{                                                                                          \
		REAL(name);                                                                        \
		MODE if (is_read(flags) && fails_at("open", dir, path)) return -1;                 \
		return real(dir, path, flags, mode);                                               \
	}
OPENAT(openat)
OPENAT(openat64)

#define FOPEN(name)                                                                                \
	FILE *name(const char *path, const char *how)                                              \
	{                                                                                          \
		REAL(name);                                                                        \
		if (*how == 'r' && !strchr(how, '+') && fails_at("open", AT_FDCWD, path))          \
			return NULL;                                                               \
		return real(path, how);                                                            \
	}
FOPEN(fopen)
FOPEN(fopen64)

DIR *opendir(const char *path)
{
	REAL(opendir);
	return fails_at("opendir", AT_FDCWD, path) ? NULL : real(path);
}

#define READDIR(name, type)                                                                        \
	struct type *name(DIR *dir)                                                                \
	{                                                                                          \
		REAL(name);                                                                        \
		return fails_fd("readdir", dirfd(dir)) ? NULL : real(dir);                         \
	}
READDIR(readdir, dirent)
READDIR(readdir64, dirent64)

ssize_t read(int fd, void *bytes, size_t size)
{
	REAL(read);
	return fails_fd("read", fd) ? -1 : real(fd, bytes, size);
}

#define PREAD(name, type)                                                                          \
	ssize_t name(int fd, void *bytes, size_t size, type offset)                                \
	{                                                                                          \
		REAL(name);                                                                        \
		return fails_fd("read", fd) ? -1 : real(fd, bytes, size, offset);                  \
	}
PREAD(pread, off_t)
PREAD(pread64, off64_t)

#define MMAP(name, type)                                                                           \
	void *name(void *at, size_t size, int access, int flags, int fd, type offset)              \
	{                                                                                          \
		REAL(name);                                                                        \
		return fd >= 0 && fails_fd("mmap", fd)                                             \
			? MAP_FAILED                                                               \
			: real(at, size, access, flags, fd, offset);                               \
	}
MMAP(mmap, off_t)
MMAP(mmap64, off64_t)

#define STAT(name, type)                                                                           \
	int name(const char *path, struct type *st)                                                \
	{                                                                                          \
		REAL(name);                                                                        \
		return fails_at("stat", AT_FDCWD, path) ? -1 : real(path, st);                     \
	}
STAT(stat, stat)
STAT(lstat, stat)
STAT(stat64, stat64)
STAT(lstat64, stat64)

#define FSTAT(name, type)                                                                          \
	int name(int fd, struct type *st)                                                          \
	{                                                                                          \
		REAL(name);                                                                        \
		return fails_fd("stat", fd) ? -1 : real(fd, st);                                   \
	}
FSTAT(fstat, stat)
FSTAT(fstat64, stat64)

#define FSTATAT(name, type)                                                                        \
	int name(int dir, const char *path, struct type *st, int flags)                            \
	{                                                                                          \
		REAL(name);                                                                        \
		return fails_at("stat", dir, path) ? -1 : real(dir, path, st, flags);              \
	}
FSTATAT(fstatat, stat)
FSTATAT(fstatat64, stat64)

int access(const char *path, int how)
{
	REAL(access);
	return fails_at("access", AT_FDCWD, path) ? -1 : real(path, how);
}

ssize_t readlink(const char *path, char *out, size_t size)
{
	REAL(readlink);
	return fails_at("readlink", AT_FDCWD, path) ? -1 : real(path, out, size);
}

char *realpath(const char *path, char *out)
{
	REAL(realpath);
	return fails_at("realpath", AT_FDCWD, path) ? NULL : real(path, out);
}

/* Read a directory, or its next entry: in glibc, this calls none of the functions above. */
FTSENT *fts_read(FTS *walk)
{
	REAL(fts_read);
	const char *path = walk->fts_cur ? walk->fts_cur->fts_path : NULL;
	return path && fails_at("fts_read", AT_FDCWD, path) ? NULL : real(walk);
}
