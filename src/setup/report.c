#include "setup/report.h"

#include "base/alloc.h"
#include "setup/hook_files.h"
#include "locks/lockfile.h"

#include <stdlib.h>
#include <string.h>

static void add_step(struct setup_report *report, bool changed, bool missing, const char *format,
	va_list args) __attribute__((format(printf, 4, 0)));
static void add_step(
	struct setup_report *report, bool changed, bool missing, const char *format, va_list args)
{
	struct buf text = BUF_INIT;
	buf_vaddf(&text, format, args);
	GROW(report->steps, report->count, report->capacity);
	report->steps[report->count++] = (struct setup_step){ buf_detach(&text), changed, missing };
	report->changes += changed;
}

void setup_step(struct setup_report *report, bool changed, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add_step(report, changed, false, format, args);
	va_end(args);
}

void setup_missing(struct setup_report *report, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add_step(report, false, true, format, args);
	va_end(args);
}

void setup_hook_step(struct setup_report *report, const char *name, int outcome)
{
	static const char *const texts[] = {
		[HOOK_UNCHANGED] = "the %s hook is already installed",
		[HOOK_INSTALLED] = "installed the %s hook",
		[HOOK_CHAINED] = "installed the %s hook (your existing hook runs first)",
		[HOOK_REMOVED] = "removed the %s hook",
		[HOOK_RESTORED] = "removed the %s hook and restored yours",
	};
	struct buf text = BUF_INIT;
	const char *format = texts[outcome], *place = strstr(format, "%s");
	buf_add(&text, format, (size_t)(place - format));
	buf_addf(&text, "%s%s", name, place + 2);
	setup_step(report, outcome != HOOK_UNCHANGED, "%s", text.data);
	buf_release(&text);
}

void setup_report_release(struct setup_report *report)
{
	for (size_t i = 0; i < report->count; i++)
		free(report->steps[i].what);
	free(report->steps);
	*report = (struct setup_report){ 0 };
}

int setup_config_add(
	struct setup_config *config, struct repo *repo, const char *key, const char *value)
{
	struct buf now = BUF_INIT;
	bool set = repo_config(repo, key, &now);
	bool same = value ? set && !strcmp(now.data, value) : !set;
	buf_release(&now);
	if (same)
		return 0;
	GROW(config->changes, config->count, config->capacity);
	config->changes[config->count++] = (struct config_change){ key, value };
	return 1;
}

int setup_config_write(struct setup_config *config, struct repo *repo, struct error *err)
{
	int rc = config->count ? repo_config_set_all(repo, config->changes, config->count, err) : 0;
	free(config->changes);
	*config = (struct setup_config){ NULL, 0, 0 };
	return rc;
}

int setup_sweep(struct repo *repo, struct error *err)
{
	int rc = lockfile_sweep(repo_place(repo), repo_common_dir(repo), "config", err);
	return rc < 0 ? rc : lockfile_sweep(repo_place(repo), repo_git_dir(repo), "HEAD", err);
}
