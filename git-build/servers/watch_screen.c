/* Drawing the fleet as lines of text. */
#include "servers/watch_screen.h"
#include "cli/coordination.h"
#include "cli/print.h"

#include "base/alloc.h"
#include "base/timestamp.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGES = 10, MOST_ALERTS = 8, MOST_JOBS = 200 };

const struct overview_plan screen_overview = { .messages = MESSAGES, .builds = 200 };

/* Shapes that take one column. */
#define ALIVE   "\xe2\x97\x8f"
#define WARNING "\xe2\x96\xb2"
#define BAD     "\xe2\x9c\x96"
#define BUSY    "\xe2\x96\xb6"

struct drawing {
	const struct screen_plan *plan;
	struct buf *lines;
	size_t count, capacity;
	size_t used; /* columns used in the current line */
	int64_t now;
};

/* ---- lines ---- */

static void begin(struct drawing *d)
{
	GROW(d->lines, d->count, d->capacity);
	d->lines[d->count++] = (struct buf)BUF_INIT;
	d->used = 0;
}

static struct buf *line(struct drawing *d)
{
	return &d->lines[d->count - 1];
}

static size_t room(const struct drawing *d)
{
	size_t width = (size_t)d->plan->width;
	return d->used < width ? width - d->used : 0;
}

/* Cuts text that is our own or escaped to `most` columns, at a character boundary. */
static size_t fit(const char *text, size_t len, size_t most)
{
	while (len && show_width(text, len) > most) {
		len--;
		while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	return len;
}

static void put(struct drawing *d, enum show_colour colour, const char *text)
{
	static const char *const codes[] = { "", "\033[32m", "\033[33m", "\033[31m", "\033[2m" };
	struct buf safe = BUF_INIT;
	if (!text)
		return;
	escape_add(&safe, text, strlen(text), false);
	size_t len = fit(safe.data, safe.len, room(d));
	bool coloured = d->plan->colour && colour != SHOW_PLAIN && len;
	if (coloured)
		buf_addstr(line(d), codes[colour]);
	buf_add(line(d), safe.data, len);
	if (coloured)
		buf_addstr(line(d), "\033[0m");
	d->used += show_width(safe.data, len);
	buf_release(&safe);
}

static void putf(struct drawing *d, enum show_colour colour, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void putf(struct drawing *d, enum show_colour colour, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list args;
	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	put(d, colour, text.data);
	buf_release(&text);
}

/* Text in a column of `width`, followed by a gap. */
static void column(struct drawing *d, enum show_colour colour, const char *text, size_t width)
{
	size_t start = d->used;
	struct buf safe = BUF_INIT;
	escape_add(&safe, text ? text : "", text ? strlen(text) : 0, false);
	buf_truncate(&safe, fit(safe.data, safe.len, width));
	put(d, colour, safe.data);
	while (d->used < start + width + 1 && room(d))
		put(d, SHOW_PLAIN, " ");
	buf_release(&safe);
}

static void age(struct drawing *d, int64_t then, size_t width)
{
	struct buf text = BUF_INIT;
	coordination_age(then, d->now, &text);
	column(d, SHOW_PLAIN, text.data, width);
	buf_release(&text);
}

static void title(struct drawing *d, const char *what)
{
	begin(d);
	begin(d);
	put(d, SHOW_FAINT, what);
}

/* ---- the head ---- */

static void draw_verdict(struct drawing *d)
{
	const struct health *health = d->plan->health;
	size_t critical = health_count(health, HEALTH_CRITICAL);
	size_t warnings = health_count(health, HEALTH_WARNING);
	char when[TIMESTAMP_SIZE];
	size_t alive = 0;
	for (size_t i = 0; i < health->servers_count; i++)
		alive += health->servers[i].healthy;
	begin(d);
	if (critical)
		putf(d, SHOW_RED, BAD " %zu critical, %zu %s", critical, warnings,
			warnings == 1 ? "warning" : "warnings");
	else if (warnings)
		putf(d, SHOW_YELLOW, WARNING " %zu %s", warnings,
			warnings == 1 ? "warning" : "warnings");
	else
		put(d, SHOW_GREEN, ALIVE " no problems");
	putf(d, SHOW_PLAIN, "   %zu of %zu servers alive, %zu running, %zu queued", alive,
		health->servers_count, overview_count_jobs(d->plan->overview, JOB_RUNNING),
		overview_count_jobs(d->plan->overview, JOB_QUEUED));
	timestamp_format(d->now, when);
	if (room(d) > 12) {
		while (room(d) > 9)
			put(d, SHOW_PLAIN, " ");
		putf(d, SHOW_FAINT, "%.8sZ", when + 11);
	}
}

static void draw_alerts(struct drawing *d)
{
	const struct health *health = d->plan->health;
	for (size_t i = 0; i < health->count && i < MOST_ALERTS; i++) {
		const struct health_alert *alert = &health->alerts[i];
		bool critical = alert->severity == HEALTH_CRITICAL;
		begin(d);
		putf(d, critical ? SHOW_RED : SHOW_YELLOW, "%s %-8s ", critical ? BAD : WARNING,
			severity_name(alert->severity));
		put(d, SHOW_PLAIN, alert->words);
	}
	if (health->count > MOST_ALERTS) {
		begin(d);
		putf(d, SHOW_FAINT, "  and %zu more: git build health",
			health->count - MOST_ALERTS);
	}
}

/* ---- the fleet ---- */

static bool is(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

/* How many seconds such a job usually takes: the median of the builds of its branch and type; 0:
 * unknown. */
static int by_number(const void *left, const void *right)
{
	const int64_t *a = left, *b = right;
	return (*a > *b) - (*a < *b);
}

static int64_t usual(const struct overview *overview, const struct job *job)
{
	int64_t *took = xcalloc(overview->builds_count + 1, sizeof(*took)), middle = 0;
	size_t count = 0;
	for (size_t i = 0; i < overview->builds_count; i++) {
		const struct build *build = &overview->builds[i];
		if (!build->failed && build->duration >= 0 && is(build->branch, job->branch))
			took[count++] = build->duration;
	}
	if (count) {
		qsort(took, count, sizeof(*took), by_number);
		middle = took[count / 2];
	}
	free(took);
	return middle;
}

static void draw_progress(struct drawing *d, const struct job *job)
{
	enum { BAR = 10 };
	char now[TIMESTAMP_SIZE], all[TIMESTAMP_SIZE];
	int64_t took = job->started_at ? d->now - job->started_at : 0;
	int64_t expected = usual(d->plan->overview, job);
	if (expected > 0) {
		int64_t full = took * BAR / expected;
		put(d, SHOW_PLAIN, "[");
		for (int64_t i = 0; i < BAR; i++)
			put(d, SHOW_PLAIN, i < full ? "#" : " ");
		putf(d, SHOW_PLAIN, "] %s of usually %s", timestamp_format_age(took, now),
			timestamp_format_age(expected, all));
	} else {
		putf(d, SHOW_PLAIN, "for %s", timestamp_format_age(took, now));
	}
}

static void draw_work(struct drawing *d, const struct server *server)
{
	const struct job *job =
		server->job ? jobs_find(&d->plan->overview->jobs, server->job) : NULL;
	if (job && job_is(job, JOB_RUNNING)) {
		put(d, SHOW_YELLOW, BUSY " building ");
		putf(d, SHOW_PLAIN, "%s ", job->branch ? job->branch : "");
		draw_progress(d, job);
	} else {
		put(d, is(server->status, "failed") ? SHOW_RED : SHOW_PLAIN,
			is(server->status, "failed") ? BAD " failed last" : server->status);
	}
}

static size_t widest_server(const struct health *health)
{
	size_t widest = 6;
	for (size_t i = 0; i < health->servers_count; i++) {
		size_t width = strlen(health->servers[i].server->id);
		widest = width > widest ? width : widest;
	}
	return widest < 24 ? widest : 24;
}

static void draw_servers(struct drawing *d)
{
	const struct health *health = d->plan->health;
	size_t width = widest_server(health);
	title(d, "SERVERS");
	for (size_t i = 0; i < health->servers_count; i++) {
		const struct health_server *verdict = &health->servers[i];
		bool late = verdict->state == HEARTBEAT_LATE || verdict->state == HEARTBEAT_NEVER;
		enum show_colour colour = verdict->healthy ? SHOW_GREEN
			: late                             ? SHOW_YELLOW
							   : SHOW_RED;
		begin(d);
		putf(d, colour, "%s ", verdict->healthy ? ALIVE : late ? WARNING : BAD);
		column(d, SHOW_PLAIN, verdict->server->id, width);
		column(d, colour, health_state_name(verdict), 9);
		age(d, verdict->server->last_heartbeat, 10);
		draw_work(d, verdict->server);
	}
}

static void draw_jobs(struct drawing *d, enum job_status status)
{
	const struct job_list *list = &d->plan->overview->jobs;
	size_t shown = 0;
	for (size_t i = 0; i < list->count && shown < MOST_JOBS; i++) {
		const struct job *job = &list->jobs[i];
		if (!job_is(job, status))
			continue;
		bool running = status == JOB_RUNNING;
		shown++;
		begin(d);
		putf(d, running ? SHOW_YELLOW : SHOW_PLAIN, "%s %-8s", running ? BUSY : " ",
			job_status_name(status));
		column(d, SHOW_PLAIN, job->type, 7);
		column(d, SHOW_PLAIN, job->branch, 16);
		column(d, SHOW_PLAIN, job->assigned_to, 10);
		age(d, job->started_at ? job->started_at : job->created_at, 10);
		put(d, SHOW_PLAIN, job->description ? job->description : job->id);
	}
}

static void draw_locks(struct drawing *d)
{
	const struct overview *overview = d->plan->overview;
	bool any = false;
	for (size_t i = 0; i < overview->locks_count; i++) {
		const struct lock *lock = &overview->locks[i];
		if (lock->state == LOCK_FREE)
			continue;
		if (!any)
			title(d, "LOCKS");
		any = true;
		begin(d);
		column(d, lock->state == LOCK_HELD ? SHOW_PLAIN : SHOW_YELLOW,
			lock_state_name(lock->state), 9);
		column(d, SHOW_PLAIN, lock->name, 24);
		column(d, SHOW_PLAIN, lock->holder, 16);
		age(d, lock->expires_at, 10);
	}
}

static void draw_messages(struct drawing *d)
{
	const struct overview *overview = d->plan->overview;
	if (overview->messages_count)
		title(d, "NEWEST MESSAGES");
	for (size_t i = 0; i < overview->messages_count; i++) {
		const struct message *message = &overview->messages[i];
		int64_t when = 0;
		if (message->timestamp)
			timestamp_parse(message->timestamp, strlen(message->timestamp), &when);
		begin(d);
		age(d, when, 10);
		column(d, SHOW_PLAIN, message->from, 10);
		column(d, is(message->type, "error") ? SHOW_RED : SHOW_PLAIN, message->type, 7);
		put(d, SHOW_PLAIN, message->subject);
	}
}

static void draw_middle(struct drawing *d)
{
	static const char *const keys[] = { "", "q        quit", "r        fetch now",
		"up, k    scroll up", "down, j  scroll down", "?        show or hide these keys" };
	if (d->plan->help) {
		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
			begin(d);
			put(d, SHOW_PLAIN, keys[i]);
		}
		return;
	}
	draw_servers(d);
	if (overview_count_jobs(d->plan->overview, JOB_RUNNING) ||
		overview_count_jobs(d->plan->overview, JOB_QUEUED))
		title(d, "QUEUE");
	draw_jobs(d, JOB_RUNNING);
	draw_jobs(d, JOB_QUEUED);
	draw_locks(d);
	draw_messages(d);
}

static void draw_foot(struct drawing *d)
{
	const struct fleet *fleet = &d->plan->overview->fleet;
	struct buf text = BUF_INIT;
	begin(d);
	put(d, SHOW_FAINT, "q quit  ? keys  ");
	coordination_age(fleet->fetched_at, d->now, &text);
	if (d->plan->fetching)
		put(d, SHOW_FAINT, "fetching ...");
	else if (fleet->offline.code)
		putf(d, SHOW_YELLOW, WARNING " the remote does not answer; last fetched %s",
			text.data);
	else
		putf(d, SHOW_FAINT, "fetched %s", text.data);
	buf_release(&text);
}

/* ---- */

/* Scrolls the middle part, from line `head` on, between head and foot. */
static void scroll(struct drawing *d, struct screen *out, size_t head)
{
	size_t height = (size_t)d->plan->height, foot = d->count - 1;
	size_t middle = foot - head, space = height > head + 1 ? height - head - 1 : 0;
	size_t most = middle > space ? middle - space : 0;
	size_t above = d->plan->scroll > 0 ? (size_t)d->plan->scroll : 0;
	above = above < most ? above : most;
	out->most_scroll = (int)most;
	out->lines = xcalloc(height, sizeof(*out->lines));
	for (size_t i = 0; i < height; i++) {
		size_t from = i < head ? i : i + 1 == height ? foot : i + above;
		out->lines[i] = (struct buf)BUF_INIT;
		if (from < foot || i + 1 == height)
			buf_addstr(&out->lines[i], d->lines[from].data);
	}
	out->count = height;
	for (size_t i = 0; i < d->count; i++)
		buf_release(&d->lines[i]);
	free(d->lines);
}

/* The replacement of a character on a terminal without UTF-8. */
static char ascii_for(uint32_t point)
{
	static const struct {
		uint32_t point;
		char ascii;
	} shapes[] = { { 0x25cf, 'o' }, { 0x25b2, '!' }, { 0x2716, 'x' }, { 0x25b6, '>' } };
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
		if (point == shapes[i].point)
			return shapes[i].ascii;
	return '?';
}

/* Replaces what is not ASCII in `line` without changing its width. */
static void make_ascii(struct buf *line)
{
	struct buf out = BUF_INIT;
	for (size_t i = 0; i < line->len;) {
		uint32_t point;
		size_t used = utf8_decode(line->data + i, line->len - i, &point);
		size_t columns = used > 1 ? show_width(line->data + i, used) : 1;
		for (size_t k = 0; k < columns; k++)
			buf_addch(&out, used == 1 ? line->data[i] : ascii_for(used ? point : 0));
		i += used ? used : 1;
	}
	buf_release(line);
	*line = out;
}

void screen_draw(struct screen *out, const struct screen_plan *plan)
{
	struct drawing d = { .plan = plan, .now = plan->overview->fleet.now };
	*out = (struct screen){ 0 };
	draw_verdict(&d);
	draw_alerts(&d);
	size_t head = d.count;
	/* Do not let alerts fill the whole screen. */
	if (plan->height && head > (size_t)plan->height / 2)
		head = (size_t)plan->height / 2;
	draw_middle(&d);
	if (plan->height) {
		draw_foot(&d);
		scroll(&d, out, head);
	} else {
		out->lines = d.lines;
		out->count = d.count;
	}
	for (size_t i = 0; plan->ascii && i < out->count; i++)
		make_ascii(&out->lines[i]);
}

void screen_release(struct screen *screen)
{
	for (size_t i = 0; i < screen->count; i++)
		buf_release(&screen->lines[i]);
	free(screen->lines);
	*screen = (struct screen){ 0 };
}
