/*
 * The cost of reading a document beyond finding its tokens: json_parse() of 1 MB of messages,
 * compared with yajl alone (without callbacks) on the same text, alternating.
 *
 * usage: bench_json [PAIRS]
 */
#include "bench/bench.h"
#include "bench/messages.h"

#include "json/document.h"

static double time_ours(const struct buf *text)
{
	double start = bench_now_ms();
	struct json_doc *doc;
	if (json_parse(&doc, text->data, text->len, "messages.json", NULL, NULL) < 0)
		exit(1);
	json_doc_free(doc);
	return bench_now_ms() - start;
}

int main(int argc, char **argv)
{
	size_t pairs = argc > 1 ? strtoul(argv[1], NULL, 10) : 100;
	struct buf text = BUF_INIT;
	bench_write_messages(&text);
	double *ratios = calloc(pairs, sizeof(double)), *ours = calloc(pairs, sizeof(double));
	for (size_t i = 0; i < pairs; i++) {
		double bare = bench_time_yajl(&text);
		ours[i] = time_ours(&text);
		ratios[i] = ours[i] / bare;
	}
	bench_report("json-parse", bench_median(ratios, pairs), "<= 2.0",
		"parsing 1 MB of messages into a document, against yajl's bare parse");
	fprintf(stderr, "json_parse: %.2f ms\n", bench_median(ours, pairs));
	free(ratios);
	free(ours);
	buf_release(&text);
	return 0;
}
