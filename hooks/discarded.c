/* The list of discarded values, from the merge driver to the message of the merge commit. */
#include "discarded.h"

#include "base/alloc.h"
#include "base/file.h"
#include "git/run.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIST_FILE "git-build/discarded"
#define HEADING   "Discarded values:\n"

enum { FILE_LIMIT = 1 << 26 };

/* ---- the list ---- */

/* The commit that git merge is merging: git passes its ID in the environment (GITHEAD_<hash>). NULL
 * if there is none, or more than one. */
static const char *merged_commit(size_t *len)
{
	static const char prefix[] = "GITHEAD_";
	const char *found = NULL;
	for (char **variable = environ; *variable; variable++) {
		if (strncmp(*variable, prefix, sizeof(prefix) - 1) != 0)
			continue;
		if (found)
			return NULL;
		found = *variable + sizeof(prefix) - 1;
		*len = strcspn(found, "=");
	}
	return found;
}

/* The first line of the list for a merge of the commit into HEAD: 1; 0 if HEAD has no commit; or a
 * negative code. */
static int write_title(const char *commit, size_t len, struct buf *out, struct error *err)
{
	int rc = plumbing_commit("HEAD", out, err);
	buf_addch(out, ' ');
	buf_add(out, commit, len);
	buf_addch(out, '\n');
	return rc;
}

/* Reads the list, or starts a new one if there is no file or it belongs to another merge. */
static int read_or_start(
	const char *path, const struct buf *title, struct buf *list, struct error *err)
{
	int rc = file_read(list, path, FILE_LIMIT, err);
	if (rc < 0 && rc != ERR_NOT_FOUND)
		return rc;
	if (rc < 0 || strncmp(list->data, title->data, title->len) != 0) {
		buf_reset(list);
		buf_add(list, title->data, title->len);
	}
	return 0;
}

static int write_list(const char *path, const struct buf *list, struct error *err)
{
	char *directory = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	int rc = file_make_directories(directory, err);
	free(directory);
	return rc ? rc : file_publish(path, list->data, list->len, err);
}

int discarded_record(const struct buf *lines, struct error *err)
{
	struct buf title = BUF_INIT, path = BUF_INIT, list = BUF_INIT;
	size_t len = 0;
	const char *commit = merged_commit(&len);
	int rc = commit ? write_title(commit, len, &title, err) : 0;
	if (rc > 0)
		rc = plumbing_path(LIST_FILE, &path, err);
	if (rc > 0) {
		rc = read_or_start(path.data, &title, &list, err);
		if (!rc) {
			/* The list has them already if the same merge was tried before. */
			if (!strstr(list.data, lines->data))
				buf_add(&list, lines->data, lines->len);
			rc = write_list(path.data, &list, err);
		}
	}
	buf_release(&title);
	buf_release(&path);
	buf_release(&list);
	return rc;
}

/* ---- the message ---- */

/* Reads a file of the git directory, which also has the message file: 1; 0 if there is none; or a
 * negative code. */
static int read_in_git_dir(
	const char *message, const char *name, struct buf *out, struct error *err)
{
	struct buf path = BUF_INIT;
	const char *slash = strrchr(message, '/');
	buf_add(&path, message, slash ? (size_t)(slash - message) + 1 : 0);
	buf_addstr(&path, name);
	int rc = file_read(out, path.data, FILE_LIMIT, err);
	buf_release(&path);
	return rc == ERR_NOT_FOUND ? 0 : rc < 0 ? rc : 1;
}

/* Reads the list without its title: 1; 0 if it does not belong to the merge that is being
 * committed; or a negative code. */
static int read_list(const char *message, struct buf *out, struct error *err)
{
	struct buf head = BUF_INIT, list = BUF_INIT, title = BUF_INIT;
	int rc = read_in_git_dir(message, "MERGE_HEAD", &head, err);
	if (rc > 0)
		rc = read_in_git_dir(message, LIST_FILE, &list, err);
	if (rc > 0)
		rc = write_title(head.data, strcspn(head.data, "\n"), &title, err);
	if (rc > 0)
		rc = !strncmp(list.data, title.data, title.len);
	buf_addstr(out, HEADING);
	for (const char *at = list.data + title.len; rc > 0 && *at;) {
		size_t len = strcspn(at, "\n") + 1;
		/* Indented, so that no line is a comment or a trailer. */
		buf_addstr(out, "  ");
		buf_add(out, at, len);
		at += len;
	}
	buf_release(&head);
	buf_release(&list);
	buf_release(&title);
	return rc;
}

/* The end of the text of the message: git's comments follow, or a scissors line. */
static size_t end_of_text(const struct buf *message)
{
	const char *scissors = strstr(message->data, "# ------------------------ >8");
	size_t end = scissors ? (size_t)(scissors - message->data) : message->len;
	while (end) {
		const char *newline = end > 1 ? memrchr(message->data, '\n', end - 1) : NULL;
		size_t start = newline ? (size_t)(newline - message->data) + 1 : 0;
		if (message->data[start] != '#' && message->data[start] != '\n')
			break;
		end = start;
	}
	return end;
}

int discarded_add_to_message(const char *path, struct error *err)
{
	struct buf list = BUF_INIT, message = BUF_INIT, out = BUF_INIT;
	int rc = read_list(path, &list, err);
	if (rc > 0)
		rc = file_read(&message, path, FILE_LIMIT, err);
	if (!rc && message.len && !strstr(message.data, list.data)) {
		size_t end = end_of_text(&message);
		buf_add(&out, message.data, end);
		if (end && message.data[end - 1] != '\n')
			buf_addch(&out, '\n');
		buf_addch(&out, '\n');
		buf_add(&out, list.data, list.len);
		buf_add(&out, message.data + end, message.len - end);
		rc = file_publish(path, out.data, out.len, err);
	}
	buf_release(&list);
	buf_release(&message);
	buf_release(&out);
	return rc;
}
