/*
 * prepare-commit-msg: adds the values that the merge driver discarded to the message of a merge
 * commit (githooks(5)). It never stops a commit.
 *
 * It does not use libgit2: git runs it for each commit.
 *
 * usage: prepare-commit-msg FILE [SOURCE [COMMIT]]
 */
#include "discarded.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	if (argc > 1 && discarded_add_to_message(argv[1], &err) < 0)
		fprintf(stderr,
			"git-build: warning: cannot add the discarded values to the message: %s\n",
			err.text);
	return 0;
}
