/* base/file.h and base/child.h, with the real file system and real processes. */
#include "unit/directory.h"

#include "base/child.h"
#include "base/env.h"
#include "base/file.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void a_new_file_can_be_written_by_its_owner_only(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	struct stat st;
	assert_int_equal(file_publish("published", "text", 4, &err), 0);
	assert_int_equal(stat("published", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
}

static void a_replaced_file_keeps_its_mode(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;
	struct stat st;
	assert_int_equal(file_replace("a.json", "{}", 2, 0640, &err), 0);
	assert_int_equal(chmod("a.json", 0600), 0);
	assert_int_equal(file_replace("a.json", "[1]", 3, 0644, &err), 0);
	assert_int_equal(file_read(&text, "a.json", 100, &err), 0);
	assert_string_equal(text.data, "[1]");
	stat("a.json", &st);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(system("test $(ls | wc -l) = 1"), 0); /* no temporary file is left */
	buf_release(&text);
}

static void a_new_file_is_synced_with_its_directories(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	char here[512];
	assert_int_equal(file_make_directories("new/deep/er", &err), 0);
	assert_int_equal(file_make_directories("new/deep/er", &err), 0);
	assert_int_equal(file_replace("new/deep/er/file", "x", 1, 0600, &err), 0);
	assert_int_equal(symlink("nowhere", "new/deep/link"), 0);
	assert_int_equal(file_sync_tree("new", &err), 0);
	assert_non_null(getcwd(here, sizeof(here)));
	char path[600];
	snprintf(path, sizeof(path), "%s/new/deep/er", here);
	assert_int_equal(file_sync_directories(path, here, &err), 0);
	assert_int_equal(file_sync("new/missing", &err), ERR_FAILED);
	assert_int_equal(file_sync_tree("new/missing", &err), ERR_FAILED);
	assert_int_equal(file_make_directories("new/deep/er/file/under", &err), ERR_FAILED);
	assert_int_equal(system("rm -r new"), 0);
}

/* Replacing a device by a regular file would break the machine. */
static void a_device_is_written_to_and_not_replaced(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	struct stat st;
	char text[16];
	assert_int_equal(mkfifo("pipe", 0600), 0);
	int reader = open("pipe", O_RDONLY | O_NONBLOCK);
	assert_int_equal(file_replace("pipe", "through", 7, 0644, &err), 0);
	assert_int_equal(stat("pipe", &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(read(reader, text, sizeof(text)), 7);
	close(reader);
	assert_int_equal(unlink("pipe"), 0);
	assert_int_equal(file_replace(".", "x", 1, 0644, &err), ERR_FAILED);
}

static void a_failed_write_keeps_the_old_file(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	assert_int_equal(file_replace("no/such/folder", "x", 1, 0644, &err), ERR_FAILED);
	assert_non_null(strstr(err.text, "no/such/folder"));
}

static void read_errors_name_the_file_and_the_problem(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;
	assert_int_equal(file_read(&text, "none", 10, &err), ERR_NOT_FOUND);
	assert_int_equal(file_read(&text, "/tmp", 10, &err), ERR_INVALID);
	assert_int_equal(file_replace("big", "12345678901", 11, 0644, &err), 0);
	assert_int_equal(file_read(&text, "big", 10, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "10 bytes"));
	assert_int_equal(text.len, 0);
	buf_release(&text);
}

static void a_lock_names_its_holder(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	struct file_lock mine = FILE_LOCK_INIT, other = FILE_LOCK_INIT;
	assert_int_equal(
		file_lock_acquire(&mine, "deep/er/lock", "process 1", 0, env_system(), &err), 0);
	assert_int_equal(
		file_lock_acquire(&other, "deep/er/lock", "process 2", 20, env_system(), &err),
		ERR_BUSY);
	assert_non_null(strstr(err.text, "process 1"));
	file_lock_release(&mine);
	assert_int_equal(
		file_lock_acquire(&other, "deep/er/lock", "process 2", 0, env_system(), &err), 0);
	file_lock_release(&other);
}

static int run(
	const char *script, struct buf *out, struct buf *errors, int64_t timeout, int *status)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	struct error err = ERROR_INIT;
	struct child child = {
		.argv = argv, .output = out, .errors = errors, .timeout_ms = timeout
	};
	return child_run(&child, status, &err);
}

static void the_output_of_a_child_is_read(void **state)
{
	(void)state;
	struct buf out = BUF_INIT, errors = BUF_INIT;
	int status = -1;
	assert_int_equal(run("echo out; echo err >&2; exit 3", &out, &errors, 0, &status), 0);
	assert_int_equal(status, 3);
	assert_string_equal(out.data, "out\n");
	assert_string_equal(errors.data, "err\n");
	assert_int_equal(run("kill -9 $$", NULL, NULL, 0, &status), 0);
	assert_int_equal(status, 128 + SIGKILL);
	buf_release(&out);
	buf_release(&errors);
}

static void a_child_can_read_more_than_a_pipe_holds(void **state)
{
	(void)state;
	size_t len = 1 << 20;
	char *input = malloc(len);
	memset(input, 'x', len);
	const char *argv[] = { "cat", NULL };
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	int status;
	struct child child = { .argv = argv, .input = input, .input_len = len, .output = &out };
	assert_int_equal(child_run(&child, &status, &err), 0);
	assert_int_equal(out.len, len);
	assert_memory_equal(out.data, input, len);
	buf_release(&out);
	free(input);
}

static void a_child_need_not_read_its_input(void **state)
{
	(void)state;
	size_t len = 1 << 20;
	char *input = calloc(1, len);
	struct error err = ERROR_INIT;
	static const char *const scripts[] = { "exit 4", "exec <&-; sleep 0.1; exit 4",
		"head -c 1000 >/dev/null; exit 4" };
	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
		const char *argv[] = { "sh", "-c", scripts[i], NULL };
		struct child child = { .argv = argv, .input = input, .input_len = len };
		int status = -1;
		assert_int_equal(child_run(&child, &status, &err), 0);
		assert_int_equal(status, 4);
	}
	free(input);
}

static void a_child_in_the_foreground_shares_group_and_input(void **state)
{
	(void)state;
	const char *argv[] = { "sh", "-c", "cat; ps -o pgid= -p $$", NULL };
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	struct child child = { .argv = argv, .output = &out, .foreground = true };
	int status = -1, ours = dup(STDIN_FILENO), ends[2];
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "ours ", 5), 5);
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	assert_int_equal(child_run(&child, &status, &err), 0);
	assert_int_equal(strncmp(out.data, "ours ", 5), 0);
	assert_int_equal(strtol(out.data + 5, NULL, 10), getpgrp());
	buf_reset(&out);
	child.input = ""; /* an empty argument is not ours */
	child.foreground = false;
	assert_int_equal(child_run(&child, &status, &err), 0);
	assert_true(strtol(out.data, NULL, 10) != getpgrp());
	dup2(ours, STDIN_FILENO);
	close(ours);
	close(ends[0]);
	buf_release(&out);
}

static void an_exit_code_is_known_even_if_sigchld_is_ignored(void **state)
{
	(void)state;
	struct sigaction before;
	int status = -1;
	sigaction(SIGCHLD, NULL, &before);
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(run("exit 7", NULL, NULL, 5000, &status), 0);
	assert_int_equal(status, 7);
	sigaction(SIGCHLD, &before, NULL);
}

/* Whether a process exists, and is not a zombie. */
static bool is_alive(pid_t pid)
{
	char path[64], line[256] = "";
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "r");
	bool alive = file && fgets(line, sizeof(line), file) && !strstr(line, ") Z ");
	if (file)
		fclose(file);
	return alive;
}

static void a_time_limit_kills_all_child_processes(void **state)
{
	(void)state;
	struct buf out = BUF_INIT;
	int status;
	/* A limit within which the shell has started its child: longer on a busy machine. */
	for (int64_t limit = 100; !out.len && limit <= patience(10000); limit *= 2)
		assert_int_equal(run("sleep 100000 & echo $!; wait", &out, NULL, limit, &status),
			ERR_TIMEOUT);
	assert_true(out.len > 0);
	pid_t sleeper = (pid_t)strtol(out.data, NULL, 10);
	assert_true(sleeper > 0);
	for (int64_t waited = 0; is_alive(sleeper) && waited < patience(2000); waited += 10)
		usleep(10000);
	assert_false(is_alive(sleeper));
	buf_release(&out);
}

struct hearing {
	size_t bytes, ticks, most;
};

static bool hear(const char *bytes, size_t len, void *data)
{
	struct hearing *hearing = data;
	(void)bytes;
	hearing->bytes += len;
	hearing->ticks += !len;
	return hearing->bytes < hearing->most;
}

static void output_is_passed_on_while_a_child_runs_and_can_end_it(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	int status = -1;
	struct hearing all = { .most = 100 }, some = { .most = 1000 };
	const char *short_words[] = { "sh", "-c", "echo a; sleep 0.3; echo b", NULL };
	struct child child = { .argv = short_words, .heard = hear, .data = &all };
	assert_int_equal(child_run(&child, &status, &err), 0);
	assert_int_equal(status, 0);
	assert_int_equal(all.bytes, 4);
	assert_true(all.ticks >= 2);
	const char *endless[] = { "sh", "-c", "trap '' TERM; yes; sleep 100000", NULL };
	child = (struct child){
		.argv = endless, .heard = hear, .data = &some, .timeout_ms = patience(60000)
	};
	assert_int_equal(child_run(&child, &status, &err), 0);
	assert_int_equal(status, 128 + SIGKILL);
	child = (struct child){ .argv = endless, .heard = hear, .data = &some, .timeout_ms = 100 };
	some = (struct hearing){ .most = SIZE_MAX };
	assert_int_equal(child_run(&child, &status, &err), ERR_TIMEOUT);
}

static void a_pipe_left_open_by_a_grandchild_does_not_hang(void **state)
{
	(void)state;
	struct buf out = BUF_INIT;
	int status;
	assert_int_equal(run("sleep 77 & echo $!", &out, NULL, 0, &status), 0);
	assert_int_equal(status, 0);
	kill((pid_t)strtol(out.data, NULL, 10), SIGKILL);
	buf_release(&out);
}

static void a_program_that_cannot_run_is_reported(void **state)
{
	(void)state;
	const char *argv[] = { "no-such-program-here", NULL };
	struct child child = { .argv = argv };
	struct error err = ERROR_INIT;
	int status;
	assert_int_equal(child_run(&child, &status, &err), ERR_NOT_FOUND);
	assert_non_null(strstr(err.text, "no-such-program-here"));
}

static void the_environment_is_changed_only_for_the_child(void **state)
{
	(void)state;
	setenv("BUILD_OLD", "old", 1);
	const char *argv[] = { "sh", "-c", "echo ${BUILD_OLD-gone} $BUILD_NEW", NULL };
	const char *changes[] = { "BUILD_OLD", "BUILD_NEW=new", NULL };
	struct buf out = BUF_INIT;
	struct child child = { .argv = argv, .environment = changes, .output = &out };
	struct error err = ERROR_INIT;
	int status;
	assert_int_equal(child_run(&child, &status, &err), 0);
	assert_string_equal(out.data, "gone new\n");
	assert_string_equal(getenv("BUILD_OLD"), "old");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_replaced_file_keeps_its_mode),
		cmocka_unit_test(a_new_file_can_be_written_by_its_owner_only),
		cmocka_unit_test(a_new_file_is_synced_with_its_directories),
		cmocka_unit_test(a_device_is_written_to_and_not_replaced),
		cmocka_unit_test(a_failed_write_keeps_the_old_file),
		cmocka_unit_test(read_errors_name_the_file_and_the_problem),
		cmocka_unit_test(a_lock_names_its_holder),
		cmocka_unit_test(the_output_of_a_child_is_read),
		cmocka_unit_test(output_is_passed_on_while_a_child_runs_and_can_end_it),
		cmocka_unit_test(a_child_can_read_more_than_a_pipe_holds),
		cmocka_unit_test(a_child_need_not_read_its_input),
		cmocka_unit_test(a_child_in_the_foreground_shares_group_and_input),
		cmocka_unit_test(an_exit_code_is_known_even_if_sigchld_is_ignored),
		cmocka_unit_test(a_time_limit_kills_all_child_processes),
		cmocka_unit_test(a_pipe_left_open_by_a_grandchild_does_not_hang),
		cmocka_unit_test(a_program_that_cannot_run_is_reported),
		cmocka_unit_test(the_environment_is_changed_only_for_the_child),
	};
	return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
