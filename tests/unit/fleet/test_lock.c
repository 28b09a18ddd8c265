/* fleet/lock.h and fleet/message.h: the state of a lock, and who has read a message. */
#include "unit/unit.h"

#include "fleet/lock.h"
#include "fleet/message.h"
#include "fleet/names.h"

/* 2025-10-29T12:00:00Z */
enum { NOON = 1761739200 };

static struct json_doc *parse(const char *json)
{
	struct json_doc *doc;
	struct buf text = BUF_INIT;
	buf_addstr(&text, json);
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == '\'')
			text.data[i] = '"';
	assert_int_equal(json_parse_buf(&doc, &text, "test.json", NULL, NULL), 0);
	return doc;
}

static void assert_state(const char *lock, enum lock_state expected)
{
	struct arena arena = ARENA_INIT;
	struct buf text = BUF_INIT;
	buf_addf(&text, "{'deploy': %s}", lock);
	struct json_doc *doc = parse(text.data);
	struct lock found = lock_find(doc, json_root(doc), "deploy", NOON, &arena);
	assert_string_equal(lock_state_name(found.state), lock_state_name(expected));
	assert_string_equal(found.name, "deploy");
	json_doc_free(doc);
	buf_release(&text);
	arena_release(&arena);
}

static void a_lock_is_held_until_the_second_at_which_it_expires(void **state)
{
	(void)state;
	assert_state("{'locked_by': 'b', 'expires_at': '2025-10-29T12:00:01Z'}", LOCK_HELD);
	assert_state("{'locked_by': 'b', 'expires_at': '2025-10-29T12:00:00Z'}", LOCK_EXPIRED);
	assert_state("{'locked_by': 'b', 'expires_at': '2025-10-29T13:59:59+02:00'}", LOCK_EXPIRED);
	assert_state("{'locked_by': null, 'expires_at': '2030-10-29T12:00:00Z'}", LOCK_FREE);
}

static void what_cannot_be_understood_is_never_free(void **state)
{
	(void)state;
	assert_state("7", LOCK_CORRUPT);
	assert_state("{}", LOCK_CORRUPT);
	assert_state("{'locked_by': 7}", LOCK_CORRUPT);
	assert_state("{'locked_by': 'b'}", LOCK_CORRUPT);
	assert_state("{'locked_by': 'b', 'expires_at': 'soon'}", LOCK_CORRUPT);
	assert_state("{'locked_by': 'b', 'expires_at': null}", LOCK_CORRUPT);
	assert_state("{'locked_by': null, 'fence': 'seven'}", LOCK_CORRUPT);
	assert_state("{'locked_by': null, 'fence': -1}", LOCK_CORRUPT);
	assert_state(
		"{'locked_by': 'b\\u0000', 'expires_at': '2030-10-29T12:00:00Z'}", LOCK_CORRUPT);
}

static void a_lock_that_is_not_there_is_free_and_was_never_acquired(void **state)
{
	(void)state;
	struct arena arena = ARENA_INIT;
	struct json_doc *doc = parse("{}");
	struct lock lock = lock_find(doc, json_root(doc), "deploy", NOON, &arena);
	assert_int_equal(lock.state, LOCK_FREE);
	assert_int_equal(lock.fence, 0);
	json_doc_free(doc);
	arena_release(&arena);
}

static void names_are_words(void **state)
{
	(void)state;
	assert_int_equal(fleet_check_lock_name("job_assignment", NULL), 0);
	assert_int_equal(fleet_check_lock_name("db:prod@eu+1.2-3", NULL), 0);
	static const char *const wrong[] = { "", ".", "..", "-x", "a/b", "a b", "a\n", "\303\244" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(fleet_check_lock_name(wrong[i], NULL), ERR_INVALID);
}

static void assert_read(const char *json, const char *server, bool is_for, bool is_read)
{
	struct arena arena = ARENA_INIT;
	struct message message;
	struct json_doc *doc = parse(json);
	assert_true(message_parse(&message, doc, json_root(doc), &arena));
	assert_int_equal(message_is_for(&message, server), is_for);
	assert_int_equal(message_is_read_by(doc, &message, server), is_read);
	json_doc_free(doc);
	arena_release(&arena);
}

static void a_message_to_one_is_read_by_that_one(void **state)
{
	(void)state;
	assert_read("{'id': 'm', 'from': 'a', 'to': 'b', 'read': false}", "b", true, false);
	assert_read("{'id': 'm', 'from': 'a', 'to': 'b', 'read': true}", "b", true, true);
	assert_read("{'id': 'm', 'from': 'a', 'to': 'b'}", "c", false, false);
}

static void a_message_to_all_is_read_by_each(void **state)
{
	(void)state;
	static const char all[] = "{'id': 'm', 'from': 'a', 'to': 'all', 'read': true, "
				  "'read_by': ['b', 7, null]}";
	assert_read(all, "b", true, true);
	assert_read(all, "c", true, false);
	assert_read(all, "a", false, false);
	/* Without "read_by" it is an old script's. */
	assert_read("{'id': 'm', 'from': 'a', 'to': 'all', 'read': true}", "c", true, true);
	assert_read("{'id': 'm', 'from': 'a', 'to': 'all', 'read_by': null}", "c", true, false);
}

static void a_message_without_an_id_is_none(void **state)
{
	(void)state;
	static const char *const wrong[] = { "{}", "7", "null", "{'id': 7}", "{'id': 'a\\u0000'}" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct arena arena = ARENA_INIT;
		struct message message;
		struct json_doc *doc = parse(wrong[i]);
		assert_false(message_parse(&message, doc, json_root(doc), &arena));
		json_doc_free(doc);
		arena_release(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lock_is_held_until_the_second_at_which_it_expires),
		cmocka_unit_test(what_cannot_be_understood_is_never_free),
		cmocka_unit_test(a_lock_that_is_not_there_is_free_and_was_never_acquired),
		cmocka_unit_test(names_are_words),
		cmocka_unit_test(a_message_to_one_is_read_by_that_one),
		cmocka_unit_test(a_message_to_all_is_read_by_each),
		cmocka_unit_test(a_message_without_an_id_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
