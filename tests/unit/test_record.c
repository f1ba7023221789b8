/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "ldap/record.h"

static struct slice sample(struct arena *a)
{
	static const struct slice mails[] = {{"anna@example.org", 16}, {"a@example.org", 13}};
	static const struct slice photo[] = {{"\0\1\2", 3}, {"", 0}};
	static const struct mirror_attribute attributes[] = {{"mail", mails, 2}, {"photo", photo, 2}};
	const struct record r = {.kind = MIRROR_PEOPLE, .disabled = true, .uuid = "0123456789abcdef", .dn = "cn=Anna,dc=x",
		.dn_key = "cn=anna,dc=x", .name = "anna@example.org", .attributes = attributes, .attribute_count = 2};

	return record_write(a, &r);
}

static void reads_back_what_it_wrote(void **state)
{
	struct arena *a = arena_new();
	struct record r;
	struct error err;

	(void)state;
	assert_done(record_read(a, sample(a), &r, &err), err);
	assert_int_equal(r.kind, MIRROR_PEOPLE);
	assert_true(r.disabled);
	assert_memory_equal(r.uuid, "0123456789abcdef", UUID_SIZE);
	assert_string_equal(r.dn, "cn=Anna,dc=x");
	assert_string_equal(r.dn_key, "cn=anna,dc=x");
	assert_string_equal(r.name, "anna@example.org");
	assert_int_equal(r.attribute_count, 2);
	assert_slice_is(record_attribute(&r, "mail")->values[1], "a@example.org");
	assert_memory_equal(record_attribute(&r, "photo")->values[0].p, "\0\1\2", 3);
	assert_int_equal(record_attribute(&r, "photo")->values[1].n, 0);
	assert_null(record_attribute(&r, "Mail"));
	arena_free(a);
}

static void reads_a_record_without_a_name(void **state)
{
	struct arena *a = arena_new();
	const struct record in = {.kind = MIRROR_GROUPS, .dn = "cn=g", .dn_key = "cn=g"};
	struct record r;
	struct error err;

	(void)state;
	assert_done(record_read_head(record_write(a, &in), &r, &err), err);
	assert_int_equal(r.kind, MIRROR_GROUPS);
	assert_false(r.disabled);
	assert_null(r.name);
	arena_free(a);
}

/* Each prefix lies in memory of exactly its size, so that reading beyond it is caught by the sanitizer. */
static void refuses_every_shortened_record(void **state)
{
	struct arena *a = arena_new();
	struct slice whole = sample(a);

	(void)state;
	for (size_t n = 0; n < whole.n; n++) {
		char *copy = malloc(n + 1);
		struct record r;
		struct error err;

		assert_non_null(copy);
		memcpy(copy, whole.p, n);
		copy = realloc(copy, n ? n : 1);
		assert_non_null(copy);
		assert_refused(record_read(a, slice_of(copy, n), &r, &err), err, REASON_STORE);
		free(copy);
	}
	arena_free(a);
}

static void never_reads_beyond_a_record_with_any_byte_changed(void **state)
{
	struct arena *a = arena_new();
	struct slice whole = sample(a);
	char *copy = malloc(whole.n);
	int refused = 0;

	(void)state;
	assert_non_null(copy);
	for (size_t i = 0; i < whole.n; i++) {
		struct record r;
		struct error err = {0};

		memcpy(copy, whole.p, whole.n);
		copy[i] = (char)0xff;
		if (record_read(a, slice_of(copy, whole.n), &r, &err) < 0) {
			assert_int_equal(err.reason, REASON_STORE);
			refused++;
		}
	}
	/* at least: format, kind, and every byte of the 12 numbers */
	assert_true(refused > 40);
	free(copy);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_back_what_it_wrote),
		cmocka_unit_test(reads_a_record_without_a_name),
		cmocka_unit_test(refuses_every_shortened_record),
		cmocka_unit_test(never_reads_beyond_a_record_with_any_byte_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
