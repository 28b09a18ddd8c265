/* Used by clone.c and shared.c: adding steps to the report, and changing settings in one write. */
#ifndef SETUP_REPORT_H
#define SETUP_REPORT_H

#include "setup/clone.h"

/* Adds a step to the report. */
void setup_step(struct setup_report *report, bool changed, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Adds a step that could not be done. */
void setup_missing(struct setup_report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Adds a step for the outcome of a hook (enum hook_outcome). */
void setup_hook_step(struct setup_report *report, const char *name, int outcome);

/*
 * Settings that are changed in one write. setup_config_add() adds a change, unless the setting
 * already has that value, and returns 1 if it did, else 0. The value NULL removes the setting. The
 * strings belong to the caller and must exist until setup_config_write(), which also releases
 * `config`.
 */
struct setup_config {
	struct config_change *changes;
	size_t count, capacity;
};
int setup_config_add(
	struct setup_config *config, struct repo *repo, const char *key, const char *value);
int setup_config_write(struct setup_config *config, struct repo *repo, struct error *err);

/* Removes the lock files of config and HEAD that a killed run has left. */
int setup_sweep(struct repo *repo, struct error *err);

#endif
