/* Finds the known word that is most similar to a mistyped word, for suggestions. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

struct nearest {
	const char *typed;
	const char *word; /* the most similar word so far, or NULL if none is similar; borrowed */
	size_t distance;
};
#define NEAREST_INIT(typed_)                                                                       \
	{                                                                                          \
		.typed = (typed_)                                                                  \
	}

/* Uses `word` if it is more similar to the typed word than the words before. Of two equally similar
 * words, the first is kept. */
void nearest_try(struct nearest *nearest, const char *word);

#endif
