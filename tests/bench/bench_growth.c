/*
 * The disk space of a week of heartbeats: 10,000 heartbeats of one server, then `git gc` in the
 * shared repository.
 *
 * At one heartbeat per minute, this takes a week; here it takes minutes. gc keeps unreachable
 * objects for an hour (gc.pruneExpire), so the size is measured twice: immediately, and with the
 * times of the files set back as after a week, except for those of the last hour.
 *
 * usage: bench_growth [HEARTBEATS]
 */
#include "bench/bench.h"

#include "base/env.h"
#include "heartbeat/heartbeat.h"

#include <string.h>
#include <unistd.h>

static char directory[] = "/tmp/git-build-bench.XXXXXX";

static double read_number(const char *command)
{
	double number = -1;
	FILE *pipe = popen(command, "r");
	if (!pipe || fscanf(pipe, "%lf", &number) != 1)
		number = -1;
	if (pipe)
		pclose(pipe);
	return number;
}

static void heartbeat(size_t heartbeats)
{
	struct repo *repo;
	struct settings settings;
	struct heartbeat_sender *heartbeat;
	struct error err = ERROR_INIT;
	if (repo_open(&repo, "server", &err) < 0 ||
		settings_load(&settings, repo, NULL, &err) < 0 ||
		heartbeat_open(&heartbeat, repo, &settings, env_system(), &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	for (size_t i = 0; i < heartbeats; i++) {
		struct heartbeat_result result = HEARTBEAT_RESULT_INIT;
		if (heartbeat_send(heartbeat, true, false, &result, &err) < 0 ||
			result.pushing.code < 0) {
			fprintf(stderr, "%s%s\n", err.text, result.pushing.text);
			exit(1);
		}
		heartbeat_result_release(&result);
	}
	heartbeat_close(heartbeat);
	settings_release(&settings);
	repo_close(repo);
}

int main(int argc, char **argv)
{
	size_t heartbeats = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;
	if (!mkdtemp(directory) || chdir(directory))
		return 1;
	setenv("HOME", directory, 1);
	bench_sh("git config --global init.defaultBranch main && git build init -q --shared "
		 "shared.git && "
		 "git clone -q shared.git server 2>clone.log && git -C server build init -q "
		 "--server build1");
	double main_before = read_number("git -C shared.git rev-list --count main");
	heartbeat(heartbeats);
	static const char size[] = "du -sk --apparent-size shared.git | cut -f1";
	bench_report("growth-raw", read_number(size) / 1024, "",
		"MB of the shared repository after the heartbeats");
	bench_sh("cp -a shared.git now.git && git -C now.git gc -q");
	bench_report("growth-gc-now",
		read_number("du -sk --apparent-size now.git | cut -f1") / 1024, "",
		"MB after an immediate git gc, which keeps the objects of the last hour (here: "
		"all)");
	/* The last hour of a week has 60 heartbeats; they are reachable, and are kept
	 * at any age. */
	bench_sh("find shared.git/objects -type f -exec touch -d '3 hours ago' {} + && git -C "
		 "shared.git gc -q");
	bench_report("growth-gc", read_number(size) / 1024, "<= 1",
		"MB after git gc with heartbeats as old as after a week");
	bench_report("growth-commits",
		read_number("git -C shared.git rev-list --count heartbeat-build1"), "<= 60",
		"commits on the heartbeat branch");
	bench_report("growth-main",
		read_number("git -C shared.git rev-list --count main") - main_before, "<= 0",
		"commits that main gained");
	bench_sh("git -C shared.git fsck --strict >fsck.log 2>&1 && cd / && rm -rf \"$HOME\"");
	return 0;
}
