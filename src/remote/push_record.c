#include "remote/push_record.h"

#include "base/file.h"
#include "git/state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { NUMBERS = PUSH_RESULTS + PUSH_BUCKETS + 1, WIDTH = 20, SIZE = NUMBERS * (WIDTH + 1) };

const int64_t push_bucket_ms[PUSH_BUCKETS] = { 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000,
	60000 };

const char *push_result_name(enum push_result result)
{
	static const char *const names[] = { [PUSH_RESULT_DONE] = "done",
		[PUSH_RESULT_LOST_RACE] = "lost_race",
		[PUSH_RESULT_REFUSED] = "refused",
		[PUSH_RESULT_UNREACHABLE] = "unreachable",
		[PUSH_RESULT_OTHER] = "other" };
	return names[result];
}

static enum push_result result_of(int code)
{
	switch (code) {
	case 0:
		return PUSH_RESULT_DONE;
	case ERR_LOST_RACE:
		return PUSH_RESULT_LOST_RACE;
	case ERR_REFUSED:
		return PUSH_RESULT_REFUSED;
	case ERR_UNREACHABLE:
		return PUSH_RESULT_UNREACHABLE;
	default:
		return PUSH_RESULT_OTHER;
	}
}

/* Number `index` of the file, which has results, buckets and the total in this order. */
static int64_t *number(struct push_record *record, int index)
{
	if (index < PUSH_RESULTS)
		return &record->results[index];
	index -= PUSH_RESULTS;
	return index < PUSH_BUCKETS ? &record->buckets[index] : &record->total_ms;
}

/* Reads the file, which the caller has locked; all numbers are zero if the content is invalid.
 * Returns a negative number, with errno, if the file cannot be read. */
static int load(int fd, struct push_record *out)
{
	char text[SIZE + 1] = "";
	*out = (struct push_record){ 0 };
	ssize_t got = pread(fd, text, SIZE, 0);
	if (got != SIZE)
		return got < 0 ? -1 : 0;
	for (int i = 0; i < NUMBERS; i++) {
		char *end;
		int64_t value = strtoll(text + (size_t)i * (WIDTH + 1), &end, 10);
		if (value < 0 || end != text + (size_t)i * (WIDTH + 1) + WIDTH) {
			*out = (struct push_record){ 0 };
			return 0;
		}
		*number(out, i) = value;
	}
	return 0;
}

static void save(int fd, struct push_record *record)
{
	struct buf text = BUF_INIT;
	for (int i = 0; i < NUMBERS; i++)
		buf_addf(&text, "%*" PRId64 "\n", WIDTH, *number(record, i));
	/* The length never changes, so that the file can be overwritten with a single write. */
	if (pwrite(fd, text.data, text.len, 0) != (ssize_t)text.len)
		(void)!ftruncate(fd, 0);
	buf_release(&text);
}

/* Opens and locks the file; -1 if that fails. Each holder needs only microseconds. */
static int open_locked(struct repo *repo, int flags, int operation)
{
	struct buf path = BUF_INIT;
	state_path(&path, repo, "pushes");
	int fd = open(path.data, flags | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd >= 0 && flock(fd, operation) < 0) {
		close(fd);
		fd = -1;
	}
	buf_release(&path);
	return fd;
}

void push_record_count(struct repo *repo, int code, int64_t ms)
{
	struct push_record record;
	if (file_make_directories(repo_state_dir(repo), NULL) < 0)
		return;
	int fd = open_locked(repo, O_RDWR | O_CREAT, LOCK_EX);
	if (fd < 0)
		return;
	int rc = load(fd, &record);
	record.results[result_of(code)]++;
	if (!code) {
		record.total_ms += ms;
		for (int i = 0; i < PUSH_BUCKETS; i++)
			record.buckets[i] += ms <= push_bucket_ms[i];
	}
	if (!rc)
		save(fd, &record);
	close(fd);
}

int push_record_read(struct repo *repo, struct push_record *out, struct error *err)
{
	int fd = open_locked(repo, O_RDONLY, LOCK_SH);
	*out = (struct push_record){ 0 };
	if (fd < 0 && errno == ENOENT)
		return 0;
	int rc = fd < 0 || load(fd, out) < 0
		? error_errno(err, ERR_FAILED, "cannot read %s/pushes", repo_state_dir(repo))
		: 0;
	if (fd >= 0)
		close(fd);
	return rc;
}
