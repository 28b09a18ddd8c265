/* How two builds differ, shown: for git build artifacts compare. */
#ifndef BUILDS_ARTIFACTS_COMPARE_H
#define BUILDS_ARTIFACTS_COMPARE_H

#include "cli/command.h"

#include "artifacts/manifest.h"

/* Shows how builds `a` and `b` differ, whose files are in these folders if they are on this host.
 * ANSWER_YES: they do not. */
int artifacts_compare(const struct invocation *inv, const struct manifest *a,
	const char *a_directory, const struct manifest *b, const char *b_directory);

#endif
