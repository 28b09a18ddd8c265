/*
 * A pushed heartbeat, compared with a bare `git push` of a prepared commit with four objects to
 * the same repository, in pairs: single (`git build heartbeat`, one process each), in a loop (one
 * process), and the shell script that people use today: pull, jq, commit, push.
 *
 * usage: bench_heartbeat [PAIRS]
 */
#include "bench/bench.h"

#include "base/env.h"
#include "heartbeat/heartbeat.h"

#include <string.h>
#include <unistd.h>

static char directory[] = "/tmp/git-build-bench.XXXXXX";

static const char prepare[] =
	"set -e; export HOME=$PWD\n"
	"git config --global user.name bench; git config --global user.email bench@localhost\n"
	"git config --global init.defaultBranch main\n"
	"git build init -q --shared shared.git\n"
	"for i in server loop plain seed; do git clone -q shared.git $i 2>clone.log; done\n"
	"(cd server; git build init -q --server build1)\n"
	"(cd loop; git build init -q --server build2)\n"
	/* Commits of four objects each, ready to be pushed: commit, two trees, blob. */
	"cd plain; parent=; n=0\n"
	"while [ $n -lt $PAIRS ]; do n=$((n + 1))\n"
	"  blob=$(printf '{\\n  \"server\": \"plain\",\\n  "
	"\"timestamp\": \"2026-01-01T00:00:00Z\",\\n  \"healthy\": true,\\n  \"n\": %d\\n}\\n' $n "
	"| git hash-object "
	"-w --stdin)\n"
	"  inner=$(printf '100644 blob %s\\theartbeat.json\\n' $blob | git mktree)\n"
	"  tree=$(printf '040000 tree %s\\tplain\\n' $inner | git mktree)\n"
	"  parent=$(git commit-tree ${parent:+-p $parent} -m \"Heartbeat $n\" $tree); echo "
	"$parent\n"
	"done > ../commits\n"
	"cd ../seed; git pull -q origin main 2>../seed.log\n";

static const char seed_script[] =
	"cd seed && git pull -q origin main 2>>../seed.log && "
	"jq \".timestamp = \\\"$(date -u +%Y-%m-%dT%H:%M:%SZ)\\\" | .uptime_seconds += 1\" "
	"build1/heartbeat.json > tmp.json && mv tmp.json build1/heartbeat.json && "
	"git add build1/heartbeat.json && git commit -q -m \"Heartbeat: build1 $(date -u "
	"+%H:%M:%S)\" && "
	"git push -q origin main 2>>../seed.log";

static double time_sh(const char *script)
{
	double start = bench_now_ms();
	bench_sh(script);
	return bench_now_ms() - start;
}

static double time_heartbeat(struct heartbeat_sender *heartbeat)
{
	struct heartbeat_result result = HEARTBEAT_RESULT_INIT;
	struct error err = ERROR_INIT;
	double start = bench_now_ms();
	if (heartbeat_send(heartbeat, true, true, &result, &err) < 0 || !result.pushed) {
		fprintf(stderr, "%s%s\n", err.text, result.pushing.text);
		exit(1);
	}
	double took = bench_now_ms() - start;
	heartbeat_result_release(&result);
	return took;
}

static struct heartbeat_sender *open_loop(struct repo **repo, struct settings *settings)
{
	struct heartbeat_sender *heartbeat;
	struct error err = ERROR_INIT;
	if (repo_open(repo, "loop", &err) < 0 || settings_load(settings, *repo, NULL, &err) < 0 ||
		heartbeat_open(&heartbeat, *repo, settings, env_system(), &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	return heartbeat;
}

int main(int argc, char **argv)
{
	size_t pairs = argc > 1 ? strtoul(argv[1], NULL, 10) : 40;
	char number[32];
	snprintf(number, sizeof(number), "%zu", 2 * pairs);
	setenv("PAIRS", number, 1);
	if (!mkdtemp(directory) || chdir(directory))
		return 1;
	bench_sh(prepare);
	setenv("HOME", directory, 1);

	struct repo *repo;
	struct settings settings;
	struct heartbeat_sender *heartbeat = open_loop(&repo, &settings);
	FILE *commits = fopen("commits", "r");
	double *push = calloc(2 * pairs, sizeof(double)), *shot = calloc(pairs, sizeof(double));
	double *loop = calloc(pairs, sizeof(double)), *seed = calloc(pairs, sizeof(double));
	for (size_t i = 0; i < 2 * pairs; i++) {
		char commit[64], script[200];
		if (!fgets(commit, sizeof(commit), commits))
			return 1;
		snprintf(script, sizeof(script),
			"exec git -C plain push -q origin %.40s:refs/heads/heartbeat-plain",
			commit);
		push[i] = time_sh(script);
		if (i % 2)
			loop[i / 2] = time_heartbeat(heartbeat);
		else
			shot[i / 2] = time_sh("exec git -C server build heartbeat -q --push");
		if (i % 4 == 3) /* fewer runs of the slow one */
			seed[i / 4] = time_sh(seed_script);
	}
	double bare = bench_median(push, 2 * pairs);
	bench_report("heartbeat-one-shot", bench_median(shot, pairs) / bare, "<= 1.6",
		"a single pushed heartbeat, against a bare git push");
	bench_report("heartbeat-loop", bench_median(loop, pairs) / bare, "<= 1.15",
		"a pushed heartbeat of a running loop, against a bare git push");
	bench_report("heartbeat-script", bench_median(seed, pairs / 2) / bare, "",
		"the shell script (pull, jq, commit, push), against a bare git push");
	fprintf(stderr, "bare git push: %.1f ms\n", bare);
	heartbeat_close(heartbeat);
	settings_release(&settings);
	repo_close(repo);
	fclose(commits);
	free(push);
	free(shot);
	free(loop);
	free(seed);
	bench_sh("cd / && rm -rf \"$HOME\"");
	return 0;
}
