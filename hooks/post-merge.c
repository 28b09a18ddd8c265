/*
 * post-merge: looks over what a merge or pull has brought, and says what is not as it should be. It
 * is silent otherwise, and never fails a merge (githooks(5): it could not anyway).
 */
#include "judge.h"

#include "base/file.h"

#include <stdio.h>
#include <string.h>

struct checking {
	struct repo *repo;
	struct oid head;
	char folder[256];
};

enum { FILE_LIMIT = 64 << 20 };

/* One file of the folder, as committed. */
static int check_file(const struct entry *entry, void *data)
{
	struct checking *checking = data;
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct error err = ERROR_INIT;
	buf_addf(&path, "%s/%s", checking->folder, entry->name);
	if (entry->mode != 040000 && strstr(entry->name, ".json") &&
		(repo_read(checking->repo, &checking->head, path.data, FILE_LIMIT, &text, NULL,
			 &err) < 0 ||
			guard_check_content(path.data, text.data, text.len, &err) < 0))
		judge_say("warning: %s", err.text);
	buf_release(&path);
	buf_release(&text);
	return 0;
}

static int check_folder(const struct entry *entry, void *data)
{
	struct checking *checking = data;
	if (entry->mode != 040000 || strlen(entry->name) >= sizeof(checking->folder))
		return 0;
	snprintf(checking->folder, sizeof(checking->folder), "%s", entry->name);
	return repo_list(checking->repo, &checking->head, entry->name, check_file, checking, NULL);
}

static void check_driver(struct repo *repo)
{
	struct buf driver = BUF_INIT;
	if (!repo_config(repo, "merge.git-build.driver", &driver))
		judge_say("warning: the merge driver is not configured, so git merges coordination "
			  "files as "
			  "text; run git build init");
	buf_release(&driver);
}

int main(void)
{
	struct checking checking = { 0 };
	if (repo_open(&checking.repo, NULL, NULL) < 0)
		return 0;
	check_driver(checking.repo);
	if (!repo_ref(checking.repo, "HEAD", &checking.head, NULL))
		repo_list(checking.repo, &checking.head, "", check_folder, &checking, NULL);
	repo_close(checking.repo);
	return 0;
}
