/*
 * Clients that make random requests with the real commands, concurrently, while they are killed,
 * disconnected (cut.c) and have wrong clocks. Each writes its requests and their answers, one
 * JSON object per line, to client-<n>.log, for check.c to check:
 *
 *	{"n":7,"at":<microseconds>,"server":"s1","op":"lock acquire","object":"l1"}
 *	{"n":7,"at":<microseconds>,"code":0,"kept":false,"answer":{...}}
 *
 * "object" is the lock, the job, or a text that only this request writes. "code" is -1 if the
 * client was killed: then there was no answer. "kept": the answer was that the request is in the
 * outbox.
 *
 * usage: torture DIRECTORY CLIENTS OPERATIONS SEED; DIRECTORY has the clones s0, s1, ... of one
 * fleet
 */
#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "json/document.h"
#include "json/write.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	CLONES = 16,
	LOCKS = 4,
	MOST_TTL = 6,
	MOST_HAD = 64,
	MOST_ARGS = 24,
	KILLED_PERCENT = 5,
	STALE_SECONDS = 5, /* after which a lock file of git counts as abandoned */
	PATIENCE_MS = 180 * 1000,
};

/* The seconds by which the clocks of clones are wrong; the guard accepts up to 300 ahead. */
static const int clocks[CLONES] = { 0, 120, -150, 2, -3, 240, -45, 0, 30, -1, 1, -240, 90, 5, -10,
	0 };

/* What a client believes to hold: a lock or a job, and the fence or the attempt. */
struct had {
	char name[64];
	int64_t number;
};

struct client {
	int number, operation;
	int clone; /* also which server it is */
	uint64_t random;
	FILE *log;
	struct had locks[MOST_HAD], jobs[MOST_HAD], added[MOST_HAD];
	size_t locks_count, jobs_count, added_count;
};

/* One command: the request and its answer. */
struct asked {
	const char *op, *object;
	const char *args[MOST_ARGS];
	size_t count;
	int code;
	struct json_doc *answer; /* NULL: none */
};

/* splitmix64 (Steele, Lea, Flood 2014), so that a seed has the same effect everywhere. */
static uint32_t chance(struct client *client, uint32_t below)
{
	uint64_t z = client->random += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ (z >> 31)) % below);
}

static int64_t now_us(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void write_line(struct client *client, struct buf *line)
{
	buf_addch(line, '\n');
	fwrite(line->data, 1, line->len, client->log);
	fflush(client->log);
	buf_release(line);
}

static void log_asking(struct client *client, const struct asked *asked)
{
	char server[16];
	struct buf line = BUF_INIT;
	struct json_writer w = JSON_WRITER_INIT(&line);
	w.compact = true;
	snprintf(server, sizeof(server), "s%d", client->clone);
	json_begin(&w, '{');
	json_put_int(&w, "n", client->operation);
	json_put_int(&w, "at", now_us(CLOCK_REALTIME));
	json_put_string(&w, "server", server);
	json_put_string(&w, "op", asked->op);
	json_put_string(&w, "object", asked->object);
	json_end(&w);
	write_line(client, &line);
}

static void log_answer(struct client *client, const struct asked *asked, const struct buf *said)
{
	struct buf line = BUF_INIT;
	struct json_writer w = JSON_WRITER_INIT(&line);
	w.compact = true;
	json_begin(&w, '{');
	json_put_int(&w, "n", client->operation);
	json_put_int(&w, "at", now_us(CLOCK_REALTIME));
	json_put_int(&w, "code", asked->code);
	json_put_bool(&w, "kept", strstr(said->data, "kept in the outbox") != NULL);
	if (asked->answer) {
		size_t len;
		struct buf raw = BUF_INIT;
		buf_addstr(&raw, json_raw(asked->answer, json_root(asked->answer), &len));
		buf_truncate(&raw, len);
		/* Line feeds inside strings are escaped: the others are formatting. */
		for (size_t i = 0; i < raw.len; i++)
			if (raw.data[i] == '\n')
				raw.data[i] = ' ';
		json_put_raw(&w, "answer", raw.data, raw.len);
		buf_release(&raw);
	} else {
		json_put_null(&w, "answer");
	}
	json_put_string(&w, "said", said->data);
	json_end(&w);
	write_line(client, &line);
}

/* ---- running a command ---- */

static int remove_stale(const char *path, const struct stat *st, int type, struct FTW *place)
{
	size_t len = strlen(path);
	(void)place;
	if (type == FTW_F && len > 5 && !strcmp(path + len - 5, ".lock") &&
		st->st_mtime + STALE_SECONDS < time(NULL))
		unlink(path);
	return 0;
}

static void start_command(const struct client *client, const struct asked *asked)
{
	char text[64];
	setpgid(0, 0);
	snprintf(text, sizeof(text), "s%d", client->clone);
	if (chdir(text) < 0)
		_exit(127);
	snprintf(text, sizeof(text), "%lld", (long long)time(NULL) + clocks[client->clone]);
	setenv("GIT_BUILD_TEST_NOW", text, 1);
	snprintf(text, sizeof(text), "../client-%d.out", client->number);
	int out = open(text, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	snprintf(text, sizeof(text), "../client-%d.err", client->number);
	int err = open(text, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (out < 0 || err < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0)
		_exit(127);
	execvp("git", (char *const *)asked->args);
	_exit(127);
}

/* The exit code; -1: it was killed. Its git processes continue. */
static int wait_for(struct client *client, pid_t pid)
{
	int64_t start = now_us(CLOCK_MONOTONIC), end = start + (int64_t)PATIENCE_MS * 1000;
	int status;
	bool kill_it = chance(client, 100) < KILLED_PERCENT;
	if (kill_it)
		end = start + chance(client, 400) * 1000;
	while (!waitpid(pid, &status, WNOHANG)) {
		if (now_us(CLOCK_MONOTONIC) >= end) {
			if (!kill_it)
				fprintf(stderr, "client %d: operation %d hangs\n", client->number,
					client->operation);
			kill(-pid, SIGKILL);
			waitpid(pid, &status, 0);
			return -1;
		}
		usleep(3000);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void run(struct client *client, struct asked *asked)
{
	char path[64];
	struct buf said = BUF_INIT, out = BUF_INIT;
	snprintf(path, sizeof(path), "s%d/.git", client->clone);
	nftw(path, remove_stale, 16, FTW_PHYS);
	log_asking(client, asked);
	pid_t pid = fork();
	if (pid < 0)
		exit(1);
	if (!pid)
		start_command(client, asked);
	asked->code = wait_for(client, pid);
	snprintf(path, sizeof(path), "client-%d.out", client->number);
	if (asked->code >= 0 && asked->code <= 1 && !file_read(&out, path, SIZE_MAX, NULL))
		json_parse_buf(&asked->answer, &out, "answer", NULL, NULL);
	snprintf(path, sizeof(path), "client-%d.err", client->number);
	file_read(&said, path, SIZE_MAX, NULL);
	log_answer(client, asked, &said);
	buf_release(&out);
	buf_release(&said);
}

/* ---- requests ---- */

static void ask(struct asked *asked, const char *op, const char *object, const char *verb,
	const char *action)
{
	*asked = (struct asked){ .op = op, .object = object };
	asked->args[asked->count++] = "git";
	asked->args[asked->count++] = "build";
	asked->args[asked->count++] = verb;
	asked->args[asked->count++] = action;
	asked->args[asked->count++] = "--json";
}

static void add(struct asked *asked, const char *option, const char *value)
{
	asked->args[asked->count++] = option;
	if (value)
		asked->args[asked->count++] = value;
}

static bool answered(const struct asked *asked, const char *flag)
{
	const struct json_value *value =
		asked->answer ? json_member(asked->answer, json_root(asked->answer), flag) : NULL;
	return !asked->code && value && value->type == JSON_TRUE;
}

static void note(struct had *all, size_t *count, const struct asked *asked, const char *name_at,
	const char *number_at)
{
	size_t len;
	const char *name = asked->answer
		? json_string(asked->answer, json_at(asked->answer, name_at), &len)
		: NULL;
	if (!name || asked->code || *count == MOST_HAD)
		return;
	struct had *had = &all[(*count)++];
	snprintf(had->name, sizeof(had->name), "%.*s", (int)len, name);
	had->number = 0;
	json_int64(asked->answer, json_at(asked->answer, number_at), &had->number);
}

/* Select a random thing that the client has, and remove it if it `leaves`. */
static bool draw(
	struct client *client, struct had *all, size_t *count, bool leaves, struct had *out)
{
	if (!*count)
		return false;
	size_t i = chance(client, (uint32_t)*count);
	*out = all[i];
	if (leaves)
		all[i] = all[--*count];
	return true;
}

static void acquire(struct client *client)
{
	struct asked asked;
	char name[8], ttl[8];
	snprintf(name, sizeof(name), "l%u", chance(client, LOCKS));
	snprintf(ttl, sizeof(ttl), "%u", 1 + chance(client, MOST_TTL));
	ask(&asked, "lock acquire", name, "lock", "acquire");
	add(&asked, "--ttl", ttl);
	add(&asked, name, NULL);
	run(client, &asked);
	note(client->locks, &client->locks_count, &asked, "/name", "/fence");
	json_doc_free(asked.answer);
}

static void with_lock(struct client *client, const char *op, const char *action, bool leaves)
{
	struct asked asked;
	struct had lock;
	char fence[24];
	if (!draw(client, client->locks, &client->locks_count, leaves, &lock)) {
		acquire(client);
		return;
	}
	ask(&asked, op, lock.name, "lock", action);
	snprintf(fence, sizeof(fence), "%lld", (long long)lock.number);
	add(&asked, "--fence", fence);
	add(&asked, lock.name, NULL);
	run(client, &asked);
	json_doc_free(asked.answer);
}

static void break_lock(struct client *client)
{
	struct asked asked;
	char name[8];
	snprintf(name, sizeof(name), "l%u", chance(client, LOCKS));
	ask(&asked, "lock break", name, "lock", "break");
	add(&asked, "--reason", "torture");
	add(&asked, name, NULL);
	run(client, &asked);
	json_doc_free(asked.answer);
}

/* A text that no other request writes. */
static const char *own_words(const struct client *client, char out[64])
{
	snprintf(out, 64, "client %d, operation %d", client->number, client->operation);
	return out;
}

static void add_job(struct client *client)
{
	struct asked asked;
	char words[64];
	ask(&asked, "job add", own_words(client, words), "job", "add");
	add(&asked, "--branch", "main");
	add(&asked, "--commit", "c0ffee");
	add(&asked, "--description", words);
	run(client, &asked);
	note(client->added, &client->added_count, &asked, "/id", "/none");
	json_doc_free(asked.answer);
}

static void claim(struct client *client)
{
	struct asked asked;
	ask(&asked, "job claim", "", "job", "claim");
	run(client, &asked);
	if (answered(&asked, "claimed"))
		note(client->jobs, &client->jobs_count, &asked, "/job/id", "/job/attempt");
	json_doc_free(asked.answer);
}

static void finish_job(struct client *client, const char *op, const char *action)
{
	struct asked asked;
	struct had job;
	char attempt[24];
	if (!draw(client, client->jobs, &client->jobs_count, true, &job)) {
		claim(client);
		return;
	}
	ask(&asked, op, job.name, "job", action);
	snprintf(attempt, sizeof(attempt), "%lld", (long long)job.number);
	add(&asked, "--attempt", attempt);
	add(&asked, job.name, NULL);
	run(client, &asked);
	json_doc_free(asked.answer);
}

/* A job of any client: its own claims, and jobs that it once added. */
static void move_job(struct client *client, const char *op, const char *action)
{
	struct asked asked;
	struct had job;
	if (!draw(client, client->jobs, &client->jobs_count, false, &job) &&
		!draw(client, client->added, &client->added_count, true, &job)) {
		add_job(client);
		return;
	}
	ask(&asked, op, job.name, "job", action);
	add(&asked, job.name, NULL);
	run(client, &asked);
	json_doc_free(asked.answer);
}

static void simple(struct client *client, const char *op, const char *verb, const char *action,
	const char *option)
{
	struct asked asked;
	ask(&asked, op, "", verb, action);
	if (option)
		add(&asked, option, NULL);
	run(client, &asked);
	json_doc_free(asked.answer);
}

static void send(struct client *client)
{
	struct asked asked;
	char words[64], to[16];
	snprintf(to, sizeof(to), "s%u", chance(client, 3));
	ask(&asked, "message send", own_words(client, words), "message", "send");
	add(&asked, "--to", chance(client, 2) ? to : "all");
	add(&asked, "--subject", words);
	run(client, &asked);
	json_doc_free(asked.answer);
}

static void do_one(struct client *client)
{
	uint32_t draw = chance(client, 100);
	if (draw < 22)
		acquire(client);
	else if (draw < 29)
		with_lock(client, "lock renew", "renew", false);
	else if (draw < 42)
		with_lock(client, "lock release", "release", true);
	else if (draw < 45)
		break_lock(client);
	else if (draw < 57)
		add_job(client);
	else if (draw < 70)
		claim(client);
	else if (draw < 78)
		finish_job(client, "job complete", "complete");
	else if (draw < 80)
		finish_job(client, "job fail", "fail");
	else if (draw < 82)
		move_job(client, "job requeue", "requeue");
	else if (draw < 83)
		move_job(client, "job cancel", "cancel");
	else if (draw < 84)
		simple(client, "job reap", "job", "reap", NULL);
	else if (draw < 97)
		send(client);
	else
		simple(client, "message read", "message", "read", "--all");
}

/* ---- running all of them ---- */

static int be_client(int number, int clones, int operations, uint64_t seed)
{
	char path[32];
	struct client client = { .number = number, .clone = number % clones };
	client.random = seed + (uint64_t)number * UINT64_C(0xd1342543de82ef95);
	snprintf(path, sizeof(path), "client-%d.log", number);
	client.log = fopen(path, "w");
	if (!client.log)
		return 1;
	for (client.operation = 1; client.operation <= operations; client.operation++)
		do_one(&client);
	return fclose(client.log) ? 1 : 0;
}

int main(int argc, char **argv)
{
	if (argc != 5 || chdir(argv[1]) < 0) {
		fprintf(stderr, "usage: torture DIRECTORY CLIENTS OPERATIONS SEED\n");
		return 129;
	}
	int clients = atoi(argv[2]), operations = atoi(argv[3]), clones = 0, failed = 0, status;
	char path[16];
	do
		snprintf(path, sizeof(path), "s%d", clones);
	while (file_exists(path, NULL) > 0 && ++clones < CLONES);
	if (!clones || clients < 1)
		return 129;
	for (int i = 0; i < clients; i++) {
		pid_t pid = fork();
		if (pid < 0)
			return 1;
		if (!pid)
			_exit(be_client(
				i, clones, operations / clients, strtoull(argv[4], NULL, 10)));
	}
	while (wait(&status) > 0)
		failed += status != 0;
	return failed > 0;
}
