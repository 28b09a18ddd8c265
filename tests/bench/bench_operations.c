/*
 * Requests to the shared branch: one alone, compared with a bare `git push` of a prepared commit
 * to the same repository, alternating; 1 to 16 clones that write concurrently; the earlier shell
 * script (pull, jq, commit, push, again after a rejection) next to one and to four of them; and a
 * claim from a queue of 10,000 jobs, compared with one from a queue of ten.
 *
 * usage: bench_operations [PAIRS [SECONDS]]
 */
#include "bench/bench.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WRITERS = 16, MOST = 4000 };

static char directory[] = "/tmp/git-build-bench.XXXXXX";

static const char prepare[] =
	"set -e; export HOME=$PWD\n"
	"git config --global user.name bench; git config --global user.email bench@localhost\n"
	"git config --global init.defaultBranch main\n"
	"git build init -q --shared shared.git\n"
	"for i in $(seq 16); do git clone -q shared.git w$i 2>clone.log\n"
	"  (cd w$i; git build init -q --server w$i); done\n"
	"git clone -q shared.git plain 2>clone.log\n";

/* A commit of one changed file, ready to be pushed onto the newest tip. */
static const char ready[] =
	"cd plain && git fetch -q && git reset -q --hard origin/main && "
	"jq --arg n \"$(date +%s%N)\" '.metadata.n = $n' coordination/locks.json >t.json && "
	"mv t.json coordination/locks.json && git commit -q -a -m change";

static const char queue[] =
	"set -e; rm -rf queue$N queue$N.git; git build init -q --shared queue$N.git\n"
	"git clone -q queue$N.git queue$N 2>clone.log; cd queue$N; git build init -q --server q1\n"
	"jq -n --argjson n $N '{jobs: [range($n) | {id: \"job_\\(.)\", type: \"build\", priority: "
	"5,"
	"  description: \"a build of all packages\", branch: \"main\", assigned_to: null,"
	"  commit: \"d8e22ab0af7881b17ddd086bcae2a42a74bfc661\", status: \"queued\","
	"  created_at: \"2025-10-29T22:49:50Z\", started_at: null, completed_at: null}]}'"
	"  >coordination/jobs.json\n"
	"git add -A; git commit -q -m queue; git push -q --no-verify origin main\n";

static const char script[] =
	"cd w$W && until git pull -q --rebase origin main 2>>../seed.log && "
	"jq --arg n \"$(date +%s%N)\" \".metadata.n$W = \\$n\" coordination/locks.json >t.json && "
	"mv t.json coordination/locks.json && git commit -q -a -m lock && "
	"git push -q origin main 2>>../seed.log; do git reset -q --hard origin/main; done";

static double time_sh(const char *command)
{
	double start = bench_now_ms();
	bench_sh(command);
	return bench_now_ms() - start;
}

/* The measurements of the writers, one row each; shared between processes. */
struct row {
	size_t count;
	double took[MOST];
};

/* `command` gets the number of the writer in $W, and the number of the run in $I; it runs an even
 * number of times. */
static void write_until(double end, int writer, const char *command, struct row *row)
{
	char number[32];
	snprintf(number, sizeof(number), "%d", writer);
	setenv("W", number, 1);
	while ((bench_now_ms() < end || row->count % 2) && row->count < MOST) {
		snprintf(number, sizeof(number), "%zu", row->count);
		setenv("I", number, 1);
		row->took[row->count] = time_sh(command);
		row->count++;
	}
	_exit(0);
}

/* `writers` clones write for `seconds`: requests per second; the slowest compared with the
 * median. */
static double run_writers(int writers, double seconds, const char *command, double *slowest)
{
	struct row *rows = mmap(NULL, WRITERS * sizeof(*rows), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double start = bench_now_ms(), *all = calloc((size_t)writers * MOST, sizeof(double));
	size_t count = 0;
	for (int i = 0; i < writers; i++)
		if (!fork())
			write_until(start + seconds * 1e3, i + 1, command, &rows[i]);
	while (wait(NULL) > 0)
		;
	double took = bench_now_ms() - start;
	for (int i = 0; i < writers; i++)
		for (size_t k = 0; k < rows[i].count; k++)
			all[count++] = rows[i].took[k];
	double median = bench_median(all, count);
	*slowest = all[count - 1] / median;
	free(all);
	munmap(rows, WRITERS * sizeof(*rows));
	return (double)count / took * 1e3;
}

static void measure_alone(size_t pairs)
{
	double *bare = calloc(pairs, sizeof(double)), *ours = calloc(pairs, sizeof(double));
	for (size_t i = 0; i < pairs; i++) {
		char command[200];
		bench_sh(ready);
		bare[i] = time_sh("exec git -C plain push -q --no-verify origin main");
		bench_sh("git -C w1 fetch -q");
		snprintf(command, sizeof(command), "exec git -C w1 build lock acquire -q alone%zu",
			i);
		ours[i] = time_sh(command);
	}
	double median = bench_median(bare, pairs);
	fprintf(stderr, "bare git push: %.1f ms\n", median);
	bench_report("operation-alone", bench_median(ours, pairs) / median, "<= 1.6",
		"a lock acquired, against a bare git push");
	free(bare);
	free(ours);
}

static void measure_writers(double seconds)
{
	/* A lock is acquired and released alternately, so that the size of the file does not
	 * change. */
	static const char ours[] = "case $I in *[13579]) verb=release;; *) verb=acquire;; esac;"
				   "exec git -C w$W build lock $verb -q w$W";
	double slowest, one = 0, rate = 0;
	for (int writers = 1; writers <= WRITERS; writers *= 2) {
		char name[40], what[100];
		rate = run_writers(writers, seconds, ours, &slowest);
		if (writers == 1)
			one = rate;
		snprintf(name, sizeof(name), "writers-%d", writers);
		snprintf(what, sizeof(what), "operations a second of %d clones at once", writers);
		bench_report(name, rate, "", what);
		snprintf(name, sizeof(name), "writers-%d-slowest", writers);
		bench_report(name, slowest, "<= 20", "the slowest of them, against the median");
	}
	bench_report(
		"writers-16-of-1", rate / one, ">= 0.5", "the rate of 16, against that of one");
	for (int writers = 1; writers <= 4; writers *= 4) {
		char name[40];
		rate = run_writers(writers, seconds, script, &slowest);
		snprintf(name, sizeof(name), "script-%d", writers);
		bench_report(name, rate, "", "the same by the shell script");
		snprintf(name, sizeof(name), "script-%d-slowest", writers);
		bench_report(name, slowest, "", "the slowest of them, against the median");
	}
}

static void measure_queue(size_t pairs)
{
	double *ten = calloc(pairs, sizeof(double)), *many = calloc(pairs, sizeof(double));
	setenv("N", "10", 1);
	bench_sh(queue);
	setenv("N", "10000", 1);
	bench_sh(queue);
	for (size_t i = 0; i < pairs; i++) {
		ten[i] = time_sh("exec git -C queue10 build job claim >/dev/null");
		many[i] = time_sh("exec git -C queue10000 build job claim >/dev/null");
	}
	bench_report("claim-10000", bench_median(many, pairs) / bench_median(ten, pairs), "<= 3",
		"a claim from a queue of 10,000 jobs, against one from ten");
	free(ten);
	free(many);
}

int main(int argc, char **argv)
{
	size_t pairs = argc > 1 ? strtoul(argv[1], NULL, 10) : 20;
	double seconds = argc > 2 ? strtod(argv[2], NULL) : 6;
	if (!mkdtemp(directory) || chdir(directory))
		return 1;
	setenv("HOME", directory, 1);
	bench_sh(prepare);
	measure_alone(pairs);
	measure_writers(seconds);
	measure_queue(pairs < 10 ? pairs : 9);
	bench_sh("cd / && rm -rf \"$HOME\"");
	return 0;
}
