#include "overview/size.h"

#include "base/alloc.h"
#include "fleet/files.h"
#include "fleet/names.h"
#include "fleet/servers.h"
#include "git/run.h"
#include "git/refs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void size_release(struct size *size)
{
	arena_release(&size->arena);
	*size = (struct size){ .arena = ARENA_INIT };
}

const char *size_kind_name(enum size_kind kind)
{
	static const char *const names[] = { "heartbeats", "status", "logs", "messages", "jobs",
		"locks", "archive", "other files", "commits", "folders" };
	return names[kind];
}

struct measuring {
	struct size *out;
	struct repo *repo;
	const struct settings *settings;
	struct error *err;
	size_t capacity;
	struct oid tip; /* of the shared branch */
	/* The directories at the tip that have a status.json or heartbeat.json, but not of a server, each
	 * with a slash. In order. */
	const char **others;
	size_t others_count, others_capacity;
};

static int git(
	struct measuring *m, const char *const *argv, const struct buf *input, struct buf *output)
{
	struct git_call call = {
		.argv = argv, .git_dir = repo_git_dir(m->repo), .input = input, .output = output
	};
	return git_run(&call, m->err);
}

/* ---- directories that are not those of servers ---- */

static int compare_directory(const void *path, const void *other)
{
	const char *directory = *(const char *const *)other;
	return strncmp(path, directory, strlen(directory));
}

/* Is the file in the directory of a server? */
static bool is_of_server(const struct measuring *m, const char *path)
{
	return !m->others_count ||
		!bsearch(path, m->others, m->others_count, sizeof(*m->others), compare_directory);
}

/* Has the directory this file at the tip? 1, 0, or a negative code. */
static int has_file(const struct measuring *m, const char *directory, const char *name)
{
	struct buf path = BUF_INIT;
	struct oid blob;
	fleet_server_path(&path, directory, name);
	int rc = repo_find(m->repo, &m->tip, path.data, &blob, m->err);
	buf_release(&path);
	return rc == ERR_NOT_FOUND ? 0 : rc < 0 ? rc : 1;
}

/* git lists directories in the order of their names with a slash. */
static int note_other(const struct entry *entry, void *data)
{
	struct measuring *m = data;
	struct buf directory = BUF_INIT;
	int rc = entry->mode != 040000 ? 0 : has_file(m, entry->name, FLEET_STATUS_FILE);
	if (!rc && entry->mode == 040000)
		rc = has_file(m, entry->name, FLEET_HEARTBEAT_FILE);
	int is_server = rc > 0 ? server_directory_in(m->repo, &m->tip, entry->name, m->err) : 1;
	if (!is_server) {
		GROW(m->others, m->others_count, m->others_capacity);
		buf_addf(&directory, "%s/", entry->name);
		m->others[m->others_count++] =
			arena_strndup(&m->out->arena, directory.data, directory.len);
	}
	buf_release(&directory);
	return rc < 0 ? rc : is_server < 0 ? is_server : 0;
}

/* ---- kinds ---- */

static enum size_kind kind_of_file(const struct measuring *m, const char *path)
{
	if (fleet_needs_server(path, NULL) && !is_of_server(m, path))
		return SIZE_OTHER;
	switch (fleet_file(path)->kind) {
	case FLEET_HEARTBEAT:
		return SIZE_HEARTBEATS;
	case FLEET_STATUS:
		return SIZE_STATUS;
	case FLEET_LOG:
	case FLEET_MANIFEST:
		return SIZE_LOGS;
	case FLEET_MESSAGES:
		return SIZE_MESSAGES;
	case FLEET_JOBS:
		return SIZE_JOBS;
	case FLEET_LOCKS:
		return SIZE_LOCKS;
	case FLEET_ARCHIVE:
		return SIZE_ARCHIVE;
	case FLEET_MESSAGE_RULES:
	case FLEET_BUILD_CONFIG:
	case FLEET_DASHBOARD:
	case FLEET_OTHER:
		break;
	}
	return SIZE_OTHER;
}

/* ---- the objects ---- */

struct object {
	const char *path; /* "" if it has none */
	char type[8];
	int64_t disk, content;
};

static enum size_kind kind_of(const struct measuring *m, const struct object *object)
{
	if (!strcmp(object->type, "commit"))
		return SIZE_COMMITS;
	if (!strcmp(object->type, "tree"))
		return SIZE_DIRECTORIES;
	return *object->path ? kind_of_file(m, object->path) : SIZE_OTHER;
}

static void count(struct size_count *into, const struct object *object)
{
	into->objects++;
	into->disk += object->disk;
	into->content += object->content;
}

static void add_file(struct measuring *m, const struct object *object)
{
	struct size *out = m->out;
	GROW(out->files, out->files_count, m->capacity);
	out->files[out->files_count++] =
		(struct size_file){ object->path, object->content, object->disk, 1 };
}

/* Parses "<type> <size on disk> <size> <path>". */
static bool read_line(char *line, struct object *object)
{
	int at = 0;
	if (sscanf(line, "%7s %" SCNd64 " %" SCNd64 "%n", object->type, &object->disk,
		    &object->content, &at) < 3)
		return false;
	object->path = line[at] ? line + at + 1 : line + at;
	return true;
}

static int by_path(const void *left, const void *right)
{
	const struct size_file *a = left, *b = right;
	return strcmp(a->path, b->path);
}

static int by_disk(const void *left, const void *right)
{
	const struct size_file *a = left, *b = right;
	return (a->disk < b->disk) - (a->disk > b->disk);
}

/* Combines all versions of a path into one entry, in the arena. */
static void gather_files(struct size *out)
{
	struct size_file *all = out->files;
	size_t kept = 0, versions = out->files_count;
	if (versions)
		qsort(all, versions, sizeof(*all), by_path);
	for (size_t i = 0; i < versions; i++) {
		struct size_file *last = kept ? &all[kept - 1] : NULL;
		if (!last || strcmp(last->path, all[i].path) != 0) {
			all[kept++] = all[i];
			continue;
		}
		last->versions++;
		last->disk += all[i].disk;
		if (all[i].content > last->content)
			last->content = all[i].content;
	}
	out->files = arena_array(&out->arena, kept + 1, sizeof(*all));
	out->files_count = kept;
	for (size_t i = 0; i < kept; i++) {
		out->files[i] = all[i];
		out->files[i].path = arena_strndup(&out->arena, all[i].path, strlen(all[i].path));
	}
	if (kept)
		qsort(out->files, kept, sizeof(*out->files), by_disk);
	free(all);
}

static int measure_objects(struct measuring *m)
{
	const char *list[] = { "git", "rev-list", "--objects", "--all", NULL };
	const char *sizes[] = { "git", "cat-file", "--buffer",
		"--batch-check=%(objecttype) %(objectsize:disk) %(objectsize) %(rest)", NULL };
	struct buf names = BUF_INIT, lines = BUF_INIT;
	struct size *out = m->out;
	int rc = git(m, list, NULL, &names);
	if (!rc && names.len)
		rc = git(m, sizes, &names, &lines);
	buf_release(&names);
	for (char *line = lines.data, *end; !rc && *line; line = end + 1) {
		struct object object;
		end = strchrnul(line, '\n');
		bool last = !*end;
		*end = '\0';
		if (read_line(line, &object)) {
			count(&out->kinds[kind_of(m, &object)], &object);
			count(&out->all, &object);
			if (!strcmp(object.type, "blob") && *object.path)
				add_file(m, &object);
		}
		if (last)
			break;
	}
	gather_files(out);
	buf_release(&lines);
	return rc;
}

/* ---- branches and loose objects ---- */

/* Stores the ref and the tip of the shared branch; in a clone, of its remote-tracking branch.
 * ERR_NOT_FOUND if it does not exist. */
static int find_main(struct measuring *m, struct buf *name, struct oid *tip)
{
	const struct settings *settings = m->settings;
	ref_tracking(name, settings->remote, settings->branch);
	int rc = repo_ref(m->repo, name->data, tip, m->err);
	if (rc != ERR_NOT_FOUND)
		return rc;
	buf_reset(name);
	ref_branch(name, settings->branch);
	return repo_ref(m->repo, name->data, tip, m->err);
}

/* The number that git rev-list prints for the commits of `branch` that `main` (may be `branch`, or
 * NULL) does not have. */
static int count_of(struct measuring *m, const char *const *options, const char *branch,
	const char *main, int64_t *count)
{
	const char *argv[8] = { "git", "rev-list", options[0], branch };
	size_t n = 4;
	struct buf text = BUF_INIT;
	if (main && strcmp(main, branch) != 0) {
		argv[n++] = "--not";
		argv[n++] = main;
	}
	argv[n++] = options[1] ? options[1] : "--";
	int rc = git(m, argv, NULL, &text);
	*count = strtoll(text.data, NULL, 10);
	buf_release(&text);
	return rc;
}

static int by_size(const void *left, const void *right)
{
	const struct size_branch *a = left, *b = right;
	return a->disk != b->disk ? (a->disk < b->disk) - (a->disk > b->disk)
				  : strcmp(a->name, b->name);
}

static int measure_branches(struct measuring *m, const char *main)
{
	const char *list[] = { "git", "for-each-ref",
		"--format=%(if)%(symref)%(then)%(else)%(refname)%(end)", "refs/heads/",
		"refs/remotes/", NULL };
	static const char *const commits[] = { "--count", NULL };
	static const char *const disk[] = { "--disk-usage", "--objects" };
	struct buf names = BUF_INIT;
	struct size *out = m->out;
	size_t most = 0;
	int rc = git(m, list, NULL, &names);
	for (const char *at = names.data; *at; at++)
		most += *at == '\n';
	out->branches = arena_array(&out->arena, most + 1, sizeof(*out->branches));
	for (char *name = names.data, *end; !rc && *name; name = end + 1) {
		end = strchrnul(name, '\n');
		*end = '\0';
		if (!*name)
			continue;
		struct size_branch *branch = &out->branches[out->branches_count++];
		branch->name = arena_strndup(&out->arena, name, strlen(name));
		branch->is_heartbeats = strstr(name, "/" FLEET_HEARTBEAT_BRANCH) != NULL;
		rc = count_of(m, commits, name, main, &branch->commits);
		if (!rc)
			rc = count_of(m, disk, name, main, &branch->disk);
	}
	if (!rc)
		qsort(out->branches, out->branches_count, sizeof(*out->branches), by_size);
	buf_release(&names);
	return rc;
}

static int64_t counted(const char *text, const char *name)
{
	const char *at = strstr(text, name);
	return at ? strtoll(at + strlen(name), NULL, 10) : 0;
}

static int measure_loose(struct measuring *m)
{
	const char *argv[] = { "git", "count-objects", "-v", NULL };
	struct buf text = BUF_INIT;
	int rc = git(m, argv, NULL, &text);
	m->out->loose = counted(text.data, "count: ");
	m->out->loose_bytes = counted(text.data, "size: ") * 1024;
	m->out->garbage_bytes = counted(text.data, "size-garbage: ") * 1024;
	buf_release(&text);
	return rc;
}

int size_measure(struct size *out, struct repo *repo, const struct settings *settings, int64_t now,
	struct error *err)
{
	struct measuring m = { .out = out, .repo = repo, .settings = settings, .err = err };
	struct reading reading = { .repo = repo, .now = now };
	struct buf main = BUF_INIT;
	*out = (struct size){ .arena = ARENA_INIT };
	int rc = find_main(&m, &main, &reading.tip);
	bool has_main = !rc;
	m.tip = reading.tip;
	if (!rc)
		rc = repo_list(repo, &m.tip, "", note_other, &m, err);
	else if (rc == ERR_NOT_FOUND)
		rc = 0;
	if (!rc)
		rc = measure_objects(&m);
	if (!rc)
		rc = measure_branches(&m, has_main ? main.data : NULL);
	if (!rc)
		rc = measure_loose(&m);
	if (!rc && has_main)
		rc = archive_estimate(&out->archive, &reading, err);
	free(m.others);
	buf_release(&main);
	return rc;
}
