/* What setup.c and setup_shared.c share: steps of the report, and settings that are set once. */
#ifndef SETUP_REPORT_H
#define SETUP_REPORT_H

#include "setup/clone.h"

/* Adds a step to the report. */
void setup_step(struct setup_report *report, bool changed, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Adds what could not be done. */
void setup_missing(struct setup_report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The same for what became of a hook (enum hook_outcome). */
void setup_hook_step(struct setup_report *report, const char *name, int outcome);

/*
 * Settings that are to be changed in one write. `add` notes one, unless it is as wanted already; a
 * value of NULL removes it. 1 if it is to be changed, else 0. The strings stay the caller's until
 * setup_config_write(), which also releases it.
 */
struct setup_config {
	struct config_change *changes;
	size_t count, capacity;
};
int setup_config_add(
	struct setup_config *config, struct repo *repo, const char *key, const char *value);
int setup_config_write(struct setup_config *config, struct repo *repo, struct error *err);

/* Removes what a killed run has left beside the settings and HEAD. */
int setup_sweep(struct repo *repo, struct error *err);

#endif
