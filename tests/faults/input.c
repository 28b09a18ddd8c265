/*
 * Preloaded into one program: makes its input fail, which it reads from standard input, and which
 * it writes to the pipe that is the standard input of a child.
 *
 *	FAULT_PROGRAM=pre-receive   the program whose calls fail; others are not affected
 *	FAULT_READ_SIZE=7           a read of standard input returns at most 7 bytes
 *	FAULT_READ=3:EIO            the third read of standard input fails, the others do not
 *	FAULT_WRITE_SIZE=7          a write to a pipe writes at most 7 bytes
 *	FAULT_WRITE=3:EIO           the third write to a pipe fails, the others do not
 *	FAULT_COUNT=FILE            where the program appends the number of reads and writes at
 *	                            its end: "read N" and "write N"
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct calls {
	unsigned long size, number, seen;
	int why;
};

static struct calls reads, writes;
static int active;

static int error_named(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} known[] = { { "EIO", EIO }, { "EINTR", EINTR }, { "EAGAIN", EAGAIN },
		{ "ENOMEM", ENOMEM }, { "ENOSPC", ENOSPC }, { "EPIPE", EPIPE } };
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(known[i].name, name))
			return known[i].number;
	fprintf(stderr, "tests/faults/input: unknown error '%s'\n", name);
	_exit(99);
}

static void plan(struct calls *calls, const char *size_name, const char *fault_name)
{
	const char *size = getenv(size_name), *fault = getenv(fault_name);
	calls->size = size ? strtoul(size, NULL, 10) : 0;
	if (fault) {
		char *colon;
		calls->number = strtoul(fault, &colon, 10);
		calls->why = error_named(colon + 1);
	}
}

/* By the file of the program: git-build executes git-build-full under its own name. */
static int is_meant(void)
{
	char path[4096];
	const char *program = getenv("FAULT_PROGRAM");
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[len > 0 ? len : 0] = '\0';
	const char *slash = strrchr(path, '/');
	return program && slash && !strcmp(program, slash + 1);
}

__attribute__((constructor)) static void start(void)
{
	active = is_meant();
	plan(&reads, "FAULT_READ_SIZE", "FAULT_READ");
	plan(&writes, "FAULT_WRITE_SIZE", "FAULT_WRITE");
}

__attribute__((destructor)) static void end(void)
{
	const char *path = active ? getenv("FAULT_COUNT") : NULL;
	FILE *file = path ? fopen(path, "a") : NULL;
	if (file) {
		fprintf(file, "read %lu\nwrite %lu\n", reads.seen, writes.seen);
		fclose(file);
	}
}

/* Fails with errno set if this is the call that must fail; otherwise limits `*len`. */
static int interfere(struct calls *calls, size_t *len)
{
	if (++calls->seen == calls->number) {
		errno = calls->why;
		return -1;
	}
	if (calls->size && *len > calls->size)
		*len = calls->size;
	return 0;
}

ssize_t read(int fd, void *bytes, size_t len)
{
	static ssize_t (*real)(int, void *, size_t);
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "read");
	if (active && fd == STDIN_FILENO && interfere(&reads, &len) < 0)
		return -1;
	return real(fd, bytes, len);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
	static ssize_t (*real)(int, const void *, size_t);
	struct stat st;
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "write");
	if (active && fd > STDERR_FILENO && !fstat(fd, &st) && S_ISFIFO(st.st_mode) &&
		interfere(&writes, &len) < 0)
		return -1;
	return real(fd, bytes, len);
}
