/* Which parts of two versions of a document belong together: members by name, elements of lists by
 * their keys. In time n log n, whoever writes the names. */
#ifndef GUARD_PAIRS_H
#define GUARD_PAIRS_H

#include "json/document.h"

/* One pair: a part as it was (NULL: it is new) and as it is (NULL: it is gone), and what a pointer
 * calls it ("job_assignment", "id=job_7"). */
typedef void pair_fn(
	const struct json_value *old, const struct json_value *now, const char *name, void *data);

struct pairing {
	const struct json_doc *old_doc, *new_doc;
	const struct json_value *old, *now; /* each may be NULL */
};

/* Every member of the two objects: first the old ones in their order, then the new ones. */
void pairs_of_members(const struct pairing *pairing, pair_fn *each, void *data);

struct pair_key {
	const char *bytes;
	size_t len;
};
/* Every element of the two arrays, by the members `keys`; `count` 0: by the whole element. */
void pairs_of_elements(const struct pairing *pairing, const struct pair_key *keys, size_t count,
	pair_fn *each, void *data);
/* The same, without those at the start and at the end of the arrays that are the same text in both:
 * who adds to a long list, or changes one element of it, pays little for the others. */
void pairs_of_changed_elements(const struct pairing *pairing, const struct pair_key *keys,
	size_t count, pair_fn *each, void *data);

#endif
