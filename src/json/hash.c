#include "json/document.h"

#include "json/number.h"

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

/* FNV-1a. */
static uint64_t hash_bytes(const char *bytes, size_t len)
{
	uint64_t hash = UINT64_C(14695981039346656037);
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(1099511628211);
	return hash;
}

uint64_t json_hash(const struct json_doc *doc, const struct json_value *value)
{
	struct buf scratch = BUF_INIT;
	size_t len;
	const char *text;
	uint64_t hash = mix(1, value->type);
	switch ((enum json_type)value->type) {
	case JSON_NUMBER:
		text = json_raw(doc, value, &len);
		hash = mix(hash, json_number_hash(text, len));
		break;
	case JSON_STRING:
		text = json_string_in(doc, value, &len, &scratch);
		hash = mix(hash, hash_bytes(text, len));
		break;
	case JSON_ARRAY:
		JSON_EACH (element, value)
			hash = mix(hash, json_hash(doc, element));
		break;
	case JSON_OBJECT: {
		uint64_t sum = 0; /* members in any order */
		JSON_EACH (member, value) {
			text = json_key_in(doc, member, &len, &scratch);
			sum += mix(hash_bytes(text, len), json_hash(doc, member));
		}
		hash = mix(hash, sum);
		break;
	}
	case JSON_NULL:
	case JSON_FALSE:
	case JSON_TRUE:
		break;
	}
	buf_release(&scratch);
	return hash;
}
