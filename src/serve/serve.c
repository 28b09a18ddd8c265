#include "serve/serve.h"

#include "base/alloc.h"
#include "deliver/applied.h"
#include "deliver/commit_files.h"
#include "git/refs.h"
#include "guard/guard.h"
#include "locks/boot_locks.h"
#include "locks/clone_lock.h"
#include "request/exchange.h"

#include <stdlib.h>
#include <string.h>

struct member {
	struct asked asked;
	struct answer made;
	struct answered answered;
	bool unread; /* it was answered without being applied */
	const struct member
		*same; /* an earlier one with the same ID, which has the answer; or NULL */
	bool applied;  /* its changes are in the documents */
};

struct serving {
	struct repo *repo;
	const struct serve_plan *plan;
	struct guard *guard;
	struct buf ref; /* of the shared branch */
	struct commit_files files;
	struct documents *documents;
	struct member *members;
	size_t count;
	int64_t deadline_ms; /* on the monotonic clock: nothing is tried after that */
};

/* ---- answers ---- */

/* Replaces the answer of a member. */
static void settle(struct member *member, enum verdict verdict, const char *reason)
{
	member->answered.verdict = verdict;
	member->answered.commit = OID_NONE;
	buf_reset(&member->answered.answer);
	buf_reset(&member->answered.reason);
	if (reason)
		buf_addstr(&member->answered.reason, reason);
}

/* The same with the answer that the operation made. */
static void settle_made(struct member *member, enum verdict verdict, const struct oid *commit)
{
	settle(member, verdict, NULL);
	member->answered.commit = *commit;
	answer_add(&member->made, &member->answered.answer);
}

/* Answers all requests that could be read. */
static void settle_all(struct serving *s, enum verdict verdict, const char *reason)
{
	for (size_t i = 0; i < s->count; i++)
		if (!s->members[i].unread)
			settle(&s->members[i], verdict, reason);
}

/* ---- applying ---- */

/*
 * The current time. The clock of the client counts only for a request that may have waited in its
 * outbox, such as a message, and only if it is not ahead of this clock.
 */
static void set_clock(const struct serving *s, struct request *request)
{
	int64_t now = env_now(s->plan->env);
	if (!request->operation->later || request->now > now)
		request->now = now;
}

/* Was it applied by an earlier push? Returns 1 if it is answered now, 0, or a negative code. */
static int find_earlier(struct serving *s, struct member *member, struct error *err)
{
	struct applied applied = APPLIED_INIT;
	int rc = applied_find(s->repo, &s->files.commit, &member->asked.since,
		member->asked.request.id, &applied, err);
	if (rc > 0) {
		settle(member, VERDICT_DONE, NULL);
		member->answered.commit = applied.commit;
		buf_add(&member->answered.answer, applied.answer.data, applied.answer.len);
	}
	applied_release(&applied);
	return rc;
}

/* Returns 0, with or without an answer of the member; or ERR_FAILED, which is not its fault. */
static int apply(struct serving *s, struct member *member, struct error *err)
{
	int rc = find_earlier(s, member, err);
	if (rc > 0)
		return 0;
	if (!rc && !member->asked.apply) {
		settle(member, VERDICT_ABSENT, NULL);
		return 0;
	}
	if (!rc) {
		set_clock(s, &member->asked.request);
		rc = request_apply(&member->asked.request, s->documents, &member->made, err);
	}
	member->applied = !rc;
	if (rc > 0)
		settle_made(member, VERDICT_REFUSED, &OID_NONE);
	else if (rc < 0 && rc != ERR_FAILED)
		settle(member, VERDICT_REJECTED, err->text);
	return rc == ERR_FAILED ? rc : 0;
}

/*
 * The answers of an earlier attempt were for other documents. After a failure, none of the requests
 * is applied, so that they keep their order when they are sent again.
 */
static int apply_all(struct serving *s, struct error *err)
{
	int rc = 0;
	documents_reset(s->documents);
	for (size_t i = 0; !rc && i < s->count; i++) {
		struct error why = ERROR_INIT;
		s->members[i].applied = false;
		if (s->members[i].unread)
			continue;
		settle(&s->members[i], VERDICT_NONE, NULL);
		rc = apply(s, &s->members[i], &why);
		if (rc < 0)
			*err = why;
	}
	return rc;
}

/* ---- the commit ---- */

/* The subjects of the applied requests, their notes, and their trailers. Returns how many were
 * applied. */
static size_t write_message(const struct serving *s, struct buf *out)
{
	struct buf subjects = BUF_INIT, notes = BUF_INIT, trailers = BUF_INIT, answer = BUF_INIT;
	size_t count = 0;
	for (size_t i = 0; i < s->count; i++) {
		const struct answer *made = &s->members[i].made;
		if (!s->members[i].applied)
			continue;
		buf_addf(&subjects, "%.*s\n", (int)strcspn(made->subject.data, "\n"),
			made->subject.data);
		buf_add(&notes, made->notes.data, made->notes.len);
		buf_reset(&answer);
		answer_add(made, &answer);
		applied_add_trailers(&trailers, s->members[i].asked.request.id, &answer);
		count++;
	}
	size_t first = strcspn(subjects.data, "\n");
	if (count > 1)
		buf_addf(out, "%.*s, and %zu more\n\n", (int)first, subjects.data, count - 1);
	buf_addf(
		out, "%s\n%s%s%s", subjects.data, notes.data, notes.len ? "\n" : "", trailers.data);
	buf_release(&subjects);
	buf_release(&notes);
	buf_release(&trailers);
	buf_release(&answer);
	return count;
}

/* Replaces `out` with the violations, one after the other. */
static void list_violations(const struct guard_report *report, struct buf *out)
{
	for (size_t i = 0; i < report->count; i++) {
		if (i)
			buf_addstr(out, "; ");
		violation_text(&report->violations[i], out);
	}
}

/* Returns 0; 1 if the guard or a hook rejects the commit, with the reason in `why`; or a negative
 * code. */
static int check(struct serving *s, const struct oid *commit, struct buf *why, struct error *err)
{
	struct guard_report report = { 0 };
	struct guard_update update = { s->ref.data, s->files.commit, *commit,
		env_now(s->plan->env) };
	int rc = guard_check(s->guard, &report, &update, err);
	list_violations(&report, why);
	if (!rc && report.count)
		rc = 1;
	if (!rc) {
		rc = s->plan->may_move(s->ref.data, &update.old, &update.new, why, s->plan->data);
		if (rc < 0)
			error_set(err, rc, "a hook of the repository could not be run to its end");
	}
	/* Otherwise the next attempt would not check the same content again. */
	if (rc)
		guard_forget(s->guard);
	guard_report_release(&report);
	return rc;
}

static const char *server_of(const struct serving *s)
{
	size_t i = 0;
	while (!s->members[i].applied)
		i++;
	return s->members[i].asked.request.server;
}

/*
 * Applies the requests without an answer to the current tip. Returns 0 if all are answered now; 1
 * to try again, because the branch has moved; 2 if the guard rejects the changes, with the reason in
 * `why`; or a negative code, without an answer.
 */
static int attempt(struct serving *s, struct buf *why, struct error *err)
{
	struct buf message = BUF_INIT;
	struct oid commit = OID_NONE;
	int rc = repo_ref_or_none(s->repo, s->ref.data, &s->files.commit, err);
	if (rc < 0)
		return rc;
	rc = apply_all(s, err);
	if (!rc && write_message(s, &message))
		rc = commit_files_write(&s->files, s->documents, message.data, server_of(s),
			env_now(s->plan->env), &commit, err);
	buf_release(&message);
	if (rc == 1) {
		rc = check(s, &commit, why, err);
		if (rc > 0)
			return 2;
		if (!rc)
			rc = repo_ref_update(s->repo, s->ref.data, &commit, &s->files.commit,
				"git-build: requests", err);
	} else if (!rc) {
		commit = OID_NONE;
	}
	/* repo_ref_update() has waited, but other pushes may keep a lock from being known as dead. */
	if (rc == ERR_BUSY)
		boot_locks_remove_for(repo_place(s->repo), s->ref.data, NULL);
	if (rc < 0)
		return rc == ERR_LOST_RACE || rc == ERR_BUSY ? 1 : rc;
	if (!oid_is_none(&commit))
		s->plan->moved(s->ref.data, &s->files.commit, &commit, s->plan->data);
	for (size_t i = 0; i < s->count; i++)
		if (s->members[i].applied)
			settle_made(&s->members[i], VERDICT_DONE, &commit);
	return 0;
}

/* Answers all requests of `s`. If the guard rejects what several of them do together, each is applied
 * separately, so that only the invalid ones fail. */
static void run(struct serving *s)
{
	struct error err = ERROR_INIT;
	struct buf why = BUF_INIT;
	int rc = 1;
	while (rc == 1 && env_ms(s->plan->env) < s->deadline_ms) {
		buf_reset(&why);
		err = (struct error)ERROR_INIT;
		rc = attempt(s, &why, &err);
	}
	struct serving one = *s;
	one.count = 1;
	for (size_t i = 0; rc == 2 && s->count > 1 && i < s->count; i++) {
		one.members = &s->members[i];
		run(&one);
	}
	if (rc == 2 && s->count == 1)
		settle_all(s, VERDICT_REJECTED, why.data);
	else if (rc && rc != 2)
		settle_all(s, VERDICT_FAILED, *err.text ? err.text : "not enough time");
	buf_release(&why);
}

/* ---- reading and answering ---- */

/* Reads a request, and answers it if it is not valid, or not allowed. */
static void read_member(struct serving *s, struct member *member, const struct buf *line)
{
	struct error err = ERROR_INIT;
	*member = (struct member){ .made = ANSWER_INIT, .answered = ANSWERED_INIT };
	int rc = asked_read(&member->asked, line->data, line->len, &err);
	if (!rc && member->asked.request.file_count)
		rc = error_set(&err, ERR_NOT_FOUND,
			"request: the files of a request must be pushed with the change");
	if (!rc && s->files.branch && member->asked.branch &&
		strcmp(member->asked.branch, s->files.branch) != 0)
		rc = error_set(&err, ERR_NOT_FOUND,
			"request: the shared branch is '%s' here, not '%s'", s->files.branch,
			member->asked.branch);
	if (!rc && s->guard)
		rc = guard_may_act_for(s->guard, member->asked.request.server, &err);
	for (size_t i = 0; !rc && s->members + i != member && !member->same; i++)
		if (s->members[i].asked.id && !strcmp(s->members[i].asked.id, member->asked.id))
			member->same = &s->members[i];
	member->unread = rc < 0 || member->same;
	if (rc < 0)
		settle(member, rc == ERR_NOT_FOUND ? VERDICT_UNSUPPORTED : VERDICT_REJECTED,
			err.text);
}

static void answer_all(const struct serving *s)
{
	struct buf line = BUF_INIT;
	for (size_t i = 0; i < s->count; i++) {
		const struct member *member = &s->members[i];
		const struct member *from = member->same ? member->same : member;
		buf_reset(&line);
		answered_write(&line, member->asked.id ? member->asked.id : "", &from->answered);
		s->plan->answer(&line, s->plan->data);
	}
	buf_release(&line);
}

void serve(struct repo *repo, const struct serve_plan *plan, const struct buf *lines, size_t count)
{
	struct serving s = { .repo = repo, .plan = plan, .ref = BUF_INIT, .count = count };
	struct guard_plan guard_plan = { .variable = plan->variable };
	struct error err = ERROR_INIT;
	s.deadline_ms = env_ms(plan->env) + plan->wait_ms;
	struct documents_source source = commit_files_source(&s.files);
	s.documents = documents_new(&source);
	s.members = xcalloc(count, sizeof(*s.members));
	int rc = guard_open(&s.guard, repo, &guard_plan, &err);
	if (!rc) {
		s.files = (struct commit_files){ repo, OID_NONE, guard_branch(s.guard) };
		ref_branch(&s.ref, s.files.branch);
	}
	for (size_t i = 0; i < count; i++)
		read_member(&s, &s.members[i], &lines[i]);
	if (!rc)
		rc = clone_lock_acquire(repo_place(repo), plan->wait_ms, plan->env, &err);
	if (!rc)
		run(&s);
	else
		settle_all(&s, VERDICT_FAILED, err.text);
	clone_lock_release(repo_place(repo));
	answer_all(&s);
	for (size_t i = 0; i < count; i++) {
		asked_release(&s.members[i].asked);
		answer_release(&s.members[i].made);
		answered_release(&s.members[i].answered);
	}
	free(s.members);
	documents_free(s.documents);
	guard_free(s.guard);
	buf_release(&s.ref);
}
