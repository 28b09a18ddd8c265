/* Parsing a command line by tables, and printing the tables. */
#include "cli/options.h"

#include "base/nearest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HELP_COLUMN = 28, HELP_WIDTH = 80 };

/* A long name that was found, or one of several possible ones. */
struct match {
	const struct option *option;
	void *into;
	bool negated; /* it was given as --no-name */
};

/* The next word to read, and where operands are stored. */
struct cursor {
	char **words;
	int count, next, kept;
};

static const char no[] = "no-";

/* The opposite of flag `name`: "no-name", and "name" for "no-name". */
static void negate(const char *name, struct buf *out)
{
	buf_reset(out);
	if (!strncmp(name, no, sizeof(no) - 1)) {
		buf_addstr(out, name + sizeof(no) - 1);
	} else {
		buf_addstr(out, no);
		buf_addstr(out, name);
	}
}

/* The full name of the option of `match`, without the dashes. */
static void spell(const struct match *match, struct buf *out)
{
	buf_reset(out);
	if (match->negated)
		negate(match->option->name, out);
	else
		buf_addstr(out, match->option->name);
}

static int say_ambiguous(const char *word, size_t len, const struct match *one,
	const struct match *other, struct error *err)
{
	struct buf first = BUF_INIT, second = BUF_INIT;
	spell(one, &first);
	spell(other, &second);
	int rc =
		error_set(err, ERR_INVALID, "ambiguous option '--%.*s' (could be '--%s' or '--%s')",
			(int)len, word, first.data, second.data);
	buf_release(&first);
	buf_release(&second);
	return rc;
}

static int say_unknown(
	const struct option_group *groups, const char *word, size_t len, struct error *err)
{
	struct nearest nearest = NEAREST_INIT(word);
	for (const struct option_group *group = groups; group->options; group++)
		for (const struct option *o = group->options; o->kind != OPTION_END; o++)
			if (o->name)
				nearest_try(&nearest, o->name);
	if (nearest.word)
		return error_set(err, ERR_INVALID, "unknown option '--%.*s' (did you mean '--%s'?)",
			(int)len, word, nearest.word);
	return error_set(err, ERR_INVALID, "unknown option '--%.*s'", (int)len, word);
}

/*
 * Finds the option whose long name is `word` of `len` bytes, or the only one that begins with it.
 */
static int find_long(const struct option_group *groups, const char *word, size_t len,
	struct match *found, struct error *err)
{
	struct buf opposite = BUF_INIT;
	struct match other = { 0 };
	bool exact = false;
	*found = other;
	for (const struct option_group *group = groups; group->options; group++) {
		for (const struct option *o = group->options; o->kind != OPTION_END; o++) {
			if (!o->name)
				continue;
			negate(o->name, &opposite);
			for (int negated = 0; negated <= (o->kind == OPTION_FLAG); negated++) {
				const char *name = negated ? opposite.data : o->name;
				if (strncmp(name, word, len) || (exact && name[len]))
					continue;
				if (!name[len])
					exact = true;
				else if (found->option)
					other = *found;
				*found = (struct match){ o, group->into, negated };
				if (exact)
					other.option = NULL;
			}
		}
	}
	int rc = 0;
	if (!found->option)
		rc = say_unknown(groups, word, len, err);
	else if (other.option)
		rc = say_ambiguous(word, len, &other, found, err);
	buf_release(&opposite);
	return rc;
}

static bool find_letter(const struct option_group *groups, char letter, struct match *found)
{
	for (const struct option_group *group = groups; group->options; group++) {
		for (const struct option *o = group->options; o->kind != OPTION_END; o++) {
			if (o->letter != letter)
				continue;
			*found = (struct match){ o, group->into, false };
			return true;
		}
	}
	return false;
}

static int read_number(const struct option *o, const char *text, int64_t *number, struct error *err)
{
	char *end;
	errno = 0;
	long long read = strtoll(text, &end, 10);
	/* strtoll accepts leading space and a plus sign, which are mistakes here. */
	bool digits = *text && !text[strspn(text, "-0123456789")];
	if (!digits || *end || errno || read < o->least || read > o->most)
		return error_set(err, ERR_INVALID,
			"--%s takes a whole number from %lld to %lld, not '%s'", o->name,
			(long long)o->least, (long long)o->most, text);
	*number = read;
	return 0;
}

static int store(const struct match *match, const char *value, struct error *err)
{
	const struct option *o = match->option;
	void *member = (char *)match->into + o->offset;
	int64_t number;
	int rc = 0;
	switch (o->kind) {
	case OPTION_FLAG:
		*(bool *)member = !match->negated;
		return 0;
	case OPTION_STRING:
		if (o->most > 0)
			rc = read_number(o, value, &number, err);
		if (!rc)
			*(const char **)member = value;
		return rc;
	case OPTION_LIST: {
		struct option_list *list = member;
		if (list->count == OPTION_LIST_MOST)
			return error_set(err, ERR_INVALID,
				"option '--%s' is given more than %d times", o->name,
				OPTION_LIST_MOST);
		list->items[list->count++] = value;
		return 0;
	}
	case OPTION_NUMBER:
		return read_number(o, value, member, err);
	case OPTION_DIRECTORY:
		if (*value && chdir(value) < 0)
			return error_errno(err, ERR_FAILED, "cannot change to '%s'", value);
		return 0;
	case OPTION_HELP:
		return OPTIONS_HELP;
	case OPTION_MANUAL:
		return OPTIONS_MANUAL;
	case OPTION_END:
		break;
	}
	return 0;
}

/* The value of an option: the rest of the same word, or the next word. */
static int take_value(struct cursor *at, const char *attached, const char *dashes, const char *name,
	size_t name_len, const char **value, struct error *err)
{
	if (attached) {
		*value = attached;
		return 0;
	}
	if (at->next == at->count)
		return error_set(err, ERR_INVALID, "option '%s%.*s' needs a value", dashes,
			(int)name_len, name);
	*value = at->words[at->next++];
	return 0;
}

static int parse_long(
	const struct option_group *groups, struct cursor *at, const char *word, struct error *err)
{
	size_t len = strcspn(word, "=");
	const char *attached = word[len] ? word + len + 1 : NULL, *value = NULL;
	struct match match;
	int rc = find_long(groups, word, len, &match, err);
	if (rc < 0)
		return rc;
	if (match.option->value)
		rc = take_value(at, attached, "--", word, len, &value, err);
	else if (attached)
		rc = error_set(err, ERR_INVALID, "option '--%.*s' takes no value", (int)len, word);
	return rc < 0 ? rc : store(&match, value, err);
}

/* `letters`: combined flags, or an option with its value. */
static int parse_letters(const struct option_group *groups, struct cursor *at, const char *letters,
	struct error *err)
{
	for (const char *letter = letters; *letter; letter++) {
		struct match match;
		const char *value = NULL;
		if (!find_letter(groups, *letter, &match))
			return error_set(err, ERR_INVALID, "unknown option '-%c' in '-%s'", *letter,
				letters);
		int rc = 0;
		if (match.option->value)
			rc = take_value(
				at, letter[1] ? letter + 1 : NULL, "-", letter, 1, &value, err);
		if (rc < 0)
			return rc;
		rc = store(&match, value, err);
		if (rc || value)
			return rc;
	}
	return 0;
}

int options_parse(
	const struct option_group *groups, struct operands *operands, bool stop, struct error *err)
{
	struct cursor at = { .words = operands->words, .count = operands->count };
	int rc = 0;
	while (!rc && at.next < at.count) {
		char *word = at.words[at.next];
		bool operand = word[0] != '-' || !word[1];
		if (operand && stop)
			break;
		at.next++;
		if (operand)
			at.words[at.kept++] = word;
		else if (!strcmp(word, "--"))
			break;
		else if (word[1] == '-')
			rc = parse_long(groups, &at, word + 2, err);
		else
			rc = parse_letters(groups, &at, word + 1, err);
	}
	while (at.next < at.count)
		at.words[at.kept++] = at.words[at.next++];
	operands->count = at.kept;
	return rc;
}

/* ---- finding an operand before parsing ---- */

/* Does an option that starts with `word` take a value? */
static bool takes_value(const struct option_group *groups, const char *word, size_t len)
{
	bool takes = false;
	for (const struct option_group *group = groups; group->options; group++)
		for (const struct option *o = group->options; o->kind != OPTION_END; o++) {
			if (!o->name || strncmp(o->name, word, len) != 0)
				continue;
			if (!o->name[len])
				return o->value != NULL;
			takes = takes || o->value;
		}
	return takes;
}

/* Is the next word the value of the last of `letters`? */
static bool letters_want_word(const struct option_group *groups, const char *letters)
{
	struct match match;
	for (; *letters; letters++)
		if (find_letter(groups, *letters, &match) && match.option->value)
			return !letters[1];
	return false;
}

int options_find_operand(const struct option_group *groups, const struct operands *operands)
{
	for (int i = 0; i < operands->count; i++) {
		const char *word = operands->words[i];
		if (word[0] != '-' || !word[1])
			return i;
		if (!strcmp(word, "--"))
			return i + 1 < operands->count ? i + 1 : -1;
		if (word[1] != '-')
			i += letters_want_word(groups, word + 1);
		else if (!strchr(word, '='))
			i += takes_value(groups, word + 2, strlen(word + 2));
	}
	return -1;
}

/* ---- lists ---- */

bool option_list_has(const struct option_list *list, const char *between, const char *value)
{
	size_t wanted = value ? strlen(value) : 0;
	for (size_t i = 0; value && i < list->count; i++)
		for (const char *item = list->items[i]; *item;) {
			size_t len = strcspn(item, between);
			if (len && len == wanted && !memcmp(item, value, len))
				return true;
			item += len + (item[len] != '\0');
		}
	return !list->count;
}

int option_list_check(const struct option_list *list,
	int (*check)(const char *word, struct error *err), struct error *err)
{
	struct buf word = BUF_INIT;
	int rc = 0;
	for (size_t i = 0; i < list->count; i++)
		for (const char *item = list->items[i]; rc >= 0 && *item;) {
			size_t len = strcspn(item, ",");
			buf_reset(&word);
			buf_add(&word, item, len);
			rc = check(word.data, err);
			item += len + (item[len] != '\0');
		}
	buf_release(&word);
	return rc < 0 ? rc : 0;
}

/* ---- help ---- */

/* Appends `text` at column HELP_COLUMN, broken between words. */
static void add_help(const char *text, struct buf *out)
{
	size_t column = HELP_COLUMN;
	while (*text) {
		size_t word = strcspn(text, " ");
		if (column > HELP_COLUMN && column + 1 + word > HELP_WIDTH) {
			buf_addf(out, "\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		} else if (column > HELP_COLUMN) {
			buf_addch(out, ' ');
			column++;
		}
		buf_add(out, text, word);
		column += word;
		text += word;
		text += strspn(text, " ");
	}
	buf_addch(out, '\n');
}

static void add_option(const struct option *o, struct buf *out)
{
	size_t start = out->len;
	buf_addstr(out, "    ");
	if (o->letter)
		buf_addf(out, "-%c", o->letter);
	if (o->name)
		buf_addf(out, "%s--%s", o->letter ? ", " : "", o->name);
	if (o->value)
		buf_addf(out, " %s", o->value);
	size_t width = out->len - start;
	if (width + 2 > HELP_COLUMN)
		buf_addf(out, "\n%*s", HELP_COLUMN, "");
	else
		buf_addf(out, "%*s", (int)(HELP_COLUMN - width), "");
	add_help(o->help, out);
}

void options_usage(const struct option_group *groups, struct buf *out)
{
	for (const struct option_group *group = groups; group->options; group++)
		for (const struct option *o = group->options; o->kind != OPTION_END; o++)
			if (o->help)
				add_option(o, out);
}
