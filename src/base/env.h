/*
 * The environment of a program except its input: the clock, sleep, random numbers, UUIDs, the host
 * name. Functions that depend on one of them have a parameter `const struct env *`, so that a test
 * can control it; programs pass env_system().
 */
#ifndef BASE_ENV_H
#define BASE_ENV_H

#include <stdint.h>

enum { UUID_SIZE = 37, HOST_SIZE = 256 };

struct env {
	void *data; /* passed to each function below */

	/* The wall clock in seconds since 1970 UTC, as written to files. */
	int64_t (*now)(void *data);
	/* Milliseconds of a clock that only goes forward, for measuring intervals. */
	int64_t (*monotonic_ms)(void *data);
	/* Sleeps for `ms` milliseconds, or less if a signal arrives. */
	void (*sleep_ms)(void *data, int64_t ms);
	/* A random number from 0 to `below` - 1, uniformly distributed (`below` > 0). */
	uint32_t (*random)(void *data, uint32_t below);
	/* A new UUID (RFC 4122, version 4), in lower case. */
	void (*uuid)(void *data, char out[UUID_SIZE]);
	/* The host name, without a domain. */
	void (*hostname)(void *data, char out[HOST_SIZE]);
};

/*
 * The real environment. For tests of whole programs, GIT_BUILD_TEST_NOW (seconds since 1970) sets
 * the wall clock at the start of the program; nothing else reads that variable.
 */
const struct env *env_system(void);

/* Call the functions of `env`. */
static inline int64_t env_now(const struct env *env)
{
	return env->now(env->data);
}
static inline int64_t env_ms(const struct env *env)
{
	return env->monotonic_ms(env->data);
}
static inline void env_sleep(const struct env *env, int64_t ms)
{
	env->sleep_ms(env->data, ms);
}
static inline uint32_t env_random(const struct env *env, uint32_t below)
{
	return env->random(env->data, below);
}
/*
 * Sleeps before attempt number `attempt` (the first is 0) with full jitter (Brooker, "Exponential
 * Backoff And Jitter"): a random time up to `base_ms`, which doubles with each attempt, at most
 * sixteen times that.
 */
void env_back_off(const struct env *env, int64_t base_ms, int attempt);

#endif
