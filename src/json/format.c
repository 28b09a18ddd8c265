#include "json/format.h"

#include "base/file.h"

#include <string.h>

enum json_format json_format_of(const char *path, const char *attribute)
{
	if (attribute && !strcmp(attribute, "json"))
		return FORMAT_JSON;
	if (attribute && !strcmp(attribute, "lines"))
		return FORMAT_LINES;
	if (file_has_ending(path, ".json"))
		return FORMAT_JSON;
	if (file_has_ending(path, ".jsonl") || file_has_ending(path, ".ndjson"))
		return FORMAT_LINES;
	return FORMAT_NONE;
}
