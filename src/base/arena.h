/*
 * Memory that dies as one.
 *
 * What belongs together (a document, a compiled schema) is allocated from one arena and freed with
 * it; nothing in it is freed alone. Allocation never fails (see base/alloc.h) and memory is not
 * cleared unless said so.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunk; /* the newest; the older ones hang behind it */
};

#define ARENA_INIT                                                                                 \
	{                                                                                          \
		NULL                                                                               \
	}

/* `size` bytes, aligned for any type. They live until arena_release(). */
void *arena_alloc(struct arena *arena, size_t size);
/* As arena_alloc, for `count` things of `size` bytes; a product that overflows ends the process. */
void *arena_array(struct arena *arena, size_t count, size_t size);
/* As arena_array, cleared to zero. */
void *arena_zero(struct arena *arena, size_t count, size_t size);
/* A copy of `length` bytes with a NUL behind. */
char *arena_strndup(struct arena *arena, const char *string, size_t length);
/*
 * Gives back the end of the newest allocation `memory`, of which only `size` bytes are kept.
 * Anything that is not the newest allocation stays as it is.
 */
void arena_shrink(struct arena *arena, void *memory, size_t size);
/* Frees everything; the arena can be used again. */
void arena_release(struct arena *arena);

#endif
