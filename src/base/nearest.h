/* Finding what somebody meant who mistyped a word. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

struct nearest {
	const char *typed;
	const char *word; /* the nearest so far that is near enough; NULL: none. Borrowed. */
	size_t distance;
};
#define NEAREST_INIT(typed_)                                                                       \
	{                                                                                          \
		.typed = (typed_)                                                                  \
	}

/* Is `word` nearer to what was typed than those before? Of two as near, the first stays. */
void nearest_try(struct nearest *nearest, const char *word);

#endif
