#include "request/job_files.h"

#include "base/file.h"
#include "fleet/names.h"

#include <string.h>

enum { FILE_LIMIT = 256 << 20 };

void job_folder(struct buf *out, struct repo *repo, const char *id)
{
	buf_reset(out);
	buf_addf(out, "%s/jobs/", repo_state_dir(repo));
	fleet_file_name(out, id);
}

void job_files_put(struct json_writer *w, const char *name, const char *file)
{
	json_begin(w, '{');
	json_put_string(w, "name", name);
	json_put_string(w, "file", file);
	json_end(w);
}

/* A name without folders; NULL if it is none. */
static const char *plain_name(
	const struct json_doc *doc, const struct json_value *value, struct arena *arena)
{
	size_t len;
	const char *text = json_string(doc, value, &len);
	if (!text || !len || memchr(text, '\0', len) || memchr(text, '/', len) || *text == '.')
		return NULL;
	return arena_strndup(arena, text, len);
}

static int write_file(struct deed *deed, const char *name, const char *file, struct error *err)
{
	struct repo *repo = transaction_repo(deed->tx);
	struct buf from = BUF_INIT, path = BUF_INIT, text = BUF_INIT;
	const char *job = deed_string(deed, "job");
	job_folder(&from, repo, job ? job : "");
	buf_addf(&from, "/%s", file);
	fleet_server_path(&path, deed->server, "logs/");
	buf_addstr(&path, name);
	int rc = file_read(&text, from.data, FILE_LIMIT, err);
	if (!rc)
		transaction_write(deed->tx, path.data, &text);
	buf_release(&from);
	buf_release(&path);
	buf_release(&text);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

int job_files_write(struct deed *deed, struct error *err)
{
	const struct json_doc *request = deed->request;
	const struct json_value *files = json_member(request, json_root(request), "files");
	int rc = 0;
	JSON_EACH (entry, files) {
		const char *name =
			plain_name(request, json_member(request, entry, "name"), &deed->arena);
		const char *file =
			plain_name(request, json_member(request, entry, "file"), &deed->arena);
		if (!rc && (!name || !file))
			rc = error_set(err, ERR_INVALID,
				"a job's file needs a name and a file, both without folders");
		else if (!rc)
			rc = write_file(deed, name, file, err);
	}
	return rc;
}
