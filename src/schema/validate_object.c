/* The keywords of objects, and the two "unevaluated" keywords, which are checked last. */
#include "schema/run.h"

#include "base/alloc.h"
#include "base/nearest.h"

#include <stdlib.h>
#include <string.h>

static bool check_size(struct run *run, const struct frame *frame)
{
	const struct range *size = &frame->schema->object->size;
	int64_t count = frame->value->count;
	bool ok = true;
	if (size->least >= 0 && count < size->least)
		ok = run_fail(run, frame, "minProperties", frame->value,
			"must have at least %lld members, but has %lld", (long long)size->least,
			(long long)count);
	if (size->most >= 0 && count > size->most)
		ok = run_fail(run, frame, "maxProperties", frame->value,
			"must have at most %lld members, but has %lld", (long long)size->most,
			(long long)count);
	return ok;
}

/* Finds the property `name`. Most members are in the schema's order, so `*guess` is tried first. */
static const struct property *find_property(
	const struct object_rules *rules, const char *name, size_t len, size_t *guess)
{
	if (*guess < rules->count) {
		const struct property *property = &rules->properties[*guess];
		if (property->name.len == len && !memcmp(property->name.bytes, name, len)) {
			++*guess;
			return property;
		}
	}
	const struct property *property = schema_property(rules, name, len);
	if (property)
		*guess = (size_t)(property - rules->properties) + 1;
	return property;
}

/* Checks one member with "patternProperties"; sets `*matched` if a pattern matches its name. */
static bool check_patterns(struct run *run, const struct frame *frame,
	const struct json_value *member, const char *name, size_t len, bool *matched)
{
	const struct object_rules *rules = frame->schema->object;
	bool ok = true;
	for (size_t i = 0; i < rules->patterns_count && (ok || run_goes_on(run)); i++) {
		const struct pattern_property *pattern = &rules->patterns[i];
		struct error why;
		int matches = pattern_matches(pattern->pattern, name, len, &why);
		if (matches < 0)
			return run_give_up(run, frame, "patternProperties", member, why.text);
		if (!matches)
			continue;
		*matched = true;
		ok = run_check(run, pattern->schema, member, frame, "patternProperties",
			     pattern->source, strlen(pattern->source), -1, NULL) &&
			ok;
	}
	return ok;
}

/* "additionalProperties": false is the most frequent error; it suggests a similar name. */
static bool check_additional(struct run *run, const struct frame *frame,
	const struct json_value *member, const char *name, size_t len)
{
	const struct object_rules *rules = frame->schema->object;
	if (!rules->additional->is_boolean || rules->additional->boolean || !run_tells(run))
		return run_check(run, rules->additional, member, frame, "additionalProperties",
			NULL, 0, -1, NULL);
	char *typed = xstrndup(name, len), *meant = NULL;
	struct nearest nearest = NEAREST_INIT(typed);
	for (size_t i = 0; i < rules->count; i++) {
		char *word =
			xstrndup(rules->properties[i].name.bytes, rules->properties[i].name.len);
		const char *before = nearest.word;
		nearest_try(&nearest, word);
		if (nearest.word != before) {
			free(meant);
			meant = word;
		} else {
			free(word);
		}
	}
	run_fail(run, frame, "additionalProperties", member,
		"the member \"%s\" is not allowed here%s%s%s", typed,
		meant ? "; did you mean \"" : "", meant ? meant : "", meant ? "\"?" : "");
	free(typed);
	free(meant);
	return false;
}

static bool check_member(struct run *run, const struct frame *frame,
	const struct json_value *member, const char *name, size_t len,
	const struct property *property, bool *matched)
{
	const struct object_rules *rules = frame->schema->object;
	bool ok = true;
	if (property && property->schema) {
		*matched = true;
		ok = run_check(run, property->schema, member, frame, "properties",
			property->name.bytes, property->name.len, -1, NULL);
	}
	if (rules->patterns_count && (ok || run_goes_on(run)))
		ok = check_patterns(run, frame, member, name, len, matched) && ok;
	if (!*matched && rules->additional && (ok || run_goes_on(run))) {
		*matched = true;
		ok = check_additional(run, frame, member, name, len) && ok;
	}
	return ok;
}

static bool check_required(
	struct run *run, const struct frame *frame, const uint64_t *found, size_t found_count)
{
	const struct object_rules *rules = frame->schema->object;
	if (found_count == rules->required_count)
		return true;
	for (size_t i = 0; i < rules->count && run_goes_on(run); i++) {
		const struct property *property = &rules->properties[i];
		int number = property->required;
		if (number >= 0 && !(found[number / 64] >> number % 64 & 1))
			run_fail(run, frame, "required", frame->value,
				"the member \"" TEXT_FMT "\" is missing", TEXT_ARG(property->name));
	}
	return false;
}

static bool check_members(struct run *run, const struct frame *frame, struct evaluated *seen)
{
	const struct object_rules *rules = frame->schema->object;
	uint64_t few[4] = { 0 }, *found = few;
	size_t guess = 0, index = 0, found_count = 0;
	struct buf scratch = BUF_INIT;
	bool ok = true;
	if (rules->required_count > 8 * sizeof(few))
		found = xcalloc((rules->required_count + 63) / 64, sizeof(*found));
	JSON_EACH (member, frame->value) {
		size_t len;
		const char *name = json_key_in(run->doc, member, &len, &scratch);
		const struct property *property = find_property(rules, name, len, &guess);
		bool matched = false;
		if (property && property->required >= 0) {
			found[property->required / 64] |= UINT64_C(1) << property->required % 64;
			found_count++;
		}
		ok = check_member(run, frame, member, name, len, property, &matched) && ok;
		if (!ok && !run_goes_on(run))
			break;
		if (matched)
			evaluated_mark(seen, index);
		index++;
	}
	if (ok || run_goes_on(run))
		ok = check_required(run, frame, found, found_count) && ok;
	if (found != few)
		free(found);
	buf_release(&scratch);
	return ok;
}

static bool has_member(struct run *run, const struct frame *frame, const struct text *name)
{
	run_spend(run, frame->value->count / 8);
	return json_member_n(run->doc, frame->value, name->bytes, name->len) != NULL;
}

static bool check_dependencies(struct run *run, const struct frame *frame, struct evaluated *seen)
{
	const struct object_rules *rules = frame->schema->object;
	bool ok = true;
	for (size_t i = 0; i < rules->dependencies_count && (ok || run_goes_on(run)); i++) {
		const struct dependency *d = &rules->dependencies[i];
		if (!has_member(run, frame, &d->name))
			continue;
		for (size_t j = 0; j < d->required_count; j++)
			if (!has_member(run, frame, &d->required[j]))
				ok = run_fail(run, frame, d->keyword, frame->value,
					"the member \"" TEXT_FMT
					"\" is missing, but required by \"" TEXT_FMT "\"",
					TEXT_ARG(d->required[j]), TEXT_ARG(d->name));
		if (d->schema)
			ok = run_check(run, d->schema, frame->value, frame, d->keyword,
				     d->name.bytes, d->name.len, -1, seen) &&
				ok;
	}
	return ok;
}

/* The name of a member as a separate document, for "propertyNames". */
static bool check_name(struct run *run, const struct frame *frame, const struct json_value *member)
{
	const char *text = json_text(run->doc, &(size_t){ 0 });
	struct json_doc *name;
	if (json_parse(&name, text + member->key_start, member->key_end - member->key_start, "name",
		    NULL, NULL) < 0)
		return false;
	struct run inner = {
		.doc = name, .options = run->options, .steps = run->steps, .quiet = 1
	};
	bool ok = run_check(&inner, frame->schema->object->names, json_root(name), frame,
		"propertyNames", NULL, 0, -1, NULL);
	run->steps = inner.steps;
	json_doc_free(name);
	if (inner.over)
		return run_give_up(run, frame, "propertyNames", member,
			"cannot validate this name: the schema or a pattern is endless");
	return ok;
}

static bool check_names(struct run *run, const struct frame *frame)
{
	struct buf scratch = BUF_INIT;
	bool ok = true;
	JSON_EACH (member, frame->value) {
		if (check_name(run, frame, member))
			continue;
		size_t len;
		const char *name = json_key_in(run->doc, member, &len, &scratch);
		ok = run_fail(run, frame, "propertyNames", member,
			"\"%.*s\" is not allowed as the name of a member", (int)len, name);
		if (!run_goes_on(run))
			break;
	}
	buf_release(&scratch);
	return ok;
}

bool run_object(struct run *run, const struct frame *frame, struct evaluated *seen)
{
	const struct object_rules *rules = frame->schema->object;
	bool ok = check_size(run, frame);
	if ((rules->count || rules->patterns_count || rules->additional) &&
		(ok || run_goes_on(run)))
		ok = check_members(run, frame, seen) && ok;
	if (rules->names && (ok || run_goes_on(run)))
		ok = check_names(run, frame) && ok;
	if (rules->dependencies_count && (ok || run_goes_on(run)))
		ok = check_dependencies(run, frame, seen) && ok;
	return ok;
}

bool run_unevaluated(struct run *run, const struct frame *frame, struct evaluated *seen)
{
	const struct schema *s = frame->schema;
	bool is_array = frame->value->type == JSON_ARRAY,
	     is_object = frame->value->type == JSON_OBJECT;
	const struct schema *schema = is_array && s->array ? s->array->unevaluated
		: is_object && s->object                   ? s->object->unevaluated
							   : NULL;
	const char *keyword = is_array ? "unevaluatedItems" : "unevaluatedProperties";
	size_t index = 0;
	bool ok = true;
	if (!schema)
		return true;
	JSON_EACH (child, frame->value) {
		if (!evaluated_has(seen, index++) && (ok || run_goes_on(run)))
			ok = run_check(run, schema, child, frame, keyword, NULL, 0, -1, NULL) && ok;
	}
	seen->all = true;
	return ok;
}
