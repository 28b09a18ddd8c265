/*
 * pre-push: checks a push in the clone, with the same rules as pre-receive, so that the user gets
 * the errors early.
 *
 * git writes one line "<local ref> <local oid> <remote ref> <remote oid>" per ref on standard input
 * (githooks(5)). `git push --no-verify` skips this hook; the shared repository checks every push
 * anyway.
 *
 * git also runs the hook without any line, if everything is up to date or if git itself rejects
 * every ref. Nothing is pushed then, and the hook succeeds, but only after it has read its input to
 * the end. If git dies before it has written all lines, it pushes nothing either.
 */
#include "check.h"

#include "base/alloc.h"
#include "hook.h"

#include <stdlib.h>
#include <string.h>

/* Splits the last word off `line`, at the space before it; NULL if there is no space. */
static char *cut_word(char *line)
{
	char *space = strrchr(line, ' ');
	if (!space)
		return NULL;
	*space = '\0';
	return space + 1;
}

/* The local ref is what the user wrote, and may have spaces: "HEAD^{/Fix the build}". */
static bool parse_line(char *line, struct guard_update *update)
{
	char *old = cut_word(line), *ref = old ? cut_word(line) : NULL;
	char *new = ref ? cut_word(line) : NULL;
	update->ref = ref;
	return new &&*line &&oid_parse(&update->old, old) && push_ref_ok(ref) &&
		oid_parse(&update->new, new);
}

/* If the old tip was never fetched, there is nothing to compare with, but the new commits can still
 * be checked. */
static int forget_unknown(struct repo *repo, struct guard_update *update)
{
	struct error err = ERROR_INIT;
	int known = oid_is_none(&update->old) ? 1 : repo_has(repo, &update->old, &err);
	if (!known)
		update->old = OID_NONE;
	else if (known < 0)
		hook_print("%s: cannot be checked: %s", update->ref, err.text);
	return known < 0 ? known : 0;
}

/* Returns whether the push is stopped. */
static bool check_all(struct repo *repo, struct guard *guard, struct push *push)
{
	size_t found = 0;
	bool failed = false;
	for (size_t i = 0; i < push->count; i++)
		if (forget_unknown(repo, &push->updates[i]) < 0 ||
			check_update(guard, &push->updates[i], &found) < 0)
			failed = true;
	if (failed || found)
		hook_print(
			"nothing was pushed: fix each error above in the commit that introduced "
			"it (git rebase -i), then push again; a new commit on top is not enough");
	return failed || found;
}

static int check_push(struct push *push, const char *remote)
{
	struct repo *repo = NULL;
	struct guard *guard = NULL;
	struct guard_plan plan = { .remote = remote ? remote : "origin", .variable = getenv };
	struct error err = ERROR_INIT;
	int refused = 1;
	if (repo_open(&repo, NULL, &err) < 0 || guard_open(&guard, repo, &plan, &err) < 0)
		hook_print("%s", err.text);
	else
		refused = check_all(repo, guard, push);
	guard_free(guard);
	repo_close(repo);
	return refused;
}

int main(int argc, char **argv)
{
	struct hook hook;
	struct push push = PUSH_INIT;
	hook_start(&hook, argc, argv);
	alloc_keep_memory();
	int refused = push_read(&push, parse_line) < 0;
	if (refused)
		hook_print("push stopped: cannot read git's list of refs; push again");
	else
		refused = hook_run_kept(&hook, &push.input);
	if (!refused && push.count)
		refused = check_push(&push, hook.arguments[0]);
	push_release(&push);
	return refused;
}
