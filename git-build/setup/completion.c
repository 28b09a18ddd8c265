/*
 * git build completion: prints a completion script for `git build`, made from the tables of
 * options.
 *
 * bash: the script serves `git-build` itself and git's own completion, which calls a function
 * _git_build. zsh: a function _git-build, which git's completion also calls. fish completes `git
 * build` with the completions of `git-build`.
 */
#include "cli/command.h"
#include "cli/help.h"
#include "cli/print.h"

#include <string.h>

static const char *const shells[] = { "bash", "zsh", "fish", NULL };
static const char *const synopsis[] = { "(bash|zsh|fish)", NULL };

/* What is completed together: the options and words of a command, or of one of its verbs. */
struct place {
	const struct command *command;
	const struct verb *verb; /* NULL: no verb, or not named yet */
};

/* Calls `each` for every option that is shown there. */
static void each_option(struct place at, struct buf *out,
	void (*each)(struct place at, const struct option *o, struct buf *out))
{
	struct option_group groups[COMMAND_GROUPS];
	command_groups(at.command, at.verb, NULL, NULL, groups);
	for (size_t i = 0; groups[i].options; i++)
		for (const struct option *o = groups[i].options; o->kind != OPTION_END; o++)
			each(at, o, out);
}

/* Calls `each` for the command without a verb, and for each of its verbs. */
static void each_place(const struct command *command, struct buf *out,
	void (*each)(struct place at, struct buf *out))
{
	const struct verb *verb = command->verbs;
	if (!verb || *verb->name)
		each((struct place){ command, NULL }, out);
	for (; verb && verb->name; verb++)
		each((struct place){ command, verb }, out);
}

static const char *verb_name(struct place at)
{
	return at.verb ? at.verb->name : "";
}

static void add_verbs(const struct command *command, struct buf *out)
{
	for (const struct verb *verb = command->verbs; verb && verb->name; verb++)
		if (*verb->name)
			buf_addf(out, "%s ", verb->name);
}

/* Appends the words that may follow there, separated by spaces. */
static void add_words(struct place at, struct buf *out)
{
	const char *const *words = at.verb ? at.verb->words : at.command->words;
	if (!*verb_name(at))
		add_verbs(at.command, out);
	if (at.command == &command_help)
		for (size_t i = 0; commands[i]; i++)
			buf_addf(out, "%s ", commands[i]->name);
	for (size_t i = 0; words && words[i]; i++)
		buf_addf(out, "%s ", words[i]);
}

/* Appends `text` for use in single quotes. */
static void add_quoted(const char *text, struct buf *out)
{
	for (; *text; text++)
		if (*text == '\'')
			buf_addstr(out, "'\\''");
		else
			buf_addch(out, *text);
}

static bool takes_directory(const struct option *o)
{
	return o->value && (!strcmp(o->value, "DIR") || !strcmp(o->value, "PATH"));
}

/* ---- bash ---- */

static void bash_option(struct place at, const struct option *o, struct buf *out)
{
	(void)at;
	if (o->name)
		buf_addf(out, "--%s%s ", o->name, o->value ? "=" : "");
	else
		buf_addf(out, "-%c ", o->letter);
}

static void bash_place(struct place at, struct buf *out)
{
	buf_addf(out, "\t'%s %s') words='", at.command->name, verb_name(at));
	add_words(at, out);
	each_option(at, out, bash_option);
	buf_trim(out);
	buf_addstr(out, "' ;;\n");
}

static const char bash_tail[] =
	"\t*) words=$commands ;;\n"
	"\tesac\n"
	"\t# Offer options, which come last, only after a dash.\n"
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
		"# __git_build CUR WORD...: completes CUR after the words.\n"
		"__git_build()\n{\n"
		"\tlocal cur=$1 word command='' verb='' verbs='' words commands='");
	for (size_t i = 0; commands[i]; i++)
		buf_addf(out, "%s%s", i ? " " : "", commands[i]->name);
	buf_addstr(out,
		"'\n"
		"\tshift\n"
		"\twhile [[ $# -gt 0 && $1 != build ]]; do shift; done\n"
		"\tshift\n"
		"\tfor word; do\n"
		"\t\tif [[ -z $command && \" $commands \" == *\" $word \"* ]]; then\n"
		"\t\t\tcommand=$word\n"
		"\t\t\tcase $command in\n");
	for (size_t i = 0; commands[i]; i++) {
		if (!commands[i]->verbs)
			continue;
		buf_addf(out, "\t\t\t%s) verbs='", commands[i]->name);
		add_verbs(commands[i], out);
		buf_trim(out);
		buf_addstr(out, "' ;;\n");
	}
	buf_addstr(out,
		"\t\t\tesac\n"
		"\t\telif [[ -z $verb && \" $verbs \" == *\" $word \"* ]]; then\n"
		"\t\t\tverb=$word\n"
		"\t\tfi\n"
		"\tdone\n"
		"\tcase \"$command $verb\" in\n");
	for (size_t i = 0; commands[i]; i++)
		each_place(commands[i], out, bash_place);
	buf_addstr(out, bash_tail);
}

/* ---- zsh ---- */

static void zsh_option(struct place at, const struct option *o, struct buf *out)
{
	struct buf help = BUF_INIT;
	(void)at;
	/* A bracket would end the text, and a colon the part before it. */
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
		buf_addf(out, ":%s:%s", o->value, takes_directory(o) ? "_files -/" : "");
	buf_addstr(out, "' \\\n");
	buf_release(&help);
}

static void zsh_place(struct place at, struct buf *out)
{
	buf_addf(out, "'%s %s')\n\t_arguments \\\n", at.command->name, verb_name(at));
	each_option(at, out, zsh_option);
	/* The first word is the name of the verb. */
	if (*verb_name(at))
		buf_addf(out, "\t\t'1:verb:(%s)' \\\n", verb_name(at));
	buf_addstr(out, "\t\t'*:word:(");
	add_words(at, out);
	buf_trim(out);
	buf_addstr(out, ")'\n\t;;\n");
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
		"local verb=\n"
		"case $words[1] in\n");
	for (size_t i = 0; commands[i]; i++) {
		if (!commands[i]->verbs)
			continue;
		buf_addf(out, "%s) verb=${words[(r)(", commands[i]->name);
		for (const struct verb *verb = commands[i]->verbs; verb->name; verb++)
			if (*verb->name)
				buf_addf(out, "%s%s", verb->name, verb[1].name ? "|" : "");
		buf_addstr(out, ")]} ;;\n");
	}
	buf_addstr(out, "esac\ncase \"$words[1] $verb\" in\n");
	for (size_t i = 0; commands[i]; i++)
		each_place(commands[i], out, zsh_place);
	buf_addstr(out, "esac\n");
}

/* ---- fish ---- */

/* The condition under which what follows is completed. */
static void fish_begin(struct place at, struct buf *out)
{
	buf_addf(out, "complete -c git-build -n '__fish_seen_subcommand_from %s", at.command->name);
	if (*verb_name(at))
		buf_addf(out, "; and __fish_seen_subcommand_from %s", at.verb->name);
	if (!*verb_name(at) && at.command->verbs) {
		buf_addstr(out, "; and not __fish_seen_subcommand_from ");
		add_verbs(at.command, out);
		buf_trim(out);
	}
	buf_addch(out, '\'');
}

static void fish_option(struct place at, const struct option *o, struct buf *out)
{
	fish_begin(at, out);
	if (o->letter)
		buf_addf(out, " -s %c", o->letter);
	if (o->name)
		buf_addf(out, " -l %s", o->name);
	if (o->value)
		buf_addf(out, " -x%s",
			takes_directory(o) ? " -a '(__fish_complete_directories)'" : "");
	buf_addstr(out, " -d '");
	add_quoted(o->help, out);
	buf_addstr(out, "'\n");
}

static void fish_place(struct place at, struct buf *out)
{
	struct buf words = BUF_INIT;
	add_words(at, &words);
	buf_trim(&words);
	if (words.len) {
		fish_begin(at, out);
		buf_addf(out, " -a '%s'\n", words.data);
	}
	buf_release(&words);
	each_option(at, out, fish_option);
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
		each_place(commands[i], out, fish_place);
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
		error_set(err, ERR_INVALID, "give a shell: bash, zsh or fish");
	show_text(&out);
	buf_release(&out);
	return err->code ? ANSWER_USAGE : ANSWER_YES;
}

const struct command command_completion = {
	.name = "completion",
	.summary = "print the completion script for a shell",
	.synopsis = synopsis,
	.needs = NEEDS_NOTHING,
	.operands = 1,
	.words = shells,
	.run = run,
};
