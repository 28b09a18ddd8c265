/*
 * proc-receive: runs in the shared repository, and applies the requests that a push carries as
 * push options (serve/serve.h).
 *
 * git runs it instead of updating the refs in receive.procReceiveRefs, and talks to it in packets
 * (githooks(5), "proc-receive", and gitprotocol-common(5) for the packets). The only command that
 * it accepts is the deletion of EXCHANGE_REF, which stays: a push that only deletes a ref sends no
 * objects. Each answer is a line on standard error, which git sends to the client.
 */
#include "check.h"
#include "hook.h"

#include "base/alloc.h"
#include "git/repo.h"
#include "request/exchange.h"
#include "serve/serve.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LENGTH = 4, MOST_PACKET = 65520, MOST_REQUESTS = 64, WAIT_MS = 20000 };

/* ---- packets ---- */

static bool read_exactly(char *out, size_t len)
{
	while (len) {
		ssize_t got = read(STDIN_FILENO, out, len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		out += got;
		len -= (size_t)got;
	}
	return true;
}

/* Replaces `out` by the next packet, without a line feed at its end. Returns 1; 0 for a flush
 * packet; or -1 after printing the reason. */
static int read_packet(struct buf *out)
{
	char digits[LENGTH + 1] = "";
	char *end = digits;
	buf_reset(out);
	unsigned long len = read_exactly(digits, LENGTH) ? strtoul(digits, &end, 16) : 1;
	if (end == digits + LENGTH && !len)
		return 0;
	char *data = end == digits + LENGTH && len > LENGTH && len <= MOST_PACKET
		? xcalloc(1, len - LENGTH)
		: NULL;
	if (!data || !read_exactly(data, len - LENGTH)) {
		hook_print("proc-receive: unexpected end of the packets from git");
		free(data);
		return -1;
	}
	buf_add(out, data, len - LENGTH);
	free(data);
	if (out->len && out->data[out->len - 1] == '\n')
		buf_truncate(out, out->len - 1);
	return 1;
}

static void write_packet(const struct buf *data)
{
	printf("%04zx", data->len + LENGTH);
	fwrite(data->data, 1, data->len, stdout);
}

/* Appends a packet to `out`. */
static void add_packet(struct buf *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void add_packet(struct buf *out, const char *format, ...)
{
	struct buf data = BUF_INIT;
	va_list args;
	va_start(args, format);
	buf_vaddf(&data, format, args);
	va_end(args);
	buf_addf(out, "%04zx%s", data.len + LENGTH, data.data);
	buf_release(&data);
}

static int flush_packets(void)
{
	printf("0000");
	if (!fflush(stdout))
		return 0;
	hook_print("proc-receive: cannot write to git");
	return -1;
}

/* ---- the conversation ---- */

struct list {
	struct buf *lines;
	size_t count, capacity;
};

/* Reads packets up to a flush packet. */
static int read_list(struct list *list)
{
	struct buf packet = BUF_INIT;
	int rc;
	while ((rc = read_packet(&packet)) > 0) {
		GROW(list->lines, list->count, list->capacity);
		list->lines[list->count++] = packet;
		packet = (struct buf)BUF_INIT;
	}
	buf_release(&packet);
	return rc;
}

static void release_list(struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		buf_release(&list->lines[i]);
	free(list->lines);
}

/* Does git send push options? The capabilities follow "version=1" and a NUL. */
static bool has_options(const struct buf *greeting)
{
	size_t len = strlen(greeting->data);
	return len < greeting->len && strstr(greeting->data + len + 1, "push-options");
}

/* Both sides send their version and capabilities. Stores whether push options follow. */
static int agree(bool *options)
{
	static const char reply[] = "version=1\0push-options";
	struct list greeting = { NULL, 0, 0 };
	struct buf packet = BUF_INIT;
	int rc = read_list(&greeting);
	if (!rc && (!greeting.count || strcmp(greeting.lines[0].data, "version=1") != 0)) {
		hook_print("proc-receive: this version of git is not supported");
		rc = -1;
	}
	*options = !rc && has_options(&greeting.lines[0]);
	buf_add(&packet, reply, *options ? sizeof(reply) - 1 : strlen(reply));
	if (!rc) {
		write_packet(&packet);
		rc = flush_packets();
	}
	buf_release(&packet);
	release_list(&greeting);
	return rc;
}

/* ---- answers ---- */

static void print_answer(const struct buf *line, void *data)
{
	(void)data;
	/* JSON has no control characters: there is nothing to escape. */
	fprintf(stderr, EXCHANGE_ANSWER "%s\n", line->data);
}

struct conversation {
	const struct hook *hook;
	struct buf moves; /* packets that report them */
};

/* Runs the hook `name` next to ours as git would run it for a push. Returns 0, 1 if it rejects the
 * change, or ERR_FAILED. */
static int ask_hook(const struct hook *ours, const char *name, const char *suffix,
	const char *const *arguments, const struct buf *input, struct buf *why)
{
	const char *slash = ours->kept ? strrchr(ours->kept, '/') : NULL;
	struct buf path = BUF_INIT;
	if (!slash)
		return 0;
	buf_addf(&path, "%.*s/%s%s", (int)(slash - ours->kept), ours->kept, name, suffix);
	int rc = hook_run_other(path.data, arguments, input);
	if (rc > 0)
		buf_addf(why, "the hook %s of the repository rejects the change", name);
	buf_release(&path);
	return rc < 0 ? ERR_FAILED : rc;
}

/* The same for a hook that init has moved aside, with the same suffix as the user's own
 * proc-receive. */
static int ask_kept(const struct hook *ours, const char *name, const char *const *arguments,
	const struct buf *input, struct buf *why)
{
	static const char prefix[] = "/proc-receive";
	const char *suffix = ours->kept ? strrchr(ours->kept, '/') : NULL;
	if (!suffix || strncmp(suffix, prefix, strlen(prefix)) != 0)
		return 0;
	return ask_hook(ours, name, suffix + strlen(prefix), arguments, input, why);
}

static void add_change(
	struct buf *line, const char *ref, const struct oid *from, const struct oid *to)
{
	buf_addf(line, "%s %s %s\n", from->hex, to->hex, ref);
}

/* Asks the user's hooks in the order in which git runs them for a push. */
static int may_move(
	const char *ref, const struct oid *from, const struct oid *to, struct buf *why, void *data)
{
	const struct hook *ours = ((const struct conversation *)data)->hook;
	const char *const none[] = { NULL }, *const update[] = { ref, from->hex, to->hex, NULL };
	const char *const prepared[] = { "prepared", NULL };
	struct buf line = BUF_INIT;
	add_change(&line, ref, from, to);
	int rc = ask_kept(ours, "pre-receive", none, &line, why);
	if (!rc)
		rc = ask_hook(ours, "update", "", update, NULL, why);
	if (!rc)
		rc = ask_kept(ours, "reference-transaction", prepared, &line, why);
	buf_release(&line);
	return rc;
}

/* As git does, ignores the result. */
static void report_committed(
	const struct hook *ours, const char *ref, const struct oid *from, const struct oid *to)
{
	const char *const committed[] = { "committed", NULL };
	struct buf line = BUF_INIT, ignored = BUF_INIT;
	add_change(&line, ref, from, to);
	ask_kept(ours, "reference-transaction", committed, &line, &ignored);
	buf_release(&line);
	buf_release(&ignored);
}

/* git is to report to post-receive and to the client that the branch has moved, not the ref that
 * the request names. */
static void note_move(const char *ref, const struct oid *from, const struct oid *to, void *data)
{
	struct conversation *c = data;
	report_committed(c->hook, ref, from, to);
	add_packet(&c->moves, "ok " EXCHANGE_REF);
	add_packet(&c->moves, "option refname %s", ref);
	add_packet(&c->moves, "option old-oid %s", from->hex);
	add_packet(&c->moves, "option new-oid %s", to->hex);
}

static int apply(const struct list *options, struct conversation *c)
{
	struct repo *repo = NULL;
	struct error err = ERROR_INIT;
	struct serve_plan plan = { getenv, WAIT_MS, env_system(), may_move, print_answer, note_move,
		c };
	int rc = repo_open(&repo, NULL, &err);
	if (!rc)
		repo_share_files(repo);
	if (!rc)
		serve(repo, &plan, options->lines, options->count);
	else
		hook_print("cannot open the shared repository: %s", err.text);
	repo_close(repo);
	return rc;
}

/* Reads the commands. Each is a request, or is refused: its ref is empty if it cannot be read. */
static int read_commands(struct list *list, struct push *push)
{
	int rc = read_list(list);
	push->updates = xcalloc(list->count, sizeof(*push->updates));
	push->count = list->count;
	for (size_t i = 0; i < list->count; i++)
		if (!push_parse_received(list->lines[i].data, &push->updates[i]))
			push->updates[i].ref = "";
	return rc;
}

/* Applies the requests. Returns NULL, or why they were not read. */
static const char *apply_options(const struct list *options, struct conversation *c)
{
	if (!options->count)
		return "no request in the push options";
	if (options->count > MOST_REQUESTS)
		return "too many requests in one push";
	return apply(options, c) < 0 ? "the repository cannot be opened" : NULL;
}

/* Reports the result of each command. git accepts a ref that it asked about several times, with
 * different options. */
static int report(const struct push *push, const char *problem, const struct buf *moves)
{
	struct buf packets = BUF_INIT;
	for (size_t i = 0; i < push->count; i++) {
		const struct guard_update *update = &push->updates[i];
		bool is = push_is_request(update);
		if (is && !problem && moves->len)
			buf_add(&packets, moves->data, moves->len);
		else if (is && !problem)
			add_packet(&packets, "ok %s", update->ref);
		else
			add_packet(&packets, "ng %s %s", update->ref,
				is ? problem : "reserved for requests");
	}
	fwrite(packets.data, 1, packets.len, stdout);
	buf_release(&packets);
	return flush_packets();
}

int main(int argc, char **argv)
{
	struct hook hook;
	struct push push = PUSH_INIT;
	struct list commands = { NULL, 0, 0 }, options = { NULL, 0, 0 };
	const char *problem = NULL;
	struct conversation c = { &hook, BUF_INIT };
	bool has = false;
	hook_start(&hook, argc, argv);
	alloc_keep_memory();
	int rc = agree(&has);
	if (!rc)
		rc = read_commands(&commands, &push);
	if (!rc && has)
		rc = read_list(&options);
	if (!rc && push_has_request(&push))
		problem = apply_options(&options, &c);
	if (!rc)
		rc = report(&push, problem, &c.moves);
	buf_release(&c.moves);
	push_release(&push);
	release_list(&commands);
	release_list(&options);
	return rc < 0;
}
