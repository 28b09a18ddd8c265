/*
 * How a function of the library reports a failure.
 *
 * Every function that can fail returns an int, 0 for success or a negative `enum error_code`, and
 * has a `struct error *` as its last parameter. On success, the error is not changed. On failure,
 * it gets a complete message for the user, with the location of the problem (file:line:column, JSON
 * pointer, ref, commit) and without a newline at the end. Callers use only the code for decisions,
 * never the text.
 *
 *	struct error err = ERROR_INIT;
 *	if (file_read(&text, path, limit, &err) < 0)
 *		return error_wrap(&err, "cannot read the queue");
 *
 * The text is stored inside the struct, so that reporting a failure never allocates memory, and
 * nothing has to be released.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

enum error_code {
	ERR_FAILED = -1,      /* a system call, the disk or the network failed */
	ERR_NOT_FOUND = -2,   /* the thing does not exist */
	ERR_INVALID = -3,     /* the input is invalid; the user can fix it */
	ERR_LOST_RACE = -4,   /* another writer changed it first; read it and try again */
	ERR_TIMEOUT = -5,     /* it took longer than the caller allows */
	ERR_UNREACHABLE = -6, /* the remote could not be reached; nothing was changed there */
	ERR_UNKNOWN = -7,     /* the connection broke; the change may or may not have arrived */
	ERR_REFUSED = -8,     /* the remote rejected it (a hook, a setting, permissions) */
	ERR_BUSY = -9,        /* another process on this host holds a lock that is needed */
};

struct error {
	int code; /* 0, or an enum error_code */
	char text[4096];
};

#define ERROR_INIT                                                                                 \
	{                                                                                          \
		0, ""                                                                              \
	}

/* Sets the code and the text, which is truncated if it is too long. `err` may be NULL. Returns
 * `code`. */
int error_set(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Like error_set(), and appends ": " and the meaning of errno. */
int error_errno(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Inserts the formatted text and ": " before the text of `err`. Returns its code. */
int error_wrap(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Does `code` mean that the remote cannot be reached or is too slow, or that other writers were
 * faster, so that the same operation can succeed later? */
bool error_is_outage(int code);

#endif
