#include "fleet/server_directory.h"

#include "base/file.h"
#include "fleet/files.h"
#include "fleet/limits.h"
#include "fleet/names.h"

#include <string.h>

bool server_is_named(const struct json_doc *doc)
{
	const struct json_value *server = doc ? json_member(doc, json_root(doc), "server") : NULL;
	return !doc || (server && server->type == JSON_STRING);
}

/* Does the file name a server? 1, 0, or ERR_FAILED. */
static int names_server(const char *path, server_read *read, void *data, struct error *err)
{
	struct buf text = BUF_INIT;
	struct error why = ERROR_INIT;
	struct json_doc *doc = NULL;
	int rc = read(data, path, &text, &why);
	if (rc == ERR_FAILED)
		error_set(err, rc, "%s", why.text);
	else if (rc == ERR_NOT_FOUND)
		rc = 0;
	else if (rc < 0)
		rc = 1;
	else {
		json_parse_buf(&doc, &text, path, NULL, NULL);
		rc = server_is_named(doc);
		json_doc_free(doc);
	}
	buf_release(&text);
	return rc;
}

int server_directory(const char *directory, server_read *read, void *data, struct error *err)
{
	static const char *const files[] = { FLEET_STATUS_FILE, FLEET_HEARTBEAT_FILE };
	int rc = 0;
	if (fleet_check_id(directory, NULL) < 0)
		return 0;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files) && !rc; i++) {
		struct buf path = BUF_INIT;
		fleet_server_path(&path, directory, files[i]);
		rc = names_server(path.data, read, data, err);
		buf_release(&path);
	}
	return rc;
}

int server_schema_of(
	const char **schema, const char *path, server_read *read, void *data, struct error *err)
{
	struct buf directory = BUF_INIT;
	int rc = 1;
	if (fleet_needs_server(path, &directory))
		rc = server_directory(directory.data, read, data, err);
	*schema = rc > 0 ? fleet_file(path)->schema : NULL;
	buf_release(&directory);
	return rc < 0 ? rc : 0;
}

static int read_version(void *data, const char *path, struct buf *out, struct error *err)
{
	(void)data;
	return file_read(out, path, FLEET_DOCUMENT_LIMIT, err);
}

int server_schema_of_versions(const char **schema, const char *path, const char *ours,
	const char *theirs, struct error *err)
{
	const char *const versions[] = { ours, theirs };
	int rc = !fleet_needs_server(path, NULL);
	for (size_t i = 0; i < 2 && versions[i] && !rc; i++)
		if (!strcmp(versions[i], "-")) /* it can be read only once */
			rc = 1;
		else if (strcmp(versions[i], "/dev/null") != 0)
			rc = names_server(versions[i], read_version, NULL, err);
	*schema = rc > 0 ? fleet_file(path)->schema : NULL;
	return rc < 0 ? rc : 0;
}
