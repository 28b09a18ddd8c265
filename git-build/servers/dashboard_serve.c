/*
 * A server for one page: HTTP/1.0 (RFC 1945) on the loopback address, limited to what a browser
 * needs. A request may take five seconds and eight kilobytes; a slow client does not delay others.
 */
#include "servers/dashboard_serve.h"
#include "cli/print.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_LIMIT = 8192, PATIENCE_MS = 5000, FRESH_MS = 5000, BACKLOG = 16, MOST_CLIENTS = 64 };

/* A connection: its request is read, then its answer is sent. */
struct client {
	int fd;
	int64_t deadline; /* on the steady clock, for the current step */
	struct buf request, answer;
	size_t sent;
	bool answering;
};

struct serving {
	struct invocation *inv;
	int (*make)(struct invocation *inv, struct buf *out, struct error *err);
	int listener, signals;
	uint16_t port;
	struct buf page;
	int64_t made_ms; /* when, on the steady clock; 0: never */
	struct client clients[MOST_CLIENTS];
	size_t count;
};

static int start(struct serving *s, int64_t port, struct error *err)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int yes = 1;
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->listener < 0 ||
		setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
		bind(s->listener, (struct sockaddr *)&address, size) < 0 ||
		listen(s->listener, BACKLOG) < 0 ||
		getsockname(s->listener, (struct sockaddr *)&address, &size) < 0)
		return error_errno(
			err, ERR_FAILED, "cannot serve at 127.0.0.1, port %" PRId64, port);
	s->port = ntohs(address.sin_port);
	return 0;
}

/* ---- one request ---- */

/* A page of another site must not read this one through its own host name for this address. */
static bool is_for_us(const struct serving *s, const char *request)
{
	char host[64];
	const char *line = strcasestr(request, "\r\nhost:");
	size_t len;
	if (!line)
		return true; /* HTTP/1.0 requires no Host, and browsers always send it */
	line += strlen("\r\nhost:");
	line += strspn(line, " \t");
	len = strcspn(line, " \t\r\n");
	for (int i = 0; i < 2; i++) {
		snprintf(host, sizeof(host), "%s:%u", i ? "localhost" : "127.0.0.1",
			(unsigned)s->port);
		if (strlen(host) == len && !strncasecmp(line, host, len))
			return true;
	}
	return false;
}

/* Sets what to send to the client; `head`: without the body. */
static void answer(struct client *client, const char *status, const char *type,
	const struct buf *body, bool head)
{
	buf_addf(&client->answer,
		"HTTP/1.0 %s\r\nContent-Type: %s; charset=utf-8\r\nContent-Length: %zu\r\n"
		"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
		"Referrer-Policy: no-referrer\r\nConnection: close\r\n\r\n",
		status, type, body->len);
	if (!head)
		buf_add(&client->answer, body->data, body->len);
}

static void refuse(struct client *client, const char *status, bool head)
{
	struct buf body = BUF_INIT;
	buf_addf(&body, "%s\n", status);
	answer(client, status, "text/plain", &body, head);
	buf_release(&body);
}

/* Renders the page again if it is older than a few seconds. */
static int refresh(struct serving *s, struct error *err)
{
	struct buf fresh = BUF_INIT;
	if (s->made_ms && env_ms(s->inv->env) - s->made_ms < FRESH_MS)
		return 0;
	int rc = s->make(s->inv, &fresh, err);
	if (rc < 0) {
		buf_release(&fresh);
		return rc;
	}
	buf_release(&s->page);
	s->page = fresh;
	s->made_ms = env_ms(s->inv->env);
	return 0;
}

/* Answers the request as read so far; `whole`: including its empty line. */
static void make_answer(struct serving *s, struct client *client, bool whole)
{
	const char *request = client->request.data;
	struct error err = ERROR_INIT;
	bool head = !strncmp(request, "HEAD ", 5);
	const char *path = request + (head ? 5 : 4);
	if (!whole) {
		refuse(client, "400 Bad Request", head);
	} else if (!is_for_us(s, request)) {
		refuse(client, "421 Misdirected Request", head);
	} else if (!head && strncmp(request, "GET ", 4) != 0) {
		refuse(client, "405 Method Not Allowed", false);
	} else if (strncmp(path, "/ HTTP/", 7) != 0) {
		refuse(client, "404 Not Found", head);
	} else if (refresh(s, &err) < 0) {
		show_message("warning", err.text);
		refuse(client, "500 Internal Server Error", head);
	} else {
		answer(client, "200 OK", "text/html", &s->page, head);
	}
	client->answering = true;
	client->deadline = env_ms(s->inv->env) + PATIENCE_MS;
}

/* ---- connections ---- */

static void open_client(struct serving *s)
{
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		s->clients[s->count++] = (struct client){ fd, env_ms(s->inv->env) + PATIENCE_MS,
			BUF_INIT, BUF_INIT, 0, false };
}

static void close_client(struct serving *s, size_t i)
{
	struct client *client = &s->clients[i];
	shutdown(client->fd, SHUT_WR);
	close(client->fd);
	buf_release(&client->request);
	buf_release(&client->answer);
	*client = s->clients[--s->count];
}

/* Reads the available part of the request, and makes the answer once the request is complete or
 * invalid. */
static void read_client(struct serving *s, struct client *client)
{
	char bytes[1024];
	ssize_t got = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	bool bad = got <= 0 || memchr(bytes, '\0', (size_t)got);
	if (!bad)
		buf_add(&client->request, bytes, (size_t)got);
	bool whole = !bad && strstr(client->request.data, "\r\n\r\n");
	if (bad || whole || client->request.len >= REQUEST_LIMIT)
		make_answer(s, client, whole);
}

/* Sends as much as possible; false if the client is done. */
static bool send_client(struct client *client)
{
	ssize_t wrote = send(client->fd, client->answer.data + client->sent,
		client->answer.len - client->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (wrote < 0)
		return errno == EAGAIN || errno == EINTR;
	client->sent += (size_t)wrote;
	return client->sent < client->answer.len;
}

/* Continues with client `i`, after poll() returned `events`; false if the client is done. */
static bool serve_client(struct serving *s, size_t i, short events)
{
	struct client *client = &s->clients[i];
	if (!client->answering && events)
		read_client(s, client);
	else if (!client->answering && env_ms(s->inv->env) >= client->deadline)
		make_answer(s, client, false);
	else if (client->answering && events)
		return send_client(client);
	return !client->answering || env_ms(s->inv->env) < client->deadline;
}

/* Sets what to wait for, and returns the timeout. The listener is included only if there is room. */
static int prepare(const struct serving *s, struct pollfd *polls)
{
	int64_t wait = s->count ? PATIENCE_MS : -1;
	polls[0] = (struct pollfd){ .fd = s->signals, .events = POLLIN };
	polls[1] = (struct pollfd){ .fd = s->count < MOST_CLIENTS ? s->listener : -1,
		.events = POLLIN };
	for (size_t i = 0; i < s->count; i++) {
		const struct client *client = &s->clients[i];
		int64_t left = client->deadline - env_ms(s->inv->env);
		polls[i + 2] = (struct pollfd){ .fd = client->fd,
			.events = client->answering ? POLLOUT : POLLIN };
		wait = left < 0 ? 0 : left < wait ? left : wait;
	}
	return (int)wait;
}

static int serve(struct serving *s, struct error *err)
{
	struct pollfd polls[MOST_CLIENTS + 2];
	for (;;) {
		int wait = prepare(s, polls);
		if (poll(polls, s->count + 2, wait) < 0 && errno != EINTR)
			return error_errno(err, ERR_FAILED, "cannot wait for requests");
		if (polls[0].revents)
			return 0;
		/* In reverse, because the last client replaces one that is closed. */
		for (size_t i = s->count; i-- > 0;)
			if (!serve_client(s, i, polls[i + 2].revents))
				close_client(s, i);
		if (polls[1].revents)
			open_client(s);
	}
}

int dashboard_serve(struct invocation *inv, int64_t port,
	int (*make)(struct invocation *inv, struct buf *out, struct error *err), struct error *err)
{
	struct serving s = {
		.inv = inv, .make = make, .listener = -1, .signals = -1, .page = BUF_INIT
	};
	sigset_t taken;
	sigemptyset(&taken);
	sigaddset(&taken, SIGINT);
	sigaddset(&taken, SIGTERM);
	sigprocmask(SIG_BLOCK, &taken, NULL);
	s.signals = signalfd(-1, &taken, SFD_CLOEXEC);
	int rc = start(&s, port, err);
	if (!rc) {
		show_line("http://127.0.0.1:%u/", (unsigned)s.port);
		rc = show_finish(err);
	}
	if (!rc)
		rc = serve(&s, err);
	if (s.listener >= 0)
		close(s.listener);
	if (s.signals >= 0)
		close(s.signals);
	while (s.count)
		close_client(&s, 0);
	buf_release(&s.page);
	return rc;
}
