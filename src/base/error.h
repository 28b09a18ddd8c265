/*
 * How a function of the library says that it failed.
 *
 * Every function that can fail returns an int, 0 for success or a negative `enum error_code`, and
 * takes a `struct error *` as its last parameter. On success the error is untouched; on failure it
 * holds one whole sentence for a person, with its place in the input (file:line:column, JSON
 * pointer, ref, commit), and without a final newline. Callers branch on the code and never on the
 * text.
 *
 *	struct error err = ERROR_INIT;
 *	if (file_read(&text, path, limit, &err) < 0)
 *		return error_wrap(&err, "cannot read the queue");
 *
 * The text lives inside the struct, so that reporting a failure never needs memory. Nothing has to
 * be released.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>

enum error_code {
	ERR_FAILED = -1,      /* the step failed: the system, the disk, the network said no */
	ERR_NOT_FOUND = -2,   /* what was asked for does not exist */
	ERR_INVALID = -3,     /* the input is wrong: the user can mend it */
	ERR_LOST_RACE = -4,   /* somebody else changed it first: read again, then try again */
	ERR_TIMEOUT = -5,     /* it took longer than the caller allowed */
	ERR_UNREACHABLE = -6, /* the remote could not be asked; nothing was changed there */
	ERR_UNKNOWN = -7,     /* the connection died: the change may or may not have arrived */
	ERR_REFUSED = -8, /* the remote was asked and said no (a hook, a setting, permissions) */
	ERR_BUSY = -9,    /* another process on this host holds what is needed */
};

struct error {
	int code; /* 0, or an enum error_code */
	char text[4096];
};

#define ERROR_INIT                                                                                 \
	{                                                                                          \
		0, ""                                                                              \
	}

/* Sets the code and the text; a text that is too long is cut. `err` may be NULL. Returns `code`. */
int error_set(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* As error_set, and appends ": " and what errno means. */
int error_errno(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts the formatted text and ": " in front of what `err` says already. Returns its code. */
int error_wrap(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
