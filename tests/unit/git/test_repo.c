/* git/, remote/ and deliver/: repositories, commits, pushes and transactions, on real repositories
 * with real hooks. */
#include "unit/directory.h"

#include "git/attributes.h"
#include "git/history.h"
#include "remote/porcelain.h"
#include "deliver/transaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int enter(void **state)
{
	if (enter_directory(state))
		return -1;
	return system("git init -q --bare shared.git && git -C shared.git symbolic-ref HEAD "
		      "refs/heads/main"
		      " && git clone -q shared.git a 2>/dev/null && git clone -q shared.git b "
		      "2>/dev/null");
}

static struct repo *open_repo(const char *name)
{
	struct repo *repo = NULL;
	struct error err = ERROR_INIT;
	if (repo_open(&repo, name, &err) < 0)
		fail_msg("%s", err.text);
	return repo;
}

static struct oid write_file(struct repo *repo, struct oid base, const char *path, const char *data)
{
	struct change change = { path, data, data ? strlen(data) : 0 };
	struct commit_plan plan = { .base = base,
		.parents = &base,
		.parents_count = oid_is_none(&base) ? 0 : 1,
		.changes = &change,
		.changes_count = 1,
		.message = "change",
		.fallback_name = "build1",
		.time = 1761753610 };
	struct oid made = OID_NONE;
	struct error err = ERROR_INIT;
	if (repo_write_commit(repo, &made, &plan, &err) < 0)
		fail_msg("%s", err.text);
	return made;
}

static void attributes_are_those_of_the_commit_and_not_of_the_index(void **state)
{
	(void)state;
	sh("git init -q attributes");
	struct repo *repo = open_repo("attributes");
	struct error err = ERROR_INIT;
	struct buf value = BUF_INIT;
	struct oid one = write_file(repo, OID_NONE, ".gitattributes", "x name=one\ny -name\n");
	struct oid two = write_file(repo, one, "x", "");
	sh("cd attributes && printf '* name=index\n' >.gitattributes && git add .gitattributes");
	assert_int_equal(attribute_of(repo, &two, "x", "name", &value, &err), 1);
	assert_string_equal(value.data, "one");
	assert_int_equal(attribute_of(repo, &two, "y", "name", &value, &err), 0);
	assert_int_equal(attribute_of(repo, &two, "z", "name", &value, &err), 0);
	assert_int_equal(attribute_is_unset(repo, &two, "x", "name", &err), 0);
	assert_int_equal(attribute_is_unset(repo, &two, "y", "name", &err), 1);
	assert_int_equal(attribute_is_unset(repo, &two, "z", "name", &err), 0);
	sh("printf 'z -name\n' >attributes/.git/info/attributes");
	assert_int_equal(attribute_is_unset(repo, &two, "z", "name", &err), 1);
	buf_release(&value);
	repo_close(repo);
}

static void commits_equal_those_of_git(void **state)
{
	(void)state;
	struct repo *repo = open_repo("a");
	struct oid one = write_file(repo, OID_NONE, "build1/status.json", "{}\n");
	struct oid two = write_file(repo, one, "run.sh", "#!/bin/sh\n");
	struct error err = ERROR_INIT;
	assert_int_equal(repo_ref_update(repo, "refs/heads/x", &two, &OID_NONE, "test", &err), 0);
	sh("cd a && git fsck --strict >fsck.log 2>&1 && test \"$(git ls-tree -r --name-only x | tr "
	   "'\\n' ' "
	   "')\" = "
	   "'build1/status.json run.sh ' && git -c core.fileMode=1 checkout -q x && chmod +x "
	   "run.sh && "
	   "git -c user.name=u -c user.email=e commit -qam mode");
	struct oid three, four;
	assert_int_equal(repo_resolve(repo, "x", &three, &err), 0);
	four = write_file(repo, three, "run.sh", "#!/bin/bash\n");
	struct oid five = write_file(repo, four, "build1/status.json", NULL);
	char script[300];
	snprintf(script, sizeof(script),
		"cd a && test \"$(git ls-tree -r %s)\" = \"$(printf '100755 blob %%s\\trun.sh' "
		"$(git "
		"rev-parse %s:run.sh))\" && git log -1 --format=%%an %s | grep -qx build1",
		five.hex, four.hex, four.hex);
	sh(script);
	struct change wrong[] = { { "../x", "", 0 }, { "a//b", "", 0 }, { "a/.git/config", "", 0 },
		{ "", "", 0 }, { "run.sh/below", "", 0 } };
	for (size_t i = 0; i < 5; i++) {
		struct oid made;
		struct commit_plan plan = { .base = four,
			.changes = &wrong[i],
			.changes_count = 1,
			.message = "x",
			.fallback_name = "b" };
		assert_true(repo_write_commit(repo, &made, &plan, &err) < 0);
	}
	repo_close(repo);
}

static int note_name(const struct changed_file *file, void *data)
{
	buf_addf(data, "%s%s ", file->path, file->mode ? "" : " removed");
	return 0;
}

static int note_first_name(const struct changed_file *file, void *data)
{
	note_name(file, data);
	return 7;
}

static void a_difference_is_read_from_its_start_each_time(void **state)
{
	(void)state;
	struct repo *repo = open_repo("a");
	struct oid one = write_file(repo, OID_NONE, "c.txt", "1\n");
	struct oid two = write_file(repo, one, "a.txt", "2\n");
	struct oid three = write_file(repo, two, "c.txt", NULL);
	struct difference *difference = NULL;
	struct buf names = BUF_INIT;
	struct error err = ERROR_INIT;
	assert_int_equal(history_difference(&difference, repo, &one, &three, &err), 0);
	assert_int_equal(history_each_file(difference, note_first_name, &names), 7);
	assert_string_equal(names.data, "a.txt ");
	for (int pass = 0; pass < 2; pass++) {
		buf_reset(&names);
		assert_int_equal(history_each_file(difference, note_name, &names), 0);
		assert_string_equal(names.data, "a.txt c.txt removed ");
	}
	history_difference_free(difference);
	difference = NULL;
	assert_int_equal(history_difference(&difference, repo, &one, &one, &err), 0);
	assert_int_equal(history_each_file(difference, note_first_name, &names), 0);
	history_difference_free(difference);
	buf_release(&names);
	repo_close(repo);
}

static void refs_are_updated_only_from_the_expected_value(void **state)
{
	(void)state;
	struct repo *repo = open_repo("a");
	struct error err = ERROR_INIT;
	struct oid one = write_file(repo, OID_NONE, "f", "1"),
		   two = write_file(repo, one, "f", "2");
	assert_int_equal(repo_ref_update(repo, "refs/heads/r", &one, &OID_NONE, "t", &err), 0);
	assert_int_equal(
		repo_ref_update(repo, "refs/heads/r", &two, &OID_NONE, "t", &err), ERR_LOST_RACE);
	assert_int_equal(
		repo_ref_update(repo, "refs/heads/r", &two, &two, "t", &err), ERR_LOST_RACE);
	assert_int_equal(repo_ref_update(repo, "refs/heads/r", &two, &one, "t", &err), 0);
	assert_int_equal(
		repo_ref_update(repo, "refs/heads/r", &OID_NONE, &one, "t", &err), ERR_LOST_RACE);
	assert_int_equal(repo_ref_update(repo, "refs/heads/r", &OID_NONE, &two, "t", &err), 0);
	assert_int_equal(repo_ref(repo, "refs/heads/r", &one, &err), ERR_NOT_FOUND);
	assert_true(repo_branch_name_ok("heartbeat-build1"));
	static const char *const bad[] = { "-x", "a..b", "a b", "a@{b", "x.lock", "", "a~1", "HEAD",
		"a/" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(repo_branch_name_ok(bad[i]));
	repo_close(repo);
}

static void a_lock_of_another_git_is_waited_for(void **state)
{
	(void)state;
	struct repo *repo = open_repo("a");
	struct error err = ERROR_INIT;
	struct oid one = write_file(repo, OID_NONE, "f", "1");
	/* On a busy machine, the other process may hold it longer than the wait; not ten times. */
	int rc = ERR_BUSY;
	for (int tries = 0; tries < 10 && rc == ERR_BUSY; tries++) {
		sh("touch a/.git/refs/heads/held.lock; "
		   "{ sleep 0.2; rm -f a/.git/refs/heads/held.lock; } &");
		rc = repo_ref_update(repo, "refs/heads/held", &one, &OID_NONE, "t", &err);
	}
	assert_int_equal(rc, 0);
	/* A lock file that a live process has open is kept; one that no process has open was left
	 * by a killed git. */
	sh("sleep 300 9>a/.git/refs/heads/left.lock >/dev/null 2>&1 & echo $! >holder; "
	   "until test -e a/.git/refs/heads/left.lock; do sleep 0.01; done");
	assert_int_equal(
		repo_ref_update(repo, "refs/heads/left", &one, &OID_NONE, "t", &err), ERR_BUSY);
	assert_non_null(strstr(err.text, "a/.git/refs/heads/left.lock"));
	sh("kill $(cat holder)");
	assert_int_equal(repo_ref_update(repo, "refs/heads/left", &one, &OID_NONE, "t", &err), 0);
	repo_close(repo);
}

static void settings_equal_those_of_git(void **state)
{
	(void)state;
	sh("git -C a config build.server build1 && git -C a config build.history 2k && "
	   "git -C a config --add build.operators x && git -C a config --add build.operators y");
	struct error err = ERROR_INIT;
	for (int listed = 0; listed < 2; listed++) {
		if (listed) {
			setenv("GIT_CONFIG_COUNT", "1", 1);
			setenv("GIT_CONFIG_KEY_0", "build.server", 1);
			setenv("GIT_CONFIG_VALUE_0", "other", 1);
		}
		struct repo *repo = open_repo("a");
		struct buf value = BUF_INIT;
		int64_t number = 0;
		assert_true(repo_config(repo, "build.SERVER", &value));
		assert_string_equal(value.data, listed ? "other" : "build1");
		assert_int_equal(repo_config_int(repo, "build.history", 1, 5000, &number, &err), 0);
		assert_int_equal(number, 2048);
		assert_int_equal(
			repo_config_int(repo, "build.server", 1, 5, &number, &err), ERR_INVALID);
		assert_non_null(strstr(err.text, "build.server"));
		assert_false(repo_config(repo, "build.none", &value));
		assert_int_equal(repo_config_set(repo, "build.none", "1", &err), 0);
		assert_true(repo_config(repo, "build.none", &value));
		assert_int_equal(repo_config_set(repo, "build.none", NULL, &err), 0);
		assert_int_equal(repo_config_set(repo, "build.none", NULL, &err), 0);
		buf_release(&value);
		repo_close(repo);
	}
	unsetenv("GIT_CONFIG_COUNT");
}

/* Formats that are declared in the config are tested in tests/e2e/cli.bats: when it opens one,
 * libgit2 1.5 leaks the matches of its regular expressions, and the leak check of this program
 * should stay strict. */
static void an_undeclared_format_is_named(void **state)
{
	(void)state;
	sh("git init -q sha && git -C sha config extensions.objectformat sha256 && mkdir none");
	struct repo *repo;
	struct error err = ERROR_INIT;
	assert_int_equal(repo_open(&repo, "sha", &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "SHA-256"));
	assert_int_equal(repo_open(&repo, "none", &err), ERR_NOT_FOUND);
}

static void worktrees_and_git_dir_are_found(void **state)
{
	(void)state;
	sh("cd a && git checkout -q --detach x && git worktree add -q ../linked x 2>/dev/null");
	struct repo *repo = open_repo("linked");
	assert_non_null(strstr(repo_git_dir(repo), "/a/.git/worktrees/linked"));
	assert_non_null(strstr(repo_common_dir(repo), "/a/.git"));
	assert_non_null(strstr(repo_work_tree(repo), "/linked"));
	repo_close(repo);
	setenv("GIT_DIR", "a/.git", 1);
	setenv("GIT_WORK_TREE", "b", 1);
	repo = open_repo(NULL);
	assert_non_null(strstr(repo_work_tree(repo), "/b"));
	repo_close(repo);
	unsetenv("GIT_DIR");
	unsetenv("GIT_WORK_TREE");
	repo = open_repo("shared.git");
	assert_null(repo_work_tree(repo));
	repo_close(repo);
}

static void porcelain_output_is_parsed(void **state)
{
	(void)state;
	static const char output[] =
		"To ../shared.git\n"
		"*\tabc:refs/heads/new\t[new branch]\n"
		"=\tabc:refs/heads/same\t[up to date]\n"
		"!\tabc:refs/heads/stale\t[rejected] (stale info)\n"
		"!\tabc:refs/heads/hook\t[remote rejected] (pre-receive hook declined)\n"
		"!\tabc:refs/heads/lock\t[remote rejected] (failed to update ref)\n"
		" \tabc:refs/heads/ff\t1234567..89abcde\n"
		"Done\n";
	static const struct {
		const char *ref;
		int verdict;
		const char *reason;
	} cases[] = { { "refs/heads/new", PUSH_DONE, "" },
		{ "refs/heads/same", PUSH_UP_TO_DATE, "" },
		{ "refs/heads/stale", PUSH_LOST_RACE, "stale info" },
		{ "refs/heads/hook", PUSH_REFUSED, "pre-receive hook declined" },
		{ "refs/heads/lock", PUSH_LOST_RACE, "failed to update ref" },
		{ "refs/heads/ff", PUSH_DONE, "" }, { "refs/heads/ne", -1, "" } };
	struct buf reason = BUF_INIT, said = BUF_INIT, own = BUF_INIT;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		enum push_verdict verdict = PUSH_DONE;
		bool found = porcelain_verdict(output, cases[i].ref, &verdict, &reason);
		assert_int_equal(found, cases[i].verdict >= 0);
		if (found)
			assert_int_equal(verdict, cases[i].verdict);
		assert_string_equal(reason.data, cases[i].reason);
	}
	porcelain_sort_errors(
		"remote: one  \nremote: \033[31mtwo\033[m\rremote: three\nfatal: own\n", &said,
		&own);
	assert_string_equal(said.data, "one\ntwo\nthree\n");
	assert_string_equal(own.data, "fatal: own\n");
	buf_release(&reason);
	buf_release(&said);
	buf_release(&own);
}

/* ---- transactions ---- */

static int append_line(struct transaction *tx, void *data, struct error *err)
{
	const char *text = "";
	size_t len = 0;
	int rc = documents_read(transaction_documents(tx), "list", &text, &len, err);
	if (rc < 0 && rc != ERR_NOT_FOUND)
		return rc;
	struct buf list = BUF_INIT;
	buf_add(&list, text, len);
	buf_addf(&list, "%s\n", (const char *)data);
	documents_write(transaction_documents(tx), "list", &list);
	return 0;
}

/* What a request may try; many writers need more. */
static int most_attempts = 4;

static int run(const char *clone, int (*apply)(struct transaction *, void *, struct error *),
	void *data, int64_t timeout_ms, struct transaction_result *result, struct error *err)
{
	struct repo *repo = open_repo(clone);
	struct transaction_plan plan = { .remote = { "origin", timeout_ms },
		.branch = "main",
		.subject = "Append",
		.server = "build1",
		.attempts = most_attempts,
		.backoff_ms = 10,
		.env = env_system(),
		.apply = apply,
		.data = data };
	int rc = transaction_run(repo, &plan, result, err);
	repo_close(repo);
	return rc;
}

static void append(const char *clone, const char *line)
{
	struct transaction_result result = TRANSACTION_RESULT_INIT;
	struct error err = ERROR_INIT;
	if (run(clone, append_line, (void *)(uintptr_t)line, 0, &result, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(result.committed);
	transaction_result_release(&result);
}

static void a_transaction_creates_and_updates_the_branch(void **state)
{
	(void)state;
	append("b", "first");
	append("a", "second"); /* a has never seen main */
	append("b", "third");  /* b has not fetched the second yet */
	sh("cd b && test \"$(git -C ../shared.git show main:list | tr '\\n' ' ')\" = 'first second "
	   "third ' && "
	   "test \"$(cat list | tr '\\n' ' ')\" = 'first second third ' && test -z \"$(git status "
	   "--porcelain)\" && "
	   "git log -1 --format=%B | grep -q '^Operation-Id: [0-9a-f-]\\{36\\}$'");
	sh("cd b && echo mine > list");
	append("b", "fourth"); /* a dirty file is not touched */
	sh("cd b && test \"$(cat list)\" = mine && git checkout -q list && git merge -q --ff-only "
	   "origin/main");
}

static int say_no(struct transaction *tx, void *data, struct error *err)
{
	(void)err;
	(void)tx;
	++*(int *)data;
	return 1;
}

static int write_the_same(struct transaction *tx, void *data, struct error *err)
{
	const char *text;
	size_t len;
	(void)data;
	int rc = documents_read(transaction_documents(tx), "list", &text, &len, err);
	if (rc < 0)
		return rc;
	struct buf same = BUF_INIT;
	buf_add(&same, text, len);
	documents_write(transaction_documents(tx), "list", &same);
	return 0;
}

static void an_answer_refers_to_the_current_state(void **state)
{
	(void)state;
	struct transaction_result result = TRANSACTION_RESULT_INIT;
	struct error err = ERROR_INIT;
	int calls = 0;
	assert_int_equal(run("b", say_no, &calls, 0, &result, &err), 1);
	assert_int_equal(calls, 2); /* once for the known state, once after the fetch */
	assert_false(result.committed);
	assert_int_equal(run("b", write_the_same, NULL, 0, &result, &err), 0);
	assert_false(result.committed);
	assert_int_equal(result.attempts, 0);
	transaction_result_release(&result);
}

static void rejections_contain_the_output_of_the_hook(void **state)
{
	(void)state;
	sh("printf '#!/bin/sh\\necho \"coordination/jobs.json:3:1: broken\" >&2\\nexit 1\\n' > "
	   "shared.git/hooks/pre-receive && chmod +x shared.git/hooks/pre-receive");
	struct transaction_result result = TRANSACTION_RESULT_INIT;
	struct error err = ERROR_INIT;
	assert_int_equal(run("b", append_line, "x", 0, &result, &err), ERR_REFUSED);
	assert_string_equal(result.said.data, "coordination/jobs.json:3:1: broken\n");
	assert_non_null(strstr(err.text, "jobs.json:3:1: broken"));
	transaction_result_release(&result);
	sh("rm shared.git/hooks/pre-receive");
}

static void a_hook_works_in_the_quarantine(void **state)
{
	(void)state;
	/* The test program itself is the hook: see main(). */
	char script[600], self[300];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[len] = '\0';
	snprintf(script, sizeof(script),
		"printf '#!/bin/sh\\nexec %s --hook\\n' > shared.git/hooks/pre-receive && "
		"chmod +x shared.git/hooks/pre-receive",
		self);
	sh(script);
	append("b", "seen by the hook");
	sh("grep -qx 'seen by the hook' shared.git/hook-saw && rm shared.git/hooks/pre-receive");
}

static int hook(void)
{
	struct repo *repo;
	struct oid new;
	char line[200], hex[41];
	struct buf content = BUF_INIT;
	if (!fgets(line, sizeof(line), stdin) || sscanf(line, "%*s %40s", hex) != 1 ||
		!oid_parse(&new, hex))
		return 1;
	if (repo_open(&repo, NULL, NULL) < 0 ||
		repo_read(repo, &new, "list", 0, &content, NULL, NULL) < 0)
		return 1;
	FILE *saw = fopen("hook-saw", "w");
	fputs(content.data, saw);
	fclose(saw);
	buf_release(&content);
	repo_close(repo);
	return 0;
}

/* Push through a receive-pack that breaks the connection at a chosen point. */
static void broken_connections_lose_nothing(void **state)
{
	(void)state;
	static const char *const wrappers[] = {
		/* before anything arrives: fails at the first call, works afterwards */
		"#!/bin/sh\\nif mkdir $PWD/../cut 2>/dev/null; then exit 1; fi\\nexec "
		"git-receive-pack \"$@\"\\n",
		/* after the push: the result is lost once */
		"#!/bin/sh\\nif mkdir $PWD/../cut 2>/dev/null; then git-receive-pack \"$@\" | head "
		"-c 200; exit 1; "
		"fi\\nexec git-receive-pack \"$@\"\\n",
	};
	for (size_t i = 0; i < 2; i++) {
		char script[600], line[20];
		snprintf(script, sizeof(script),
			"rmdir cut b/cut 2>/dev/null; printf '%s' > wrapper && chmod +x wrapper && "
			"git -C b config remote.origin.receivepack $PWD/wrapper",
			wrappers[i]);
		sh(script);
		snprintf(line, sizeof(line), "cut %zu", i);
		struct transaction_result result = TRANSACTION_RESULT_INIT;
		struct error err = ERROR_INIT;
		int rc = run("b", append_line, line, 0, &result, &err);
		if (rc)
			fail_msg("wrapper %zu: %s", i, err.text);
		snprintf(script, sizeof(script),
			"test $(git -C shared.git show main:list | grep -cx '%s') = 1", line);
		sh(script);
		transaction_result_release(&result);
	}
	sh("git -C b config --unset remote.origin.receivepack");
}

struct pushed {
	struct oid commits[8];
	int count;
};

static int append_pushed(struct transaction *tx, void *data, struct error *err)
{
	static char line[] = "the same";
	(void)data;
	return append_line(tx, line, err);
}

static int note_pushed(struct transaction *tx, const struct oid *commit, int attempts, void *data,
	struct error *err)
{
	struct pushed *pushed = data;
	(void)tx;
	(void)attempts;
	(void)err;
	pushed->commits[pushed->count++ % 8] = *commit;
	return 0;
}

static int64_t passing_time(void *data)
{
	int64_t *now = data;
	return *now += 10;
}

/* Whichever of several pushes with an unknown result arrives, the reported commit is the one that
 * arrived. */
static void a_push_is_repeated_with_the_same_commit(void **state)
{
	(void)state;
	sh("printf '#!/bin/sh\\nif mkdir $PWD/cut 2>/dev/null; then exit 1; fi\\n"
	   "exec git-receive-pack \"$@\"\\n' > wrapper && chmod +x wrapper && rm -rf b/cut && "
	   "git -C b config remote.origin.receivepack $PWD/wrapper && rm -rf cut");
	int64_t now = 1761739200;
	struct env env = *env_system();
	struct pushed pushed = { .count = 0 };
	struct repo *repo = open_repo("b");
	struct transaction_result result = TRANSACTION_RESULT_INIT;
	struct error err = ERROR_INIT;
	append("b", "one");
	sh("rm -rf cut b/cut");
	env.data = &now;
	env.now = passing_time;
	struct transaction_plan plan = { .remote = { "origin", 0 },
		.branch = "main",
		.subject = "Append",
		.server = "build1",
		.backoff_ms = 1,
		.env = &env,
		.apply = append_pushed,
		.pushing = note_pushed,
		.data = &pushed };
	assert_int_equal(transaction_run(repo, &plan, &result, &err), 0);
	assert_int_equal(pushed.count, 2);
	assert_string_equal(pushed.commits[0].hex, pushed.commits[1].hex);
	assert_string_equal(pushed.commits[0].hex, result.commit.hex);
	transaction_result_release(&result);
	repo_close(repo);
	sh("git -C b config --unset remote.origin.receivepack");
}

/* The first push is cut off and may still arrive: the output of a hook for the second one is not
 * final. */
static void a_rejection_after_a_broken_connection_is_not_final(void **state)
{
	(void)state;
	/* The first sends its list of refs, and no answer to the rest. */
	sh("printf '#!/bin/sh\\nif mkdir $PWD/cut 2>/dev/null; then git-receive-pack \"$@\" "
	   "</dev/null; exit 1; fi\\n"
	   "exec git-receive-pack \"$@\"\\n' > wrapper && chmod +x wrapper && rm -rf cut && "
	   "git -C b config remote.origin.receivepack $PWD/wrapper && "
	   "mv shared.git/hooks shared.git/away && mkdir shared.git/hooks && "
	   "printf '#!/bin/sh\\nexit 1\\n' > shared.git/hooks/pre-receive && "
	   "chmod +x shared.git/hooks/pre-receive");
	struct transaction_result result = TRANSACTION_RESULT_INIT;
	struct error err = ERROR_INIT;
	assert_int_equal(run("b", append_line, "late", 0, &result, &err), ERR_UNKNOWN);
	assert_non_null(strstr(err.text, "rejected"));
	assert_int_equal(run("b", append_line, "late", 0, &result, &err), ERR_REFUSED);
	sh("git -C b config --unset remote.origin.receivepack; rm -r shared.git/hooks; "
	   "mv shared.git/away shared.git/hooks");
	transaction_result_release(&result);
}

static void a_hanging_remote_is_abandoned(void **state)
{
	(void)state;
	sh("printf '#!/bin/sh\\nexec sleep 100000\\n' > slow && chmod +x slow && git -C b config "
	   "remote.origin.receivepack $PWD/slow && git -C b config remote.origin.uploadpack "
	   "$PWD/slow");
	struct transaction_result result = TRANSACTION_RESULT_INIT;
	struct error err = ERROR_INIT;
	assert_int_equal(run("b", append_line, "slow", 300, &result, &err), ERR_UNREACHABLE);
	sh("git -C b config --unset remote.origin.receivepack; git -C b config --unset "
	   "remote.origin.uploadpack");
	assert_int_equal(run("b", append_line, "x", 0, &result, &err), 0);
	sh("mv shared.git away.git");
	assert_int_equal(run("b", append_line, "x", 0, &result, &err), ERR_UNREACHABLE);
	sh("mv away.git shared.git");
	transaction_result_release(&result);
}

static void many_writers_lose_nothing(void **state)
{
	(void)state;
	const size_t writers = brief_or_thorough(4, 6), each = brief_or_thorough(3, 8);
	pid_t pids[6];
	for (size_t w = 0; w < writers; w++) {
		char script[100];
		snprintf(script, sizeof(script), "git clone -q shared.git w%zu", w);
		sh(script);
		pids[w] = fork();
		if (pids[w])
			continue;
		most_attempts = 60;
		for (size_t i = 0; i < each; i++) {
			char clone[30], line[60];
			struct transaction_result result = TRANSACTION_RESULT_INIT;
			struct error err = ERROR_INIT;
			snprintf(clone, sizeof(clone), "w%zu", w);
			snprintf(line, sizeof(line), "writer %zu line %zu", w, i);
			if (run(clone, append_line, line, 0, &result, &err) || !result.committed) {
				fprintf(stderr, "%s\n", err.text);
				_exit(1);
			}
			transaction_result_release(&result);
		}
		_exit(0);
	}
	int bad = 0;
	for (size_t w = 0; w < writers; w++) {
		int status;
		waitpid(pids[w], &status, 0);
		bad += status != 0;
	}
	assert_int_equal(bad, 0);
	char script[300];
	snprintf(script, sizeof(script),
		"git -C shared.git show main:list | grep '^writer' >lines && "
		"test $(wc -l <lines) = %zu && test $(sort -u lines | wc -l) = %zu && "
		"git -C shared.git fsck --strict >fsck.log 2>&1",
		writers * each, writers * each);
	sh(script);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--hook"))
		return hook();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attributes_are_those_of_the_commit_and_not_of_the_index),
		cmocka_unit_test(commits_equal_those_of_git),
		cmocka_unit_test(a_difference_is_read_from_its_start_each_time),
		cmocka_unit_test(refs_are_updated_only_from_the_expected_value),
		cmocka_unit_test(a_lock_of_another_git_is_waited_for),
		cmocka_unit_test(settings_equal_those_of_git),
		cmocka_unit_test(an_undeclared_format_is_named),
		cmocka_unit_test(worktrees_and_git_dir_are_found),
		cmocka_unit_test(porcelain_output_is_parsed),
		cmocka_unit_test(a_transaction_creates_and_updates_the_branch),
		cmocka_unit_test(an_answer_refers_to_the_current_state),
		cmocka_unit_test(rejections_contain_the_output_of_the_hook),
		cmocka_unit_test(a_hook_works_in_the_quarantine),
		cmocka_unit_test(broken_connections_lose_nothing),
		cmocka_unit_test(a_push_is_repeated_with_the_same_commit),
		cmocka_unit_test(a_rejection_after_a_broken_connection_is_not_final),
		cmocka_unit_test(a_hanging_remote_is_abandoned),
		cmocka_unit_test(many_writers_lose_nothing),
	};
	return cmocka_run_group_tests(tests, enter, leave_directory);
}
