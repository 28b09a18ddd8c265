/* fleet/job.h: which job is next, which jobs wait, and which dependencies are refused. */
#include "unit/unit.h"

#include "fleet/job.h"

/* A list of jobs, from JSON with single quotes. */
struct fixture {
	struct json_doc *doc;
	struct arena arena;
	struct job_list list;
};

static void open_list(struct fixture *f, const char *jobs)
{
	struct buf text = BUF_INIT;
	buf_addf(&text, "{\"jobs\": [%s]}", jobs);
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == '\'')
			text.data[i] = '"';
	*f = (struct fixture){ .arena = ARENA_INIT };
	assert_int_equal(json_parse_buf(&f->doc, &text, "jobs.json", NULL, NULL), 0);
	jobs_read(&f->list, f->doc, json_at(f->doc, "/jobs"), &f->arena);
}

static void close_list(struct fixture *f)
{
	json_doc_free(f->doc);
	arena_release(&f->arena);
}

/* The id of the job that build1 is to do next; "" if there is none. */
static void assert_chosen(const char *jobs, const char *type, const char *expected)
{
	struct fixture f;
	open_list(&f, jobs);
	const struct job *job = jobs_choose(&f.list, "build1", type, &f.arena);
	assert_string_equal(job ? job->id : "", expected);
	close_list(&f);
}

static void the_lowest_priority_number_goes_first(void **state)
{
	(void)state;
	assert_chosen("{'id': 'a', 'status': 'queued', 'priority': 2},"
		      "{'id': 'b', 'status': 'queued', 'priority': 1},"
		      "{'id': 'c', 'status': 'queued', 'priority': 3}",
		NULL, "b");
	/* Without one a job has 5. */
	assert_chosen("{'id': 'a', 'status': 'queued', 'priority': 6},"
		      "{'id': 'b', 'status': 'queued'}",
		NULL, "b");
}

static void of_equal_priority_the_oldest_goes_first_then_the_first_in_the_file(void **state)
{
	(void)state;
	assert_chosen("{'id': 'a', 'status': 'queued', 'created_at': '2025-10-29T12:00:01Z'},"
		      "{'id': 'b', 'status': 'queued', 'created_at': '2025-10-29T12:00:00Z'},"
		      "{'id': 'c', 'status': 'queued', 'created_at': '2025-10-29T14:00:00+02:00'}",
		NULL, "b");
	assert_chosen(
		"{'id': 'z', 'status': 'queued'}, {'id': 'a', 'status': 'queued'}", NULL, "z");
}

static void only_queued_jobs_are_chosen(void **state)
{
	(void)state;
	assert_chosen("{'id': 'a', 'status': 'running'}, {'id': 'b', 'status': 'completed'},"
		      "{'id': 'c', 'status': 'failed'}, {'id': 'd', 'status': 'cancelled'},"
		      "{'id': 'e'}, {'status': 'queued'}, 7, null",
		NULL, "");
	assert_chosen("", NULL, "");
}

static void attempts_whose_command_never_ran_do_not_count(void **state)
{
	(void)state;
	static const struct {
		int64_t attempt, uncounted, tries;
	} rows[] = { { 0, 0, 0 }, { 3, 0, 3 }, { 3, 2, 1 }, { 3, 3, 0 },
		/* What cannot be is not believed. */
		{ 3, 4, 3 }, { 3, -1, 3 } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct job job = { .attempt = rows[i].attempt, .uncounted = rows[i].uncounted };
		assert_int_equal(job_tries(&job), rows[i].tries);
	}
}

static void a_job_that_names_a_server_is_for_that_server(void **state)
{
	(void)state;
	assert_chosen("{'id': 'a', 'status': 'queued', 'assigned_to': 'build2'},"
		      "{'id': 'b', 'status': 'queued', 'assigned_to': 'build1'}",
		NULL, "b");
}

static void a_type_narrows_the_choice(void **state)
{
	(void)state;
	static const char jobs[] = "{'id': 'a', 'status': 'queued', 'type': 'build'},"
				   "{'id': 'b', 'status': 'queued', 'type': 'test'},"
				   "{'id': 'c', 'status': 'queued'}";
	assert_chosen(jobs, "test", "b");
	assert_chosen(jobs, "deploy", "");
	assert_chosen(jobs, NULL, "a");
}

static void a_job_waits_until_all_it_depends_on_is_completed(void **state)
{
	(void)state;
	assert_chosen("{'id': 'a', 'status': 'queued', 'priority': 1, 'depends': ['b', 'c']},"
		      "{'id': 'b', 'status': 'completed'}, {'id': 'c', 'status': 'queued'}",
		NULL, "c");
	assert_chosen("{'id': 'a', 'status': 'queued', 'depends': ['b', 'c']},"
		      "{'id': 'b', 'status': 'completed'}, {'id': 'c', 'status': 'completed'}",
		NULL, "a");
	/* What failed, and what is not there, is not completed. */
	assert_chosen("{'id': 'a', 'status': 'queued', 'depends': ['b']},"
		      "{'id': 'b', 'status': 'failed'}",
		NULL, "");
	assert_chosen("{'id': 'a', 'status': 'queued', 'depends': ['nowhere']}", NULL, "");
	assert_chosen("{'id': 'a', 'status': 'queued', 'depends': null}", NULL, "a");
}

static void assert_circle(
	const char *jobs, const char *id, const char *depends, const char *expected)
{
	struct fixture f, new;
	struct buf circle = BUF_INIT;
	open_list(&f, jobs);
	open_list(&new, depends);
	bool found = jobs_find_circle(
		&f.list, id, new.doc, json_at(new.doc, "/jobs"), &f.arena, &circle);
	assert_int_equal(found, *expected != '\0');
	assert_string_equal(circle.data, expected);
	buf_release(&circle);
	close_list(&f);
	close_list(&new);
}

static void circles_are_found_wherever_they_are(void **state)
{
	(void)state;
	static const char jobs[] = "{'id': 'a', 'depends': ['b']}, {'id': 'b', 'depends': ['c']},"
				   "{'id': 'c'}, {'id': 'x', 'depends': ['y']},"
				   "{'id': 'y', 'depends': ['z', 'x']}, {'id': 'z'},"
				   "{'id': 'back', 'depends': ['a', 'new']}";
	assert_circle(jobs, "new", "'a', 'b', 'c', 'a'", "");
	assert_circle(jobs, "new", "'new'", "new -> new");
	assert_circle(jobs, "new", "'a', 'y'", "y -> x -> y");
	assert_circle(jobs, "new", "'c', 'back'", "new -> back -> new");
	assert_circle(jobs, "new", "", "");
	assert_circle(jobs, "new", "'nowhere', 7, null", "");
}

static void a_long_chain_of_dependencies_costs_no_stack_and_little_time(void **state)
{
	(void)state;
	enum { LENGTH = 20000 };
	struct buf jobs = BUF_INIT;
	for (int i = 0; i < LENGTH; i++)
		buf_addf(&jobs, "%s{'id': 'j%d', 'status': 'queued', 'depends': ['j%d', 'j%d']}",
			i ? "," : "", i, i + 1, i + 2);
	struct fixture f;
	open_list(&f, jobs.data);
	assert_non_null(jobs_find(&f.list, "j19999"));
	assert_null(jobs_find(&f.list, "j20000"));
	assert_null(jobs_choose(&f.list, "build1", NULL, &f.arena));
	struct buf circle = BUF_INIT;
	const struct json_value *depends = json_at(f.doc, "/jobs/0/depends");
	assert_false(jobs_find_circle(&f.list, "new", f.doc, depends, &f.arena, &circle));
	assert_true(jobs_find_circle(&f.list, "j20000", f.doc, depends, &f.arena, &circle));
	buf_release(&circle);
	close_list(&f);
	buf_release(&jobs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_lowest_priority_number_goes_first),
		cmocka_unit_test(
			of_equal_priority_the_oldest_goes_first_then_the_first_in_the_file),
		cmocka_unit_test(only_queued_jobs_are_chosen),
		cmocka_unit_test(attempts_whose_command_never_ran_do_not_count),
		cmocka_unit_test(a_job_that_names_a_server_is_for_that_server),
		cmocka_unit_test(a_type_narrows_the_choice),
		cmocka_unit_test(a_job_waits_until_all_it_depends_on_is_completed),
		cmocka_unit_test(circles_are_found_wherever_they_are),
		cmocka_unit_test(a_long_chain_of_dependencies_costs_no_stack_and_little_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
