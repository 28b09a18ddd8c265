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

#endif
