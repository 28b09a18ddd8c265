/* Checks the identity of the pusher, and the owners of the directories that a push changes. */
#include "guard/internal.h"

#include "fleet/files.h"
#include "fleet/servers.h"

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
	if (!strcmp(directory, j->guard->identity))
		return 0;
	int is_theirs = server_directory_in(j->guard->repo, &j->update->old, directory, j->err);
	if (!is_theirs)
		is_theirs = server_directory_in(j->guard->repo, &j->update->new, directory, j->err);
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

/* ---- new servers ---- */

/* Checks the file `name` of a directory if it exists, and the push does not change it. */
static int check_unchanged(struct judging *j, const char *directory, const char *name)
{
	const struct guard_update *update = j->update;
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct oid before;
	struct changed_file file = { .mode = 0100644, .before = OID_NONE };
	fleet_server_path(&path, directory, name);
	file.path = path.data;
	int rc = server_read_in(j->guard->repo, &update->old, path.data, &text, j->err);
	if (!rc)
		rc = repo_find(j->guard->repo, &update->old, path.data, &before, j->err);
	if (!rc)
		rc = repo_find(j->guard->repo, &update->new, path.data, &file.blob, j->err);
	if (!rc && oid_equal(&before, &file.blob))
		rc = check_changed_file(j, &update->new, &file);
	buf_release(&path);
	buf_release(&text);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int check_new_server(const struct changed_file *file, void *data)
{
	struct judging *j = data;
	struct repo *repo = j->guard->repo;
	struct buf directory = BUF_INIT;
	if (!file->mode || !fleet_needs_server(file->path, &directory))
		return 0;
	int before = server_directory_in(repo, &j->update->old, directory.data, j->err);
	int now = before ? 0 : server_directory_in(repo, &j->update->new, directory.data, j->err);
	int rc = before < 0 ? before : now < 0 ? now : 0;
	/* A file that cannot be read was one of a server already. */
	if (!rc && now)
		rc = check_unchanged(j, directory.data, FLEET_STATUS_FILE);
	if (!rc && now)
		rc = check_unchanged(j, directory.data, FLEET_HEARTBEAT_FILE);
	buf_release(&directory);
	return rc;
}

int check_new_servers(struct judging *j)
{
	return oid_is_none(&j->update->old) ? 0
					    : history_each_file(j->changed, check_new_server, j);
}
