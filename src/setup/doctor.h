/*
 * Looking a clone, or the shared repository, over for the common trouble: what would make git merge
 * as text without a word, hooks that never run, a server without a name, a clock that others would
 * doubt. Nothing is changed; each finding says what would mend it.
 */
#ifndef SETUP_DOCTOR_H
#define SETUP_DOCTOR_H

#include "base/env.h"
#include "clone/settings.h"

enum finding_state {
	FINDING_FINE,
	FINDING_WRONG,
	FINDING_UNKNOWN, /* it cannot be told */
};

struct finding {
	const char *check; /* "git", "locks", "worktree", "server", "remote", "attributes",
			    * "driver", "hooks", "clock" */
	enum finding_state state;
	char *what; /* a phrase without a full stop */
	char *fix;  /* a command, or what to do; NULL: nothing */
};

struct diagnosis {
	struct finding *findings;
	size_t count, capacity;
	size_t wrong; /* how many of them are */
};
void diagnosis_release(struct diagnosis *diagnosis);

/* Examines `repo`; `fetch`: the remote is asked first. A remote that does not answer is a finding,
 * not a failure. */
int doctor_examine(struct diagnosis *out, struct repo *repo, const struct settings *settings,
	bool fetch, const struct env *env, struct error *err);

/* "fine", "wrong", "unknown" */
const char *finding_state_name(enum finding_state state);

#endif
