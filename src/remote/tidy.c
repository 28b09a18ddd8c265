#include "remote/tidy.h"

#include "git/internal.h"
#include "git/run.h"

#include "base/file.h"

#include <dirent.h>
#include <string.h>

/* git's defaults and limits (git-config(1), gc.auto and gc.autoPackLimit). */
enum { LOOSE_DEFAULT = 6700, PACKS_DEFAULT = 50, TIMEOUT_MS = 600000, MOST_LOOSE_REFS = 500 };

/* The number of names with suffix `end` in the directory `below` of the repository. A directory that
 * cannot be read counts as empty, which delays maintenance until the next time. */
static int64_t count_names(const struct repo *repo, const char *below, const char *end)
{
	struct buf path = BUF_INIT;
	struct file_list names;
	int64_t count = 0;
	buf_addf(&path, "%s/%s", repo->place.common_dir, below);
	file_list_read(&names, path.data, NULL);
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.names[i];
		count += *name != '.' && file_has_ending(name, end);
	}
	file_list_release(&names);
	buf_release(&path);
	return count;
}

/* Do the settings allow maintenance? */
static bool is_wanted(struct repo *repo)
{
	int64_t loose = LOOSE_DEFAULT;
	bool wanted = true;
	struct error ignored = ERROR_INIT;
	repo_config_bool(repo, "maintenance.auto", &wanted, &ignored);
	repo_config_int(repo, "gc.auto", INT32_MIN, INT32_MAX, &loose, &ignored);
	return wanted && loose > 0;
}

/* git's estimate: each directory has a 256th of all loose objects. */
static bool has_gathered(struct repo *repo)
{
	int64_t loose = LOOSE_DEFAULT, packs = PACKS_DEFAULT;
	struct error ignored = ERROR_INIT;
	repo_config_int(repo, "gc.auto", INT32_MIN, INT32_MAX, &loose, &ignored);
	repo_config_int(repo, "gc.autoPackLimit", INT32_MIN, INT32_MAX, &packs, &ignored);
	return count_names(repo, "objects/17", "") > (loose + 255) / 256 ||
		(packs > 0 && count_names(repo, "objects/pack", ".pack") > packs);
}

/* Does a remote have so many loose remote-tracking refs that each fetch, which reads all of these
 * files, is slow? */
static bool has_gathered_refs(struct repo *repo)
{
	struct buf path = BUF_INIT;
	struct file_list remotes;
	bool yes = false;
	buf_addf(&path, "%s/refs/remotes", repo->place.common_dir);
	file_list_read(&remotes, path.data, NULL);
	for (size_t i = 0; i < remotes.count && !yes; i++) {
		buf_reset(&path);
		buf_addf(&path, "refs/remotes/%s", remotes.names[i]);
		yes = *remotes.names[i] != '.' &&
			count_names(repo, path.data, "") > MOST_LOOSE_REFS;
	}
	file_list_release(&remotes);
	buf_release(&path);
	return yes;
}

static void run_git(struct repo *repo, const char *const *argv)
{
	struct git_call call = {
		.argv = argv, .git_dir = repo->place.git_dir, .timeout_ms = TIMEOUT_MS
	};
	git_run(&call, NULL);
}

/* Removes the temporary files of dead processes: those of git-build in its state directory, those
 * of hooks in hooks/, and those of the merge driver in the top directory of the worktree. */
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
	/* gc packs reachable objects, but keeps those of squashed heartbeat branches as loose
	 * objects for two weeks: this packs all. */
	static const char *const pack[] = { "git", "maintenance", "run", "--quiet",
		"--task=loose-objects", NULL };
	/* Removes loose objects that are packed; combines many packs to one with the reachable
	 * objects and one with all others. Old reflog entries of heartbeat branches are not
	 * needed. */
	static const char *const collect[] = { "git", "-c", "gc.cruftPacks=true", "-c",
		"gc.refs/heads/heartbeat-*.reflogExpire=now", "-c",
		"gc.refs/heads/heartbeat-*.reflogExpireUnreachable=now", "-c",
		"gc.refs/remotes/*/heartbeat-*.reflogExpire=now", "-c",
		"gc.refs/remotes/*/heartbeat-*.reflogExpireUnreachable=now", "-c",
		"gc.autoDetach=false", "gc", "--auto", "--quiet", NULL };
	static const char *const pack_refs[] = { "git", "pack-refs", "--all", NULL };
	if (!repo->has_exchanged)
		return;
	sweep(repo);
	if (!is_wanted(repo))
		return;
	if (has_gathered_refs(repo))
		run_git(repo, pack_refs);
	if (!has_gathered(repo))
		return;
	repo->has_exchanged = false;
	run_git(repo, pack);
	run_git(repo, collect);
}
