#include "view/page.h"

#include "base/alloc.h"
#include "base/embedded.h"
#include "base/timestamp.h"
#include "base/version.h"
#include "base/escape.h"
#include "view/page_plot.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { HEARTBEATS = 60, MESSAGES = 20, BUILDS = 40, MOST_JOBS = 50, MOST_LOCKS = 50 };

const struct overview_plan page_overview = {
	.fetch = true, .heartbeats = HEARTBEATS, .messages = MESSAGES, .builds = BUILDS
};

struct page {
	struct buf *out;
	const struct overview *overview;
	const struct health *health;
	int64_t now;
};

/* ---- text ---- */

static void add(struct page *p, const char *html)
{
	buf_addstr(p->out, html);
}

static void add_age(struct page *p, int64_t then)
{
	char age[TIMESTAMP_SIZE], when[TIMESTAMP_SIZE];
	if (!then) {
		add(p, "never");
		return;
	}
	timestamp_format(then, when);
	buf_addf(p->out, "<time datetime=\"%s\" title=\"%s\">", when, when);
	if (then > p->now)
		buf_addf(p->out, "in %s", timestamp_format_age(then - p->now, age));
	else
		buf_addf(p->out, "%s ago", timestamp_format_age(p->now - then, age));
	add(p, "</time>");
}

/* ---- tables ---- */

static void begin_table(struct page *p, const char *const *titles)
{
	add(p, "<table><thead><tr>");
	for (; *titles; titles++)
		buf_addf(p->out, "<th scope=\"col\">%s</th>", *titles);
	add(p, "</tr></thead><tbody>\n");
}

static void begin_cell(struct page *p, const char *label)
{
	buf_addf(p->out, "<td data-label=\"%s\">", label);
}

static void cell(struct page *p, const char *label, const char *text)
{
	begin_cell(p, label);
	escape_html(p->out, text);
	add(p, "</td>");
}

static void cell_age(struct page *p, const char *label, int64_t then)
{
	begin_cell(p, label);
	add_age(p, then);
	add(p, "</td>");
}

static void cell_code(struct page *p, const char *label, const char *text)
{
	begin_cell(p, label);
	add(p, "<code>");
	escape_html(p->out, text);
	add(p, "</code></td>");
}

/* Adds a word with a shape, so that the meaning does not depend on colour alone. */
static void mark(struct page *p, const char *class, const char *shape, const char *word)
{
	buf_addf(p->out, "<span class=\"%s\"><span aria-hidden=\"true\">%s</span> ", class, shape);
	escape_html(p->out, word);
	add(p, "</span>");
}

/* ---- the head ---- */

static void add_style(struct page *p)
{
	add(p, "<style>\n");
	const struct embedded *style = embedded_find("view/page.css");
	buf_add(p->out, style->text, style->len);
	add(p, "</style>\n");
}

static void add_head(struct page *p, int refresh)
{
	add(p,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"style-src 'unsafe-inline'\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
	if (refresh)
		buf_addf(p->out, "<meta http-equiv=\"refresh\" content=\"%d\">\n", refresh);
	buf_addf(p->out, "<title>Fleet: %s</title>\n",
		p->health->severity == HEALTH_OK ? "no alerts" : "alerts");
	add_style(p);
	add(p, "</head>\n<body>\n");
}

static size_t count_alive(const struct page *p)
{
	size_t alive = 0;
	for (size_t i = 0; i < p->health->servers_count; i++)
		alive += p->health->servers[i].healthy;
	return alive;
}

static void add_count(struct page *p, size_t count, const char *one, const char *more)
{
	buf_addf(p->out, "%zu %s", count, count == 1 ? one : more);
}

static void add_verdict(struct page *p)
{
	const struct fleet *fleet = &p->overview->fleet;
	size_t critical = health_count(p->health, HEALTH_CRITICAL);
	size_t warnings = health_count(p->health, HEALTH_WARNING);
	char when[TIMESTAMP_SIZE];
	add(p, "<header>\n");
	if (critical)
		buf_addf(p->out,
			"<h1 class=\"critical\"><span aria-hidden=\"true\">\xe2\x9c\x96</span> "
			"%zu critical, %zu %s</h1>\n",
			critical, warnings, warnings == 1 ? "warning" : "warnings");
	else if (warnings)
		buf_addf(p->out,
			"<h1 class=\"warning\"><span aria-hidden=\"true\">\xe2\x96\xb2</span> %zu "
			"%s</h1>\n",
			warnings, warnings == 1 ? "warning" : "warnings");
	else
		add(p,
			"<h1 class=\"ok\"><span aria-hidden=\"true\">\xe2\x97\x8f</span> No "
			"alerts</h1>\n");
	buf_addf(p->out, "<p class=\"facts\">%zu of %zu servers healthy, ", count_alive(p),
		fleet->count);
	add_count(p, overview_count_jobs(p->overview, JOB_RUNNING), "job running, ",
		"jobs running, ");
	add_count(p, overview_count_jobs(p->overview, JOB_QUEUED), "queued, ", "queued, ");
	add_count(p, p->overview->messages_unread, "unread message", "unread messages");
	timestamp_format(p->now, when);
	buf_addf(p->out,
		"</p>\n<p class=\"when\">As of <time datetime=\"%s\">%.10s %.5s UTC</time>", when,
		when, when + 11);
	if (fleet->offline.code) {
		add(p, "; the shared repository cannot be reached, last fetched ");
		add_age(p, fleet->fetched_at);
	}
	add(p, "</p>\n</header>\n<main>\n");
}

/* ---- the sections ---- */

static void add_alerts(struct page *p)
{
	if (!p->health->count)
		return;
	add(p, "<section aria-label=\"Alerts\"><ul class=\"alerts\">\n");
	for (size_t i = 0; i < p->health->count; i++) {
		const struct health_alert *alert = &p->health->alerts[i];
		bool critical = alert->severity == HEALTH_CRITICAL;
		const char *name = severity_name(alert->severity);
		buf_addf(p->out, "<li class=\"%s\">", name);
		mark(p, name, critical ? "\xe2\x9c\x96" : "\xe2\x96\xb2", name);
		add(p, " <span class=\"what\">");
		escape_html(p->out, alert->words);
		add(p, "</span>");
		if (alert->since) {
			add(p, " <span class=\"when\">");
			add_age(p, alert->since);
			add(p, "</span>");
		}
		add(p, "</li>\n");
	}
	add(p, "</ul></section>\n");
}

static void add_state(struct page *p, const struct health_server *verdict)
{
	const char *name = health_state_name(verdict);
	if (verdict->healthy)
		mark(p, "ok", "\xe2\x97\x8f", name);
	else if (verdict->state == HEARTBEAT_LATE || verdict->state == HEARTBEAT_NEVER)
		mark(p, "warning", "\xe2\x96\xb2", name);
	else
		mark(p, "critical", "\xe2\x9c\x96", name);
}

static void add_work(struct page *p, const struct server *server)
{
	begin_cell(p, "Activity");
	if (server->job) {
		mark(p, "busy", "\xe2\x96\xb6", "building");
		add(p, " ");
		escape_html(p->out, server->job_branch);
		add(p, " <code>");
		escape_html(p->out, server->job);
		add(p, "</code>");
	} else if (server->status && !strcmp(server->status, "failed")) {
		mark(p, "critical", "\xe2\x9c\x96", "last build failed");
	} else {
		escape_html(p->out, server->status);
	}
	add(p, "</td>");
}

static void add_servers(struct page *p)
{
	static const char *const titles[] = { "Server", "State", "Activity", "Last heartbeat",
		"Heartbeats", "Disk free", "Manager", NULL };
	add(p, "<section aria-labelledby=\"fleet\"><h2 id=\"fleet\">Fleet</h2>\n");
	begin_table(p, titles);
	for (size_t i = 0; i < p->health->servers_count; i++) {
		const struct health_server *verdict = &p->health->servers[i];
		const struct server *server = verdict->server;
		add(p, "<tr><th scope=\"row\">");
		escape_html(p->out, server->id);
		add(p, "</th>");
		begin_cell(p, "State");
		add_state(p, verdict);
		add(p, "</td>");
		add_work(p, server);
		cell_age(p, "Last heartbeat", server->last_heartbeat);
		begin_cell(p, "Heartbeats");
		if (p->overview->heartbeats)
			plot_heartbeats(p->out, server, &p->overview->heartbeats[i], p->now);
		add(p, "</td>");
		begin_cell(p, "Disk free");
		if (server->disk_free_gb >= 0)
			buf_addf(p->out, "%.0f GiB", server->disk_free_gb);
		add(p, "</td>");
		cell(p, "Manager", server->manager);
		add(p, "</tr>\n");
	}
	add(p, "</tbody></table></section>\n");
}

static void add_job(struct page *p, const struct job *job)
{
	add(p, "<tr>");
	begin_cell(p, "Job");
	add(p, "<code>");
	escape_html(p->out, job->id);
	add(p, "</code></td>");
	begin_cell(p, "State");
	if (job_is(job, JOB_RUNNING))
		mark(p, "busy", "\xe2\x96\xb6", "running");
	else
		escape_html(p->out, job->status);
	add(p, "</td>");
	cell(p, "Type", job->type);
	cell(p, "Branch", job->branch);
	buf_addf(p->out, "<td data-label=\"Priority\">%" PRId64 "</td>", job->priority);
	cell(p, "Server", job->assigned_to);
	cell_age(p, "Since", job->started_at ? job->started_at : job->created_at);
	cell(p, "Description", job->description);
	add(p, "</tr>\n");
}

/* Orders jobs as they are claimed, running jobs first. */
static int by_turn(const void *left, const void *right)
{
	const struct job *const *a = left, *const *b = right;
	bool first = job_is(*a, JOB_RUNNING), second = job_is(*b, JOB_RUNNING);
	if (first != second)
		return second - first;
	if ((*a)->priority != (*b)->priority)
		return ((*a)->priority > (*b)->priority) - ((*a)->priority < (*b)->priority);
	return ((*a)->created_at > (*b)->created_at) - ((*a)->created_at < (*b)->created_at);
}

static void add_queue(struct page *p)
{
	static const char *const titles[] = { "Job", "State", "Type", "Branch", "Priority",
		"Server", "Since", "Description", NULL };
	const struct job_list *list = &p->overview->jobs;
	const struct job **turns = xcalloc(list->count + 1, sizeof(const struct job *));
	size_t count = 0;
	add(p, "<section aria-labelledby=\"queue\"><h2 id=\"queue\">Queue</h2>\n");
	for (size_t i = 0; i < list->count; i++)
		if (job_is(&list->jobs[i], JOB_RUNNING) || job_is(&list->jobs[i], JOB_QUEUED))
			turns[count++] = &list->jobs[i];
	qsort(turns, count, sizeof(*turns), by_turn);
	if (count)
		begin_table(p, titles);
	for (size_t i = 0; i < count && i < MOST_JOBS; i++)
		add_job(p, turns[i]);
	add(p,
		count ? "</tbody></table>\n"
		      : "<p class=\"none\">No jobs are queued or running.</p>\n");
	if (count > MOST_JOBS)
		buf_addf(p->out, "<p class=\"none\">and %zu more</p>\n", count - MOST_JOBS);
	add(p, "</section>\n");
	free(turns);
}

static void add_build_row(struct page *p, const struct build *build)
{
	char took[TIMESTAMP_SIZE];
	add(p, "<tr>");
	cell_code(p, "Job", build->job);
	begin_cell(p, "Result");
	if (build->failed)
		mark(p, "critical", "\xe2\x9c\x96", "failed");
	else
		mark(p, "ok", "\xe2\x97\x8f", "success");
	add(p, "</td>");
	cell(p, "Server", build->server);
	cell(p, "Branch", build->branch);
	begin_cell(p, "Duration");
	if (build->duration >= 0)
		add(p, timestamp_format_age(build->duration, took));
	add(p, "</td>");
	cell_age(p, "Finished", build->ended_at);
	cell(p, "Reason", build->failed ? build->reason : NULL);
	add(p, "</tr>\n");
}

static void add_builds(struct page *p)
{
	static const char *const titles[] = { "Job", "Result", "Server", "Branch", "Duration",
		"Finished", "Reason", NULL };
	const struct overview *o = p->overview;
	size_t good = 0;
	add(p, "<section aria-labelledby=\"builds\"><h2 id=\"builds\">Builds</h2>\n");
	if (!o->builds_count) {
		add(p, "<p class=\"none\">No builds yet.</p></section>\n");
		return;
	}
	for (size_t i = 0; i < o->builds_count; i++)
		good += !o->builds[i].failed;
	buf_addf(p->out, "<p>%zu of the last %zu builds succeeded (%zu %%)</p>\n", good,
		o->builds_count, good * 100 / o->builds_count);
	plot_builds(p->out, o->builds, o->builds_count);
	add(p, "<details><summary>Show as a table</summary>\n");
	begin_table(p, titles);
	for (size_t i = 0; i < o->builds_count; i++)
		add_build_row(p, &o->builds[i]);
	add(p, "</tbody></table></details></section>\n");
}

static void add_locks(struct page *p)
{
	static const char *const titles[] = { "Lock", "State", "Holder", "Until", "Fence", NULL };
	const struct overview *o = p->overview;
	size_t shown = 0;
	add(p, "<section aria-labelledby=\"locks\"><h2 id=\"locks\">Locks</h2>\n");
	for (size_t i = 0; i < o->locks_count && shown < MOST_LOCKS; i++) {
		const struct lock *lock = &o->locks[i];
		bool is_held = lock->state == LOCK_HELD;
		if (lock->state == LOCK_FREE)
			continue;
		if (!shown++)
			begin_table(p, titles);
		add(p, "<tr>");
		cell_code(p, "Lock", lock->name);
		begin_cell(p, "State");
		mark(p, is_held ? "busy" : "warning", is_held ? "\xe2\x96\xb6" : "\xe2\x96\xb2",
			lock_state_name(lock->state));
		add(p, "</td>");
		cell(p, "Holder", lock->holder);
		cell_age(p, "Until", lock->expires_at);
		buf_addf(p->out, "<td data-label=\"Fence\">%" PRId64 "</td></tr>\n", lock->fence);
	}
	add(p,
		shown ? "</tbody></table></section>\n"
		      : "<p class=\"none\">No locks are held.</p></section>\n");
}

static void add_messages(struct page *p)
{
	static const char *const titles[] = { "From", "To", "Type", "Sent", "Subject", NULL };
	const struct overview *o = p->overview;
	add(p, "<section aria-labelledby=\"messages\"><h2 id=\"messages\">Newest messages</h2>\n");
	if (!o->messages_count) {
		add(p, "<p class=\"none\">No messages.</p></section>\n");
		return;
	}
	begin_table(p, titles);
	for (size_t i = 0; i < o->messages_count; i++) {
		const struct message *message = &o->messages[i];
		int64_t when = 0;
		bool is_error = message->type && !strcmp(message->type, "error");
		if (message->timestamp)
			timestamp_parse(message->timestamp, strlen(message->timestamp), &when);
		add(p, "<tr>");
		cell(p, "From", message->from);
		cell(p, "To", message->to);
		begin_cell(p, "Type");
		if (is_error)
			mark(p, "critical", "\xe2\x9c\x96", "error");
		else
			escape_html(p->out, message->type);
		add(p, "</td>");
		cell_age(p, "Sent", when);
		cell(p, "Subject", message->subject);
		add(p, "</tr>\n");
	}
	add(p, "</tbody></table>\n");
	if (o->messages_total > o->messages_count)
		buf_addf(p->out, "<p class=\"none\">of %zu</p>\n", o->messages_total);
	add(p, "</section>\n");
}

void page_write(struct buf *out, const struct page_plan *plan)
{
	struct page p = { out, plan->overview, plan->health, plan->overview->fleet.now };
	add_head(&p, plan->refresh);
	add_verdict(&p);
	add_alerts(&p);
	add_servers(&p);
	add_queue(&p);
	add_builds(&p);
	add_locks(&p);
	add_messages(&p);
	add(&p,
		"</main>\n<footer><p>git-build " GIT_BUILD_VERSION
		"</p></footer>\n</body>\n</html>\n");
}
