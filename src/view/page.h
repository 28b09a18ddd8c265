/*
 * The fleet as one page of HTML: complete in itself, no network, no script, for light and dark, for
 * phones, for readers of all kinds.
 *
 * Whatever comes from the repository is text: it is escaped (base/escape.h, and as HTML wants it),
 * and a Content-Security-Policy lets nothing run should that ever fail.
 */
#ifndef VIEW_PAGE_H
#define VIEW_PAGE_H

#include "overview/health.h"

struct page_plan {
	const struct overview *overview;
	const struct health *health;
	int refresh; /* seconds after which a browser asks again; 0: it does not */
};

/* What the page wants to be told: how many beats, messages and builds it shows. */
extern const struct overview_plan page_overview;

/* Appends the page. */
void page_write(struct buf *out, const struct page_plan *plan);

#endif
