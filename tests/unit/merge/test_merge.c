/* merge/merge.h: the merge rules of the coordination files and of custom schemas, one small merge
 * per row. */
#include "unit/merge_case.h"

#define SCHEMA(members) "{\"type\":\"object\",\"properties\":{" members "}}"

static void values_merge_as_annotated(void **state)
{
	(void)state;
	static const char x_max[] = SCHEMA("\"x\":{\"x-merge\":\"max\"}");
	static const char x_min[] = SCHEMA("\"x\":{\"x-merge\":\"min\"}");
	static const char x_or[] = SCHEMA("\"x\":{\"x-merge\":\"or\"}");
	static const char x_and[] = SCHEMA("\"x\":{\"x-merge\":\"and\"}");
	static const char x_sum[] = SCHEMA("\"x\":{\"x-merge\":\"sum\"}");
	static const char x_count[] = SCHEMA("\"x\":{\"x-merge\":\"sum\",\"minimum\":0}");
	static const char x_fixed[] = SCHEMA("\"x\":{\"x-immutable\":true}");
	static const char x_published[] = SCHEMA("\"x\":{\"x-merge\":\"published\"}");
	static const struct merge_case rows[] = {
		{ x_max, "{\"x\":5}", "{\"x\":7}", "{\"x\":6}", NULL, "{\"x\":7}",
			"f.json /x: kept 7 (larger), discarded 6\n" },
		{ x_max, "{\"x\":5}", "{\"x\":3}", "{\"x\":4}", NULL, "{\"x\":4}",
			"f.json /x: kept 4 (larger), discarded 3\n" },
		{ x_max, "{\"x\":5}", "{\"x\":3}", "{\"x\":5}", NULL, "{\"x\":3}", "" },
		{ x_max, "{}", "{\"x\":18446744073709551617}", "{\"x\":18446744073709551616}", NULL,
			"{\"x\":18446744073709551617}", "616\n" },
		{ x_max, "{}", "{\"x\":\"2025-10-29T12:00:00Z\"}",
			"{\"x\":\"2025-10-29T13:30:00+02:00\"}", NULL,
			"{\"x\":\"2025-10-29T12:00:00Z\"}", "discarded 2025-10-29T13:30" },
		{ x_max, "{\"x\":1}", "{\"x\":null}", "{\"x\":0}", NULL, "{\"x\":0}",
			"discarded null" },
		{ x_min, "{\"x\":5}", "{\"x\":7}", "{\"x\":6}", NULL, "{\"x\":6}",
			"f.json /x: kept 6 (smaller), discarded 7\n" },
		{ x_min, "{\"x\":5}", "{\"x\":7}", "{\"x\":null}", NULL, "{\"x\":7}",
			"discarded null" },
		{ x_or, "{}", "{\"x\":false}", "{\"x\":true}", NULL, "{\"x\":true}",
			"f.json /x: kept true (or), discarded false\n" },
		{ x_and, "{}", "{\"x\":false}", "{\"x\":true}", NULL, "{\"x\":false}",
			"f.json /x: kept false (and), discarded true\n" },
		{ x_sum, "{\"x\":5}", "{\"x\":7}", "{\"x\":9}", NULL, "{\"x\":11}", "" },
		{ x_sum, "{\"x\":5}", "{\"x\":4}", "{\"x\":3}", NULL, "{\"x\":2}", "" },
		{ x_sum, "{}", "{\"x\":2}", "{\"x\":3}", NULL, "{\"x\":5}", "" },
		{ x_sum, "{\"x\":0.5}", "{\"x\":0.75}", "{\"x\":1.5}", NULL, "{\"x\":1.75}", "" },
		{ x_count, "{\"x\":1}", "{\"x\":0}", "{\"x\":0}", NULL, "{\"x\":0}", "" },
		{ x_count, "{\"x\":3}", "{\"x\":0}", "{\"x\":1}", NULL, "{\"x\":0}", "" },
		{ x_fixed, "{\"x\":1}", "{\"x\":2}", "{\"x\":3}", NULL, "{\"x\":1}",
			"f.json /x: kept 1 (immutable), discarded 2\n" },
		{ x_fixed, "{\"x\":null}", "{\"x\":2}", "{\"x\":3}", "{\"x\":3}", "{\"x\":3}",
			"kept 3 (published), discarded 2" },
		{ x_published, "{\"x\":null}", "{\"x\":\"a\"}", "{\"x\":\"b\"}", "{\"x\":\"b\"}",
			"{\"x\":\"b\"}", "f.json /x: kept b (published), discarded a\n" },
		{ x_published, "{\"x\":null}", "{\"x\":\"a\"}", "{\"x\":\"b\"}", "{\"x\":\"c\"}",
			"{\"x\":\"a\"}", "kept a (smaller), discarded b" },
		{ x_published, "{\"x\":null}", "{\"x\":\"a\"}", "{\"x\":\"b\"}",
			"{\"x\":", "{\"x\":\"a\"}", "kept a (smaller), discarded b" },
		/* A member that the schema does not describe still merges. */
		{ x_published, "{\"y\":1}", "{\"y\":3}", "{\"y\":2}", "{\"y\":3}", "{\"y\":3}",
			"kept 3 (published), discarded 2" },
		{ x_published, "{\"y\":1}", "{\"y\":3}", "{\"y\":[2]}", NULL, "{\"y\":3}",
			"kept 3" },
	};
	EXPECT_MERGES(rows);
}

static void status_moves_forward_only(void **state)
{
	(void)state;
#define JOB(status) "{\"jobs\":[{\"id\":\"1\",\"status\":\"" status "\"}]}"
	static const struct merge_case rows[] = {
		{ "jobs", JOB("queued"), JOB("running"), JOB("completed"), NULL, JOB("completed"),
			"f.json /jobs/id=1/status: kept completed (further along), discarded "
			"running" },
		{ "jobs", JOB("queued"), JOB("running"), JOB("cancelled"), NULL, JOB("cancelled"),
			NULL },
		{ "jobs", JOB("running"), JOB("failed"), JOB("completed"), NULL, JOB("completed"),
			NULL },
		{ "jobs", JOB("running"), JOB("queued"), JOB("completed"), NULL, JOB("completed"),
			NULL },
		{ "jobs", JOB("failed"), JOB("queued"), JOB("running"), NULL, JOB("running"),
			NULL },
	};
	EXPECT_MERGES(rows);
}

static void the_published_claim_is_kept(void **state)
{
	(void)state;
#define CLAIM(by, at)                                                                              \
	"{\"jobs\":[{\"id\":\"1\",\"status\":\"running\",\"assigned_to\":\"" by                    \
	"\",\"started_at\":\"2025-10-29T12:00:" at "Z\"}]}"
	static const char base[] = "{\"jobs\":[{\"id\":\"1\",\"status\":\"queued\",\"assigned_to\":"
				   "null,\"started_at\":null}]}";
	static const struct merge_case rows[] = {
		{ "jobs", base, CLAIM("b1", "01"), CLAIM("b2", "02"), CLAIM("b2", "02"),
			CLAIM("b2", "02"), "/assigned_to: kept b2 (published), discarded b1" },
		{ "jobs", base, CLAIM("b2", "01"), CLAIM("b1", "02"), base, CLAIM("b2", "02"),
			"/assigned_to: kept b2 (earlier), discarded b1" },
		{ "jobs", base, CLAIM("b1", "01"), CLAIM("b2", "01"), NULL, CLAIM("b1", "01"),
			"/assigned_to: kept b1 (smaller), discarded b2" },
	};
	EXPECT_MERGES(rows);
}

static void a_lock_is_merged_as_a_whole(void **state)
{
	(void)state;
#define LOCK(by, at)                                                                               \
	"\"l\":{\"locked_by\":\"" by "\",\"locked_at\":\"2025-10-29T12:00:" at                     \
	"Z\",\"expires_at\":\"2025-10-29T13:00:" at "Z\"}"
#define LOCKS(locks) "{\"locks\":{" locks "}}"
	static const struct merge_case rows[] = {
		{ "locks", LOCKS(""), LOCKS(LOCK("a", "09")), LOCKS(LOCK("b", "05")),
			LOCKS(LOCK("a", "09")), LOCKS(LOCK("a", "09")), "/locks/l: kept {" },
		{ "locks", LOCKS(""), LOCKS(LOCK("a", "09")), LOCKS(LOCK("b", "05")), LOCKS(""),
			LOCKS(LOCK("b", "05")), "(earlier), discarded" },
		{ "locks", LOCKS(LOCK("c", "01")), LOCKS(LOCK("b", "05")), LOCKS(LOCK("a", "05")),
			NULL, LOCKS(LOCK("a", "05")), "(smaller), discarded" },
		{ "locks", LOCKS(LOCK("c", "01")), LOCKS(""), LOCKS(LOCK("c", "07")), NULL,
			LOCKS(LOCK("c", "07")), "/locks/l: kept {" },
		{ "locks", LOCKS(LOCK("c", "01")), LOCKS(""), LOCKS(LOCK("c", "01")), NULL,
			LOCKS(""), "" },
	};
	EXPECT_MERGES(rows);
}

static void the_newer_record_is_kept_as_a_whole(void **state)
{
	(void)state;
#define HEARTBEAT(second, rest)                                                                    \
	"{\"server\":\"a\",\"timestamp\":\"2025-10-29T12:00:" second "Z\",\"healthy\":" rest "}"
	static const struct merge_case rows[] = {
		{ "heartbeat", HEARTBEAT("01", "true"), HEARTBEAT("02", "false"),
			HEARTBEAT("03", "true,\"uptime_seconds\":3"), NULL,
			HEARTBEAT("03", "true,\"uptime_seconds\":3"),
			"f.json /: kept the record of 2025-10-29T12:00:03Z (newer), discarded the "
			"record of 2025-10-29T12:00:02Z" },
		/* Members that the schema does not describe are merged separately. */
		{ "heartbeat", HEARTBEAT("01", "true,\"x\":1"),
			HEARTBEAT("02", "true,\"x\":2,\"y\":1"), HEARTBEAT("03", "true,\"x\":1"),
			NULL, HEARTBEAT("03", "true,\"x\":2,\"y\":1"), NULL },
		{ "heartbeat", HEARTBEAT("01", "true,\"x\":1"), HEARTBEAT("02", "true,\"x\":2"),
			HEARTBEAT("03", "true,\"x\":3"), NULL, HEARTBEAT("03", "true,\"x\":3"),
			NULL },
		{ "heartbeat", HEARTBEAT("01", "true,\"x\":1"), HEARTBEAT("02", "true,\"x\":1"),
			HEARTBEAT("03", "true"), NULL, HEARTBEAT("03", "true"), NULL },
	};
	EXPECT_MERGES(rows);
}

#define MESSAGE(id, body, second, rest)                                                            \
	"{\"id\":\"" id "\",\"from\":\"a\",\"to\":\"b\",\"body\":\"" body                          \
	"\",\"timestamp\":\"2025-10-29T12:00:" second "Z\"" rest "}"
#define MESSAGES(list) "{\"messages\":[" list "]}"

static void messages_are_the_union_by_id(void **state)
{
	(void)state;
	static const struct merge_case rows[] = {
		{ "messages", MESSAGES(MESSAGE("1", "x", "01", ",\"read\":false")),
			MESSAGES(MESSAGE("1", "x", "01", ",\"read\":true") "," MESSAGE(
				"3", "x", "03", "")),
			MESSAGES(MESSAGE("1", "x", "01", ",\"read\":false") "," MESSAGE(
				"2", "x", "02", "") "," MESSAGE("4", "x", "04", "")),
			NULL,
			MESSAGES(MESSAGE("1", "x", "01", ",\"read\":true") "," MESSAGE(
				"2", "x", "02", "") "," MESSAGE("3", "x", "03", "") "," MESSAGE("4",
				"x", "04", "")),
			"" },
		/* Cleared on one side, read and so changed on the other. */
		{ "messages", MESSAGES(MESSAGE("1", "x", "01", "")), MESSAGES(""),
			MESSAGES(MESSAGE("1", "x", "01", ",\"read\":true")), NULL,
			MESSAGES(MESSAGE("1", "x", "01", ",\"read\":true")),
			"because one side changed it and the other removed it" },
		{ "messages", MESSAGES(MESSAGE("1", "x", "01", ",\"read\":true")), MESSAGES(""),
			MESSAGES(MESSAGE("1", "x", "01", ",\"read\":true") "," MESSAGE(
				"2", "x", "02", "")),
			NULL, MESSAGES(MESSAGE("2", "x", "02", "")), "" },
		{ "messages", MESSAGES(MESSAGE("1", "x", "01", ",\"read_by\":[\"a\"]")),
			MESSAGES(MESSAGE("1", "x", "01", ",\"read_by\":[\"a\",\"b\"]")),
			MESSAGES(MESSAGE("1", "x", "01", ",\"read_by\":[\"a\",\"c\"]")), NULL,
			MESSAGES(MESSAGE("1", "x", "01", ",\"read_by\":[\"a\",\"b\",\"c\"]")), "" },
		/* The same message was added on both sides. */
		{ "messages", MESSAGES(""), MESSAGES(MESSAGE("1", "x", "01", "")),
			MESSAGES(MESSAGE("1", "x", "01", ",\"read\":true")), NULL,
			MESSAGES(MESSAGE("1", "x", "01", ",\"read\":true")), "" },
		{ "messages", NULL, MESSAGES(MESSAGE("1", "x", "01", "")),
			MESSAGES(MESSAGE("2", "x", "01", "")), NULL,
			MESSAGES(MESSAGE("1", "x", "01", "") "," MESSAGE("2", "x", "01", "")), "" },
	};
	EXPECT_MERGES(rows);
}

static void two_messages_with_one_id_are_both_kept(void **state)
{
	(void)state;
	const struct merge_case row = { .schema = "messages" };
	const char *base = MESSAGES(""), *early = MESSAGES(MESSAGE("1", "x", "01", "")),
		   *late = MESSAGES(MESSAGE("1", "y", "02", ""));
	struct merge_result result = MERGE_RESULT_INIT, again = MERGE_RESULT_INIT;
	assert_int_equal(merge_row(&row, base, late, early, &result), 0);
	assert_non_null(strstr(result.text.data, MESSAGE("1", "x", "01", "")));
	assert_non_null(strstr(result.text.data, "{\"id\":\"1-"));
	assert_non_null(strstr(result.text.data, "\"body\":\"y\""));
	assert_non_null(strstr(result.text.data, "\"original_id\":\"1\"}"));
	assert_non_null(strstr(result.report.data, "/messages/id=1: two different elements"));
	assert_int_equal(merge_row(&row, base, early, late, &again), 0);
	assert_string_equal(again.text.data, result.text.data);
	merge_result_release(&again);
	/* The later one is merged again: it is already there. */
	assert_int_equal(merge_row(&row, base, result.text.data, late, &again), 0);
	assert_string_equal(again.text.data, result.text.data);
	merge_result_release(&result);
	merge_result_release(&again);
}

#define LIST "{\"properties\":{\"l\":{\"x-list-type\":\"map\",\"x-list-map-keys\":[\"k\"]}}}"

static void lists_with_keys_keep_every_element(void **state)
{
	(void)state;
	static const struct merge_case rows[] = {
		/* without a key */
		{ LIST, "{\"l\":[{\"a\":1}]}", "{\"l\":[{\"a\":1},{\"b\":1}]}",
			"{\"l\":[{\"a\":1},{\"c\":1}]}", NULL,
			"{\"l\":[{\"a\":1},{\"b\":1},{\"c\":1}]}", "" },
		/* the same key twice */
		{ LIST, "{\"l\":[{\"k\":1,\"a\":1},{\"k\":1,\"a\":2}]}",
			"{\"l\":[{\"k\":1,\"a\":1},{\"k\":1,\"a\":2},{\"k\":2}]}",
			"{\"l\":[{\"k\":1,\"a\":3},{\"k\":1,\"a\":2},{\"k\":1,\"a\":4}]}", NULL,
			"{\"l\":[{\"k\":1,\"a\":3},{\"k\":1,\"a\":2},{\"k\":1,\"a\":4},{\"k\":2}]}",
			NULL },
		/* keys are compared by value, not by notation */
		{ LIST, "{\"l\":[{\"k\":1.0}]}", "{\"l\":[{\"k\":1,\"a\":1}]}",
			"{\"l\":[{\"k\":1.0,\"b\":1}]}", NULL,
			"{\"l\":[{\"k\":1,\"a\":1,\"b\":1}]}", "" },
		/* both removed it; one removed it */
		{ LIST, "{\"l\":[{\"k\":1},{\"k\":2},{\"k\":3}]}", "{\"l\":[{\"k\":3}]}",
			"{\"l\":[{\"k\":2},{\"k\":3},{\"k\":4}]}", NULL,
			"{\"l\":[{\"k\":3},{\"k\":4}]}", "" },
		/* one side changed the order */
		{ LIST, "{\"l\":[{\"k\":1},{\"k\":2}]}", "{\"l\":[{\"k\":2},{\"k\":1}]}",
			"{\"l\":[{\"k\":1},{\"k\":2},{\"k\":3}]}", NULL,
			"{\"l\":[{\"k\":2},{\"k\":3},{\"k\":1}]}", "" },
	};
	EXPECT_MERGES(rows);
}

static void without_a_schema_members_and_elements_merge(void **state)
{
	(void)state;
	static const struct merge_case rows[] = {
		{ NULL, "{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2,\"c\":3}", "{\"a\":0,\"b\":2}", NULL,
			"{\"a\":0,\"b\":2,\"c\":3}", "" },
		{ NULL, "{\"a\":{\"b\":{\"c\":1}}}", "{\"a\":{\"b\":{\"c\":2}}}",
			"{\"a\":{\"b\":{\"c\":1,\"d\":1}}}", NULL,
			"{\"a\":{\"b\":{\"c\":2,\"d\":1}}}", "" },
		{ NULL, "{\"a\":1,\"b\":2}", "{\"b\":2}", "{\"a\":1}", NULL, "{}", "" },
		{ NULL, "[1,2,3]", "[1,9,2,3]", "[1,2,3,4]", NULL, "[1,9,2,3,4]", "" },
		{ NULL, "[1,2,3]", "[1,9,2,3]", "[1,9,2,3]", NULL, "[1,9,2,3]", "" },
		{ NULL, "[1,2,3,4,5]", "[1,3,4,5]", "[1,2,3,5]", NULL, "[1,3,5]", "" },
		{ NULL, NULL, "{\"a\":1}", "{\"b\":1}", NULL, "{\"a\":1,\"b\":1}", "" },
		{ NULL, NULL, "{\"a\":1,\"b\":1}", "{\"a\":1,\"c\":1}", NULL,
			"{\"a\":1,\"b\":1,\"c\":1}", "" },
		{ NULL, "1", "2", "1", NULL, "2", "" },
		{ NULL, "{\"a\":1.0}", "{\"a\":1}", "{\"a\":2}", NULL, "{\"a\":2}", "" },
	};
	EXPECT_MERGES(rows);
}

static void with_a_schema_a_list_without_keys_keeps_what_both_added(void **state)
{
	(void)state;
	static const char any[] = "{\"type\":\"array\"}";
	static const struct merge_case rows[] = {
		{ any, "[1]", "[1,2,3]", "[1,3,4]", NULL, "[1,2,3,4]", "" },
		{ any, "[1,2,3]", "[1,7,3]", "[1,8,3]", NULL, "[1,7,3]",
			"f.json /1: kept 7 (smaller), discarded 8\n" },
		{ any, "[1,2,3]", "[1,7,3]", "[1,8,3]", "[1,8,3]", "[1,8,3]",
			"f.json /1: kept 8 (published), discarded 7\n" },
		{ any, "[]", "[{\"a\":1,\"b\":2}]", "[{\"b\":2,\"a\":1},5]", NULL,
			"[{\"a\":1,\"b\":2},5]", "" },
	};
	EXPECT_MERGES(rows);
}

static void the_formatting_is_kept(void **state)
{
	(void)state;
	static const struct merge_case rows[] = {
		/* A result that equals one side has the bytes of that side. */
		{ NULL, "{\"a\":1}", "{ \"a\" :1 }", "{\"a\":1}\n", NULL, "{ \"a\" :1 }", "" },
		{ NULL, "{\n\t\"a\": 1\n}\n", "{\n\t\"a\": 1,\n\t\"b\": 2\n}\n",
			"{\n\t\"a\": 3\n}\n", NULL, "{\n\t\"a\": 3,\n\t\"b\": 2\n}\n", "" },
		{ NULL, "{\r\n    \"a\": 1\r\n}\r\n",
			"{\r\n    \"a\": 1,\r\n    \"b\": [\r\n        1\r\n    ]\r\n}\r\n",
			"{\r\n    \"a\": 100.00\r\n}\r\n", NULL,
			"{\r\n    \"a\": 100.00,\r\n    \"b\": [\r\n        1\r\n    ]\r\n}\r\n",
			"" },
		{ NULL, "{\"a\":1,\"b\":[{\"c\":1}]}", "{\"a\":2,\"b\":[{\"c\":1}]}",
			"{\"a\":1,\"b\":[{\"c\":1},{\"c\":2}]}", NULL,
			"{\"a\":2,\"b\":[{\"c\":1},{\"c\":2}]}", "" },
		/* One side reformatted the file. */
		{ NULL, "{\"a\":1,\"b\":[]}", "{\n  \"a\": 1,\n  \"b\": []\n}\n",
			"{\"a\":1,\"b\":[7]}", NULL, "{\n  \"a\": 1,\n  \"b\": [\n    7\n  ]\n}\n",
			NULL },
		/* Formatting alone is a change like any other. */
		{ "{}", "\t\t1", "\t\t1", "1", NULL, "1", "" },
		{ NULL, "{\"a\":1}", "{\"a\":1}", "{ \"a\" : 1 }\n", NULL, "{ \"a\" : 1 }\n", "" },
	};
	EXPECT_MERGES(rows);
}

static void conflicts_have_the_markers_of_git(void **state)
{
	(void)state;
	static const struct merge_case none = { .schema = NULL };
	struct merge_result result = MERGE_RESULT_INIT;
	assert_int_equal(merge_row(&none, "{\n  \"a\": 1,\n  \"b\": 1,\n  \"c\": 1\n}\n",
				 "{\n  \"a\": 2,\n  \"b\": 2,\n  \"c\": 1\n}\n",
				 "{\n  \"a\": 1,\n  \"b\": 3,\n  \"c\": 4\n}\n", &result),
		1);
	assert_string_equal(result.text.data,
		"{\n  \"a\": 2,\n<<<<<<< ours\n  \"b\": 2,\n=======\n  \"b\": 3,\n>>>>>>> theirs\n"
		"  \"c\": 4\n}\n");
	merge_result_release(&result);
	assert_int_equal(
		merge_row(&none, "{\n  \"a\": {\"x\": 1},\n  \"b\": 1\n}\n", "{\n  \"b\": 1\n}\n",
			"{\n  \"a\": {\"x\": 2},\n  \"b\": 1\n}\n", &result),
		1);
	assert_string_equal(result.text.data,
		"{\n<<<<<<< ours\n=======\n  \"a\": {\"x\": 2},\n>>>>>>> theirs\n  \"b\": 1\n}\n");
	merge_result_release(&result);
}

static void a_broken_side_is_a_conflict(void **state)
{
	(void)state;
	static const struct merge_case messages = { .schema = "messages" };
	static const char *const broken[] = { "", "{\"messages\":[7", "{\"a\":1,\"a\":2}",
		"{\"messages\":[]} x" };
	const char *base = MESSAGES(""), *valid = MESSAGES(MESSAGE("1", "x", "01", ""));
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		struct merge_result result = MERGE_RESULT_INIT;
		assert_int_equal(merge_row(&messages, base, broken[i], valid, &result), 1);
		assert_non_null(strstr(result.text.data, broken[i]));
		assert_non_null(strstr(result.text.data, valid));
		assert_non_null(strstr(result.report.data, "; ours is broken, so resolve"));
		merge_result_release(&result);
		assert_int_equal(merge_row(&messages, base, valid, broken[i], &result), 1);
		assert_non_null(strstr(result.text.data, broken[i]));
		assert_non_null(strstr(result.text.data, valid));
		assert_non_null(strstr(result.report.data, "; theirs is broken, so resolve"));
		merge_result_release(&result);
		assert_int_equal(merge_row(&messages, base, broken[i], "{", &result), 1);
		merge_result_release(&result);
		/* A broken base counts as none. */
		assert_int_equal(merge_row(&messages, broken[i], valid, base, &result), 0);
		assert_string_equal(result.text.data, valid);
		assert_int_equal(!*broken[i], !strstr(result.report.data, "the base is broken"));
		merge_result_release(&result);
	}
}

static void markers_of_an_earlier_merge_are_resolved(void **state)
{
	(void)state;
	static const struct merge_case messages = { .schema = "messages" };
	static const char base[] = "{\n  \"messages\": [\n  ]\n}\n";
	static const char marked[] = "{\n  \"messages\": [\n<<<<<<< HEAD\n    " MESSAGE("1", "x",
		"01",
		"") "\n=======\n    " MESSAGE("2", "x", "02", "") "\n>>>>>>> theirs\n  ]\n}\n";
	static const char theirs[] =
		"{\n  \"messages\": [\n    " MESSAGE("3", "x", "03", "") "\n  ]\n}\n";
	struct merge_result result = MERGE_RESULT_INIT;
	assert_int_equal(merge_row(&messages, base, marked, theirs, &result), 0);
	assert_string_equal(result.text.data,
		"{\n  \"messages\": [\n    " MESSAGE("1", "x", "01", "") ",\n    " MESSAGE(
			"2", "x", "02", "") ",\n    " MESSAGE("3", "x", "03", "") "\n  ]\n}\n");
	assert_non_null(
		strstr(result.report.data, "ours has conflict markers of an earlier merge"));
	merge_result_release(&result);
}

static void a_message_is_one_line_for_any_name(void **state)
{
	(void)state;
	static const struct merge_case row = { .schema = "{\"type\":\"object\"}" };
	struct merge_result result = MERGE_RESULT_INIT;
	assert_int_equal(merge_row(&row, "{}", "{\"a\\n\\u0000b\":\"x\\ny\"}",
				 "{\"a\\n\\u0000b\":\"x\\u0000z\"}", &result),
		0);
	assert_int_equal(strlen(result.report.data), result.report.len);
	assert_ptr_equal(
		strchr(result.report.data, '\n'), result.report.data + result.report.len - 1);
	merge_result_release(&result);
}

static void a_result_of_valid_sides_is_valid(void **state)
{
	(void)state;
	static const struct merge_case row = {
		.schema = "{\"type\":\"object\",\"maxProperties\":2}",
	};
	struct merge_result result = MERGE_RESULT_INIT;
	assert_int_equal(
		merge_row(&row, "{\"a\":1}", "{\"a\":1,\"b\":1}", "{\"a\":1,\"c\":1}", &result), 1);
	assert_string_equal(result.text.data,
		"<<<<<<< ours\n{\"a\":1,\"b\":1}\n=======\n{\"a\":1,\"c\":1}\n>>>>>>> theirs\n");
	assert_non_null(strstr(result.report.data, "both sides were valid"));
	merge_result_release(&result);
	/* It was invalid before, which must not stop a pull. */
	assert_int_equal(merge_row(&row, "{\"a\":1,\"b\":1,\"c\":1}", "{\"a\":2,\"b\":1,\"c\":1}",
				 "{\"a\":1,\"b\":1,\"c\":2}", &result),
		0);
	assert_string_equal(result.text.data, "{\"a\":2,\"b\":1,\"c\":2}");
	assert_non_null(strstr(result.report.data, "this was invalid before the merge"));
	merge_result_release(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_merge_as_annotated),
		cmocka_unit_test(status_moves_forward_only),
		cmocka_unit_test(the_published_claim_is_kept),
		cmocka_unit_test(a_lock_is_merged_as_a_whole),
		cmocka_unit_test(the_newer_record_is_kept_as_a_whole),
		cmocka_unit_test(messages_are_the_union_by_id),
		cmocka_unit_test(two_messages_with_one_id_are_both_kept),
		cmocka_unit_test(lists_with_keys_keep_every_element),
		cmocka_unit_test(without_a_schema_members_and_elements_merge),
		cmocka_unit_test(with_a_schema_a_list_without_keys_keeps_what_both_added),
		cmocka_unit_test(the_formatting_is_kept),
		cmocka_unit_test(conflicts_have_the_markers_of_git),
		cmocka_unit_test(a_broken_side_is_a_conflict),
		cmocka_unit_test(markers_of_an_earlier_merge_are_resolved),
		cmocka_unit_test(a_message_is_one_line_for_any_name),
		cmocka_unit_test(a_result_of_valid_sides_is_valid),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
