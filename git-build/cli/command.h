/*
 * The definition of a subcommand, and what it gets to work with.
 *
 * A subcommand is one file with the name of the subcommand. It declares one `struct command`, which
 * main.c lists. Before `run` is called, the options are parsed and everything is available that the
 * entry asks for, so that `run` only calls the library and prints the result.
 *
 * To add one: write the file and its manual page docs/man/git-build-NAME.1.scd, declare its entry
 * below, and list it in main.c. tests/e2e/help.bats checks the page against the entry.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/options.h"

#include "base/env.h"
#include "clone/settings.h"

/* Exit codes, the same as git's. */
enum {
	ANSWER_YES = 0,
	ANSWER_NO = 1,
	ANSWER_FATAL = 128,
	ANSWER_USAGE = 129,
};

enum command_needs {
	NEEDS_NOTHING,
	NEEDS_REPOSITORY, /* and its settings */
	NEEDS_SERVER,     /* and the server ID of this clone */
};

struct invocation;
struct validating;

/* How a program works with repositories. The quick program runs the full one instead: see quick.c. */
struct repository_calls {
	/* As command_open(). */
	int (*open)(struct invocation *inv, struct error *err);
	/* The others are called only after open() has returned 0: as command_close() and
	 * command_repair(), and `git build validate` with the schemas of the repository. */
	void (*close)(struct invocation *inv);
	bool (*repair)(struct invocation *inv, int code);
	int (*validate)(struct validating *v, struct operands *operands);
};

struct invocation {
	const struct repository_calls *calls;
	const struct command *command;
	const struct verb *verb; /* of the command, if it has any */
	const struct env *env;
	struct overrides overrides; /* from options and the environment */

	/* Set if the command needs them, or after command_open(). */
	struct repo *repo;
	struct settings settings;

	/* Options that every command has. */
	bool quiet, verbose, json;
	bool colour; /* whether standard output may have colors */

	/* The exit code of another command, if this command returns that. */
	int status;
};

/*
 * One of the subcommands of a command, named by the word after the command's name. It has its own
 * table of options. Any other option is an error.
 */
struct verb {
	const char *name;             /* "": the command without a verb */
	const char *synopsis;         /* what follows the name; a line for each form */
	const struct option *options; /* as for a command: members of the command's struct */
	const struct option *settings;
	enum command_needs needs;
	bool shows;               /* understands --json */
	int least, most;          /* operands after the name */
	const char *const *words; /* possible operands, for completion; or NULL */
	/* As for a command. The operands are those after the name. */
	int (*run)(struct invocation *inv, const void *options, struct operands *operands,
		struct error *err);
};

struct command {
	const char *name;
	const char *summary;          /* one line for the list, without a period */
	const char *const *synopsis;  /* what follows "git build NAME"; ends with NULL */
	const struct option *options; /* set members of a struct of `options_size` bytes; or NULL */
	size_t options_size;
	const struct option *settings; /* set members of struct overrides; or NULL */
	enum command_needs needs;
	bool shows;               /* understands --json */
	bool changes;             /* what it prints reports changes: see show_changed() */
	int operands;             /* maximum number of operands */
	const char *const *words; /* possible operands, for completion; or NULL */
	/* The verbs, which then define all of the above from `synopsis` on, except `options_size`;
	 * ends with a row without a name. Or NULL. */
	const struct verb *verbs;
	/*
	 * `options` is the command's struct, with zeros for options that are not given. Returns an
	 * answer above, or a negative code: then `err` is printed as fatal. With ANSWER_USAGE,
	 * `err` describes the mistake in the command line; it is printed with a pointer to -h.
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
extern const struct command command_pull;
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
/* The options of `verb`, or of `command` if that is NULL: its own options, its settings, and the
 * common ones. The pointers to the structs that they set may be NULL if nothing is parsed. */
void command_groups(const struct command *command, const struct verb *verb, void *options,
	struct invocation *inv, struct option_group groups[COMMAND_GROUPS]);

/*
 * Finds the verb that `operands` name and removes its name from them. NULL if the command has no
 * verbs, or if no name is given and the command does nothing without a verb. ERR_INVALID if the
 * verb is unknown.
 */
int command_find_verb(const struct command *command, struct operands *operands,
	const struct verb **verb, struct error *err);
/* Appends the -h text of `verb`, or of `command` if that is NULL. */
void command_usage(const struct command *command, const struct verb *verb, struct buf *out);

/* Opens the repository of the current directory and loads its settings, for a command that does not
 * always need them. */
int command_open(struct invocation *inv, struct error *err);
/* Closes what command_open() has opened, if anything. */
void command_close(struct invocation *inv);

/* After a failure with `code` that changed nothing: repairs the clone if it is damaged. True if it
 * was repaired, and the command may be tried once more. */
bool command_repair(struct invocation *inv, int code);
/* Prints a warning about what was repaired since the last call, if anything. command_close() also
 * does this. */
void command_report_repair(struct invocation *inv);

#endif
