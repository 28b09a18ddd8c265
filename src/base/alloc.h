/*
 * Memory that is there or ends the process.
 *
 * A coordination tool that has no memory left can do nothing useful but stop before it has written
 * anything, so the library does not carry "out of memory" through every signature: these functions
 * never return NULL. When memory runs out they call the handler that the program has set (the
 * command prints a line and exits 128, a hook refuses the push), and abort() where none is set or
 * it returns. Every file is written to a temporary name and renamed, every ref is moved by
 * compare-and-swap: ending here loses nothing that was acknowledged. libgit2 allocates through
 * these functions as well (git/start.c).
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stddef.h>

/* What to do when memory runs out. `handler` must not allocate, and should not return. */
void alloc_set_handler(void (*handler)(void));

/* Tells malloc(3) to keep what is freed for the next use, large pieces too: a program that reads
 * one large file after another would otherwise get each from the system anew, page by page. To be
 * called before anything else is allocated; where the C library cannot be told nothing happens. */
void alloc_keep_memory(void);

/* As malloc, calloc, realloc, strdup and strndup; the memory is yours, to be given to free(). */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *memory, size_t size);
/* Room for `count` things of `size` bytes each; a product that overflows counts as out of memory.
 */
void *xreallocarray(void *memory, size_t count, size_t size);
char *xstrdup(const char *string);
char *xstrndup(const char *string, size_t length);

/*
 * Makes room in a growing array `items` of `capacity` for one more than `count`, doubling it.
 * All three are plain variables or members of the caller's.
 */
#define GROW(items, count, capacity)                                                               \
	do {                                                                                       \
		if ((count) >= (capacity)) {                                                       \
			(capacity) = (capacity) ? (capacity)*2 : 8;                                \
			(items) = xreallocarray((items), (capacity), sizeof(*(items)));            \
		}                                                                                  \
	} while (0)

#endif
