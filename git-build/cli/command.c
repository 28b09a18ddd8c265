/* Functions that all subcommands share. */
#include "cli/command.h"

#include "base/alloc.h"
#include "base/nearest.h"

#include <string.h>

static const struct option common_options[] = {
	{ .kind = OPTION_DIRECTORY,
		.letter = 'C',
		.value = "DIR",
		.help = "work as if started in DIR" },
	OPT_FLAG('q', "quiet", struct invocation, quiet, "print errors only"),
	OPT_FLAG('v', "verbose", struct invocation, verbose, "print more detail"),
	{ .kind = OPTION_HELP, .letter = 'h', .help = "print this help" },
	{ .kind = OPTION_MANUAL, .name = "help", .help = "open the manual page" },
	OPT_END,
};

static const struct option json_options[] = {
	OPT_FLAG(0, "json", struct invocation, json, "print the result as JSON"),
	OPT_END,
};

const struct command *command_find(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

void command_groups(const struct command *command, const struct verb *verb, void *options,
	struct invocation *inv, struct option_group groups[COMMAND_GROUPS])
{
	const struct option *own = verb ? verb->options : command->options;
	const struct option *settings = verb ? verb->settings : command->settings;
	size_t count = 0;
	if (own)
		groups[count++] = (struct option_group){ own, options };
	if (settings)
		groups[count++] = (struct option_group){ settings, inv ? &inv->overrides : NULL };
	if (verb ? verb->shows : command->shows)
		groups[count++] = (struct option_group){ json_options, inv };
	groups[count++] = (struct option_group){ common_options, inv };
	groups[count] = (struct option_group){ NULL, NULL };
}

/* ---- verbs ---- */

enum { MOST_VERBS = 16 };

/* The options of all verbs; some of them occur several times. */
static void all_groups(
	const struct command *command, struct option_group groups[MOST_VERBS * COMMAND_GROUPS])
{
	size_t count = 0;
	for (const struct verb *verb = command->verbs; verb->name; verb++) {
		command_groups(command, verb, NULL, NULL, groups + count);
		while (groups[count].options)
			count++;
	}
}

static const struct verb *verb_called(const struct command *command, const char *name)
{
	for (const struct verb *verb = command->verbs; verb->name; verb++)
		if (!strcmp(verb->name, name))
			return verb;
	return NULL;
}

static int refuse_verb(const struct command *command, const char *word, struct error *err)
{
	struct nearest nearest = NEAREST_INIT(word);
	for (const struct verb *verb = command->verbs; verb->name; verb++)
		nearest_try(&nearest, verb->name);
	if (!nearest.word || !*nearest.word)
		return error_set(err, ERR_INVALID, "unknown subcommand '%s'", word);
	return error_set(err, ERR_INVALID, "unknown subcommand '%s' (did you mean '%s'?)", word,
		nearest.word);
}

int command_find_verb(const struct command *command, struct operands *operands,
	const struct verb **verb, struct error *err)
{
	struct option_group groups[MOST_VERBS * COMMAND_GROUPS];
	*verb = NULL;
	if (!command->verbs)
		return 0;
	all_groups(command, groups);
	int at = options_find_operand(groups, operands);
	const char *word = at < 0 ? "" : operands->words[at];
	*verb = verb_called(command, word);
	if (at < 0)
		return 0;
	if (!*verb || !*word)
		return refuse_verb(command, word, err);
	operands->count--;
	memmove(operands->words + at, operands->words + at + 1,
		(size_t)(operands->count - at) * sizeof(*operands->words));
	return 0;
}

/* ---- usage ---- */

/* Appends a line of usage for each line of `synopsis`. */
static void add_forms(
	const struct command *command, const char *verb, const char *synopsis, struct buf *out)
{
	for (const char *end; synopsis; synopsis = *end ? end + 1 : NULL) {
		end = synopsis + strcspn(synopsis, "\n");
		buf_addf(out, "%s git build %s%s%s%s%.*s\n",
			out->len ? "   or:" : "usage:", command->name, *verb ? " " : "", verb,
			end > synopsis ? " " : "", (int)(end - synopsis), synopsis);
	}
}

/* The first verb that has a name. */
static const char *first_name(const struct command *command)
{
	const struct verb *verb = command->verbs;
	while (!*verb->name)
		verb++;
	return verb->name;
}

void command_usage(const struct command *command, const struct verb *verb, struct buf *out)
{
	struct option_group groups[COMMAND_GROUPS];
	struct buf forms = BUF_INIT;
	for (size_t i = 0; !command->verbs && command->synopsis[i]; i++)
		add_forms(command, "", command->synopsis[i], &forms);
	for (const struct verb *each = command->verbs; each && each->name; each++)
		if (!verb || !*verb->name || verb == each)
			add_forms(command, each->name, each->synopsis, &forms);
	buf_add(out, forms.data, forms.len);
	buf_addch(out, '\n');
	command_groups(command, verb, NULL, NULL, groups);
	options_usage(groups, out);
	if (command->verbs && (!verb || !*verb->name))
		buf_addf(out, "\n'git build %s %s -h' shows the options of %s.\n", command->name,
			first_name(command), first_name(command));
	buf_release(&forms);
}
