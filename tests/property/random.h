/*
 * Random numbers for property tests, reproducible from a seed.
 *
 * A run has a number of cases; case i of seed S uses seed S + i. A failure prints its own seed:
 * SEED=that RUNS=1 repeats only this case. RUNS alone makes longer runs.
 */
#ifndef PROPERTY_RANDOM_H
#define PROPERTY_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

struct random {
	uint64_t seed; /* printed by a failure */
	uint64_t state;
};

static inline uint64_t random_setting(const char *name, uint64_t fallback)
{
	const char *value = getenv(name);
	return value && *value ? strtoull(value, NULL, 0) : fallback;
}

/* The seed of the first case of a run. */
static inline uint64_t random_first_seed(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return random_setting("SEED", (uint64_t)now.tv_sec * 1000003 + (uint64_t)now.tv_nsec);
}

static inline struct random random_of(uint64_t seed)
{
	return (struct random){ .seed = seed, .state = seed };
}

/* Sebastiano Vigna's splitmix64: short, and good with any seed. */
static inline uint64_t random_bits(struct random *r)
{
	uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* A number from 0 to `count` - 1. */
static inline size_t random_below(struct random *r, size_t count)
{
	return (size_t)(random_bits(r) % count);
}

/* True once in `count` times, on average. */
static inline bool random_once_in(struct random *r, size_t count)
{
	return !random_below(r, count);
}

/* A random element of an array. */
#define RANDOM_OF(r, array) ((array)[random_below((r), sizeof(array) / sizeof(*(array)))])

#endif
