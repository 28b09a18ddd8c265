/*
 * A list that a command prints: a table for people, or with --json an object with an array.
 *
 *	struct listing listing;
 *	listing_begin(&listing, "jobs", TITLES("JOB", "TYPE"));
 *	for (...) {
 *		listing_row(&listing);
 *		table_add(&listing.table, SHOW_PLAIN, job->id); // the columns
 *		...
 *		json_put_string(&listing.json, "id", job->id); // the members
 *		...
 *	}
 *	listing_end(&listing, inv, true);
 */
#ifndef CLI_LISTING_H
#define CLI_LISTING_H

#include "cli/command.h"
#include "cli/print.h"

struct listing {
	struct table table;
	struct json_writer json;
	const char *array; /* the name of the array until it is open, then NULL */
};

/* Begins a list whose array has the name `array`. The members that are put into `json` before the
 * first row precede the array. */
void listing_begin(struct listing *listing, const char *array, const char *const *titles);
/* Begins a row: ends the object of the row before, if any, and begins the next. */
void listing_row(struct listing *listing);
/* Prints the list and releases it. If it is empty, the table is its titles if `titles_alone`, and
 * otherwise nothing. */
void listing_end(struct listing *listing, const struct invocation *inv, bool titles_alone);

#endif
