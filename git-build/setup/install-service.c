/*
 * git build install-service: systemd units or crontab lines that run the heartbeat or worker of a
 * clone.
 */
#include "cli/coordination.h"
#include "cli/print.h"

#include "base/child.h"
#include "host/program.h"
#include "json/write.h"
#include "setup/service.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct service_options {
	bool user, system, print, cron, now, remove;
};

static const struct option options[] = {
	OPT_FLAG(
		0, "system", struct service_options, system, "a system service (default for root)"),
	OPT_FLAG(0, "user", struct service_options, user,
		"a user service (default for other users)"),
	OPT_FLAG(0, "now", struct service_options, now, "also enable and start the service"),
	OPT_FLAG(0, "print", struct service_options, print, "print the units, write nothing"),
	OPT_FLAG(0, "cron", struct service_options, cron, "print a line for crontab instead"),
	OPT_FLAG(0, "remove", struct service_options, remove, "remove the units"),
	OPT_END,
};

static const char *const synopsis[] = {
	"[--system|--user] [--now|--print|--cron|--remove] [--server ID] [--json] "
	"(heartbeat|worker|archive)",
	NULL
};

static const char *const words[] = { "heartbeat", "worker", "archive", NULL };

/* The directory for units of the administrator or user: systemd.unit(5). */
static int find_directory(struct buf *out, bool user, struct error *err)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	if (!user)
		buf_addstr(out, "/etc/systemd/system");
	else if (config && *config == '/')
		buf_addf(out, "%s/systemd/user", config);
	else if (home && *home == '/')
		buf_addf(out, "%s/.config/systemd/user", home);
	else
		return error_set(err, ERR_INVALID,
			"HOME is not set; it is needed to find the directory of user units");
	return 0;
}

static int systemctl(
	bool user, const char *verb, const char *option, const char *unit, struct error *err)
{
	const char *argv[6] = { "systemctl" };
	size_t n = 1;
	if (user)
		argv[n++] = "--user";
	argv[n++] = verb;
	if (option)
		argv[n++] = option;
	if (unit)
		argv[n++] = unit;
	struct buf errors = BUF_INIT;
	struct child child = { .argv = argv, .errors = &errors };
	int status, rc = child_run(&child, &status, err);
	buf_trim(&errors);
	if (!rc && status)
		rc = error_set(err, ERR_FAILED, "systemctl %s: %s", verb, errors.data);
	buf_release(&errors);
	return rc;
}

static int enable(const struct service *service, bool user, struct error *err)
{
	const char *unit = service->units[service->count - 1].name.data;
	int rc = systemctl(user, "daemon-reload", NULL, NULL, err);
	return rc < 0 ? rc : systemctl(user, "enable", "--now", unit, err);
}

static void show_units(const struct invocation *inv, const struct service *service)
{
	for (size_t i = 0; i < service->count; i++) {
		if (i)
			show_line("%s", "");
		if (!inv->quiet)
			show_line("# %s", service->units[i].name.data);
		show_text(&service->units[i].text);
	}
}

static void show_as_json(const struct service *service, const char *directory, const char *done)
{
	struct json_writer w;
	show_json_begin(&w);
	json_put_string(&w, "directory", directory);
	json_put_string(&w, "done", done);
	json_begin_member(&w, "units", '[');
	for (size_t i = 0; i < service->count; i++) {
		json_begin(&w, '{');
		json_put_string(&w, "name", service->units[i].name.data);
		json_put_string(&w, "text", service->units[i].text.data);
		json_end(&w);
	}
	json_end(&w);
	json_put_string(&w, "cron", service->cron.data);
	show_json_end(&w, true);
}

/* systemd writes details to its log; keep the first line of its output. */
static void keep_first_line(struct error *err)
{
	err->text[strcspn(err->text, "\n")] = '\0';
}

/* Removes the written units again if systemd rejects them: a service that could not be started must
 * not start at the next boot. */
static int take_back(const struct service *service, const struct service_plan *plan,
	const char *directory, int rc, struct error *err)
{
	struct error why = ERROR_INIT;
	keep_first_line(err);
	if (service_remove(service, plan, directory, &why) < 0)
		return error_set(err, rc,
			"%s; removing %s/%s failed, too (%s); remove it, and use --cron", err->text,
			directory, service->units[0].name.data, why.text);
	systemctl(plan->user, "daemon-reload", NULL, NULL, NULL);
	return error_set(err, rc,
		"%s; nothing was installed; on a host without systemd, use 'git build "
		"install-service --cron' to print a line for crontab",
		err->text);
}

/* Stops and disables the units before their files are removed, since systemctl(1) finds the units
 * by these files. If systemd is not running, or does not know the unit, there is nothing to
 * stop. Returns true if it was stopped. */
static bool disable(const struct service *service, bool user)
{
	const char *unit = service->units[service->count - 1].name.data;
	return systemctl(user, "disable", "--now", unit, NULL) == 0;
}

static void say_next(const struct service *service, const char *directory, bool user, bool removed,
	bool disabled)
{
	const char *unit = service->units[service->count - 1].name.data,
		   *option = user ? " --user" : "";
	for (size_t i = 0; i < service->count; i++)
		show_line("%s %s/%s", removed ? "removed" : "wrote", directory,
			service->units[i].name.data);
	if (removed && !disabled)
		show_line("systemctl could not stop the service; if it runs, stop it, and run: "
			  "systemctl%s daemon-reload",
			option);
	else if (!removed)
		show_line("next: systemctl%s daemon-reload && systemctl%s enable --now %s", option,
			option, unit);
}

/* Writes the units; with `now`, starts them, and removes new ones again if that fails. */
static int write_units(const struct service *service, const struct service_plan *plan,
	const char *directory, bool now, struct error *err)
{
	bool is_new = !service_is_written(service, directory);
	int rc = service_write(service, plan, directory, err);
	if (rc < 0 || !now)
		return rc;
	rc = enable(service, plan->user, err);
	if (rc < 0 && is_new)
		return take_back(service, plan, directory, rc, err);
	return rc;
}

static int remove_units(const struct service *service, const struct service_plan *plan,
	const char *directory, bool *disabled, struct error *err)
{
	int rc = service_check_owner(service, plan, directory, err);
	if (rc < 0)
		return rc;
	bool is_there = service_is_written(service, directory);
	*disabled = !is_there || disable(service, plan->user);
	rc = service_remove(service, plan, directory, err);
	if (!rc && is_there && *disabled)
		systemctl(plan->user, "daemon-reload", NULL, NULL, NULL);
	return rc;
}

static int carry_out(struct invocation *inv, const struct service_options *given,
	const struct service *service, const struct service_plan *plan, struct error *err)
{
	struct buf directory = BUF_INIT;
	const char *done = given->print || given->cron ? "nothing"
		: given->remove                        ? "removed"
						       : "written";
	bool written = !given->remove && !given->print && !given->cron, disabled = false;
	int rc = find_directory(&directory, plan->user, err);
	if (!rc && given->remove)
		rc = remove_units(service, plan, directory.data, &disabled, err);
	else if (!rc && written)
		rc = write_units(service, plan, directory.data, given->now, err);
	if (!rc && inv->json)
		show_as_json(service, directory.data, done);
	else if (!rc && given->cron)
		show_text(&service->cron);
	else if (!rc && given->print)
		show_units(inv, service);
	else if (!rc && !inv->quiet && !given->now)
		say_next(service, directory.data, plan->user, given->remove, disabled);
	buf_release(&directory);
	return rc;
}

static int run(
	struct invocation *inv, const void *values, struct operands *operands, struct error *err)
{
	const struct service_options *given = values;
	struct buf program = BUF_INIT;
	struct service service;
	struct service_plan plan = { .user = given->user || (!given->system && geteuid() != 0),
		.settings = &inv->settings,
		.repo = inv->repo };
	if (given->now + given->print + given->cron + given->remove > 1) {
		error_set(
			err, ERR_INVALID, "--now, --print, --cron and --remove cannot be combined");
		return ANSWER_USAGE;
	}
	if (operands->count != 1 || (given->user && given->system)) {
		error_set(err, ERR_INVALID,
			given->user && given->system ? "--user and --system cannot be combined"
						     : "give a service: heartbeat, worker or "
						       "archive");
		return ANSWER_USAGE;
	}
	if (service_kind_find(operands->words[0], &plan.kind, err) < 0)
		return ANSWER_USAGE;
	int rc = program_path(&program, err);
	plan.program = program.data;
	if (!rc) {
		rc = service_make(&service, &plan, err);
		if (!rc)
			rc = carry_out(inv, given, &service, &plan, err);
		service_release(&service);
	}
	buf_release(&program);
	return rc;
}

const struct command command_install_service = {
	.name = "install-service",
	.summary = "run the heartbeat or worker as a systemd service or from cron",
	.synopsis = synopsis,
	.options = options,
	.options_size = sizeof(struct service_options),
	.settings = coordination_server,
	.needs = NEEDS_SERVER,
	.shows = true,
	.operands = 1,
	.words = words,
	.changes = true,
	.run = run,
};
