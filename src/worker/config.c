#include "worker/config.h"

#include "base/alloc.h"
#include "fleet/files.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { HOURS_4 = 4 * 3600, LOG_LIMIT = 4 << 20, LOG_COMPRESS = 64 << 10 };

void build_config_release(struct build_config *config)
{
	free(config->source);
	free(config->command);
	free(config->maven_opts);
	free(config->java_home);
	free(config->artifacts);
	secrets_release(&config->secrets);
	*config = (struct build_config){ 0 };
}

struct loading {
	struct build_config *out;
	struct repo *repo;
	struct json_doc *doc; /* shared/build_config.json; NULL: it does not exist */
	const char *type;
	char *const *environment;
};

/* ---- the file ---- */

/* The member `name`, allocated; NULL if it is not a string. */
static char *string_of(const struct loading *l, const struct json_value *object, const char *name)
{
	const struct json_value *value = l->doc ? json_member(l->doc, object, name) : NULL;
	return value && value->type == JSON_STRING ? json_strdup(l->doc, value) : NULL;
}

static int read_file(struct loading *l, const struct reading *reading, struct error *err)
{
	const struct json_value *root;
	return reading_document(reading, FLEET_BUILD_CONFIG_PATH, NULL, &l->doc, &root, err);
}

/* ---- the source ---- */

static bool set_from(char **out, struct repo *repo, const char *key)
{
	struct buf value = BUF_INIT;
	if (repo_config(repo, key, &value))
		*out = buf_detach(&value);
	buf_release(&value);
	return *out != NULL;
}

/* Adds a password in the URL to the secrets. */
static void hide_password(struct build_config *config)
{
	const char *host = config->source ? strstr(config->source, "://") : NULL;
	const char *end = host ? strpbrk(host + 3, "@/") : NULL;
	const char *colon =
		end && *end == '@' ? memchr(host + 3, ':', (size_t)(end - host - 3)) : NULL;
	if (!colon)
		return;
	char *password = xstrndup(colon + 1, (size_t)(end - colon - 1));
	secrets_add(&config->secrets, password);
	free(password);
}

static int find_source(struct loading *l, struct error *err)
{
	struct build_config *out = l->out;
	const struct json_value *root = l->doc ? json_root(l->doc) : NULL;
	if (!set_from(&out->source, l->repo, "build.source"))
		out->source = string_of(l, root, "repository");
	JSON_EACH (member, root)
		if (!out->source && member->type == JSON_OBJECT)
			out->source = string_of(l, member, "repository");
	if (!out->source)
		return error_set(err, ERR_INVALID,
			"the source repository is not configured; run 'git config build.source "
			"URL', or set \"repository\" in " FLEET_BUILD_CONFIG_PATH);
	if (*out->source == '-')
		return error_set(
			err, ERR_INVALID, "'%s' is not a valid repository URL", out->source);
	hide_password(out);
	return 0;
}

/* ---- the command ---- */

static int command_of_file(struct loading *l, struct error *err)
{
	const struct json_value *commands = json_member(l->doc, json_root(l->doc), "commands");
	const struct json_value *command = commands ? json_member(l->doc, commands, l->type) : NULL;
	struct buf line = BUF_INIT;
	if (command && command->type == JSON_STRING) {
		l->out->command = json_strdup(l->doc, command);
	} else if (command && command->type == JSON_ARRAY && command->count) {
		JSON_EACH (value, command) {
			char *word = value->type == JSON_STRING ? json_strdup(l->doc, value) : NULL;
			if (!word) {
				buf_release(&line);
				return error_set(err, ERR_INVALID,
					"%s: /commands/%s: each word of a command must be a "
					"string",
					FLEET_BUILD_CONFIG_PATH, l->type);
			}
			if (line.len)
				buf_addch(&line, ' ');
			buf_add_quoted(&line, word);
			free(word);
		}
		l->out->command = buf_detach(&line);
	} else if (command && command->type != JSON_NULL) {
		return error_set(err, ERR_INVALID,
			"%s: /commands/%s: a command must be a line for sh or a list of words",
			FLEET_BUILD_CONFIG_PATH, l->type);
	}
	return 0;
}

static bool accepts(const struct loading *l, const struct json_value *build, const char *name)
{
	const struct json_value *value = build ? json_member(l->doc, build, name) : NULL;
	return value && value->type == JSON_TRUE;
}

/* The default command: Maven, with the options that older scripts used. */
static void use_maven(struct loading *l)
{
	const struct json_value *build =
		l->doc ? json_member(l->doc, json_root(l->doc), "build") : NULL;
	const struct json_value *java =
		l->doc ? json_member(l->doc, json_root(l->doc), "java") : NULL;
	const struct json_value *profiles = build ? json_member(l->doc, build, "profiles") : NULL;
	struct buf line = BUF_INIT, names = BUF_INIT;
	JSON_EACH (value, profiles) {
		char *name = value->type == JSON_STRING ? json_strdup(l->doc, value) : NULL;
		if (name)
			buf_addf(&names, "%s%s", names.len ? "," : "", name);
		free(name);
	}
	buf_addstr(&line, "mvn -B");
	if (accepts(l, build, "skip_tests"))
		buf_addstr(&line, " -DskipTests");
	if (accepts(l, build, "parallel_builds"))
		buf_addstr(&line, " -T 1C");
	if (names.len) {
		buf_addstr(&line, " -P ");
		buf_add_quoted(&line, names.data);
	}
	buf_addstr(&line, " install");
	l->out->maven = true;
	l->out->command = buf_detach(&line);
	if (build)
		l->out->maven_opts = string_of(l, build, "maven_opts");
	if (java)
		l->out->java_home = string_of(l, java, "home");
	buf_release(&names);
}

static int find_command(struct loading *l, struct error *err)
{
	struct buf key = BUF_INIT;
	buf_addf(&key, "build.%s.command", l->type);
	bool found = set_from(&l->out->command, l->repo, key.data) ||
		set_from(&l->out->command, l->repo, "build.command");
	buf_release(&key);
	int rc = found || !l->doc ? 0 : command_of_file(l, err);
	if (rc < 0 || l->out->command)
		return rc;
	if (!strcmp(l->type, "build"))
		use_maven(l);
	return 0;
}

/* ---- other settings ---- */

static int find_artifacts(struct loading *l, struct error *err)
{
	struct build_config *out = l->out;
	char *set = NULL;
	struct buf path = BUF_INIT;
	const char *home = "/root";
	int rc = 0;
	for (char *const *at = l->environment; *at; at++)
		if (!strncmp(*at, "HOME=/", 6))
			home = *at + 5;
	if (!set_from(&set, l->repo, "build.artifacts"))
		buf_addf(&path, "%s/artifacts", home);
	else if (*set == '/')
		buf_addstr(&path, set);
	else if (!strncmp(set, "~/", 2))
		buf_addf(&path, "%s/%s", home, set + 2);
	else
		rc = error_set(err, ERR_INVALID,
			"build.artifacts: '%s' must be an absolute path or start with ~/", set);
	if (!rc)
		out->artifacts = buf_detach(&path);
	buf_release(&path);
	free(set);
	return rc;
}

static int add_secret(const char *value, void *data)
{
	secrets_add(data, value);
	return 0;
}

struct variables {
	struct secrets *secrets;
	char *const *environment;
};

static int add_variables(const char *pattern, void *data)
{
	struct variables *variables = data;
	secrets_add_environment(variables->secrets, variables->environment, pattern);
	return 0;
}

static int load_numbers(struct loading *l, struct error *err)
{
	struct build_config *out = l->out;
	int64_t timeout = HOURS_4;
	out->log_limit = LOG_LIMIT;
	out->log_compress = LOG_COMPRESS;
	int rc = repo_config_int(l->repo, "build.jobTimeout", 0, INT_MAX, &timeout, err);
	if (!rc)
		rc = repo_config_int(
			l->repo, "build.logLimit", 1024, INT_MAX, &out->log_limit, err);
	if (!rc)
		rc = repo_config_int(
			l->repo, "build.logCompress", 0, INT_MAX, &out->log_compress, err);
	out->timeout_ms = timeout * 1000;
	return rc;
}

int build_config_load(struct build_config *out, const struct reading *reading, const char *type,
	char *const *environment, struct error *err)
{
	struct loading l = {
		.out = out, .repo = reading->repo, .type = type, .environment = environment
	};
	struct variables variables = { &out->secrets, environment };
	*out = (struct build_config){ 0 };
	int rc = read_file(&l, reading, err);
	if (!rc)
		rc = find_source(&l, err);
	if (!rc)
		rc = find_command(&l, err);
	if (!rc)
		rc = find_artifacts(&l, err);
	if (!rc)
		rc = load_numbers(&l, err);
	repo_config_each(l.repo, "build.redact", add_secret, &out->secrets);
	repo_config_each(l.repo, "build.redactEnvironment", add_variables, &variables);
	json_doc_free(l.doc);
	if (rc < 0)
		build_config_release(out);
	return rc;
}
