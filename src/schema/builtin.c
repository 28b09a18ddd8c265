#include "schema/builtin.h"

#include "base/embedded.h"
#include "base/nearest.h"

#include <string.h>

const char *const builtin_names[] = { "artifacts", "build_config", "health_dashboard", "heartbeat",
	"jobs", "locks", "message_rules", "message_stats", "messages", "status", NULL };

const char *builtin_text(const char *name, size_t *len)
{
	struct buf path = BUF_INIT;
	buf_addf(&path, "builtin/%s", name);
	const struct embedded *file = embedded_find(path.data);
	buf_release(&path);
	*len = file ? file->len : 0;
	return file ? file->text : NULL;
}

int builtin_compile(
	struct schema_set *set, const struct schema **out, const char *name, struct error *err)
{
	size_t len;
	const char *text = builtin_text(name, &len);
	if (!text) {
		struct nearest nearest = NEAREST_INIT(name);
		for (size_t i = 0; builtin_names[i]; i++)
			nearest_try(&nearest, builtin_names[i]);
		return error_set(err, ERR_NOT_FOUND, "unknown built-in schema '%s'%s%s%s", name,
			nearest.word ? "; did you mean " : "", nearest.word ? nearest.word : "",
			nearest.word ? "?" : "");
	}
	struct buf copy = BUF_INIT, shown = BUF_INIT;
	buf_add(&copy, text, len);
	buf_addf(&shown, "%s.schema.json", name);
	int rc = schema_compile(set, out, &copy, shown.data, NULL, err);
	buf_release(&shown);
	return rc;
}
