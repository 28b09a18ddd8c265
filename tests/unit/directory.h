/* A temporary directory for the tests of one program, or of one test each: enter_directory() makes it
 * the current directory, and leave_directory() removes it. */
#ifndef UNIT_DIRECTORY_H
#define UNIT_DIRECTORY_H

#include "unit/unit.h"

#include <stdio.h>
#include <unistd.h>

static char directory[] = "/tmp/git-build-unit.XXXXXX";

/* Also forgets the repository of a hook that runs the tests. */
__attribute__((unused)) static int enter_directory(void **state)
{
	(void)state;
	strcpy(strrchr(directory, '.'), ".XXXXXX");
	unsetenv("GIT_DIR");
	return mkdtemp(directory) && !chdir(directory) && !setenv("HOME", directory, 1) ? 0 : -1;
}

__attribute__((unused)) static int leave_directory(void **state)
{
	(void)state;
	char command[128];
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return chdir("/") || system(command);
}

__attribute__((unused)) static void sh(const char *script)
{
	fflush(stdout);
	if (system(script))
		fail_msg("failed: %s", script);
}

#endif
