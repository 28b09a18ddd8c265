/* The same work for many things, on all processors. */
#ifndef BASE_PARALLEL_H
#define BASE_PARALLEL_H

#include <stddef.h>

/* How many processors this process may use: at least 1 (sched_getaffinity(2)). */
unsigned parallel_width(void);

/*
 * Calls `each` once with every index below `count`, in no order, from up to `width` threads at a
 * time, each with a number of its own below `width`: state that is not to be shared is kept by
 * that. Returns when all calls have. With one thread (`width` 1, `count` 1, or none can be started)
 * all calls are made here, in order.
 */
void parallel_each(size_t count, unsigned width,
	void (*each)(size_t index, unsigned worker, void *data), void *data);

#endif
