/* Reads the results of builds from all sources: a part of overview_take(). */
#ifndef OVERVIEW_BUILDS_H
#define OVERVIEW_BUILDS_H

#include "overview/overview.h"

/*
 * Fills `builds` from the manifests on the shared branch (at most `most` of them, of the jobs that
 * finished last; 0: all), from finished jobs without a manifest, and from the last build of each
 * server. If several of these describe the same build, the first is used. The servers and jobs must
 * have been read. A manifest that cannot be read is a failure; one that is not valid is a problem.
 */
int builds_read(struct overview *overview, struct repo *repo, size_t most, struct error *err);

/* Adds a problem. The strings are copied; `server` and `path` may be NULL. */
void overview_problem(
	struct overview *overview, const char *server, const char *path, const char *words);

#endif
