#include "setup/attributes.h"

#include "base/file.h"
#include "git/attributes.h"
#include "git/history.h"
#include "guard/guard.h"
#include "schema/location.h"

#include <string.h>

enum { ATTRIBUTES_LIMIT = 1 << 20, REGULAR_FILE = 010 };

struct examining {
	struct repo *repo;
	struct oid tip;
	struct rules *rules; /* of the tip */
	bool has_union;      /* a line has merge=union */
	void (*each)(enum finding_state state, const char *what, const char *fix, void *data);
	void *data;
	struct error *err;
};

static void find(struct examining *e, enum finding_state state, const char *fix, const char *format,
	...) __attribute__((format(printf, 4, 5)));
static void find(
	struct examining *e, enum finding_state state, const char *fix, const char *format, ...)
{
	struct buf what = BUF_INIT;
	va_list args;
	va_start(args, format);
	buf_vaddf(&what, format, args);
	va_end(args);
	e->each(state, what.data, fix, e->data);
	buf_release(&what);
}

/* ---- drivers that are not configured ---- */

/* Is the driver built into git, or configured? That of git-build is checked separately. */
static bool is_known(struct examining *e, const char *name)
{
	static const char *const own[] = { "text", "binary", "union", "git-build" };
	struct buf key = BUF_INIT, driver = BUF_INIT;
	bool known = false;
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		known = known || !strcmp(name, own[i]);
	buf_addf(&key, "merge.%s.driver", name);
	known = known || (repo_config(e->repo, key.data, &driver) && driver.len);
	buf_release(&key);
	buf_release(&driver);
	return known;
}

/* Takes the pattern from the start of a line; NULL: it has none. A pattern in double quotes may have
 * spaces, and characters after a backslash. */
static const char *take_pattern(char **line)
{
	char *start = *line + strspn(*line, " \t"), *end = start + 1;
	if (!*start || *start == '#')
		return NULL;
	while (*start == '"' && *end && *end != '"')
		end += *end == '\\' && end[1] ? 2 : 1;
	end += strcspn(end, " \t\r");
	*line = *end ? end + 1 : end;
	*end = '\0';
	return start;
}

/* Checks one line, "PATTERN ATTRIBUTE...", of the attributes in `path`. */
static void examine_line(struct examining *e, const char *path, char *line)
{
	const char *pattern = take_pattern(&line), *word;
	while (pattern && (word = strsep(&line, " \t\r"))) {
		const char *driver = word + strlen("merge=");
		if (strncmp(word, "merge=", strlen("merge=")) != 0)
			continue;
		e->has_union = e->has_union || !strcmp(driver, "union");
		if (!is_known(e, driver))
			find(e, FINDING_WRONG, "configure the driver, or remove the attribute",
				"%s assigns the merge driver %s to %s, but the driver is not "
				"configured, so git merges as text",
				path, driver, pattern);
	}
}

static void examine_text(struct examining *e, const char *path, struct buf *text)
{
	char *rest = text->data, *line;
	while ((line = strsep(&rest, "\n")))
		examine_line(e, path, line);
}

/* Checks what was read with the result `rc`, and releases it. */
static int examine_read(
	struct examining *e, const char *path, struct buf *text, int rc, const struct error *why)
{
	if (!rc)
		examine_text(e, path, text);
	else if (rc == ERR_INVALID)
		find(e, FINDING_UNKNOWN, NULL, "cannot check the attributes: %s", why->text);
	buf_release(text);
	return rc < 0 && rc != ERR_INVALID ? error_set(e->err, rc, "%s", why->text) : 0;
}

static int examine_file(const struct changed_file *file, void *data)
{
	struct examining *e = data;
	struct buf text = BUF_INIT;
	struct error why = ERROR_INIT;
	const char *slash = strrchr(file->path, '/');
	size_t size;
	if (strcmp(slash ? slash + 1 : file->path, ".gitattributes") != 0 ||
		file->mode >> 12 != REGULAR_FILE)
		return 0;
	int rc = history_read_blob(e->repo, &file->blob, ATTRIBUTES_LIMIT, &text, &size, &why);
	if (rc < 0)
		error_wrap(&why, "%s", file->path);
	return examine_read(e, file->path, &text, rc, &why);
}

/* Attributes that only this clone has. */
static int examine_info(struct examining *e)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct error why = ERROR_INIT;
	buf_addf(&path, "%s/info/attributes", repo_common_dir(e->repo));
	int rc = file_read(&text, path.data, ATTRIBUTES_LIMIT, &why);
	rc = rc == ERR_NOT_FOUND ? 0 : examine_read(e, path.data, &text, rc, &why);
	buf_release(&path);
	buf_release(&text);
	return rc;
}

/* ---- merge=union on files that it breaks ---- */

/* Is a union of lines wrong for the file? In JSON, it has members twice; in JSON Lines, keys. 1, 0, or
 * a negative code. */
static int is_broken_by_union(
	struct examining *e, const char *path, enum json_format *format, struct error *err)
{
	const struct schema *schema;
	struct schema_place place;
	int rc = guard_rules_find(e->rules, path, format, &schema, err);
	if (rc < 0 || !schema)
		return rc;
	schema_place_init(&place, schema);
	return *format == FORMAT_JSON || place.keys_count > 0;
}

static int examine_union(const struct changed_file *file, void *data)
{
	struct examining *e = data;
	struct buf value = BUF_INIT;
	struct error why = ERROR_INIT;
	enum json_format format = FORMAT_NONE;
	int rc = attribute_of(e->repo, &e->tip, file->path, "merge", &value, &why);
	bool is_union = rc > 0 && !strcmp(value.data, "union");
	if (is_union)
		rc = is_broken_by_union(e, file->path, &format, &why);
	if (is_union && rc == ERR_INVALID)
		find(e, FINDING_UNKNOWN, NULL,
			"%s has merge=union, but its schema is not valid: %s", file->path,
			why.text);
	else if (is_union && rc > 0 && format == FORMAT_LINES)
		find(e, FINDING_WRONG,
			"set merge=git-build in .gitattributes; 'git build merge --fold' keeps one "
			"record of each key",
			"%s has a key for each line and merge=union, so a merge can duplicate a key",
			file->path);
	else if (is_union && rc > 0)
		find(e, FINDING_WRONG, "set merge=git-build in .gitattributes",
			"%s has a schema and merge=union, so a merge can duplicate a member",
			file->path);
	buf_release(&value);
	return rc < 0 && rc != ERR_INVALID ? error_set(e->err, rc, "%s", why.text) : 0;
}

/* ---- */

int attributes_examine(struct repo *repo,
	void (*each)(enum finding_state state, const char *what, const char *fix, void *data),
	void *data, struct error *err)
{
	struct examining e = { .repo = repo, .each = each, .data = data, .err = err };
	const struct oid none = OID_NONE;
	int rc = repo_ref(repo, "HEAD", &e.tip, err);
	if (rc == ERR_NOT_FOUND)
		return examine_info(&e);
	if (!rc)
		rc = history_each_difference(repo, &none, &e.tip, examine_file, &e, err);
	if (!rc)
		rc = examine_info(&e);
	e.rules = guard_rules_open(repo, &e.tip);
	if (!rc && e.has_union)
		rc = history_each_difference(repo, &none, &e.tip, examine_union, &e, err);
	guard_rules_free(e.rules);
	return rc;
}
