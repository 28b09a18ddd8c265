/*
 * git build merge-driver: the merge driver as a subcommand, for settings that are written by hand.
 * git build init configures the driver itself (hooks/merge-driver.c), which starts sooner.
 *
 * git takes exit codes 1 to 128 for conflicts; only a higher one is a failure. So this command
 * exits with 255 instead of 128.
 */
#include "cli/command.h"
#include "cli/print.h"

#include "base/alloc.h"
#include "host/program.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DRIVER_FAILED = 255, LEAST_OPERANDS = 3, MOST_OPERANDS = 8 };

static const char *const synopsis[] = {
	"<base> <ours> <theirs> [<marker-size> [<path> [<label>...]]]", NULL
};

static int run(
	struct invocation *inv, const void *options, struct operands *operands, struct error *err)
{
	struct buf driver = BUF_INIT;
	const char *argv[MOST_OPERANDS + 3] = { "merge-driver", "--" };
	(void)inv;
	(void)options;
	if (operands->count < LEAST_OPERANDS) {
		error_set(err, ERR_INVALID, "three files are required: base, ours, theirs");
		return ANSWER_USAGE;
	}
	if (!hooks_path(&driver, err)) {
		buf_addstr(&driver, "/merge-driver");
		for (int i = 0; i < operands->count; i++)
			argv[i + 2] = operands->words[i];
		execv(driver.data, (char *const *)(uintptr_t)argv);
		error_errno(err, ERR_FAILED, "cannot run %s", driver.data);
	}
	show_message("fatal", err->text);
	buf_release(&driver);
	return DRIVER_FAILED;
}

const struct command command_merge_driver = {
	.name = "merge-driver",
	.summary = "merge a coordination file when git asks for it",
	.synopsis = synopsis,
	.needs = NEEDS_NOTHING,
	.operands = MOST_OPERANDS,
	.run = run,
};
