/*
 * guard/guard.h: each case of tests/data/guard/ is a push. It is checked twice, in the shared repository,
 * and in a clone before it is pushed, and both must report the violations that the case expects.
 *
 * CASE=NAME runs one case; UPDATE=1 replaces what the cases expect by what is reported, to be reviewed
 * in the diff.
 */
#include "unit/directory.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "git/internal.h"
#include "git/refs.h"
#include "guard/guard.h"

#include <limits.h>
#include <sys/stat.h>

enum { LIMIT = 1 << 20, MOST_LINES = 16, MOST_COMMITS = 8 };
#define CASES "tests/data/guard"
#define REPO  "shared.git"
#define TIME  "2026-01-01T12:00:00Z"

/* A line of the file `push`: its first word, and the rest. */
struct line {
	char *word, *rest;
};

/* A commit of the case, named after the directory with its files. */
struct made {
	const char *name;
	struct oid id;
};

struct push {
	const char *path; /* of the directory of the case */
	const char *ref;  /* that is pushed */
	struct buf text;
	struct line lines[MOST_LINES];
	size_t lines_count;
	struct repo *repo;
	struct made made[MOST_COMMITS];
	size_t made_count;
};

/* The project, and the config of a repository without settings of a case. */
static char top[PATH_MAX];
static struct buf config = BUF_INIT;
/* For the variables of the pusher's environment. */
static const struct push *checked;

/* ---- the file `push` ---- */

static void read_push(struct push *push)
{
	struct buf path = BUF_INIT;
	buf_addf(&path, "%s/push", push->path);
	int rc = file_read(&push->text, path.data, LIMIT, NULL);
	assert_true(!rc || rc == ERR_NOT_FOUND);
	char *rest = push->text.data, *line;
	while (!rc && (line = strsep(&rest, "\n")))
		if (*line) {
			assert_true(push->lines_count < MOST_LINES);
			struct line *now = &push->lines[push->lines_count++];
			now->word = strsep(&line, " ");
			now->rest = line ? line : strchr(now->word, '\0');
		}
	buf_release(&path);
}

/* The rest of the line that begins with `word`, or `otherwise`. */
static const char *find_line(const struct push *push, const char *word, const char *otherwise)
{
	for (size_t i = 0; i < push->lines_count; i++)
		if (!strcmp(push->lines[i].word, word))
			return push->lines[i].rest;
	return otherwise;
}

/* The rest of the line that begins with `word` and `name`; NULL if there is none. */
static const char *find_about(const struct push *push, const char *word, const char *name)
{
	size_t len = strlen(name);
	for (size_t i = 0; i < push->lines_count; i++) {
		const struct line *line = &push->lines[i];
		if (!strcmp(line->word, word) && !strncmp(line->rest, name, len) &&
			(!line->rest[len] || line->rest[len] == ' '))
			return line->rest + len + (line->rest[len] == ' ');
	}
	return NULL;
}

static void check_words(const struct push *push)
{
	static const char *const words[] = { "ref", "as", "env", "config", "now", "mode", "parents",
		"tip" };
	for (size_t i = 0; i < push->lines_count; i++) {
		size_t known = 0;
		while (known < sizeof(words) / sizeof(*words) &&
			strcmp(words[known], push->lines[i].word))
			known++;
		if (known == sizeof(words) / sizeof(*words))
			fail_msg("%s/push: unknown word '%s'", push->path, push->lines[i].word);
	}
}

static char *find_variable(const char *name)
{
	const char *value = strcmp(name, "PUSHER") ? find_about(checked, "env", name)
						   : find_line(checked, "as", NULL);
	return (char *)value;
}

/* Writes the config of the repository with the settings of the case. */
static void write_config(const struct push *push)
{
	struct buf text = BUF_INIT;
	buf_addf(&text, "%s[build]\n", config.data);
	if (find_line(push, "as", NULL))
		buf_addstr(&text, "\tidentity = env:PUSHER\n");
	for (size_t i = 0; i < push->lines_count; i++) {
		const struct line *line = &push->lines[i];
		size_t len = strcspn(line->rest, " ");
		if (!strcmp(line->word, "config"))
			buf_addf(&text, "\t%.*s = \"%s\"\n", (int)len, line->rest,
				line->rest + len + 1);
	}
	assert_int_equal(file_publish(REPO "/config", text.data, text.len, NULL), 0);
	buf_release(&text);
}

/* ---- commits ---- */

/* The name of a file, in which %0A is the byte with that number. */
static char *name_of(const char *path)
{
	struct buf name = BUF_INIT;
	for (; *path; path++) {
		char digits[3] = "";
		if (*path == '%' && strlen(path) > 2) {
			memcpy(digits, path + 1, 2);
			path += 2;
		}
		buf_addch(&name, *digits ? (char)strtol(digits, NULL, 16) : *path);
	}
	return buf_detach(&name);
}

/* The line "mode PATH MODE" has the mode of a file; a regular one needs none. */
static void add_file(struct push *push, git_index *index, const char *made, const char *path)
{
	struct buf file = BUF_INIT, text = BUF_INIT;
	char *name = name_of(path);
	buf_addf(&file, "%s/%s", made, path);
	const char *mode = find_about(push, "mode", file.data);
	git_index_entry entry = { .path = name };
	entry.mode = mode ? (uint32_t)strtoul(mode, NULL, 8) : 0100644;
	buf_reset(&file);
	buf_addf(&file, "%s/%s/%s", push->path, made, path);
	assert_int_equal(file_read(&text, file.data, LIMIT, NULL), 0);
	assert_int_equal(
		git_blob_create_from_buffer(&entry.id, push->repo->git, text.data, text.len), 0);
	assert_int_equal(git_index_add(index, &entry), 0);
	buf_release(&file);
	buf_release(&text);
	free(name);
}

/* Adds the files in `path`, which is "" or ends with a slash, of the directory `made`. */
static void add_files(struct push *push, git_index *index, const char *made, const char *path)
{
	struct file_list list;
	struct buf name = BUF_INIT;
	buf_addf(&name, "%s/%s/%s", push->path, made, path);
	assert_int_equal(file_list_read(&list, name.data, NULL), 0);
	for (size_t i = 0; i < list.count; i++) {
		struct stat st;
		struct buf at = BUF_INIT;
		buf_reset(&name);
		buf_addf(&at, "%s%s", path, list.names[i]);
		buf_addf(&name, "%s/%s/%s", push->path, made, at.data);
		assert_int_equal(lstat(name.data, &st), 0);
		if (S_ISDIR(st.st_mode)) {
			buf_addch(&at, '/');
			add_files(push, index, made, at.data);
		} else {
			add_file(push, index, made, at.data);
		}
		buf_release(&at);
	}
	file_list_release(&list);
	buf_release(&name);
}

static const struct made *find_made(const struct push *push, const char *name, size_t len)
{
	for (size_t i = 0; i < push->made_count; i++)
		if (strlen(push->made[i].name) == len && !memcmp(push->made[i].name, name, len))
			return &push->made[i];
	return NULL;
}

/* The parents that "parents NAME PARENT..." has. Otherwise, the parent of a commit that is pushed is the
 * one before it, and the others have none. */
static const char *name_parents(const struct push *push, const char *name)
{
	const char *list = find_about(push, "parents", name), *last = "";
	if (list || strncmp(name, "after", strlen("after")))
		return list ? list : "";
	for (size_t i = 0; i < push->made_count; i++)
		if (strcmp(push->made[i].name, "main") && strcmp(push->made[i].name, "other"))
			last = push->made[i].name;
	return last;
}

static size_t find_parents(const struct push *push, const char *name, git_commit **parents)
{
	size_t count = 0, len;
	for (const char *at = name_parents(push, name); *at; at += strspn(at, " ")) {
		len = strcspn(at, " ");
		const struct made *parent = find_made(push, at, len);
		assert_non_null(parent);
		git_oid id = store_git_oid(&parent->id);
		assert_int_equal(git_commit_lookup(&parents[count++], push->repo->git, &id), 0);
		at += len;
	}
	return count;
}

static struct oid write_commit(struct push *push, const char *name, git_index *index)
{
	git_repository *git = push->repo->git;
	git_commit *parents[MOST_COMMITS];
	git_signature *who;
	git_tree *tree;
	git_oid id;
	size_t count = find_parents(push, name, parents);
	assert_int_equal(git_index_write_tree_to(&id, index, git), 0);
	assert_int_equal(git_tree_lookup(&tree, git, &id), 0);
	assert_int_equal(git_signature_new(&who, "T", "t@example.com", 1767225600, 0), 0);
	assert_int_equal(git_commit_create(&id, git, NULL, who, who, NULL, name, tree, count,
				 (const git_commit **)parents),
		0);
	while (count)
		git_commit_free(parents[--count]);
	git_signature_free(who);
	git_tree_free(tree);
	return store_oid(&id);
}

/* Makes the commit if the case has the directory `name`. */
static void make_commit(struct push *push, const char *name)
{
	struct buf path = BUF_INIT;
	git_index *index;
	buf_addf(&path, "%s/%s", push->path, name);
	if (file_exists(path.data, NULL) > 0) {
		assert_int_equal(git_index_new(&index), 0);
		add_files(push, index, name, "");
		struct oid id = write_commit(push, name, index);
		push->made[push->made_count++] = (struct made){ name, id };
		git_index_free(index);
	}
	buf_release(&path);
}

static void make_commits(struct push *push)
{
	static const char *const names[] = { "main", "before", "other", "after", "after.1",
		"after.2", "after.3" };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		make_commit(push, names[i]);
}

/* ---- refs ---- */

/* Creates the refs of the commits that are not pushed, in the shared repository, or in a clone if there
 * is a remote; or removes them. */
static void set_refs(const struct push *push, const char *remote, bool present)
{
	for (size_t i = 0; i < push->made_count; i++) {
		const char *name = push->made[i].name;
		git_oid id = store_git_oid(&push->made[i].id);
		struct buf ref = BUF_INIT;
		git_reference *made = NULL;
		const char *branch = strcmp(name, "before") ? name : push->ref + strlen(REF_HEADS);
		if (!strncmp(name, "after", strlen("after")))
			continue;
		if (remote)
			ref_tracking(&ref, remote, branch);
		else
			ref_branch(&ref, branch);
		assert_int_equal(present ? git_reference_create(
						   &made, push->repo->git, ref.data, &id, 1, NULL)
					 : git_reference_remove(push->repo->git, ref.data),
			0);
		git_reference_free(made);
		buf_release(&ref);
	}
}

/* ---- what is reported ---- */

/* A violation of another commit than the tip begins with the name of that commit. */
static void put_violation(const struct push *push, const struct oid *tip, const char *kind,
	const struct violation *violation, struct buf *out)
{
	buf_addstr(out, kind);
	for (size_t i = 0; i < push->made_count; i++)
		if (!oid_is_none(&violation->commit) && !oid_equal(&violation->commit, tip) &&
			oid_equal(&violation->commit, &push->made[i].id))
			buf_addf(out, "%s: ", push->made[i].name);
	violation_text(violation, out);
	buf_addch(out, '\n');
}

static struct guard_update update_of(const struct push *push)
{
	struct guard_update update = { .ref = push->ref };
	const char *tip = find_line(push, "tip", push->made[push->made_count - 1].name);
	const char *now = find_line(push, "now", TIME);
	const struct made *before = find_made(push, "before", strlen("before"));
	if (before)
		update.old = before->id;
	if (strcmp(tip, "none")) {
		assert_non_null(find_made(push, tip, strlen(tip)));
		update.new = find_made(push, tip, strlen(tip))->id;
	}
	assert_true(timestamp_parse(now, strlen(now), &update.now));
	return update;
}

static void check_push(const struct push *push, const char *remote, struct buf *out)
{
	struct guard_plan plan = { .remote = remote, .variable = find_variable };
	struct guard_update update = update_of(push);
	struct guard_report report = { 0 };
	struct guard *guard = NULL;
	struct error err = ERROR_INIT;
	checked = push;
	set_refs(push, remote, true);
	int rc = guard_open(&guard, push->repo, &plan, &err);
	if (!rc)
		rc = guard_check(guard, &report, &update, &err);
	for (size_t i = 0; i < report.count; i++)
		put_violation(push, &update.new, "", &report.violations[i], out);
	for (size_t i = 0; i < report.warnings_count; i++)
		put_violation(push, &update.new, "warning: ", &report.warnings[i], out);
	if (rc < 0)
		buf_addf(out, "error: %s\n", err.text);
	guard_report_release(&report);
	guard_free(guard);
	set_refs(push, remote, false);
}

/* ---- one case ---- */

static void run_case(const char *path, struct buf *shared, struct buf *clone)
{
	struct push push = { .path = path };
	read_push(&push);
	check_words(&push);
	push.ref = find_line(&push, "ref", REF_HEADS "main");
	write_config(&push);
	assert_int_equal(repo_open(&push.repo, REPO, NULL), 0);
	git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 0);
	make_commits(&push);
	check_push(&push, NULL, shared);
	check_push(&push, "origin", clone);
	repo_close(push.repo);
	buf_release(&push.text);
}

static void expect(const char *path, const struct buf *text)
{
	struct buf file = BUF_INIT, expected = BUF_INIT;
	buf_addf(&file, "%s/violations", path);
	if (getenv("UPDATE"))
		assert_int_equal(file_publish(file.data, text->data, text->len, NULL), 0);
	else if (file_read(&expected, file.data, LIMIT, NULL) < 0)
		fail_msg("%s: is missing; reported:\n%s", file.data, text->data);
	else if (strcmp(expected.data, text->data))
		fail_msg("%s: is different; reported:\n%s", file.data, text->data);
	buf_release(&file);
	buf_release(&expected);
}

static void check_case(const char *name)
{
	struct buf path = BUF_INIT, shared = BUF_INIT, clone = BUF_INIT;
	buf_addf(&path, "%s/" CASES "/%s", top, name);
	run_case(path.data, &shared, &clone);
	if (strcmp(shared.data, clone.data))
		fail_msg("%s: is different in the clone; reported:\n%s", name, clone.data);
	expect(path.data, &shared);
	buf_release(&path);
	buf_release(&shared);
	buf_release(&clone);
}

static void each_push_has_the_expected_violations(void **state)
{
	struct file_list list;
	struct buf path = BUF_INIT;
	const char *only = getenv("CASE");
	size_t count = 0;
	(void)state;
	buf_addf(&path, "%s/" CASES, top);
	assert_int_equal(file_list_read(&list, path.data, NULL), 0);
	for (size_t i = 0; i < list.count; i++)
		if (!only || !strcmp(only, list.names[i])) {
			check_case(list.names[i]);
			count++;
		}
	file_list_release(&list);
	buf_release(&path);
	assert_true(only ? count == 1 : count > 100);
}

/* ---- */

static int enter(void **state)
{
	if (!getcwd(top, sizeof(top)) || enter_directory(state))
		return -1;
	alloc_keep_memory();
	sh("git init -q --bare " REPO);
	return file_read(&config, REPO "/config", LIMIT, NULL);
}

static int leave(void **state)
{
	buf_release(&config);
	return leave_directory(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(
		each_push_has_the_expected_violations) };
	return cmocka_run_group_tests(tests, enter, leave);
}
