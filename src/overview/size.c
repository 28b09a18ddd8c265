#include "overview/size.h"

#include "base/alloc.h"
#include "base/child.h"
#include "fleet/names.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUTPUT_LIMIT = 1 << 30 };

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
	struct error *err;
	size_t capacity;
};

static int git(
	struct measuring *m, const char *const *argv, const struct buf *input, struct buf *output)
{
	static const char *const environment[] = { "LC_ALL=C", NULL };
	struct buf errors = BUF_INIT;
	struct child child = { .argv = argv,
		.folder = repo_git_dir(m->repo),
		.environment = environment,
		.input = input ? input->data : NULL,
		.input_len = input ? input->len : 0,
		.output = output,
		.errors = &errors,
		.output_limit = OUTPUT_LIMIT };
	int status, rc = child_run(&child, &status, m->err);
	buf_trim(&errors);
	if (!rc && status)
		rc = error_set(m->err, ERR_FAILED, "git %s: %s", argv[1], errors.data);
	buf_release(&errors);
	return rc;
}

/* ---- what a file belongs to ---- */

static bool is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);
	return !strncmp(path, folder, len) && path[len] == '/';
}

static bool starts_with(const char *path, const char *start)
{
	return !strncmp(path, start, strlen(start));
}

static enum size_kind kind_of_file(const char *path)
{
	const char *slash = strchr(path, '/');
	if (is_below(path, "coordination/archive"))
		return SIZE_ARCHIVE;
	if (starts_with(path, "coordination/message"))
		return SIZE_MESSAGES;
	if (!strcmp(path, FLEET_JOBS_PATH))
		return SIZE_JOBS;
	if (!strcmp(path, FLEET_LOCKS_PATH))
		return SIZE_LOCKS;
	if (!slash)
		return SIZE_OTHER;
	if (!strcmp(slash + 1, FLEET_HEARTBEAT_FILE))
		return SIZE_HEARTBEATS;
	if (!strcmp(slash + 1, FLEET_STATUS_FILE))
		return SIZE_STATUS;
	return is_below(slash + 1, "logs") ? SIZE_LOGS : SIZE_OTHER;
}

/* ---- the objects ---- */

struct object {
	const char *path; /* "" where it has none */
	char type[8];
	int64_t disk, content;
};

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

/* "<type> <size on disk> <size> <path>" */
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

/* All versions of one path become one entry, in the arena. */
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
			enum size_kind kind = !strcmp(object.type, "commit") ? SIZE_COMMITS
				: !strcmp(object.type, "tree")               ? SIZE_FOLDERS
				: *object.path ? kind_of_file(object.path)
					       : SIZE_OTHER;
			count(&out->kinds[kind], &object);
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

/* ---- branches, and what is not packed ---- */

static int measure_beats(struct measuring *m)
{
	const char *list[] = { "git", "for-each-ref", "--format=%(refname)",
		"refs/heads/" FLEET_BEAT_BRANCH "*", "refs/remotes/*/" FLEET_BEAT_BRANCH "*",
		NULL };
	struct buf names = BUF_INIT;
	struct size *out = m->out;
	size_t most = 0;
	int rc = git(m, list, NULL, &names);
	for (const char *at = names.data; *at; at++)
		most += *at == '\n';
	out->beats = arena_array(&out->arena, most + 1, sizeof(*out->beats));
	for (char *name = names.data, *end; !rc && *name; name = end + 1) {
		struct buf commits = BUF_INIT;
		end = strchrnul(name, '\n');
		*end = '\0';
		const char *argv[] = { "git", "rev-list", "--count", name, "--", NULL };
		rc = git(m, argv, NULL, &commits);
		out->beats[out->beats_count++] =
			(struct size_branch){ arena_strndup(&out->arena, name, strlen(name)),
				strtoll(commits.data, NULL, 10) };
		buf_release(&commits);
	}
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

int size_measure(struct size *out, struct repo *repo, struct error *err)
{
	struct measuring m = { .out = out, .repo = repo, .err = err };
	*out = (struct size){ .arena = ARENA_INIT };
	int rc = measure_objects(&m);
	if (!rc)
		rc = measure_beats(&m);
	if (!rc)
		rc = measure_loose(&m);
	return rc;
}
