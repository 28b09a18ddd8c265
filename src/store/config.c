/*
 * Settings, as git sees them.
 *
 * libgit2 reads the files but knows neither `git -c` nor the GIT_CONFIG_* variables. Where one of
 * those is in play, `git config --list` is asked, once (about 2 ms).
 */
#include "store/internal.h"

#include "base/alloc.h"
#include "base/child.h"

#include <stdlib.h>
#include <string.h>

static bool git_sees_more(void)
{
	static const char *const names[] = { "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT",
		"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM" };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (getenv(names[i]))
			return true;
	return false;
}

static void forget(struct repo *repo)
{
	git_config_free(repo->config);
	repo->config = NULL;
	if (repo->listing)
		buf_release(repo->listing);
	free(repo->listing);
	repo->listing = NULL;
}

/* Has the settings at hand: one of repo->listing and repo->config, if they can be read at all. */
static void load(struct repo *repo)
{
	if (repo->listing || repo->config)
		return;
	if (git_sees_more()) {
		struct buf *listing = xcalloc(1, sizeof(*listing));
		struct buf ignored = BUF_INIT;
		*listing = (struct buf)BUF_INIT;
		char **environment = store_git_environment(repo);
		const char *argv[] = { "git", "config", "--list", "-z", "--includes", NULL };
		struct child child = { .argv = argv,
			.environment = (const char *const *)environment,
			.output = listing,
			.errors = &ignored,
			.timeout_ms = 10000 };
		int status;
		if (child_run(&child, &status, NULL) < 0 || status)
			buf_reset(listing);
		buf_addch(listing, '\0'); /* an empty listing is an answer too */
		store_free_environment(environment);
		buf_release(&ignored);
		repo->listing = listing;
		return;
	}
	git_repository_config_snapshot(&repo->config, repo->git);
}

/* Section and last part of a setting's name know no case; the part between does. */
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

/* Every value of `key` in a listing of "key\nvalue\0" (a key without a value is "true"). */
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
	load(repo);
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
				"the setting %s is '%s'; it must be a whole number from %lld to "
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
				"the setting %s is '%s'; it must be true or false", key,
				value.data);
		else
			*out = yes;
	}
	buf_release(&value);
	return rc;
}

int repo_config_set(struct repo *repo, const char *key, const char *value, struct error *err)
{
	git_config *all = NULL, *local = NULL;
	int rc = git_repository_config(&all, repo->git);
	if (!rc)
		rc = git_config_open_level(&local, all, GIT_CONFIG_LEVEL_LOCAL);
	if (!rc)
		rc = value ? git_config_set_string(local, key, value)
			   : git_config_delete_entry(local, key);
	if (!value && rc == GIT_ENOTFOUND)
		rc = 0;
	if (rc < 0)
		rc = store_error(err, ERR_FAILED, "cannot write the setting %s into %s/config", key,
			repo->common_dir);
	git_config_free(local);
	git_config_free(all);
	forget(repo);
	return rc;
}
