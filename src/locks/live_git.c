#include "locks/live_git.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { WORDS_LIMIT = 4 << 20 };

int64_t live_git_moment(void)
{
	struct timespec now;
	int64_t ticks = sysconf(_SC_CLK_TCK);
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * ticks + now.tv_nsec * ticks / 1000000000;
}

/* A process that is examined. */
struct process {
	const char *pid; /* its directory in /proc */
	char name[64], state;
	long parent;
	int64_t started; /* ticks since the boot */
};

/* Reads /proc/<pid>/<what>: 0, or a negative code; ERR_NOT_FOUND if the process is about to end,
 * and has released its memory. */
static int read_proc(const struct process *p, const char *what, struct buf *out)
{
	struct buf path = BUF_INIT;
	buf_addf(&path, "/proc/%s/%s", p->pid, what);
	int fd = open(path.data, O_RDONLY | O_CLOEXEC);
	int rc = fd >= 0 ? file_read_fd(out, fd, path.data, WORDS_LIMIT, NULL)
		: errno == ESRCH || errno == ENOENT ? ERR_NOT_FOUND
						    : ERR_FAILED;
	if (fd >= 0)
		close(fd);
	buf_release(&path);
	return rc;
}

/* Appends the target of the link /proc/<pid>/<what>; false, with errno, if it cannot be read. */
static bool read_link(const struct process *p, const char *what, struct buf *out)
{
	char target[PATH_MAX];
	struct buf path = BUF_INIT;
	buf_addf(&path, "/proc/%s/%s", p->pid, what);
	ssize_t len = readlink(path.data, target, sizeof(target));
	int error = errno;
	buf_release(&path);
	errno = error;
	if (len < 0 || (size_t)len == sizeof(target))
		return false;
	buf_add(out, target, (size_t)len);
	return true;
}

/* proc(5): "pid (name) state ..."; field 22 is the start. The name may have any character. */
static bool read_stat(struct process *p)
{
	struct buf text = BUF_INIT;
	long long started = 0;
	bool read = false;
	if (!read_proc(p, "stat", &text)) {
		const char *open = strchr(text.data, '('), *close = strrchr(text.data, ')');
		if (open && close && close > open)
			read = snprintf(p->name, sizeof(p->name), "%.*s", (int)(close - open - 1),
				       open + 1) > 0 &&
				sscanf(close + 1,
					" %c %ld %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
					"%*s %*s %*s %*s %*s %lld",
					&p->state, &p->parent, &started) == 3;
	}
	p->started = started;
	buf_release(&text);
	return read;
}

static bool is_below(const char *path, const char *root)
{
	size_t len = strlen(root);
	return !strncmp(path, root, len) && (!path[len] || path[len] == '/');
}

static bool is_below_any(const char *path, const char *const *roots)
{
	for (; *roots; roots++)
		if (is_below(path, *roots))
			return true;
	return false;
}

/* Does the path `value`, of an option or a variable, lead to one of `roots`? A relative path with
 * ".." cannot be resolved, because the initial directory of the process is unknown. */
static bool leads_to(const char *value, const char *const *roots)
{
	char resolved[PATH_MAX];
	if (*value != '/')
		return strstr(value, "..") != NULL;
	return is_below_any(realpath(value, resolved) ? resolved : value, roots);
}

/* Is one of the words, each followed by a NUL, a path that leads to one of `roots`? */
static bool names_repository(const struct buf *words, const char *const *roots)
{
	static const char *const names[] = { "GIT_DIR=", "GIT_WORK_TREE=", "GIT_COMMON_DIR=",
		"GIT_INDEX_FILE=", "--git-dir=", "--work-tree=" };
	const char *before = "", *end = words->data + words->len;
	for (const char *word = words->data; word < end; word += strlen(word) + 1) {
		if ((!strcmp(before, "--git-dir") || !strcmp(before, "--work-tree")) &&
			leads_to(word, roots))
			return true;
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			if (!strncmp(word, names[i], strlen(names[i])) &&
				leads_to(word + strlen(names[i]), roots))
				return true;
		before = word;
	}
	return false;
}

/* Is it `git [-C DIR] [-c NAME=VALUE]... build ...`, which only waits for git-build? */
static bool waits_for_git_build(const struct buf *words)
{
	const char *end = words->data + words->len;
	const char *word = words->data + strlen(words->data) + 1;
	while (word < end && *word == '-') {
		bool has_value = !strcmp(word, "-C") || !strcmp(word, "-c") ||
			!strcmp(word, "--git-dir") || !strcmp(word, "--work-tree");
		word += strlen(word) + 1;
		if (has_value && word < end)
			word += strlen(word) + 1;
	}
	return word < end && !strcmp(word, "build");
}

/* Is it a git process that may use one of `roots`? */
static bool may_work_in(const struct process *p, const char *const *roots)
{
	struct buf words = BUF_INIT, directory = BUF_INIT;
	if (strncmp(p->name, "git", 3) != 0 || !strncmp(p->name, "git-build", 9))
		return false;
	bool may = read_proc(p, "cmdline", &words) < 0 || !waits_for_git_build(&words);
	/* A process without a directory is about to end, and holds nothing any more. */
	if (may && !read_link(p, "cwd", &directory))
		may = errno != ENOENT && errno != ESRCH;
	else if (may && !is_below_any(directory.data, roots))
		may = read_proc(p, "environ", &words) == ERR_FAILED ||
			names_repository(&words, roots);
	buf_release(&words);
	buf_release(&directory);
	return may;
}

/* Has it ended? A zombie holds nothing. */
static bool has_ended(struct process *p)
{
	return !read_stat(p) || p->state == 'Z' || p->state == 'X';
}

/* Does it have the file open? The descriptors of other users' processes cannot be read. */
static bool has_open(const struct process *p, const struct stat *file)
{
	struct buf path = BUF_INIT;
	struct stat st;
	bool has = false;
	buf_addf(&path, "/proc/%s/fd", p->pid);
	DIR *dir = opendir(path.data);
	for (struct dirent *entry; dir && !has && (entry = readdir(dir));)
		has = entry->d_name[0] != '.' && !fstatat(dirfd(dir), entry->d_name, &st, 0) &&
			st.st_dev == file->st_dev && st.st_ino == file->st_ino;
	if (dir)
		closedir(dir);
	buf_release(&path);
	return has;
}

/* Does it run the hook proc-receive? Then it is git-receive-pack(1), which has not locked a ref yet,
 * and waits until the hook has ended. */
static bool waits_for_hook(const struct process *p)
{
	bool waits = false;
	char parent[32];
	DIR *dir = opendir("/proc");
	for (struct dirent *entry; dir && !waits && (entry = readdir(dir));) {
		struct process other = { .pid = entry->d_name };
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9' || has_ended(&other))
			continue;
		snprintf(parent, sizeof(parent), "%ld", other.parent);
		waits = !strcmp(parent, p->pid) && !strcmp(other.name, "proc-receive");
	}
	if (dir)
		closedir(dir);
	return waits;
}

static bool may_hold(const char *pid, int directory, const struct stat *file, uid_t owner,
	const char *const *roots, int64_t moment)
{
	struct process p = { .pid = pid };
	struct stat st;
	if (fstatat(directory, pid, &st, 0) < 0 || has_ended(&p) || p.started > moment)
		return false;
	bool may = has_open(&p, file) ||
		(st.st_uid == owner && may_work_in(&p, roots) && !waits_for_hook(&p));
	/* If the process has ended since, a failed read is not evidence. */
	return may && !has_ended(&p);
}

bool live_git_may_hold(const char *path, uid_t owner, const char *const *roots, int64_t moment)
{
	struct stat file;
	struct dirent *entry = NULL;
	bool may = false;
	char own[32];
	snprintf(own, sizeof(own), "%ld", (long)getpid());
	DIR *dir = opendir("/proc");
	if (!dir || stat(path, &file) < 0)
		may = true;
	while (!may && (errno = 0, entry = readdir(dir)))
		may = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
			strcmp(entry->d_name, own) != 0 &&
			may_hold(entry->d_name, dirfd(dir), &file, owner, roots, moment);
	if (!may && errno)
		may = true;
	if (dir)
		closedir(dir);
	return may;
}
