/*
 * Whole processes: the merge driver, compared with `git merge-file` on the same three message
 * files (one message appended and one marked as read on each side); its use of memory, its
 * growth, and its minimum.
 *
 * usage: bench_merge [PAIRS]
 */
#include "bench/bench.h"

#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char program[4096]; /* the merge driver, as run by git */

static char directory[] = "/tmp/git-build-bench.XXXXXX";

static void write_message(FILE *file, const char *id, int number, int read)
{
	static const char body[] =
		"Maven build of main finished.\\n\\nDuration: 45m 12s, warnings: 3, tests: "
		"skipped.\\n"
		"Artifacts are in /srv/artifacts/main (\\\"systemvm\\\" included); please check "
		"whether build2 sees the same versions, and tell me before the next round starts. "
		"The logs are in build1/logs; what failed there last week has not come back since. "
		"Disk space is fine on both of us, and the cache was cleaned before the build.";
	fprintf(file,
		"    {\n      \"id\": \"%s_%d\",\n      \"from\": \"build%d\",\n      \"to\": "
		"\"all\",\n"
		"      \"type\": \"info\",\n      \"subject\": \"Build %d finished\",\n"
		"      \"body\": \"%s\",\n      \"timestamp\": \"2025-10-%02dT%02d:%02d:13Z\",\n"
		"      \"read\": %s\n    }",
		id, number, number % 2 + 1, number, body, 1 + number / 1440 % 28, number / 60 % 24,
		number % 60, read ? "true" : "false");
}

/* `count` messages; message `flagged` is also read; `added` (NULL: none) is one more. */
static void write_file(const char *name, int count, int flagged, const char *added)
{
	FILE *file = fopen(name, "w");
	if (!file)
		exit(1);
	fputs("{\n  \"messages\": [\n", file);
	for (int i = 0; i < count; i++) {
		write_message(file, "msg", i, i < count / 2 || i == flagged);
		fputs(i + 1 < count || added ? ",\n" : "\n", file);
	}
	if (added) {
		write_message(file, added, count, 0);
		fputc('\n', file);
	}
	fputs("  ]\n}\n", file);
	fclose(file);
}

/* Unread messages are marked, so those in the newer half. */
static void write_triple(int count)
{
	write_file("base.json", count, -1, NULL);
	write_file("ours.json", count, count / 2 + count / 8, "ours");
	write_file("theirs.json", count, count - count / 8, "theirs");
}

static void copy_ours(void)
{
	bench_sh("cp ours.json current.json");
}

struct cost {
	double ms;
	long kilobytes;
};

/* One process from start to end, without its output. */
static struct cost run(char *const argv[])
{
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	int status;
	pid_t pid;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	double start = bench_now_ms();
	if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) ||
		wait4(pid, &status, 0, &usage) < 0 || !WIFEXITED(status) ||
		WEXITSTATUS(status) > 1) { /* 1: the two appended messages conflict for git */
		fprintf(stderr, "%s failed\n", argv[0]);
		exit(1);
	}
	struct cost cost = { bench_now_ms() - start, usage.ru_maxrss };
	posix_spawn_file_actions_destroy(&actions);
	return cost;
}

static char *const driver[] = { program, "base.json", "current.json", "theirs.json", "7",
	"coordination/messages.json", NULL };
static char *const least[] = { program, "base.json", "current.json", "theirs.json", "7",
	"coordination/locks.json", NULL };
static char *const text_merge[] = { "git", "merge-file", "-p", "-q", "ours.json", "base.json",
	"theirs.json", NULL };
static char *const nothing[] = { "true", NULL };

static struct cost run_driver(void)
{
	copy_ours();
	return run(driver);
}

static void measure_megabyte(size_t pairs)
{
	double *ratios = calloc(pairs, sizeof(double)), *ours = calloc(pairs, sizeof(double));
	double *gits = calloc(pairs, sizeof(double));
	struct stat st;
	long most = 0;
	write_triple(1700);
	if (stat("ours.json", &st) < 0)
		exit(1);
	for (size_t i = 0; i < pairs; i++) {
		struct cost cost = run_driver();
		gits[i] = run(text_merge).ms;
		ours[i] = cost.ms;
		ratios[i] = cost.ms / gits[i];
		if (cost.kilobytes > most)
			most = cost.kilobytes;
	}
	bench_report("merge-1mb", bench_median(ratios, pairs), "<= 0.6",
		"merging 1 MB of messages, against git merge-file on the same files");
	bench_report("merge-1mb-memory", (double)most * 1024 / (double)st.st_size, "<= 8.0",
		"the peak memory of that, against the largest input");
	fprintf(stderr, "%.2f MB: %.1f ms, git merge-file: %.1f ms\n", (double)st.st_size / 1e6,
		bench_median(ours, pairs), bench_median(gits, pairs));
	free(ratios);
	free(ours);
	free(gits);
}

static void measure_growth(void)
{
	enum { ROUNDS = 3 };
	double few[ROUNDS], many[ROUNDS];
	write_triple(10000);
	for (size_t i = 0; i < ROUNDS; i++)
		few[i] = run_driver().ms;
	write_triple(100000);
	struct cost cost = { 0 };
	for (size_t i = 0; i < ROUNDS; i++) {
		cost = run_driver();
		many[i] = cost.ms;
	}
	bench_report("merge-growth", bench_median(many, ROUNDS) / bench_median(few, ROUNDS),
		"<= 12", "merging 100,000 messages, against 10,000");
	fprintf(stderr, "100,000 messages: %.0f ms, %ld MB\n", many[ROUNDS / 2],
		cost.kilobytes / 1024);
}

static void measure_least(size_t pairs)
{
	double *more = calloc(pairs, sizeof(double));
	bench_sh("echo '{\"locks\": {}}' >base.json; "
		 "echo '{\"locks\": {\"a\": {\"locked_by\": null}}}' >ours.json; "
		 "echo '{\"locks\": {\"b\": {\"locked_by\": null}}}' >theirs.json");
	for (size_t i = 0; i < pairs; i++) {
		copy_ours();
		double ms = run(least).ms;
		more[i] = ms - run(nothing).ms;
	}
	bench_report("merge-least", bench_median(more, pairs), "<= 0.6",
		"milliseconds that merging 100 bytes takes more than true");
	free(more);
}

int main(int argc, char **argv)
{
	size_t pairs = argc > 1 ? strtoul(argv[1], NULL, 10) : 40;
	const char *built = getenv("GIT_BUILD_BINDIR");
	snprintf(program, sizeof(program), "%s/hooks/merge-driver", built ? built : "build");
	if (!mkdtemp(directory) || chdir(directory) < 0)
		return 1;
	measure_megabyte(pairs);
	measure_growth();
	measure_least(pairs);
	if (chdir("/") < 0)
		return 1;
	char clean_up[80];
	snprintf(clean_up, sizeof(clean_up), "rm -rf %s", directory);
	bench_sh(clean_up);
	return 0;
}
