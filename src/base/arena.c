#include "base/arena.h"

#include "base/alloc.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_SIZE = 32 * 1024, ALIGNMENT = alignof(max_align_t) };

struct arena_chunk {
	struct arena_chunk *older;
	size_t used;
	size_t size;
	size_t newest; /* where the newest allocation starts */
	alignas(max_align_t) char bytes[];
};

void *arena_alloc(struct arena *arena, size_t size)
{
	size_t rounded;
	if (__builtin_add_overflow(size, (size_t)ALIGNMENT - 1, &rounded))
		return xmalloc((size_t)-1);
	rounded &= ~((size_t)ALIGNMENT - 1);

	struct arena_chunk *chunk = arena->chunk;
	if (!chunk || chunk->size - chunk->used < rounded) {
		size_t room = rounded > CHUNK_SIZE ? rounded : CHUNK_SIZE;
		size_t total;
		if (__builtin_add_overflow(room, sizeof(*chunk), &total))
			return xmalloc((size_t)-1);
		chunk = xmalloc(total);
		chunk->older = arena->chunk;
		chunk->used = 0;
		chunk->size = room;
		arena->chunk = chunk;
	}
	chunk->newest = chunk->used;
	chunk->used += rounded;
	return chunk->bytes + chunk->newest;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t total;
	if (__builtin_mul_overflow(count, size, &total))
		return xmalloc((size_t)-1);
	return arena_alloc(arena, total);
}

void *arena_zero(struct arena *arena, size_t count, size_t size)
{
	void *memory = arena_array(arena, count, size);
	memset(memory, 0, count * size);
	return memory;
}

char *arena_strndup(struct arena *arena, const char *string, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);
	if (length)
		memcpy(copy, string, length);
	copy[length] = '\0';
	return copy;
}

void arena_shrink(struct arena *arena, void *memory, size_t size)
{
	struct arena_chunk *chunk = arena->chunk;
	if (!chunk || chunk->bytes + chunk->newest != memory)
		return;
	size_t end = chunk->newest + ((size + ALIGNMENT - 1) & ~((size_t)ALIGNMENT - 1));
	if (end < chunk->used)
		chunk->used = end;
}

void arena_release(struct arena *arena)
{
	while (arena->chunk) {
		struct arena_chunk *older = arena->chunk->older;
		free(arena->chunk);
		arena->chunk = older;
	}
}
