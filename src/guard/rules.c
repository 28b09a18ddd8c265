/* Finds the schema of a file: a built-in one by the file's name, otherwise by a git attribute. */
#include "guard/internal.h"
#include "fleet/files.h"
#include "fleet/servers.h"

#include "base/alloc.h"
#include "base/file.h"
#include "schema/builtin.h"
#include "git/attributes.h"

#include <stdlib.h>
#include <string.h>

enum {
	SCHEMA_LIMIT = 16 << 20,
	/* Only so many directories of servers are remembered, so that a push with very many names
	 * cannot make each search long. */
	MOST_SERVERS = 1024,
};

/* The base URI of references between the schemas of the repository. */
#define OWN_URI       "git-build:///schemas/"
#define OWN_DIRECTORY FLEET_SCHEMAS_DIRECTORY
#define SUFFIX        ".json"
#define ATTRIBUTE     "build-schema"

void rules_init(struct rules *rules, struct repo *repo, const struct oid *tip)
{
	*rules = (struct rules){ .repo = repo, .tip = *tip };
}

static void forget_servers(struct rules *rules)
{
	for (size_t i = 0; i < rules->servers_count; i++)
		free(rules->servers[i]);
	free(rules->servers);
	rules->servers = NULL;
	rules->servers_count = rules->servers_capacity = 0;
}

void rules_release(struct rules *rules)
{
	forget_servers(rules);
	for (size_t i = 0; i < rules->count; i++) {
		free(rules->all[i]->name);
		free(rules->all[i]->problem);
		free(rules->all[i]);
	}
	free(rules->all);
	schema_set_free(rules->builtin);
	schema_set_free(rules->own);
	*rules = (struct rules){ 0 };
}

/* The directory of the repository's schemas in `tip`; OID_NONE if there is none. */
static int find_own(struct repo *repo, const struct oid *tip, struct oid *out, struct error *err)
{
	*out = OID_NONE;
	int rc = oid_is_none(tip) ? 0 : repo_find(repo, tip, OWN_DIRECTORY, out, err);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

int rules_follow(struct rules *rules, const struct oid *tip, struct error *err)
{
	struct oid before, now;
	forget_servers(rules);
	if (oid_equal(&rules->tip, tip))
		return 1;
	int rc = find_own(rules->repo, &rules->tip, &before, err);
	if (!rc)
		rc = find_own(rules->repo, tip, &now, err);
	if (rc < 0)
		return rc;
	if (oid_equal(&before, &now)) {
		rules->tip = *tip;
		return 1;
	}
	struct repo *repo = rules->repo;
	rules_release(rules);
	rules_init(rules, repo, tip);
	return 0;
}

char *rules_schema_name(const char *path)
{
	const char *name = path + strlen(OWN_DIRECTORY "/");
	if (strncmp(path, OWN_DIRECTORY "/", strlen(OWN_DIRECTORY "/")) || strchr(name, '/') ||
		!file_has_ending(name, SUFFIX))
		return NULL;
	return xstrndup(name, strlen(name) - strlen(SUFFIX));
}

static enum kind kind_of(const char *name)
{
	static const char *const names[] = { [KIND_HEARTBEAT] = "heartbeat",
		[KIND_LOCKS] = "locks",
		[KIND_JOBS] = "jobs",
		[KIND_MESSAGES] = "messages" };
	for (enum kind kind = KIND_HEARTBEAT; kind <= KIND_MESSAGES; kind++)
		if (!strcmp(name, names[kind]))
			return kind;
	return KIND_OTHER;
}

/* Adds a schema of the repository, so that others can refer to it. A broken schema is not added:
 * compiling a schema that refers to it reports the error. */
static int add_own(const struct entry *entry, void *data)
{
	struct rules *rules = data;
	struct buf path = BUF_INIT, text = BUF_INIT, uri = BUF_INIT;
	buf_addf(&path, OWN_DIRECTORY "/%s", entry->name);
	buf_addf(&uri, OWN_URI "%s", entry->name);
	char *name = rules_schema_name(path.data);
	int rc = !name ? ERR_NOT_FOUND
		       : repo_read(rules->repo, &rules->tip, path.data, SCHEMA_LIMIT, &text, NULL,
				 rules->err);
	if (!rc)
		schema_set_add(rules->own, &text, path.data, uri.data, NULL);
	free(name);
	buf_release(&path);
	buf_release(&text);
	buf_release(&uri);
	return rc == ERR_FAILED ? rc : 0;
}

static int read_own(struct rules *rules, struct error *err)
{
	rules->own_read = true;
	if (oid_is_none(&rules->tip))
		return 0;
	rules->own = schema_set_new();
	rules->err = err;
	int rc = repo_list(rules->repo, &rules->tip, OWN_DIRECTORY, add_own, rules, err);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* Stores the reason why the set of the rules lacks a schema with this text, if it is the text. */
static void explain_missing(
	const char *path, const struct buf *text, const char *uri, struct error *wrong)
{
	struct schema_set *set = schema_set_new();
	struct buf copy = BUF_INIT;
	struct error why = ERROR_INIT;
	buf_add(&copy, text->data, text->len);
	if (schema_set_add(set, &copy, path, uri, &why) < 0)
		*wrong = why;
	schema_set_free(set);
}

/* Compiles the schema, or stores its error in `*wrong`. */
static int compile_text(struct rules *rules, struct rule *rule, const char *path,
	const struct buf *text, const char *uri, struct error *wrong)
{
	int rc = guard_check_content(path, FORMAT_JSON, text->data, text->len, wrong);
	rule->broken = rc < 0;
	if (!rc)
		rc = schema_compile_uri(rules->own, &rule->schema, uri, wrong);
	if (rc == ERR_NOT_FOUND)
		explain_missing(path, text, uri, wrong);
	return rc;
}

/* If there is a schemas/NAME.json, compiles it, or records its error in the rule. */
static int compile_own(struct rules *rules, struct rule *rule, struct error *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT, uri = BUF_INIT;
	struct error wrong = ERROR_INIT;
	buf_addf(&path, OWN_DIRECTORY "/%s" SUFFIX, rule->name);
	buf_addf(&uri, OWN_URI "%s" SUFFIX, rule->name);
	int rc = oid_is_none(&rules->tip)
		? ERR_NOT_FOUND
		: repo_read(rules->repo, &rules->tip, path.data, SCHEMA_LIMIT, &text, NULL, &wrong);
	if (rc == ERR_FAILED && err)
		*err = wrong;
	if (!rc && !rules->own_read && (rc = read_own(rules, err)) < 0)
		rc = ERR_FAILED;
	if (rc == ERR_FAILED)
		goto done;
	if (!rc)
		rc = compile_text(rules, rule, path.data, &text, uri.data, &wrong);
	rule->own = rc != ERR_NOT_FOUND || text.len;
	if (rule->own && wrong.code) {
		rule->problem = xstrdup(wrong.text);
		rc = 0;
	}
done:
	buf_release(&path);
	buf_release(&text);
	buf_release(&uri);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int compile(struct rules *rules, struct rule *rule, struct error *err)
{
	int rc = compile_own(rules, rule, err);
	if (rc < 0 || rule->own)
		return rc;
	if (!rules->builtin)
		rules->builtin = schema_set_new();
	struct error wrong = ERROR_INIT;
	if (builtin_compile(rules->builtin, &rule->schema, rule->name, &wrong) < 0)
		rule->problem = xstrdup(wrong.text);
	return 0;
}

int rules_by_name(struct rules *rules, const char *name, const struct rule **out, struct error *err)
{
	for (size_t i = 0; i < rules->count; i++)
		if (!strcmp(rules->all[i]->name, name)) {
			*out = rules->all[i];
			return 0;
		}
	struct rule *rule = xcalloc(1, sizeof(*rule));
	rule->name = xstrdup(name);
	rule->kind = kind_of(name);
	GROW(rules->all, rules->count, rules->capacity);
	rules->all[rules->count++] = rule;
	*out = rule;
	return compile(rules, rule, err);
}

/* The value of an attribute of `path`: 1, 0 if it has none, or a negative code. */
static int attribute(
	struct rules *rules, const char *path, const char *name, struct buf *out, struct error *err)
{
	return oid_is_none(&rules->tip)
		? 0
		: attribute_of(rules->repo, &rules->tip, path, name, out, err);
}

int rules_format(struct rules *rules, const char *path, enum json_format *out, struct error *err)
{
	struct buf value = BUF_INIT;
	int rc = fleet_file(path)->schema ? 0
					  : attribute(rules, path, FORMAT_ATTRIBUTE, &value, err);
	*out = fleet_format(path, rc > 0 ? value.data : NULL);
	buf_release(&value);
	return rc < 0 ? rc : 0;
}

/* ---- the directories of servers ---- */

void rules_note_server(struct rules *rules, const char *server)
{
	if (rules->servers_count == MOST_SERVERS)
		return;
	GROW(rules->servers, rules->servers_count, rules->servers_capacity);
	rules->servers[rules->servers_count++] = xstrdup(server);
}

/* 1, 0, or a negative code. */
static int is_server(
	struct rules *rules, const struct oid *commit, const char *directory, struct error *err)
{
	for (size_t i = 0; i < rules->servers_count; i++)
		if (!strcmp(rules->servers[i], directory))
			return 1;
	int rc = server_directory_in(rules->repo, &rules->tip, directory, err);
	if (!rc)
		rc = server_directory_in(rules->repo, commit, directory, err);
	if (rc > 0)
		rules_note_server(rules, directory);
	return rc;
}

/* Is `path` a file of the fleet with a built-in schema? 1, 0, or a negative code. */
static int is_of_fleet(
	struct rules *rules, const struct oid *commit, const char *path, struct error *err)
{
	struct buf directory = BUF_INIT;
	int rc = fleet_file(path)->schema != NULL;
	if (fleet_needs_server(path, &directory))
		rc = is_server(rules, commit, directory.data, err);
	buf_release(&directory);
	return rc;
}

/* ---- the rule of a file ---- */

int rules_find(struct rules *rules, const struct oid *commit, const char *path,
	const struct rule **out, enum json_format *format, struct error *err)
{
	int rc = rules_format(rules, path, format, err);
	*out = NULL;
	if (rc < 0 || *format == FORMAT_NONE)
		return rc;
	rc = is_of_fleet(rules, commit, path, err);
	if (rc)
		return rc < 0 ? rc : rules_by_name(rules, fleet_file(path)->schema, out, err);
	struct buf name = BUF_INIT;
	rc = attribute(rules, path, ATTRIBUTE, &name, err);
	if (rc > 0 && fleet_assigns(path, name.data))
		rc = 0;
	if (rc > 0)
		rc = rules_by_name(rules, name.data, out, err);
	buf_release(&name);
	return rc;
}

struct rules *guard_rules_open(struct repo *repo, const struct oid *commit)
{
	struct rules *rules = xcalloc(1, sizeof(*rules));
	rules_init(rules, repo, commit);
	return rules;
}

void guard_rules_free(struct rules *rules)
{
	if (rules)
		rules_release(rules);
	free(rules);
}

int guard_rules_find(struct rules *rules, const char *path, enum json_format *format,
	const struct schema **schema, struct error *err)
{
	const struct rule *rule;
	*schema = NULL;
	int rc = rules_find(rules, &rules->tip, path, &rule, format, err);
	if (rc < 0 || !rule)
		return rc;
	*schema = rule->schema;
	return rule->schema ? 0 : error_set(err, ERR_INVALID, "%s", rule->problem);
}

int rules_exempt_in(
	struct repo *repo, const struct oid *commit, const char *path, struct error *err)
{
	if (!fleet_may_be_exempt(path) || oid_is_none(commit))
		return 0;
	return attribute_is_unset(repo, commit, path, ATTRIBUTE, err);
}

int rules_exempt(struct rules *rules, const char *path, struct error *err)
{
	return rules_exempt_in(rules->repo, &rules->tip, path, err);
}

int rules_lack_format(struct rules *rules, const char *path, struct error *err)
{
	enum json_format format;
	struct buf name = BUF_INIT;
	int rc = rules_format(rules, path, &format, err);
	if (!rc && format == FORMAT_NONE)
		rc = attribute(rules, path, ATTRIBUTE, &name, err);
	buf_release(&name);
	return rc;
}
