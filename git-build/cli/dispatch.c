/*
 * From a command line to an exit code: finds the subcommand, prepares what its entry asks for, and
 * maps the result to an exit code as in git: 0 yes, 1 no, 128 fatal, 129 usage.
 */
#include "cli/dispatch.h"

#include "cli/command.h"
#include "cli/help.h"
#include "base/nearest.h"
#include "cli/print.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/version.h"
#include "json/write.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void out_of_memory(void)
{
	static const char words[] = "fatal: out of memory\n";
	ssize_t ignored = write(STDERR_FILENO, words, sizeof(words) - 1);
	(void)ignored;
	_exit(ANSWER_FATAL);
}

void program_set_memory_handler(void)
{
	alloc_set_handler(out_of_memory);
}

/* A variable that is set and not empty, or NULL. */
static const char *environment(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

static void start(struct invocation *inv, const struct repository_calls *calls)
{
	file_occupy_streams(O_RDONLY);
	program_set_memory_handler();
	alloc_keep_memory();
	/* A reader that exits causes a failed write, which every writer checks; it must not end a
	 * heartbeat between commit and push. */
	signal(SIGPIPE, SIG_IGN);
	*inv = (struct invocation){
		.calls = calls,
		.env = env_system(),
		.overrides = { .server = environment("SERVER_ID"),
			.heartbeat_branch = environment("HEARTBEAT_BRANCH"),
			.push_every = environment("HEARTBEAT_PUSH_EVERY"),
			.lock_wait = environment("LOCK_WAIT") },
		.colour = isatty(STDOUT_FILENO) && !environment("NO_COLOR"),
	};
}

/* Ends the process with SIGPIPE and no message, as git does, if the reader of its standard output
 * has exited, as in `| head`. Returns if that is not the problem. */
static void end_with_reader(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
	sigset_t pipe_only;
	if (poll(&out, 1, 0) != 1 || !(out.revents & POLLERR))
		return;
	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &pipe_only, NULL);
	raise(SIGPIPE);
}

/* With --json, errors are also printed as JSON on standard output. */
static void put_error(const struct error *err)
{
	struct json_writer w;
	if (show_has_json())
		return;
	show_json_begin(&w);
	json_put_string(&w, "error", err->text);
	show_json_end(&w, true);
}

/* The command failed. */
static int fail(bool json, const struct error *err)
{
	if (show_finish(NULL) < 0)
		end_with_reader();
	show_message("fatal", err->text);
	if (json)
		put_error(err);
	return ANSWER_FATAL;
}

/* Is there an option --json in the command line, which may not be valid? */
static bool asks_for_json(const struct operands *operands)
{
	for (int i = 0; i < operands->count && strcmp(operands->words[i], "--") != 0; i++)
		if (!strcmp(operands->words[i], "--json"))
			return true;
	return false;
}

/* Prints one line: the mistake in the command line, and the -h that describes the syntax. */
static int misused(const struct invocation *inv, const struct error *err)
{
	const char *command = inv->command ? inv->command->name : "";
	const char *verb = inv->verb ? inv->verb->name : "";
	struct buf text = BUF_INIT;
	buf_addf(&text, "%s; see 'git build%s%s%s%s -h'", err->text, *command ? " " : "", command,
		*verb ? " " : "", verb);
	show_message("error", text.data);
	buf_release(&text);
	return ANSWER_USAGE;
}

/* Prepares what the command needs, and runs it. */
static int run_command(
	struct invocation *inv, const void *options, struct operands *operands, struct error *err)
{
	const struct command *command = inv->command;
	const struct verb *verb = inv->verb;
	struct operands given = *operands;
	struct error failed = ERROR_INIT;
	int rc = (verb ? verb->needs : command->needs) == NEEDS_NOTHING
		? 0
		: inv->calls->open(inv, err);
	if (command->changes)
		show_changed();
	if (!rc)
		rc = (verb ? verb->run : command->run)(inv, options, operands, &failed);
	if (rc < 0 && inv->repo && inv->calls->repair(inv, rc)) {
		*operands = given;
		failed = (struct error)ERROR_INIT;
		rc = (verb ? verb->run : command->run)(inv, options, operands, &failed);
	}
	if (failed.code)
		*err = failed;
	if (inv->repo)
		inv->calls->close(inv);
	return rc;
}

/* Checks the number of operands of the command, or of its verb. */
static int check_operands(
	const struct invocation *inv, const struct operands *operands, struct error *err)
{
	const struct verb *verb = inv->verb;
	int most = verb ? verb->most : inv->command->operands;
	if (operands->count > most)
		return error_set(
			err, ERR_INVALID, "unexpected argument '%s'", operands->words[most]);
	if (verb && operands->count < verb->least)
		return error_set(err, ERR_INVALID, "missing argument after '%s'", verb->name);
	return 0;
}

/* Parses what follows the name of the command; its options are set in `options`. */
static int parse(
	struct invocation *inv, void *options, struct operands *operands, struct error *err)
{
	struct option_group groups[COMMAND_GROUPS];
	int rc = command_find_verb(inv->command, operands, &inv->verb, err);
	if (rc < 0)
		return rc;
	command_groups(inv->command, inv->verb, options, inv, groups);
	rc = options_parse(groups, operands, false, err);
	if (rc <= 0 && inv->command->verbs && !inv->verb)
		return error_set(err, ERR_INVALID, "missing subcommand");
	return rc ? rc : check_operands(inv, operands, err);
}

/* Runs the command that the first of `operands` names. */
static int dispatch(struct invocation *inv, struct operands *operands)
{
	struct error err = ERROR_INIT;
	const char *word = operands->words[0];
	const struct command *command = command_find(word);
	if (!command) {
		struct nearest nearest = NEAREST_INIT(word);
		for (size_t i = 0; commands[i]; i++)
			nearest_try(&nearest, commands[i]->name);
		if (nearest.word)
			error_set(&err, ERR_INVALID,
				"'%s' is not a git-build command. Did you mean %s?", word,
				nearest.word);
		else
			error_set(&err, ERR_INVALID,
				"'%s' is not a git-build command. See 'git build -h'.", word);
		show_message("git build", err.text);
		return ANSWER_USAGE;
	}
	inv->command = command;
	operands->words++;
	operands->count--;
	bool json = asks_for_json(operands); /* before parsing, which reorders the words */

	void *options = xcalloc(1, command->options_size + 1);
	int rc = parse(inv, options, operands, &err);
	if (rc == OPTIONS_HELP) {
		struct buf usage = BUF_INIT;
		command_usage(command, inv->verb, &usage);
		show_text(&usage);
		buf_release(&usage);
		rc = ANSWER_YES;
	} else if (rc == OPTIONS_MANUAL) {
		rc = help_open(command, &err);
	} else if (rc == ERR_INVALID) {
		rc = ANSWER_USAGE;
	} else if (!rc) {
		rc = run_command(inv, options, operands, &err);
	}
	if (rc == ANSWER_USAGE) {
		misused(inv, &err);
		if (json)
			put_error(&err);
	} else if (rc < 0) {
		rc = fail(inv->json, &err);
	}
	free(options);
	return rc ? rc : inv->status;
}

/* Handles the options before the subcommand. */
static int run(struct invocation *inv, struct operands *operands)
{
	struct main_options options = { 0 };
	struct option_group groups[] = { { main_options, &options }, { NULL, NULL } };
	struct error err = ERROR_INIT;
	struct buf usage = BUF_INIT;
	help_list(&usage);
	int rc = options_parse(groups, operands, true, &err);
	if (rc == ERR_INVALID) {
		rc = misused(inv, &err);
	} else if (rc == OPTIONS_HELP) {
		show_text(&usage);
		rc = ANSWER_YES;
	} else if (rc == OPTIONS_MANUAL) {
		rc = help_open(NULL, &err);
	} else if (!rc && options.version) {
		show_line("git-build version %s", GIT_BUILD_VERSION);
	} else if (!rc && !operands->count) {
		show_text(&usage);
		rc = ANSWER_USAGE;
	} else if (!rc) {
		rc = dispatch(inv, operands);
	}
	if (rc < 0)
		rc = fail(false, &err);
	buf_release(&usage);
	return rc;
}

int program_run(const struct repository_calls *calls, int argc, char **argv)
{
	struct invocation inv;
	struct operands operands = { argv + 1, argc > 0 ? argc - 1 : 0 };
	struct error err = ERROR_INIT;
	start(&inv, calls);
	int answer = run(&inv, &operands);
	bool changed = show_has_changed();
	int unwritten = show_finish(&err);
	/* Report changes even if standard output cannot be written. */
	if (unwritten < 0 && changed)
		show_message("fatal", err.text);
	if (unwritten < 0)
		end_with_reader();
	if (unwritten < 0 && !changed && answer != ANSWER_FATAL)
		show_message("fatal", err.text);
	if (unwritten < 0)
		answer = ANSWER_FATAL;
	return answer;
}
