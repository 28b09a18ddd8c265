#include "clone/job_directory.h"

#include "base/file.h"
#include "fleet/names.h"
#include "git/state.h"

enum { FILE_LIMIT = 256 << 20 };

void job_directory(struct buf *out, struct repo *repo, const char *id)
{
	state_path(out, repo, "jobs/");
	fleet_file_name(out, id);
}

int job_directory_read_files(struct repo *repo, struct request *request, struct error *err)
{
	const char *job = request->file_count ? request_string(request, "job") : NULL;
	struct buf path = BUF_INIT;
	int rc = 0;
	for (size_t i = 0; !rc && i < request->file_count; i++) {
		struct request_file *file = &request->files[i];
		job_directory(&path, repo, job ? job : "");
		buf_addf(&path, "/%s", file->file);
		buf_reset(&file->text);
		rc = file_read(&file->text, path.data, FILE_LIMIT, err);
		file->is_read = !rc;
		if (rc == ERR_NOT_FOUND)
			rc = 0;
	}
	buf_release(&path);
	return rc;
}
