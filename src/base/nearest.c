/* The distance between two words. */
#include "base/nearest.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

/* Longer words are not compared: they are unlikely to be typing errors, and the size of the table
 * below is quadratic. */
enum { LONGEST = 64 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * The number of letters that have to be inserted, deleted, changed or swapped with their neighbour
 * (the restricted Damerau-Levenshtein distance, which edits no part twice).
 */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t width = b_len + 1;
	size_t *cost = xcalloc((a_len + 1) * width, sizeof(*cost));
	for (size_t i = 0; i <= a_len; i++) {
		for (size_t j = 0; j <= b_len; j++) {
			size_t *here = &cost[i * width + j];
			if (!i || !j) {
				*here = i + j;
				continue;
			}
			*here = least(here[-1], *(here - width)) + 1;
			*here = least(*here, *(here - width - 1) + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				*here = least(*here, *(here - 2 * width - 2) + 1);
		}
	}
	size_t total = cost[a_len * width + b_len];
	free(cost);
	return total;
}

void nearest_try(struct nearest *nearest, const char *word)
{
	/* An option may have a value: only its name is compared. */
	size_t typed_len = strcspn(nearest->typed, "="), word_len = strlen(word);
	if (!typed_len || typed_len > LONGEST || word_len > LONGEST)
		return;
	size_t far = distance(nearest->typed, typed_len, word, word_len);
	/* At most a third of the letters may be wrong. */
	if (far * 3 > least(typed_len, word_len) + 2)
		return;
	if (!nearest->word || far < nearest->distance) {
		nearest->word = word;
		nearest->distance = far;
	}
}
