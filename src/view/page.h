/*
 * The dashboard: the fleet as one self-contained HTML page, without network access or scripts, with
 * light and dark colours, readable on phones and with screen readers.
 *
 * Text from the repository is escaped (base/escape.h). If that fails, a
 * Content-Security-Policy still prevents scripts from running.
 */
#ifndef VIEW_PAGE_H
#define VIEW_PAGE_H

#include "overview/health.h"

struct page_plan {
	const struct overview *overview;
	const struct health *health;
	int refresh; /* seconds after which a browser reloads the page; 0: never */
};

/* The plan of the overview for the page: how many heartbeats, messages and builds it shows. */
extern const struct overview_plan page_overview;

/* Appends the page. */
void page_write(struct buf *out, const struct page_plan *plan);

#endif
