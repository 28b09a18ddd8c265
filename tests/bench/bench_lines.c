/*
 * The cost of JSON Lines: 100,000 records of 200 bytes as lines, compared with the same records as an array.
 * Validating; merging (each side marks one record and appends one); and checking a push that adds a
 * record. And if the list only grows (x-append-only), checking a push of one line, compared with
 * `git cat-file` of both versions. The figures compare processor time, in pairs.
 *
 * usage: bench_lines [PAIRS [RECORDS]]
 */
#include "bench/bench.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[] = "/tmp/git-build-bench.XXXXXX";

/* The processor time of a shell script. */
static double cpu_ms(const char *script)
{
	struct rusage usage;
	int status;
	pid_t pid = fork();
	if (!pid) {
		execl("/bin/sh", "sh", "-c", script, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0 || status) {
		fprintf(stderr, "failed: %s\n", script);
		exit(1);
	}
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
		(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

/* The median of the ratios of two scripts. */
static double compare(const char *script, const char *reference, size_t pairs)
{
	double *ratios = calloc(pairs, sizeof(double));
	for (size_t i = 0; i < pairs; i++) {
		double base = cpu_ms(reference);
		ratios[i] = cpu_ms(script) / base;
	}
	double median = bench_median(ratios, pairs);
	free(ratios);
	return median;
}

static void write_record(FILE *file, const char *id, size_t i, int marked)
{
	fprintf(file,
		"{\"id\": \"%s_%zu\", \"from\": \"build%zu\", \"type\": \"info\", \"subject\": "
		"\"Build %zu finished\", \"body\": \"Duration: %zum 12s, warnings: %zu; check the "
		"versions.\", \"timestamp\": \"2025-10-%02zuT%02zu:%02zu:13Z\", \"read\": %s}",
		id, i, i % 20, i, i % 60, i % 7, 1 + i / 1440 % 28, i / 60 % 24, i % 60,
		marked ? "true" : "false");
}

/* `count` records, as lines or as an array; record `marked` is read; `added` (NULL: none) is one more. */
static void write_records(const char *path, size_t count, size_t marked, const char *added)
{
	FILE *file = fopen(path, "w");
	int lines = !strcmp(path + strlen(path) - 1, "l");
	if (!file)
		exit(1);
	fputs(lines ? "" : "[\n", file);
	for (size_t i = 0; i < count; i++) {
		write_record(file, "msg", i, i < count / 2 || i == marked);
		fputs(lines || (i + 1 == count && !added) ? "\n" : ",\n", file);
	}
	if (added) {
		write_record(file, added, count, 0);
		fputc('\n', file);
	}
	fputs(lines ? "" : "]\n", file);
	if (fclose(file))
		exit(1);
}

static void write_schema(const char *path, const char *more)
{
	FILE *file = fopen(path, "w");
	if (!file)
		exit(1);
	fprintf(file,
		"{\"$schema\": \"https://json-schema.org/draft/2020-12/schema\", \"type\": "
		"\"array\", \"x-list-type\": \"map\", \"x-list-map-keys\": [\"id\"], %s\"items\": "
		"{\"type\": \"object\", \"required\": [\"id\", \"from\"], \"properties\": {"
		"\"id\": {\"type\": \"string\"}, \"from\": {\"type\": \"string\"}, "
		"\"type\": {\"enum\": [\"info\", \"warning\"]}, \"subject\": {\"type\": "
		"\"string\"}, \"body\": {\"type\": \"string\"}, \"timestamp\": {\"type\": "
		"\"string\", \"x-time\": true}, \"read\": {\"type\": \"boolean\"}}}}\n",
		more);
	if (fclose(file))
		exit(1);
}

static void write_files(size_t records)
{
	static const char *const endings[] = { "json", "jsonl" };
	char path[32];
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "base.%s", endings[i]);
		write_records(path, records, records, NULL);
		snprintf(path, sizeof(path), "ours.%s", endings[i]);
		write_records(path, records, records / 2 + records / 8, "ours");
		snprintf(path, sizeof(path), "theirs.%s", endings[i]);
		write_records(path, records, records - records / 8, "theirs");
		snprintf(path, sizeof(path), "next.%s", endings[i]);
		write_records(path, records, records, "next");
	}
	write_schema("records.schema.json", "");
	write_schema("growing.schema.json", "\"x-append-only\": true, ");
}

/* A repository for each file and schema, with a commit that adds a record to a file of main. */
static const char prepare_pushes[] =
	"set -e; export HOME=$PWD\n"
	"git config --global user.name bench; git config --global user.email bench@localhost\n"
	"git config --global init.defaultBranch main\n"
	"for name in json.records jsonl.records jsonl.growing; do\n"
	"  file=records.${name%.*} schema=${name#*.}\n"
	"  git init -q $name; cd $name; mkdir schemas\n"
	"  git config build.maxFileSize 1000000000\n"
	"  cp ../$schema.schema.json schemas/$schema.json; cp ../base.${name%.*} $file\n"
	"  echo \"$file build-schema=$schema\" >.gitattributes\n"
	"  git add .; git commit -qm base; old=$(git rev-parse HEAD)\n"
	"  cp ../next.${name%.*} $file; git commit -qam next; new=$(git rev-parse HEAD)\n"
	"  git update-ref refs/heads/main $old; git checkout -q --detach\n"
	"  echo \"$old $new refs/heads/main\" >../$name.update\n"
	"  printf '%s\\n%s\\n' $old:$file $new:$file >../$name.blobs; cd ..\n"
	"done\n";

#define VALIDATE(ending) "git-build validate -q --schema ./records.schema.json base." ending
#define MERGE(ending)                                                                              \
	"git-build merge -q --schema ./records.schema.json -o merged." ending " base." ending      \
	" ours." ending " theirs." ending
#define CHECK(name)                                                                                \
	"cd " name "/.git && \"$GIT_BUILD_BINDIR/hooks/pre-receive\" <../../" name ".update"

int main(int argc, char **argv)
{
	size_t pairs = argc > 1 ? strtoul(argv[1], NULL, 10) : 9;
	if (!pairs || !mkdtemp(directory) || chdir(directory))
		return 1;
	setenv("HOME", directory, 1);
	write_files(argc > 2 ? strtoul(argv[2], NULL, 10) : 100000);
	bench_sh(prepare_pushes);
	bench_report("lines-validate", compare(VALIDATE("jsonl"), VALIDATE("json"), pairs),
		"<= 1.0", "validating 100,000 JSON lines, compared with the same data as an array");
	bench_report("lines-merge", compare(MERGE("jsonl"), MERGE("json"), pairs), "<= 1.0",
		"merging 100,000 JSON lines, compared with the same data as an array");
	bench_report("lines-push", compare(CHECK("jsonl.records"), CHECK("json.records"), pairs),
		"<= 1.0", "checking a push of one of 100,000 JSON lines, compared with an array");
	bench_report("lines-append",
		compare(CHECK("jsonl.growing"),
			"git -C jsonl.growing cat-file --batch <jsonl.growing.blobs >/dev/null",
			pairs),
		"<= 1.5",
		"checking a push of one line to a list that only grows, compared with git cat-file "
		"of both versions");
	bench_sh("cd / && rm -rf \"$HOME\"");
	return 0;
}
