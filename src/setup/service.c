#include "setup/service.h"

#include "base/file.h"
#include "git/state.h"
#include "remote/remote.h"

#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

enum { UNIT_LIMIT = 1 << 16 };

static const char *const kinds[] = { "heartbeat", "worker", "archive" };

void service_release(struct service *service)
{
	for (size_t i = 0; i < SERVICE_UNITS; i++) {
		buf_release(&service->units[i].name);
		buf_release(&service->units[i].text);
	}
	buf_release(&service->cron);
}

int service_kind_find(const char *name, enum service_kind *out, struct error *err)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i], name)) {
			*out = (enum service_kind)i;
			return 0;
		}
	return error_set(err, ERR_INVALID,
		"unknown service '%s': expected heartbeat, worker or archive", name);
}

/* ---- quoting for units and crontabs ---- */

/* For a command line of systemd: in double quotes; % (a specifier) and $ (a variable) are doubled.
 */
static void quote_for_unit(struct buf *out, const char *word)
{
	buf_addch(out, '"');
	for (; *word; word++) {
		if (*word == '%' || *word == '$')
			buf_addch(out, *word);
		else if (*word == '"' || *word == '\\')
			buf_addch(out, '\\');
		buf_addch(out, *word);
	}
	buf_addch(out, '"');
}

/* For a path in a setting of systemd: specifiers are expanded there, but variables are not. */
static void quote_path(struct buf *out, const char *path)
{
	buf_addch(out, '"');
	for (; *path; path++) {
		if (*path == '%')
			buf_addch(out, '%');
		else if (*path == '"' || *path == '\\')
			buf_addch(out, '\\');
		buf_addch(out, *path);
	}
	buf_addch(out, '"');
}

/* For sh in a crontab: each % is written as \%, because cron reads % as a line feed. */
static void quote_for_cron(struct buf *out, const char *word)
{
	struct buf quoted = BUF_INIT;
	buf_add_quoted(&quoted, word);
	for (const char *at = quoted.data; *at; at++) {
		if (*at == '%')
			buf_addstr(out, "'\\%'");
		else
			buf_addch(out, *at);
	}
	buf_release(&quoted);
}

/* ---- units ---- */

/* The path of the remote if it is a directory of this host: the service writes to it. */
static const char *local_remote(const struct service_plan *plan, struct buf *url)
{
	if (!remote_url(plan->repo, plan->settings->remote, url))
		return NULL;
	const char *path = !strncmp(url->data, "file://", 7) ? url->data + 7 : url->data;
	return *path == '/' ? path : NULL;
}

/*
 * Restricts the service. The user's manager cannot give a service a private view of the file
 * system. /tmp is not private: the lock of the host queue is there.
 */
static void harden(struct buf *text, const struct service_plan *plan)
{
	struct buf url = BUF_INIT;
	buf_addstr(text, "LockPersonality=yes\nRestrictRealtime=yes\n");
	if (plan->kind == SERVICE_WORKER) {
		/* A build may install packages, and may write to any directory. */
		buf_addstr(text, "OOMPolicy=continue\nKillMode=mixed\nTimeoutStopSec=60\n");
		if (!plan->user)
			buf_addstr(text,
				"ProtectClock=yes\nProtectKernelModules=yes\n"
				"ProtectKernelTunables=yes\n");
		return;
	}
	buf_addstr(text, "NoNewPrivileges=yes\nRestrictSUIDSGID=yes\n");
	if (plan->user)
		return;
	buf_addstr(text,
		"ProtectSystem=strict\nProtectHome=read-only\nPrivateDevices=yes\nProtectClock="
		"yes\n"
		"ProtectControlGroups=yes\nProtectKernelLogs=yes\nProtectKernelModules=yes\n"
		"ProtectKernelTunables=yes\nRestrictNamespaces=yes\nSystemCallArchitectures="
		"native\n"
		"RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK\n"
		"ReadWritePaths=/tmp ");
	quote_path(text, repo_work_tree(plan->repo));
	if (strncmp(repo_common_dir(plan->repo), repo_work_tree(plan->repo),
		    strlen(repo_work_tree(plan->repo))) != 0) {
		buf_addch(text, ' ');
		quote_path(text, repo_common_dir(plan->repo));
	}
	const char *remote = local_remote(plan, &url);
	if (remote) {
		buf_addch(text, ' ');
		quote_path(text, remote);
	}
	buf_addch(text, '\n');
	buf_release(&url);
}

/*
 * A system service runs as the owner of the clone: git refuses the clone of another user
 * (safe.directory). Only with User= does a service have a HOME, with git's settings and keys in it
 * (systemd.exec(5)).
 */
static int add_user(struct buf *text, const char *work_tree, struct error *err)
{
	struct stat st;
	if (stat(work_tree, &st) < 0)
		return error_errno(err, ERR_FAILED, "cannot read the owner of %s", work_tree);
	const struct passwd *owner = getpwuid(st.st_uid);
	if (owner)
		buf_addf(text, "User=%s\n", owner->pw_name);
	else
		buf_addf(text, "User=%u\n", (unsigned)st.st_uid);
	return 0;
}

static const char *arguments(enum service_kind kind)
{
	return kind == SERVICE_HEARTBEAT ? "heartbeat --loop"
		: kind == SERVICE_WORKER ? "run --loop"
					 : "archive";
}

static void begin_unit(struct buf *text, const struct service_plan *plan, const char *what)
{
	buf_addf(text,
		"# Written by 'git build install-service'; remove it with its option --remove.\n"
		"[Unit]\nDescription=git-build: %s of %s\n"
		"Documentation=man:git-build-%s(1)\n",
		what, plan->settings->server,
		plan->kind == SERVICE_WORKER ? "run" : kinds[plan->kind]);
}

static int make_service(struct buf *text, const struct service_plan *plan, struct error *err)
{
	static const char *const what[] = { "heartbeat", "worker", "archive" };
	bool loops = plan->kind != SERVICE_ARCHIVE;
	begin_unit(text, plan, what[plan->kind]);
	buf_addf(text,
		"Wants=network-online.target\nAfter=network-online.target\n\n"
		"[Service]\nType=%s\nExecStart=",
		loops ? "notify" : "oneshot");
	quote_for_unit(text, plan->program);
	buf_addstr(text, " -C ");
	quote_for_unit(text, repo_work_tree(plan->repo));
	buf_addf(text, " %s --server %s\n", arguments(plan->kind), plan->settings->server);
	int rc = plan->user ? 0 : add_user(text, repo_work_tree(plan->repo), err);
	if (plan->kind == SERVICE_HEARTBEAT)
		buf_addstr(text, "ExecReload=/bin/kill -HUP $MAINPID\n");
	if (loops)
		buf_addstr(text, "Restart=on-failure\nRestartSec=10\n");
	harden(text, plan);
	if (loops)
		buf_addf(text, "\n[Install]\nWantedBy=%s\n",
			plan->user ? "default.target" : "multi-user.target");
	return rc;
}

static void make_timer(struct buf *text, const struct service_plan *plan)
{
	begin_unit(text, plan, "weekly archive");
	buf_addstr(text,
		"\n[Timer]\nOnCalendar=weekly\nRandomizedDelaySec=1h\nPersistent=true\n\n"
		"[Install]\nWantedBy=timers.target\n");
}

/* ---- cron ---- */

static void make_cron(struct buf *line, const struct service_plan *plan)
{
	struct buf lock = BUF_INIT;
	buf_addstr(line, plan->kind == SERVICE_ARCHIVE ? "17 4 * * 0 " : "* * * * * ");
	if (plan->kind == SERVICE_WORKER) {
		/* A build can take longer than the minute until cron runs the line again. */
		state_path(&lock, plan->repo, "cron");
		buf_addstr(line, "flock -n ");
		quote_for_cron(line, lock.data);
		buf_addch(line, ' ');
	}
	quote_for_cron(line, plan->program);
	buf_addstr(line, " -C ");
	quote_for_cron(line, repo_work_tree(plan->repo));
	buf_addf(line, " %s --server %s -q\n",
		plan->kind == SERVICE_HEARTBEAT        ? "heartbeat"
			: plan->kind == SERVICE_WORKER ? "run --once"
						       : "archive",
		plan->settings->server);
	buf_release(&lock);
}

/* ---- */

int service_make(struct service *out, const struct service_plan *plan, struct error *err)
{
	*out = (struct service){ .count = 0 };
	for (size_t i = 0; i < SERVICE_UNITS; i++)
		out->units[i] = (struct unit){ BUF_INIT, BUF_INIT };
	out->cron = (struct buf)BUF_INIT;
	if (!repo_work_tree(plan->repo))
		return error_set(err, ERR_INVALID,
			"%s: bare repository; a service needs a clone with a worktree",
			repo_git_dir(plan->repo));
	if (strchr(repo_work_tree(plan->repo), '\n') || strchr(plan->program, '\n'))
		return error_set(
			err, ERR_INVALID, "a unit file cannot contain a path with a line feed");
	struct unit *unit = &out->units[out->count++];
	buf_addf(&unit->name, "git-build-%s-%s.service", kinds[plan->kind], plan->settings->server);
	int rc = make_service(&unit->text, plan, err);
	if (plan->kind == SERVICE_ARCHIVE) {
		struct unit *timer = &out->units[out->count++];
		buf_addf(&timer->name, "git-build-%s-%s.timer", kinds[plan->kind],
			plan->settings->server);
		make_timer(&timer->text, plan);
	}
	make_cron(&out->cron, plan);
	return rc;
}

/* ---- files in a directory ---- */

/* The ExecStart line of a service contains the path of its clone. */
int service_check_owner(const struct service *service, const struct service_plan *plan,
	const char *directory, struct error *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT, clone = BUF_INIT;
	buf_addf(&path, "%s/%s", directory, service->units[0].name.data);
	buf_addstr(&clone, " -C ");
	quote_for_unit(&clone, repo_work_tree(plan->repo));
	buf_addch(&clone, ' ');
	int rc = file_read(&text, path.data, UNIT_LIMIT, err);
	if (!rc && !strstr(text.data, clone.data))
		rc = error_set(err, ERR_INVALID,
			"%s belongs to another clone with the same server ID", path.data);
	buf_release(&path);
	buf_release(&text);
	buf_release(&clone);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

bool service_is_written(const struct service *service, const char *directory)
{
	bool found = false;
	for (size_t i = 0; !found && i < service->count; i++) {
		struct buf path = BUF_INIT;
		buf_addf(&path, "%s/%s", directory, service->units[i].name.data);
		/* If this cannot be checked, assume that the unit exists. */
		found = file_exists(path.data, NULL) != 0;
		buf_release(&path);
	}
	return found;
}

static int each_file(
	const struct service *service, const char *directory, bool remove, struct error *err)
{
	int rc = 0;
	for (size_t i = 0; !rc && i < service->count; i++) {
		const struct unit *unit = &service->units[i];
		struct buf path = BUF_INIT;
		buf_addf(&path, "%s/%s", directory, unit->name.data);
		rc = remove ? file_remove(path.data, err)
			    : file_replace(path.data, unit->text.data, unit->text.len, 0644, err);
		buf_release(&path);
	}
	return rc;
}

int service_write(const struct service *service, const struct service_plan *plan,
	const char *directory, struct error *err)
{
	int rc = file_make_directories(directory, err);
	if (!rc)
		rc = service_check_owner(service, plan, directory, err);
	return rc < 0 ? rc : each_file(service, directory, false, err);
}

int service_remove(const struct service *service, const struct service_plan *plan,
	const char *directory, struct error *err)
{
	int rc = service_check_owner(service, plan, directory, err);
	return rc < 0 ? rc : each_file(service, directory, true, err);
}
