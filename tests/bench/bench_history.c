/*
 * The cost of checking a long history: one `git push` of 10,000 commits of a fleet to an empty shared
 * repository, compared with the same push to one without hooks, in pairs. Twenty servers set their
 * status, acquire and release locks, send messages, and build jobs.
 *
 * usage: bench_history [PAIRS [COMMITS]]
 */
#include "bench/bench.h"

#include "base/buf.h"

#include <string.h>
#include <unistd.h>

enum { SERVERS = 20, LOCKS = 10, MESSAGES = 60, JOBS = 80, STEPS = 8 };

static char directory[] = "/tmp/git-build-bench.XXXXXX";

/* ---- the files after commit `i` ---- */

static int server_of(size_t i)
{
	return (int)(i * 7 % SERVERS) + 1;
}

static void put_time(struct buf *text, size_t i)
{
	time_t at = (time_t)(1700000000 + 60 * i);
	struct tm tm;
	char time[32];
	strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &tm));
	buf_addf(text, "\"%s\"", time);
}

static void put_file(FILE *import, const char *path, struct buf *text)
{
	fprintf(import, "M 100644 inline %s\ndata %zu\n%s\n", path, text->len, text->data);
	buf_reset(text);
}

static void put_status(FILE *import, size_t i, const char *status, struct buf *text)
{
	char path[64];
	snprintf(path, sizeof(path), "build%d/status.json", server_of(i));
	buf_addf(text, "{\n  \"server\": \"build%d\",\n  \"ip\": \"10.0.0.%d\",\n  \"timestamp\": ",
		server_of(i), server_of(i));
	put_time(text, i);
	buf_addf(text,
		",\n  \"status\": \"%s\",\n  \"current_job\": null,\n  \"system\": {\n"
		"    \"cpu_usage\": %zu.5,\n    \"disk_free_gb\": %zu.25\n  }\n}\n",
		status, i % 100, 100 + i % 300);
	put_file(import, path, text);
}

/* Every second change of a lock releases it. */
static void put_locks(FILE *import, size_t i, struct buf *text)
{
	size_t change = i / STEPS;
	buf_addstr(text, "{\n  \"locks\": {");
	for (size_t lock = 0; lock < LOCKS; lock++) {
		size_t changes = change < lock ? 0 : (change - lock) / LOCKS;
		buf_addf(text, "%s\n    \"lock%zu\": {\n      \"locked_by\": ", lock ? "," : "",
			lock);
		if (changes % 2) {
			buf_addf(text,
				"\"build%d\",\n      \"expires_at\": ", server_of(changes + lock));
			put_time(text, changes * LOCKS * STEPS + 60);
			buf_addstr(text, ",\n      \"locked_at\": ");
			put_time(text, changes * LOCKS * STEPS);
		} else {
			buf_addstr(text,
				"null,\n      \"expires_at\": null,\n      \"locked_at\": null");
		}
		buf_addf(text, ",\n      \"fence\": %zu\n    }", changes / 2);
	}
	buf_addstr(text, "\n  }\n}\n");
	put_file(import, "coordination/locks.json", text);
}

/* The newest messages; the older half has been read. */
static void put_messages(FILE *import, size_t i, struct buf *text)
{
	size_t last = i / STEPS, first = last < MESSAGES ? 0 : last - MESSAGES;
	buf_addstr(text, "{\n  \"messages\": [");
	for (size_t n = first; n <= last; n++) {
		buf_addf(text,
			"%s\n    {\n      \"id\": \"msg_%zu\",\n      \"from\": \"build%d\",\n"
			"      \"to\": \"all\",\n      \"type\": \"info\",\n"
			"      \"subject\": \"Build %zu finished\",\n"
			"      \"body\": \"Duration: %zum 12s, warnings: %zu; check the versions.\",\n"
			"      \"timestamp\": ",
			n > first ? "," : "", n, server_of(n), n, n % 60, n % 7);
		put_time(text, n * STEPS);
		buf_addf(text, ",\n      \"read\": %s\n    }",
			n + MESSAGES / 2 < last ? "true" : "false");
	}
	buf_addstr(text, "\n  ]\n}\n");
	put_file(import, "coordination/messages.json", text);
}

/* The newest jobs: a job is added and claimed in turn, and finished when ten more have been added. */
static void put_jobs(FILE *import, size_t i, struct buf *text)
{
	size_t change = i / STEPS * 2 + (i % STEPS > STEPS / 2), last = change / 2;
	size_t first = last < JOBS ? 0 : last - JOBS;
	buf_addstr(text, "{\n  \"jobs\": [");
	for (size_t n = first; n <= last; n++) {
		const char *status = n + 10 < last ? "completed"
			: n < last || change % 2   ? "running"
						   : "queued";
		buf_addf(text,
			"%s\n    {\n      \"id\": \"job_%zu\",\n      \"type\": \"build\",\n"
			"      \"priority\": %zu,\n      \"branch\": \"main\",\n"
			"      \"assigned_to\": ",
			n > first ? "," : "", n, n % 5);
		if (*status == 'q')
			buf_addstr(text, "null");
		else
			buf_addf(text, "\"build%d\"", server_of(n));
		buf_addf(text, ",\n      \"status\": \"%s\",\n      \"created_at\": ", status);
		put_time(text, n * STEPS);
		buf_addstr(text, "\n    }");
	}
	buf_addstr(text, "\n  ]\n}\n");
	put_file(import, "coordination/jobs.json", text);
}

static void put_log(FILE *import, size_t i, struct buf *text)
{
	char path[64];
	snprintf(path, sizeof(path), "build%d/logs/job_%zu.log", server_of(i), i / STEPS);
	for (size_t line = 0; line < 40; line++)
		buf_addf(text, "[%zu] compiling module %zu of %zu\n", line, i % 50 + line, i % 100);
	put_file(import, path, text);
}

static void put_commit(FILE *import, size_t i, struct buf *text)
{
	fprintf(import, "commit refs/heads/main\ncommitter bench <bench@localhost> %zu +0000\n",
		1700000000 + 60 * i);
	fprintf(import, "data 7\nrequest\n");
	switch (i % STEPS) {
	case 0:
		put_locks(import, i, text);
		break;
	case 2:
		put_messages(import, i, text);
		break;
	case 4:
		put_jobs(import, i, text);
		break;
	case 5:
		put_jobs(import, i, text);
		put_status(import, i, "building", text);
		break;
	case 6:
		put_log(import, i, text);
		put_status(import, i, "success", text);
		break;
	default:
		put_status(import, i, "idle", text);
		break;
	}
}

/* ---- pushes ---- */

static void make_history(size_t commits)
{
	FILE *import = popen("git init -q --bare clone.git && "
			     "git -C clone.git fast-import --quiet",
		"w");
	struct buf text = BUF_INIT;
	for (size_t i = 0; import && i < commits; i++)
		put_commit(import, i, &text);
	buf_release(&text);
	if (!import || pclose(import))
		exit(1);
	bench_sh("set -e; git -C clone.git repack -adfq; git build init -q --shared shared.git");
}

static double time_push(const char *prepare)
{
	bench_sh("rm -rf to.git; cp -r shared.git to.git");
	bench_sh(prepare);
	double start = bench_now_ms();
	bench_sh("git -C clone.git push -q ../to.git main");
	return bench_now_ms() - start;
}

int main(int argc, char **argv)
{
	size_t pairs = argc > 1 ? strtoul(argv[1], NULL, 10) : 9;
	if (!pairs || !mkdtemp(directory) || chdir(directory))
		return 1;
	make_history(argc > 2 ? strtoul(argv[2], NULL, 10) : 10000);
	double *ratios = calloc(pairs, sizeof(double)), *bare = calloc(pairs, sizeof(double));
	for (size_t i = 0; i < pairs; i++) {
		bare[i] = time_push("rm to.git/hooks/*");
		ratios[i] = time_push("true") / bare[i];
	}
	bench_report("history-push", bench_median(ratios, pairs), "<= 1.4",
		"one push of 10,000 commits of a fleet, compared with a push without hooks");
	fprintf(stderr, "without hooks: %.1f s\n", bench_median(bare, pairs) / 1e3);
	free(ratios);
	free(bare);
	if (chdir("/") < 0)
		return 1;
	char clean_up[80];
	snprintf(clean_up, sizeof(clean_up), "rm -rf %s", directory);
	bench_sh(clean_up);
	return 0;
}
