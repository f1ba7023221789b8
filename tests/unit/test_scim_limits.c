/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What one request to the SCIM server may cost, whoever sends it. */
#include "tests/unit/scim_server.h"

#include <malloc.h>

#define MIB ((size_t)1 << 20)

/* ---- what jansson takes ---- */

static size_t taken, most_taken;

static void *count_malloc(size_t n)
{
	void *p = malloc(n);

	taken += p ? malloc_usable_size(p) : 0;
	most_taken = taken > most_taken ? taken : most_taken;
	return p;
}

static void count_free(void *p)
{
	taken -= p ? malloc_usable_size(p) : 0;
	free(p);
}

static void begin_count(void)
{
	most_taken = taken;
}

static size_t counted(size_t before)
{
	return most_taken - before;
}

/* ---- bodies ---- */

/* A body of SCIM_BODY_LIMIT bytes at most: `before`, then `piece` again and again, then `after`. */
static const char *filled(const char *before, const char *piece, const char *after, size_t size)
{
	struct text t;

	text_begin(&t, a, size + 1);
	text_add_c(&t, before);
	while (t.n + strlen(piece) + strlen(after) < size)
		text_add_c(&t, piece);
	t.n--;                          /* the last comma */
	text_add_c(&t, after);
	return text_slice(&t).p;
}

static void a_body_of_small_values_is_refused_before_it_is_read(void **state)
{
	static const struct {
		const char *before, *piece, *after;
	} bodies[] = {
		{"{\"x\":[", "{},", "]}"}, {"{\"x\":[", "[],", "]}"}, {"{\"x\":[", "1,", "]}"}, {"{\"x\":[", "{\"a\":{}},", "]}"},
		{"{\"x\":[\"\\\"\",", "{},", "]}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		size_t before = taken;

		begin_count();
		ask(SCIM_POST, "/Users", filled(bodies[i].before, bodies[i].piece, bodies[i].after, SCIM_BODY_LIMIT));
		refused(413, NULL);
		assert_true(counted(before) < MIB);
	}
	/* as much as is read */
	size_t before = taken;

	begin_count();
	ask(SCIM_POST, "/Users", filled("{\"x\":[", "{},", "]}", 200000));
	refused(400, "invalidValue");
	assert_true(counted(before) < 32 * MIB);
}

static void what_is_in_quotes_is_no_value(void **state)
{
	json_t *user;

	(void)state;
	user = ask(SCIM_POST, "/Users", arena_printf(a, "{\"userName\":\"anna@example.org\",\"externalId\":\"" ANNA "\",\"title\":\"%s\"}",
		filled("\\\"[[[[[[[[[[[[[[[[[[[[[{{{{", "{,[,", ",", 20000)));
	assert_int_equal(reply.status, 201);
	assert_true(strlen(json_text(user, "title")) > 19000);
	/* what does not match is no JSON, however it was counted */
	ask(SCIM_POST, "/Users", "{\"userName\":\"anna");
	refused(400, "invalidSyntax");
	ask(SCIM_POST, "/Users", "\\");
	refused(400, "invalidSyntax");
	ask(SCIM_POST, "/Users", "{\"a\":[[[[[[[[[[[[1]]]]]]]]]]]]}");
	refused(400, "invalidSyntax");
}

/* Those whom Entra ID may send at once: their number is what is wrong with nobody, that they are not there is. */
static void a_body_of_members_is_read(void **state)
{
	const char *group = make_group("Agents");

	(void)state;
	ask(SCIM_PUT, arena_printf(a, "/Groups/%s", group), filled("{\"displayName\":\"Agents\",\"members\":[",
		"{\"$ref\":null,\"value\":\"00000000-0000-4000-8000-000000000000\"},", "]}", SCIM_BODY_LIMIT));
	refused(400, "invalidValue");
}

/* ---- operations ---- */

static const char *with_many_mails(void)
{
	const char *id = make_user("anna@example.org", ANNA);

	ask(SCIM_PUT, arena_printf(a, "/Users/%s", id), arena_printf(a, "{\"userName\":\"anna@example.org\",\"externalId\":\"" ANNA "\",\"emails\":[%s}",
		filled("", "{\"type\":\"work\"},", "]", 199 * strlen("{\"type\":\"work\"},"))));
	assert_int_equal(reply.status, 200);
	return id;
}

static void a_value_is_not_copied_without_end(void **state)
{
	static const char *const paths[] = {"emails[type eq \\\"work\\\"]", "emails[type eq \\\"work\\\"].x", "emails.x"};
	const char *id = with_many_mails(), *value = filled("{\"a\":[", "{\"a\":1},", "]}", 200000);

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		size_t before = taken;

		begin_count();
		patch("Users", id, arena_printf(a, "[{\"op\":\"replace\",\"path\":\"%s\",\"value\":%s}]", paths[i], value));
		refused(413, NULL);
		assert_true(counted(before) < 64 * MIB);
	}
}

static void operations_do_not_make_an_object_of_thousands_of_names(void **state)
{
	const char *id = make_user("anna@example.org", ANNA);
	struct text t;

	(void)state;
	text_begin(&t, a, 65536);
	for (int i = 0; i < 900; i++)
		text_addf(&t, "%s{\"op\":\"add\",\"path\":\"x%d\",\"value\":1}", i ? "," : "[", i);
	text_add_c(&t, "]");
	patch("Users", id, text_slice(&t).p);
	refused(413, NULL);
	text_begin(&t, a, 65536);
	for (int i = 0; i < 900; i++)
		text_addf(&t, "%s{\"op\":\"add\",\"path\":\"emails[type eq \\\"work\\\"]\",\"value\":{\"x%d\":1}}", i ? "," : "[", i);
	text_add_c(&t, "]");
	patch("Users", id, text_slice(&t).p);
	refused(413, NULL);
}

/* ---- lists ---- */

static void a_page_of_large_records_ends_early(void **state)
{
	const char *title = filled("", "x,", "", 60000);
	json_t *list;

	(void)state;
	for (int i = 0; i < 30; i++) {
		ask(SCIM_POST, "/Users", arena_printf(a, "{\"userName\":\"u%d@example.org\",\"externalId\":\"7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7%02x\","
			"\"title\":\"%s\"}", i, i, title));
		assert_int_equal(reply.status, 201);
	}
	list = ask(SCIM_GET, "/Users", NULL);
	assert_int_equal(json_integer_value(json_object_get(list, "totalResults")), 30);
	assert_int_equal(json_integer_value(json_object_get(list, "itemsPerPage")), 18);
	list = ask(SCIM_GET, "/Users?startIndex=19&filter=title%20pr", NULL);
	assert_int_equal(json_integer_value(json_object_get(list, "totalResults")), 30);
	assert_int_equal(json_array_size(json_object_get(list, "Resources")), 12);
}

static void a_group_without_end_is_not_shown(void **state)
{
	const char *group = make_group("Agents");
	struct data_member member = {.kind = RESOURCE_USER};
	struct store_txn *t;
	struct id id;

	(void)state;
	assert_true(id_read(group, &id));
	assert_done(store_begin_write(server->store, &t, &err), err);
	for (uint32_t i = 0; i <= SCIM_MEMBERS_OF_ONE; i++) {
		memcpy(member.id.bytes, &i, sizeof(i));
		assert_int_equal(data_member_add(t, &id, &member, &err), 1);
	}
	assert_done(store_commit(t, &err), err);
	ask(SCIM_GET, arena_printf(a, "/Groups/%s", group), NULL);
	refused(413, "tooMany");
	ask(SCIM_GET, arena_printf(a, "/Groups/%s?excludedAttributes=members", group), NULL);
	assert_int_equal(reply.status, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_body_of_small_values_is_refused_before_it_is_read), T(what_is_in_quotes_is_no_value), T(a_body_of_members_is_read),
		T(a_value_is_not_copied_without_end), T(operations_do_not_make_an_object_of_thousands_of_names),
		T(a_page_of_large_records_ends_early), T(a_group_without_end_is_not_shown),
	};
	int rc;

	json_set_alloc_funcs(count_malloc, count_free);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	forget_answers();
	return rc;
}
