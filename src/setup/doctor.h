/*
 * Checks a clone, or the shared repository, for common problems: a missing merge driver (so that
 * git merges as text), hooks that do not run, a clone without a server ID, a wrong clock, stale
 * lock files, coordination files that are not valid. Changes nothing; each finding has a suggested fix.
 */
#ifndef SETUP_DOCTOR_H
#define SETUP_DOCTOR_H

#include "base/env.h"
#include "base/file.h"
#include "clone/settings.h"

enum finding_state {
	FINDING_FINE,
	FINDING_WRONG,
	FINDING_UNKNOWN, /* it cannot be checked */
};

struct finding {
	const char *check; /* "git", "locks", "worktree", "server", "remote", "requests",
			    * "attributes", "driver", "hooks", "clock", "files" */
	enum finding_state state;
	char *what; /* a phrase without a full stop */
	char *fix;  /* a command, or what to do; NULL: nothing to do */
};

struct diagnosis {
	struct finding *findings;
	size_t count, capacity;
	size_t wrong;            /* the number of findings with FINDING_WRONG */
	struct file_list broken; /* the coordination files that `git build doctor --fix` restores */
};
void diagnosis_release(struct diagnosis *diagnosis);

/* Examines `repo`. `fetch`: fetch from the remote first. If the remote cannot be reached, that is a
 * finding, not a failure. Release `out` with diagnosis_release(). */
int doctor_examine(struct diagnosis *out, struct repo *repo, const struct settings *settings,
	bool fetch, const struct env *env, struct error *err);

/* "fine", "wrong", "unknown" */
const char *finding_state_name(enum finding_state state);

#endif
