/*
 * pre-push: tells the author before the network does, with the same engine as pre-receive.
 *
 * git feeds "<local ref> <local oid> <remote ref> <remote oid>" a line (githooks(5)). `git push
 * --no-verify` skips it; the shared repository decides all the same.
 */
#include "judge.h"

#include "base/alloc.h"
#include "base/env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void out_of_memory(void)
{
	static const char text[] = "git-build: out of memory; the push was not judged\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
	(void)ignored;
	_exit(1);
}

static int parse_line(char *line, struct guard_update *update)
{
	char *save = NULL, *field[4];
	char *at = line;
	for (int i = 0; i < 4; i++, at = NULL)
		if (!(field[i] = strtok_r(at, " \n", &save)))
			return -1;
	update->ref = field[2];
	return oid_parse(&update->new, field[1]) && oid_parse(&update->old, field[3]) ? 0 : -1;
}

static int judge_all(struct repo *repo, struct guard *guard)
{
	const struct env *env = env_system();
	int64_t now = env->now(env->data);
	char *line = NULL;
	size_t size = 0;
	int refused = 0;
	while (getline(&line, &size, stdin) > 0) {
		struct guard_update update = { .now = now };
		if (parse_line(line, &update) < 0) {
			judge_say("git said something that this hook does not understand");
			refused = 1;
			continue;
		}
		/* A tip that was never fetched cannot be compared with: what is new is judged all
		 * the same. */
		struct error err = ERROR_INIT;
		int known = oid_is_none(&update.old) ? 1 : repo_has(repo, &update.old, &err);
		if (known < 0) {
			judge_say("%s", err.text);
			refused = 1;
			continue;
		}
		if (!known)
			update.old = OID_NONE;
		refused |= judge_update(guard, &update) != 0;
	}
	free(line);
	if (refused)
		judge_say("nothing was pushed: every commit is checked, so fix each line above in "
			  "the "
			  "commit that brought it (git rebase -i) and push again; a commit on top "
			  "does not help");
	return refused;
}

int main(int argc, char **argv)
{
	struct repo *repo;
	struct guard *guard;
	struct error err = ERROR_INIT;
	struct guard_plan plan = { .remote = argc > 1 ? argv[1] : "origin", .variable = getenv };
	alloc_set_handler(out_of_memory);
	alloc_keep_memory();
	if (repo_open(&repo, NULL, &err) < 0) {
		judge_say("%s", err.text);
		return 1;
	}
	if (guard_open(&guard, repo, &plan, &err) < 0) {
		judge_say("%s", err.text);
		repo_close(repo);
		return 1;
	}
	int refused = judge_all(repo, guard);
	guard_free(guard);
	repo_close(repo);
	return refused;
}
