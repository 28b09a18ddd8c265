/*
 * Memory that is freed all at once.
 *
 * Data that belongs together (a document, a compiled schema) is allocated from one arena and freed
 * with it; no part of it is freed separately. Allocation never fails (see base/alloc.h), and memory
 * is not cleared, except by arena_zero().
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunk; /* the newest, which links to the older ones */
};

#define ARENA_INIT                                                                                 \
	{                                                                                          \
		NULL                                                                               \
	}

/* `size` bytes, aligned for any type. They live until arena_release(). */
void *arena_alloc(struct arena *arena, size_t size);
/* Like arena_alloc(), for `count` elements of `size` bytes; an overflow ends the process. */
void *arena_array(struct arena *arena, size_t count, size_t size);
/* Like arena_array(), filled with zeros. */
void *arena_zero(struct arena *arena, size_t count, size_t size);
/* A copy of `length` bytes, followed by a NUL. */
char *arena_strndup(struct arena *arena, const char *string, size_t length);
/*
 * Shrinks the newest allocation `memory` to `size` bytes. Does nothing if `memory` is not the
 * newest allocation.
 */
void arena_shrink(struct arena *arena, void *memory, size_t size);
/* Frees everything; the arena can be used again. */
void arena_release(struct arena *arena);

#endif
