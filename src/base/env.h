/*
 * What a program takes from the world besides its input: the clock, sleep, chance, fresh ids, the
 * host's name. Whatever depends on one of them takes a `const struct env *`, so that a test owns
 * it; programs hand in env_system().
 */
#ifndef BASE_ENV_H
#define BASE_ENV_H

#include <stdint.h>

enum { UUID_SIZE = 37, HOST_SIZE = 256 };

struct env {
	void *data; /* handed to every function below */

	/* The wall clock in seconds since 1970 UTC; what is written into files. */
	int64_t (*now)(void *data);
	/* Milliseconds on a clock that only goes forward; what intervals are measured with. */
	int64_t (*monotonic_ms)(void *data);
	/* Sleeps `ms` milliseconds, or less where a signal arrives. */
	void (*sleep_ms)(void *data, int64_t ms);
	/* A number from 0 to `below` - 1, each as likely (`below` > 0). */
	uint32_t (*random)(void *data, uint32_t below);
	/* A fresh UUID (RFC 4122, version 4), in lower case. */
	void (*uuid)(void *data, char out[UUID_SIZE]);
	/* The host's name, without a domain. */
	void (*hostname)(void *data, char out[HOST_SIZE]);
};

/*
 * The world as it is. For tests of whole programs, GIT_BUILD_TEST_NOW (seconds since 1970, at the
 * moment the program starts) moves the wall clock; nothing else reads it.
 */
const struct env *env_system(void);

#endif
