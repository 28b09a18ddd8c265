/*
 * A server for one page: HTTP/1.0 (RFC 1945) on the loopback address, and no more of it than a
 * browser needs. Whoever asks gets five seconds and eight kilobytes for it.
 */
#include "dashboard_serve.h"
#include "show.h"

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

enum { REQUEST_LIMIT = 8192, PATIENCE_MS = 5000, FRESH_MS = 5000, BACKLOG = 16 };

struct serving {
	struct invocation *inv;
	int (*make)(struct invocation *inv, struct buf *out, struct error *err);
	int listener, signals;
	uint16_t port;
	struct buf page;
	int64_t made_ms; /* when, on the steady clock; 0: never */
};

static int64_t now_ms(const struct serving *s)
{
	return s->inv->env->monotonic_ms(s->inv->env->data);
}

static int start(struct serving *s, int64_t port, struct error *err)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int yes = 1;
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
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

/* Reads up to the empty line; false where it is none, or takes too long. */
static bool read_request(const struct serving *s, int fd, struct buf *request)
{
	int64_t deadline = now_ms(s) + PATIENCE_MS;
	char bytes[1024];
	while (request->len < REQUEST_LIMIT && !strstr(request->data, "\r\n\r\n")) {
		struct pollfd readable = { .fd = fd, .events = POLLIN };
		int64_t left = deadline - now_ms(s);
		ssize_t got = left > 0 && poll(&readable, 1, (int)left) > 0
			? read(fd, bytes, sizeof(bytes))
			: 0;
		if (got <= 0 || memchr(bytes, '\0', (size_t)got))
			return false;
		buf_add(request, bytes, (size_t)got);
	}
	return strstr(request->data, "\r\n\r\n") != NULL;
}

static void send_all(const struct serving *s, int fd, const struct buf *text)
{
	int64_t deadline = now_ms(s) + PATIENCE_MS;
	for (size_t sent = 0; sent < text->len;) {
		struct pollfd writable = { .fd = fd, .events = POLLOUT };
		int64_t left = deadline - now_ms(s);
		ssize_t wrote = left > 0 && poll(&writable, 1, (int)left) > 0
			? send(fd, text->data + sent, text->len - sent, MSG_NOSIGNAL | MSG_DONTWAIT)
			: -1;
		if (wrote <= 0)
			return;
		sent += (size_t)wrote;
	}
}

/* A page of some other site must not read ours by a name of its own for this address. */
static bool is_for_us(const struct serving *s, const char *request)
{
	char host[64];
	const char *line = strcasestr(request, "\r\nhost:");
	size_t len;
	if (!line)
		return true; /* HTTP/1.0 has none, and browsers always send it */
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

static void answer(const struct serving *s, int fd, const char *status, const char *type,
	const struct buf *body)
{
	struct buf text = BUF_INIT;
	buf_addf(&text,
		"HTTP/1.0 %s\r\nContent-Type: %s; charset=utf-8\r\nContent-Length: %zu\r\n"
		"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
		"Referrer-Policy: no-referrer\r\nConnection: close\r\n\r\n",
		status, type, body->len);
	buf_add(&text, body->data, body->len);
	send_all(s, fd, &text);
	buf_release(&text);
}

static void refuse(const struct serving *s, int fd, const char *status)
{
	struct buf body = BUF_INIT;
	buf_addf(&body, "%s\n", status);
	answer(s, fd, status, "text/plain", &body);
	buf_release(&body);
}

/* The page, not older than a few seconds. */
static int refresh(struct serving *s, struct error *err)
{
	struct buf fresh = BUF_INIT;
	if (s->made_ms && now_ms(s) - s->made_ms < FRESH_MS)
		return 0;
	int rc = s->make(s->inv, &fresh, err);
	if (rc < 0) {
		buf_release(&fresh);
		return rc;
	}
	buf_release(&s->page);
	s->page = fresh;
	s->made_ms = now_ms(s);
	return 0;
}

static void serve_one(struct serving *s, int fd)
{
	struct buf request = BUF_INIT;
	struct error err = ERROR_INIT;
	if (!read_request(s, fd, &request)) {
		refuse(s, fd, "400 Bad Request");
	} else if (!is_for_us(s, request.data)) {
		refuse(s, fd, "421 Misdirected Request");
	} else if (strncmp(request.data, "GET ", 4) != 0) {
		refuse(s, fd, "405 Method Not Allowed");
	} else if (strncmp(request.data, "GET / HTTP/", 11) != 0) {
		refuse(s, fd, "404 Not Found");
	} else if (refresh(s, &err) < 0) {
		show_message("warning", err.text);
		refuse(s, fd, "500 Internal Server Error");
	} else {
		answer(s, fd, "200 OK", "text/html", &s->page);
	}
	shutdown(fd, SHUT_WR);
	close(fd);
	buf_release(&request);
}

/* ---- */

static int serve(struct serving *s, struct error *err)
{
	for (;;) {
		struct pollfd polls[] = { { .fd = s->listener, .events = POLLIN },
			{ .fd = s->signals, .events = POLLIN } };
		if (poll(polls, 2, -1) < 0 && errno != EINTR)
			return error_errno(err, ERR_FAILED, "cannot wait for requests");
		if (polls[1].revents)
			return 0;
		int fd = polls[0].revents ? accept4(s->listener, NULL, NULL, SOCK_CLOEXEC) : -1;
		if (fd >= 0)
			serve_one(s, fd);
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
	buf_release(&s.page);
	return rc;
}
