/* Starting libgit2: declared in git/internal.h. */
#include "git/internal.h"

#include "base/alloc.h"

#include <git2/sys/alloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* ---- its memory: libgit2 1.5 does not survive an allocation that fails, so none does ---- */

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

/* libgit2 1.7 makes the others out of these three. */
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

/* At most `length` bytes, and less if the string ends before. */
static char *copy_start(const char *string, size_t length, const char *file, int line)
{
	(void)file;
	(void)line;
	return xstrndup(string, strnlen(string, length));
}

/* Exactly `length` bytes. */
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
	/* The store of refs copies this when it is opened: it must be set before. */
	git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
	return 0;
}

void store_stop(void)
{
	git_libgit2_shutdown();
}
