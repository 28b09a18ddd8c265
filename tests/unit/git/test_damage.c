/* git/: "does not exist" is a result. An object that is referenced and cannot be read is
 * damage, never absence. */
#include "unit/directory.h"

#include "base/file.h"
#include "git/history.h"
#include "git/repo.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Each test has a repository with a/b/file at refs/heads/x, as loose objects. */
static int enter(void **state)
{
	if (enter_directory(state))
		return -1;
	return system("git init -q -b x . && git config user.name u && git config user.email e && "
		      "mkdir -p a/b && echo text >a/b/file && git add . && git commit -qm one");
}

static struct repo *open_repo(void)
{
	struct repo *repo = NULL;
	struct error err = ERROR_INIT;
	if (repo_open(&repo, ".", &err) < 0)
		fail_msg("%s", err.text);
	return repo;
}

static struct oid tip_of(struct repo *repo)
{
	struct oid tip;
	struct error err = ERROR_INIT;
	if (repo_ref(repo, "refs/heads/x", &tip, &err) < 0)
		fail_msg("%s", err.text);
	return tip;
}

/* Replace the object `revision`: by an empty file, by random bytes, or by nothing at all. */
static void damage(const char *revision, const char *how)
{
	char script[300];
	snprintf(script, sizeof(script),
		"o=$(git rev-parse %s) && f=.git/objects/$(echo $o | cut -c1-2)/$(echo $o | cut "
		"-c3-) && chmod u+w $f && %s",
		revision, how);
	sh(script);
}

static int count_entry(const struct entry *entry, void *data)
{
	(void)entry;
	++*(int *)data;
	return 0;
}

static int count_change(const struct changed_file *file, void *data)
{
	(void)file;
	++*(int *)data;
	return 0;
}

/* All functions that read at a commit, on a repository whose object `revision` is damaged. */
static void nothing_is_absent(const char *revision, const char *how)
{
	struct buf text = BUF_INIT;
	struct oid found, tip;
	int entries = 0;
	struct error err = ERROR_INIT;
	struct repo *repo = open_repo();
	tip = tip_of(repo);
	repo_close(repo);
	damage(revision, how);
	repo = open_repo();
	assert_int_equal(repo_read(repo, &tip, "a/b/file", 0, &text, NULL, &err), ERR_FAILED);
	assert_non_null(strstr(err.text, tip.hex) ?: strstr(err.text, "cannot read"));
	if (strcmp(revision, "x:a/b/file") != 0) {
		assert_int_equal(repo_find(repo, &tip, "a/b/file", &found, &err), ERR_FAILED);
		assert_int_equal(repo_find(repo, &tip, "a/b/none", &found, &err), ERR_FAILED);
		assert_int_equal(
			repo_list(repo, &tip, "a/b", count_entry, &entries, &err), ERR_FAILED);
		assert_int_equal(entries, 0);
		assert_int_equal(history_each_difference(
					 repo, &OID_NONE, &tip, count_change, &entries, &err),
			ERR_FAILED);
		struct change change = { "a/b/other", "x", 1 };
		struct commit_plan plan = { .base = tip,
			.changes = &change,
			.changes_count = 1,
			.message = "m",
			.fallback_name = "b",
			.time = 1 };
		assert_int_equal(repo_write_commit(repo, &found, &plan, &err), ERR_FAILED);
	}
	buf_release(&text);
	repo_close(repo);
}

#define EMPTY   ": >$f"
#define RUBBISH "echo rubbish >$f"
#define GONE    "rm -f $f"

static void a_damaged_blob_is_not_absence(void **state)
{
	(void)state;
	nothing_is_absent("x:a/b/file", EMPTY);
}

static void a_damaged_tree_is_not_absence(void **state)
{
	(void)state;
	nothing_is_absent("x:a/b", EMPTY);
}

static void a_missing_tree_is_not_absence(void **state)
{
	(void)state;
	nothing_is_absent("x:a", GONE);
}

static void a_damaged_root_tree_is_not_absence(void **state)
{
	(void)state;
	nothing_is_absent("x^{tree}", RUBBISH);
}

static void a_damaged_commit_is_not_absence(void **state)
{
	(void)state;
	struct commit commit = { .message = BUF_INIT };
	struct oid parent;
	struct error err = ERROR_INIT;
	nothing_is_absent("x^{commit}", EMPTY);
	struct repo *repo = open_repo();
	struct oid tip = tip_of(repo);
	assert_int_equal(repo_commit(repo, &tip, &commit, &err), ERR_FAILED);
	assert_int_equal(repo_parent(repo, &tip, 0, &parent, &err), ERR_FAILED);
	buf_release(&commit.message);
	repo_close(repo);
}

static void a_missing_commit_is_not_absence(void **state)
{
	(void)state;
	nothing_is_absent("x^{commit}", GONE);
}

static void what_a_valid_tree_lacks_is_absent(void **state)
{
	(void)state;
	struct repo *repo = open_repo();
	struct oid tip = tip_of(repo), found;
	struct buf text = BUF_INIT;
	struct error err = ERROR_INIT;
	int entries = 0;
	static const char *const paths[] = { "none", "none/below", "a/none", "a/b/none",
		"a/b/file/below" };
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		assert_int_equal(repo_find(repo, &tip, paths[i], &found, &err), ERR_NOT_FOUND);
		assert_int_equal(
			repo_read(repo, &tip, paths[i], 0, &text, NULL, &err), ERR_NOT_FOUND);
		assert_int_equal(repo_list(repo, &tip, paths[i], count_entry, &entries, &err),
			ERR_NOT_FOUND);
	}
	assert_int_equal(
		repo_list(repo, &tip, "a/b/file", count_entry, &entries, &err), ERR_NOT_FOUND);
	assert_int_equal(repo_find(repo, &tip, "a/b", &found, &err), 0);
	assert_int_equal(repo_read(repo, &tip, "a/b", 0, &text, NULL, &err), ERR_INVALID);
	assert_int_equal(repo_read(repo, &tip, "a/b/file", 0, &text, NULL, &err), 0);
	assert_string_equal(text.data, "text\n");
	buf_release(&text);
	repo_close(repo);
}

static int count_ref(const char *name, const struct oid *oid, void *data)
{
	(void)name;
	(void)oid;
	++*(int *)data;
	return 0;
}

/* Root can read everything: these fail for root, too. */
static void an_unreadable_ref_is_not_absence(void **state)
{
	(void)state;
	struct oid oid;
	struct error err = ERROR_INIT;
	int refs = 0;
	sh("git branch sound && git branch other && rm -f .git/refs/heads/other && "
	   "echo rubbish >.git/refs/heads/other && ln -s loop .git/refs/heads/loop");
	struct repo *repo = open_repo();
	assert_int_equal(repo_ref(repo, "refs/heads/none", &oid, &err), ERR_NOT_FOUND);
	assert_int_equal(repo_ref(repo, "refs/heads/x/below", &oid, &err), ERR_NOT_FOUND);
	assert_int_equal(repo_ref(repo, "refs/heads/other", &oid, &err), ERR_FAILED);
	assert_int_equal(repo_ref(repo, "refs/heads/loop", &oid, &err), ERR_FAILED);
	assert_true(repo_ref_each(repo, "refs/heads/o", count_ref, &refs, &err) < 0);
	assert_int_equal(refs, 0);
	repo_close(repo);
	sh("git update-ref --no-deref -d refs/heads/loop; rm -f .git/refs/heads/loop "
	   ".git/refs/heads/other; git pack-refs --all && rm -rf .git/refs/heads/sound");
	repo = open_repo();
	assert_int_equal(repo_ref(repo, "refs/heads/sound", &oid, &err), 0);
	repo_close(repo);
	sh("rm .git/packed-refs && ln -s packed-refs .git/packed-refs");
	repo = open_repo();
	assert_int_equal(repo_ref(repo, "refs/heads/sound", &oid, &err), ERR_FAILED);
	repo_close(repo);
}

static void unreadable_settings_are_not_defaults(void **state)
{
	(void)state;
	struct repo *repo = NULL;
	struct error err = ERROR_INIT;
	sh("mv .git/config .git/sound && ln -s config .git/config");
	assert_true(repo_open(&repo, ".", &err) < 0);
	assert_int_not_equal(err.code, ERR_NOT_FOUND);
	sh("rm .git/config && mv .git/sound .git/config");
	/* If git itself is run, for features that libgit2 does not have. */
	setenv("GIT_CONFIG_COUNT", "rubbish", 1);
	assert_int_equal(repo_open(&repo, ".", &err), ERR_FAILED);
	unsetenv("GIT_CONFIG_COUNT");
}

static void a_list_of_files_is_complete_or_an_error(void **state)
{
	(void)state;
	struct file_list list;
	struct error err = ERROR_INIT;
	sh("mkdir d && touch d/b d/a d/.c && ln -s loop loop");
	assert_int_equal(file_list_read(&list, "d", &err), 0);
	assert_int_equal(list.count, 3);
	assert_string_equal(list.names[0], ".c");
	assert_string_equal(list.names[2], "b");
	file_list_release(&list);
	assert_int_equal(file_list_read(&list, "none", &err), ERR_NOT_FOUND);
	assert_int_equal(file_list_read(&list, "d/a", &err), ERR_FAILED);
	assert_int_equal(file_list_read(&list, "loop", &err), ERR_FAILED);
	assert_int_equal(list.count, 0);
	assert_int_equal(file_exists("d", &err), 1);
	assert_int_equal(file_exists("none", &err), 0);
	assert_int_equal(file_exists("loop", &err), ERR_FAILED);
	assert_int_equal(file_may_run("d/a", &err), 0);
	assert_int_equal(file_may_run("none", &err), 0);
	assert_int_equal(file_may_run("loop", &err), ERR_FAILED);
}

#define TEST_IN_REPOSITORY(name) cmocka_unit_test_setup_teardown(name, enter, leave_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_IN_REPOSITORY(a_damaged_blob_is_not_absence),
		TEST_IN_REPOSITORY(a_damaged_tree_is_not_absence),
		TEST_IN_REPOSITORY(a_missing_tree_is_not_absence),
		TEST_IN_REPOSITORY(a_damaged_root_tree_is_not_absence),
		TEST_IN_REPOSITORY(a_damaged_commit_is_not_absence),
		TEST_IN_REPOSITORY(a_missing_commit_is_not_absence),
		TEST_IN_REPOSITORY(what_a_valid_tree_lacks_is_absent),
		TEST_IN_REPOSITORY(an_unreadable_ref_is_not_absence),
		TEST_IN_REPOSITORY(unreadable_settings_are_not_defaults),
		TEST_IN_REPOSITORY(a_list_of_files_is_complete_or_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
