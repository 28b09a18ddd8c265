/*
 * Preloaded into one program: makes its memory run out; one allocation fails, or all of them from
 * one on.
 *
 *	FAULT_PROGRAM=pre-receive   the program whose allocations fail; others are not affected
 *	FAULT_MEMORY=17             the 17th allocation fails
 *	FAULT_MEMORY=17+            the 17th and all later ones fail
 *	FAULT_COUNT=FILE            where the program appends the number of allocations at its end
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Functions of glibc that the functions below call: dlsym(3) would allocate memory itself. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

static atomic_ulong seen;
static unsigned long number;
static int for_good;
static atomic_int active;

/* A forked child is a different process, whose allocations are counted separately. */
static pid_t process;

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
	const char *fault = getenv("FAULT_MEMORY");
	char *rest = NULL;
	number = fault ? strtoul(fault, &rest, 10) : 0;
	for_good = rest && *rest == '+';
	process = getpid();
	active = is_meant();
}

/* The number of allocations, even if the program ends with _exit(). */
static void count(void)
{
	const char *path = getenv("FAULT_COUNT");
	char text[32];
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
	int len = snprintf(text, sizeof(text), "%lu\n", (unsigned long)seen);
	if (fd >= 0) {
		ssize_t ignored = write(fd, text, (size_t)len);
		(void)ignored;
		close(fd);
	}
}

__attribute__((destructor)) static void end(void)
{
	if (active && getpid() == process) {
		active = 0;
		count();
	}
}

static int fails(void)
{
	if (!active)
		return 0;
	unsigned long now = atomic_fetch_add(&seen, 1) + 1;
	if (!number || now < number || (now > number && !for_good))
		return 0;
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t items, size_t size)
{
	return fails() ? NULL : __libc_calloc(items, size);
}

void *realloc(void *memory, size_t size)
{
	return fails() ? NULL : __libc_realloc(memory, size);
}
