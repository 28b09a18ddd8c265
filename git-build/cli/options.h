/*
 * Options of a command line, declared as tables.
 *
 * A row has everything about one option: its name, its value, its purpose, and the member of a
 * struct that it sets. Parsing, `-h`, the completions and the error messages all use the same rows,
 * so that they always agree.
 *
 *	struct heartbeat_options { bool loop; int64_t count; };
 *	static const struct option options[] = {
 *		OPT_FLAG(0, "loop", struct heartbeat_options, loop, "run until stopped"),
 *		OPT_NUMBER('n', "count", "N", struct heartbeat_options, count, 1, 9, "how many"),
 *		OPT_END,
 *	};
 *	struct option_group groups[] = { { options, &values }, { NULL, NULL } };
 *	rc = options_parse(groups, &operands, false, err);
 *
 * The syntax is git's: `--name=value`, `--name value`, `-xvalue`, `-x value`, combined letters of
 * flags, unambiguous abbreviations of long names, `--no-name` for flags, `--` for the end of
 * options, and options after operands.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
	OPTION_END,       /* after the last row */
	OPTION_FLAG,      /* sets a bool */
	OPTION_STRING,    /* sets a const char *, which borrows from argv */
	OPTION_LIST,      /* adds to a struct option_list, which borrows from argv */
	OPTION_NUMBER,    /* sets an int64_t from `least` to `most` */
	OPTION_DIRECTORY, /* changes to the directory immediately, as git's -C */
	OPTION_HELP,      /* ends parsing: OPTIONS_HELP */
	OPTION_MANUAL,    /* ends parsing: OPTIONS_MANUAL */
};

/* The values of an option that may be given several times. */
enum { OPTION_LIST_MOST = 32 };
struct option_list {
	const char *items[OPTION_LIST_MOST];
	size_t count;
};

/* Is `value` among the items? Each item may be several, separated by any of the characters of
 * `between`. A list without items does not restrict anything: it matches every value. NULL matches
 * only that. */
bool option_list_has(const struct option_list *list, const char *between, const char *value);

/* Calls `check` for each word of the items, which may be several, separated by commas. Returns the
 * first negative code that it returns, or 0. */
int option_list_check(const struct option_list *list,
	int (*check)(const char *word, struct error *err), struct error *err);

struct option {
	enum option_kind kind;
	char letter;         /* "-x"; 0: no letter */
	const char *name;    /* "--name"; NULL: no name */
	const char *value;   /* placeholder in the help: "SECONDS"; NULL: no value */
	size_t offset;       /* of the member that it sets */
	int64_t least, most; /* range of a number; of a string, if most > 0 */
	const char *help;    /* its purpose: a phrase without a period; NULL: not shown */
};

#define OPT_FLAG(letter_, name_, type, member, help_)                                              \
	{                                                                                          \
		.kind = OPTION_FLAG, .letter = (letter_), .name = (name_),                         \
		.offset = offsetof(type, member), .help = (help_)                                  \
	}
#define OPT_STRING(letter_, name_, value_, type, member, help_)                                    \
	{                                                                                          \
		.kind = OPTION_STRING, .letter = (letter_), .name = (name_), .value = (value_),    \
		.offset = offsetof(type, member), .help = (help_)                                  \
	}
/* A number that is passed on as written. */
#define OPT_NUMERAL(letter_, name_, value_, type, member, least_, most_, help_)                    \
	{                                                                                          \
		.kind = OPTION_STRING, .letter = (letter_), .name = (name_), .value = (value_),    \
		.offset = offsetof(type, member), .least = (least_), .most = (most_),              \
		.help = (help_)                                                                    \
	}
#define OPT_NUMBER(letter_, name_, value_, type, member, least_, most_, help_)                     \
	{                                                                                          \
		.kind = OPTION_NUMBER, .letter = (letter_), .name = (name_), .value = (value_),    \
		.offset = offsetof(type, member), .least = (least_), .most = (most_),              \
		.help = (help_)                                                                    \
	}
/* May be given several times. */
#define OPT_LIST(letter_, name_, value_, type, member, help_)                                      \
	{                                                                                          \
		.kind = OPTION_LIST, .letter = (letter_), .name = (name_), .value = (value_),      \
		.offset = offsetof(type, member), .help = (help_)                                  \
	}
#define OPT_END                                                                                    \
	{                                                                                          \
		.kind = OPTION_END                                                                 \
	}

/* A table, and the struct whose members it sets. The last group's `options` is NULL. */
struct option_group {
	const struct option *options;
	void *into;
};

/* The words of a command line: on input, those after the name of the program; on output, the
 * operands. */
struct operands {
	char **words;
	int count;
};

enum {
	OPTIONS_HELP = 1,   /* -h was given: the words after it were not read */
	OPTIONS_MANUAL = 2, /* --help was given; the same */
};

/*
 * Parses `operands` in place. With `stop` the first operand ends the options, as before a
 * subcommand. Members of options that are not given keep their values. Returns 0, OPTIONS_HELP,
 * OPTIONS_MANUAL, ERR_INVALID (the text names the nearest option), or ERR_FAILED (changing the
 * directory failed).
 */
int options_parse(
	const struct option_group *groups, struct operands *operands, bool stop, struct error *err);

/*
 * The index in `operands` of the first word that is neither an option nor the value of one, as far
 * as `groups` know them; -1 if there is none. Nothing is parsed at this point: options before the
 * name of a verb belong to the verb, which must be found first.
 */
int options_find_operand(const struct option_group *groups, const struct operands *operands);

/* Appends the options as `-h` prints them: one line each, or more for a long text. */
void options_usage(const struct option_group *groups, struct buf *out);

#endif
