/* What may become of a branch: the coordination branch only grows, a heartbeat branch is its
 * server's. */
#include "guard/internal.h"

#include <string.h>

static int only_own_directory(const struct entry *entry, void *data)
{
	struct judging *j = data;
	if (strcmp(entry->name, j->server))
		guard_violate(j->report, VIOLATION_BRANCH,
			&(struct place){ .commit = &j->update->new, .path = entry->name },
			"a heartbeat branch holds nothing but its server's folder %s/; push %s to "
			"the coordination branch",
			j->server, entry->name);
	return 0;
}

static int check_coordination_branch(struct judging *j)
{
	const struct guard_update *update = j->update;
	if (oid_is_none(&update->new)) {
		guard_violate(j->report, VIOLATION_BRANCH, &(struct place){ 0 },
			"the coordination branch cannot be deleted");
		return 0;
	}
	if (oid_is_none(&update->old) || j->guard->is_operator)
		return 0;
	int follows = repo_is_ancestor(j->guard->repo, &update->old, &update->new, j->err);
	if (!follows)
		guard_violate(j->report, VIOLATION_BRANCH,
			&(struct place){ .commit = &update->new },
			"the coordination branch cannot be rewound: %.12s does not follow %.12s; "
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
			"the heartbeat branch of %s is not %s's to change", j->server,
			j->guard->identity);
	return oid_is_none(&j->update->new)
		? 0
		: repo_list(j->guard->repo, &j->update->new, "", only_own_directory, j, j->err);
}
