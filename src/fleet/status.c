#include "fleet/status.h"

#include "base/timestamp.h"
#include "json/write.h"

#include <string.h>

const char *const status_names[] = { "idle", "building", "testing", "failed", "success", NULL };

int status_check(const char *status, struct error *err)
{
	for (size_t i = 0; status_names[i]; i++)
		if (!strcmp(status, status_names[i]))
			return 0;
	struct buf known = BUF_INIT;
	for (size_t i = 0; status_names[i]; i++)
		buf_addf(&known, "%s%s",
			!i                            ? ""
				: status_names[i + 1] ? ", "
						      : " or ",
			status_names[i]);
	int rc = error_set(
		err, ERR_INVALID, "'%s': invalid status; expected %s", status, known.data);
	buf_release(&known);
	return rc;
}

void status_write_new(
	const struct server_facts *facts, const char *status, int64_t now, struct buf *out)
{
	char timestamp[TIMESTAMP_SIZE];
	struct json_writer w = JSON_WRITER_INIT(out);
	json_begin(&w, '{');
	json_put_string(&w, "server", facts->server);
	json_put_string_or_null(&w, "ip", facts->ip);
	json_put_string_or_null(&w, "manager", facts->manager);
	json_put_string(&w, "timestamp", timestamp_format(now, timestamp));
	json_put_string(&w, "status", status);
	json_put_null(&w, "current_job");
	json_put_null(&w, "last_build");
	json_end(&w);
	buf_addch(out, '\n');
}
