/*
 * pre-receive: decides, at the shared repository, whether a push may land: all of its refs or none.
 *
 * git feeds "<old> <new> <ref>" a line on standard input (githooks(5)), and the pushed objects lie
 * in a quarantine that only this hook sees. It reads; it never writes an object or a ref. Whatever
 * goes wrong in here refuses the push: what could not be judged does not land.
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
	line[strcspn(line, "\n")] = '\0';
	if (strlen(line) < 83 || line[40] != ' ' || line[81] != ' ')
		return -1;
	line[40] = line[81] = '\0';
	update->ref = line + 82;
	return oid_parse(&update->old, line) && oid_parse(&update->new, line + 41) ? 0 : -1;
}

static int judge_all(struct guard *guard)
{
	const struct env *env = env_system();
	int64_t now = env->now(env->data);
	char *line = NULL;
	size_t size = 0;
	int found = 0, failed = 0;
	while (getline(&line, &size, stdin) > 0) {
		struct guard_update update = { .now = now };
		int rc = parse_line(line, &update);
		if (rc < 0)
			judge_say("git said '%s', which this hook does not understand", line);
		else
			rc = judge_update(guard, &update);
		failed |= rc < 0;
		found += rc > 0 ? rc : 0;
	}
	free(line);
	if (failed)
		judge_say("nothing of this push has landed, since it could not all be judged");
	else if (found)
		judge_say("nothing of this push has landed: mend the %s above in the commits that "
			  "brought "
			  "%s (git rebase -i, or a new commit on the tip you fetched), then push "
			  "again",
			found == 1 ? "line" : "lines", found == 1 ? "it" : "them");
	return failed || found;
}

int main(void)
{
	struct repo *repo;
	struct guard *guard;
	struct guard_plan plan = { .variable = getenv };
	struct error err = ERROR_INIT;
	alloc_set_handler(out_of_memory);
	alloc_keep_memory();
	if (repo_open(&repo, NULL, &err) < 0) {
		judge_say("the push cannot be judged, and so does not land: %s", err.text);
		return 1;
	}
	if (guard_open(&guard, repo, &plan, &err) < 0) {
		judge_say("the push cannot be judged, and so does not land: %s", err.text);
		repo_close(repo);
		return 1;
	}
	int refused = judge_all(guard);
	guard_free(guard);
	repo_close(repo);
	return refused;
}
