/* What may become of a branch: the coordination branch only grows, a heartbeat branch is its
 * server's. */
#include "guard/internal.h"

#include <string.h>

#define BEAT_PREFIX "heartbeat-"

struct looking {
	struct judging *judging;
	const char *server;
};

static int only_own_folder(const struct entry *entry, void *data)
{
	struct looking *looking = data;
	if (strcmp(entry->name, looking->server))
		guard_violate(looking->judging->report, &looking->judging->update->new,
			"%s: a heartbeat branch holds nothing but its server's folder %s/; push %s "
			"to the "
			"coordination branch",
			entry->name, looking->server, entry->name);
	return 0;
}

static int judge_coordination_branch(struct judging *j)
{
	const struct guard_update *update = j->update;
	if (oid_is_none(&update->new)) {
		guard_violate(j->report, NULL, "the coordination branch cannot be deleted");
		return 0;
	}
	if (oid_is_none(&update->old))
		return 0;
	int follows = repo_is_ancestor(j->repo, &update->old, &update->new, j->err);
	if (follows < 0)
		return follows;
	if (!follows)
		guard_violate(j->report, &update->new,
			"the coordination branch cannot be rewound: %.12s does not follow %.12s; "
			"fetch and "
			"merge, then push again",
			update->new.hex, update->old.hex);
	return 0;
}

int guard_judge_branch(struct judging *j)
{
	const char *branch = j->update->ref + strlen("refs/heads/");
	if (!strcmp(branch, j->settings->branch))
		return judge_coordination_branch(j);
	if (strncmp(branch, BEAT_PREFIX, strlen(BEAT_PREFIX)) || oid_is_none(&j->update->new))
		return 0;
	struct looking looking = { j, branch + strlen(BEAT_PREFIX) };
	return repo_list(j->repo, &j->update->new, "", only_own_folder, &looking, j->err);
}
