/*
 * pre-receive: runs in the shared repository, and accepts a push or rejects it with all its refs.
 *
 * git writes one line "<old> <new> <ref>" per ref on standard input (githooks(5)). The pushed
 * objects are in a quarantine directory that only this hook can read. The hook never writes an
 * object or a ref.
 *
 * If anything fails here, the push is rejected: a push that cannot be checked is not accepted. A
 * push is accepted only after the input was read to its end, has at least one line and only valid
 * ones, and every ref was checked. git never runs this hook without a line.
 *
 * The hook removes only a lock file that a power cut left on a pushed ref, because otherwise no
 * push could ever update that ref again.
 */
#include "check.h"

#include "base/alloc.h"
#include "hook.h"
#include "locks/boot_locks.h"

#include <stdlib.h>
#include <string.h>

/* If the lock cannot be removed, git reports it when it fails to update the ref. */
static void remove_dead_locks(struct repo *repo, const char *ref)
{
	struct error err = ERROR_INIT;
	int removed = boot_locks_remove_for(repo_place(repo), ref, &err);
	if (removed > 0)
		hook_print(
			"warning: removed a lock on %s that is older than this host's start", ref);
	else if (removed < 0)
		hook_print("warning: %s", err.text);
}

/* The hook proc-receive checks requests, asks the user's own hook about the changes that they make,
 * and keeps the ref. */
static void drop_requests(struct push *push)
{
	size_t kept = 0;
	buf_reset(&push->input);
	for (size_t i = 0; i < push->count; i++) {
		const struct guard_update *update = &push->updates[i];
		if (push_is_request(update))
			continue;
		buf_addf(&push->input, "%s %s %s\n", update->old.hex, update->new.hex, update->ref);
		push->updates[kept++] = *update;
	}
	push->count = kept;
}

/* Returns whether the push is rejected. */
static bool check_all(struct repo *repo, struct guard *guard, const struct push *push)
{
	size_t found = 0;
	bool failed = false;
	for (size_t i = 0; i < push->count; i++) {
		size_t before = found;
		if (check_update(guard, &push->updates[i], &found) < 0)
			failed = true;
		else if (found == before)
			remove_dead_locks(repo, push->updates[i].ref);
	}
	if (failed)
		hook_print("push rejected: not every ref could be checked");
	else if (found)
		hook_print("push rejected: fix the %s above in the %s (git rebase -i, or a new "
			   "commit on the tip that you fetched), then push again",
			found == 1 ? "error" : "errors",
			found == 1 ? "commit that introduced it" : "commits that introduced them");
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
		hook_print("push rejected: it cannot be checked: %s", err.text);
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
	int refused = push_read(&push, push_parse_received) < 0;
	if (!refused && !push.count) {
		hook_print("standard input: empty; expected at least one ref from git");
		refused = 1;
	}
	if (refused)
		hook_print("push rejected: cannot read git's list of refs; push again");
	else if (push_has_request(&push))
		drop_requests(&push);
	if (!refused && push.count)
		refused = hook_run_kept(&hook, &push.input);
	if (!refused && push.count)
		refused = check_push(&push);
	push_release(&push);
	return refused;
}
