/*
 * prepare-commit-msg: adds the values that the merge driver discarded to the message of a merge
 * commit (githooks(5)). It never stops a commit; only the user's own hook can.
 *
 * It does not use libgit2, to start fast: git runs it for each commit.
 *
 * usage: prepare-commit-msg FILE [SOURCE [COMMIT]]
 */
#include "discarded.h"
#include "hook.h"

int main(int argc, char **argv)
{
	struct hook hook;
	struct error err = ERROR_INIT;
	hook_start(&hook, argc, argv);
	int status = hook_run_kept(&hook, NULL);
	if (!status && hook.arguments[0] && discarded_add_to_message(hook.arguments[0], &err) < 0)
		hook_print("warning: cannot add the discarded values to the message: %s", err.text);
	return status;
}
