/* What all subcommands have in common. */
#include "command.h"

#include "base/alloc.h"
#include "base/file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct option common_options[] = {
	{ .kind = OPTION_FOLDER,
		.letter = 'C',
		.value = "DIR",
		.help = "work as if started in DIR" },
	OPT_FLAG('q', "quiet", struct invocation, quiet, "say only what went wrong"),
	OPT_FLAG('v', "verbose", struct invocation, verbose, "say more"),
	{ .kind = OPTION_HELP, .letter = 'h', .help = "show this" },
	{ .kind = OPTION_MANUAL, .name = "help", .help = "open the manual page" },
	OPT_END,
};

static const struct option json_options[] = {
	OPT_FLAG(0, "json", struct invocation, json, "show the same as JSON"),
	OPT_END,
};

const struct command *command_find(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

void command_groups(const struct command *command, void *options, struct invocation *inv,
	struct option_group groups[COMMAND_GROUPS])
{
	size_t count = 0;
	if (command->options)
		groups[count++] = (struct option_group){ command->options, options };
	if (command->settings)
		groups[count++] =
			(struct option_group){ command->settings, inv ? &inv->overrides : NULL };
	if (command->shows)
		groups[count++] = (struct option_group){ json_options, inv };
	groups[count++] = (struct option_group){ common_options, inv };
	groups[count] = (struct option_group){ NULL, NULL };
}

void command_usage(const struct command *command, struct buf *out)
{
	struct option_group groups[COMMAND_GROUPS];
	for (size_t i = 0; command->synopsis[i]; i++)
		buf_addf(out, "%s git build %s%s%s\n", i ? "   or:" : "usage:", command->name,
			*command->synopsis[i] ? " " : "", command->synopsis[i]);
	buf_addch(out, '\n');
	command_groups(command, NULL, NULL, groups);
	options_usage(groups, out);
}

/* The programs' names, and where they are, from each other: installed, and as built. */
static const char quick_name[] = "git-build", full_name[] = "git-build-full";

static int find_beside(
	struct buf *out, const char *other_folder, const char *name, struct error *err)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len < 0)
		return error_errno(err, ERR_FAILED, "cannot find out where git-build is installed");
	self[len] = '\0';
	*strrchr(self, '/') = '\0';
	struct buf path = BUF_INIT;
	char resolved[PATH_MAX];
	const char *const folders[] = { ".", other_folder };
	for (size_t i = 0; i < 2; i++) {
		buf_reset(&path);
		buf_addf(&path, "%s/%s/%s", self, folders[i], name);
		if (realpath(path.data, resolved)) {
			buf_release(&path);
			buf_addstr(out, resolved);
			return 0;
		}
	}
	buf_release(&path);
	return error_set(err, ERR_FAILED,
		"there is no %s beside %s: git-build is not installed as a whole; install it again",
		name, self);
}

int program_path(struct buf *out, struct error *err)
{
	return find_beside(out, "../../bin", quick_name, err);
}

int program_full_path(struct buf *out, struct error *err)
{
	return find_beside(out, "../libexec/git-build", full_name, err);
}

/* Installed beside the program's folder, or built in it. */
int hooks_path(struct buf *out, struct error *err)
{
	struct buf program = BUF_INIT;
	size_t before = out->len;
	int rc = program_path(&program, err);
	if (!rc) {
		int folder = (int)(strrchr(program.data, '/') - program.data);
		buf_addf(out, "%.*s/../libexec/git-build", folder, program.data);
		if (!file_exists(out->data + before)) {
			buf_truncate(out, before);
			buf_addf(out, "%.*s/hooks", folder, program.data);
		}
	}
	buf_release(&program);
	return rc;
}
