#include "base/env.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include <uuid/uuid.h>

static int64_t system_now(void *data)
{
	/* The difference between the tests' clock and the real clock, set at the first call. */
	static int64_t moved;
	static int asked;
	(void)data;
	if (!asked) {
		const char *start = getenv("GIT_BUILD_TEST_NOW");
		if (start && *start)
			moved = strtoll(start, NULL, 10) - (int64_t)time(NULL);
		asked = 1;
	}
	return (int64_t)time(NULL) + moved;
}

static int64_t system_monotonic_ms(void *data)
{
	(void)data;
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void system_sleep_ms(void *data, int64_t ms)
{
	(void)data;
	if (ms <= 0)
		return;
	struct timespec wait = { .tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000 };
	nanosleep(&wait, NULL);
}

static uint32_t system_random(void *data, uint32_t below)
{
	(void)data;
	/* Numbers above the last whole multiple of `below` would favour small results, and are
	 * drawn again. */
	uint32_t most = UINT32_MAX - UINT32_MAX % below;
	uint32_t number;
	do {
		while (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
			;
	} while (number >= most);
	return number % below;
}

static void system_uuid(void *data, char out[UUID_SIZE])
{
	(void)data;
	uuid_t id;
	uuid_generate_random(id);
	uuid_unparse_lower(id, out);
}

static void system_hostname(void *data, char out[HOST_SIZE])
{
	(void)data;
	if (gethostname(out, HOST_SIZE) < 0 || !*out)
		memcpy(out, "localhost", sizeof("localhost"));
	out[HOST_SIZE - 1] = '\0';
	char *dot = strchr(out, '.');
	if (dot && dot != out)
		*dot = '\0';
}

const struct env *env_system(void)
{
	static const struct env env = {
		.now = system_now,
		.monotonic_ms = system_monotonic_ms,
		.sleep_ms = system_sleep_ms,
		.random = system_random,
		.uuid = system_uuid,
		.hostname = system_hostname,
	};
	return &env;
}

void env_back_off(const struct env *env, int64_t base_ms, int attempt)
{
	enum { MOST_DOUBLINGS = 4 };
	int64_t most = base_ms << (attempt < MOST_DOUBLINGS ? attempt : MOST_DOUBLINGS);
	env_sleep(env, env_random(env, (uint32_t)most + 1));
}
