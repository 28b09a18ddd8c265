/*
 * git build watch: a live view of the fleet.
 *
 * Uses plain escape codes (ECMA-48, which all terminals support) rather than curses: one function
 * draws the screen and only changed lines are sent, so that cursor movement, two attributes and the
 * alternate screen are all that is needed.
 */
#include "cli/coordination.h"
#include "cli/print.h"
#include "servers/watch_screen.h"

#include "base/alloc.h"
#include "base/child.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "host/processes.h"
#include "host/program.h"
#include "notify/changes.h"
#include "json/write.h"
#include "remote/tidy.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { INTERVAL = 5, TICK_MS = 1000, PLAIN_WIDTH = 160, GRACE_MS = 1000 };

struct watch_options {
	int64_t interval;
	bool once, offline;
};

static const struct option options[] = {
	OPT_NUMBER(0, "interval", "SECONDS", struct watch_options, interval, 1, 86400,
		"how often to fetch (default: 5)"),
	OPT_FLAG(0, "once", struct watch_options, once, "print it once and exit"),
	OPT_FLAG(0, "offline", struct watch_options, offline,
		"do not fetch; show what other processes of this clone fetch"),
	OPT_END,
};

static const char *const synopsis[] = { "[--interval SECONDS] [--offline] [--json]",
	"--once [--offline]", NULL };

struct watching {
	struct invocation *inv;
	const struct watch_options *given;
	struct health_limits limits;
	int signals;
	int64_t fetch_at;     /* when to fetch next, on the steady clock */
	pid_t fetcher;        /* the process that fetches; 0: none */
	int answer;           /* the file of its output */
	struct error offline; /* the last result; code 0: the remote answers */

	struct overview overview;
	struct health health;
	bool taken;

	/* The screen. */
	struct termios before;
	struct buf *shown; /* the text of each line */
	int width, height, scroll, most_scroll;
	bool help, on_screen;
};

/* ---- fetching in the background, so that keys are not delayed ---- */

/* A separate program, since a fork cannot use the handles of the repository. Its answer is in a
 * file, since one in a pipe must be read in time. */
static int start_status(struct watching *w, const char *path)
{
	const char *argv[] = { path, "status", "--json", NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	w->answer = memfd_create("status", MFD_CLOEXEC);
	struct program program = { .argv = argv,
		.streams = { null, w->answer, null },
		.group = PROGRAM_LEADS,
		.death_signal = SIGTERM };
	pid_t pid = null < 0 || w->answer < 0 ? -1 : program_start(&program);
	int why = errno;
	if (pid < 0 && w->answer >= 0)
		close(w->answer);
	if (null >= 0)
		close(null);
	w->fetcher = pid < 0 ? 0 : pid;
	errno = why;
	return pid < 0 ? -1 : 0;
}

static void start_fetch(struct watching *w)
{
	struct buf path = BUF_INIT;
	w->fetch_at =
		env_ms(w->inv->env) + (w->given->interval ? w->given->interval : INTERVAL) * 1000;
	if (w->fetcher || w->given->offline)
		return;
	if (!program_full_path(&path, &w->offline) && start_status(w, path.data) < 0)
		error_errno(&w->offline, ERR_FAILED, "cannot run %s", path.data);
	buf_release(&path);
}

/* Reads why the remote could not be reached, or that it was, from the answer of status. */
static void read_answer(struct watching *w)
{
	struct buf text = BUF_INIT;
	struct json_doc *doc = NULL;
	struct error err = ERROR_INIT;
	int rc = lseek(w->answer, 0, SEEK_SET)
		? error_errno(&err, ERR_FAILED, "cannot read the answer of git build status")
		: file_read_fd(&text, w->answer, "git build status", JSON_DEFAULT_LIMIT, &err);
	if (!rc)
		rc = json_parse_buf(&doc, &text, "git build status", NULL, &err);
	if (!rc) {
		const struct json_value *root = json_root(doc),
					*why = json_member(doc, root, "error");
		char *reason = json_strdup(doc, why ? why : json_member(doc, root, "offline"));
		if (reason)
			error_set(&err, ERR_FAILED, "%s", reason);
		free(reason);
	}
	w->offline = err;
	json_doc_free(doc);
	buf_release(&text);
}

/* Has the fetch ended? */
static bool end_fetch(struct watching *w)
{
	int status;
	if (!w->fetcher || waitpid(w->fetcher, &status, WNOHANG) != w->fetcher)
		return false;
	w->fetcher = 0;
	if (WIFSIGNALED(status))
		error_set(&w->offline, ERR_FAILED, "git build status was ended by signal %d",
			WTERMSIG(status));
	else
		read_answer(w);
	close(w->answer);
	return true;
}

/* Ends the fetch with all its processes, of which some have their own process group. */
static void abort_fetch(struct watching *w)
{
	if (!w->fetcher)
		return;
	int64_t until = env_ms(w->inv->env) + GRACE_MS;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	while (processes_signal_descendants(SIGTERM) > 0 && env_ms(w->inv->env) < until) {
		env_sleep(w->inv->env, 10);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	processes_end_descendants();
	close(w->answer);
	w->fetcher = 0;
}

/* ---- the fleet ---- */

static void forget(struct watching *w)
{
	if (!w->taken)
		return;
	health_release(&w->health);
	overview_release(&w->overview);
	w->taken = false;
}

static int take(struct watching *w, bool fetch, struct error *err)
{
	struct invocation *inv = w->inv;
	struct overview_plan plan = screen_overview;
	struct overview fresh;
	plan.fetch = fetch;
	int rc = overview_take(&fresh, inv->repo, &inv->settings, &plan, inv->env, err);
	if (rc < 0)
		return rc;
	forget(w);
	w->overview = fresh;
	if (fetch)
		w->offline = fresh.fleet.offline;
	else
		w->overview.fleet.offline = w->offline;
	health_check(&w->health, &w->overview, &w->limits);
	w->taken = true;
	return 0;
}

/* ---- the terminal ---- */

static void measure(struct watching *w)
{
	struct winsize size;
	bool known = !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col && size.ws_row;
	for (int i = 0; i < w->height; i++)
		buf_release(&w->shown[i]);
	free(w->shown);
	w->width = known ? size.ws_col : 80;
	w->height = known ? size.ws_row : 24;
	w->shown = xcalloc((size_t)w->height, sizeof(*w->shown));
	for (int i = 0; i < w->height; i++)
		w->shown[i] = (struct buf)BUF_INIT;
}

static void enter_screen(struct watching *w)
{
	struct termios raw;
	if (!tcgetattr(STDIN_FILENO, &w->before)) {
		raw = w->before;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		raw.c_cc[VMIN] = 0;
		raw.c_cc[VTIME] = 0;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
	}
	fputs("\033[?1049h\033[?25l\033[2J", stdout);
	w->on_screen = true;
	measure(w);
}

static void leave_screen(struct watching *w)
{
	if (!w->on_screen)
		return;
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &w->before);
	w->on_screen = false;
}

static bool same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && !memcmp(a->data, b->data, a->len);
}

/* Does the user's terminal support UTF-8, according to LC_ALL, LC_CTYPE and LANG? */
static bool shows_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	if (!locale)
		return false;
	bool utf8 = !strcmp(nl_langinfo_l(CODESET, locale), "UTF-8");
	freelocale(locale);
	return utf8;
}

/* Sends the lines that have changed. */
static void draw(struct watching *w)
{
	struct screen screen;
	struct screen_plan plan = { .overview = &w->overview,
		.health = &w->health,
		.width = w->width,
		.height = w->height,
		.scroll = w->scroll,
		.colour = w->inv->colour,
		.help = w->help,
		.fetching = w->fetcher != 0,
		.ascii = !shows_utf8() };
	struct buf out = BUF_INIT;
	/* Ages advance between two reads of the fleet. */
	w->overview.fleet.now = env_now(w->inv->env);
	screen_draw(&screen, &plan);
	for (size_t i = 0; i < screen.count; i++) {
		if (same(&screen.lines[i], &w->shown[i]))
			continue;
		buf_addf(&out, "\033[%zu;1H\033[2K", i + 1);
		buf_add(&out, screen.lines[i].data, screen.lines[i].len);
		buf_reset(&w->shown[i]);
		buf_add(&w->shown[i], screen.lines[i].data, screen.lines[i].len);
	}
	w->most_scroll = screen.most_scroll;
	if (w->scroll > w->most_scroll)
		w->scroll = w->most_scroll;
	fwrite(out.data, 1, out.len, stdout);
	fflush(stdout);
	buf_release(&out);
	screen_release(&screen);
}

/* ---- keys and signals ---- */

/* Handles a key; false: it ends the program. */
static bool press(struct watching *w, char key)
{
	switch (key) {
	case 'q':
	case 'Q':
		return false;
	case '?':
	case 'h':
		w->help = !w->help;
		break;
	case 'r':
		w->fetch_at = env_ms(w->inv->env);
		break;
	case 'j':
	case 'B': /* the last of the arrow's ESC [ B */
		w->scroll += w->scroll < w->most_scroll;
		break;
	case 'k':
	case 'A':
		w->scroll -= w->scroll > 0;
		break;
	}
	return true;
}

static bool take_keys(struct watching *w)
{
	char keys[64];
	ssize_t got = read(STDIN_FILENO, keys, sizeof(keys));
	for (ssize_t i = 0; i < got; i++)
		if (!press(w, keys[i]))
			return false;
	return got != 0; /* the terminal was closed */
}

/* After Ctrl-Z, the terminal belongs to the shell. */
static void stop(struct watching *w)
{
	leave_screen(w);
	raise(SIGSTOP);
	enter_screen(w);
}

static bool take_signals(struct watching *w)
{
	struct signalfd_siginfo info;
	while (read(w->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGTSTP)
			stop(w);
		else if (info.ssi_signo == SIGWINCH && w->on_screen) {
			measure(w);
			fputs("\033[2J", stdout);
		} else if (info.ssi_signo != SIGCHLD && info.ssi_signo != SIGWINCH)
			return false;
	}
	return true;
}

static int open_signals(struct error *err)
{
	static const int taken[] = { SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGWINCH, SIGCHLD };
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++)
		sigaddset(&set, taken[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return error_errno(err, ERR_FAILED, "cannot wait for signals");
	return fd;
}

static int run_screen(struct watching *w, struct error *err)
{
	bool on = true;
	int rc = take(w, false, err);
	if (rc < 0)
		return rc;
	enter_screen(w);
	while (on && rc >= 0) {
		bool due = env_ms(w->inv->env) >= w->fetch_at;
		if (due)
			start_fetch(w);
		draw(w);
		struct pollfd polls[] = { { .fd = STDIN_FILENO, .events = POLLIN },
			{ .fd = w->signals, .events = POLLIN } };
		poll(polls, 2, TICK_MS);
		on = take_signals(w);
		if (on && polls[0].revents)
			on = take_keys(w);
		/* Other processes of this clone also fetch. */
		if (end_fetch(w) || (w->given->offline && due))
			rc = take(w, false, err);
	}
	leave_screen(w);
	return rc;
}

/* ---- lines, if there is no screen ---- */

static void say(struct watching *w, const char *event, const char *text)
{
	char when[TIMESTAMP_SIZE];
	struct json_writer writer;
	timestamp_format(w->overview.fleet.now, when);
	if (!w->inv->json) {
		show_line("%s %s: %s", when, event, text);
		return;
	}
	show_json_begin(&writer);
	writer.compact = true;
	json_put_string(&writer, "timestamp", when);
	json_put_string(&writer, "event", event);
	json_put_string(&writer, "text", text);
	show_json_end(&writer, true);
}

static int say_change(const struct state_change *change, void *data)
{
	static const char *const names[] = { [CHANGE_MESSAGE] = "message",
		[CHANGE_JOB] = "job",
		[CHANGE_BUILD_FAILED] = "build-failed",
		[CHANGE_LOCK] = "lock",
		[CHANGE_LOCK_LOST] = "lock" };
	struct watching *w = data;
	const char *server = w->inv->settings.server;
	struct buf text = BUF_INIT;
	change_say(&text, change, server ? server : "");
	say(w, names[change->kind], text.data);
	buf_release(&text);
	return 0;
}

static bool is_in(char *const *words, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(words[i], word))
			return true;
	return false;
}

/* Prints alerts that are new, and those that have ended. */
static void say_alerts(struct watching *w, char ***known, size_t *count)
{
	char **now = xcalloc(w->health.count + 1, sizeof(*now));
	for (size_t i = 0; i < w->health.count; i++) {
		now[i] = xstrdup(w->health.alerts[i].words);
		if (!is_in(*known, *count, now[i]))
			say(w, severity_name(w->health.alerts[i].severity), now[i]);
	}
	for (size_t i = 0; i < *count; i++) {
		if (!is_in(now, w->health.count, (*known)[i]))
			say(w, "over", (*known)[i]);
		free((*known)[i]);
	}
	free(*known);
	*known = now;
	*count = w->health.count;
}

static int run_lines(struct watching *w, struct error *err)
{
	struct oid before = OID_NONE;
	struct invocation *inv = w->inv;
	char **known = NULL;
	size_t count = 0;
	int rc = 0;
	for (;;) {
		rc = take(w, !w->given->offline, err);
		if (rc < 0)
			break;
		const struct oid *tip = &w->overview.fleet.tip;
		rc = changes_each(inv->repo, &before, tip,
			inv->settings.server ? inv->settings.server : "", w->overview.fleet.now,
			say_change, w, err);
		if (rc < 0)
			break;
		before = *tip;
		say_alerts(w, &known, &count);
		rc = show_finish(err);
		if (rc < 0)
			break;
		repo_tidy(inv->repo);
		struct pollfd signals = { .fd = w->signals, .events = POLLIN };
		int64_t pause = (w->given->interval ? w->given->interval : INTERVAL) * 1000;
		int64_t until = env_ms(w->inv->env) + pause;
		bool on = true;
		/* Children that end also send a signal. */
		while (on && env_ms(w->inv->env) < until &&
			(poll(&signals, 1, (int)(until - env_ms(w->inv->env))) > 0))
			on = take_signals(w);
		if (!on)
			break;
	}
	for (size_t i = 0; i < count; i++)
		free(known[i]);
	free(known);
	return rc;
}

static int show_once(struct watching *w, struct error *err)
{
	struct screen screen;
	int rc = take(w, !w->given->offline, err);
	if (rc < 0)
		return rc;
	measure(w);
	screen_draw(&screen,
		&(struct screen_plan){ .overview = &w->overview,
			.health = &w->health,
			.width = isatty(STDOUT_FILENO) ? w->width : PLAIN_WIDTH,
			.colour = w->inv->colour,
			.ascii = !shows_utf8() });
	for (size_t i = 0; i < screen.count; i++) {
		buf_addch(&screen.lines[i], '\n');
		show_text(&screen.lines[i]);
	}
	screen_release(&screen);
	return 0;
}

/* ---- */

static int run(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct watch_options *given = values;
	struct watching w = { .inv = inv, .given = given };
	bool on_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !inv->json;
	(void)operands;
	if (given->once && (given->interval || inv->json)) {
		error_set(err, ERR_INVALID, "--once can be used with --offline only");
		return ANSWER_USAGE;
	}
	int rc = health_limits_load(&w.limits, inv->repo, err);
	if (rc < 0)
		return rc;
	w.signals = open_signals(err);
	if (w.signals < 0)
		return ERR_FAILED;
	rc = given->once      ? show_once(&w, err)
		: on_terminal ? run_screen(&w, err)
			      : run_lines(&w, err);
	abort_fetch(&w);
	for (int i = 0; i < w.height; i++)
		buf_release(&w.shown[i]);
	free(w.shown);
	forget(&w);
	close(w.signals);
	return rc;
}

const struct command command_watch = {
	.name = "watch",
	.summary = "show a live view of the fleet",
	.synopsis = synopsis,
	.options = options,
	.options_size = sizeof(struct watch_options),
	.needs = NEEDS_REPOSITORY,
	.shows = true,
	.run = run,
};
