#include "clone/settings.h"

#include "base/alloc.h"
#include "base/file.h"
#include "fleet/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Returns the value of `key`, or `fallback` (may be NULL) if it is not set or empty. Free it. */
static char *string_setting(struct repo *repo, const char *key, const char *fallback)
{
	struct buf value = BUF_INIT;
	bool set = repo_config(repo, key, &value) && value.len;
	char *string = set ? buf_detach(&value) : fallback ? xstrdup(fallback) : NULL;
	buf_release(&value);
	return string;
}

/* Parses a whole number from the option or environment variable `name`. */
static int parse_override(const char *text, const char *name, int64_t least, int64_t most,
	int64_t *out, struct error *err)
{
	char *end;
	errno = 0;
	long long number = strtoll(text, &end, 10);
	if (end == text || *end || errno || number < least || number > most)
		return error_set(err, ERR_INVALID,
			"%s: invalid value '%s'; expected a whole number from %lld to %lld", name,
			text, (long long)least, (long long)most);
	*out = number;
	return 0;
}

/* Stores a number in `*out`: the override or the setting. If there is neither, `*out` is
 * unchanged. */
static int number_setting(struct repo *repo, const char *override, const char *override_name,
	const char *key, int64_t least, int64_t most, int64_t *out, struct error *err)
{
	if (override && *override)
		return parse_override(override, override_name, least, most, out, err);
	return repo_config_int(repo, key, least, most, out, err);
}

/* Reads the first line of .build_server_id in the worktree. `*out` is unchanged if there is
 * none. */
static int server_from_file(struct repo *repo, char **out, struct error *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	if (!repo_work_tree(repo))
		return 0;
	buf_addf(&path, "%s/.build_server_id", repo_work_tree(repo));
	int rc = file_read(&text, path.data, 4096, err);
	if (!rc) {
		buf_truncate(&text, strcspn(text.data, "\n"));
		buf_trim(&text);
		if (text.len)
			*out = buf_detach(&text);
	}
	buf_release(&path);
	buf_release(&text);
	return rc == ERR_FAILED ? rc : 0;
}

static int load_server(
	struct settings *s, struct repo *repo, const struct overrides *overrides, struct error *err)
{
	int rc = 0;
	if (overrides->server && *overrides->server)
		s->server = xstrdup(overrides->server);
	else if (!(s->server = string_setting(repo, "build.server", NULL)))
		rc = server_from_file(repo, &s->server, err);
	return rc || !s->server ? rc : fleet_check_id(s->server, err);
}

/* HEARTBEAT_BRANCH is as in the shell scripts: "1" and "auto" for the server's own branch, or the
 * name of a branch. */
static int load_heartbeat_branch(
	struct settings *s, struct repo *repo, const struct overrides *overrides, struct error *err)
{
	char *name = overrides->heartbeat_branch && *overrides->heartbeat_branch
		? xstrdup(overrides->heartbeat_branch)
		: string_setting(repo, "build.heartbeatBranch", "auto");
	if (strcmp(name, "1") && strcmp(name, "auto")) {
		s->heartbeat_branch = name;
	} else {
		free(name);
		if (!s->server)
			return 0;
		struct buf own = BUF_INIT;
		buf_addf(&own, FLEET_HEARTBEAT_BRANCH "%s", s->server);
		s->heartbeat_branch = buf_detach(&own);
	}
	if (!repo_branch_name_ok(s->heartbeat_branch))
		return error_set(err, ERR_INVALID,
			"heartbeat branch: '%s' is not a valid branch name; use 'auto', or a name "
			"such as heartbeat-build1",
			s->heartbeat_branch);
	return 0;
}

static int load_numbers(
	struct settings *s, struct repo *repo, const struct overrides *o, struct error *err)
{
	int64_t timeout = 60, lock_wait = 10;
	int rc = number_setting(repo, o->interval, "the interval", "build.heartbeatInterval", 1,
		86400, &s->interval, err);
	if (!rc)
		rc = number_setting(repo, o->push_every, "HEARTBEAT_PUSH_EVERY (--push-every)",
			"build.heartbeatPushEvery", 1, 1000, &s->push_every, err);
	if (!rc)
		rc = repo_config_int(repo, "build.heartbeatHistory", 1, 100000, &s->history, err);
	if (!rc)
		rc = repo_config_int(repo, "build.timeout", 1, 86400, &timeout, err);
	if (!rc)
		rc = repo_config_int(repo, "build.attempts", 1, 100, &s->attempts, err);
	if (!rc)
		rc = repo_config_int(repo, "build.jobAttempts", 1, 1000, &s->job_attempts, err);
	if (!rc)
		rc = repo_config_bool(repo, "build.hostQueue", &s->host_queue, err);
	if (!rc)
		rc = repo_config_bool(repo, "build.requests", &s->requests, err);
	if (!rc)
		rc = number_setting(repo, o->lock_wait, "LOCK_WAIT", "build.lockWait", 0, 86400,
			&lock_wait, err);
	s->timeout_ms = timeout * 1000;
	s->lock_wait_ms = lock_wait * 1000;
	return rc;
}

int settings_load(struct settings *out, struct repo *repo, const struct overrides *overrides,
	struct error *err)
{
	static const struct overrides none;
	if (!overrides)
		overrides = &none;
	struct settings s = {
		.manager = string_setting(repo, "build.manager", NULL),
		.ip = string_setting(repo, "build.ip", NULL),
		.remote = string_setting(repo, "build.remote", "origin"),
		.branch = string_setting(repo, "build.branch", "main"),
		.health_command = string_setting(repo, "build.healthCheck", NULL),
		.alert_command = string_setting(repo, "build.alertCommand", NULL),
		.interval = 60,
		.push_every = 5,
		.history = 60,
		.attempts = 5,
		.job_attempts = 3,
		.host_queue = true,
	};
	int rc = load_server(&s, repo, overrides, err);
	if (!rc)
		rc = load_heartbeat_branch(&s, repo, overrides, err);
	if (!rc)
		rc = load_numbers(&s, repo, overrides, err);
	if (!rc && !repo_branch_name_ok(s.branch))
		rc = error_set(err, ERR_INVALID, "build.branch: '%s' is not a valid branch name",
			s.branch);
	if (rc < 0)
		settings_release(&s);
	else
		*out = s;
	return rc;
}

void settings_release(struct settings *s)
{
	free(s->server);
	free(s->manager);
	free(s->ip);
	free(s->remote);
	free(s->branch);
	free(s->heartbeat_branch);
	free(s->health_command);
	free(s->alert_command);
	*s = (struct settings){ 0 };
}

int settings_need_server(const struct settings *settings, struct error *err)
{
	if (settings->server)
		return 0;
	return error_set(err, ERR_INVALID,
		"this clone has no server ID; use --server ID, set SERVER_ID, run 'git config "
		"build.server ID', or write it to .build_server_id");
}
