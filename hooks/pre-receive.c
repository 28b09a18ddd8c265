/*
 * pre-receive: decides, at the shared repository, whether a push may land: all of its refs or none.
 *
 * git feeds "<old> <new> <ref>" a line on standard input (githooks(5)), and the pushed objects lie
 * in a quarantine that only this hook sees. It reads; it never writes an object or a ref. Whatever
 * goes wrong in here refuses the push: what could not be judged does not land. A push is accepted
 * only after the input was read to its end, every line of it understood, at least one, and every
 * ref judged. git never runs this hook without a line. Only a lock that a power cut has left on a
 * pushed ref is removed, since no push could ever land again.
 */
#include "check.h"

#include "base/alloc.h"
#include "hook.h"
#include "locks/boot_locks.h"

#include <stdlib.h>
#include <string.h>

enum { OID_HEX = 40 };

/* "<old> <new> <ref>" */
static bool parse_line(char *line, struct guard_update *update)
{
	char *new = line + OID_HEX + 1, *ref = new + OID_HEX + 1;
	if (strlen(line) <= 2 * (OID_HEX + 1) || new[-1] != ' ' || ref[-1] != ' ')
		return false;
	new[-1] = ref[-1] = '\0';
	update->ref = ref;
	return oid_parse(&update->old, line) && oid_parse(&update->new, new) && push_ref_ok(ref);
}

/* A lock that cannot be removed shows by itself: git cannot move the ref. */
static void remove_dead_locks(struct repo *repo, const char *ref)
{
	struct error err = ERROR_INIT;
	int removed = boot_locks_remove_for(repo_place(repo), ref, &err);
	if (removed > 0)
		hook_print("warning: removed a lock on %s that is older than this machine's start",
			ref);
	else if (removed < 0)
		hook_print("warning: %s", err.text);
}

static int check_all(struct repo *repo, struct guard *guard, const struct push *push)
{
	int found = 0, failed = 0;
	for (size_t i = 0; i < push->count; i++) {
		int rc = check_update(guard, &push->updates[i]);
		if (!rc)
			remove_dead_locks(repo, push->updates[i].ref);
		failed |= rc < 0;
		found += rc > 0 ? rc : 0;
	}
	if (failed)
		hook_print("nothing of this push has landed, since it could not all be judged");
	else if (found)
		hook_print("nothing of this push has landed: mend the %s above in the commits that "
			   "brought "
			   "%s (git rebase -i, or a new commit on the tip you fetched), then push "
			   "again",
			found == 1 ? "line" : "lines", found == 1 ? "it" : "them");
	return failed || found;
}

static int check_push(const struct push *push)
{
	struct repo *repo = NULL;
	struct guard *guard = NULL;
	struct guard_plan plan = { .variable = getenv };
	struct error err = ERROR_INIT;
	int refused = 1;
	if (repo_open(&repo, NULL, &err) < 0 || guard_open(&guard, repo, &plan, &err) < 0)
		hook_print("the push cannot be judged, and so does not land: %s", err.text);
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
	if (!refused && !push.count) {
		hook_print("standard input is empty: git names no ref");
		refused = 1;
	}
	if (refused)
		hook_print("push rejected: git's list of refs was not understood; push again");
	else
		refused = hook_run_kept(&hook, &push.input);
	if (!refused)
		refused = check_push(&push);
	push_release(&push);
	return refused;
}
