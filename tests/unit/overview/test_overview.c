/* overview/overview.h: the whole fleet is read, and a corrupt file hides no other. */
#include "unit/directory.h"

#include "overview/overview.h"

#include <stdio.h>
#include <unistd.h>

/* 2025-10-29T12:00:00Z */
enum { NOON = 1761739200 };

/* Three servers: a valid one, one with a corrupt status, one with only a heartbeat branch. */
static const char script[] =
	"set -e; export HOME=$PWD GIT_CONFIG_NOSYSTEM=1\n"
	"git config --global user.name unit; git config --global user.email unit@localhost\n"
	"git init -q -b main fleet; cd fleet; mkdir -p coordination build1/logs build2\n"
	"cat >build1/status.json <<'END'\n"
	"{\"server\": \"build1\", \"status\": \"failed\", \"timestamp\": "
	"\"2025-10-29T11:58:00Z\",\n"
	" \"last_build\": {\"id\": \"job_old\", \"status\": \"failed\", \"duration_seconds\": "
	"7.5,\n"
	"  \"completed_at\": \"2025-10-29T08:00:00Z\"}, \"system\": {\"disk_free_gb\": 12.5}}\n"
	"END\n"
	"echo '{' >build2/status.json\n"
	"cat >coordination/jobs.json <<'END'\n"
	"{\"jobs\": [\n"
	"{\"id\": \"job_1\", \"type\": \"build\", \"status\": \"completed\", \"assigned_to\": "
	"\"build1\",\n"
	" \"started_at\": \"2025-10-29T10:00:00Z\", \"completed_at\": \"2025-10-29T10:10:00Z\"},\n"
	"{\"id\": \"job_2\", \"type\": \"test\", \"status\": \"failed\", \"assigned_to\": "
	"\"build1\",\n"
	" \"started_at\": \"2025-10-29T11:00:00Z\", \"completed_at\": \"2025-10-29T11:01:00Z\"},\n"
	"{\"id\": \"job_3\", \"type\": \"build\", \"status\": \"queued\"}]}\n"
	"END\n"
	"cat >build1/logs/job_1-artifacts.json <<'END'\n"
	"{\"job\": \"job_1\", \"server\": \"build1\", \"status\": \"success\", \"branch\": "
	"\"topic\",\n"
	" \"created_at\": \"2025-10-29T10:09:59Z\", \"duration_seconds\": 599, \"artifacts\": []}\n"
	"END\n"
	"echo '[]' >build1/logs/job_0-artifacts.json\n"
	"echo '{\"locks\": 7}' >coordination/locks.json\n"
	"cat >coordination/messages.json <<'END'\n"
	"{\"messages\": [\n"
	"{\"id\": \"m1\", \"to\": \"build1\", \"type\": \"error\", \"subject\": \"one\", \"read\": "
	"false},\n"
	"{\"id\": \"m2\", \"to\": \"build1\", \"type\": \"error\", \"subject\": \"two\", \"read\": "
	"false},\n"
	"{\"id\": \"m3\", \"to\": \"all\", \"type\": \"info\", \"subject\": \"three\", \"read\": "
	"true},\n"
	"{\"id\": \"m4\", \"to\": \"all\", \"type\": \"error\", \"subject\": \"four\", \"read\": "
	"true}]}\n"
	"END\n"
	"git add -A; git commit -q -m fleet\n"
	"git checkout -q --orphan heartbeat-build3; git rm -q -rf .; mkdir build3\n"
	"for minute in 55 56 57; do\n"
	"cat >build3/heartbeat.json <<END\n"
	"{\"server\": \"build3\", \"timestamp\": \"2025-10-29T11:$minute:00Z\", \"healthy\": "
	"false,\n"
	" \"interval_seconds\": 60, \"push_every\": 5, \"system\": {\"disk_free_gb\": 3}}\n"
	"END\n"
	"git add -A; GIT_COMMITTER_DATE=2025-10-29T11:$minute:00Z git commit -q -m beat; done\n"
	"git checkout -q main\n";

static int enter(void **state)
{
	return enter_directory(state) ? -1 : system(script);
}

static int64_t noon(void *data)
{
	(void)data;
	return NOON;
}

static struct overview take(struct overview_plan plan)
{
	char remote[] = "origin", branch[] = "main";
	struct settings settings = { .remote = remote, .branch = branch };
	struct error err = ERROR_INIT;
	struct env env = *env_system();
	struct overview overview = { .arena = ARENA_INIT };
	struct repo *repo;
	env.now = noon;
	if (repo_open(&repo, "fleet", &err) < 0 ||
		overview_take(&overview, repo, &settings, &plan, &env, &err) < 0)
		fail_msg("%s", err.text);
	repo_close(repo);
	return overview;
}

static void every_server_has_the_data_of_its_files(void **state)
{
	(void)state;
	struct overview o = take((struct overview_plan){ .heartbeats = 2 });
	assert_int_equal(o.fleet.count, 3);
	const struct server *server = overview_server(&o, "build1");
	assert_int_equal(server->state, HEARTBEAT_NEVER);
	assert_int_equal(server->status_at, NOON - 120);
	assert_true(server->disk_free_gb > 12.4 && server->disk_free_gb < 12.6);
	assert_string_equal(server->last_build.id, "job_old");
	assert_int_equal(server->last_build.duration, 7);
	server = overview_server(&o, "build3");
	assert_int_equal(server->state, HEARTBEAT_ALIVE);
	assert_false(server->healthy);
	assert_true(server->disk_free_gb > 2.9 && server->disk_free_gb < 3.1);
	assert_null(overview_server(&o, "build4"));
	const struct heartbeat_times *heartbeats = &o.heartbeats[server - o.fleet.servers];
	assert_int_equal(heartbeats->count, 2);
	assert_int_equal(heartbeats->committed_at, NOON - 180);
	assert_int_equal(heartbeats->times[0], NOON - 180);
	assert_int_equal(heartbeats->times[1], NOON - 240);
	assert_int_equal(o.heartbeats[0].count, 0);
	overview_release(&o);
}

static void a_corrupt_file_hides_no_other(void **state)
{
	(void)state;
	struct overview o = take((struct overview_plan){ 0 });
	assert_int_equal(o.troubles_count, 3);
	assert_string_equal(o.troubles[0].server, "build2");
	assert_non_null(strstr(o.troubles[0].words, "build2/status.json:"));
	assert_string_equal(o.troubles[1].path, "coordination/locks.json");
	assert_string_equal(o.troubles[2].path, "build1/logs/job_0-artifacts.json");
	assert_int_equal(o.locks_count, 0);
	assert_int_equal(overview_count_jobs(&o, JOB_QUEUED), 1);
	assert_int_equal(o.messages_total, 4);
	overview_release(&o);
}

static void a_build_is_listed_once_with_the_most_complete_data(void **state)
{
	(void)state;
	struct overview o = take((struct overview_plan){ 0 });
	assert_int_equal(o.builds_count, 3);
	assert_string_equal(o.builds[0].job, "job_2");
	assert_true(o.builds[0].failed);
	assert_int_equal(o.builds[0].duration, 60);
	assert_string_equal(o.builds[1].job, "job_1");
	assert_string_equal(o.builds[1].branch, "topic");
	assert_int_equal(o.builds[1].duration, 599);
	assert_string_equal(o.builds[2].job, "job_old");
	overview_release(&o);
	/* Of the manifests, those of the jobs that finished last. */
	o = take((struct overview_plan){ .builds = 1 });
	assert_int_equal(o.troubles_count, 2);
	assert_int_equal(o.builds[1].duration, 599);
	overview_release(&o);
}

static void the_newest_messages_are_first_and_unread_errors_are_counted(void **state)
{
	(void)state;
	struct overview o = take((struct overview_plan){ .messages = 2 });
	assert_int_equal(o.messages_count, 2);
	assert_string_equal(o.messages[0].id, "m4");
	assert_string_equal(o.messages[1].id, "m3");
	assert_int_equal(o.messages_unread, 2);
	assert_int_equal(o.errors_count, 1);
	assert_string_equal(o.errors[0].to, "build1");
	assert_int_equal(o.errors[0].count, 2);
	assert_string_equal(o.errors[0].newest.subject, "two");
	overview_release(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_server_has_the_data_of_its_files),
		cmocka_unit_test(a_corrupt_file_hides_no_other),
		cmocka_unit_test(a_build_is_listed_once_with_the_most_complete_data),
		cmocka_unit_test(the_newest_messages_are_first_and_unread_errors_are_counted),
	};
	return cmocka_run_group_tests(tests, enter, leave_directory);
}
