#include "base/alloc.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void (*out_of_memory_handler)(void);

void alloc_set_handler(void (*handler)(void))
{
	out_of_memory_handler = handler;
}

#if defined(M_TOP_PAD) && defined(MADV_HUGEPAGE)
/* Reserves a large piece of address space for the heap at once, which costs nothing before it is
 * used, and huge pages for all but its first megabytes. With small pages, many page faults are
 * handled: with this, `git build validate` of 60 MB took 0.74 of the processor time (the median of
 * 20 pairs of runs), and 0.78 of the elapsed time. */
static void prefer_huge_pages(void)
{
	enum { AT_ONCE = 64 << 20, IN_SMALL_PAGES = 2 << 20 };
	char *start = sbrk(0);
	mallopt(M_TOP_PAD, AT_ONCE);
	void *volatile any = malloc(256 << 10); /* grows the heap; volatile: not optimized away */
	free(any);
	char *end = sbrk(0);
	if (end - start >= AT_ONCE)
		madvise(start + IN_SMALL_PAGES, (size_t)(end - start) - IN_SMALL_PAGES,
			MADV_HUGEPAGE);
}
#endif

void alloc_keep_memory(void)
{
#ifdef M_MMAP_THRESHOLD
	mallopt(M_MMAP_THRESHOLD, 64 << 20);
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
#if defined(M_TOP_PAD) && defined(MADV_HUGEPAGE)
	prefer_huge_pages();
#endif
}

static _Noreturn void out_of_memory(void)
{
	if (out_of_memory_handler)
		out_of_memory_handler();
	abort();
}

/* Also for large pieces of memory that are not in the part of the heap that alloc_keep_memory()
 * reserves: huge pages that are entirely inside. */
static void *use_huge_pages(void *memory, size_t size)
{
#ifdef MADV_HUGEPAGE
	enum { LARGE = 8 << 20, HUGE_PAGE = 2 << 20 };
	uintptr_t start = ((uintptr_t)memory + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1);
	uintptr_t end = ((uintptr_t)memory + size) & ~(uintptr_t)(HUGE_PAGE - 1);
	if (size >= LARGE)
		madvise((void *)start, end - start, MADV_HUGEPAGE);
#endif
	return memory;
}

void *xmalloc(size_t size)
{
	void *memory = malloc(size ? size : 1);
	if (!memory)
		out_of_memory();
	return use_huge_pages(memory, size);
}

void *xcalloc(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size ? size : 1);
	if (!memory)
		out_of_memory();
	return memory;
}

void *xrealloc(void *memory, size_t size)
{
	void *moved = realloc(memory, size ? size : 1);
	if (!moved)
		out_of_memory();
	return use_huge_pages(moved, size);
}

void *xreallocarray(void *memory, size_t count, size_t size)
{
	size_t total;
	if (__builtin_mul_overflow(count, size, &total))
		out_of_memory();
	return xrealloc(memory, total);
}

char *xstrdup(const char *string)
{
	return xstrndup(string, strlen(string));
}

char *xstrndup(const char *string, size_t length)
{
	char *copy = xmalloc(length + 1);
	if (length)
		memcpy(copy, string, length);
	copy[length] = '\0';
	return copy;
}
