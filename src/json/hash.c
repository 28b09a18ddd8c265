#include "json/document.h"

#include "base/hash.h"
#include "json/number.h"

uint64_t json_hash(const struct json_doc *doc, const struct json_value *value)
{
	struct buf scratch = BUF_INIT;
	size_t len;
	const char *text;
	uint64_t hash = hash_mix(1, value->type);
	switch ((enum json_type)value->type) {
	case JSON_NUMBER:
		text = json_raw(doc, value, &len);
		hash = hash_mix(hash, json_number_hash(text, len));
		break;
	case JSON_STRING:
		text = json_string_in(doc, value, &len, &scratch);
		hash = hash_mix(hash, hash_bytes(text, len));
		break;
	case JSON_ARRAY:
		JSON_EACH (element, value)
			hash = hash_mix(hash, json_hash(doc, element));
		break;
	case JSON_OBJECT: {
		uint64_t sum = 0; /* members in any order */
		JSON_EACH (member, value) {
			text = json_key_in(doc, member, &len, &scratch);
			sum += hash_mix(hash_bytes(text, len), json_hash(doc, member));
		}
		hash = hash_mix(hash, sum);
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
