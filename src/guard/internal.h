/* Private to the guard: the state that its rules share. */
#ifndef GUARD_INTERNAL_H
#define GUARD_INTERNAL_H

#include "guard/guard.h"
#include "guard/versions.h"
#include "json/document.h"
#include "schema/schema.h"
#include "git/history.h"

/* ---- the schema of a file (rules.c) ---- */

/* Kinds of files with rules that a schema cannot express. */
enum kind { KIND_OTHER, KIND_HEARTBEAT, KIND_LOCKS, KIND_JOBS, KIND_MESSAGES };

struct rule {
	char *name; /* "jobs" */
	enum kind kind;
	bool own;                    /* it is from schemas/ of the repository */
	const struct schema *schema; /* NULL: it is invalid, */
	char *problem;               /* for this reason */
	bool broken;                 /* which is that its file is not valid JSON */
};

/* The rules of one commit; only the built-in ones if that is OID_NONE. */
struct rules {
	struct repo *repo;
	struct oid tip;
	struct schema_set *builtin, *own;
	bool own_read;
	struct error *err; /* of the caller that reads them */
	struct rule **all;
	size_t count, capacity;
	char **servers; /* those of which a directory was found, or noted */
	size_t servers_count, servers_capacity;
};

void rules_init(struct rules *rules, struct repo *repo, const struct oid *tip);
void rules_release(struct rules *rules);
/* Changes to the rules of `tip`. Returns 1 if the schemas are the same there: all rules are kept
 * then, and only attributes may differ; otherwise 0, or a negative code. */
int rules_follow(struct rules *rules, const struct oid *tip, struct error *err);

/* The format of `path`, by its name and its attribute in the commit: 0, or a negative code. */
int rules_format(struct rules *rules, const char *path, enum json_format *out, struct error *err);
/*
 * The same, and the rule for `path` in `commit`, borrowed; `*out` is NULL if there is none, or if the
 * file has no format. The status of a server has its rule if the directory is a server's in the
 * commit of the rules, or in `commit`.
 */
int rules_find(struct rules *rules, const struct oid *commit, const char *path,
	const struct rule **out, enum json_format *format, struct error *err);
/* The directory `server` is a server's in any commit, until rules_follow(). */
void rules_note_server(struct rules *rules, const char *server);
/* Does the attribute -build-schema exempt `path` from all checks but that of its size
 * (fleet_may_be_exempt())? 1, 0, or a negative code. */
int rules_exempt(struct rules *rules, const char *path, struct error *err);
/* The same for the attributes of `commit`. */
int rules_exempt_in(
	struct repo *repo, const struct oid *commit, const char *path, struct error *err);
/* Does `path` have the attribute build-schema, although it has no format? 1, 0, or a negative code. */
int rules_lack_format(struct rules *rules, const char *path, struct error *err);
/* The rule with this name, from schemas/NAME.json or built in. */
int rules_by_name(
	struct rules *rules, const char *name, const struct rule **out, struct error *err);

/* The name of the schema if `path` is a schema of the repository (released with free()); NULL
 * otherwise. */
char *rules_schema_name(const char *path);

/* ---- lists that only grow (x-append-only; appended.c) ---- */

/* Is the file a list of lines that only grows, so that version_read_appended() can check it? */
bool rule_appends_lines(const struct rule *rule, enum json_format format);
/*
 * Reads only the lines that were added to a file as a document, if nothing else was changed and they
 * are valid: 1. Otherwise 0, and the whole file is to be checked; or a negative code. If it is 1,
 * release the version with version_release().
 */
int version_read_appended(struct version *version, struct repo *repo, size_t limit,
	const struct changed_file *file, const struct schema *schema, struct error *err);

/* ---- checking ---- */

/* A blob that was checked. */
struct checked {
	struct oid blob;
	const char *rule; /* the name of the rule, or "/none"; NULL: a free slot */
	enum json_format format;
};

struct guard {
	struct repo *repo;
	char *branch;   /* the short name of the shared branch */
	char *standing; /* a glob of the refs whose commits are not new; NULL: all are new */
	char *known;    /* the ref of this repository that has the tip of the shared branch */
	int64_t max_file_size; /* bytes */
	char *identity;        /* of the pusher; NULL: unknown */
	bool has_identity;     /* build.identity is set */
	bool by_certificate;   /* to the signer of the push */
	bool is_operator, requires_identity;
	bool history; /* see struct guard_plan */
	struct rules rules;
	unsigned width;          /* the number of threads */
	struct recent *recent;   /* for each thread, the versions that it checked last */
	struct checked *checked; /* a hash table; its size is a power of two */
	size_t checked_count, checked_size;
	struct oid *tips; /* the tips of the refs of this push that were checked already */
	size_t tips_count, tips_capacity;
};

struct judging {
	struct guard *guard;
	struct guard_report *report;
	const struct guard_update *update;
	bool coordination;  /* the ref is the shared branch */
	const char *server; /* the server, if the ref is a heartbeat branch; NULL otherwise */
	struct error *err;
	struct difference *changed; /* of update->old and update->new, once it was found */
};

/* Is the pusher known, and not an operator? If so, it may change only what belongs to it. */
bool guard_is_server(const struct guard *guard);
/* The name of the pusher, for messages. */
const char *guard_who(const struct guard *guard);

/* The location of a violation. `commit` is NULL if it is about the whole ref, `path` is NULL if it
 * is not about a file, the line of `at` is 0 if it is about the whole file. `pointer` may be NULL.
 */
struct place {
	const struct oid *commit;
	const char *path;
	struct json_position at;
	const char *pointer;
};
/* Adds a violation. Copies all arguments. */
void guard_violate(struct guard_report *report, enum violation_kind kind, const struct place *place,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The same for a warning, which does not reject the push. */
void guard_warn(struct guard_report *report, enum violation_kind kind, const struct place *place,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Moves the violations and warnings of `from` to the end of `into`; `from` is empty afterwards. */
void guard_report_move(struct guard_report *into, struct guard_report *from);

/*
 * Checks `now` against the schema of `rule`. An error that `before` has, too, is a warning; all
 * others are violations of `kind`. `before` may have no document. Each message begins with `about`.
 */
void check_by_schema(struct guard_report *report, enum violation_kind kind,
	const struct oid *commit, const struct rule *rule, const struct version *now,
	const struct rule *rule_before, const struct version *before, const char *about);

/* Checks one file of a commit, unless its content was checked before. */
int check_changed_file(
	struct judging *judging, const struct oid *commit, const struct changed_file *file);

/* ---- the rules; each returns 0, or a negative code if the guard itself fails ---- */

int check_branch(struct judging *judging);
int check_contents(struct judging *judging);
/* The same for one commit, even if it is not new. */
int check_content_of(struct judging *judging, const struct oid *commit);
int check_identity(struct judging *judging);
/* These need the changed files in `judging->changed`. */
int check_ownership(struct judging *judging);
/* Checks the status.json and heartbeat.json that the push does not change, in a directory that it makes
 * that of a server. */
int check_new_servers(struct judging *judging);
int check_schema_change(struct judging *judging);
int check_change(struct judging *judging);

#endif
