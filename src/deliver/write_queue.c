#include "deliver/write_queue.h"

#include "base/alloc.h"
#include "base/file.h"
#include "clone/job_directory.h"
#include "deliver/outbox.h"
#include "deliver/service.h"
#include "deliver/transaction.h"
#include "locks/clone_lock.h"
#include "git/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_TOGETHER = 64, REQUEST_LIMIT = 16 << 20 };

static const char request_end[] = ".request", taken_end[] = ".taken", sent_end[] = ".sent",
		  answer_end[] = ".answer";

void outcome_release(struct outcome *outcome)
{
	buf_release(&outcome->answer);
	buf_release(&outcome->said);
	buf_release(&outcome->behind);
}

/* The pushes of a request, by this leader and by earlier ones that were killed. Each of them may
 * have arrived, or may still arrive. */
struct sent {
	bool once;         /* there was a push, or one was about to start */
	bool by_another;   /* an earlier leader pushed it */
	struct oid since;  /* the base of the first push: no earlier commit has the request */
	struct oid commit; /* the last commit */
	int attempts;      /* the number of its push */
	struct buf answer; /* its answer, without commit and attempts: answer_add() */
};

/* A request that is pushed together with others. */
struct member {
	struct request request;
	struct buf text;    /* of the request */
	bool open;          /* it must be pushed, because the shared repository does not apply it */
	struct answer made; /* the answer of the last attempt */
	char *file;         /* in the queue, without extension; NULL: it is not in the queue */
	const struct outbox_entry *entry; /* in the outbox; NULL: a process waits for the answer */
	struct sent sent;
	bool arrived; /* an earlier push has succeeded, with sent.commit */
	struct outcome outcome;
};

struct writing {
	struct repo *repo;
	const struct settings *settings;
	const struct env *env;
	struct buf directory; /* the queue */
	struct outbox outbox;
	struct member *members;
	size_t count, capacity;
	bool asked; /* the shared repository applies requests, which this clone does not fetch */
};

/* Returns "<file><ending>", in `out`, which is reset first. */
static const char *name_of(struct buf *out, const char *file, const char *ending)
{
	buf_reset(out);
	buf_addf(out, "%s%s", file, ending);
	return out->data;
}

/* ---- answers in files ---- */

/* Closes the object in `w`, which writes to `text`, and saves it as "<file><ending>". */
static int publish(struct json_writer *w, struct buf *text, const char *file, const char *ending,
	struct error *err)
{
	struct buf path = BUF_INIT;
	json_end(w);
	int rc = file_publish(name_of(&path, file, ending), text->data, text->len, err);
	buf_release(&path);
	return rc;
}

static int write_answer(const struct member *member, struct error *err)
{
	const struct outcome *outcome = &member->outcome;
	struct buf text = BUF_INIT;
	struct json_writer w = JSON_WRITER_INIT(&text);
	json_begin(&w, '{');
	json_put_int(&w, "code", outcome->code);
	json_put_string(&w, "error", outcome->code < 0 ? outcome->error.text : "");
	if (outcome->code >= 0)
		json_put_raw(&w, "answer", outcome->answer.data, outcome->answer.len);
	int rc = publish(&w, &text, member->file, answer_end, err);
	buf_release(&text);
	return rc;
}

static int write_sent(const struct member *member, struct error *err)
{
	const struct sent *sent = &member->sent;
	struct buf text = BUF_INIT;
	struct json_writer w = JSON_WRITER_INIT(&text);
	json_begin(&w, '{');
	json_put_string(&w, "since", sent->since.hex);
	json_put_string(&w, "commit", sent->commit.hex);
	json_put_int(&w, "attempts", sent->attempts);
	if (sent->answer.len)
		json_put_raw(&w, "answer", sent->answer.data, sent->answer.len);
	int rc = publish(&w, &text, member->file, sent_end, err);
	buf_release(&text);
	return rc;
}

/* Parses "<file><ending>". */
static int parse_file(
	struct json_doc **doc, const char *file, const char *ending, struct error *err)
{
	struct buf text = BUF_INIT, path = BUF_INIT;
	int rc = file_read(&text, name_of(&path, file, ending), REQUEST_LIMIT, err);
	if (!rc)
		rc = json_parse_buf(doc, &text, path.data, NULL, err);
	buf_release(&text);
	buf_release(&path);
	return rc;
}

static struct oid oid_member(const struct json_doc *doc, const char *name)
{
	struct oid oid;
	char *hex = json_strdup(doc, json_member(doc, json_root(doc), name));
	if (!hex || !oid_parse(&oid, hex))
		oid = OID_NONE;
	free(hex);
	return oid;
}

static int64_t int_member(const struct json_doc *doc, const char *name, int64_t fallback)
{
	int64_t number;
	return json_int64(doc, json_member(doc, json_root(doc), name), &number) ? number : fallback;
}

/* Replaces `out` with the member "answer"; it is empty if there is none. */
static void answer_member(const struct json_doc *doc, struct buf *out)
{
	size_t len;
	const struct json_value *answer = json_member(doc, json_root(doc), "answer");
	const char *raw = answer ? json_raw(doc, answer, &len) : NULL;
	buf_reset(out);
	if (raw)
		buf_add(out, raw, len);
}

struct oid outcome_commit(const struct outcome *outcome)
{
	struct json_doc *doc = NULL;
	struct oid commit = OID_NONE;
	if (!json_parse(&doc, outcome->answer.data, outcome->answer.len, "answer", NULL, NULL))
		commit = oid_member(doc, "commit");
	json_doc_free(doc);
	return commit;
}

/* Reads the answer to `file`. */
static int read_answer(const char *file, struct outcome *outcome, struct error *err)
{
	struct json_doc *doc = NULL;
	int rc = parse_file(&doc, file, answer_end, err);
	if (rc < 0)
		return rc;
	char *error = json_strdup(doc, json_member(doc, json_root(doc), "error"));
	outcome->code = (int)int_member(doc, "code", ERR_FAILED);
	answer_member(doc, &outcome->answer);
	if (outcome->code < 0)
		error_set(&outcome->error, outcome->code, "%s", error ? error : "");
	free(error);
	json_doc_free(doc);
	return 0;
}

/* Reads the record of an earlier leader's push of `file`, if there is one. */
static int read_sent(const char *file, struct sent *sent, struct error *err)
{
	struct json_doc *doc = NULL;
	int rc = parse_file(&doc, file, sent_end, err);
	if (rc < 0)
		return rc == ERR_NOT_FOUND ? 0 : rc;
	sent->once = sent->by_another = true;
	sent->since = oid_member(doc, "since");
	sent->commit = oid_member(doc, "commit");
	sent->attempts = (int)int_member(doc, "attempts", 0);
	answer_member(doc, &sent->answer);
	json_doc_free(doc);
	return 0;
}

static void remove_file(const char *file, const char *ending)
{
	struct buf path = BUF_INIT;
	file_remove(name_of(&path, file, ending), NULL);
	buf_release(&path);
}

/* Removes the files of a request that was answered, or that no process waits for. */
static void remove_request(const char *file)
{
	remove_file(file, taken_end);
	remove_file(file, sent_end);
}

/* ---- the leader: applying and pushing ---- */

/* Completes the answer with the commit that was pushed (NULL: none). */
static void finish(struct member *member, const struct oid *commit, int attempts)
{
	struct outcome *outcome = &member->outcome;
	/* No process waits for the answer if an earlier push of an outbox entry has arrived. */
	if (outcome->code < 0 || (member->arrived && member->entry))
		return;
	if (member->arrived)
		outcome->code = answer_resume(&member->made, &member->sent.answer, &outcome->error);
	if (outcome->code < 0)
		return;
	if (member->arrived)
		answer_finish(&member->made, member->sent.commit.hex, member->sent.attempts);
	else
		answer_finish(&member->made, commit && !outcome->code ? commit->hex : NULL,
			outcome->code ? 0 : attempts);
	buf_reset(&outcome->answer);
	buf_add(&outcome->answer, member->made.text.data, member->made.text.len);
}

/* Has an earlier push of this request, by a killed process or over a broken connection, arrived?
 * Returns 1, 0, or a negative code; 2: fetch the branch to find out. */
static int has_happened(struct member *member, struct transaction *tx, struct error *err)
{
	struct sent *sent = &member->sent;
	struct applied applied = APPLIED_INIT;
	if (!member->entry && !sent->once)
		return 0;
	int rc = transaction_has_operation(tx, member->request.id,
		member->entry ? &member->entry->since : &sent->since, &applied, err);
	/* All pushes in doubt have the same base, since a later base would have settled the earlier
	 * ones: their answers differ only in the commit. */
	if (rc == 1)
		sent->commit = applied.commit;
	/* The shared repository has applied it. */
	if (rc == 1 && !sent->answer.len && applied.answer.len) {
		buf_add(&sent->answer, applied.answer.data, applied.answer.len);
		sent->attempts = 1;
	}
	applied_release(&applied);
	return rc || member->entry || transaction_is_fresh(tx) ? rc : 2;
}

/* Returns 0 if the changes are in the transaction; 1 if there are none; 2 to fetch the branch. */
static int apply_member(struct member *member, struct transaction *tx)
{
	struct outcome *outcome = &member->outcome;
	outcome->error.code = 0;
	outcome->code = has_happened(member, tx, &outcome->error);
	if (outcome->code == 2)
		return 2;
	member->arrived = outcome->code == 1;
	if (member->arrived) {
		outcome->code = 0;
		return 1;
	}
	if (!outcome->code && member->entry && !member->request.operation->later)
		outcome->code = error_set(&outcome->error, ERR_NOT_FOUND,
			"the push did not arrive, and no process waits for it any more");
	else if (!outcome->code)
		outcome->code = request_apply(&member->request, transaction_documents(tx),
			&member->made, &outcome->error);
	if (!outcome->code)
		return 0;
	return transaction_is_fresh(tx) ? 1 : 2;
}

/* `notes` has more lines about the changes; or is empty. */
static void write_message(
	struct transaction *tx, const struct buf *subjects, size_t count, const struct buf *notes)
{
	struct buf message = BUF_INIT;
	size_t first = strcspn(subjects->data, "\n");
	if (count == 1)
		buf_add(&message, subjects->data, first);
	else
		buf_addf(&message, "%.*s, and %zu more\n\n%.*s", (int)first, subjects->data,
			count - 1, (int)(subjects->len - 1), subjects->data);
	if (notes->len)
		buf_addf(&message, "\n\n%.*s", (int)(notes->len - 1), notes->data);
	transaction_subject(tx, message.data);
	buf_release(&message);
}

static int apply_all(struct transaction *tx, void *data, struct error *err)
{
	struct writing *w = data;
	struct buf subjects = BUF_INIT, notes = BUF_INIT;
	size_t applied = 0;
	bool ask = false;
	(void)err;
	for (size_t i = 0; i < w->count && !ask; i++) {
		struct member *member = &w->members[i];
		int rc = apply_member(member, tx);
		ask = rc == 2;
		if (rc)
			continue;
		const struct buf *subject = &member->made.subject;
		transaction_operation(tx, member->request.id);
		buf_addf(&subjects, "%.*s\n", (int)strcspn(subject->data, "\n"), subject->data);
		buf_add(&notes, member->made.notes.data, member->made.notes.len);
		applied++;
	}
	if (applied && !ask)
		write_message(tx, &subjects, applied, &notes);
	buf_release(&subjects);
	buf_release(&notes);
	return ask;
}

static void note_sent(
	struct member *member, const struct oid *base, const struct oid *commit, int attempts)
{
	struct sent *sent = &member->sent;
	if (!sent->once)
		sent->since = *base;
	sent->once = true;
	sent->commit = *commit;
	sent->attempts = attempts;
	buf_reset(&sent->answer);
	answer_add(&member->made, &sent->answer);
}

/* Records each request before its push, for the next leader if this process is killed. */
static int before_push(struct transaction *tx, const struct oid *commit, int attempts, void *data,
	struct error *err)
{
	struct writing *w = data;
	int rc = 0;
	for (size_t i = 0; !rc && i < w->count; i++) {
		struct member *member = &w->members[i];
		if (member->outcome.code || member->arrived)
			continue;
		note_sent(member, transaction_base(tx), commit, attempts);
		if (member->file)
			rc = write_sent(member, err);
	}
	return rc;
}

static int push_members(struct writing *w, struct outcome *out, struct error *err)
{
	struct transaction_plan plan = {
		.remote = { w->settings->remote, w->settings->timeout_ms },
		.branch = w->settings->branch,
		.subject = "Coordinate",
		.server = w->settings->server,
		.attempts = (int)w->settings->attempts,
		.fetch_first = w->asked,
		.shows_behind = true,
		.host_wait_ms = w->settings->host_queue ? w->settings->lock_wait_ms : 0,
		.env = w->env,
		.apply = apply_all,
		.pushing = before_push,
		.data = w,
	};
	struct transaction_result result = TRANSACTION_RESULT_INIT;
	int rc = transaction_run(w->repo, &plan, &result, err);
	buf_add(&out->said, result.said.data, result.said.len);
	buf_add(&out->behind, result.behind.data, result.behind.len);
	for (size_t i = 0; rc >= 0 && i < w->count; i++)
		finish(&w->members[i], result.committed ? &result.commit : NULL,
			result.committed ? result.attempts : 0);
	transaction_result_release(&result);
	return rc;
}

static void fail(struct member *member, int code, const struct error *err)
{
	member->outcome.code = code;
	member->outcome.error = *err;
	/* The push of a killed leader may still arrive, regardless of the result of this one. */
	if (member->sent.by_another && code != ERR_UNKNOWN) {
		error_wrap(&member->outcome.error, "it is not known whether the change arrived");
		member->outcome.code = member->outcome.error.code = ERR_UNKNOWN;
	}
}

/* ---- the leader: asking a shared repository that applies requests ---- */

static bool is_sendable(const struct member *member)
{
	return !member->request.file_count && service_takes(member->text.len);
}

/* The shared repository may have applied the request, or may still apply it. It is pushed
 * nevertheless: neither side applies a request that the branch already has. */
static void doubt_call(struct member *member, const struct service_call *call)
{
	struct sent *sent = &member->sent;
	if (!sent->once)
		sent->since = call->since;
	sent->once = sent->by_another = true;
}

/* Prepares the call for a member, and records it as sent for the next leader. */
static int begin_call(
	struct member *member, const struct oid *mark, struct service_call *call, struct error *err)
{
	call->id = member->request.id;
	call->request = &member->text;
	call->apply = !member->entry || member->request.operation->later;
	call->since = member->entry ? member->entry->since : *mark;
	call->answered = (struct answered)ANSWERED_INIT;
	if (member->sent.once)
		call->since = member->sent.since;
	if (member->entry || !member->file)
		return 0;
	if (!member->sent.once) {
		member->sent.once = true;
		member->sent.since = *mark;
	}
	return write_sent(member, err);
}

static void take_done(struct member *member, struct answered *answered)
{
	struct outcome *outcome = &member->outcome;
	/* A client has pushed it, and recorded its answer. */
	const struct buf *answer = answered->answer.len ? &answered->answer : &member->sent.answer;
	outcome->code = 0;
	if (!answer->len) {
		member->arrived = true;
		return;
	}
	outcome->code = answer_resume(&member->made, answer, &outcome->error);
	if (outcome->code < 0)
		return;
	answer_finish(
		&member->made, oid_is_none(&answered->commit) ? NULL : answered->commit.hex, 1);
	buf_reset(&outcome->answer);
	buf_add(&outcome->answer, member->made.text.data, member->made.text.len);
}

/* Sets the outcome of a member from its answer; `rc` and `failed` are those of the whole call. */
static void take_verdict(struct writing *w, struct member *member, struct answered *answered,
	int rc, const struct error *failed)
{
	struct outcome *outcome = &member->outcome;
	outcome->remote = true;
	switch (answered->verdict) {
	case VERDICT_DONE:
		take_done(member, answered);
		break;
	case VERDICT_REFUSED:
		take_done(member, answered);
		if (!outcome->code)
			outcome->code = 1;
		break;
	case VERDICT_ABSENT:
		outcome->code = error_set(&outcome->error, ERR_NOT_FOUND,
			"the push did not arrive, and no process waits for it any more");
		break;
	case VERDICT_REJECTED:
		outcome->code = error_set(&outcome->error, ERR_REFUSED, "'%s' rejected %s: %s",
			w->settings->remote, member->request.operation->name,
			answered->reason.data);
		break;
	case VERDICT_NONE:
	case VERDICT_FAILED:
	case VERDICT_UNSUPPORTED:
		fail(member, rc, failed);
		break;
	}
}

/*
 * Sends the members to the shared repository. Returns 0 if all have their outcome; or 1: those
 * that still have `open` set must be pushed.
 */
static int ask_members(struct writing *w, struct outcome *out)
{
	struct service_call *calls = xcalloc(w->count, sizeof(*calls));
	struct member **asked = xcalloc(w->count, sizeof(struct member *));
	struct oid mark = service_mark(w->repo, w->settings);
	struct error err = ERROR_INIT;
	bool left = false;
	size_t count = 0;
	int rc = 0;
	for (size_t i = 0; i < w->count; i++) {
		w->members[i].open = true;
		if (!is_sendable(&w->members[i])) {
			left = true;
			continue;
		}
		asked[count] = &w->members[i];
		asked[count]->open = false;
		if (begin_call(asked[count], &mark, &calls[count], &err) < 0)
			fail(asked[count], err.code, &err);
		else
			count++;
	}
	if (count)
		rc = service_send(w->repo, w->settings, w->env, calls, count, &out->said, &err);
	for (size_t i = 0; i < count; i++) {
		enum verdict verdict = calls[i].answered.verdict;
		bool is_final = verdict != VERDICT_NONE && verdict != VERDICT_FAILED;
		bool doubt = rc == ERR_UNKNOWN && verdict == VERDICT_NONE;
		if (doubt)
			doubt_call(asked[i], &calls[i]);
		asked[i]->open = verdict == VERDICT_UNSUPPORTED || doubt ||
			(rc == ERR_NOT_FOUND && !is_final);
		left = left || asked[i]->open;
		if (!asked[i]->open)
			take_verdict(w, asked[i], &calls[i].answered, rc, &err);
		answered_release(&calls[i].answered);
	}
	free(calls);
	free(asked);
	return left;
}

/* ---- */

/* Pushes all members together. If the remote rejects that, pushes each one separately, so that only
 * the invalid ones fail. */
static void run_members(struct writing *w, struct outcome *out)
{
	struct error err = ERROR_INIT;
	size_t count = w->count;
	int rc = push_members(w, out, &err);
	if (rc == ERR_REFUSED && count > 1) {
		struct member *all = w->members;
		for (size_t i = 0; i < count; i++) {
			w->members = all + i;
			w->count = 1;
			run_members(w, out);
		}
		w->members = all;
		w->count = count;
		return;
	}
	for (size_t i = 0; rc < 0 && i < count; i++)
		fail(&w->members[i], rc, &err);
}

/* Sends the members to the shared repository if it applies requests, and pushes the others. */
static void deliver_members(struct writing *w, struct outcome *out)
{
	struct member *all = w->members;
	struct error err = ERROR_INIT;
	size_t count = w->count;
	int applies = service_find(w->repo, w->settings, w->env, &err);
	if (applies <= 0) {
		/* If the remote cannot be asked, it cannot be pushed to, either. */
		run_members(w, out);
		return;
	}
	w->asked = true;
	if (!ask_members(w, out))
		return;
	w->count = 1;
	for (size_t i = 0; i < count; i++) {
		w->members = all + i;
		if (all[i].open)
			run_members(w, out);
	}
	w->members = all;
	w->count = count;
}

/* ---- the leader: gathering and answering ---- */

/* Adds a request. Returns NULL, with the reason in `err`, if it cannot be read. */
static struct member *add_member(
	struct writing *w, const struct buf *request, const char *file, struct error *err)
{
	struct member made = {
		.sent = { .since = OID_NONE, .commit = OID_NONE, .answer = BUF_INIT },
		.made = ANSWER_INIT,
		.outcome = OUTCOME_INIT,
		.text = BUF_INIT,
	};
	/* If the record cannot be read, leave the request to the process that waits for it. */
	if (file && read_sent(file, &made.sent, err) < 0) {
		error_wrap(err, "it is not known whether the change arrived");
		err->code = ERR_UNKNOWN;
		return NULL;
	}
	made.file = file ? xstrdup(file) : NULL;
	if (request_read(&made.request, request->data, request->len, err) < 0 ||
		job_directory_read_files(w->repo, &made.request, err) < 0) {
		/* A request of another version: its process gets the error, and the others run. */
		made.outcome.error = *err;
		made.outcome.code = err->code;
		if (file && !write_answer(&made, NULL))
			remove_request(file);
		request_release(&made.request);
		free(made.file);
		buf_release(&made.sent.answer);
		return NULL;
	}
	buf_add(&made.text, request->data, request->len);
	GROW(w->members, w->count, w->capacity);
	struct member *member = &w->members[w->count++];
	*member = made;
	return member;
}

static void drop_members(struct writing *w)
{
	for (size_t i = 0; i < w->count; i++) {
		request_release(&w->members[i].request);
		buf_release(&w->members[i].text);
		answer_release(&w->members[i].made);
		free(w->members[i].file);
		buf_release(&w->members[i].sent.answer);
		outcome_release(&w->members[i].outcome);
	}
	free(w->members);
	w->members = NULL;
	w->count = w->capacity = 0;
}

/* Does no process wait for the request `path` any more? Assume that one does if the file cannot be
 * opened. */
static bool is_orphan(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT;
	bool orphan = !flock(fd, LOCK_EX | LOCK_NB);
	close(fd);
	return orphan;
}

static void mark_taken(const char *file)
{
	struct buf from = BUF_INIT, to = BUF_INIT;
	/* An earlier leader may have renamed it. */
	rename(name_of(&from, file, request_end), name_of(&to, file, taken_end));
	buf_release(&from);
	buf_release(&to);
}

/* Takes the request `file`, if a process still waits for it. */
static void take(struct writing *w, const char *file)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	mark_taken(file);
	name_of(&path, file, taken_end);
	if (is_orphan(path.data)) {
		remove_request(file);
		remove_file(file, answer_end);
	} else if (!file_read(&text, path.data, REQUEST_LIMIT, NULL)) {
		struct error ignored = ERROR_INIT;
		add_member(w, &text, file, &ignored);
	}
	buf_release(&path);
	buf_release(&text);
}

static int by_name(const void *left, const void *right)
{
	char *const *a = left, *const *b = right;
	return strcmp(*a, *b);
}

/* Does "<file><ending>" exist? Returns 1, 0, or a negative code. */
static int waits(const char *file, const char *ending, struct error *err)
{
	struct buf path = BUF_INIT;
	struct stat st;
	int rc = 1;
	if (stat(name_of(&path, file, ending), &st) < 0)
		rc = errno == ENOENT ? 0
				     : error_errno(err, ERR_FAILED, "cannot stat '%s'", path.data);
	buf_release(&path);
	return rc;
}

/* Removes an answer or a record without a request if it is older than a day. The process that waits
 * for a newer one may be about to read it. */
static void sweep(const struct writing *w, const char *name, const char *dot)
{
	enum { OLD = 24 * 60 * 60 };
	struct buf file = BUF_INIT, path = BUF_INIT;
	struct stat st;
	buf_addf(&path, "%s/%s", w->directory.data, name);
	buf_addf(&file, "%s/%.*s", w->directory.data, (int)(dot - name), name);
	if (!stat(path.data, &st) && st.st_mtime < env_now(w->env) - OLD &&
		!waits(file.data, request_end, NULL) && !waits(file.data, taken_end, NULL))
		unlink(path.data);
	buf_release(&file);
	buf_release(&path);
}

struct files {
	char **names; /* in the queue, without extensions */
	size_t count, capacity;
};

/* Lists the requests in the queue, in the order of arrival. */
static int list_requests(const struct writing *w, struct files *files, struct error *err)
{
	DIR *dir = opendir(w->directory.data);
	if (!dir)
		return errno == ENOENT
			? 0
			: error_errno(err, ERR_FAILED, "cannot list %s", w->directory.data);
	struct dirent *entry;
	while (errno = 0, (entry = readdir(dir))) {
		char *dot = strrchr(entry->d_name, '.');
		if (dot && (!strcmp(dot, answer_end) || !strcmp(dot, sent_end)))
			sweep(w, entry->d_name, dot);
		if (!dot || (strcmp(dot, request_end) && strcmp(dot, taken_end)))
			continue;
		struct buf path = BUF_INIT;
		buf_addf(&path, "%s/%.*s", w->directory.data, (int)(dot - entry->d_name),
			entry->d_name);
		GROW(files->names, files->count, files->capacity);
		files->names[files->count++] = buf_detach(&path);
	}
	int rc = errno ? error_errno(err, ERR_FAILED, "cannot list %s", w->directory.data) : 0;
	closedir(dir);
	if (files->count)
		qsort(files->names, files->count, sizeof(*files->names), by_name);
	return rc;
}

/* Takes the requests in the queue, except `own`. */
static int take_all(struct writing *w, const char *own, struct error *err)
{
	struct files files = { NULL, 0, 0 };
	int rc = list_requests(w, &files, err);
	for (size_t i = 0; i < files.count; i++) {
		if (!rc && w->count < MOST_TOGETHER && !(own && !strcmp(files.names[i], own)))
			take(w, files.names[i]);
		free(files.names[i]);
	}
	free(files.names);
	return rc;
}

static int take_outbox(struct writing *w, struct error *err)
{
	int rc = outbox_read(&w->outbox, w->repo, err);
	for (size_t i = 0; !rc && i < w->outbox.count; i++) {
		const struct outbox_entry *entry = &w->outbox.entries[i];
		struct error unread = ERROR_INIT;
		struct member *member =
			entry->refused ? NULL : add_member(w, &entry->request, NULL, &unread);
		if (member)
			member->entry = entry;
		else if (!entry->refused)
			rc = outbox_refuse(entry, "unknown to this version of git-build", err);
	}
	return rc;
}

/* Is a failure unrelated to the request itself, so that it can be retried? */
static bool is_passing(int code)
{
	return error_is_outage(code) || code == ERR_FAILED;
}

static void answer_members(struct writing *w)
{
	for (size_t i = 0; i < w->count; i++) {
		struct member *member = &w->members[i];
		const struct outcome *outcome = &member->outcome;
		/* Without an answer, the process that waits becomes the next leader, and determines
		 * the result itself. */
		if (member->file && !write_answer(member, NULL))
			remove_request(member->file);
		if (!member->entry || (outcome->code && is_passing(outcome->code)))
			continue;
		if (!outcome->code || !member->request.operation->later)
			outbox_drop(member->entry, NULL);
		else
			outbox_refuse(member->entry,
				outcome->code < 0 ? outcome->error.text
						  : "it no longer applies to the current state",
				NULL);
	}
}

/* Adds the request of this process, after all others. */
static int add_own(
	struct writing *w, const struct buf *request, const char *file, struct error *err)
{
	if (file)
		mark_taken(file);
	return add_member(w, request, file, err) ? 0 : err->code;
}

/* Stores the outcome of this process's own request, or of the outbox if there was none. */
static void take_outcome(struct writing *w, size_t others, bool has_own, struct outcome *outcome)
{
	if (has_own) {
		struct outcome *own = &w->members[others].outcome;
		outcome->code = own->code;
		outcome->error = own->error;
		outcome->remote = own->remote;
		buf_add(&outcome->answer, own->answer.data, own->answer.len);
		return;
	}
	for (size_t i = 0; i < w->count; i++)
		if (w->members[i].entry && is_passing(w->members[i].outcome.code)) {
			outcome->code = w->members[i].outcome.code;
			outcome->error = w->members[i].outcome.error;
		}
}

/* Runs all requests as the leader; `request` (in the queue as `file`, or NULL) comes last. The
 * caller holds the lock. */
static void lead(
	struct writing *w, const struct buf *request, const char *file, struct outcome *outcome)
{
	struct error err = ERROR_INIT;
	int rc = take_outbox(w, &err);
	/* A damaged entry does not prevent other requests. An outbox that cannot be read does,
	 * because it may not be empty. */
	if (rc < 0 && rc != ERR_FAILED)
		buf_addf(&outcome->said, "cannot send the outbox: %s\n", err.text);
	if (rc == ERR_FAILED)
		outcome->error = err;
	else
		rc = take_all(w, file, &outcome->error);
	bool listed = !rc;
	size_t others = w->count;
	if (listed && request)
		rc = add_own(w, request, file, &outcome->error);
	if (listed && w->count) {
		deliver_members(w, outcome);
		answer_members(w);
	}
	if (rc < 0)
		outcome->code = rc;
	else
		take_outcome(w, others, request != NULL, outcome);
	drop_members(w);
	outbox_release(&w->outbox);
}

/* ---- waiting processes ---- */

/* Returns false on errors: the caller checks again. */
static bool is_answered(const char *file)
{
	return !waits(file, request_end, NULL) && !waits(file, taken_end, NULL) &&
		/* It may have been renamed between the two checks. */
		!waits(file, taken_end, NULL);
}

/* Adds the request to the queue. It is locked while the descriptor `*held` is open. */
static int enqueue(struct writing *w, const struct buf *request, const char *file, int *held,
	struct error *err)
{
	struct buf hidden = BUF_INIT, path = BUF_INIT;
	int rc = file_make_directories(w->directory.data, err);
	name_of(&path, file, request_end);
	if (!rc) {
		*held = file_temporary(&hidden, file, err);
		rc = *held < 0 ? *held : 0;
	}
	if (!rc &&
		(write(*held, request->data, request->len) != (ssize_t)request->len ||
			rename(hidden.data, path.data) < 0)) {
		rc = error_errno(err, ERR_FAILED, "cannot write to '%s'", w->directory.data);
		unlink(hidden.data);
	}
	buf_release(&hidden);
	buf_release(&path);
	return rc;
}

/* Withdraws a request. Returns false if a leader has taken it already. */
static bool withdraw(const char *file)
{
	struct buf path = BUF_INIT;
	bool done = !unlink(name_of(&path, file, request_end));
	buf_release(&path);
	return done;
}

static int try_lock(struct writing *w, struct error *err)
{
	return clone_lock_acquire(repo_place(w->repo), 0, w->env, err);
}

/* Waits until the request is answered (returns 1) or this process becomes the leader (0). */
static int wait_for_turn(struct writing *w, const char *file, struct error *err)
{
	const struct env *env = w->env;
	int64_t deadline = env_ms(env) + w->settings->lock_wait_ms;
	for (;;) {
		struct error busy = ERROR_INIT;
		if (is_answered(file))
			return 1;
		int rc = try_lock(w, &busy);
		if (!rc && is_answered(file)) {
			clone_lock_release(repo_place(w->repo));
			return 1;
		}
		if (!rc)
			return 0;
		bool late = env_ms(env) >= deadline;
		if ((late || rc != ERR_BUSY) && withdraw(file))
			return error_set(err, rc, "%s; nothing was done", busy.text);
		if (rc != ERR_BUSY)
			return error_set(err, ERR_UNKNOWN,
				"%s; it is not known whether the change arrived", busy.text);
		env_sleep(env, 2 + env_random(env, 8));
	}
}

/* Leaves the request to the current leader, or becomes the leader after it. */
static void queue_up(struct writing *w, const struct buf *request, struct outcome *outcome)
{
	char id[UUID_SIZE];
	struct buf file = BUF_INIT;
	int held = -1;
	w->env->uuid(w->env->data, id);
	buf_addf(&file, "%s/%015" PRId64 "-%s", w->directory.data, env_ms(w->env), id);
	int rc = enqueue(w, request, file.data, &held, &outcome->error);
	if (!rc)
		rc = wait_for_turn(w, file.data, &outcome->error);
	if (!rc)
		lead(w, request, file.data, outcome);
	else if (rc > 0 && read_answer(file.data, outcome, &outcome->error) < 0) {
		error_wrap(&outcome->error, "it is not known whether the change arrived");
		rc = outcome->error.code = ERR_UNKNOWN;
	}
	if (rc < 0)
		outcome->code = rc;
	if (rc >= 0)
		remove_request(file.data);
	remove_file(file.data, answer_end);
	if (held >= 0)
		close(held);
	buf_release(&file);
}

int write_queue_run(struct repo *repo, const struct settings *settings, const struct buf *request,
	const struct env *env, struct outcome *outcome, struct error *err)
{
	struct writing w = {
		.repo = repo, .settings = settings, .env = env, .directory = BUF_INIT
	};
	state_path(&w.directory, repo, "queue");
	outcome->code = try_lock(&w, &outcome->error);
	if (!outcome->code)
		lead(&w, request, NULL, outcome);
	else if (outcome->code == ERR_BUSY && request)
		queue_up(&w, request, outcome);
	clone_lock_release(repo_place(repo));
	buf_release(&w.directory);
	if (outcome->code < 0 && err)
		*err = outcome->error;
	return outcome->code;
}
