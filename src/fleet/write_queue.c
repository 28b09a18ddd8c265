#include "fleet/write_queue.h"

#include "base/alloc.h"
#include "base/file.h"
#include "fleet/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { MOST_TOGETHER = 64, REQUEST_LIMIT = 16 << 20 };

static const char request_end[] = ".request", taken_end[] = ".taken", answer_end[] = ".answer";

void outcome_release(struct outcome *outcome)
{
	buf_release(&outcome->answer);
	buf_release(&outcome->said);
}

/* The pushes of an operation, this leader's and those of leaders that died: any of them may have
 * arrived, or arrive late. */
struct sent {
	bool once;         /* there was one, or was about to be */
	struct oid since;  /* what the first was built on: the operation is not before that */
	struct oid commit; /* the last one, */
	struct buf answer; /* which is to be answered like this */
};

/* One operation of those that go together. */
struct member {
	struct deed deed;
	char *file; /* in the queue, without its ending; NULL: it never waited there */
	const struct outbox_entry *entry; /* in the outbox; NULL: it is somebody's who waits */
	struct sent sent;
	bool arrived;  /* it had happened already */
	bool finished; /* the answer is complete */
	struct outcome outcome;
};

struct writing {
	struct repo *repo;
	const struct settings *settings;
	const struct env *env;
	struct buf folder;     /* the queue */
	struct file_lock lock; /* held by the leader */
	struct outbox outbox;
	struct member *members;
	size_t count, capacity;
};

/* "<file><ending>"; the buffer is reused. */
static const char *name_of(struct buf *out, const char *file, const char *ending)
{
	buf_reset(out);
	buf_addf(out, "%s%s", file, ending);
	return out->data;
}

/* ---- answers in files ---- */

/* `commit` NULL: nothing more happens to it. */
static int write_answer(const struct member *member, const struct oid *commit, struct error *err)
{
	const struct outcome *outcome = &member->outcome;
	struct buf text = BUF_INIT, path = BUF_INIT;
	struct json_writer w = JSON_WRITER_INIT(&text);
	json_begin(&w, '{');
	json_put_string(&w, "since", commit ? member->sent.since.hex : "");
	json_put_string(&w, "commit", commit ? commit->hex : "");
	json_put_int(&w, "code", outcome->code);
	json_put_string(&w, "error", outcome->code < 0 ? outcome->error.text : "");
	if (outcome->code >= 0)
		json_put_raw(&w, "answer", outcome->answer.data, outcome->answer.len);
	json_end(&w);
	int rc = file_publish(name_of(&path, member->file, answer_end), text.data, text.len, err);
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

/* Reads what `file` was answered, and (may be NULL) by which push. */
static int read_answer(
	const char *file, struct outcome *outcome, struct sent *sent, struct error *err)
{
	struct buf text = BUF_INIT, path = BUF_INIT;
	struct json_doc *doc = NULL;
	int rc = file_read(&text, name_of(&path, file, answer_end), REQUEST_LIMIT, err);
	if (!rc)
		rc = json_parse_buf(&doc, &text, path.data, NULL, err);
	if (!rc) {
		const struct json_value *root = json_root(doc);
		const struct json_value *answer = json_member(doc, root, "answer");
		int64_t code = ERR_FAILED;
		size_t len;
		char *error = json_strdup(doc, json_member(doc, root, "error"));
		json_int64(doc, json_member(doc, root, "code"), &code);
		outcome->code = (int)code;
		if (answer) {
			const char *raw = json_raw(doc, answer, &len);
			buf_reset(&outcome->answer);
			buf_add(&outcome->answer, raw, len);
		}
		if (code < 0)
			error_set(&outcome->error, (int)code, "%s", error ? error : "");
		if (sent) {
			sent->since = oid_member(doc, "since");
			sent->commit = oid_member(doc, "commit");
			sent->once = !oid_is_none(&sent->commit);
		}
		free(error);
	}
	json_doc_free(doc);
	buf_release(&text);
	buf_release(&path);
	return rc;
}

static void remove_file(const char *file, const char *ending)
{
	struct buf path = BUF_INIT;
	file_remove(name_of(&path, file, ending), NULL);
	buf_release(&path);
}

/* ---- the leader: applying and pushing ---- */

static void finish(struct member *member, const struct oid *commit, int attempts)
{
	if (member->finished || member->outcome.code < 0)
		return;
	struct buf *answer = &member->outcome.answer;
	buf_reset(answer);
	if (member->arrived) {
		buf_add(answer, member->sent.answer.data, member->sent.answer.len);
	} else {
		deed_finish(&member->deed, commit, attempts);
		buf_add(answer, member->deed.text.data, member->deed.text.len);
	}
	member->finished = true;
}

/* It was `found` that arrived. All pushes that could have built on the same commit, or those that
 * came later would have seen more: their answers differ in the commit alone. */
static void correct_answer(struct sent *sent, const struct oid *found)
{
	char *at = sent->answer.data;
	while ((at = strstr(at, sent->commit.hex)))
		memcpy(at, found->hex, strlen(found->hex));
}

/* Has this operation happened already, before a process died or a connection did? 1, 0, or a
 * negative code; 2: that cannot be told before the remote is asked. */
static int has_happened(struct member *member, struct transaction *tx, struct error *err)
{
	const char *id = member->deed.id;
	struct oid found;
	if (member->entry)
		return transaction_has_operation(tx, id, &member->entry->since, &found, err);
	if (!member->sent.once)
		return 0;
	int rc = transaction_has_operation(tx, id, &member->sent.since, &found, err);
	if (rc == 1)
		correct_answer(&member->sent, &found);
	return rc || transaction_is_fresh(tx) ? rc : 2;
}

/* 0: its changes are in the transaction; 1: it has none to make; 2: the remote must be asked. */
static int apply_member(struct member *member, struct transaction *tx)
{
	struct outcome *outcome = &member->outcome;
	member->finished = false;
	outcome->error.code = 0;
	outcome->code = has_happened(member, tx, &outcome->error);
	if (outcome->code == 2)
		return 2;
	member->arrived = outcome->code == 1;
	if (member->arrived) {
		outcome->code = 0;
		return 1;
	}
	if (!outcome->code && member->entry && !member->deed.operation->later)
		outcome->code = error_set(&outcome->error, ERR_NOT_FOUND,
			"it did not arrive, and nobody waits for it any more");
	else if (!outcome->code)
		outcome->code = deed_apply(&member->deed, tx, &outcome->error);
	if (!outcome->code)
		return 0;
	return transaction_is_fresh(tx) ? 1 : 2;
}

static void write_message(struct transaction *tx, const struct buf *subjects, size_t count)
{
	struct buf message = BUF_INIT;
	size_t first = strcspn(subjects->data, "\n");
	if (count == 1)
		buf_add(&message, subjects->data, first);
	else
		buf_addf(&message, "%.*s, and %zu more\n\n%.*s", (int)first, subjects->data,
			count - 1, (int)(subjects->len - 1), subjects->data);
	transaction_subject(tx, message.data);
	buf_release(&message);
}

static int apply_all(struct transaction *tx, void *data, struct error *err)
{
	struct writing *w = data;
	struct buf subjects = BUF_INIT;
	size_t applied = 0;
	bool ask = false;
	(void)err;
	for (size_t i = 0; i < w->count && !ask; i++) {
		struct member *member = &w->members[i];
		int rc = apply_member(member, tx);
		ask = rc == 2;
		if (rc)
			continue;
		const struct buf *subject = &member->deed.subject;
		transaction_operation(tx, member->deed.id);
		buf_addf(&subjects, "%.*s\n", (int)strcspn(subject->data, "\n"), subject->data);
		applied++;
	}
	if (applied && !ask)
		write_message(tx, &subjects, applied);
	buf_release(&subjects);
	return ask;
}

static void note_sent(struct member *member, const struct oid *base, const struct oid *commit)
{
	struct sent *sent = &member->sent;
	if (!sent->once)
		sent->since = *base;
	sent->once = true;
	sent->commit = *commit;
	buf_reset(&sent->answer);
	buf_add(&sent->answer, member->outcome.answer.data, member->outcome.answer.len);
}

/* The answers are there before the push: should this process die, they are true if the commit has
 * arrived. */
static int before_push(struct transaction *tx, const struct oid *commit, int attempts, void *data,
	struct error *err)
{
	struct writing *w = data;
	int rc = 0;
	for (size_t i = 0; !rc && i < w->count; i++) {
		struct member *member = &w->members[i];
		if (member->outcome.code)
			continue;
		finish(member, commit, attempts);
		note_sent(member, transaction_base(tx), commit);
		if (member->file)
			rc = write_answer(member, commit, err);
	}
	return rc;
}

static int push_members(struct writing *w, struct buf *said, struct error *err)
{
	struct transaction_plan plan = {
		.remote = { w->settings->remote, w->settings->timeout_ms },
		.branch = w->settings->branch,
		.subject = "Coordinate",
		.server = w->settings->server,
		.attempts = (int)w->settings->attempts,
		.host_wait_ms = w->settings->host_queue ? w->settings->lock_wait_ms : 0,
		.env = w->env,
		.apply = apply_all,
		.pushing = before_push,
		.data = w,
	};
	struct transaction_result result = TRANSACTION_RESULT_INIT;
	int rc = transaction_run(w->repo, &plan, &result, err);
	buf_add(said, result.said.data, result.said.len);
	transaction_result_release(&result);
	return rc;
}

/* Pushes `count` members from `first` on; where the remote refuses them together, each alone: one
 * that it does not like must not take the others with it. */
static void run_members(struct writing *w, struct buf *said)
{
	struct error err = ERROR_INIT;
	size_t count = w->count;
	int rc = push_members(w, said, &err);
	if (rc == ERR_REFUSED && count > 1) {
		struct member *all = w->members;
		for (size_t i = 0; i < count; i++) {
			w->members = all + i;
			w->count = 1;
			run_members(w, said);
		}
		w->members = all;
		w->count = count;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct member *member = &w->members[i];
		if (rc < 0) {
			member->outcome.code = rc;
			member->outcome.error = err;
		}
		finish(member, NULL, 0);
	}
}

/* ---- the leader: gathering and answering ---- */

static struct member *add_member(
	struct writing *w, const struct buf *request, const char *file, struct error *err)
{
	GROW(w->members, w->count, w->capacity);
	struct member *member = &w->members[w->count++];
	*member = (struct member){ .file = file ? xstrdup(file) : NULL,
		.sent = { .since = OID_NONE, .commit = OID_NONE, .answer = BUF_INIT },
		.outcome = OUTCOME_INIT };
	struct outcome sent = OUTCOME_INIT;
	int rc = file ? read_answer(file, &sent, &member->sent, err) : ERR_NOT_FOUND;
	if (!rc)
		buf_add(&member->sent.answer, sent.answer.data, sent.answer.len);
	outcome_release(&sent);
	/* Nobody knows whether it was pushed: it stays in the queue, for the next leader. */
	if (rc < 0 && rc != ERR_NOT_FOUND) {
		free(member->file);
		w->count--;
		return NULL;
	}
	if (deed_read(&member->deed, request->data, request->len, &member->outcome.error) < 0) {
		/* A request of another version: whoever waits is told, the others go on. */
		member->outcome.code = member->outcome.error.code;
		error_set(err, ERR_FAILED,
			"the request cannot be read; this is a bug of git-build's");
		if (member->file) {
			write_answer(member, NULL, NULL);
			remove_file(member->file, taken_end);
		}
		free(member->file);
		w->count--;
		return NULL;
	}
	return member;
}

static void drop_members(struct writing *w)
{
	for (size_t i = 0; i < w->count; i++) {
		deed_release(&w->members[i].deed);
		free(w->members[i].file);
		buf_release(&w->members[i].sent.answer);
		outcome_release(&w->members[i].outcome);
	}
	free(w->members);
	w->members = NULL;
	w->count = w->capacity = 0;
}

/* Does nobody wait for `path` any more? */
static bool is_orphan(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT; /* else the next leader looks again */
	bool orphan = !flock(fd, LOCK_EX | LOCK_NB);
	close(fd);
	return orphan;
}

static void mark_taken(const char *file)
{
	struct buf from = BUF_INIT, to = BUF_INIT;
	/* Nothing to do where a leader that died has done so. */
	rename(name_of(&from, file, request_end), name_of(&to, file, taken_end));
	buf_release(&from);
	buf_release(&to);
}

/* Takes the request `file`, if somebody still waits for it. */
static void take(struct writing *w, const char *file)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	mark_taken(file);
	name_of(&path, file, taken_end);
	if (is_orphan(path.data)) {
		remove_file(file, taken_end);
		remove_file(file, answer_end);
	} else if (!file_read(&text, path.data, REQUEST_LIMIT, NULL)) {
		add_member(w, &text, file, NULL);
	}
	buf_release(&path);
	buf_release(&text);
}

/* Takes what waits in the queue, in the order of arrival, but for `own`. */
static int take_all(struct writing *w, const char *own, struct error *err)
{
	struct buf path = BUF_INIT;
	struct file_list names;
	int rc = file_list_read(&names, w->folder.data, err);
	for (size_t i = 0; i < names.count && w->count < MOST_TOGETHER; i++) {
		const char *name = names.names[i], *dot = strrchr(name, '.');
		if (!dot || (strcmp(dot, request_end) && strcmp(dot, taken_end)))
			continue;
		buf_reset(&path);
		buf_addf(&path, "%s/%.*s", w->folder.data, (int)(dot - name), name);
		if (!own || strcmp(path.data, own))
			take(w, path.data);
	}
	file_list_release(&names);
	buf_release(&path);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int take_outbox(struct writing *w, struct error *err)
{
	int rc = outbox_read(&w->outbox, w->repo, err);
	for (size_t i = 0; !rc && i < w->outbox.count; i++) {
		const struct outbox_entry *entry = &w->outbox.entries[i];
		struct member *member =
			entry->refused ? NULL : add_member(w, &entry->request, NULL, NULL);
		if (member)
			member->entry = entry;
		else if (!entry->refused)
			rc = outbox_refuse(entry, "this git-build does not know it", err);
	}
	return rc;
}

/* Does a failure say nothing about the operation itself? */
static bool is_passing(int code)
{
	return code == ERR_UNREACHABLE || code == ERR_UNKNOWN || code == ERR_LOST_RACE ||
		code == ERR_TIMEOUT || code == ERR_FAILED;
}

static void answer_members(struct writing *w)
{
	for (size_t i = 0; i < w->count; i++) {
		struct member *member = &w->members[i];
		const struct outcome *outcome = &member->outcome;
		if (member->file) {
			write_answer(member, NULL, NULL);
			remove_file(member->file, taken_end);
		}
		if (!member->entry || (outcome->code && is_passing(outcome->code)))
			continue;
		if (!outcome->code || !member->deed.operation->later)
			outbox_drop(member->entry, NULL);
		else
			outbox_refuse(member->entry,
				outcome->code < 0 ? outcome->error.text
						  : "what it asks for is not so any more",
				NULL);
	}
}

/* Takes a request back that no leader has; false: one has it. */
static bool withdraw(const char *file)
{
	struct buf path = BUF_INIT;
	bool done = !unlink(name_of(&path, file, request_end));
	buf_release(&path);
	return done;
}

/* Called with the lock: does everybody's work, `request` (in the queue as `file`, or NULL) last. */
static void lead(
	struct writing *w, const struct buf *request, const char *file, struct outcome *outcome)
{
	struct buf said = BUF_INIT;
	struct error err = ERROR_INIT;
	int rc = take_outbox(w, &err);
	/* What is broken in the outbox stops nobody else. What cannot be read does: it is not
	 * nothing. */
	if (rc < 0 && rc != ERR_FAILED)
		buf_addf(&said, "the outbox waits: %s\n", err.text);
	if (rc != ERR_FAILED)
		rc = take_all(w, file, &err);
	if (rc == ERR_FAILED) {
		if (file)
			withdraw(file);
		outcome->error = err;
		outcome->code = rc;
		goto done;
	}
	size_t others = w->count;
	if (request) {
		if (file)
			mark_taken(file);
		if (!add_member(w, request, file, &outcome->error))
			outcome->code = outcome->error.code;
	}
	if (w->count) {
		run_members(w, &said);
		answer_members(w);
	}
	if (w->count > others) {
		struct outcome *own = &w->members[others].outcome;
		outcome->code = own->code;
		outcome->error = own->error;
		buf_add(&outcome->answer, own->answer.data, own->answer.len);
	}
	for (size_t i = 0; !request && i < w->count; i++)
		if (w->members[i].entry && is_passing(w->members[i].outcome.code)) {
			outcome->code = w->members[i].outcome.code;
			outcome->error = w->members[i].outcome.error;
		}
done:
	buf_add(&outcome->said, said.data, said.len);
	buf_release(&said);
	drop_members(w);
	outbox_release(&w->outbox);
}

/* ---- those who wait ---- */

/* 1, 0, or a negative code. */
static int is_answered(const char *file, struct error *err)
{
	/* It may be renamed between the first two questions. */
	const char *const ends[] = { request_end, taken_end, taken_end };
	struct buf path = BUF_INIT;
	int waits = 0;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends) && !waits; i++)
		waits = file_exists(name_of(&path, file, ends[i]), err);
	buf_release(&path);
	return waits < 0 ? waits : !waits;
}

/* Puts the request into the queue, where it is held for as long as the returned descriptor is open.
 */
static int enqueue(struct writing *w, const struct buf *request, const char *file, int *held,
	struct error *err)
{
	struct buf hidden = BUF_INIT, path = BUF_INIT;
	int rc = file_make_folders(w->folder.data, err);
	buf_addf(&hidden, "%s.new", file);
	name_of(&path, file, request_end);
	if (!rc) {
		*held = open(hidden.data, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (*held < 0 || flock(*held, LOCK_EX) < 0 ||
			write(*held, request->data, request->len) != (ssize_t)request->len ||
			rename(hidden.data, path.data) < 0) {
			rc = error_errno(err, ERR_FAILED, "cannot wait in %s", w->folder.data);
			unlink(hidden.data);
		}
	}
	buf_release(&hidden);
	buf_release(&path);
	return rc;
}

static int try_lock(struct writing *w, struct error *err)
{
	struct buf path = BUF_INIT, who = BUF_INIT;
	buf_addf(&path, "%s/write", repo_state_dir(w->repo));
	buf_addf(&who, "git-build, process %ld", (long)getpid());
	int rc = file_lock_acquire(&w->lock, path.data, who.data, 0, w->env, err);
	buf_release(&path);
	buf_release(&who);
	return rc;
}

/* Waits until the request is answered (1) or it is our turn to lead (0). */
static int wait_for_turn(struct writing *w, const char *file, struct error *err)
{
	const struct env *env = w->env;
	int64_t deadline = env->monotonic_ms(env->data) + w->settings->lock_wait_ms;
	for (;;) {
		struct error busy = ERROR_INIT;
		int answered = is_answered(file, &busy);
		if (answered > 0)
			return 1;
		int rc = try_lock(w, &busy);
		if (!rc && (answered = is_answered(file, &busy)) > 0) {
			file_lock_release(&w->lock);
			return 1;
		}
		if (!rc && !answered)
			return 0;
		if (!rc) {
			/* Nobody leads: if no leader has taken it, it can be taken back. */
			file_lock_release(&w->lock);
			bool back = withdraw(file);
			error_set(err, back ? ERR_FAILED : ERR_UNKNOWN, "%s; %s", busy.text,
				back ? "nothing was done" : "whether it was done is not known");
			return err->code;
		}
		bool late = env->monotonic_ms(env->data) >= deadline;
		if (rc != ERR_BUSY || (late && withdraw(file))) {
			error_set(err, rc, "%s; nothing was done", busy.text);
			return rc;
		}
		env->sleep_ms(env->data, 2 + env->random(env->data, 8));
	}
}

/* Others are at work: leaves the request to them, or leads once they are done. */
static void queue_up(struct writing *w, const struct buf *request, struct outcome *outcome)
{
	char id[UUID_SIZE];
	struct buf file = BUF_INIT;
	int held = -1;
	w->env->uuid(w->env->data, id);
	buf_addf(&file, "%s/%015" PRId64 "-%s", w->folder.data, w->env->monotonic_ms(w->env->data),
		id);
	int rc = enqueue(w, request, file.data, &held, &outcome->error);
	if (!rc)
		rc = wait_for_turn(w, file.data, &outcome->error);
	if (!rc)
		lead(w, request, file.data, outcome);
	else if (rc > 0)
		rc = read_answer(file.data, outcome, NULL, &outcome->error);
	if (rc < 0)
		outcome->code = rc;
	remove_file(file.data, answer_end);
	if (held >= 0)
		close(held);
	buf_release(&file);
}

int write_queue_run(struct repo *repo, const struct settings *settings, const struct buf *request,
	const struct env *env, struct outcome *outcome, struct error *err)
{
	struct writing w = { .repo = repo,
		.settings = settings,
		.env = env,
		.folder = BUF_INIT,
		.lock = FILE_LOCK_INIT };
	buf_addf(&w.folder, "%s/queue", repo_state_dir(repo));
	outcome->code = try_lock(&w, &outcome->error);
	if (!outcome->code)
		lead(&w, request, NULL, outcome);
	else if (outcome->code == ERR_BUSY && request)
		queue_up(&w, request, outcome);
	file_lock_release(&w.lock);
	buf_release(&w.folder);
	if (outcome->code < 0 && err)
		*err = outcome->error;
	return outcome->code;
}
