/*
 * Makes functions that easily lead to mistakes with memory, time, locale or processes an error at
 * compile time. It is included in all source files except tests, by the Makefile. Use base/buf.h,
 * base/timestamp.h and base/child.h instead. The Makefile defines MAY_FORK for base/child.c.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

/* Include the declarations first, so that the pragma below does not apply to them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok
#pragma GCC poison asctime gmtime localtime tmpnam mktemp tempnam atoi atol atof
#ifndef MAY_FORK
#pragma GCC poison fork vfork popen
#endif

#endif
