/*
 * git build install-service: units for systemd, or lines for cron, that keep a clone at work.
 */
#include "command.h"
#include "show.h"

#include "base/child.h"
#include "json/write.h"
#include "worker/service.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct service_options {
	bool user, system, print, cron, now, remove;
};

static const struct option options[] = {
	OPT_FLAG(0, "system", struct service_options, system,
		"for the system's manager (default as root)"),
	OPT_FLAG(0, "user", struct service_options, user, "for the user's own (default else)"),
	OPT_FLAG(0, "now", struct service_options, now, "enable and start it, too"),
	OPT_FLAG(0, "print", struct service_options, print, "write nothing, show the units"),
	OPT_FLAG(0, "cron", struct service_options, cron, "show a line for crontab instead"),
	OPT_FLAG(0, "remove", struct service_options, remove, "take the units away again"),
	OPT_END,
};

static const struct option settings[] = {
	OPT_STRING(0, "server", "ID", struct overrides, server, "which server this is"),
	OPT_END,
};

static const char *const synopsis[] = {
	"[--system|--user] [--now|--print|--cron|--remove] [--server ID] [--json] "
	"(heartbeat|worker|archive)",
	NULL
};

static const char *const words[] = { "heartbeat", "worker", "archive", NULL };

/* Where the manager looks for units of the administrator's: systemd.unit(5). */
static int find_folder(struct buf *out, bool user, struct error *err)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	if (!user)
		buf_addstr(out, "/etc/systemd/system");
	else if (config && *config == '/')
		buf_addf(out, "%s/systemd/user", config);
	else if (home && *home == '/')
		buf_addf(out, "%s/.config/systemd/user", home);
	else
		return error_set(err, ERR_INVALID, "HOME is not set: where are the user's units?");
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

static void show_as_json(const struct service *service, const char *folder, const char *done)
{
	struct buf out = BUF_INIT;
	struct json_writer w = JSON_WRITER_INIT(&out);
	json_begin(&w, '{');
	json_put_string(&w, "folder", folder);
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
	json_end(&w);
	show_json(&out);
	buf_release(&out);
}

static void say_next(const struct service *service, const char *folder, bool user, bool removed)
{
	const char *unit = service->units[service->count - 1].name.data,
		   *option = user ? " --user" : "";
	for (size_t i = 0; i < service->count; i++)
		show_line("%s %s/%s", removed ? "removed" : "wrote", folder,
			service->units[i].name.data);
	if (removed)
		show_line("next: systemctl%s disable --now %s; systemctl%s daemon-reload", option,
			unit, option);
	else
		show_line("next: systemctl%s daemon-reload && systemctl%s enable --now %s", option,
			option, unit);
}

static int carry_out(struct invocation *inv, const struct service_options *given,
	const struct service *service, const struct service_plan *plan, struct error *err)
{
	struct buf folder = BUF_INIT;
	const char *done = given->print || given->cron ? "nothing"
		: given->remove                        ? "removed"
						       : "written";
	int rc = find_folder(&folder, plan->user, err);
	if (!rc && given->remove)
		rc = service_remove(service, plan, folder.data, err);
	else if (!rc && !given->print && !given->cron)
		rc = service_write(service, plan, folder.data, err);
	if (!rc && given->now && !given->print && !given->cron)
		rc = enable(service, plan->user, err);
	if (!rc && inv->json)
		show_as_json(service, folder.data, done);
	else if (!rc && given->cron)
		show_text(&service->cron);
	else if (!rc && given->print)
		show_units(inv, service);
	else if (!rc && !inv->quiet && !given->now)
		say_next(service, folder.data, plan->user, given->remove);
	buf_release(&folder);
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
			err, ERR_INVALID, "--now, --print, --cron and --remove exclude each other");
		return ANSWER_USAGE;
	}
	if (operands->count != 1 || (given->user && given->system)) {
		error_set(err, ERR_INVALID,
			given->user && given->system ? "--user and --system exclude each other"
						     : "which service is wanted?");
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
	.summary = "keep a clone at work by systemd or cron",
	.synopsis = synopsis,
	.options = options,
	.options_size = sizeof(struct service_options),
	.settings = settings,
	.needs = NEEDS_SERVER,
	.shows = true,
	.operands = 1,
	.words = words,
	.changes = true,
	.run = run,
};
