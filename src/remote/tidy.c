#include "remote/tidy.h"

#include "git/internal.h"

#include "base/child.h"
#include "base/file.h"

#include <dirent.h>
#include <string.h>

/* git's defaults, and its bounds for itself (git-config(1), gc.auto and gc.autoPackLimit). */
enum { LOOSE_DEFAULT = 6700, PACKS_DEFAULT = 50, TIMEOUT_MS = 600000 };

/* How many names in the folder below objects/ end with `end`. One that cannot be read counts as
 * empty: then tidying waits for the next time. */
static int64_t count_names(const struct repo *repo, const char *below, const char *end)
{
	struct buf path = BUF_INIT;
	struct file_list names;
	int64_t count = 0;
	buf_addf(&path, "%s/objects/%s", repo->place.common_dir, below);
	file_list_read(&names, path.data, NULL);
	for (size_t i = 0; i < names.count; i++) {
		size_t len = strlen(names.names[i]), end_len = strlen(end);
		count += names.names[i][0] != '.' && len > end_len &&
			!strcmp(names.names[i] + len - end_len, end);
	}
	file_list_release(&names);
	buf_release(&path);
	return count;
}

/* As git looks at it: a 256th of all loose objects is in any one folder. */
static bool has_gathered(struct repo *repo)
{
	int64_t loose = LOOSE_DEFAULT, packs = PACKS_DEFAULT;
	bool wanted = true;
	struct error ignored = ERROR_INIT;
	repo_config_bool(repo, "maintenance.auto", &wanted, &ignored);
	repo_config_int(repo, "gc.auto", INT32_MIN, INT32_MAX, &loose, &ignored);
	repo_config_int(repo, "gc.autoPackLimit", INT32_MIN, INT32_MAX, &packs, &ignored);
	if (!wanted || loose <= 0)
		return false;
	return count_names(repo, "17", "") > (loose + 255) / 256 ||
		(packs > 0 && count_names(repo, "pack", ".pack") > packs);
}

static void run_git(struct repo *repo, const char *const *argv)
{
	struct buf said = BUF_INIT;
	char **environment = store_git_environment(repo);
	struct child child = { .argv = argv,
		.environment = (const char *const *)environment,
		.timeout_ms = TIMEOUT_MS,
		.output = &said,
		.errors = &said };
	int status;
	child_run(&child, &status, NULL);
	store_free_environment(environment);
	buf_release(&said);
}

/* The temporary files of processes that died: git-build's own in its state directory, the hooks'
 * where they are installed, and the merge driver's where git runs it. */
static void sweep(struct repo *repo)
{
	struct buf path = BUF_INIT;
	buf_addf(&path, "%s/hooks", repo->place.common_dir);
	file_sweep(path.data);
	if (repo->place.work_tree)
		file_sweep(repo->place.work_tree);
	file_sweep(repo->place.state_dir);
	DIR *state = opendir(repo->place.state_dir);
	for (struct dirent *entry; state && (entry = readdir(state));) {
		if (entry->d_name[0] == '.' || entry->d_type == DT_REG)
			continue;
		buf_reset(&path);
		buf_addf(&path, "%s/%s", repo->place.state_dir, entry->d_name);
		file_sweep(path.data);
	}
	if (state)
		closedir(state);
	buf_release(&path);
}

void repo_tidy(struct repo *repo)
{
	/* gc packs what can be reached, and would leave loose for two weeks what squashed heartbeat
	 * branches have left: this packs all. */
	static const char *const pack[] = { "git", "maintenance", "run", "--quiet",
		"--task=loose-objects", NULL };
	/* Takes away what is packed by now; where there are many packs, makes one of them, and one
	 * of what nothing leads to. Where heartbeat branches once stood is worth nothing. */
	static const char *const collect[] = { "git", "-c", "gc.cruftPacks=true", "-c",
		"gc.refs/heads/heartbeat-*.reflogExpire=now", "-c",
		"gc.refs/heads/heartbeat-*.reflogExpireUnreachable=now", "-c",
		"gc.refs/remotes/*/heartbeat-*.reflogExpire=now", "-c",
		"gc.refs/remotes/*/heartbeat-*.reflogExpireUnreachable=now", "-c",
		"gc.autoDetach=false", "gc", "--auto", "--quiet", NULL };
	if (repo->has_exchanged)
		sweep(repo);
	if (!repo->has_exchanged || !has_gathered(repo))
		return;
	repo->has_exchanged = false;
	run_git(repo, pack);
	run_git(repo, collect);
}
