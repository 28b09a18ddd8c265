#include "clone/held_locks.h"

#include "base/file.h"
#include "clone/reading.h"
#include "fleet/files.h"
#include "fleet/limits.h"
#include "fleet/names.h"
#include "git/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void path_of(struct repo *repo, const char *name, struct buf *out)
{
	state_path(out, repo, "held/");
	buf_addstr(out, name);
}

void held_note(struct repo *repo, const struct held *held)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	state_path(&path, repo, "held");
	int rc = file_make_directories(path.data, NULL);
	path_of(repo, held->name, &path);
	buf_addf(&text, "%" PRId64 " %" PRId64 " %d\n", held->fence, held->ttl, held->told);
	if (!rc)
		file_publish(path.data, text.data, text.len, NULL);
	buf_release(&path);
	buf_release(&text);
}

void held_forget(struct repo *repo, const char *name)
{
	struct buf path = BUF_INIT;
	path_of(repo, name, &path);
	file_remove(path.data, NULL);
	buf_release(&path);
}

int held_find(struct repo *repo, const char *name, struct held *out, struct error *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	path_of(repo, name, &path);
	*out = (struct held){ .name = name };
	int told = 0;
	int rc = file_read(&text, path.data, 100, err);
	if (!rc)
		rc = sscanf(text.data, "%" SCNd64 " %" SCNd64 " %d", &out->fence, &out->ttl,
			     &told) == 3;
	out->told = told;
	buf_release(&path);
	buf_release(&text);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

bool held_any(struct repo *repo)
{
	struct buf path = BUF_INIT;
	struct file_list names;
	state_path(&path, repo, "held");
	int rc = file_list_read(&names, path.data, NULL);
	bool any = names.count || (rc < 0 && rc != ERR_NOT_FOUND);
	file_list_release(&names);
	buf_release(&path);
	return any;
}

struct checking {
	struct repo *repo;
	const char *server;
	int64_t now;
	struct json_doc *doc;
	struct arena arena;
};

static void check(struct checking *c, const struct held *held,
	void (*each)(const struct held *held, const struct lock *lock, bool lost, void *data),
	void *data)
{
	const struct json_value *locks = json_member(c->doc, json_root(c->doc), "locks");
	struct lock lock = lock_find(c->doc, locks, held->name, c->now, &c->arena);
	/* The branch as last fetched may be older than the acquisition. */
	if (lock.fence < held->fence)
		return;
	bool lost = lock.fence > held->fence || !lock.holder || strcmp(lock.holder, c->server) != 0;
	if (lost || (lock.state == LOCK_EXPIRED && !held->told))
		each(held, &lock, lost, data);
	if (lost) {
		held_forget(c->repo, held->name);
	} else if (lock.state == LOCK_EXPIRED && !held->told) {
		struct held told = *held;
		told.told = true;
		held_note(c->repo, &told);
	}
}

static int read_locks(struct checking *c, const struct oid *tip, struct error *err)
{
	struct reading reading = { .repo = c->repo, .tip = *tip };
	const struct json_value *locks;
	int rc = reading_document(&reading, FLEET_LOCKS_PATH, "locks", &c->doc, &locks, err);
	/* The commands that use the file report that it is invalid. */
	return rc == ERR_INVALID ? 0 : rc;
}

int held_check(struct repo *repo, const struct oid *tip, const char *server, int64_t now,
	void (*each)(const struct held *held, const struct lock *lock, bool lost, void *data),
	void *data, struct error *err)
{
	struct buf path = BUF_INIT;
	struct checking c = { repo, server, now, NULL, ARENA_INIT };
	struct file_list names;
	state_path(&path, repo, "held");
	int rc = file_list_read(&names, path.data, err);
	if (!rc && names.count)
		rc = read_locks(&c, tip, err);
	for (size_t i = 0; !rc && c.doc && i < names.count; i++) {
		struct held held;
		if (fleet_check_lock_name(names.names[i], NULL) < 0)
			continue;
		int found = held_find(repo, names.names[i], &held, err);
		if (found > 0)
			check(&c, &held, each, data);
		rc = found < 0 ? found : 0;
	}
	file_list_release(&names);
	json_doc_free(c.doc);
	arena_release(&c.arena);
	buf_release(&path);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}
