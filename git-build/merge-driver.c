/*
 * git build merge-driver: what git runs to merge a coordination file (gitattributes(5), "Defining a
 * custom merge driver").
 *
 * git's text merge can join two sound JSON files without a conflict into one that has a member
 * twice. This driver lets git merge the text and then looks: where both sides were sound and the
 * result is not, both are left between conflict markers instead, for a person.
 *
 * git takes 1 to 128 for "conflicts left"; only what is above is a failure. So this one command
 * ends with 255 where others end with 128, and leaves the file as it was.
 */
#include "command.h"
#include "show.h"

#include "base/file.h"
#include "json/document.h"
#include "merge/text.h"

#include <stdlib.h>
#include <string.h>

enum { DRIVER_FAILED = 255, FILE_LIMIT = 1 << 30 };

enum operand {
	BASE,
	OURS,
	THEIRS,
	MARKER_SIZE,
	PATH,
	BASE_LABEL,
	OURS_LABEL,
	THEIRS_LABEL,
	OPERANDS
};

static const char *const synopsis[] = {
	"<base> <ours> <theirs> [<marker-size> [<path> [<label>...]]]", NULL
};

/* gits before 2.44 hand a placeholder that they do not know on as it is: "%S". */
static const char *operand(const struct operands *operands, enum operand which)
{
	const char *word = (int)which < operands->count ? operands->words[which] : NULL;
	return word && *word && strncmp(word, "%", 1) ? word : NULL;
}

static bool is_sound(const char *text, size_t len, const char *name, struct error *err)
{
	struct json_doc *doc;
	if (json_parse(&doc, text, len, name, NULL, err) < 0)
		return false;
	json_doc_free(doc);
	return true;
}

static bool is_sound_file(const char *path)
{
	struct buf text = BUF_INIT;
	bool sound = !file_read(&text, path, FILE_LIMIT, NULL) &&
		is_sound(text.data, text.len, path, NULL);
	buf_release(&text);
	return sound;
}

static bool is_json(const char *path)
{
	size_t len = path ? strlen(path) : 0;
	return len > 5 && !strcmp(path + len - 5, ".json");
}

static int merge(
	const struct merge_files *files, const char *path, struct buf *out, struct error *err)
{
	struct error wrong = ERROR_INIT;
	int rc = merge_text(files, out, err);
	if (rc || !is_json(path) || is_sound(out->data, out->len, path, &wrong))
		return rc;
	if (!is_sound_file(files->ours) || !is_sound_file(files->theirs))
		return rc; /* it was broken before: not by this merge */
	show_message("warning", wrong.text);
	buf_reset(out);
	rc = merge_text_conflict(files, out, err);
	return rc < 0 ? rc : 1;
}

static int run(
	struct invocation *inv, const void *options, struct operands *operands, struct error *err)
{
	struct buf out = BUF_INIT;
	(void)inv;
	(void)options;
	if (operands->count <= THEIRS) {
		error_set(err, ERR_INVALID, "three files are wanted: base, ours, theirs");
		return ANSWER_USAGE;
	}
	const char *size = operand(operands, MARKER_SIZE);
	struct merge_files files = {
		.base = operands->words[BASE],
		.ours = operands->words[OURS],
		.theirs = operands->words[THEIRS],
		.base_label = operand(operands, BASE_LABEL),
		.ours_label = operand(operands, OURS_LABEL),
		.theirs_label = operand(operands, THEIRS_LABEL),
		.marker_size = size ? (int)strtol(size, NULL, 10) : 0,
	};
	int rc = merge(&files, operand(operands, PATH), &out, err);
	if (rc >= 0 && file_replace(files.ours, out.data, out.len, 0644, err) < 0)
		rc = ERR_FAILED;
	if (rc < 0) {
		show_message("fatal", err->text);
		rc = DRIVER_FAILED;
	}
	buf_release(&out);
	return rc;
}

const struct command command_merge_driver = {
	.name = "merge-driver",
	.summary = "merge a coordination file; git runs it",
	.synopsis = synopsis,
	.needs = NEEDS_NOTHING,
	.operands = OPERANDS,
	.run = run,
};
