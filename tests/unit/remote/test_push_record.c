/* remote/push_record.h: pushes are counted correctly by concurrent processes. */
#include "unit/directory.h"

#include "remote/push_record.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static struct repo *fresh(void)
{
	struct repo *repo;
	struct error err = ERROR_INIT;
	assert_int_equal(system("rm -rf .git && git init -q"), 0);
	if (repo_open(&repo, NULL, &err) < 0)
		fail_msg("%s", err.text);
	return repo;
}

static void pushes_are_counted_by_result(void **state)
{
	(void)state;
	struct repo *repo = fresh();
	struct push_record record;
	assert_int_equal(push_record_read(repo, &record, NULL), 0);
	assert_int_equal(record.results[PUSH_RESULT_DONE], 0);
	push_record_count(repo, 0, 100);
	push_record_count(repo, 0, 70000);
	push_record_count(repo, ERR_REFUSED, 5);
	push_record_count(repo, ERR_LOST_RACE, 5);
	push_record_count(repo, ERR_UNREACHABLE, 5);
	push_record_count(repo, ERR_TIMEOUT, 5);
	assert_int_equal(push_record_read(repo, &record, NULL), 0);
	assert_int_equal(record.results[PUSH_RESULT_DONE], 2);
	for (int i = PUSH_RESULT_LOST_RACE; i < PUSH_RESULTS; i++)
		assert_int_equal(record.results[i], 1);
	assert_int_equal(record.total_ms, 70100);
	assert_int_equal(record.buckets[0], 0);
	assert_int_equal(record.buckets[1], 1);
	assert_int_equal(record.buckets[PUSH_BUCKETS - 1], 1);
	repo_close(repo);
}

static void an_unreadable_record_is_restarted(void **state)
{
	(void)state;
	static const char *const wrong[] = { ": >.git/git-build/pushes",
		"yes x | head -c 5000 >.git/git-build/pushes",
		"yes -- -1 | head -c 336 >.git/git-build/pushes" };
	struct repo *repo = fresh();
	struct push_record record;
	push_record_count(repo, 0, 1);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_int_equal(system(wrong[i]), 0);
		assert_int_equal(push_record_read(repo, &record, NULL), 0);
		assert_int_equal(record.results[PUSH_RESULT_DONE], 0);
		push_record_count(repo, 0, 1);
		assert_int_equal(push_record_read(repo, &record, NULL), 0);
		assert_int_equal(record.results[PUSH_RESULT_DONE], 1);
	}
	repo_close(repo);
}

static void no_count_is_lost_between_processes(void **state)
{
	(void)state;
	enum { PROCESSES = 4, TIMES = 50 };
	struct repo *repo = fresh();
	struct push_record record;
	for (int i = 0; i < PROCESSES; i++) {
		if (fork() == 0) {
			for (int k = 0; k < TIMES; k++)
				push_record_count(repo, ERR_REFUSED, 1);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		continue;
	assert_int_equal(push_record_read(repo, &record, NULL), 0);
	assert_int_equal(record.results[PUSH_RESULT_REFUSED], PROCESSES * TIMES);
	repo_close(repo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pushes_are_counted_by_result),
		cmocka_unit_test(an_unreadable_record_is_restarted),
		cmocka_unit_test(no_count_is_lost_between_processes),
	};
	return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
