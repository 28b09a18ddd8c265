/* Hashes for tables in memory. They resist no attack: a table with names from hostile documents
 * needs a limit for comparisons. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_START UINT64_C(14695981039346656037)

/* One step of FNV-1a, from HASH_START. */
static inline uint64_t hash_step(uint64_t hash, uint64_t value)
{
	return (hash ^ value) * UINT64_C(1099511628211);
}

/* FNV-1a. */
static inline uint64_t hash_bytes(const char *bytes, size_t len)
{
	uint64_t hash = HASH_START;
	for (size_t i = 0; i < len; i++)
		hash = hash_step(hash, (unsigned char)bytes[i]);
	return hash;
}

/* Combines a hash with a value, which may be a hash. */
static inline uint64_t hash_mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

/* The size of a table with open addressing for `count` entries: a power of two, with each second
 * slot free. The slot of a hash is `hash & (size - 1)`. */
static inline size_t hash_size(size_t count)
{
	size_t size = 4;
	while (size < count * 2)
		size *= 2;
	return size;
}

#endif
