/* A megabyte of messages, and the time that yajl alone takes to read it: the reference for
 * reading. */
#ifndef BENCH_MESSAGES_H
#define BENCH_MESSAGES_H

#include "bench/bench.h"

#include "base/buf.h"
#include "json/write.h"

#include <yajl/yajl_parse.h>

/* Messages as servers send them, up to a megabyte. */
static inline void bench_write_messages(struct buf *text)
{
	static const char body[] =
		"Maven build of main finished.\n\nDuration: 45m 12s, warnings: 3, tests: skipped.\n"
		"Artifacts are in /srv/artifacts/main (\"systemvm\" included); please check "
		"whether build2 sees the same versions, and tell me before the next round starts.";
	struct json_writer w = JSON_WRITER_INIT(text);
	json_begin(&w, '{');
	json_begin_member(&w, "messages", '[');
	for (int i = 0; text->len < 1 << 20; i++) {
		char id[64];
		snprintf(id, sizeof(id), "msg_%d_%03d", 1730203200 + 60 * i, i % 1000);
		json_begin(&w, '{');
		json_put_string(&w, "id", id);
		json_put_string(&w, "from", i % 2 ? "build1" : "build2");
		json_put_string(&w, "to", i % 3 ? "all" : "build1");
		json_put_string(&w, "type", i % 5 ? "info" : "warning");
		json_put_string(&w, "subject", "Build finished");
		json_put_string_n(&w, "body", body, (size_t)i * 37 % sizeof(body));
		json_put_string(&w, "timestamp", "2025-10-29T15:39:13Z");
		json_put_bool(&w, "read", i % 4);
		json_put_int(&w, "attempt", i % 7);
		json_begin_member(&w, "tags", '[');
		json_put_string(&w, NULL, "maven");
		json_end(&w);
		json_end(&w);
	}
	json_end(&w);
	json_end(&w);
	buf_addch(text, '\n');
}

/* A bare parse by yajl, without callbacks. */
static inline double bench_time_yajl(const struct buf *text)
{
	double start = bench_now_ms();
	yajl_handle yajl = yajl_alloc(NULL, NULL, NULL);
	if (yajl_parse(yajl, (const unsigned char *)text->data, text->len) != yajl_status_ok ||
		yajl_complete_parse(yajl) != yajl_status_ok)
		exit(1);
	yajl_free(yajl);
	return bench_now_ms() - start;
}

#endif
