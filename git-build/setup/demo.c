/* git build demo: shows a fleet of two servers at work, by the script demo.sh, which is embedded. */
#include "cli/command.h"

#include "base/alloc.h"
#include "base/embedded.h"
#include "host/program.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct demo_options {
	const char *keep;
};

static const struct option options[] = {
	OPT_STRING(0, "keep", "DIR", struct demo_options, keep,
		"work in DIR, which must be empty or not exist yet, and keep it"),
	OPT_END,
};

static const char *const synopsis[] = { "[--keep DIR]", NULL };

/* A shell cannot handle signals that its parent ignored. */
static void reset_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		signal(signals[i], SIG_DFL);
}

/* Replaces this process with the shell. */
static int run(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct demo_options *given = values;
	const struct embedded *file = embedded_find("setup/demo.sh");
	struct buf directory = BUF_INIT;
	(void)operands;
	int rc = program_path(&directory, err);
	if (!rc) {
		char *script = xstrndup(file->text, file->len);
		*strrchr(directory.data, '/') = '\0';
		reset_signals();
		execlp("sh", "sh", "-c", script, "sh", directory.data, inv->quiet ? "1" : "0",
			given->keep, (char *)NULL);
		rc = error_errno(err, ERR_FAILED, "cannot run sh");
		free(script);
	}
	buf_release(&directory);
	return rc;
}

const struct command command_demo = {
	.name = "demo",
	.summary = "show a fleet of two servers at work",
	.synopsis = synopsis,
	.options = options,
	.options_size = sizeof(struct demo_options),
	.needs = NEEDS_NOTHING,
	.run = run,
};
