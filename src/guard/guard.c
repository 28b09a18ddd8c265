#include "guard/guard.h"

#include "base/alloc.h"
#include "base/parallel.h"
#include "guard/internal.h"
#include "git/refs.h"

#include <stdlib.h>
#include <string.h>

#define HEARTBEAT_PREFIX REF_HEADS "heartbeat-"

/* ---- setup ---- */

/*
 * The signer of a push certificate, if git verified its signature and its nonce
 * (git-receive-pack(1)). For an ssh key, it is the principal in allowed_signers; for a GnuPG key,
 * "Name <build1@example.com>", of which the part of the address before the @ is used.
 */
static char *signer(char *(*get)(const char *name))
{
	const char *status = get("GIT_PUSH_CERT_STATUS"),
		   *nonce = get("GIT_PUSH_CERT_NONCE_STATUS");
	const char *name = get("GIT_PUSH_CERT_SIGNER");
	if (!name || !status || strcmp(status, "G") || !nonce || strcmp(nonce, "OK"))
		return NULL;
	const char *open = strrchr(name, '<');
	return open ? xstrndup(open + 1, strcspn(open + 1, "@>")) : xstrdup(name);
}

static int find_identity(struct guard *guard, const struct guard_plan *plan, struct error *err)
{
	static const char variable[] = "env:";
	struct buf how = BUF_INIT;
	int rc = 0;
	guard->has_identity = repo_config(guard->repo, "build.identity", &how);
	if (!guard->has_identity) {
		/* The pusher is unknown. */
	} else if (!strncmp(how.data, variable, strlen(variable)) && how.data[strlen(variable)]) {
		const char *value = plan->variable(how.data + strlen(variable));
		guard->identity = value && *value ? xstrdup(value) : NULL;
	} else if (!strcmp(how.data, "certificate")) {
		guard->identity = signer(plan->variable);
		guard->by_certificate = true;
	} else {
		rc = error_set(err, ERR_INVALID,
			"build.identity: invalid value '%s'; expected env:NAME (the environment "
			"variable with the name of the pusher) or certificate (for signed pushes)",
			how.data);
	}
	buf_release(&how);
	return rc;
}

/* One value of build.operators: names separated by spaces or commas. */
static int find_operator(const char *value, void *data)
{
	struct guard *guard = data;
	const char *const between = " \t,";
	while (*(value += strspn(value, between))) {
		size_t len = strcspn(value, between);
		if (strlen(guard->identity) == len && !memcmp(value, guard->identity, len))
			guard->is_operator = true;
		value += len;
	}
	return 0;
}

static int read_settings(struct guard *guard, const struct guard_plan *plan, struct error *err)
{
	struct buf text = BUF_INIT;
	if (!repo_config(guard->repo, "build.branch", &text) || !text.len) {
		buf_reset(&text);
		buf_addstr(&text, "main");
	}
	guard->branch = buf_detach(&text);
	if (plan->remote) {
		ref_tracking(&text, plan->remote, guard->branch);
		guard->known = buf_detach(&text);
		ref_tracking(&text, plan->remote, "*");
	} else {
		ref_branch(&text, guard->branch);
		guard->known = buf_detach(&text);
		buf_addstr(&text, "refs/*");
	}
	guard->standing = plan->history ? NULL : xstrdup(text.data);
	guard->history = plan->history;
	buf_release(&text);
	int rc = repo_config_int(
		guard->repo, "build.maxFileSize", 1, INT64_MAX / 2, &guard->max_file_size, err);
	if (!rc)
		rc = repo_config_bool(
			guard->repo, "build.requireIdentity", &guard->requires_identity, err);
	if (!rc)
		rc = find_identity(guard, plan, err);
	if (!rc && guard->identity)
		repo_config_each(guard->repo, "build.operators", find_operator, guard);
	return rc;
}

int guard_open(
	struct guard **out, struct repo *repo, const struct guard_plan *plan, struct error *err)
{
	struct guard *guard = xcalloc(1, sizeof(*guard));
	guard->repo = repo;
	guard->max_file_size = 10 << 20;
	rules_init(&guard->rules, repo, &OID_NONE);
	guard->width = parallel_width();
	guard->recent = xcalloc(guard->width, sizeof(*guard->recent));
	int rc = read_settings(guard, plan, err);
	if (rc < 0)
		guard_free(guard);
	else
		*out = guard;
	return rc;
}

void guard_free(struct guard *guard)
{
	if (!guard)
		return;
	rules_release(&guard->rules);
	for (unsigned i = 0; i < guard->width; i++)
		recent_release(&guard->recent[i]);
	free(guard->recent);
	free(guard->branch);
	free(guard->standing);
	free(guard->known);
	free(guard->identity);
	free(guard->checked);
	free(guard->tips);
	free(guard);
}

bool guard_is_server(const struct guard *guard)
{
	return guard->identity && !guard->is_operator;
}

const char *guard_who(const struct guard *guard)
{
	return guard->identity ? guard->identity : "an unknown pusher";
}

const char *guard_branch(const struct guard *guard)
{
	return guard->branch;
}

int guard_may_act_for(const struct guard *guard, const char *server, struct error *err)
{
	if (guard->by_certificate && !guard->identity)
		return error_set(err, ERR_NOT_FOUND, "requests cannot be signed; push the change");
	if (!guard->identity && guard->has_identity)
		return error_set(err, ERR_REFUSED,
			"the sender is unknown; log in as build.identity requires");
	if (guard_is_server(guard) && strcmp(guard->identity, server))
		return error_set(err, ERR_REFUSED,
			"%s may not send a request of %s; check build.server in the clone",
			guard->identity, server);
	return 0;
}

/* ---- checking ---- */

void guard_forget(struct guard *guard)
{
	free(guard->checked);
	guard->checked = NULL;
	guard->checked_count = guard->checked_size = 0;
	guard->tips_count = 0;
	for (unsigned i = 0; i < guard->width; i++)
		recent_forget_added(&guard->recent[i]);
}

/* Reads the rules from the current tip of the shared branch. If they are not the same as before,
 * everything is checked again. */
static int choose_rules(struct guard *guard, const struct judging *j)
{
	struct oid tip = j->update->old;
	int rc = j->coordination ? 0 : repo_ref(guard->repo, guard->known, &tip, j->err);
	if (rc == ERR_NOT_FOUND)
		tip = OID_NONE;
	else if (rc < 0)
		return rc;
	rc = rules_follow(&guard->rules, &tip, j->err);
	if (rc)
		return rc < 0 ? rc : 0;
	/* The recorded blobs were checked with other rules. */
	guard_forget(guard);
	return 0;
}

/* Finds the files that the update changes. */
static int find_changed(struct judging *j)
{
	history_difference_free(j->changed);
	j->changed = NULL;
	return history_difference(
		&j->changed, j->guard->repo, &j->update->old, &j->update->new, j->err);
}

/* The branches of the fleet have rules about their files in addition. */
static int check_files(struct judging *j)
{
	int rc = find_changed(j);
	if (!rc)
		rc = check_change(j);
	if (!rc)
		rc = check_ownership(j);
	if (!rc && j->coordination)
		rc = check_new_servers(j);
	if (!rc && j->coordination)
		rc = check_schema_change(j);
	history_difference_free(j->changed);
	return rc;
}

int guard_check(struct guard *guard, struct guard_report *report, const struct guard_update *update,
	struct error *err)
{
	struct judging judging = { .guard = guard, .report = report, .update = update, .err = err };
	struct judging *j = &judging;
	if (!strncmp(update->ref, REF_HEADS, strlen(REF_HEADS)))
		j->coordination = !strcmp(update->ref + strlen(REF_HEADS), guard->branch);
	if (!strncmp(update->ref, HEARTBEAT_PREFIX, strlen(HEARTBEAT_PREFIX)))
		j->server = update->ref + strlen(HEARTBEAT_PREFIX);
	int rc = choose_rules(guard, j);
	if (!rc)
		rc = check_identity(j);
	if (!rc)
		rc = check_branch(j);
	if (rc < 0 || oid_is_none(&update->new))
		return rc;
	if (j->server)
		rules_note_server(&guard->rules, j->server);
	rc = check_contents(j);
	if (!rc && (j->coordination || j->server))
		rc = check_files(j);
	return rc;
}

/* Checks what the commit changes compared with parent `i`. */
static int check_parent(struct judging *j, struct guard_update *update, unsigned i)
{
	int rc = repo_parent(j->guard->repo, &update->new, i, &update->old, j->err);
	if (!rc)
		rc = choose_rules(j->guard, j);
	if (!rc)
		rc = find_changed(j);
	if (!rc)
		rc = check_change(j);
	return rc;
}

int guard_check_commit(struct guard *guard, struct guard_report *report,
	const struct commit *commit, struct error *err)
{
	struct guard_update update = {
		.ref = guard->known, .old = commit->parent, .new = commit->id, .now = commit->time
	};
	struct judging judging = { .guard = guard,
		.report = report,
		.update = &update,
		.coordination = true,
		.err = err };
	struct judging *j = &judging;
	int rc = choose_rules(guard, j);
	if (!rc)
		rc = check_content_of(j, &commit->id);
	if (!rc)
		rc = find_changed(j);
	if (!rc)
		rc = check_new_servers(j);
	if (!rc)
		rc = check_schema_change(j);
	if (!rc)
		rc = check_change(j);
	/* A merge must not drop elements of any of its parents. */
	for (unsigned i = 1; !rc && i < commit->parents; i++)
		rc = check_parent(j, &update, i);
	history_difference_free(j->changed);
	return rc;
}
