/* Which files are documents, and in which format. No other file compares the endings of names. */
#ifndef JSON_FORMAT_H
#define JSON_FORMAT_H

enum json_format {
	FORMAT_NONE,  /* not a document */
	FORMAT_JSON,  /* one JSON value */
	FORMAT_LINES, /* JSON Lines: one JSON value in each line */
};

/* The git attribute of a path that overrides its name. */
#define FORMAT_ATTRIBUTE "build-format"

/* The problem of a file that has a schema, but no format. */
#define FORMAT_NONE_PROBLEM                                                                        \
	"has a schema, but is neither JSON nor JSON Lines by its name; name it *.json, *.jsonl "   \
	"or *.ndjson, or set " FORMAT_ATTRIBUTE "=json or lines in .gitattributes"

/*
 * The format of the file `path`. `attribute` is the value of FORMAT_ATTRIBUTE: "json" or "lines";
 * for NULL and any other text, the name decides: *.json is JSON, *.jsonl and *.ndjson are lines.
 */
enum json_format json_format_of(const char *path, const char *attribute);

#endif
