/*
 * The files that a commit changes, in generated histories: history_each_changed() and
 * history_difference() list those of `git diff-tree`, in the same order.
 */
#include "property/random.h"
#include "unit/directory.h"

#include "git/history.h"

#include <stdlib.h>

enum { COMMITS = 200 };

/* Names that sort differently as a file and as a directory, and paths that need these names as both. */
static const char *const paths[] = { "a", "a-b", "a.b", "a/b", "a/b/c", "a/b/d", "a/b-c", "a0",
	"a/0", "b/c/d/e/f", "b/c/d/e/g", "b/c/d.e", "b/c", "c", "c/.d", "C", "z/\xc3\xa9",
	"z/y x" };

static void change_path(struct random *random, FILE *import)
{
	static const char *const modes[] = { "100644", "100644", "100755", "120000" };
	const char *path = RANDOM_OF(random, paths);
	if (random_once_in(random, 4))
		fprintf(import, "D \"%s\"\n", path);
	else if (random_once_in(random, 8))
		fprintf(import, "M 160000 %040zu \"%s\"\n", 1 + random_below(random, 2), path);
	else
		fprintf(import, "M %s inline \"%s\"\ndata 1\n%zu\n", RANDOM_OF(random, modes), path,
			random_below(random, 3));
}

static void make_history(struct random *random)
{
	sh("rm -rf r && git init -q --bare r");
	FILE *import = popen("git -C r fast-import --quiet", "w");
	assert_non_null(import);
	for (size_t i = 0; i < COMMITS; i++) {
		fprintf(import, "commit refs/heads/main\ncommitter T <t@example.com> %zu +0000\n",
			1700000000 + i);
		fprintf(import, "data 1\nx\n");
		for (size_t left = random_below(random, 6); left; left--)
			change_path(random, import);
	}
	assert_int_equal(pclose(import), 0);
}

/* A change as git diff-tree shows it, without the mode before. */
static int print_change(const struct changed_file *file, void *data)
{
	const char *none = "0000000000000000000000000000000000000000";
	fprintf(data, "%06o %s %s\t%s\n", file->mode,
		oid_is_none(&file->before) ? none : file->before.hex,
		oid_is_none(&file->blob) ? none : file->blob.hex, file->path);
	return 0;
}

struct printing {
	struct repo *repo;
	struct oid parent; /* of the next commit: the history has no merges */
	FILE *changed, *differs;
};

static int print_commit(const struct oid *commit, void *data)
{
	struct printing *p = data;
	struct error err = ERROR_INIT;
	if (history_each_changed(p->repo, commit, print_change, p->changed, &err) < 0 ||
		history_each_difference(
			p->repo, &p->parent, commit, print_change, p->differs, &err) < 0)
		fail_msg("%s", err.text);
	p->parent = *commit;
	return 0;
}

static void print_history(void)
{
	struct printing printing = { .parent = OID_NONE,
		.changed = fopen("changed", "w"),
		.differs = fopen("differs", "w") };
	struct error err = ERROR_INIT;
	struct oid tip;
	assert_int_equal(repo_open(&printing.repo, "r", &err), 0);
	assert_int_equal(repo_ref(printing.repo, "refs/heads/main", &tip, &err), 0);
	assert_int_equal(
		history_each_new(printing.repo, &tip, NULL, 0, NULL, print_commit, &printing, &err),
		0);
	repo_close(printing.repo);
	fclose(printing.changed);
	fclose(printing.differs);
}

static void changed_files_are_those_of_git(void **state)
{
	(void)state;
	uint64_t seed = random_first_seed();
	for (uint64_t left = random_setting("RUNS", 3); left; left--, seed++) {
		struct random random = random_of(seed);
		make_history(&random);
		print_history();
		sh("git -C r -c core.quotePath=false log --reverse --format= --raw --root -r "
		   "--no-renames --no-abbrev main | sed 's/^:[0-7]* //; s/ [A-Z]\t/\t/' >expected");
		if (system("cmp expected changed && cmp expected differs"))
			fail_msg("SEED=%llu RUNS=1: differs from git", (unsigned long long)seed);
	}
}

static int count_file(const struct changed_file *file, void *data)
{
	(void)file;
	++*(size_t *)data;
	return 0;
}

/* The result of reading a commit with a file inside `depth` directories. */
static int read_deep_file(size_t depth, struct error *err)
{
	struct repo *repo;
	struct oid tip;
	size_t files = 0;
	sh("rm -rf r && git init -q --bare r");
	FILE *import = popen("git -C r fast-import --quiet", "w");
	assert_non_null(import);
	fprintf(import, "commit refs/heads/main\ncommitter T <t@example.com> 1 +0000\ndata 1\nx\n");
	fprintf(import, "M 100644 inline ");
	for (size_t i = 0; i < depth; i++)
		fprintf(import, "d/");
	fprintf(import, "f\ndata 1\nx\n");
	assert_int_equal(pclose(import), 0);
	assert_int_equal(repo_open(&repo, "r", err), 0);
	assert_int_equal(repo_ref(repo, "refs/heads/main", &tip, err), 0);
	int rc = history_each_changed(repo, &tip, count_file, &files, err);
	assert_int_equal(files, rc ? 0 : 1);
	repo_close(repo);
	return rc;
}

static void deep_directories_are_read_or_refused(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	assert_int_equal(read_deep_file(2048, &err), 0);
	assert_int_equal(read_deep_file(2049, &err), ERR_FAILED);
	assert_non_null(strstr(err.text, "2048 directories"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			changed_files_are_those_of_git, enter_directory, leave_directory),
		cmocka_unit_test_setup_teardown(
			deep_directories_are_read_or_refused, enter_directory, leave_directory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
