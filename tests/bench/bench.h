/*
 * Shared by the benchmarks: a clock, medians, and the line per figure that tests/bench/run reads:
 * "name<TAB>value<TAB>target<TAB>what". Figures are ratios to a reference in the same run.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline double bench_now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static inline int bench_by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Sort `values`, and return the middle one. */
static inline double bench_median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), bench_by_size);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* `target` "": none, the figure is only for comparison. */
static inline void bench_report(
	const char *name, double value, const char *target, const char *what)
{
	printf("%s\t%.2f\t%s\t%s\n", name, value, target, what);
	fflush(stdout);
}

/* Run `script`; a benchmark whose preparation fails has no figures. */
static inline void bench_sh(const char *script)
{
	if (system(script)) {
		fprintf(stderr, "failed: %s\n", script);
		exit(1);
	}
}

#endif
