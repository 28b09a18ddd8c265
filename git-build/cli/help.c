/* git build help [COMMAND]: opens a manual page. Also the options before a command. */
#include "cli/help.h"

#include "base/nearest.h"
#include "cli/print.h"

#include "base/file.h"
#include "host/program.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

const struct option main_options[] = {
	{ .kind = OPTION_DIRECTORY,
		.letter = 'C',
		.value = "DIR",
		.help = "work as if started in DIR" },
	OPT_FLAG(0, "version", struct main_options, version, "print the version"),
	{ .kind = OPTION_HELP, .letter = 'h', .help = "print this help" },
	{ .kind = OPTION_MANUAL, .name = "help", .help = "open the manual page" },
	OPT_END,
};

static const char *const synopsis[] = { "[COMMAND]", NULL };

static int run_help(
	struct invocation *inv, const void *options, struct operands *operands, struct error *err)
{
	(void)inv;
	(void)options;
	if (!operands->count)
		return help_open(NULL, err);
	const char *name = operands->words[0];
	const struct command *command = command_find(name);
	if (command)
		return help_open(command, err);
	struct nearest nearest = NEAREST_INIT(name);
	for (size_t i = 0; commands[i]; i++)
		nearest_try(&nearest, commands[i]->name);
	if (nearest.word)
		error_set(err, ERR_INVALID, "'%s' is not a git-build command (did you mean '%s'?)",
			name, nearest.word);
	else
		error_set(err, ERR_INVALID, "'%s' is not a git-build command", name);
	return ANSWER_USAGE;
}

const struct command command_help = {
	.name = "help",
	.summary = "open the manual page of a command",
	.synopsis = synopsis,
	.needs = NEEDS_NOTHING,
	.operands = 1,
	.run = run_help,
};

void help_list(struct buf *out)
{
	struct option_group groups[] = { { main_options, NULL }, { NULL, NULL } };
	buf_addstr(out,
		"usage: git build [-C DIR] COMMAND [OPTION...]\n"
		"   or: git build --version | --help\n\n");
	for (size_t i = 0; commands[i]; i++)
		buf_addf(out, "    %-12s %s\n", commands[i]->name, commands[i]->summary);
	buf_addch(out, '\n');
	options_usage(groups, out);
	buf_addstr(out,
		"\n'git build help COMMAND' opens the manual page of a command, 'git build "
		"COMMAND -h' prints a summary.\n");
}

/*
 * The page that was installed (PREFIX/share/man) or built (build/man) with this program: if it
 * exists, it replaces `page`, the name for man to look up.
 */
static int find_own_page(struct buf *page, struct error *err)
{
	static const char *const places[] = { "../share/man/man1", "man" };
	struct buf program = BUF_INIT, path = BUF_INIT;
	int found = program_path(&program, err);
	if (!found) {
		buf_truncate(&program, (size_t)(strrchr(program.data, '/') - program.data));
		for (size_t i = 0; !found && i < sizeof(places) / sizeof(*places); i++) {
			buf_reset(&path);
			buf_addf(&path, "%s/%s/%s.1", program.data, places[i], page->data);
			found = file_exists(path.data, err);
			if (found <= 0)
				continue;
			buf_reset(page);
			buf_addstr(page, path.data);
		}
	}
	buf_release(&program);
	buf_release(&path);
	return found < 0 ? found : 0;
}

int help_open(const struct command *command, struct error *err)
{
	struct buf page = BUF_INIT, usage = BUF_INIT;
	buf_addstr(&page, "git-build");
	if (command)
		buf_addf(&page, "-%s", command->name);
	if (find_own_page(&page, err) < 0) {
		buf_release(&page);
		return ERR_FAILED;
	}

	/* man replaces this process, because its pager needs the terminal. */
	signal(SIGPIPE, SIG_DFL);
	execlp("man", "man", page.data, (char *)NULL);
	int rc = ANSWER_YES;
	if (errno != ENOENT)
		rc = error_errno(err, ERR_FAILED, "cannot run man(1)");
	else if (command)
		command_usage(command, NULL, &usage);
	else
		help_list(&usage);
	show_text(&usage);
	buf_release(&page);
	buf_release(&usage);
	return rc;
}
