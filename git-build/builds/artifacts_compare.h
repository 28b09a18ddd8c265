/* Printing the differences between two builds: for git build artifacts compare. */
#ifndef BUILDS_ARTIFACTS_COMPARE_H
#define BUILDS_ARTIFACTS_COMPARE_H

#include "cli/command.h"

#include "artifacts/manifest.h"

/* Prints how builds `a` and `b` differ. The two directories have their files, if these are on this
 * host. ANSWER_YES: they do not differ. */
int artifacts_compare(const struct invocation *inv, const struct manifest *a,
	const char *a_directory, const struct manifest *b, const char *b_directory);

#endif
