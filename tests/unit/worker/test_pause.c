/* worker/pause.h: how long a worker that cannot work waits before it tries again. */
#include "unit/unit.h"

#include "worker/pause.h"

struct world {
	int64_t now_ms;
	bool is_largest; /* random() returns the largest number, else 0 */
};

static int64_t monotonic_ms(void *data)
{
	return ((struct world *)data)->now_ms;
}

static uint32_t random_below(void *data, uint32_t below)
{
	return ((struct world *)data)->is_largest ? below - 1 : 0;
}

static void each_pause_is_twice_as_long_up_to_a_limit(void **state)
{
	(void)state;
	struct world world = { .now_ms = 5000 };
	struct env env = { .data = &world, .monotonic_ms = monotonic_ms, .random = random_below };
	struct pause pause = { 0 };
	int64_t expected = 10000;
	for (int i = 0; i < 12; i++) {
		pause_begin(&pause, 10000, &env);
		assert_true(pause.on);
		assert_int_equal(pause.until_ms - world.now_ms, expected);
		world.now_ms = pause.until_ms;
		expected = 2 * expected < PAUSE_LONGEST_MS ? 2 * expected : PAUSE_LONGEST_MS;
	}
	assert_int_equal(pause.length_ms, PAUSE_LONGEST_MS);
}

static void a_worker_that_works_again_starts_with_the_first_length(void **state)
{
	(void)state;
	struct world world = { 0 };
	struct env env = { .data = &world, .monotonic_ms = monotonic_ms, .random = random_below };
	struct pause pause = { 0 };
	pause_begin(&pause, 1000, &env);
	/* A successful check is not enough: the next job may fail in the same way. */
	pause.on = false;
	pause_begin(&pause, 1000, &env);
	assert_int_equal(pause.until_ms, 2000);
	pause_end(&pause);
	assert_false(pause.on);
	pause_begin(&pause, 1000, &env);
	assert_int_equal(pause.until_ms, 1000);
}

static void randomness_shortens_a_pause_by_at_most_a_fifth(void **state)
{
	(void)state;
	struct world world = { .is_largest = true };
	struct env env = { .data = &world, .monotonic_ms = monotonic_ms, .random = random_below };
	struct pause pause = { 0 };
	pause_begin(&pause, 10000, &env);
	assert_int_equal(pause.until_ms, 8000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_pause_is_twice_as_long_up_to_a_limit),
		cmocka_unit_test(a_worker_that_works_again_starts_with_the_first_length),
		cmocka_unit_test(randomness_shortens_a_pause_by_at_most_a_fifth),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
