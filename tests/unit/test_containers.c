/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "ldap/feed.h"

static const char *bases_of(const struct containers *c, struct arena *a)
{
	const char *all = "";

	for (size_t i = 0; i < c->n; i++)
		all = arena_printf(a, "%s%s;", all, c->branches[i].base);
	return all;
}

static void assert_bases(const char *people, const char *groups, const char *rules, const char *followed)
{
	const struct directory_options d = {.people_base = people, .groups_base = groups, .rules_base = rules};
	struct containers *c = containers_new(&d);
	struct arena *a = arena_new();

	assert_string_equal(bases_of(c, a), followed);
	arena_free(a);
	containers_free(c);
}

static void bases_within_one_another_are_followed_once(void **state)
{
	(void)state;
	assert_bases("ou=p,dc=x", "ou=g,dc=x", NULL, "ou=p,dc=x;ou=g,dc=x;");
	assert_bases("ou=p,dc=x", "ou=g,dc=x", "ou=r,dc=x", "ou=p,dc=x;ou=g,dc=x;ou=r,dc=x;");
	assert_bases("dc=x", "ou=g,dc=x", "ou=r,dc=x", "dc=x;");
	assert_bases("ou=p,DC=X", "dc=x", NULL, "dc=x;");
	assert_bases("dc=x", "DC=X", "dc = x", "dc=x;");
	assert_bases("ou=a,dc=x", "ou=aou=a,dc=x", NULL, "ou=a,dc=x;ou=aou=a,dc=x;");
	assert_bases("dc=xx", "dc=x", NULL, "dc=xx;dc=x;");
}

/* ---- one branch ---- */

static bool comes(struct branch *b, int number, const char *dn, const char *has_children)
{
	const struct slice value = {has_children, has_children ? strlen(has_children) : 0};
	const struct mirror_attribute attribute = {"hassubordinates", &value, 1};
	struct sync_event e = {.what = SYNC_ENTRY, .entry = {.dn = dn, .attributes = &attribute, .attribute_count = has_children ? 1 : 0}};

	memcpy(e.entry.uuid, &number, sizeof(number));
	return branch_event(b, &e);
}

static bool goes(struct branch *b, int number)
{
	unsigned char uuid[1][UUID_SIZE] = {{0}};
	const struct sync_event e = {.what = SYNC_GONE, .uuids = (const unsigned char (*)[UUID_SIZE])uuid, .uuid_count = 1};

	memcpy(uuid[0], &number, sizeof(number));
	return branch_event(b, &e);
}

static bool is_read(struct branch *b, bool whole)
{
	const struct sync_event e = {.what = SYNC_PRESENT_PHASE_OVER, .refresh_done = whole};

	return branch_event(b, &e);
}

/* 1 to 3 are known. */
static void read_once(struct branch *b)
{
	*b = (struct branch){.base = "dc=x"};
	branch_begin(b);
	for (int i = 1; i <= 3; i++)
		assert_false(comes(b, i, "ou=a,dc=x", "TRUE"));
	assert_false(is_read(b, false));
	assert_false(b->is_known);
	assert_false(is_read(b, true));
	assert_true(b->is_known);
	assert_int_equal(b->known.n, 3);
}

static void news_of_units(void **state)
{
	struct branch b;

	(void)state;
	read_once(&b);
	assert_false(comes(&b, 1, "ou=a,dc=x", "TRUE"));
	assert_true(comes(&b, 1, "ou=b,dc=x", "TRUE"));
	assert_false(comes(&b, 1, "ou=b,dc=x", "TRUE"));
	assert_true(comes(&b, 2, "ou=b,dc=x", "FALSE"));        /* what was in it may have been moved before */
	assert_false(comes(&b, 4, "ou=c,dc=x", "FALSE"));
	assert_true(comes(&b, 4, "ou=d,dc=x", "FALSE"));
	assert_true(comes(&b, 5, "ou=c,dc=x", "TRUE"));
	assert_true(comes(&b, 6, "ou=c,dc=x", NULL));           /* not told: it may have */
	assert_true(goes(&b, 6));
	assert_false(goes(&b, 6));
	assert_false(is_read(&b, true));                        /* nothing was being read */
	assert_int_equal(b.known.n, 5);
	branch_forget(&b);
	assert_int_equal(b.known.bytes, 0);
}

static void the_next_connection_compares(void **state)
{
	struct branch b;

	(void)state;
	read_once(&b);
	branch_begin(&b);
	assert_false(comes(&b, 1, "ou=a,dc=x", "TRUE"));
	assert_false(comes(&b, 1, "ou=a,dc=x", "TRUE"));        /* twice is not two */
	assert_false(comes(&b, 2, "ou=a,dc=x", "TRUE"));
	assert_true(is_read(&b, true));                         /* 3 is gone */
	branch_begin(&b);
	assert_true(comes(&b, 1, "ou=b,dc=x", "TRUE"));
	branch_drop(&b);                                        /* the connection was lost: known is what was read whole */
	branch_begin(&b);
	assert_true(comes(&b, 1, "ou=b,dc=x", "TRUE"));
	assert_false(comes(&b, 2, "ou=a,dc=x", "TRUE"));
	assert_true(comes(&b, 4, "ou=a,dc=x", "TRUE"));
	assert_false(is_read(&b, true));
	branch_begin(&b);
	assert_false(comes(&b, 1, "ou=b,dc=x", "TRUE"));
	assert_false(comes(&b, 2, "ou=a,dc=x", "TRUE"));
	assert_false(comes(&b, 4, "ou=a,dc=x", "TRUE"));
	assert_true(goes(&b, 2));
	assert_false(goes(&b, 9));
	assert_true(is_read(&b, true));
	assert_int_equal(b.known.n, 2);
	branch_forget(&b);
}

static void memory_is_bounded(void **state)
{
	struct arena *a = arena_new();
	struct branch b = {.base = "dc=x"};
	const char *long_dn = arena_printf(a, "ou=%01000d,dc=x", 0);
	int n = 0;

	(void)state;
	branch_begin(&b);
	for (n = 0; n < 100000 && !branch_is_full(&b); n++)
		comes(&b, n, long_dn, "TRUE");
	assert_in_range(n, CONTAINERS_MOST / 1200, CONTAINERS_MOST / 1000);
	is_read(&b, true);
	assert_true(branch_is_full(&b));
	for (int i = 0; i < n; i += 2)
		assert_true(goes(&b, i));
	assert_false(branch_is_full(&b));
	branch_forget(&b);
	assert_int_equal(b.known.bytes, 0);
	assert_false(b.is_known);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bases_within_one_another_are_followed_once),
		cmocka_unit_test(news_of_units),
		cmocka_unit_test(the_next_connection_compares),
		cmocka_unit_test(memory_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
