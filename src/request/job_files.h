/*
 * Files that are recorded with the end of a job: its log and its manifest.
 *
 * They wait in the job's own folder of this clone, <state dir>/jobs/<job>, and go to the shared
 * branch in the same commit as the job's end. A request names them, since a request is data that
 * may wait in the outbox:
 *
 *	"files": [ { "name": "20251029T120000Z.log", "file": "log" } ]
 *
 * is the file "log" of the job's folder, which becomes <server>/logs/20251029T120000Z.log.
 */
#ifndef REQUEST_JOB_FILES_H
#define REQUEST_JOB_FILES_H

#include "request/request.h"

/* Replaces `out` by the folder of job `id` in this clone. */
void job_folder(struct buf *out, struct repo *repo, const char *id);

/* Adds a file to a request, whose array "files" is open. */
void job_files_put(struct json_writer *w, const char *name, const char *file);

/*
 * Writes the files of deed->request into the transaction. One that is no longer there is left out:
 * what became of the job counts more. ERR_INVALID: a name that is none, or has a folder in it.
 */
int job_files_write(struct deed *deed, struct error *err);

#endif
