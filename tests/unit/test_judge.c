/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Conditions against facts: what holds, and the words for why. */
#include "tests/unit/judge_stage.h"

static void compares_attributes(void **state)
{
	static const struct row rows[] = {
		{"department = Sales", TRUTH_YES, "department is \"Sales\""},
		{"Department = SALES", TRUTH_YES, "Department is \"Sales\""},
		{"department = Sale", TRUTH_NO, "department is \"Sales\""},
		{"department = Saless", TRUTH_NO, "department is \"Sales\""},
		{"department != Marketing", TRUTH_YES, "department is \"Sales\""},
		{"department != sales", TRUTH_NO, "department is \"Sales\""},
		{"title = x", TRUTH_YES, "title has the value \"x\""},
		{"title != x", TRUTH_NO, "title has the value \"x\""},
		{"title = z", TRUTH_NO, "title is \"Engineer\", \"Teamleiterin Köln\", \"100% *\" and 2 more"},
		{"title in (z, 'teamleiterin Köln')", TRUTH_YES, "title has the value \"Teamleiterin Köln\""},
		{"title in (z)", TRUTH_NO, "title is \"Engineer\", \"Teamleiterin Köln\", \"100% *\" and 2 more"},
		{"title present", TRUTH_YES, "title has the value \"Engineer\""},
		{"odd = a", TRUTH_NO, "odd is \"a\\x00b\\x0a\"\""},
		{"attribute department like 's*'", TRUTH_YES, "department is \"Sales\""},
	};

	(void)state;
	JUDGES(rows, &person);
}

static void an_attribute_without_a_value_fits_no_comparison(void **state)
{
	static const struct row rows[] = {
		{"phone = 1", TRUTH_NO, "phone has no value"},
		{"phone != 1", TRUTH_NO, "phone has no value"},
		{"phone like *", TRUTH_NO, "phone has no value"},
		{"phone in (1, 2)", TRUTH_NO, "phone has no value"},
		{"phone present", TRUTH_NO, "phone has no value"},
		{"emptied != 1", TRUTH_NO, "emptied has no value"},
		{"claim phone != 1", TRUTH_NO, "phone has no value"},
	};
	struct evaluation e;

	(void)state;
	JUDGES(rows, &person);
	assert_int_equal(judge("not phone = 1", &person, &e, TRACE_NO), TRUTH_YES);
	assert_int_equal(judge("mail != x", &nobody, &e, TRACE_NO), TRUTH_NO);
}

static void patterns(void **state)
{
	static const struct {
		const char *pattern, *value;
		bool fits;
	} table[] = {
		{"*", "", true},
		{"", "", true},
		{"", "a", false},
		{"?", "", false},
		{"?", "ü", true},
		{"??", "ü", false},
		{"a*", "A", true},
		{"*@example.org", "ada@Example.ORG", true},
		{"*@example.org", "ada@example.org.evil", false},
		{"*@example.org", "ada@xexample.org", false},
		{"*a*b*", "xxaxxbxx", true},
		{"*a*b*", "xxbxxaxx", false},
		{"a*b*c", "abbbc", true},
		{"a**c", "ac", true},
		{"*ab", "aab", true},
		{"*aab", "aaaab", true},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"\\*", "*", true},
		{"\\*", "x", false},
		{"\\?x", "?x", true},
		{"a\\\\b", "a\\b", true},
		{"a\\", "a\\", true},
		{"*ü", "aü", true},
		{"ä*", "äx", true},
		{"100\\% \\*", "100% *", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (pattern_fits(table[i].pattern, slice_c(table[i].value), VALUE_NOCASE) != table[i].fits)
			fail_msg("`%s` and `%s`", table[i].pattern, table[i].value);
	assert_false(pattern_fits("A*", slice_c("abc"), VALUE_CASE));
	assert_false(value_is("a", slice_of("a\0", 2), VALUE_CASE));
	assert_true(pattern_fits("a*", slice_of("a\0b", 3), VALUE_CASE));
	assert_false(pattern_fits("a", slice_of("a\0b", 3), VALUE_CASE));
}

static void mail_is_the_one_address(void **state)
{
	static const struct row rows[] = {
		{"mail = ada@EXAMPLE.org", TRUTH_YES, "mail is \"Ada@example.org\""},
		{"mail like '*@example.org'", TRUTH_YES, "mail is \"Ada@example.org\""},
		{"MAIL = bob@example.org", TRUTH_NO, "mail is \"Ada@example.org\""},
		{"attribute mail present", TRUTH_NO, "mail has no value"},
	};

	(void)state;
	JUDGES(rows, &person);
}

static void members_directly_and_through_others(void **state)
{
	static const struct row rows[] = {
		{"member of corp:team", TRUTH_YES, "directly in corp:team"},
		{"member of corp:leads", TRUTH_YES, "through corp:team, which is in corp:leads"},
		{"member of corp:agents", TRUTH_YES, "through corp:team, which is in corp:leads, which is in corp:agents"},
		{"member of 'CN=Agents, dc=y'", TRUTH_YES,
			"through corp:team, which is in corp:leads, which is in corp:agents"},
		{"member of 'lab:cn=agents,dc=y'", TRUTH_YES, "directly in cn=agents,dc=y"},
		{"member of 'corp:all staff'", TRUTH_YES, "directly in corp:All Staff"},
		{"member of lab:agents", TRUTH_NO, "not a member, directly or through others (groups of the person: 6)"},
		{"member of corp:agent", TRUTH_NO, "not a member, directly or through others (groups of the person: 6)"},
		{"member of 'cn=agents,dc=yy'", TRUTH_NO, "not a member, directly or through others (groups of the person: 6)"},
		{"member of 'lab:cn=team,dc=y'", TRUTH_NO,
			"not a member, directly or through others (groups of the person: 6)"},
	};

	(void)state;
	JUDGES(rows, &person);
}

/* Never handed over by a mirror that keeps its word; a walk must end all the same. */
static void a_way_that_goes_in_circles_ends(void **state)
{
	static const struct fact_group circle[] = {
		{"corp", "cn=a,dc=y", "cn=a,dc=y", "a", 1, false},
		{"corp", "cn=b,dc=y", "cn=b,dc=y", "b", 0, false},
	};
	static const struct facts facts = {.directory = "corp", .groups = circle, .group_count = 2};
	struct evaluation e;

	(void)state;
	assert_int_equal(judge("member of corp:b", &facts, &e, TRACE_YES), TRUTH_YES);
	assert_string_equal(e.steps[0].why, "through corp:a, which is in corp:b");
	assert_int_equal(e.group_count, 2);
}

/* A second group of the same cn, made by whoever may make groups, must open nothing and close nothing. */
static void a_cn_that_several_groups_share_is_not_sure(void **state)
{
	static const struct row rows[] = {
		{"member of corp:shared", TRUTH_UNSURE,
			"several groups of corp are called shared: name the one you mean by its DN"},
		{"member of 'cn=shared,ou=a,dc=y'", TRUTH_YES, "directly in corp:shared"},
	};
	struct evaluation e;

	(void)state;
	JUDGES(rows, &person);
	assert_int_equal(judge("not member of corp:shared", &person, &e, TRACE_NO), TRUTH_UNSURE);
}

static void the_place_of_the_entry(void **state)
{
	static const struct row rows[] = {
		{"directory is corp", TRUTH_YES, "directory is corp"},
		{"directory is lab", TRUTH_NO, "directory is corp"},
		{"dn under 'ou=people,dc=y'", TRUTH_YES, "the entry is uid=ada,ou=People,dc=y"},
		{"dn under 'uid=ada,ou=people,dc=y'", TRUTH_YES, "the entry is uid=ada,ou=People,dc=y"},
		{"dn under 'u=people,dc=y'", TRUTH_NO, "the entry is uid=ada,ou=People,dc=y"},
		{"dn under 'ou=groups,dc=y'", TRUTH_NO, "the entry is uid=ada,ou=People,dc=y"},
		{"dn under 'cn=x,uid=ada,ou=people,dc=y'", TRUTH_NO, "the entry is uid=ada,ou=People,dc=y"},
	};
	static const struct facts sly = {.directory = "corp", .dn_key = "cn=a\\,ou=people,dc=y"};
	static const struct facts plain = {.directory = "corp", .dn_key = "cn=a\\\\,ou=people,dc=y"};
	struct evaluation e;

	(void)state;
	JUDGES(rows, &person);
	assert_int_equal(judge("dn under 'ou=people,dc=y'", &sly, &e, TRACE_NO), TRUTH_NO);
	assert_int_equal(judge("dn under 'ou=people,dc=y'", &plain, &e, TRACE_NO), TRUTH_YES);
	assert_int_equal(judge("not dn under 'dc=y'", &nobody, &e, TRACE_NO), TRUTH_UNSURE);
	assert_int_equal(judge("not directory is corp", &nobody, &e, TRACE_NO), TRUTH_UNSURE);
}

static void facts_of_the_sign_on(void **state)
{
	static const struct row rows[] = {
		{"mfa", TRUTH_YES, "more than one factor was used"},
		{"guest", TRUTH_NO, "not a guest in the tenant"},
		{"door is helpdesk", TRUTH_YES, "the door is helpdesk (portal)"},
		{"door is portal", TRUTH_NO, "the door is helpdesk (portal)"},
		{"door kind is portal", TRUTH_YES, "the door is helpdesk (portal)"},
		{"door kind is managed", TRUTH_NO, "the door is helpdesk (portal)"},
		{"client in 192.0.2.0/24, 10.0.0.0/8", TRUTH_YES, "the browser's address is 10.1.2.3"},
		{"client in 192.0.2.0/24", TRUTH_NO, "the browser's address is 10.1.2.3"},
		{"claim http://x/role = admin", TRUTH_YES, "http://x/role has the value \"admin\""},
		{"claim http://x/role = Admin", TRUTH_NO, "http://x/role is \"admin\", \"Reader\""},
		{"claim http://X/role = admin", TRUTH_NO, "http://X/role has no value"},
		{"claim http://x/role like Read*", TRUTH_YES, "http://x/role has the value \"Reader\""},
		{"claim http://x/role like read*", TRUTH_NO, "http://x/role is \"admin\", \"Reader\""},
	};
	static const struct row without[] = {
		{"mfa", TRUTH_NO, "the identity provider does not say that more than one factor was used"},
		{"door is portal", TRUTH_NO, "there is no door"},
		{"door kind is portal", TRUTH_NO, "there is no door"},
		{"client in 0.0.0.0/0, ::/0", TRUTH_UNSURE, "the browser's address is not known"},
	};
	struct evaluation e;

	(void)state;
	JUDGES(rows, &person);
	JUDGES(without, &nobody);
	assert_int_equal(judge("not client in 10.0.0.0/8", &nobody, &e, TRACE_NO), TRUTH_UNSURE);
}

#define PASSWORD "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password"
#define X509 "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/x509"

static void knows_how_somebody_signed_on(void **state)
{
	static const char *const methods[] = {X509, "urn:fido", NULL};
	static const struct facts by_certificate = {.methods = methods};
	static const struct row rows[] = {
		{"method is x509", TRUTH_YES, "signed on by " X509},
		{"method is X509", TRUTH_YES, "signed on by " X509},
		{"method is 'urn:fido'", TRUTH_YES, "signed on by urn:fido"},
		{"method is 'urn:Fido'", TRUTH_NO, "signed on by " X509 ", urn:fido"},
		{"method is password", TRUTH_NO, "signed on by " X509 ", urn:fido"},
		{"method is mfa", TRUTH_NO, "the identity provider does not say that more than one factor was used"},
	};
	static const struct row with_mfa[] = {
		{"method is mfa", TRUTH_YES, "more than one factor was used"},
		{"method is x509", TRUTH_UNSURE, "the identity provider does not say how the person signed on"},
	};
	struct evaluation e;

	(void)state;
	JUDGES(rows, &by_certificate);
	JUDGES(with_mfa, &person);
	assert_int_equal(judge("not method is password", &by_certificate, &e, TRACE_NO), TRUTH_YES);
	assert_int_equal(judge("not method is password", &nobody, &e, TRACE_NO), TRUTH_UNSURE);
}

/*
 * Above 150 groups Entra sends none: what is not there must not be taken for
 * what is not so.  Administrators give the claim of groups any name they like.
 */
static void a_claim_that_may_have_been_left_out_is_not_sure(void **state)
{
	static const struct row rows[] = {
		{"claim http://x/groups = 1", TRUTH_UNSURE, "the identity provider left a claim out that would hold too much: http://x/groups perhaps"},
		{"claim http://x/groups present", TRUTH_UNSURE, "the identity provider left a claim out that would hold too much: http://x/groups perhaps"},
		{"claim http://x/role = admin", TRUTH_YES, "http://x/role has the value \"admin\""},
		{"claim memberOf = contractors", TRUTH_UNSURE, "the identity provider left a claim out that would hold too much: memberOf perhaps"},
	};
	struct facts facts = person;
	struct evaluation e;

	(void)state;
	facts.claims_left_out = true;
	JUDGES(rows, &facts);
	assert_int_equal(judge("not claim http://x/groups = 1", &facts, &e, TRACE_NO), TRUTH_UNSURE);
	assert_int_equal(judge("not claim memberOf = contractors", &facts, &e, TRACE_NO), TRUTH_UNSURE);
	assert_int_equal(judge("not claim http://x/groups = 1", &person, &e, TRACE_NO), TRUTH_YES);
}

/* Membership is the mirror's word alone. */
static void a_groups_claim_is_no_membership(void **state)
{
	static const struct slice names[] = {V("agents"), V("corp:agents"), V("cn=agents,dc=y")};
	static const struct fact_attribute claim[] = {{"http://schemas.microsoft.com/ws/2008/06/identity/claims/groups", names, 3}};
	static const struct facts facts = {.directory = "corp", .claims = claim, .claim_count = 1};
	static const struct row rows[] = {
		{"member of corp:agents", TRUTH_NO, "not a member, directly or through others (groups of the person: 0)"},
		{"member of 'cn=agents,dc=y'", TRUTH_NO, "not a member, directly or through others (groups of the person: 0)"},
		{"claim 'http://schemas.microsoft.com/ws/2008/06/identity/claims/groups' = agents", TRUTH_YES,
			"http://schemas.microsoft.com/ws/2008/06/identity/claims/groups has the value \"agents\""},
	};

	(void)state;
	JUDGES(rows, &facts);
}

static void not_binds_before_and_and_before_or(void **state)
{
	static const struct {
		const char *text;
		enum truth truth;
	} table[] = {
		{"mfa or mfa and guest", TRUTH_YES},
		{"(mfa or mfa) and guest", TRUTH_NO},
		{"guest and guest or mfa", TRUTH_YES},
		{"not guest or mfa and guest", TRUTH_YES},
		{"not (guest or mfa)", TRUTH_NO},
		{"not mfa and guest", TRUTH_NO},
		{"not (mfa and guest)", TRUTH_YES},
		{"not not mfa", TRUTH_YES},
		{"member of corp:shared or mfa", TRUTH_YES},
		{"member of corp:shared or guest", TRUTH_UNSURE},
		{"member of corp:shared and mfa", TRUTH_UNSURE},
		{"member of corp:shared and guest", TRUTH_NO},
	};
	struct evaluation e;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (judge(table[i].text, &person, &e, TRACE_NO) != table[i].truth)
			fail_msg("%s", table[i].text);
}

static void a_condition_that_is_missing_is_not_sure(void **state)
{
	struct condition nothing = {0};
	struct evaluation e;

	(void)state;
	evaluation_begin(&e, a, &person, TRACE_YES);
	assert_int_equal(condition_evaluate(&e, NULL), TRUTH_UNSURE);
	assert_int_equal(condition_evaluate(&e, &nothing), TRUTH_UNSURE);
}

static void a_trace_shows_every_test_with_its_depth(void **state)
{
	static const struct {
		const char *text;
		bool matched;
		int depth;
	} wanted[] = {
		{"at least one of", true, 0},
		{"mfa", true, 1},
		{"all of", false, 1},
		{"guest", false, 2},
		{"not", false, 2},
		{"member of corp:team", true, 3},
	};
	struct evaluation e;

	(void)state;
	assert_int_equal(judge("mfa or guest and not member of corp:team", &person, &e, TRACE_YES), TRUTH_YES);
	assert_int_equal(e.step_count, sizeof(wanted) / sizeof(wanted[0]));
	for (size_t i = 0; i < e.step_count; i++) {
		assert_string_equal(e.steps[i].text, wanted[i].text);
		assert_int_equal(e.steps[i].matched, wanted[i].matched);
		assert_int_equal(e.steps[i].depth, wanted[i].depth);
		assert_non_null(e.steps[i].why);
	}
	assert_int_equal(judge("mfa", &person, &e, TRACE_NO), TRUTH_YES);
	assert_int_equal(e.step_count, 0);
}

static void long_values_are_shown_shortened(void **state)
{
	struct slice value;
	struct fact_attribute attribute = {"a", &value, 1};
	struct facts facts = {.attributes = &attribute, .attribute_count = 1};
	struct evaluation e;
	char text[81 * 2];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i += 2)
		memcpy(text + i, "ü", 2);
	memmove(text + 1, text, sizeof(text) - 1);
	text[0] = 'x';
	value = slice_of(text, sizeof(text) - 1);
	judge("a = b", &facts, &e, TRACE_YES);
	assert_true(slice_begins(slice_c(e.steps[0].why), "a is \"xü"));
	assert_string_equal(e.steps[0].why + strlen(e.steps[0].why) - strlen("ü…\""), "ü…\"");
	assert_int_equal(strlen(e.steps[0].why), strlen("a is \"") + 79 + strlen("…\""));
}

/* ---- random conditions: written as text here, judged by both ---- */

static uint32_t seed = 20261124;

static uint32_t next_random(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static enum truth random_condition(struct text *t, int depth)
{
	static const struct {
		const char *text;
		enum truth truth;
	} leaves[] = {
		{"mfa", TRUTH_YES},
		{"guest", TRUTH_NO},
		{"member of corp:shared", TRUTH_UNSURE},
		{"department in ('x', Sales)", TRUTH_YES},
		{"title = \"no \"\"such\"\"\"", TRUTH_NO},
	};
	uint32_t kind = depth > 5 ? 9 : next_random(10), n = 2 + next_random(3), leaf;
	enum truth all, part;

	if (kind >= 6) {
		leaf = next_random(5);
		text_add_c(t, leaves[leaf].text);
		return leaves[leaf].truth;
	}
	if (kind >= 4) {
		text_add_c(t, "not (");
		part = random_condition(t, depth + 1);
		text_add_c(t, ")");
		return (enum truth)(TRUTH_YES - part);
	}
	all = kind < 2 ? TRUTH_YES : TRUTH_NO;
	for (uint32_t i = 0; i < n; i++) {
		text_add_c(t, i == 0 ? "(" : kind < 2 ? ") and (" : ") OR (");
		part = random_condition(t, depth + 1);
		if (kind < 2 ? part < all : part > all)
			all = part;
	}
	text_add_c(t, ")");
	return all;
}

static void random_conditions_are_judged_the_same_with_and_without_a_trace(void **state)
{
	struct evaluation traced, quick;
	enum truth expected;
	struct text t;
	int judged = 0;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		text_begin(&t, a, 256);
		expected = random_condition(&t, 0);
		if (t.n > 4000)
			continue;
		judged++;
		if (judge(t.p, &person, &traced, TRACE_YES) != expected || judge(t.p, &person, &quick, TRACE_NO) != expected)
			fail_msg("%s", t.p);
		assert_int_equal(traced.group_count, quick.group_count);
		assert_int_equal(traced.steps[0].matched, expected == TRUTH_YES);
	}
	assert_true(judged > 2000);
}

#define TEST_OF(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_OF(compares_attributes),
		TEST_OF(an_attribute_without_a_value_fits_no_comparison),
		TEST_OF(patterns),
		TEST_OF(mail_is_the_one_address),
		TEST_OF(members_directly_and_through_others),
		TEST_OF(a_way_that_goes_in_circles_ends),
		TEST_OF(a_cn_that_several_groups_share_is_not_sure),
		TEST_OF(the_place_of_the_entry),
		TEST_OF(facts_of_the_sign_on),
		TEST_OF(knows_how_somebody_signed_on),
		TEST_OF(a_claim_that_may_have_been_left_out_is_not_sure),
		TEST_OF(a_groups_claim_is_no_membership),
		TEST_OF(not_binds_before_and_and_before_or),
		TEST_OF(a_condition_that_is_missing_is_not_sure),
		TEST_OF(a_trace_shows_every_test_with_its_depth),
		TEST_OF(long_values_are_shown_shortened),
		TEST_OF(random_conditions_are_judged_the_same_with_and_without_a_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
