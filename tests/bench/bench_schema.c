/*
 * The cost of checking a document: 1 MB of messages with the built-in schema, compared with yajl
 * alone (without callbacks), alternating; first inside one process, then as whole processes, `git
 * build validate` compared with this program with --yajl; and a heartbeat of 100 bytes compared
 * with `true`.
 *
 * usage: bench_schema [PAIRS]
 *        bench_schema --yajl FILE
 */
#include "bench/bench.h"
#include "bench/messages.h"

#include "base/file.h"
#include "json/document.h"
#include "schema/builtin.h"
#include "schema/validate.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* As in `git build validate`: compiles the schema, too. */
static double time_whole(const struct buf *text)
{
	double start = bench_now_ms();
	struct schema_set *set = schema_set_new();
	const struct schema *schema;
	struct json_doc *doc;
	if (builtin_compile(set, &schema, "messages", NULL) < 0 ||
		json_parse(&doc, text->data, text->len, "messages.json", NULL, NULL) < 0 ||
		!schema_validate(schema, doc, NULL, NULL))
		exit(1);
	json_doc_free(doc);
	schema_set_free(set);
	return bench_now_ms() - start;
}

static double time_compile(void)
{
	double start = bench_now_ms();
	struct schema_set *set = schema_set_new();
	const struct schema *schema;
	if (builtin_compile(set, &schema, "messages", NULL) < 0)
		exit(1);
	schema_set_free(set);
	return bench_now_ms() - start;
}

static double time_validate(const struct schema *schema, const struct json_doc *doc)
{
	double start = bench_now_ms();
	if (!schema_validate(schema, doc, NULL, NULL))
		exit(1);
	return bench_now_ms() - start;
}

static double time_process(const char *const argv[])
{
	double start = bench_now_ms();
	int status = 1;
	pid_t child = fork();
	if (!child) {
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0 || status) {
		fprintf(stderr, "failed: %s\n", argv[0]);
		exit(1);
	}
	return bench_now_ms() - start;
}

static void measure_processes(const char *self, const struct buf *text, size_t pairs)
{
	static const char text_of_heartbeat[] =
		"{\"server\":\"build1\",\"timestamp\":\"2025-10-29T15:39:13Z\",\"healthy\":true,"
		"\"interval_seconds\":60}\n";
	char directory[] = "/tmp/git-build-bench.XXXXXX", messages[60], heartbeat[60];
	if (!mkdtemp(directory))
		exit(1);
	snprintf(messages, sizeof(messages), "%s/messages.json", directory);
	snprintf(heartbeat, sizeof(heartbeat), "%s/heartbeat.json", directory);
	if (file_replace(messages, text->data, text->len, 0600, NULL) < 0 ||
		file_replace(heartbeat, text_of_heartbeat, sizeof(text_of_heartbeat) - 1, 0600,
			NULL) < 0)
		exit(1);
	const char *const bare[] = { self, "--yajl", messages, NULL };
	const char *const whole[] = { "git-build", "validate", "-q", "--schema", "messages",
		messages, NULL };
	const char *const nothing[] = { "true", NULL };
	const char *const small[] = { "git-build", "validate", "-q", "--schema", "heartbeat",
		heartbeat, NULL };
	double *ratios = calloc(pairs, sizeof(double)), *more = calloc(pairs, sizeof(double));
	for (size_t i = 0; i < pairs; i++) {
		double base = time_process(bare);
		ratios[i] = time_process(whole) / base;
		base = time_process(nothing);
		more[i] = time_process(small) - base;
	}
	bench_report("validate-1MB", bench_median(ratios, pairs), "<= 1.5",
		"git build validate of 1 MB of messages against yajl's bare parse, as processes");
	bench_report("validate-100B", bench_median(more, pairs), "<= 0.6",
		"ms that git build validate of a heartbeat takes longer than true");
	free(ratios);
	free(more);
	unlink(messages);
	unlink(heartbeat);
	rmdir(directory);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--yajl")) {
		struct buf read = BUF_INIT;
		if (file_read(&read, argv[2], JSON_DEFAULT_LIMIT, NULL) < 0)
			return 1;
		bench_time_yajl(&read);
		return 0;
	}
	size_t pairs = argc > 1 ? strtoul(argv[1], NULL, 10) : 100;
	struct buf text = BUF_INIT;
	struct schema_set *set = schema_set_new();
	const struct schema *schema;
	struct json_doc *doc;
	bench_write_messages(&text);
	if (builtin_compile(set, &schema, "messages", NULL) < 0 ||
		json_parse(&doc, text.data, text.len, "messages.json", NULL, NULL) < 0)
		return 1;
	double *ratios = calloc(pairs, sizeof(double)), *alone = calloc(pairs, sizeof(double)),
	       *compile = calloc(pairs, sizeof(double));
	for (size_t i = 0; i < pairs; i++) {
		double bare = bench_time_yajl(&text);
		ratios[i] = time_whole(&text) / bare;
		alone[i] = time_validate(schema, doc);
		compile[i] = time_compile();
	}
	bench_report("schema-validate", bench_median(ratios, pairs), "",
		"compiling the schema, parsing and checking 1 MB of messages, against yajl's bare "
		"parse");
	fprintf(stderr, "schema_validate: %.2f ms, schema_compile: %.3f ms\n",
		bench_median(alone, pairs), bench_median(compile, pairs));
	measure_processes(argv[0], &text, pairs);
	free(ratios);
	free(alone);
	free(compile);
	json_doc_free(doc);
	schema_set_free(set);
	buf_release(&text);
	return 0;
}
