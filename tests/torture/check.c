/*
 * Compares the answers to clients with the history of the shared repository: finds locks with two
 * holders, jobs with two servers, messages that are lost or duplicated, and wrong answers.
 *
 * The history is the reflog of the shared branch: every state that it has had, in order, and the
 * time at which it was pushed by the clock of the shared repository. torture.c describes the logs
 * of the clients; they use the true clock of this machine.
 *
 * usage: check REPOSITORY [LOG...]
 * Prints a line for each error, and a summary at the end. Exits with 1 if there is an error.
 */
#include "base/alloc.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "json/document.h"
#include "git/repo.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What was true of a thing from one step of the history until its next fact. */
struct fact {
	size_t step;
	char *holder;                 /* of the lock or job; NULL: none */
	char *status;                 /* of the job */
	int64_t number, since, until; /* fence or attempt; locked_at; expires_at */
};

/* A lock, a job, a message, a commit, an operation, a text: "<kind> <name>". */
struct thing {
	char *name;
	struct fact *facts;
	size_t count, capacity;
	size_t seen; /* the last step at which a document had it */
};

struct step {
	struct oid commit;
	int64_t time;      /* when it was pushed, in seconds */
	size_t operations; /* how many requests were pushed together */
};

struct check {
	struct repo *repo;
	struct step *steps;
	size_t count, capacity;
	struct thing **things; /* sorted by name */
	size_t things_count, things_capacity;
	size_t wrong;
};

static void wrong(struct check *check, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void wrong(struct check *check, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	check->wrong++;
}

static void die(const struct error *err)
{
	fprintf(stderr, "check: %s\n", err->text);
	exit(128);
}

/* ---- things ---- */

/* The position of "<kind> <name>", or where it would be inserted. */
static size_t place_of(const struct check *check, const char *name, bool *found)
{
	size_t low = 0, high = check->things_count;
	*found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(check->things[middle]->name, name);
		if (!order)
			*found = true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct thing *find(const struct check *check, const char *kind, const char *name)
{
	struct buf key = BUF_INIT;
	bool found;
	buf_addf(&key, "%s %s", kind, name);
	size_t i = place_of(check, key.data, &found);
	buf_release(&key);
	return found ? check->things[i] : NULL;
}

/* The same; a new thing has no facts yet. */
static struct thing *make(struct check *check, const char *kind, const char *name)
{
	struct buf key = BUF_INIT;
	bool found;
	buf_addf(&key, "%s %s", kind, name);
	size_t i = place_of(check, key.data, &found);
	if (!found) {
		GROW(check->things, check->things_count, check->things_capacity);
		memmove(check->things + i + 1, check->things + i,
			(check->things_count - i) * sizeof(*check->things));
		check->things_count++;
		check->things[i] = xcalloc(1, sizeof(*check->things[i]));
		check->things[i]->name = buf_detach(&key);
	}
	buf_release(&key);
	return check->things[i];
}

static struct fact *add_fact(struct thing *thing, size_t step)
{
	GROW(thing->facts, thing->count, thing->capacity);
	thing->facts[thing->count] = (struct fact){ .step = step };
	return &thing->facts[thing->count++];
}

/* The fact after `step`; NULL: the thing did not exist yet. */
static const struct fact *fact_at(const struct thing *thing, size_t step)
{
	const struct fact *found = NULL;
	for (size_t i = 0; thing && i < thing->count && thing->facts[i].step <= step; i++)
		found = &thing->facts[i];
	return found;
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static const char *or_no_server(const char *who)
{
	return who ? who : "no server";
}

/* ---- the history ---- */

static const struct step *last_step(const struct check *check)
{
	return &check->steps[check->count - 1];
}

static int64_t time_of(const struct json_doc *doc, const struct json_value *value)
{
	size_t len;
	int64_t seconds = 0;
	const char *text = json_string(doc, value, &len);
	if (text)
		timestamp_parse(text, len, &seconds);
	return seconds;
}

static void check_lock(struct check *check, const struct thing *lock, const struct fact *old,
	const struct fact *new)
{
	const struct step *step = last_step(check);
	bool other = new->holder && old->holder &&strcmp(new->holder, old->holder) != 0;
	bool acquired =
		new->holder && (!same(new->holder, old->holder) || new->since != old->since);
	if (other && step->time < old->until)
		wrong(check, "%.12s: %s goes from %s to %s %lld s before it has expired",
			step->commit.hex, lock->name, old->holder, new->holder,
			(long long)(old->until - step->time));
	if (acquired ? new->number <= old->number : new->number < old->number)
		wrong(check, "%.12s: %s of %s has fence %lld, after %lld", step->commit.hex,
			lock->name, or_no_server(new->holder), (long long)new->number,
			(long long)old->number);
}

static void check_job(struct check *check, const struct thing *job, const struct fact *old,
	const struct fact *new)
{
	const struct step *step = last_step(check);
	bool runs = same(new->status, "running"), ran = same(old->status, "running");
	if (runs && ran && !same(new->holder, old->holder))
		wrong(check, "%.12s: %s goes from %s to %s while it runs", step->commit.hex,
			job->name, or_no_server(old->holder), or_no_server(new->holder));
	if (runs && (!ran || !same(new->holder, old->holder)) && new->number <= old->number)
		wrong(check, "%.12s: %s is claimed by %s at attempt %lld, after %lld",
			step->commit.hex, job->name, or_no_server(new->holder),
			(long long)new->number, (long long)old->number);
	if (same(old->status, "completed") && !same(new->status, "completed"))
		wrong(check, "%.12s: %s was completed, and is %s", step->commit.hex, job->name,
			new->status);
}

/* Add `fact` if it is new, after checking the transition to it. */
static void learn(struct check *check, struct thing *thing, struct fact *fact)
{
	static const struct fact before = { .step = 0 };
	const struct fact *old = thing->count ? &thing->facts[thing->count - 1] : &before;
	if (thing->count && same(old->holder, fact->holder) && same(old->status, fact->status) &&
		old->number == fact->number && old->since == fact->since &&
		old->until == fact->until) {
		free(fact->holder);
		free(fact->status);
		return;
	}
	if (*thing->name == 'l')
		check_lock(check, thing, old, fact);
	else if (*thing->name == 'j')
		check_job(check, thing, old, fact);
	struct fact copy = *fact;
	*add_fact(thing, check->count - 1) = copy;
}

static void learn_lock(struct check *check, struct thing *thing, const struct json_doc *doc,
	const struct json_value *v)
{
	struct fact fact = { .step = check->count - 1 };
	fact.holder = json_strdup(doc, json_member(doc, v, "locked_by"));
	fact.since = time_of(doc, json_member(doc, v, "locked_at"));
	fact.until = time_of(doc, json_member(doc, v, "expires_at"));
	json_int64(doc, json_member(doc, v, "fence"), &fact.number);
	learn(check, thing, &fact);
}

static void learn_job(struct check *check, struct thing *thing, const struct json_doc *doc,
	const struct json_value *v)
{
	struct fact fact = { .step = check->count - 1 };
	fact.holder = json_strdup(doc, json_member(doc, v, "assigned_to"));
	fact.status = json_strdup(doc, json_member(doc, v, "status"));
	json_int64(doc, json_member(doc, v, "attempt"), &fact.number);
	learn(check, thing, &fact);
}

/* Record that `words`, which only one request writes, are on a new thing. */
static void learn_words(
	struct check *check, const struct json_doc *doc, const struct json_value *words)
{
	char *text = json_strdup(doc, words);
	if (text)
		add_fact(make(check, "text", text), check->count - 1);
	free(text);
}

static void learn_thing(struct check *check, const char *kind, const char *name,
	const struct json_doc *doc, const struct json_value *value)
{
	struct thing *thing = make(check, kind, name);
	bool is_new = !thing->count;
	if (thing->seen == check->count)
		wrong(check, "%.12s: %s exists twice", last_step(check)->commit.hex, thing->name);
	thing->seen = check->count;
	if (*kind == 'l') {
		learn_lock(check, thing, doc, value);
	} else if (*kind == 'j') {
		if (is_new)
			learn_words(check, doc, json_member(doc, value, "description"));
		learn_job(check, thing, doc, value);
	} else if (is_new) {
		learn_words(check, doc, json_member(doc, value, "subject"));
		add_fact(thing, check->count - 1);
	}
}

/* Nothing is ever removed from these documents. */
static void find_missing(struct check *check, const char *kind)
{
	size_t len = strlen(kind);
	for (size_t i = 0; i < check->things_count; i++) {
		struct thing *thing = check->things[i];
		if (!strncmp(thing->name, kind, len) && thing->name[len] == ' ' &&
			thing->seen != check->count) {
			wrong(check, "%.12s: %s was removed", last_step(check)->commit.hex,
				thing->name);
			thing->seen = check->count;
		}
	}
}

static void read_document(
	struct check *check, const char *kind, const char *path, const char *member)
{
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;
	struct json_doc *doc;
	struct oid now, before = OID_NONE;
	const struct oid *commit = &last_step(check)->commit;
	if (repo_find(check->repo, commit, path, &now, NULL) < 0)
		now = OID_NONE;
	if (check->count > 1)
		repo_find(check->repo, &check->steps[check->count - 2].commit, path, &before, NULL);
	if (oid_equal(&now, &before))
		return;
	if (oid_is_none(&now)) {
		wrong(check, "%.12s: %s was removed", commit->hex, path);
		return;
	}
	if (repo_read(check->repo, commit, path, 0, &text, NULL, &err) < 0 ||
		json_parse_buf(&doc, &text, path, NULL, &err) < 0) {
		wrong(check, "%.12s: %s", commit->hex, err.text);
		return;
	}
	const struct json_value *all = json_member(doc, json_root(doc), member);
	JSON_EACH (value, all) {
		size_t len;
		const char *key = *kind == 'l' ? json_key(doc, value, &len) : NULL;
		char *name =
			key ? xstrndup(key, len) : json_strdup(doc, json_member(doc, value, "id"));
		learn_thing(check, kind, name ? name : "", doc, value);
		free(name);
	}
	json_doc_free(doc);
	find_missing(check, kind);
}

/* Each request named in a commit was applied once. */
static void read_operations(struct check *check, const char *message)
{
	static const char trailer[] = "\nOperation-Id: ";
	struct step *step = &check->steps[check->count - 1];
	for (const char *at = message; (at = strstr(at, trailer));) {
		at += strlen(trailer);
		char *id = xstrndup(at, strcspn(at, "\n"));
		struct thing *operation = make(check, "operation", id);
		if (operation->count)
			wrong(check, "%.12s: %s was already applied in %.12s", step->commit.hex,
				operation->name, check->steps[operation->facts[0].step].commit.hex);
		add_fact(operation, check->count - 1);
		step->operations++;
		free(id);
	}
}

static void read_step(struct check *check, const char *line)
{
	struct error err = ERROR_INIT;
	struct commit commit = { .message = BUF_INIT };
	struct oid old;
	const char *identity_end = strchr(line, '>');
	GROW(check->steps, check->count, check->capacity);
	struct step *step = &check->steps[check->count];
	*step = (struct step){ .operations = 0 };
	char first[41], second[41];
	if (sscanf(line, "%40s %40s", first, second) != 2 || !oid_parse(&old, first) ||
		!oid_parse(&step->commit, second) || !identity_end) {
		error_set(&err, ERR_INVALID, "'%.100s' is not a line of a reflog", line);
		die(&err);
	}
	step->time = strtoll(identity_end + 1, NULL, 10);
	struct oid tip = check->count ? check->steps[check->count - 1].commit : OID_NONE;
	check->count++;
	if (repo_commit(check->repo, &step->commit, &commit, &err) < 0)
		die(&err);
	if (!oid_equal(&old, &tip) || (!oid_is_none(&old) && !oid_equal(&commit.parent, &old)))
		wrong(check, "%.12s does not follow the previous state, %.12s", step->commit.hex,
			tip.hex);
	add_fact(make(check, "commit", step->commit.hex), check->count - 1);
	read_operations(check, commit.message.data);
	read_document(check, "lock", "coordination/locks.json", "locks");
	read_document(check, "job", "coordination/jobs.json", "jobs");
	read_document(check, "message", "coordination/messages.json", "messages");
	buf_release(&commit.message);
}

static void read_history(struct check *check, const char *branch)
{
	struct error err = ERROR_INIT;
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct oid tip;
	buf_addf(&path, "%s/logs/refs/heads/%s", repo_git_dir(check->repo), branch);
	if (file_read(&text, path.data, SIZE_MAX, &err) < 0)
		die(&err);
	for (char *line = text.data, *end; *line; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		read_step(check, line);
	}
	buf_reset(&path);
	buf_addf(&path, "refs/heads/%s", branch);
	if (repo_ref(check->repo, path.data, &tip, &err) < 0)
		die(&err);
	if (!check->count || !oid_equal(&tip, &last_step(check)->commit))
		wrong(check, "%.12s, the tip, is not in its reflog", tip.hex);
	buf_release(&path);
	buf_release(&text);
}

/* ---- the answers to clients ---- */

struct reply {
	const char *log;
	int64_t n, asked, answered; /* microseconds; INT64_MAX: never answered */
	char *server, *op, *object;
	int64_t code;
	bool kept;
	size_t step;           /* of the commit in the answer; SIZE_MAX: none */
	struct json_doc *line; /* with the answer; NULL: none */
	const struct json_value *answer;
};

static int64_t number(const struct reply *reply, const char *a, const char *b)
{
	int64_t number = 0;
	const struct json_value *value = reply->answer;
	value = json_member(reply->line, value, a);
	json_int64(reply->line, b ? json_member(reply->line, value, b) : value, &number);
	return number;
}

static char *string(const struct reply *reply, const char *a, const char *b)
{
	const struct json_value *value = reply->answer;
	value = json_member(reply->line, value, a);
	return json_strdup(reply->line, b ? json_member(reply->line, value, b) : value);
}

static void lie(struct check *check, const struct reply *reply, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void lie(struct check *check, const struct reply *reply, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list args;
	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	wrong(check, "%s, %lld: %s %s by %s: %s", reply->log, (long long)reply->n, reply->op,
		reply->object, reply->server, text.data);
	buf_release(&text);
}

/* Answered once, and no other client got the same answer. */
static void check_unique(struct check *check, const struct reply *reply, const char *what,
	const char *name, int64_t nth)
{
	struct buf key = BUF_INIT;
	buf_addf(&key, "%s %lld", name, (long long)nth);
	struct thing *thing = make(check, what, key.data);
	if (thing->count)
		lie(check, reply, "%s was already given in another answer", thing->name);
	add_fact(thing, 0);
	buf_release(&key);
}

/* Of requests that were pushed together, only the effect of the last one is visible; a later
 * fence is proof, too. */
static bool is_covered(
	const struct check *check, const struct reply *reply, const struct fact *fact, int64_t nth)
{
	return check->steps[reply->step].operations > 1 || fact->number > nth;
}

static void check_lock_done(struct check *check, const struct reply *reply)
{
	const struct fact *fact = fact_at(find(check, "lock", reply->object), reply->step);
	int64_t fence = number(reply, "fence", NULL);
	char *until = string(reply, "expires_at", NULL);
	bool acquires = !strcmp(reply->op, "lock acquire");
	bool holds = acquires || !strcmp(reply->op, "lock renew");
	int64_t seconds = 0;
	if (acquires)
		check_unique(check, reply, "fence", reply->object, fence);
	if (until)
		timestamp_parse(until, strlen(until), &seconds);
	if (!fact || fact->number < fence)
		lie(check, reply, "there is no fence %lld in the history", (long long)fence);
	else if (!is_covered(check, reply, fact, fence) &&
		!same(fact->holder, holds ? reply->server : NULL))
		lie(check, reply, "in the history, it belongs to %s", or_no_server(fact->holder));
	else if (!is_covered(check, reply, fact, fence) && holds && fact->until != seconds)
		lie(check, reply, "in the history, it has another expiry");
	free(until);
}

static void check_job_done(struct check *check, const struct reply *reply)
{
	char *id = !strcmp(reply->op, "job add") ? string(reply, "id", NULL)
						 : string(reply, "job", "id");
	const struct fact *fact = fact_at(find(check, "job", id ? id : ""), reply->step);
	int64_t attempt = number(reply, "job", "attempt");
	const char *status = !strcmp(reply->op, "job claim") ? "running"
		: !strcmp(reply->op, "job complete")         ? "completed"
		: !strcmp(reply->op, "job fail")             ? "failed"
		: !strcmp(reply->op, "job cancel")           ? "cancelled"
							     : "queued";
	if (!strcmp(reply->op, "job claim"))
		check_unique(check, reply, "attempt", id ? id : "", attempt);
	if (!fact)
		lie(check, reply, "there is no job %s in the history", id ? id : "");
	else if (!is_covered(check, reply, fact, attempt) && !same(fact->status, status))
		lie(check, reply, "in the history, it is %s", fact->status);
	else if (!is_covered(check, reply, fact, attempt) && !strcmp(status, "running") &&
		!same(fact->holder, reply->server))
		lie(check, reply, "in the history, it belongs to %s", or_no_server(fact->holder));
	free(id);
}

static void check_message_done(struct check *check, const struct reply *reply)
{
	char *id = string(reply, "id", NULL);
	if (!fact_at(find(check, "message", id ? id : ""), reply->step))
		lie(check, reply, "there is no message %s in the history", id ? id : "");
	free(id);
}

/* Was the lock of a refused request ever held as the answer states, between request and answer? */
static void check_lock_refused(struct check *check, const struct reply *reply)
{
	const struct thing *lock = find(check, "lock", reply->object);
	char *holder = string(reply, "locked_by", NULL);
	int64_t fence = number(reply, "fence", NULL);
	bool found = false;
	for (size_t i = 0; lock && i < lock->count && !found; i++) {
		const struct fact *fact = &lock->facts[i];
		int64_t end = i + 1 < lock->count ? check->steps[fact[1].step].time : INT64_MAX;
		found = fact->number == fence && same(fact->holder, holder) &&
			check->steps[fact->step].time <= reply->answered / 1000000 &&
			end >= reply->asked / 1000000;
	}
	if (!found)
		lie(check, reply,
			"the answer names the holder %s with fence %lld, which did not exist",
			or_no_server(holder), (long long)fence);
	free(holder);
}

/* The commit in an answer must exist, and have been pushed between request and answer. */
static void check_commit(struct check *check, struct reply *reply)
{
	char *commit = string(reply, "commit", NULL);
	if (commit) {
		const struct thing *thing = find(check, "commit", commit);
		if (!thing) {
			lie(check, reply, "%.12s was never on the shared branch", commit);
		} else {
			reply->step = thing->facts[0].step;
			int64_t time = check->steps[reply->step].time;
			if (time < reply->asked / 1000000 || time > reply->answered / 1000000)
				lie(check, reply, "%.12s was not pushed between request and answer",
					commit);
		}
	}
	free(commit);
}

static void check_reply(struct check *check, struct reply *reply)
{
	bool message = !strcmp(reply->op, "message send");
	if (message || !strcmp(reply->op, "job add")) {
		const struct thing *words = find(check, "text", reply->object);
		size_t there = words ? words->count : 0;
		if (there > 1)
			lie(check, reply, "it exists %zu times", there);
		if (!there && reply->line && (!reply->code || reply->kept))
			lie(check, reply, "it was %s, and is lost",
				reply->kept ? "kept" : "acknowledged");
		if (there && reply->code > 0 && !reply->kept)
			lie(check, reply, "the answer is a failure, and it exists");
	}
	if (reply->code == 1 && !strcmp(reply->op, "lock acquire"))
		check_lock_refused(check, reply);
	if (reply->code || !reply->answer)
		return;
	check_commit(check, reply);
	if (reply->step == SIZE_MAX)
		return;
	if (!strncmp(reply->op, "lock ", 5))
		check_lock_done(check, reply);
	else if (!strncmp(reply->op, "job ", 4) && strcmp(reply->op, "job reap") != 0)
		check_job_done(check, reply);
	else if (message)
		check_message_done(check, reply);
}

static int by_asking(const void *left, const void *right)
{
	const struct reply *a = left, *b = right;
	return a->asked < b->asked ? -1 : a->asked > b->asked;
}

static int by_answer(const void *left, const void *right)
{
	const struct reply *const *a = left, *const *b = right;
	return (*a)->answered < (*b)->answered ? -1 : (*a)->answered > (*b)->answered;
}

/* A request that was answered before another one was made took effect before it. `all` is sorted
 * by_asking. */
static void check_order(struct check *check, const struct reply *all, size_t count)
{
	const struct reply **answered = xcalloc(count + 1, sizeof(*answered)), *latest = NULL;
	size_t next = 0;
	for (size_t i = 0; i < count; i++)
		answered[i] = &all[i];
	qsort(answered, count, sizeof(*answered), by_answer);
	for (size_t i = 0; i < count; i++) {
		for (; next < count && answered[next]->answered < all[i].asked; next++)
			if (answered[next]->step != SIZE_MAX &&
				(!latest || answered[next]->step > latest->step))
				latest = answered[next];
		if (latest && all[i].step != SIZE_MAX && all[i].step <= latest->step)
			lie(check, &all[i],
				"it took effect before operation %lld of %s, which was already "
				"answered",
				(long long)latest->n, latest->log);
	}
	free(answered);
}

/* ---- the logs ---- */

struct log {
	struct reply *reply;
	size_t count, capacity;
};

static void read_line(struct log *log, const char *name, const char *text, size_t len)
{
	struct error err = ERROR_INIT;
	struct json_doc *doc;
	struct buf copy = BUF_INIT;
	int64_t n = 0, at = 0;
	buf_add(&copy, text, len);
	if (json_parse_buf(&doc, &copy, name, NULL, &err) < 0)
		die(&err);
	const struct json_value *root = json_root(doc);
	json_int64(doc, json_member(doc, root, "n"), &n);
	json_int64(doc, json_member(doc, root, "at"), &at);
	if (json_member(doc, root, "op")) {
		GROW(log->reply, log->count, log->capacity);
		log->reply[log->count++] = (struct reply){
			.log = name,
			.n = n,
			.asked = at,
			.answered = INT64_MAX,
			.code = -1,
			.step = SIZE_MAX,
			.server = json_strdup(doc, json_member(doc, root, "server")),
			.op = json_strdup(doc, json_member(doc, root, "op")),
			.object = json_strdup(doc, json_member(doc, root, "object")),
		};
		json_doc_free(doc);
		return;
	}
	struct reply *reply = log->count ? &log->reply[log->count - 1] : NULL;
	if (!reply || reply->n != n || reply->log != name) {
		error_set(&err, ERR_INVALID, "%s: answer %lld has no request", name, (long long)n);
		die(&err);
	}
	const struct json_value *kept = json_member(doc, root, "kept");
	json_int64(doc, json_member(doc, root, "code"), &reply->code);
	reply->answered = at;
	reply->kept = kept && kept->type == JSON_TRUE;
	reply->line = doc;
	reply->answer = json_member(doc, root, "answer");
}

static void read_log(struct log *log, const char *path)
{
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;
	if (file_read(&text, path, SIZE_MAX, &err) < 0)
		die(&err);
	for (char *line = text.data; *line;) {
		size_t len = strcspn(line, "\n");
		read_line(log, path, line, len);
		line += len + (line[len] == '\n');
	}
	buf_release(&text);
}

static void check_logs(struct check *check, char *const *paths, int count)
{
	struct log log = { NULL, 0, 0 };
	size_t done = 0;
	for (int i = 0; i < count; i++)
		read_log(&log, paths[i]);
	if (log.count)
		qsort(log.reply, log.count, sizeof(*log.reply), by_asking);
	for (size_t i = 0; i < log.count; i++) {
		check_reply(check, &log.reply[i]);
		done += !log.reply[i].code;
	}
	check_order(check, log.reply, log.count);
	printf("%zu operations, %zu acknowledged; ", log.count, done);
	for (size_t i = 0; i < log.count; i++) {
		free(log.reply[i].server);
		free(log.reply[i].op);
		free(log.reply[i].object);
		json_doc_free(log.reply[i].line);
	}
	free(log.reply);
}

static void release(struct check *check)
{
	for (size_t i = 0; i < check->things_count; i++) {
		struct thing *thing = check->things[i];
		for (size_t k = 0; k < thing->count; k++) {
			free(thing->facts[k].holder);
			free(thing->facts[k].status);
		}
		free(thing->facts);
		free(thing->name);
		free(thing);
	}
	free(check->things);
	free(check->steps);
	repo_close(check->repo);
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct check check = { .repo = NULL };
	if (argc < 2) {
		fprintf(stderr, "usage: check REPOSITORY [LOG...]\n");
		return 129;
	}
	if (repo_open(&check.repo, argv[1], &err) < 0)
		die(&err);
	read_history(&check, "main");
	check_logs(&check, argv + 2, argc - 2);
	printf("%zu states of the shared branch; %zu wrong\n", check.count, check.wrong);
	release(&check);
	return check.wrong > 0;
}
