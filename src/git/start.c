/* Starting libgit2: declared in git/internal.h. */
#include "git/internal.h"

#include "base/alloc.h"

#include <git2/sys/alloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory: libgit2 1.5 does not handle a failed allocation, so none may fail ---- */

static void *allocate(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return xmalloc(size);
}

static void *reallocate(void *memory, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return xrealloc(memory, size);
}

/* libgit2 1.7 uses only these three. */
#if LIBGIT2_VER_MAJOR < 1 || (LIBGIT2_VER_MAJOR == 1 && LIBGIT2_VER_MINOR < 7)
static void *allocate_zeroed(size_t count, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return xcalloc(count, size);
}

static void *allocate_array(size_t count, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return xreallocarray(NULL, count, size);
}

static void *reallocate_array(void *memory, size_t count, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return xreallocarray(memory, count, size);
}

static char *copy_string(const char *string, const char *file, int line)
{
	(void)file;
	(void)line;
	return xstrdup(string);
}

/* Copies at most `length` bytes, up to the end of the string. */
static char *copy_start(const char *string, size_t length, const char *file, int line)
{
	(void)file;
	(void)line;
	return xstrndup(string, strnlen(string, length));
}

/* Copies exactly `length` bytes. */
static char *copy_bytes(const char *string, size_t length, const char *file, int line)
{
	(void)file;
	(void)line;
	return xstrndup(string, length);
}
#endif

static void set_allocator(void)
{
	static git_allocator allocator = {
		.gmalloc = allocate,
		.grealloc = reallocate,
		.gfree = free,
#if LIBGIT2_VER_MAJOR < 1 || (LIBGIT2_VER_MAJOR == 1 && LIBGIT2_VER_MINOR < 7)
		.gcalloc = allocate_zeroed,
		.gmallocarray = allocate_array,
		.greallocarray = reallocate_array,
		.gstrdup = copy_string,
		.gstrndup = copy_start,
		.gsubstrdup = copy_bytes,
#endif
	};
	git_libgit2_opts(GIT_OPT_SET_ALLOCATOR, &allocator);
}

/* ---- */

int store_start(struct error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, set_allocator);
	if (git_libgit2_init() < 0)
		return store_error(err, ERR_FAILED, "cannot start libgit2");
	git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
	/* Must be set before a repository is opened: the ref database copies it then. */
	git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
	return 0;
}

void store_stop(void)
{
	git_libgit2_shutdown();
}
