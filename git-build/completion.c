/*
 * git build completion: what a shell needs to complete `git build`, made from the tables.
 *
 * bash: the file serves `git-build` itself and git's own completion, which looks for a function
 * called _git_build. zsh: a function _git-build, which git's completion looks for, too. fish asks
 * for `git-build` also where `git build` is typed.
 */
#include "command.h"
#include "help.h"
#include "show.h"

#include <string.h>

static const char *const shells[] = { "bash", "zsh", "fish", NULL };
static const char *const synopsis[] = { "(bash|zsh|fish)", NULL };

/* Calls `each` for every option of `command` that is shown. */
static void each_option(const struct command *command, struct buf *out,
	void (*each)(const struct command *command, const struct option *o, struct buf *out))
{
	struct option_group groups[COMMAND_GROUPS];
	command_groups(command, NULL, NULL, groups);
	for (size_t i = 0; groups[i].options; i++)
		for (const struct option *o = groups[i].options; o->kind != OPTION_END; o++)
			each(command, o, out);
}

/* Appends the words that may stand behind `command`, with spaces between. */
static void add_words(const struct command *command, struct buf *out)
{
	if (command == &command_help)
		for (size_t i = 0; commands[i]; i++)
			buf_addf(out, "%s ", commands[i]->name);
	else if (command->words)
		for (size_t i = 0; command->words[i]; i++)
			buf_addf(out, "%s ", command->words[i]);
}

/* Appends `text` for the inside of single quotes. */
static void add_quoted(const char *text, struct buf *out)
{
	for (; *text; text++)
		if (*text == '\'')
			buf_addstr(out, "'\\''");
		else
			buf_addch(out, *text);
}

static bool takes_folder(const struct option *o)
{
	return o->value && (!strcmp(o->value, "DIR") || !strcmp(o->value, "PATH"));
}

/* ---- bash ---- */

static void bash_option(const struct command *command, const struct option *o, struct buf *out)
{
	(void)command;
	if (o->name)
		buf_addf(out, "--%s%s ", o->name, o->value ? "=" : "");
	else
		buf_addf(out, "-%c ", o->letter);
}

static const char bash_tail[] =
	"\t*) words=$commands ;;\n"
	"\tesac\n"
	"\t# Options, which come last, only where one is begun.\n"
	"\twords=\" $words\"\n"
	"\t[[ $cur == -* ]] || words=${words%% -*}\n"
	"\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
	"\t[[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null\n"
	"}\n"
	"\n"
	"# git's completion calls this for `git build`.\n"
	"_git_build()\n"
	"{\n"
	"\t__git_build \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"\n"
	"}\n"
	"\n"
	"_git_build_command()\n"
	"{\n"
	"\t__git_build \"${COMP_WORDS[COMP_CWORD]}\" build \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"\n"
	"}\n"
	"complete -F _git_build_command git-build\n";

static void write_bash(struct buf *out)
{
	buf_addstr(out,
		"# bash completion for git-build, made by `git build completion bash`.\n\n"
		"# __git_build CUR WORD...: completes CUR behind the words.\n"
		"__git_build()\n{\n"
		"\tlocal cur=$1 word command='' words commands='");
	for (size_t i = 0; commands[i]; i++)
		buf_addf(out, "%s%s", i ? " " : "", commands[i]->name);
	buf_addstr(out,
		"'\n"
		"\tshift\n"
		"\twhile [[ $# -gt 0 && $1 != build ]]; do shift; done\n"
		"\tshift\n"
		"\tfor word; do\n"
		"\t\tif [[ \" $commands \" == *\" $word \"* ]]; then\n"
		"\t\t\tcommand=$word\n"
		"\t\t\tbreak\n"
		"\t\tfi\n"
		"\tdone\n"
		"\tcase $command in\n");
	for (size_t i = 0; commands[i]; i++) {
		buf_addf(out, "\t%s) words='", commands[i]->name);
		add_words(commands[i], out);
		each_option(commands[i], out, bash_option);
		buf_trim(out);
		buf_addstr(out, "' ;;\n");
	}
	buf_addstr(out, bash_tail);
}

/* ---- zsh ---- */

static void zsh_option(const struct command *command, const struct option *o, struct buf *out)
{
	struct buf help = BUF_INIT;
	(void)command;
	/* Brackets end the text, a colon its part. */
	for (const char *c = o->help; *c; c++)
		if (!strchr("[]:", *c))
			buf_addch(&help, *c);
	buf_addstr(out, "\t\t'");
	if (o->name && o->letter)
		buf_addf(out, "(-%c --%s)'{-%c,--%s}'", o->letter, o->name, o->letter, o->name);
	else if (o->name)
		buf_addf(out, "--%s%s", o->name, o->value ? "=" : "");
	else
		buf_addf(out, "-%c", o->letter);
	buf_addch(out, '[');
	add_quoted(help.data, out);
	buf_addch(out, ']');
	if (o->value)
		buf_addf(out, ":%s:%s", o->value, takes_folder(o) ? "_files -/" : "");
	buf_addstr(out, "' \\\n");
	buf_release(&help);
}

static void write_zsh(struct buf *out)
{
	buf_addstr(out,
		"#compdef git-build\n"
		"# zsh completion for git-build, made by `git build completion zsh`.\n\n"
		"local -a commands\ncommands=(\n");
	for (size_t i = 0; commands[i]; i++) {
		buf_addf(out, "\t'%s:", commands[i]->name);
		add_quoted(commands[i]->summary, out);
		buf_addstr(out, "'\n");
	}
	buf_addstr(out,
		")\n\n"
		"local curcontext=$curcontext state line\n"
		"_arguments -C '1:command:->command' '*::argument:->argument' && return\n"
		"if [[ $state == command ]]; then\n"
		"\t_describe -t commands 'git build command' commands\n"
		"\treturn\n"
		"fi\n"
		"case $words[1] in\n");
	for (size_t i = 0; commands[i]; i++) {
		buf_addf(out, "%s)\n\t_arguments \\\n", commands[i]->name);
		each_option(commands[i], out, zsh_option);
		buf_addstr(out, "\t\t'*:word:(");
		add_words(commands[i], out);
		buf_trim(out);
		buf_addstr(out, ")'\n\t;;\n");
	}
	buf_addstr(out, "esac\n");
}

/* ---- fish ---- */

static void fish_option(const struct command *command, const struct option *o, struct buf *out)
{
	buf_addf(out, "complete -c git-build -n '__fish_seen_subcommand_from %s'", command->name);
	if (o->letter)
		buf_addf(out, " -s %c", o->letter);
	if (o->name)
		buf_addf(out, " -l %s", o->name);
	if (o->value)
		buf_addf(
			out, " -x%s", takes_folder(o) ? " -a '(__fish_complete_directories)'" : "");
	buf_addstr(out, " -d '");
	add_quoted(o->help, out);
	buf_addstr(out, "'\n");
}

static void write_fish(struct buf *out)
{
	buf_addstr(out,
		"# fish completion for git-build, made by `git build completion fish`.\n\n"
		"complete -c git-build -f\n");
	for (size_t i = 0; commands[i]; i++) {
		const char *name = commands[i]->name;
		buf_addf(out, "complete -c git-build -n __fish_use_subcommand -a %s -d '", name);
		add_quoted(commands[i]->summary, out);
		buf_addstr(out, "'\n");
		size_t start = out->len;
		buf_addf(out, "complete -c git-build -n '__fish_seen_subcommand_from %s' -a '",
			name);
		size_t before = out->len;
		add_words(commands[i], out);
		if (out->len == before) {
			buf_truncate(out, start);
		} else {
			buf_trim(out);
			buf_addstr(out, "'\n");
		}
		each_option(commands[i], out, fish_option);
	}
}

static int run(
	struct invocation *inv, const void *options, struct operands *operands, struct error *err)
{
	struct buf out = BUF_INIT;
	const char *shell = operands->count ? operands->words[0] : "";
	(void)inv;
	(void)options;
	if (!strcmp(shell, "bash"))
		write_bash(&out);
	else if (!strcmp(shell, "zsh"))
		write_zsh(&out);
	else if (!strcmp(shell, "fish"))
		write_fish(&out);
	else
		error_set(err, ERR_INVALID, "for which shell? bash, zsh or fish");
	show_text(&out);
	buf_release(&out);
	return err->code ? ANSWER_USAGE : ANSWER_YES;
}

const struct command command_completion = {
	.name = "completion",
	.summary = "print what bash, zsh or fish need to complete git build",
	.synopsis = synopsis,
	.needs = NEEDS_NOTHING,
	.operands = 1,
	.words = shells,
	.run = run,
};
