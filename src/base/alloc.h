/*
 * Allocation that cannot fail: it ends the process instead.
 *
 * Without memory, git-build can do nothing useful except stop before it writes anything, so the
 * functions of the library do not return "out of memory": the functions below never return NULL. If
 * memory runs out, they call the handler that the program has set (the command prints a line and
 * exits with 128, a hook rejects the push), and abort() if no handler is set or if it returns.
 * Nothing that was acknowledged is lost, since files are written under a temporary name and
 * renamed, and refs are updated by compare-and-swap. libgit2 allocates with these functions, too
 * (git/start.c).
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stddef.h>

/* Sets the function that is called if memory runs out. `handler` must not allocate, and should not
 * return. */
void alloc_set_handler(void (*handler)(void));

/* Makes malloc(3) keep freed memory for later use, including large pieces: otherwise, a program
 * that reads one large file after another gets the memory for each from the system again, page by
 * page. Call it before anything else is allocated. Does nothing if the C library does not support
 * it. */
void alloc_keep_memory(void);

/* Like malloc, calloc, realloc, strdup and strndup. Release the memory with free(). */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *memory, size_t size);
/* Memory for `count` elements of `size` bytes each. An overflow of the product counts as out of
 * memory. */
void *xreallocarray(void *memory, size_t count, size_t size);
char *xstrdup(const char *string);
char *xstrndup(const char *string, size_t length);

/*
 * Makes space for one more than `count` elements in the array `items` of `capacity`, by doubling
 * its size. All three are plain variables or members.
 */
#define GROW(items, count, capacity)                                                               \
	do {                                                                                       \
		if ((count) >= (capacity)) {                                                       \
			(capacity) = (capacity) ? (capacity)*2 : 8;                                \
			(items) = xreallocarray((items), (capacity), sizeof(*(items)));            \
		}                                                                                  \
	} while (0)

#endif
