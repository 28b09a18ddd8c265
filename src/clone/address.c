#include "clone/address.h"

#include "base/child.h"
#include "base/parallel.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_USER "root@"

static bool looks_like_destination(const char *text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.:_-@/[]%";
	return *text && *text != '-' && !text[strspn(text, allowed)] && strlen(text) < 256;
}

int reach_find(struct buf *out, struct repo *repo, const struct server *server, struct error *err)
{
	struct buf key = BUF_INIT;
	buf_addf(&key, "build.ssh.%s", server->id);
	buf_reset(out);
	bool configured = repo_config(repo, key.data, out) && out->len;
	if (!configured && server->ip) {
		buf_reset(out);
		buf_addf(out, DEFAULT_USER "%s", server->ip);
	}
	int rc = 0;
	if (!configured && !server->ip && server->problem)
		rc = error_set(err, ERR_NOT_FOUND, "%s: no address known; set %s: %s", server->id,
			key.data, server->problem);
	else if (!configured && !server->ip)
		rc = error_set(err, ERR_NOT_FOUND,
			"%s: no address known: its status.json has no 'ip'; set %s", server->id,
			key.data);
	else if (!looks_like_destination(configured ? out->data : server->ip))
		rc = error_set(err, ERR_INVALID, "%s: invalid address '%s'; set %s", server->id,
			configured ? out->data : server->ip, key.data);
	buf_release(&key);
	return rc;
}

void reach_release(struct reach *reach)
{
	buf_release(&reach->output);
	buf_release(&reach->errors);
}

struct reaching {
	struct reach *reaches;
	const char *ssh, *command;
	int64_t timeout_ms;
	void (*each)(struct reach *reach, void *data);
	void *data;
	pthread_mutex_t lock; /* guards the calls of `each` */
};

/* Runs ssh as `child`. */
static int run_ssh(struct child *child, const char *destination, const char *ssh,
	const char *command, int *status, struct error *err)
{
	struct buf script = BUF_INIT;
	/* The shell parses only the ssh command, not the arguments after it. */
	buf_addf(&script, "exec %s -- \"$@\"", ssh);
	const char *argv[] = { "sh", "-c", script.data, "ssh", destination, command, NULL };
	child->argv = argv;
	int rc = child_run(child, status, err);
	buf_release(&script);
	return rc;
}

int reach_stream(const char *destination, const char *ssh, const char *command,
	bool (*heard)(const char *bytes, size_t len, void *data), void *data, struct buf *errors,
	int *status, struct error *err)
{
	struct child child = { .heard = heard, .data = data, .errors = errors };
	return run_ssh(&child, destination, ssh, command, status, err);
}

static void reach_one(size_t index, unsigned worker, void *data)
{
	struct reaching *r = data;
	struct reach *reach = &r->reaches[index];
	(void)worker;
	struct child child = {
		.timeout_ms = r->timeout_ms, .output = &reach->output, .errors = &reach->errors
	};
	reach->rc = run_ssh(
		&child, reach->destination, r->ssh, r->command, &reach->status, &reach->err);
	pthread_mutex_lock(&r->lock);
	r->each(reach, r->data);
	pthread_mutex_unlock(&r->lock);
}

void reach_run(struct reach *reaches, size_t count, const char *ssh, const char *command,
	int64_t timeout_ms, void (*each)(struct reach *reach, void *data), void *data)
{
	enum { AT_ONCE = 64 };
	struct reaching r = { reaches, ssh, command, timeout_ms, each, data,
		PTHREAD_MUTEX_INITIALIZER };
	/* They wait for the network, so there may be more of them than processors. */
	parallel_each(count, AT_ONCE, reach_one, &r);
	pthread_mutex_destroy(&r.lock);
}

void reach_quote(struct buf *out, char *const *words, int count)
{
	if (count == 1) {
		buf_addstr(out, words[0]);
		return;
	}
	for (int i = 0; i < count; i++) {
		if (i)
			buf_addch(out, ' ');
		buf_add_quoted(out, words[i]);
	}
}
