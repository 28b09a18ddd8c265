/* The files of a commit, as a source of documents (request/documents.h). */
#ifndef DELIVER_COMMIT_FILES_H
#define DELIVER_COMMIT_FILES_H

#include "git/repo.h"
#include "request/documents.h"

struct commit_files {
	struct repo *repo;
	struct oid commit;  /* may change between reads; OID_NONE: the branch does not exist yet */
	const char *branch; /* its short name, for messages */
};

/* The source reads `files`, which must outlive the documents. Files above 256 MiB are refused. */
struct documents_source commit_files_source(struct commit_files *files);

/*
 * Writes a commit with the changes of `documents`, which has this source, onto files->commit. Does not
 * update a ref. `server` is the committer if git has no user.name. Returns 1 and
 * stores the commit in `*out`; 0 if the content is the same as before; or a negative code, as
 * repo_write_commit().
 */
int commit_files_write(const struct commit_files *files, struct documents *documents,
	const char *message, const char *server, int64_t time, struct oid *out, struct error *err);

#endif
