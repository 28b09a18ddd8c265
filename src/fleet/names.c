#include "fleet/names.h"

#include "base/file.h"
#include "base/utf8.h"
#include "fleet/files.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

int fleet_check_id(const char *id, struct error *err)
{
	static const char *const taken[] = { "all", "null", "operator", "HEAD" };
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t len = strlen(id), first = strspn(id, letters);
	const char *why = NULL;
	for (size_t i = 0; i < len && !why; i++)
		if (!strchr(letters, id[i]) && !strchr("._-", id[i]))
			why = "use only letters, digits, '.', '_' and '-'";
	if (!len)
		why = "it is empty";
	else if (len > FLEET_ID_MAX)
		why = "it is longer than 63 characters";
	else if (!why && !first)
		why = "it must start with a letter or a digit";
	else if (!why && (strstr(id, "..") || id[len - 1] == '.'))
		why = "each dot must be between two other characters";
	else if (!why && file_has_ending(id, ".lock"))
		why = "git reserves names that end with .lock";
	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken) && !why; i++)
		if (!strcasecmp(id, taken[i]))
			why = "the name is reserved";
	for (const char *const *at = fleet_common_directories; *at && !why; at++)
		if (!strcasecmp(id, *at))
			why = "the name is reserved";
	if (why)
		return error_set(err, ERR_INVALID, "'%s': invalid server ID: %s", id, why);
	return 0;
}

int fleet_check_lock_name(const char *name, struct error *err)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:@+";
	size_t len = strlen(name);
	if (len && len <= FLEET_LOCK_NAME_MAX && strspn(name, allowed) == len &&
		!strchr(".-", *name))
		return 0;
	return error_set(err, ERR_INVALID,
		"'%.120s': invalid lock name; use at most %d letters, digits and ._-:@+, and do "
		"not start with . or -",
		name, FLEET_LOCK_NAME_MAX);
}

bool fleet_is_file_name(const char *name)
{
	size_t len = strlen(name);
	return len && len <= FLEET_FILE_NAME_MAX && *name != '.' && *name != '-' &&
		!strpbrk(name, "/\\") && utf8_is_plain(name) && !file_has_ending(name, ".part");
}

void fleet_file_name(struct buf *out, const char *id)
{
	for (const char *at = id; *at; at++) {
		bool plain =
			isalnum((unsigned char)*at) || *at == '_' || (at > id && strchr(".-", *at));
		if (plain)
			buf_addch(out, *at);
		else
			buf_addf(out, "%%%02X", (unsigned)(unsigned char)*at);
	}
}
