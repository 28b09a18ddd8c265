#include "deliver/service.h"

#include "base/alloc.h"
#include "git/state.h"
#include "remote/remote.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	STATE_LIMIT = 4096,
	KNOWN_FOR = 86400,
	SILENT_FOR = 600,
	MOST_BYTES = 512 << 10,
	MOST_CALLS = 64,
	BACKOFF_MS = 100
};

/* ---- what is known about the shared repository: "<seconds> <1 or 0> <commit or -> <URL>" ---- */

struct known {
	int64_t at; /* seconds since 1970; 0: nothing is known */
	bool applies;
	struct oid commit; /* the last one that an answer named */
};

static struct known read_known(struct repo *repo, const struct settings *settings)
{
	struct known known = { 0, false, OID_NONE };
	struct buf text = BUF_INIT, url = BUF_INIT;
	char commit[41] = "";
	int applies = 0, end = 0;
	remote_url(repo, settings->remote, &url);
	/* If the file cannot be read, the remote is asked. */
	if (!state_read(&text, repo, "service", STATE_LIMIT, NULL) &&
		sscanf(text.data, "%" SCNd64 " %d %40s %n", &known.at, &applies, commit, &end) ==
			3 &&
		end && !strncmp(text.data + end, url.data, url.len) &&
		!strcmp(text.data + end + url.len, "\n")) {
		known.applies = applies == 1;
		if (!oid_parse(&known.commit, commit))
			known.commit = OID_NONE;
	} else {
		known.at = 0;
	}
	buf_release(&text);
	buf_release(&url);
	return known;
}

/* Without the file, the remote is asked again. */
static void write_known(
	struct repo *repo, const struct settings *settings, const struct known *known)
{
	struct buf text = BUF_INIT, url = BUF_INIT;
	remote_url(repo, settings->remote, &url);
	buf_addf(&text, "%" PRId64 " %d %s %s\n", known->at, known->applies,
		oid_is_none(&known->commit) ? "-" : known->commit.hex, url.data);
	state_write(repo, "service", text.data, false, NULL);
	buf_release(&text);
	buf_release(&url);
}

static int ask_whether(struct repo *repo, const struct settings *settings, const struct env *env,
	struct error *err)
{
	struct remote_settings remote = { settings->remote, settings->timeout_ms };
	struct known known = read_known(repo, settings);
	struct oid ref;
	int rc = remote_ref(repo, &remote, EXCHANGE_REF, &ref, err);
	if (rc < 0)
		return rc;
	known.at = env_now(env);
	known.applies = !oid_is_none(&ref);
	write_known(repo, settings, &known);
	return known.applies;
}

int service_find(struct repo *repo, const struct settings *settings, const struct env *env,
	struct error *err)
{
	/* With several URLs to push to, each repository would apply the request by itself. */
	if (!settings->requests || remote_has_push_url(repo, settings->remote))
		return 0;
	struct known known = read_known(repo, settings);
	int64_t age = env_now(env) - known.at;
	if (known.at && age >= 0 && age < KNOWN_FOR)
		return known.applies;
	return ask_whether(repo, settings, env, err);
}

struct oid service_mark(struct repo *repo, const struct settings *settings)
{
	struct oid mark = read_known(repo, settings).commit;
	if (oid_is_none(&mark))
		repo_tracking_ref(repo, settings->remote, settings->branch, &mark, NULL);
	return mark;
}

/* ---- sending ---- */

bool service_takes(size_t len)
{
	enum { ENVELOPE = 200 };
	return len + ENVELOPE <= EXCHANGE_LIMIT;
}

static bool is_final(const struct service_call *call)
{
	return call->answered.verdict != VERDICT_NONE && call->answered.verdict != VERDICT_FAILED;
}

struct sending {
	struct repo *repo;
	const struct settings *settings;
	const struct env *env;
	struct service_call *calls;
	size_t count;
	struct buf *said;
};

static void take_answer(struct sending *s, const char *line, size_t len)
{
	struct answered answered = ANSWERED_INIT;
	char *id = answered_read(&answered, line, len);
	for (size_t i = 0; id && i < s->count; i++)
		if (!strcmp(s->calls[i].id, id) && !is_final(&s->calls[i])) {
			answered_release(&s->calls[i].answered);
			s->calls[i].answered = answered;
			answered = (struct answered)ANSWERED_INIT;
			break;
		}
	answered_release(&answered);
	free(id);
}

/* Takes the answers from the remote's output; all other lines are for the user. */
static void take_answers(struct sending *s, const struct buf *output)
{
	const size_t skip = strlen(EXCHANGE_ANSWER);
	for (const char *line = output->data; *line;) {
		size_t len = strcspn(line, "\n");
		/* A hook may have printed text without a line feed before it. */
		const char *answer = memmem(line, len, EXCHANGE_ANSWER, skip);
		size_t words = answer ? (size_t)(answer - line) : len;
		if (answer)
			take_answer(s, answer + skip, len - words - skip);
		if (s->said && (!answer || words))
			buf_addf(s->said, "%.*s\n", (int)words, line);
		line += len;
		line += *line == '\n';
	}
}

/* Sends as many calls without a final answer as one push can carry. Returns as remote_request(). */
static int send_some(struct sending *s, struct error *err)
{
	struct remote_settings remote = { s->settings->remote, s->settings->timeout_ms };
	struct buf lines[MOST_CALLS], said = BUF_INIT;
	const char *options[MOST_CALLS];
	size_t used = 0, bytes = 0;
	for (size_t i = 0; i < s->count && used < MOST_CALLS && bytes < MOST_BYTES; i++) {
		const struct service_call *call = &s->calls[i];
		if (is_final(call))
			continue;
		lines[used] = (struct buf)BUF_INIT;
		asked_write(&lines[used], call->request, &call->since, call->apply,
			s->settings->branch);
		options[used] = lines[used].data;
		bytes += lines[used++].len;
	}
	int rc = remote_request(s->repo, &remote, EXCHANGE_REF, options, used, &said, err);
	take_answers(s, &said);
	for (size_t i = 0; i < used; i++)
		buf_release(&lines[i]);
	buf_release(&said);
	return rc;
}

static size_t count_open(const struct sending *s)
{
	size_t open = 0;
	for (size_t i = 0; i < s->count; i++)
		open += !is_final(&s->calls[i]);
	return open;
}

static void note_commits(struct sending *s)
{
	struct known known = read_known(s->repo, s->settings);
	for (size_t i = 0; i < s->count; i++)
		if (s->calls[i].answered.verdict == VERDICT_DONE &&
			!oid_is_none(&s->calls[i].answered.commit))
			known.commit = s->calls[i].answered.commit;
	if (known.at)
		write_known(s->repo, s->settings, &known);
}

/* The reason why a call was not answered: the last one that the shared repository gave. */
static const char *why_failed(const struct sending *s, const struct error *err)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->calls[i].answered.verdict == VERDICT_FAILED)
			return s->calls[i].answered.reason.data;
	return err->text;
}

static bool has_silent(const struct sending *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->calls[i].answered.verdict == VERDICT_NONE)
			return true;
	return false;
}

/* The remote has the service, but did not answer: for some time, changes are pushed as commits. */
static void note_silence(struct sending *s)
{
	struct known known = read_known(s->repo, s->settings);
	known.at = env_now(s->env) - KNOWN_FOR + SILENT_FOR;
	known.applies = false;
	write_known(s->repo, s->settings, &known);
}

static int send_all(struct sending *s, struct error *err)
{
	struct error failed = ERROR_INIT;
	bool doubt = false;
	int attempts = 0;
	for (size_t open = s->count; open;) {
		failed = (struct error)ERROR_INIT;
		int rc = send_some(s, &failed);
		size_t left = count_open(s);
		if (left < open) {
			open = left;
			continue;
		}
		/* Without any answer, the remote may not apply requests any more. */
		int applies = rc == ERR_UNREACHABLE || !has_silent(s)
			? 1
			: ask_whether(s->repo, s->settings, s->env, NULL);
		if (!applies)
			return error_set(err, doubt ? ERR_UNKNOWN : ERR_NOT_FOUND,
				"'%s' does not apply requests any more", s->settings->remote);
		doubt = doubt || (rc != ERR_UNREACHABLE && has_silent(s));
		if (++attempts < s->settings->attempts) {
			env_back_off(s->env, BACKOFF_MS, attempts);
			continue;
		}
		if (rc != ERR_UNREACHABLE && has_silent(s))
			note_silence(s);
		return error_set(err, doubt ? ERR_UNKNOWN : ERR_UNREACHABLE,
			"gave up after %d attempts: %s", attempts, why_failed(s, &failed));
	}
	return 0;
}

int service_send(struct repo *repo, const struct settings *settings, const struct env *env,
	struct service_call *calls, size_t count, struct buf *said, struct error *err)
{
	struct sending s = { repo, settings, env, calls, count, said };
	int rc = send_all(&s, err);
	note_commits(&s);
	return rc;
}
