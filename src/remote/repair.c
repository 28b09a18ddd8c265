#include "remote/repair.h"

#include "locks/boot_locks.h"
#include "git/internal.h"
#include "git/loose.h"
#include "git/run.h"

#include "base/alloc.h"
#include "base/boot.h"
#include "base/env.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WAIT_MS = 120000, EVERY_MS = 60000, GIT_TIMEOUT_MS = 600000, REF_LIMIT = 4096 };

/* A damaged reference. */
struct ref {
	char *name;
	struct oid oid; /* OID_NONE: cannot be read */
	bool broken;
};

struct repairing {
	struct repo *repo;
	const struct remote_settings *remote;
	struct ref *refs;
	size_t refs_count, refs_capacity;
	struct oid *objects; /* damaged loose objects */
	size_t objects_count, objects_capacity;
	int locks; /* removed */
	bool packed_refs, index, incomplete;
	struct buf damaged; /* the directory for replaced files */
	struct buf mirror;  /* the repository for the fetch */
	struct error *err;
};

/* ---- git, and files ---- */

/* Runs git in the clone; returns its exit code or a negative code. */
static int git_status(struct repo *repo, const char *const *argv, struct buf *input)
{
	struct buf ignored = BUF_INIT;
	struct git_call call = { .argv = argv,
		.git_dir = repo_git_dir(repo),
		.input = input,
		.errors = &ignored,
		.timeout_ms = GIT_TIMEOUT_MS };
	int rc = git_run(&call, NULL);
	buf_release(&ignored);
	return rc;
}

/* Moves the file `path` of the clone to damaged/, under a name without slashes. */
static int keep(struct repairing *r, const char *path)
{
	struct buf to = BUF_INIT;
	size_t skip = strlen(repo_common_dir(r->repo)) + 1;
	int rc = file_make_directories(r->damaged.data, r->err);
	buf_addf(&to, "%s/", r->damaged.data);
	for (const char *at = path + skip; *at; at++)
		buf_addch(&to, *at == '/' ? '-' : *at);
	if (!rc && rename(path, to.data) < 0 && errno != ENOENT)
		rc = error_errno(r->err, ERR_FAILED, "cannot move %s to %s", path, to.data);
	buf_release(&to);
	return rc;
}

/* ---- examining ---- */

static struct ref *find_ref(struct repairing *r, const char *name)
{
	for (size_t i = 0; i < r->refs_count; i++)
		if (!strcmp(r->refs[i].name, name))
			return &r->refs[i];
	GROW(r->refs, r->refs_count, r->refs_capacity);
	r->refs[r->refs_count] = (struct ref){ .name = xstrdup(name), .oid = OID_NONE };
	return &r->refs[r->refs_count++];
}

/* A reference that can be read is damaged if it does not lead to an object; one that cannot be read
 * is damaged if its file is. */
static int examine_ref(struct repairing *r, const char *name)
{
	struct oid oid;
	struct ref *ref = find_ref(r, name);
	if (ref->broken)
		return 0;
	int rc = repo_ref(r->repo, name, &oid, r->err);
	if (rc < 0)
		return rc == ERR_NOT_FOUND ? 0 : rc; /* deleted since, or a link to nothing */
	git_oid id = store_git_oid(&oid);
	ref->oid = oid;
	ref->broken = !git_odb_exists(r->repo->odb, &id);
	for (size_t i = 0; i < r->objects_count && !ref->broken; i++)
		ref->broken = oid_equal(&oid, &r->objects[i]);
	return 0;
}

/* The files of references, which git and libgit2 may omit from their lists. A file that cannot be
 * read at all does not count as damaged. */
static int examine_ref_file(struct repairing *r, const FTSENT *entry)
{
	struct buf text = BUF_INIT;
	const char *name = entry->fts_path + strlen(repo_common_dir(r->repo)) + 1;
	if (entry->fts_info != FTS_F || file_has_ending(name, ".lock"))
		return 0;
	int rc = file_read(&text, entry->fts_path, REF_LIMIT, r->err);
	if (rc == ERR_NOT_FOUND)
		rc = 0;
	else if (!rc && !store_is_ref_text(&text))
		find_ref(r, name)->broken = true;
	buf_release(&text);
	return rc == ERR_INVALID ? 0 : rc;
}

static int examine_ref_files(struct repairing *r)
{
	struct buf path = BUF_INIT;
	buf_addf(&path, "%s/refs", repo_common_dir(r->repo));
	char *paths[] = { path.data, NULL };
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	int rc = walk ? 0 : error_errno(r->err, ERR_FAILED, "cannot read %s", path.data);
	for (FTSENT *entry; !rc && walk && (entry = fts_read(walk));)
		rc = examine_ref_file(r, entry);
	if (walk)
		fts_close(walk);
	buf_release(&path);
	return rc;
}

static int examine_refs(struct repairing *r)
{
	struct file_list names = { 0 };
	int rc = examine_ref_files(r);
	if (!rc)
		rc = store_ref_names(r->repo, "refs/", &names, r->err);
	for (size_t i = 0; !rc && i < names.count; i++)
		rc = examine_ref(r, names.names[i]);
	file_list_release(&names);
	return rc;
}

static void object_path(struct repairing *r, const struct oid *oid, struct buf *out)
{
	buf_reset(out);
	buf_addf(out, "%s/objects/%.2s/%s", repo_common_dir(r->repo), oid->hex, oid->hex + 2);
}

/* A file that the system cannot read does not count as damaged. */
static int examine_object(struct repairing *r, const FTSENT *entry, const struct oid *oid)
{
	struct buf file = BUF_INIT;
	bool is_file = entry->fts_info == FTS_F;
	int rc = is_file ? file_read(&file, entry->fts_path, SIZE_MAX, r->err) : 0;
	if (rc == ERR_NOT_FOUND) {
		rc = 0;
	} else if (!rc && !(is_file && loose_is_whole(&file, oid))) {
		GROW(r->objects, r->objects_count, r->objects_capacity);
		r->objects[r->objects_count++] = *oid;
	}
	buf_release(&file);
	return rc;
}

/* objects/ab/cdef... is the object abcdef...; other names are temporary files or packs. */
static int examine_objects(struct repairing *r)
{
	struct buf path = BUF_INIT;
	struct oid oid;
	buf_addf(&path, "%s/objects", repo_common_dir(r->repo));
	char *paths[] = { path.data, NULL };
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	int rc = walk ? 0 : error_errno(r->err, ERR_FAILED, "cannot read %s", path.data);
	for (FTSENT *entry; !rc && walk && (entry = fts_read(walk));) {
		char hex[41] = "";
		if ((entry->fts_info == FTS_F || entry->fts_info == FTS_D) &&
			entry->fts_level == 2 && entry->fts_namelen == 38)
			snprintf(hex, sizeof(hex), "%.2s%.38s",
				entry->fts_path + entry->fts_pathlen - 41, entry->fts_name);
		if (*hex && oid_parse(&oid, hex))
			rc = examine_object(r, entry, &oid);
	}
	if (walk)
		fts_close(walk);
	buf_release(&path);
	return rc;
}

/* Does the clone have all objects that these references lead to? NULL: all references that are not
 * damaged. 1, 0, or a negative code if git could not be run. */
static int is_complete(struct repairing *r, const struct ref *only)
{
	static const char *const argv[] = { "git", "rev-list", "--objects", "--quiet", "--stdin",
		NULL };
	struct buf tips = BUF_INIT;
	for (size_t i = 0; i < r->refs_count; i++)
		if ((!only && !r->refs[i].broken && !oid_is_none(&r->refs[i].oid)) ||
			only == &r->refs[i])
			buf_addf(&tips, "%s\n", r->refs[i].oid.hex);
	int status = tips.len ? git_status(r->repo, argv, &tips) : 0;
	buf_release(&tips);
	return status < 0 ? error_set(r->err, status, "cannot run git rev-list") : !status;
}

/* The index is damaged only if the system can read the file, but git cannot parse it. */
static int examine_index(struct repairing *r)
{
	static const char *const argv[] = { "git", "ls-files", "--cached", NULL };
	struct buf path = BUF_INIT;
	buf_addf(&path, "%s/index", repo_git_dir(r->repo));
	int rc = repo_work_tree(r->repo) ? file_exists(path.data, r->err) : 0;
	r->index = rc > 0 && git_status(r->repo, argv, NULL) == 128;
	buf_release(&path);
	return rc < 0 ? rc : 0;
}

static bool is_damaged(const struct repairing *r)
{
	for (size_t i = 0; i < r->refs_count; i++)
		if (r->refs[i].broken)
			return true;
	return r->objects_count || r->incomplete || r->index || r->packed_refs;
}

/* The branch of HEAD must be restored if its line in packed-refs was lost. What the remote has is
 * fetched again. */
static int examine_head_branch(struct repairing *r)
{
	struct buf name = BUF_INIT;
	struct oid tip;
	int rc = r->packed_refs ? repo_head_branch(r->repo, &name, r->err) : ERR_NOT_FOUND;
	if (!rc && repo_ref(r->repo, name.data, &tip, NULL) == ERR_NOT_FOUND)
		find_ref(r, name.data)->broken = true;
	buf_release(&name);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* If git cannot use the clone at all, nothing that it would report is a finding. */
static int examine_use(struct repairing *r)
{
	static const char *const argv[] = { "git", "rev-parse", "--git-dir", NULL };
	int status = git_status(r->repo, argv, NULL);
	return status ? error_set(r->err, ERR_FAILED, "%s: git cannot use this clone",
				repo_git_dir(r->repo))
		      : 0;
}

static int examine(struct repairing *r)
{
	r->locks = boot_locks_remove_all(&r->repo->place, r->err);
	int rc = r->locks < 0 ? r->locks : store_repair_packed_refs(r->repo, r->err);
	r->packed_refs = rc > 0;
	if (rc >= 0)
		rc = examine_use(r);
	if (!rc)
		rc = examine_objects(r);
	if (!rc)
		rc = examine_head_branch(r);
	if (!rc)
		rc = examine_refs(r);
	if (!rc)
		rc = is_complete(r, NULL);
	r->incomplete = !rc;
	return rc < 0 ? rc : examine_index(r);
}

/* ---- fetching everything again ---- */

/* A separate repository with the clone's settings for the remote, so that nothing damaged is read
 * while its replacement is fetched. */
static int make_mirror(struct repairing *r)
{
	struct buf text = BUF_INIT, path = BUF_INIT;
	const char *argv[] = { "git", "init", "--bare", "--quiet", "--template=", r->mirror.data,
		NULL };
	int rc = file_remove_tree(r->mirror.data, r->err);
	if (!rc && git_status(r->repo, argv, NULL))
		rc = error_set(
			r->err, ERR_FAILED, "cannot create a repository at %s", r->mirror.data);
	buf_addf(&path, "%s/config", r->mirror.data);
	buf_addf(&text,
		"[include]\n\tpath = %s/config\n[core]\n\tbare = true\n[fetch]\n\tunpackLimit = "
		"1\n",
		repo_common_dir(r->repo));
	if (!rc)
		rc = file_replace(path.data, text.data, text.len, 0600, r->err);
	buf_release(&path);
	buf_release(&text);
	return rc;
}

static int fetch_mirror(struct repairing *r, struct repo **mirror)
{
	static const char *const refspecs[] = { "+refs/heads/*:refs/heads/*", NULL };
	int rc = make_mirror(r);
	if (!rc)
		rc = repo_open(mirror, r->mirror.data, r->err);
	return rc < 0 ? rc : store_fetch(*mirror, r->remote, refspecs, r->err);
}

/* Moves the fetched packs to the clone; git finds a pack as soon as its index exists. */
static int take_packs(struct repairing *r, const char *ending)
{
	struct buf from = BUF_INIT, to = BUF_INIT;
	buf_addf(&from, "%s/objects/pack", r->mirror.data);
	DIR *directory = opendir(from.data);
	int rc = directory ? 0 : error_errno(r->err, ERR_FAILED, "cannot open %s", from.data);
	for (struct dirent *entry; !rc && directory && (entry = readdir(directory));) {
		if (*entry->d_name == '.' || !file_has_ending(entry->d_name, ending))
			continue;
		buf_reset(&from);
		buf_reset(&to);
		buf_addf(&from, "%s/objects/pack/%s", r->mirror.data, entry->d_name);
		buf_addf(&to, "%s/objects/pack/%s", repo_common_dir(r->repo), entry->d_name);
		rc = file_sync(from.data, r->err);
		if (!rc && rename(from.data, to.data) < 0)
			rc = error_errno(
				r->err, ERR_FAILED, "cannot move %s to %s", from.data, to.data);
		if (!rc)
			rc = file_sync_directory_of(to.data, r->err);
	}
	if (directory)
		closedir(directory);
	buf_release(&from);
	buf_release(&to);
	return rc;
}

/* ---- replacing damaged files ---- */

static int replace_objects(struct repairing *r)
{
	struct buf path = BUF_INIT;
	int rc = 0;
	for (size_t i = 0; !rc && i < r->objects_count; i++) {
		object_path(r, &r->objects[i], &path);
		rc = keep(r, path.data);
	}
	git_odb_refresh(r->repo->odb);
	buf_release(&path);
	return rc;
}

/* Records the old value of the reference, for the user. */
static int keep_ref(struct repairing *r, const struct ref *ref)
{
	struct buf path = BUF_INIT;
	buf_addf(&path, "%s/refs", r->damaged.data);
	int rc = file_make_directories(r->damaged.data, r->err);
	FILE *file = rc < 0 ? NULL : fopen(path.data, "ae");
	if (!rc && (!file || fprintf(file, "%s %s\n", ref->oid.hex, ref->name) < 0))
		rc = error_errno(r->err, ERR_FAILED, "cannot write %s", path.data);
	if (file && fclose(file) && !rc)
		rc = error_errno(r->err, ERR_FAILED, "cannot write %s", path.data);
	buf_release(&path);
	return rc;
}

/* The tip of the branch of the shared repository that `name` tracks, or that has this name;
 * OID_NONE if there is none. */
static struct oid counterpart(struct repairing *r, struct repo *mirror, const char *name)
{
	struct buf tracking = BUF_INIT, theirs = BUF_INIT;
	struct oid oid = OID_NONE;
	buf_addf(&tracking, "refs/remotes/%s/", r->remote->name);
	if (!strncmp(name, tracking.data, tracking.len))
		buf_addf(&theirs, "refs/heads/%s", name + tracking.len);
	else
		buf_addstr(&theirs, name);
	if (!strncmp(theirs.data, "refs/heads/", 11))
		repo_ref(mirror, theirs.data, &oid, NULL);
	buf_release(&tracking);
	buf_release(&theirs);
	return oid;
}

/* Updates the ref with git, after the file was moved away: git does not change a ref that it cannot
 * read. */
static int replace_ref(struct repairing *r, struct repo *mirror, struct ref *ref)
{
	struct oid theirs = counterpart(r, mirror, ref->name);
	struct buf path = BUF_INIT;
	buf_addf(&path, "%s/%s", repo_common_dir(r->repo), ref->name);
	int rc = keep_ref(r, ref);
	if (!rc)
		rc = file_remove(path.data, r->err);
	const char *set[] = { "git", "update-ref", ref->name, theirs.hex, NULL };
	const char *delete[] = { "git", "update-ref", "-d", ref->name, NULL };
	if (!rc && git_status(r->repo, oid_is_none(&theirs) ? delete : set, NULL))
		rc = error_set(r->err, ERR_FAILED, "cannot repair the ref %s", ref->name);
	ref->oid = theirs;
	ref->broken = false;
	buf_release(&path);
	return rc;
}

/* Finds the references that still lead to missing objects after the fetch. */
static int replace_refs(struct repairing *r, struct repo *mirror)
{
	int complete = is_complete(r, NULL);
	int rc = complete < 0 ? complete : 0;
	for (size_t i = 0; !rc && i < r->refs_count; i++) {
		struct ref *ref = &r->refs[i];
		if (!oid_is_none(&ref->oid) && (ref->broken || !complete)) {
			rc = is_complete(r, ref);
			ref->broken = !rc;
			rc = rc < 0 ? rc : 0;
		}
		if (!rc && ref->broken)
			rc = replace_ref(r, mirror, ref);
	}
	return rc;
}

static int replace_index(struct repairing *r)
{
	static const char *const argv[] = { "git", "read-tree", "HEAD", NULL };
	struct buf path = BUF_INIT;
	buf_addf(&path, "%s/index", repo_git_dir(r->repo));
	int rc = r->index ? keep(r, path.data) : 0;
	if (!rc && r->index && git_status(r->repo, argv, NULL))
		rc = error_set(r->err, ERR_FAILED, "cannot create a new index");
	buf_release(&path);
	return rc;
}

static int replace(struct repairing *r)
{
	struct repo *mirror = NULL;
	int rc = fetch_mirror(r, &mirror);
	if (!rc)
		rc = take_packs(r, ".pack");
	if (!rc)
		rc = take_packs(r, ".idx");
	if (!rc)
		rc = replace_objects(r);
	if (!rc)
		rc = replace_refs(r, mirror);
	if (!rc)
		rc = replace_index(r);
	int complete = rc ? rc : is_complete(r, NULL);
	if (!complete)
		rc = error_set(r->err, ERR_FAILED, "the history is still incomplete");
	else if (complete < 0)
		rc = complete;
	repo_close(mirror);
	file_remove_tree(r->mirror.data, NULL);
	return rc < 0 ? error_wrap(r->err,
				"this clone is damaged, and cannot be repaired by fetching again")
		      : 0;
}

/* ---- */

static void report(struct repairing *r, bool damaged)
{
	struct buf *out = r->repo->repaired;
	bool kept = damaged && file_exists(r->damaged.data, NULL) != 0;
	if (!out) {
		out = r->repo->repaired = xcalloc(1, sizeof(*out));
		*out = (struct buf)BUF_INIT;
	}
	buf_reset(out);
	if (damaged)
		buf_addf(out,
			"this clone was damaged, probably by a power cut; it was repaired by "
			"fetching from '%s' again%s%s",
			r->remote->name, kept ? ", the replaced files are in " : "",
			kept ? r->damaged.data : "");
	else
		buf_addf(out, "removed %d lock file%s older than this host's start", r->locks,
			r->locks == 1 ? "" : "s");
}

static int repair_in_turn(struct repairing *r)
{
	int rc = examine(r);
	bool damaged = !rc && is_damaged(r);
	if (damaged)
		rc = replace(r);
	if (!rc && (damaged || r->locks)) {
		report(r, damaged);
		rc = 1;
	}
	return rc;
}

static void start(struct repairing *r, struct repo *repo, const struct remote_settings *remote,
	struct error *err)
{
	*r = (struct repairing){
		.repo = repo, .remote = remote, .damaged = BUF_INIT, .mirror = BUF_INIT, .err = err
	};
	buf_addf(&r->damaged, "%s/damaged", repo_state_dir(repo));
	buf_addf(&r->mirror, "%s/repair.git", repo_state_dir(repo));
}

static void finish(struct repairing *r)
{
	for (size_t i = 0; i < r->refs_count; i++)
		free(r->refs[i].name);
	free(r->refs);
	free(r->objects);
	buf_release(&r->damaged);
	buf_release(&r->mirror);
}

/* 1: another process held the lock, and has repaired the clone. */
static int take_turn(struct repo *repo, struct file_lock *turn, struct error *err)
{
	struct buf path = BUF_INIT;
	struct error busy = ERROR_INIT;
	buf_addf(&path, "%s/repair", repo_state_dir(repo));
	int rc = file_lock_acquire(turn, path.data, NULL, 0, env_system(), &busy);
	bool waited = rc == ERR_BUSY;
	if (waited)
		rc = file_lock_acquire(turn, path.data, NULL, WAIT_MS, env_system(), &busy);
	if (rc < 0 && err)
		*err = busy;
	buf_release(&path);
	return rc < 0 ? rc : waited;
}

int repair(struct repo *repo, const struct remote_settings *remote, struct error *err)
{
	struct file_lock turn = FILE_LOCK_INIT;
	struct error own = ERROR_INIT;
	const struct env *env = env_system();
	int64_t now = env_ms(env);
	if (getenv("GIT_QUARANTINE_PATH") || !remote_exists(repo, remote->name) ||
		(repo->examined_ms && now - repo->examined_ms < EVERY_MS))
		return 0;
	int rc = take_turn(repo, &turn, &own);
	if (!rc) {
		struct repairing r;
		start(&r, repo, remote, &own);
		rc = repair_in_turn(&r);
		finish(&r);
	}
	file_lock_release(&turn);
	repo->examined_ms = rc > 0 ? 0 : env_ms(env);
	if (rc < 0 && err)
		*err = own;
	return rc;
}

int repair_after_start(struct repo *repo, const struct remote_settings *remote, struct error *err)
{
	struct buf path = BUF_INIT, known = BUF_INIT;
	char now[BOOT_ID_SIZE];
	int rc = 0;
	boot_id(now);
	buf_addf(&path, "%s/boot", repo_state_dir(repo));
	if (*now &&
		(file_read(&known, path.data, BOOT_ID_SIZE, NULL) < 0 || strcmp(known.data, now))) {
		rc = repair(repo, remote, err);
		if (rc >= 0 && !file_make_directories(repo_state_dir(repo), NULL))
			file_publish(path.data, now, strlen(now), NULL);
	}
	buf_release(&path);
	buf_release(&known);
	return rc;
}

bool repair_report(struct repo *repo, struct buf *out)
{
	buf_reset(out);
	if (!repo->repaired || !repo->repaired->len)
		return false;
	buf_addstr(out, repo->repaired->data);
	buf_reset(repo->repaired);
	return true;
}
