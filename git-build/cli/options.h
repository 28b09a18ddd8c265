/*
 * Options of a command line, declared as tables.
 *
 * A row says everything about one option: how it is spelled, what it takes, what it is for, and
 * which member of a struct it sets. Parsing, `-h`, the completions and the error messages all read
 * the same rows, so that they cannot disagree.
 *
 *	struct heartbeat_options { bool loop; int64_t count; };
 *	static const struct option options[] = {
 *		OPT_FLAG(0, "loop", struct heartbeat_options, loop, "beat until stopped"),
 *		OPT_NUMBER('n', "count", "N", struct heartbeat_options, count, 1, 9, "so many"),
 *		OPT_END,
 *	};
 *	struct option_group groups[] = { { options, &values }, { NULL, NULL } };
 *	rc = options_parse(groups, &operands, false, err);
 *
 * What is understood is what git understands: `--name=value`, `--name value`, `-xvalue`,
 * `-x value`, letters of flags run together, unambiguous beginnings of long names, `--no-name` for
 * flags, `--` for the end of options, and options behind operands.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
	OPTION_END,       /* behind the last row */
	OPTION_FLAG,      /* sets a bool */
	OPTION_STRING,    /* sets a const char *, which borrows from argv */
	OPTION_LIST,      /* adds to a struct option_list, which borrows from argv */
	OPTION_NUMBER,    /* sets an int64_t from `least` to `most` */
	OPTION_DIRECTORY, /* changes into the folder at once, as git's -C: several add up */
	OPTION_HELP,      /* ends parsing: OPTIONS_HELP */
	OPTION_MANUAL,    /* ends parsing: OPTIONS_MANUAL */
};

/* What an option that may be given several times has gathered. */
enum { OPTION_LIST_MOST = 32 };
struct option_list {
	const char *items[OPTION_LIST_MOST];
	size_t count;
};

/* Is `value` among the items, of which each may be several with one of `between` between them? A
 * list without items is no condition, and has all; NULL is only in that. */
bool option_list_has(const struct option_list *list, const char *between, const char *value);

struct option {
	enum option_kind kind;
	char letter;         /* "-x"; 0: none */
	const char *name;    /* "--name"; NULL: none */
	const char *value;   /* what it takes, for people: "SECONDS"; NULL: nothing */
	size_t offset;       /* of the member that it sets */
	int64_t least, most; /* a number's range; for a string, it must be such a number if most > 0
			      */
	const char *help;    /* what it is for: a phrase without a full stop; NULL: not shown */
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
/* A number that is handed on as it was spelled. */
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

/* The words of a command line: in, those behind the program's name; out, what is no option. */
struct operands {
	char **words;
	int count;
};

enum {
	OPTIONS_HELP = 1,   /* -h was given: what stands behind it was not looked at */
	OPTIONS_MANUAL = 2, /* --help was given, the same */
};

/*
 * Parses `operands` in place. With `stop` the first operand ends the options, as before a
 * subcommand. Members of options that are not given stay as they are. 0, OPTIONS_HELP,
 * OPTIONS_MANUAL, ERR_INVALID (the user mistyped: the text names the nearest option), or ERR_FAILED
 * (a folder could not be entered).
 */
int options_parse(
	const struct option_group *groups, struct operands *operands, bool stop, struct error *err);

/*
 * The place in `operands` of the first word that is neither an option nor the value of one, as far
 * as `groups` know them; -1: there is none. Nothing is parsed yet: options that stand before a
 * subcommand's name are the subcommand's, which has to be found first.
 */
int options_find_operand(const struct option_group *groups, const struct operands *operands);

/* Appends the options as `-h` shows them: a line each, more for a long one. */
void options_usage(const struct option_group *groups, struct buf *out);

#endif
