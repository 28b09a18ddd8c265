/*
 * Functions that invite mistakes with memory, time or locale, made errors at compile time. Force-
 * included into everything but tests; base/buf.h and base/timestamp.h have what to use instead.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

/* Declared first, so that the poison below does not hit their own declarations. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok
#pragma GCC poison asctime gmtime localtime tmpnam mktemp tempnam atoi atol atof

#endif
