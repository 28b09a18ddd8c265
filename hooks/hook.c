/* Starts a hook, reads its input, and runs the user's own hook before it. */
#include "hook.h"

#include "base/alloc.h"
#include "base/child.h"
#include "base/escape.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The lines of 100,000 refs have 20 MiB. */
enum { INPUT_LIMIT = 1 << 30, OTHER_MS = 30000 };

void hook_print(const char *format, ...)
{
	struct buf text = BUF_INIT, line = BUF_INIT;
	va_list args;
	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	escape_add(&line, text.data, text.len, true);
	fprintf(stderr, "git-build: %s\n", line.data);
	buf_release(&text);
	buf_release(&line);
}

static void out_of_memory(void)
{
	static const char text[] = "git-build: out of memory\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
	(void)ignored;
	_exit(1);
}

void hook_start(struct hook *hook, int argc, char **argv)
{
	static const char option[] = "--kept=";
	/* For writing, so that reading a closed standard input fails, instead of returning an empty
	 * input. */
	file_occupy_streams(O_WRONLY);
	alloc_set_handler(out_of_memory);
	*hook = (struct hook){ .arguments = argv + (argc > 0) };
	if (argc > 1 && !strncmp(argv[1], option, strlen(option))) {
		hook->kept = argv[1] + strlen(option);
		hook->arguments++;
	}
}

int hook_read_input(struct buf *input)
{
	struct error err = ERROR_INIT;
	if (!file_read_fd(input, STDIN_FILENO, "standard input", INPUT_LIMIT, &err))
		return 0;
	hook_print("%s", err.text);
	return -1;
}

/* Like git, ignores a hook that is not executable. Returns 1 if the hook exists and is executable,
 * 0 if not, -1 if that cannot be checked. */
static int find_kept(const char *path)
{
	struct stat st;
	if (!access(path, X_OK))
		return 1;
	int why = errno;
	if (why == ENOENT || (why == EACCES && !stat(path, &st)))
		return 0;
	hook_print("%s: cannot be accessed: %s", path, strerror(why));
	return -1;
}

/* `path` and `arguments`, ending with NULL. The caller frees the array, not its strings. */
static const char **make_argv(const char *path, const char *const *arguments)
{
	size_t count = 0;
	while (arguments[count])
		count++;
	const char **argv = xcalloc(count + 2, sizeof(*argv));
	argv[0] = path;
	for (size_t i = 0; i < count; i++)
		argv[i + 1] = arguments[i];
	return argv;
}

/* Returns the exit code; or -1 if there is none. NULL for `output`: it goes to our output, without a
 * time limit. */
static int run(
	const char *path, const char *const *arguments, const struct buf *input, struct buf *output)
{
	const char **argv = make_argv(path, arguments);
	struct child child = { .argv = argv,
		.foreground = !output,
		.timeout_ms = output ? OTHER_MS : 0,
		.input = input ? input->data : NULL,
		.input_len = input ? input->len : 0,
		.output = output };
	struct error err = ERROR_INIT;
	int status = -1, rc = child_run(&child, &status, &err);
	if (rc < 0)
		hook_print("%s", err.text);
	else if (status > 128 && status <= 128 + 64)
		hook_print("%s was killed by signal %d", path, status - 128);
	free(argv);
	return rc < 0 ? -1 : status;
}

int hook_run_kept(const struct hook *hook, const struct buf *input)
{
	struct buf path = BUF_INIT;
	if (!hook->kept)
		return 0;
	/* A name without a slash would be searched for in PATH. */
	buf_addf(&path, "%s%s", strchr(hook->kept, '/') ? "" : "./", hook->kept);
	int found = find_kept(path.data);
	int status = found > 0 ? run(path.data, (const char *const *)hook->arguments, input, NULL)
			       : found;
	buf_release(&path);
	return status < 0 ? 1 : status;
}

int hook_run_other(const char *path, const char *const *arguments, const struct buf *input)
{
	struct buf nothing = BUF_INIT, output = BUF_INIT;
	int found = find_kept(path);
	int status = found > 0 ? run(path, arguments, input ? input : &nothing, &output) : found;
	fwrite(output.data, 1, output.len, stderr);
	buf_release(&nothing);
	buf_release(&output);
	/* A higher code than that of a signal is an exit code, such as 255 of Perl's die. */
	bool killed = status > 128 && status <= 128 + 64;
	return killed ? -1 : status > 0 ? 1 : status;
}
