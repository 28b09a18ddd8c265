/* Checks the identity of the pusher, and the owners of the directories that a push changes. */
#include "guard/internal.h"

#include "fleet/files.h"

#include <string.h>

int check_identity(struct judging *j)
{
	if (j->guard->requires_identity && !j->guard->identity)
		guard_violate(j->report, VIOLATION_OWNER, &(struct place){ 0 },
			"the pusher is unknown, but build.requireIdentity is set; log in as "
			"build.identity requires, or sign the push");
	return 0;
}

struct looking {
	struct judging *judging;
	char last[256]; /* the last directory that was checked, so that each is reported once */
};

/* Is `directory` the directory of a server in `commit`? 1, 0, or a negative code. */
static int is_server_directory(
	struct repo *repo, const struct oid *commit, const char *directory, struct error *err)
{
	static const char *const marks[] = { FLEET_STATUS_FILE, FLEET_HEARTBEAT_FILE };
	int rc = ERR_NOT_FOUND;
	for (size_t i = 0; i < 2 && rc == ERR_NOT_FOUND && !oid_is_none(commit); i++) {
		struct buf path = BUF_INIT;
		struct oid found;
		buf_addf(&path, "%s/%s", directory, marks[i]);
		rc = repo_find(repo, commit, path.data, &found, err);
		buf_release(&path);
	}
	return rc == ERR_NOT_FOUND ? 0 : rc ? rc : 1;
}

static int check_file(const struct changed_file *file, void *data)
{
	struct looking *looking = data;
	struct judging *j = looking->judging;
	const char *slash = strchr(file->path, '/');
	size_t len = slash ? (size_t)(slash - file->path) : sizeof(looking->last);
	if (len >= sizeof(looking->last) ||
		(!strncmp(looking->last, file->path, len) && !looking->last[len]))
		return 0;
	memcpy(looking->last, file->path, len);
	looking->last[len] = '\0';
	const char *directory = looking->last;
	if (!strcmp(directory, j->guard->identity) || fleet_is_common_directory(directory))
		return 0;
	int is_theirs = is_server_directory(j->guard->repo, &j->update->old, directory, j->err);
	if (!is_theirs)
		is_theirs = is_server_directory(j->guard->repo, &j->update->new, directory, j->err);
	if (is_theirs > 0)
		guard_violate(j->report, VIOLATION_OWNER,
			&(struct place){ .commit = &j->update->new, .path = file->path },
			"the directory belongs to %s; %s may change only its own directory %s/",
			directory, j->guard->identity, j->guard->identity);
	return is_theirs < 0 ? is_theirs : 0;
}

int check_ownership(struct judging *j)
{
	struct looking looking = { j, "" };
	if (!guard_is_server(j->guard))
		return 0;
	return history_each_file(j->changed, check_file, &looking);
}
