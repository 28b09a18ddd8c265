/* Rules for branches: the shared branch may not be deleted or rewound, and a heartbeat branch
 * belongs to its server. */
#include "guard/internal.h"

#include <string.h>

static int only_own_directory(const struct entry *entry, void *data)
{
	struct judging *j = data;
	if (strcmp(entry->name, j->server))
		guard_violate(j->report, VIOLATION_BRANCH,
			&(struct place){ .commit = &j->update->new, .path = entry->name },
			"a heartbeat branch may have only the directory %s/ of its server; push %s "
			"to the shared branch",
			j->server, entry->name);
	return 0;
}

static int check_coordination_branch(struct judging *j)
{
	const struct guard_update *update = j->update;
	if (oid_is_none(&update->new)) {
		guard_violate(j->report, VIOLATION_BRANCH, &(struct place){ 0 },
			"the shared branch may not be deleted");
		return 0;
	}
	if (oid_is_none(&update->old) || j->guard->is_operator)
		return 0;
	int follows = repo_is_ancestor(j->guard->repo, &update->old, &update->new, j->err);
	if (!follows)
		guard_violate(j->report, VIOLATION_BRANCH,
			&(struct place){ .commit = &update->new },
			"the shared branch may not be rewound: %.12s is not a descendant of %.12s; "
			"fetch and merge, then push again",
			update->new.hex, update->old.hex);
	return follows < 0 ? follows : 0;
}

int check_branch(struct judging *j)
{
	if (j->coordination)
		return check_coordination_branch(j);
	if (!j->server)
		return 0;
	if (guard_is_server(j->guard) && strcmp(j->guard->identity, j->server))
		guard_violate(j->report, VIOLATION_OWNER, &(struct place){ 0 },
			"the branch belongs to %s; %s may not change it", j->server,
			j->guard->identity);
	return oid_is_none(&j->update->new)
		? 0
		: repo_list(j->guard->repo, &j->update->new, "", only_own_directory, j, j->err);
}
