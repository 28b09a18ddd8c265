#include "base/parallel.h"

#include "base/alloc.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

unsigned parallel_width(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	int count = CPU_COUNT(&set);
	return count > 1 ? (unsigned)count : 1;
}

struct crew {
	size_t count;
	atomic_size_t next;
	void (*each)(size_t index, unsigned worker, void *data);
	void *data;
};

struct worker {
	struct crew *crew;
	unsigned number;
	pthread_t thread;
};

static void *work(void *data)
{
	struct worker *worker = data;
	struct crew *crew = worker->crew;
	size_t index;
	while ((index = atomic_fetch_add(&crew->next, 1)) < crew->count)
		crew->each(index, worker->number, crew->data);
	return NULL;
}

void parallel_each(size_t count, unsigned width,
	void (*each)(size_t index, unsigned worker, void *data), void *data)
{
	struct crew crew = { .count = count, .each = each, .data = data };
	unsigned wanted = width < count ? width : (unsigned)count, started = 1;
	struct worker *workers = xcalloc(wanted ? wanted : 1, sizeof(*workers));
	workers[0] = (struct worker){ .crew = &crew };
	for (; started < wanted; started++) {
		workers[started] = (struct worker){ .crew = &crew, .number = started };
		if (pthread_create(&workers[started].thread, NULL, work, &workers[started]))
			break;
	}
	work(&workers[0]);
	while (started-- > 1)
		pthread_join(workers[started].thread, NULL);
	free(workers);
}
