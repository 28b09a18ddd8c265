/* Matches the parts of two versions of a document: members by name, elements of lists by their
 * keys. Takes time n log n for any input. */
#ifndef GUARD_PAIRS_H
#define GUARD_PAIRS_H

#include "json/document.h"

/* Called for each pair: the old part (NULL if it was added), the new part (NULL if it was removed),
 * and its name in a pointer ("job_assignment", "id=job_7"). */
typedef void pair_fn(
	const struct json_value *old, const struct json_value *now, const char *name, void *data);

struct pairing {
	const struct json_doc *old_doc, *new_doc;
	const struct json_value *old, *now; /* each may be NULL */
};

/* Calls `each` for every member of the two objects: first the old members in their order, then the
 * added ones. */
void pairs_of_members(const struct pairing *pairing, pair_fn *each, void *data);

struct pair_key {
	const char *bytes;
	size_t len;
};
/* Calls `each` for every element of the two arrays, matched by the members `keys`, or by the whole
 * element if `count` is 0. */
void pairs_of_elements(const struct pairing *pairing, const struct pair_key *keys, size_t count,
	pair_fn *each, void *data);
/* The same, without the elements at the start and the end of the arrays that have the same text in
 * both: so a change of one element of a long list takes little time. */
void pairs_of_changed_elements(const struct pairing *pairing, const struct pair_key *keys,
	size_t count, pair_fn *each, void *data);

#endif
