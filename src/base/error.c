#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *err, int code, const char *format, ...)
{
	if (err) {
		va_list args;
		va_start(args, format);
		vsnprintf(err->text, sizeof(err->text), format, args);
		va_end(args);
		err->code = code;
	}
	return code;
}

int error_errno(struct error *err, int code, const char *format, ...)
{
	int saved = errno;
	if (err) {
		va_list args;
		va_start(args, format);
		vsnprintf(err->text, sizeof(err->text), format, args);
		va_end(args);
		size_t used = strlen(err->text);
		snprintf(err->text + used, sizeof(err->text) - used, ": %s", strerror(saved));
		err->code = code;
	}
	return code;
}

int error_wrap(struct error *err, const char *format, ...)
{
	if (!err)
		return ERR_FAILED;
	char inner[sizeof(err->text)];
	memcpy(inner, err->text, sizeof(inner));
	va_list args;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	size_t used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", inner);
	return err->code;
}

bool error_is_outage(int code)
{
	return code == ERR_UNREACHABLE || code == ERR_UNKNOWN || code == ERR_LOST_RACE ||
		code == ERR_TIMEOUT;
}
