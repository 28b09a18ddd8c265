/*
 * The cost of checking.
 *
 * A push of one heartbeat through the pre-receive hook, compared with a hook that is `true`, in
 * pairs. And the first push of 5,000 commits that change a growing file of 500 KB: the hook,
 * compared with `git cat-file --batch` of the same blobs, on one processor and on all.
 *
 * usage: bench_guard [PAIRS [COMMITS]]
 */
#include "bench/bench.h"

#include "base/buf.h"
#include "base/file.h"
#include "json/write.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[] = "/tmp/git-build-bench.XXXXXX";

/* ---- whole processes ---- */

static double time_process(const char *const *argv)
{
	int status;
	double start = bench_now_ms();
	pid_t pid = fork();
	if (!pid) {
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status) {
		fprintf(stderr, "failed: %s\n", argv[0]);
		exit(1);
	}
	return bench_now_ms() - start;
}

/* ---- files ---- */

static void put_message(struct json_writer *w, size_t i, bool read)
{
	char id[64];
	snprintf(id, sizeof(id), "msg_%zu", 1730203200 + 60 * i);
	json_begin(w, '{');
	json_put_string(w, "id", id);
	json_put_string(w, "from", i % 2 ? "build1" : "build2");
	json_put_string(w, "to", i % 3 ? "all" : "build1");
	json_put_string(w, "type", i % 5 ? "info" : "warning");
	json_put_string(w, "subject", "Build finished");
	json_put_string(w, "body",
		"Maven build of main finished.\n\nDuration: 45m 12s, warnings: 3, tests: skipped. "
		"Artifacts are in /srv/artifacts/main; please check the versions.");
	json_put_string(w, "timestamp", "2025-10-29T15:39:13Z");
	json_put_bool(w, "read", read);
	json_end(w);
}

/* The first `read` of `count` messages have been read. */
static void put_messages(struct buf *text, size_t count, size_t read)
{
	struct json_writer w = JSON_WRITER_INIT(text);
	json_begin(&w, '{');
	json_begin_member(&w, "messages", '[');
	for (size_t i = 0; i < count; i++)
		put_message(&w, i, i < read);
	json_end(&w);
	json_end(&w);
	buf_addch(text, '\n');
}

static void write_file(const char *path, const struct buf *text)
{
	struct error err = ERROR_INIT;
	if (file_replace(path, text->data, text->len, 0644, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
}

/* ---- the figures ---- */

static void write_heartbeat(void)
{
	struct buf text = BUF_INIT;
	buf_addstr(&text,
		"{\n  \"server\": \"build1\",\n  \"timestamp\": \"2025-10-29T12:00:00Z\",\n"
		"  \"uptime_seconds\": 86400,\n  \"healthy\": true\n}\n");
	write_file("heartbeat.json", &text);
	buf_release(&text);
}

static const char prepare_push[] =
	"set -e; export HOME=$PWD\n"
	"git config --global user.name bench; git config --global user.email bench@localhost\n"
	"git config --global init.defaultBranch main\n"
	"git build init -q --shared judged.git; git build init -q --shared free.git\n"
	"printf '#!/bin/sh\\nexec true\\n' > free.git/hooks/pre-receive\n"
	"git clone -q judged.git clone 2>clone.log; cd clone; git build init -q --server build1\n"
	"git push -q --no-verify ../free.git main; n=0\n"
	"while [ $n -lt $PAIRS ]; do n=$((n + 1))\n"
	"  blob=$(sed \"s/86400/$n/\" ../heartbeat.json | git hash-object -w --stdin)\n"
	"  inner=$(printf '100644 blob %s\\theartbeat.json\\n' $blob | git mktree)\n"
	"  tree=$(printf '040000 tree %s\\tbuild1\\n' $inner | git mktree)\n"
	"  parent=$(git commit-tree ${parent:+-p $parent} -m \"Heartbeat $n\" $tree); echo "
	"$parent\n"
	"done > ../commits\n"
	"cd ..; rm -f judged.git/refs/heads/heartbeat-build1\n";

static void bench_push(size_t pairs)
{
	double *checked = calloc(pairs, sizeof(double)), *unjudged = calloc(pairs, sizeof(double));
	char number[32], commit[64], refspec[100];
	snprintf(number, sizeof(number), "%zu", pairs);
	setenv("PAIRS", number, 1);
	bench_sh(prepare_push);
	setenv("HOME", directory, 1);
	FILE *commits = fopen("commits", "r");
	for (size_t i = 0; i < pairs && fgets(commit, sizeof(commit), commits); i++) {
		snprintf(refspec, sizeof(refspec), "+%.40s:refs/heads/heartbeat-build1", commit);
		const char *through[] = { "git", "-C", "clone", "push", "-q", "--no-verify",
			"../judged.git", refspec, NULL };
		const char *past[] = { "git", "-C", "clone", "push", "-q", "--no-verify",
			"../free.git", refspec, NULL };
		checked[i] = time_process(through);
		unjudged[i] = time_process(past);
	}
	fclose(commits);
	bench_report("hook-push-ms", bench_median(checked, pairs) - bench_median(unjudged, pairs),
		"<= 15.0",
		"milliseconds that the hook adds to the push of a heartbeat, compared with `true`");
	free(checked);
	free(unjudged);
}

/* A bare repository with COMMITS commits of one file that grows from 400 to 600 KB, in one pack
 * as after a push, and without a ref: no commit is on a branch yet. */
static void make_history(size_t commits)
{
	FILE *import = popen("git init -q --bare first.git && "
			     "git -C first.git fast-import --quiet",
		"w");
	struct buf text = BUF_INIT;
	for (size_t i = 0; import && i < commits; i++) {
		buf_reset(&text);
		put_messages(&text, 1050 + 525 * i / commits, i % 1000);
		fprintf(import,
			"commit refs/heads/tmp\ncommitter T <t@example.com> %zu +0000\ndata 1\nc\n"
			"M 100644 inline coordination/messages.json\ndata %zu\n%s\n",
			1700000000 + i, text.len, text.data);
	}
	buf_release(&text);
	if (!import || pclose(import))
		exit(1);
	bench_sh("set -e; cd first.git; git rev-parse tmp >../tip\n"
		 "git rev-list --objects tmp | sed -n 's/ coordination.*json$//p' >../blobs\n"
		 "git repack -adfq --depth=50 --window=10; git update-ref -d refs/heads/tmp\n"
		 "echo \"0000000000000000000000000000000000000000 $(cat ../tip) refs/heads/main\" "
		 ">../update");
}

static void bench_first_push(size_t commits)
{
	/* Into a pipe, as for a program that reads them; and into /dev/null. */
	const char *read_all[] = { "taskset", "1", "sh", "-c",
		"git -C first.git cat-file --batch <blobs | cat >/dev/null", NULL };
	const char *drop_all[] = { "taskset", "1", "sh", "-c",
		"git -C first.git cat-file --batch <blobs >/dev/null", NULL };
	const char *on_one[] = { "sh", "-c",
		"cd first.git && exec taskset 1 \"$GIT_BUILD_BINDIR/hooks/pre-receive\" <../update",
		NULL };
	const char *on_all[] = { "sh", "-c",
		"cd first.git && exec \"$GIT_BUILD_BINDIR/hooks/pre-receive\" <../update", NULL };
	make_history(commits);
	double bare = time_process(read_all), dropped = time_process(drop_all);
	double one = time_process(on_one);
	bench_report("guard-first-push", one / bare, "<= 3.0",
		"checking the first push of 5,000 commits of a 500 KB file, one processor, against "
		"git cat-file --batch into a pipe");
	bench_report("guard-first-push-null", one / dropped, "",
		"the same against git cat-file --batch into /dev/null");
	bench_report("guard-first-push-all", time_process(on_all) / bare, "",
		"the same on all processors");
	fprintf(stderr, "git cat-file --batch of all blobs: %.1f s\n", bare / 1e3);
}

int main(int argc, char **argv)
{
	size_t pairs = argc > 1 ? strtoul(argv[1], NULL, 10) : 40;
	if (!pairs || !mkdtemp(directory) || chdir(directory))
		return 1;
	write_heartbeat();
	bench_push(pairs);
	bench_first_push(argc > 2 ? strtoul(argv[2], NULL, 10) : 5000);
	bench_sh("cd / && rm -rf \"$HOME\"");
	return 0;
}
