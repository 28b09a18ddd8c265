/* What the rules of the guard share; nobody else includes it. */
#ifndef GUARD_INTERNAL_H
#define GUARD_INTERNAL_H

#include "guard/guard.h"
#include "guard/versions.h"
#include "json/document.h"
#include "schema/schema.h"
#include "git/history.h"

/* ---- which schema judges which file (rules.c) ---- */

/* Files about which the guard knows more than a schema can say. */
enum kind { KIND_OTHER, KIND_HEARTBEAT, KIND_LOCKS, KIND_JOBS, KIND_MESSAGES };

struct rule {
	char *name; /* "jobs" */
	enum kind kind;
	bool own;                    /* it comes from the repository's schemas/ */
	const struct schema *schema; /* NULL: it cannot be used, */
	char *problem;               /* and this is why */
};

/* The rules as they are in one commit; the built-in ones where that is OID_NONE. */
struct rules {
	struct repo *repo;
	struct oid tip;
	struct schema_set *builtin, *own;
	bool own_read;
	struct error *err; /* of the call that reads them */
	struct rule **all;
	size_t count, capacity;
};

void rules_init(struct rules *rules, struct repo *repo, const struct oid *tip);
void rules_release(struct rules *rules);
/* Goes on to the rules as they are in `tip`. 1 if the schemas are the same there: then all rules
 * stay, and only attributes may differ; else 0, or a negative code. */
int rules_follow(struct rules *rules, const struct oid *tip, struct error *err);

/* The rule for `path`, borrowed; `*out` is NULL if there is none. */
int rules_find(struct rules *rules, const char *path, const struct rule **out, struct error *err);
/* The rule called `name`, from schemas/NAME.json or built in. */
int rules_by_name(
	struct rules *rules, const char *name, const struct rule **out, struct error *err);

/* Is `path` that of a schema of the repository's own? Then its name (yours to free), else NULL. */
char *rules_schema_name(const char *path);

/* ---- judging ---- */

/* A blob that was judged, and by what: a rule's name, or less. */
struct checked {
	struct oid blob;
	const char *rule; /* NULL: a free place in the table */
};

struct guard {
	struct repo *repo;
	char *branch;   /* the coordination branch, short */
	char *standing; /* the refs that stand, as a glob; NULL: none counts */
	char *known;    /* the coordination branch as it stands, as a ref of this repository */
	int64_t max_file_size; /* bytes */
	char *identity;        /* who pushes; NULL: nobody knows */
	bool is_operator, requires_identity;
	bool history; /* see struct guard_plan */
	struct rules rules;
	unsigned width;          /* how many threads judge */
	struct recent *recent;   /* what each of them has judged last */
	struct checked *checked; /* a hash table, of a power of two of places */
	size_t checked_count, checked_size;
	struct oid *tips; /* what refs of this push before have brought */
	size_t tips_count, tips_capacity;
};

struct judging {
	struct guard *guard;
	struct guard_report *report;
	const struct guard_update *update;
	bool coordination;  /* the ref is the coordination branch */
	const char *server; /* the ref is this server's heartbeat branch; else NULL */
	struct error *err;
};

/* Is the pusher known, and no operator? Then it may do only what is its own. */
bool guard_is_server(const struct guard *guard);
/* Who pushes, for messages. */
const char *guard_who(const struct guard *guard);

/* Where something is wrong. `commit` NULL: about the ref as a whole; `path` NULL: about no file;
 * `at` of line 0: no place in it. `pointer` may be NULL. */
struct place {
	const struct oid *commit;
	const char *path;
	struct json_position at;
	const char *pointer;
};
/* Adds a violation. All is copied. */
void guard_violate(struct guard_report *report, enum violation_kind kind, const struct place *place,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The same for what is told and not refused. */
void guard_warn(struct guard_report *report, enum violation_kind kind, const struct place *place,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Moves what `from` has to the end of `into`; `from` is empty then. */
void guard_report_move(struct guard_report *into, struct guard_report *from);

/*
 * Holds `now` against a rule's schema. What is wrong and was so in `before` (no document: nothing
 * was) is told, all else is a violation of `kind`. `about` goes in front of each message.
 */
void check_by_schema(struct guard_report *report, enum violation_kind kind,
	const struct oid *commit, const struct rule *rule, const struct version *now,
	const struct rule *rule_before, const struct version *before, const char *about);

/* Judges one file of a commit, if its content was not judged before. */
int check_changed_file(
	struct judging *judging, const struct oid *commit, const struct changed_file *file);

/* ---- the rules; each 0, or a negative code for a failure of the guard itself ---- */

int check_branch(struct judging *judging);
int check_contents(struct judging *judging);
/* The same for one commit, whether it is new or not. */
int check_content_of(struct judging *judging, const struct oid *commit);
int check_identity(struct judging *judging);
int check_ownership(struct judging *judging);
int check_schema_change(struct judging *judging);
int check_change(struct judging *judging);

#endif
