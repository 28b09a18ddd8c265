/* Calls a function many times, on all processors. */
#ifndef BASE_PARALLEL_H
#define BASE_PARALLEL_H

#include <stddef.h>

/* The number of processors that this process may use, at least 1 (sched_getaffinity(2)). */
unsigned parallel_width(void);

/*
 * Calls `each` once with every index below `count`, in any order, from up to `width` threads. Each
 * thread has its own number below `width`, as an index for state that is not shared. Returns after
 * all calls have returned. With one thread (`width` 1, `count` 1, or no thread can be started), all
 * calls are made by the caller's thread, in order.
 */
void parallel_each(size_t count, unsigned width,
	void (*each)(size_t index, unsigned worker, void *data), void *data);

#endif
