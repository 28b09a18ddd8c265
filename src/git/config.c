/*
 * The git config, as git itself reads it.
 *
 * libgit2 reads the files but supports neither `git -c` nor the GIT_CONFIG_* variables. If one of
 * those is used, the settings are read from `git config --list` instead, once (about 2 ms).
 */
#include "git/internal.h"

#include "base/alloc.h"
#include "git/run.h"
#include "locks/lockfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool git_sees_more(void)
{
	static const char *const names[] = { "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT",
		"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM" };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (getenv(names[i]))
			return true;
	return false;
}

void store_forget_settings(struct repo *repo)
{
	git_config_free(repo->config);
	repo->config = NULL;
	if (repo->listing)
		buf_release(repo->listing);
	free(repo->listing);
	repo->listing = NULL;
}

/* Stores the output of git itself, even if it is empty. */
static int load_listing(struct repo *repo, struct error *err)
{
	struct buf *listing = xcalloc(1, sizeof(*listing));
	*listing = (struct buf)BUF_INIT;
	const char *argv[] = { "git", "config", "--list", "-z", "--includes", NULL };
	struct git_call call = {
		.argv = argv, .git_dir = repo->place.git_dir, .output = listing, .timeout_ms = 10000
	};
	int rc = git_run(&call, err);
	if (rc < 0)
		error_wrap(err, "cannot read the settings");
	buf_addch(listing, '\0');
	repo->listing = listing;
	if (rc < 0)
		store_forget_settings(repo);
	return rc;
}

/* libgit2 1.5 ignores a file if access(2) fails for any reason. That is correct if the file does
 * not exist, and, as in git, if it is the user's file and must not be read. */
static int check_level(
	git_config *all, git_config_level_t level, const char *path, bool strict, struct error *err)
{
	git_config *file = NULL;
	int loaded = git_config_open_level(&file, all, level);
	git_config_free(file);
	if (!loaded)
		return 0;
	if (access(path, R_OK) < 0 &&
		(errno == ENOENT || (!strict && (errno == ENOTDIR || errno == EACCES))))
		return 0;
	return error_set(err, ERR_FAILED, "%s: cannot read the settings; try again", path);
}

static int check_files(struct repo *repo, struct error *err)
{
	git_config *all = NULL;
	struct buf path = BUF_INIT;
	const char *home = getenv("HOME");
	int rc = git_repository_config(&all, repo->git) < 0
		? store_error(
			  err, ERR_FAILED, "cannot read the settings of %s", repo->place.common_dir)
		: 0;
	buf_addf(&path, "%s/config", repo->place.common_dir);
	if (!rc)
		rc = check_level(all, GIT_CONFIG_LEVEL_LOCAL, path.data, true, err);
	buf_reset(&path);
	buf_addf(&path, "%s/.gitconfig", home ? home : "");
	/* Otherwise, libgit2 searches for the user's file in other places. */
	if (!rc && home && *home && getuid() == geteuid())
		rc = check_level(all, GIT_CONFIG_LEVEL_GLOBAL, path.data, false, err);
	git_config_free(all);
	buf_release(&path);
	return rc;
}

int store_load_settings(struct repo *repo, struct error *err)
{
	store_forget_settings(repo);
	if (git_sees_more())
		return load_listing(repo, err);
	if (git_repository_config_snapshot(&repo->config, repo->git) < 0)
		return store_error(
			err, ERR_FAILED, "cannot read the settings of %s", repo->place.common_dir);
	return check_files(repo, err);
}

/* The section and the last part of a setting's name are case-insensitive; the part in between is
 * not. */
static bool same_key(const char *a, size_t a_len, const char *b)
{
	size_t b_len = strlen(b);
	const char *dot = memchr(b, '.', b_len), *last = strrchr(b, '.');
	if (a_len != b_len || !dot)
		return false;
	size_t section = (size_t)(dot - b), name = (size_t)(last - b);
	return !strncasecmp(a, b, section) && !memcmp(a + section, b + section, name - section) &&
		!strncasecmp(a + name, b + name, b_len - name);
}

/* Calls `each` with every value of `key` in a list of "key\nvalue\0" (without a value: "true"). */
static int each_listed(const struct buf *listing, const char *key,
	int (*each)(const char *value, void *data), void *data)
{
	int rc = 0;
	for (const char *at = listing->data; at < listing->data + listing->len && *at && !rc;
		at += strlen(at) + 1) {
		size_t len = strcspn(at, "\n");
		if (same_key(at, len, key))
			rc = each(at[len] ? at + len + 1 : "true", data);
	}
	return rc;
}

int repo_config_each(
	struct repo *repo, const char *key, int (*each)(const char *value, void *data), void *data)
{
	if (repo->listing)
		return each_listed(repo->listing, key, each, data);
	git_config_iterator *values;
	git_config_entry *entry;
	int rc = 0;
	if (!repo->config || git_config_multivar_iterator_new(&values, repo->config, key, NULL) < 0)
		return 0;
	while (!rc && !git_config_next(&entry, values))
		rc = each(entry->value ? entry->value : "true", data);
	git_config_iterator_free(values);
	return rc;
}

struct last {
	struct buf *value;
	bool found;
};

static int keep_last(const char *value, void *data)
{
	struct last *last = data;
	buf_reset(last->value);
	buf_addstr(last->value, value);
	last->found = true;
	return 0;
}

bool repo_config(struct repo *repo, const char *key, struct buf *out)
{
	struct last last = { .value = out };
	buf_reset(out);
	repo_config_each(repo, key, keep_last, &last);
	return last.found;
}

int repo_config_int(struct repo *repo, const char *key, int64_t least, int64_t most, int64_t *out,
	struct error *err)
{
	struct buf value = BUF_INIT;
	int64_t number;
	int rc = 0;
	if (repo_config(repo, key, &value)) {
		if (git_config_parse_int64(&number, value.data) < 0 || number < least ||
			number > most)
			rc = error_set(err, ERR_INVALID,
				"%s: invalid value '%s'; expected a whole number from %lld to "
				"%lld",
				key, value.data, (long long)least, (long long)most);
		else
			*out = number;
	}
	buf_release(&value);
	return rc;
}

int repo_config_bool(struct repo *repo, const char *key, bool *out, struct error *err)
{
	struct buf value = BUF_INIT;
	int yes, rc = 0;
	if (repo_config(repo, key, &value)) {
		if (git_config_parse_bool(&yes, value.data) < 0)
			rc = error_set(err, ERR_INVALID,
				"%s: invalid value '%s'; expected true or false", key, value.data);
		else
			*out = yes;
	}
	buf_release(&value);
	return rc;
}

struct edit {
	const struct config_change *changes;
	size_t count;
};

/* Lets libgit2 change a copy of the file: if it were killed while changing the file itself, its
 * lock would remain. */
static int edit_config(const char *path, void *data, struct error *err)
{
	const struct edit *edit = data;
	git_config *config = NULL;
	int rc = git_config_new(&config);
	if (!rc)
		rc = git_config_add_file_ondisk(config, path, GIT_CONFIG_LEVEL_LOCAL, NULL, 0);
	for (size_t i = 0; !rc && i < edit->count; i++) {
		const struct config_change *change = &edit->changes[i];
		rc = change->value ? git_config_set_string(config, change->key, change->value)
				   : git_config_delete_entry(config, change->key);
		if (!change->value && rc == GIT_ENOTFOUND)
			rc = 0;
		if (rc < 0)
			store_error(err, ERR_FAILED, "cannot change the setting %s", change->key);
	}
	git_config_free(config);
	return rc < 0 ? ERR_FAILED : 0;
}

int repo_config_set_all(
	struct repo *repo, const struct config_change *changes, size_t count, struct error *err)
{
	struct edit edit = { changes, count };
	int rc = lockfile_replace(
		&repo->place, repo->place.common_dir, "config", edit_config, &edit, err);
	return rc < 0 ? rc : store_load_settings(repo, err);
}

int repo_config_set(struct repo *repo, const char *key, const char *value, struct error *err)
{
	struct config_change change = { key, value };
	return repo_config_set_all(repo, &change, 1, err);
}
