#include "deliver/transaction.h"

#include "base/alloc.h"
#include "deliver/commit_files.h"
#include "deliver/follow.h"
#include "deliver/host_turn.h"
#include "remote/branch.h"
#include "remote/repair.h"

#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_ATTEMPTS = 5,
	RACES_PER_ATTEMPT = 20,
	DEFAULT_BACKOFF_MS = 100,
	MOST_STEP_MS = 2000
};

struct transaction {
	struct repo *repo;
	const struct transaction_plan *plan;
	struct remote_branch branch; /* the shared branch */
	char operation[UUID_SIZE];
	int64_t time; /* the same in all attempts, so that the same tip gives the same commit */
	struct commit_files files; /* of the commit that is built on */
	bool fresh;                /* see transaction_is_fresh() */
	char *subject;
	struct buf trailers; /* of all operations in the commit; empty: only `operation` */
	struct documents *documents;
	/* Commits that may have arrived, or may still arrive, with their parents. */
	struct doubtful {
		struct oid commit, base;
	} * doubtful;
	size_t doubtful_count, doubtful_capacity;
};

void transaction_result_release(struct transaction_result *result)
{
	buf_release(&result->said);
	buf_release(&result->behind);
}

/* ---- for the operation ---- */

struct documents *transaction_documents(struct transaction *tx)
{
	return tx->documents;
}

const struct oid *transaction_base(const struct transaction *tx)
{
	return &tx->files.commit;
}

void transaction_subject(struct transaction *tx, const char *subject)
{
	free(tx->subject);
	tx->subject = xstrdup(subject);
}

bool transaction_is_fresh(const struct transaction *tx)
{
	return tx->fresh;
}

void transaction_operation(struct transaction *tx, const char *id)
{
	applied_add_trailers(&tx->trailers, id, NULL);
}

int transaction_has_operation(struct transaction *tx, const char *id, const struct oid *since,
	struct applied *out, struct error *err)
{
	return applied_find(tx->repo, &tx->files.commit, since, id, out, err);
}

/* ---- one attempt ---- */

static void forget_attempt(struct transaction *tx)
{
	documents_reset(tx->documents);
	free(tx->subject);
	tx->subject = NULL;
	buf_reset(&tx->trailers);
}

/* Returns 1 if the commit changes something, 0 if not, or a negative code. */
static int commit(struct transaction *tx, struct oid *out, struct error *err)
{
	const struct transaction_plan *plan = tx->plan;
	struct buf message = BUF_INIT;
	if (!tx->trailers.len)
		transaction_operation(tx, tx->operation);
	buf_addf(
		&message, "%s\n\n%s", tx->subject ? tx->subject : plan->subject, tx->trailers.data);
	int rc = commit_files_write(
		&tx->files, tx->documents, message.data, plan->server, tx->time, out, err);
	buf_release(&message);
	return rc;
}

/*
 * Searches the branch as last fetched for the commits whose push had an unknown result. Returns 1
 * if it has one of them, 0 if not, or a negative code. If the base of a commit is no longer the
 * tip, the commit can never arrive, because its push has a lease on that base; the others remain in
 * doubt.
 */
static int settle_doubt(
	struct transaction *tx, struct transaction_result *result, struct error *err)
{
	struct oid tip;
	size_t kept = 0;
	int rc = tx->doubtful_count ? remote_branch_tip(&tx->branch, &tip, err) : 0;
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < tx->doubtful_count; i++) {
		struct doubtful *one = &tx->doubtful[i];
		int has =
			oid_is_none(&tip) ? 0 : repo_is_ancestor(tx->repo, &one->commit, &tip, err);
		if (has == 1) {
			result->committed = true;
			result->commit = one->commit;
			tx->doubtful_count = 0;
			return 1;
		}
		if (has < 0)
			return has;
		if (oid_equal(&one->base, &tip))
			tx->doubtful[kept++] = *one;
	}
	tx->doubtful_count = kept;
	return 0;
}

static int push(struct transaction *tx, const struct oid *made, struct transaction_result *result,
	struct error *err)
{
	struct push push = { .ref = tx->branch.ref, .new = *made, .expected = tx->files.commit };
	const struct transaction_plan *plan = tx->plan;
	int rc = plan->pushing ? plan->pushing(tx, made, result->attempts + 1, plan->data, err) : 0;
	if (rc < 0)
		return rc;
	result->attempts++;
	buf_reset(&result->said);
	rc = remote_push(tx->repo, &tx->plan->remote, &push, 1, &result->said, err);
	if (rc == ERR_UNKNOWN || rc == ERR_TIMEOUT) {
		/* It may have arrived, or may still arrive: search for it after every fetch. */
		GROW(tx->doubtful, tx->doubtful_count, tx->doubtful_capacity);
		tx->doubtful[tx->doubtful_count++] = (struct doubtful){ *made, tx->files.commit };
		return ERR_UNKNOWN;
	}
	if (!rc) {
		remote_branch_pushed(&tx->branch, &tx->files.commit, made);
		result->committed = true;
		result->commit = *made;
	}
	return rc;
}

/* Applies the operation to the newest documents known. Returns 0 if it was pushed or there was
 * nothing to change; the result of `apply` if above 0; ERR_LOST_RACE: try again; or another
 * negative code. */
static int attempt(struct transaction *tx, struct transaction_result *result, struct error *err)
{
	struct oid made;
	forget_attempt(tx);
	int rc = remote_branch_tip(&tx->branch, &tx->files.commit, err);
	result->commit = tx->files.commit;
	result->committed = false;
	if (rc < 0)
		return rc;
	rc = tx->plan->apply(tx, tx->plan->data, err);
	if (!rc && documents_count(tx->documents)) {
		rc = commit(tx, &made, err);
		if (rc == 1)
			return push(tx, &made, result, err);
	}
	/* Nothing to change, a refusal, or an invalid file: correct for the branch as last fetched,
	 * but not necessarily for the current tip. */
	if (!tx->fresh && rc != ERR_FAILED)
		return ERR_LOST_RACE;
	return rc;
}

static void back_off(const struct transaction_plan *plan, int attempts)
{
	env_back_off(plan->env, plan->backoff_ms ? plan->backoff_ms : DEFAULT_BACKOFF_MS, attempts);
}

/*
 * Sleeps after a lost race: first longer each time, so that many writers spread out; then shorter
 * again, so that a writer that has lost often does not starve while new ones keep arriving. The
 * unit is the duration of the lost attempt, because the attempts of others take as long: if the
 * writers slow each other down, all of them wait longer.
 */
static void step_aside(const struct transaction_plan *plan, int races, int64_t took_ms)
{
	static const int64_t factors[] = { 0, 0, 1, 2, 4, 4, 2, 1, 0 };
	enum { LAST = sizeof(factors) / sizeof(*factors) };
	int64_t most = plan->backoff_ms ? plan->backoff_ms : took_ms;
	if (most > MOST_STEP_MS)
		most = MOST_STEP_MS;
	most *= factors[(races < LAST ? races : LAST) - 1];
	env_sleep(plan->env, env_random(plan->env, (uint32_t)most + 1));
}

static void start(struct transaction *tx, struct repo *repo, const struct transaction_plan *plan)
{
	*tx = (struct transaction){ .repo = repo, .plan = plan, .trailers = BUF_INIT };
	remote_branch_init(&tx->branch, repo, &plan->remote, plan->branch);
	tx->files = (struct commit_files){ repo, OID_NONE, plan->branch };
	struct documents_source source = commit_files_source(&tx->files);
	tx->documents = documents_new(&source);
	plan->env->uuid(plan->env->data, tx->operation);
	tx->time = env_now(plan->env);
}

static void finish(struct transaction *tx)
{
	forget_attempt(tx);
	buf_release(&tx->trailers);
	documents_free(tx->documents);
	free(tx->doubtful);
	remote_branch_release(&tx->branch);
}

/* The attempts that did not end the transaction. */
struct problem {
	int races, failures; /* how many there were */
	int64_t took_ms;     /* the duration of the last attempt */
	struct error why;    /* why the last one failed */
};

/* Fetches the branch, and retries while the remote cannot be reached. */
static int ask(struct transaction *tx, struct problem *problem, int most, struct error *err)
{
	for (;;) {
		struct error asking = ERROR_INIT;
		int rc = remote_branch_fetch(&tx->branch, &asking);
		if (!rc)
			tx->fresh = true;
		if (rc != ERR_UNREACHABLE && rc != ERR_TIMEOUT && rc != ERR_BUSY) {
			if (rc < 0 && err)
				*err = asking;
			return rc;
		}
		if (++problem->failures >= most) {
			if (tx->doubtful_count)
				return error_set(err, ERR_UNKNOWN,
					"%s; cannot find out whether the change arrived: %s",
					problem->why.text, asking.text);
			return error_set(err, ERR_UNREACHABLE, "gave up after %d attempts: %s",
				problem->failures, asking.text);
		}
		back_off(tx->plan, problem->failures);
	}
}

/* Prepares the next attempt after one that ended with `code`. Returns 0 to try again; 1 if the
 * commit has arrived; or a negative code to give up. */
static int recover(struct transaction *tx, struct problem *problem, int code,
	struct transaction_result *result, struct error *err)
{
	int most = tx->plan->attempts ? tx->plan->attempts : DEFAULT_ATTEMPTS;
	bool raced = code == ERR_LOST_RACE;
	if (raced)
		buf_reset(&result->said);
	if (!raced)
		problem->failures++;
	else if (tx->fresh || result->attempts)
		problem->races++;
	bool last = problem->races > most * RACES_PER_ATTEMPT || problem->failures >= most;
	/* No commit can have arrived, so there is nothing to search for. */
	if (last && !tx->doubtful_count)
		return error_set(err, code, "gave up after %d attempts: %s",
			raced ? problem->races : problem->failures, problem->why.text);
	if (!raced)
		back_off(tx->plan, problem->failures);
	else if (problem->races)
		step_aside(tx->plan, problem->races, problem->took_ms);
	int rc = ask(tx, problem, most, err);
	if (rc < 0)
		return rc;
	rc = settle_doubt(tx, result, &problem->why);
	if (rc < 0)
		return error_set(err, ERR_UNKNOWN, "%s; cannot find out whether the change arrived",
			problem->why.text);
	if (rc)
		return 1;
	return last ? error_set(err, ERR_UNREACHABLE, "gave up after %d attempts: %s",
			      result->attempts, problem->why.text)
		    : 0;
}

int transaction_run(struct repo *repo, const struct transaction_plan *plan,
	struct transaction_result *result, struct error *err)
{
	struct transaction tx;
	struct problem problem = { 0 };
	struct host_queue queue = { FILE_LOCK_INIT, false };
	int rc = 0;
	start(&tx, repo, plan);
	result->attempts = 0;
	if (plan->host_wait_ms)
		host_queue_enter(&queue, repo, plan->remote.name, plan->host_wait_ms, plan->env);
	/* Another clone may have pushed. */
	if (plan->fetch_first || queue.others)
		rc = ask(&tx, &problem, plan->attempts ? plan->attempts : DEFAULT_ATTEMPTS, err);
	while (!rc) {
		problem.why = (struct error)ERROR_INIT;
		int64_t started = env_ms(plan->env);
		rc = attempt(&tx, result, &problem.why);
		problem.took_ms = env_ms(plan->env) - started;
		/* Nothing was pushed. If a read or write failed, the clone may be damaged. */
		if (rc == ERR_FAILED && repair(repo, &plan->remote, NULL) > 0) {
			rc = 0;
			continue;
		}
		if (rc != ERR_LOST_RACE && rc != ERR_UNKNOWN && rc != ERR_UNREACHABLE) {
			if (rc < 0 && err)
				*err = problem.why;
			break;
		}
		rc = recover(&tx, &problem, rc, result, err);
		if (rc) {
			rc = rc < 0 ? rc : 0;
			break;
		}
	}
	/* While a commit is in doubt, the result is ERR_UNKNOWN, no matter what failed later: the
	 * commit may have arrived, or may still arrive. */
	if (rc < 0 && rc != ERR_UNKNOWN && tx.doubtful_count) {
		error_wrap(err, "it is not known whether the change arrived");
		rc = ERR_UNKNOWN;
		if (err)
			err->code = rc;
	}
	host_queue_leave(&queue);
	if (rc >= 0 && !oid_is_none(&result->commit))
		follow(repo, &plan->remote, plan->branch, &result->commit,
			plan->shows_behind ? &result->behind : NULL, NULL);
	finish(&tx);
	return rc;
}
