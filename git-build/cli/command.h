/*
 * What a subcommand is, and what it is given to work with.
 *
 * A subcommand is one file named as it is typed. It declares one `struct command`, which main.c
 * lists. Before `run` is called the options are parsed and what the row says it needs is there, so
 * that `run` only calls the fleet and shows what came of it.
 *
 * To add one: write the file and its manual page docs/man/git-build-NAME.1.scd, declare its entry
 * below, and list it in main.c. tests/e2e/help.bats holds the page against the entry.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/options.h"

#include "base/env.h"
#include "clone/settings.h"

/* Exit codes, as git's. */
enum {
	ANSWER_YES = 0,
	ANSWER_NO = 1,
	ANSWER_FATAL = 128,
	ANSWER_USAGE = 129,
};

enum command_needs {
	NEEDS_NOTHING,
	NEEDS_REPOSITORY, /* and its settings */
	NEEDS_SERVER,     /* and the id of the server that this clone is */
};

struct invocation {
	const struct command *command;
	const struct verb *verb; /* of the command, if it has any */
	const struct env *env;
	struct overrides overrides; /* from options and the environment */

	/* Where the command needs them, or after command_open(). */
	struct repo *repo;
	struct settings settings;

	/* What every command understands. */
	bool quiet, verbose, json;
	bool colour; /* may standard output have it? */

	/* The exit code of another command, where this one hands it on. */
	int status;
};

/*
 * One of the things that a command can do, named by the word after the command's name: with a table
 * of its own of the options that it takes. Any other option is an error.
 */
struct verb {
	const char *name;             /* "": what the command does without a word */
	const char *synopsis;         /* what follows the name; a line for each form */
	const struct option *options; /* as a command's: members of the command's own struct */
	const struct option *settings;
	enum command_needs needs;
	bool shows;               /* understands --json */
	int least, most;          /* operands after the name */
	const char *const *words; /* what these may be, for completion; or NULL */
	/* As a command's. The operands are those after the name. */
	int (*run)(struct invocation *inv, const void *options, struct operands *operands,
		struct error *err);
};

struct command {
	const char *name;
	const char *summary;          /* one line for the list, without a full stop */
	const char *const *synopsis;  /* what stands behind "git build NAME"; ends with NULL */
	const struct option *options; /* set members of its own struct of `options_size`; or NULL */
	size_t options_size;
	const struct option *settings; /* set members of struct overrides; or NULL */
	enum command_needs needs;
	bool shows;               /* understands --json */
	bool changes;             /* what it prints reports changes: show_changed() */
	int operands;             /* how many words that are no options it takes at most */
	const char *const *words; /* what its operands may be, for completion; or NULL */
	/* What it can do, which then says all of the above from `synopsis` on but `options_size`;
	 * ends with a row without a name. Or NULL. */
	const struct verb *verbs;
	/*
	 * `options` is its own struct, zero where nothing was given. Returns an answer above, or a
	 * negative code: then `err` is printed as fatal. With ANSWER_USAGE, `err` says what is
	 * wrong with the command line, and the usage follows.
	 */
	int (*run)(struct invocation *inv, const void *options, struct operands *operands,
		struct error *err);
};

/* All commands, in the order of the list; ends with NULL. */
extern const struct command *const commands[];

extern const struct command command_archive;
extern const struct command command_artifacts;
extern const struct command command_audit;
extern const struct command command_completion;
extern const struct command command_dashboard;
extern const struct command command_demo;
extern const struct command command_doctor;
extern const struct command command_exec;
extern const struct command command_health;
extern const struct command command_heartbeat;
extern const struct command command_help;
extern const struct command command_init;
extern const struct command command_install_service;
extern const struct command command_job;
extern const struct command command_lock;
extern const struct command command_logs;
extern const struct command command_merge;
extern const struct command command_merge_driver;
extern const struct command command_message;
extern const struct command command_notify;
extern const struct command command_outbox;
extern const struct command command_metrics;
extern const struct command command_package;
extern const struct command command_repos;
extern const struct command command_run;
extern const struct command command_schema;
extern const struct command command_size;
extern const struct command command_squash;
extern const struct command command_status;
extern const struct command command_validate;
extern const struct command command_watch;

/* The command called `name`, or NULL. */
const struct command *command_find(const char *name);

enum { COMMAND_GROUPS = 5 };
/* The options of `verb`, or of `command` if that is NULL: its own, its settings, and everyone's.
 * The pointers to what they set may be NULL if nothing is parsed. */
void command_groups(const struct command *command, const struct verb *verb, void *options,
	struct invocation *inv, struct option_group groups[COMMAND_GROUPS]);

/*
 * Finds the verb that `operands` name and takes its name out of them; NULL if the command has none,
 * or no name is given and it does nothing without one. ERR_INVALID if there is no such verb.
 */
int command_find_verb(const struct command *command, struct operands *operands,
	const struct verb **verb, struct error *err);
/* Appends the names of the command's verbs: "add, claim and list". */
void command_list_verbs(const struct command *command, struct buf *out);

/* Appends what -h shows of `verb`, or of `command` if that is NULL. */
void command_usage(const struct command *command, const struct verb *verb, struct buf *out);

/* Opens the repository here and loads its settings, for a command that does not always need them.
 * In the quick program this does not return: see quick.c. */
int command_open(struct invocation *inv, struct error *err);
/* Gives back what command_open() has opened, if it has. */
void command_close(struct invocation *inv);

/* After a failure with `code` that changed nothing: repairs the clone if it is damaged. True if it
 * was repaired: the same may be tried once more. */
bool command_repair(struct invocation *inv, int code);
/* Warns of what was repaired since the last call, if anything was. command_close() does it as well.
 */
void command_report_repair(struct invocation *inv);

/* Appends the absolute path of the program that users and git call. */
int program_path(struct buf *out, struct error *err);
/* Appends the absolute path of the folder with git-build's hooks. */
int hooks_path(struct buf *out, struct error *err);
/* Appends that of the program with all subcommands. */
int program_full_path(struct buf *out, struct error *err);

#endif
