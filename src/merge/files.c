#include "merge/files.h"

#include "base/file.h"
#include "json/format.h"
#include "lines/text.h"
#include "schema/builtin.h"

#include <string.h>

enum { FILE_LIMIT = 1 << 30 };

int merge_files(struct merge_files *files, struct merge_result *result, struct error *err)
{
	const char *const paths[] = { files->base, files->ours, files->theirs };
	struct merge_request *request = &files->request;
	struct merge_text *const sides[] = { &request->base, &request->ours, &request->theirs };
	struct buf texts[3] = { BUF_INIT, BUF_INIT, BUF_INIT };
	int rc = 0;
	for (int i = 0; i < 3 && !rc; i++) {
		if (strcmp(paths[i], "/dev/null") != 0)
			rc = file_read(&texts[i], paths[i], FILE_LIMIT, err);
		*sides[i] = (struct merge_text){ texts[i].data, texts[i].len };
	}
	request->name = files->path ? files->path : files->ours;
	enum json_format format = json_format_of(request->name, files->format);
	request->lines = format == FORMAT_LINES;
	if (!rc && files->path && !request->schema && format == FORMAT_NONE)
		rc = merge_text(request, &result->text, err);
	else if (!rc)
		rc = merge_documents(request, result, err);
	for (int i = 0; i < 3; i++)
		buf_release(&texts[i]);
	return rc;
}

int merge_fold_file(struct merge_files *files, struct merge_result *result, struct error *err)
{
	struct merge_request *request = &files->request;
	struct buf text = BUF_INIT;
	int rc = file_read(&text, files->ours, FILE_LIMIT, err);
	request->ours = (struct merge_text){ text.data, text.len };
	request->name = files->path ? files->path : files->ours;
	request->lines = json_format_of(request->name, files->format) == FORMAT_LINES;
	if (!rc)
		rc = merge_fold(request, result, err);
	buf_release(&text);
	return rc;
}

int merge_find_schema(
	struct schema_set *set, const struct schema **out, const char *name, struct error *err)
{
	struct buf text = BUF_INIT;
	if (!strchr(name, '/') && json_format_of(name, NULL) != FORMAT_JSON)
		return builtin_compile(set, out, name, err);
	int rc = file_read(&text, name, FILE_LIMIT, err);
	if (!rc)
		rc = schema_compile(set, out, &text, name, NULL, err);
	buf_release(&text);
	return rc;
}
