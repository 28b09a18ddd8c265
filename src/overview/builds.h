/* What came of builds, gathered from all places that say so: a part of overview_take(). */
#ifndef OVERVIEW_BUILDS_H
#define OVERVIEW_BUILDS_H

#include "overview/overview.h"

/*
 * Fills `builds` from the manifests on the shared branch (`most` of them, of the jobs that ended
 * last; 0: all), from the jobs that have ended without one, and from each server's last build. What
 * a server says several times of a job is one build, by the first of these. The roster and the jobs
 * must have been read. A manifest that cannot be read is a failure; a broken one is a trouble.
 */
int builds_read(struct overview *overview, struct repo *repo, size_t most, struct error *err);

/* Adds a trouble. The strings are copied; `server` and `path` may be NULL. */
void overview_problem(
	struct overview *overview, const char *server, const char *path, const char *words);

#endif
