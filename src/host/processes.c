#include "host/processes.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/env.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 200 };

struct process {
	pid_t pid, parent;
};

struct processes {
	struct process *list;
	size_t count, capacity;
};

/* The parent of `pid`, from /proc/PID/stat (proc(5)): the second field after the name. */
static pid_t parent_of(pid_t pid)
{
	char path[64], text[512];
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	if (got <= 0)
		return 0;
	text[got] = '\0';
	const char *name_end = strrchr(text, ')');
	int parent = 0;
	if (name_end)
		sscanf(name_end + 1, " %*c %d", &parent);
	return parent;
}

/* Lists all processes. Negative if they cannot be listed. */
static int list_processes(struct processes *processes)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry = NULL;
	processes->count = 0;
	while (dir && (errno = 0, entry = readdir(dir))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (!isdigit((unsigned char)*entry->d_name) || pid <= 1)
			continue;
		GROW(processes->list, processes->count, processes->capacity);
		processes->list[processes->count++] = (struct process){ pid, parent_of(pid) };
	}
	int rc = !dir || errno ? -1 : 0;
	if (dir)
		closedir(dir);
	return rc;
}

static int by_parent(const void *left, const void *right)
{
	const struct process *a = left, *b = right;
	if (a->parent != b->parent)
		return a->parent < b->parent ? -1 : 1;
	return a->pid < b->pid ? -1 : a->pid > b->pid;
}

/* The index of the first child of `parent`, or where it would be. */
static size_t first_child(const struct processes *processes, pid_t parent)
{
	size_t low = 0, high = processes->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (processes->list[middle].parent < parent)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Stores this process and all its descendants, parents first, in `family`, which has space for one
 * more than all processes. Returns the number of descendants. */
static size_t find_family(struct processes *processes, pid_t *family)
{
	size_t found = 0;
	if (processes->count)
		qsort(processes->list, processes->count, sizeof(*processes->list), by_parent);
	family[0] = getpid();
	for (size_t next = 0; next <= found; next++)
		for (size_t i = first_child(processes, family[next]);
			i < processes->count && processes->list[i].parent == family[next]; i++)
			/* A process ID that is used again during the listing can make a circle. */
			if (processes->list[i].pid != family[0] && found < processes->count)
				family[++found] = processes->list[i].pid;
	return found;
}

ssize_t processes_signal_descendants(int number)
{
	struct processes processes = { 0 };
	int rc = list_processes(&processes);
	pid_t *family = xreallocarray(NULL, processes.count + 1, sizeof(*family));
	size_t count = find_family(&processes, family);
	for (size_t i = 1; i <= count; i++)
		kill(family[i], number);
	free(family);
	free(processes.list);
	return rc < 0 ? rc : (ssize_t)count;
}

/* Repeats this, because a descendant may fork before it is killed. */
size_t processes_end_descendants(void)
{
	size_t most = 0;
	for (int round = 0; round < ROUNDS; round++) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		ssize_t count = processes_signal_descendants(SIGKILL);
		if (!count)
			break;
		if (count > 0 && (size_t)count > most)
			most = (size_t)count;
		env_sleep(env_system(), 5);
	}
	return most;
}

/* ---- by their environment ---- */

static bool has_variable(pid_t pid, const char *variable)
{
	char path[64];
	struct buf text = BUF_INIT;
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char bytes[4096];
	for (ssize_t got; fd >= 0 && (got = read(fd, bytes, sizeof(bytes))) > 0;)
		buf_add(&text, bytes, (size_t)got);
	if (fd >= 0)
		close(fd);
	bool found = false;
	for (const char *at = text.data; !found && at < text.data + text.len; at += strlen(at) + 1)
		found = !strcmp(at, variable);
	buf_release(&text);
	return found;
}

size_t processes_end_with(const char *variable)
{
	struct processes processes = { 0 };
	size_t most = 0;
	for (int round = 0; round < ROUNDS; round++) {
		size_t count = 0;
		int rc = list_processes(&processes);
		for (size_t i = 0; i < processes.count; i++) {
			pid_t pid = processes.list[i].pid;
			if (pid == getpid() || !has_variable(pid, variable))
				continue;
			kill(pid, SIGKILL);
			count++;
		}
		if (!count && !rc)
			break;
		if (count > most)
			most = count;
		env_sleep(env_system(), 5);
	}
	free(processes.list);
	return most;
}
