/* What setup.c and setup_shared.c share: steps of the report, and settings that are set once. */
#ifndef FLEET_SETUP_REPORT_H
#define FLEET_SETUP_REPORT_H

#include "fleet/setup.h"

/* Adds a step to the report. */
void setup_step(struct setup_report *report, bool changed, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Adds what could not be done. */
void setup_missing(struct setup_report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The same for what became of a hook (enum hook_outcome). */
void setup_hook_step(struct setup_report *report, const char *name, int outcome);

/* Sets a setting, or takes it away (NULL). 1 if that changed it, 0 if not, or a negative code. */
int setup_set_config(struct repo *repo, const char *key, const char *value, struct error *err);

#endif
