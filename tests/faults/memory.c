/*
 * Preloaded into one program, lets memory run out: from one allocation on, every one fails, or just
 * that one.
 *
 *	FAULT_PROGRAM=pre-receive   the program whose allocations fail; all others are left alone
 *	FAULT_MEMORY=17             the 17th fails
 *	FAULT_MEMORY=17+            the 17th and all that follow fail
 *	FAULT_COUNT=FILE            where the program appends, at its end, how many there were
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* glibc's own, which the functions below go on to: asking dlsym(3) for them would allocate. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

static atomic_ulong seen;
static unsigned long number;
static int for_good;
static atomic_int active;

/* A forked child is another process, whose allocations are its own matter. */
static pid_t process;

/* By the program's file: git-build becomes git-build-full under the name that it was called by. */
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

/* How many there were, also if the program ends by _exit(). */
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
