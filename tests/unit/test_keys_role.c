/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a keys role signs, and what it never does, whoever asks. */
#include "tests/unit/keys_role_stage.h"

/* ---- what an honest worker asks ---- */

static void writes_the_assertion_itself(void **state)
{
	struct keeper_assertion what = honest();
	struct saml_issued issued = {0};

	(void)state;
	assert_done(ask_for(&what, &issued), err);
	assert_int_equal(strlen(issued.assertion_id), 33);
	assert_non_null(memmem(issued.xml.p, issued.xml.n, issued.assertion_id, 33));
	assert_non_null(memmem(issued.xml.p, issued.xml.n, "<ds:SignatureValue>", 19));
	assert_non_null(strstr(issued.xml.p, "<saml:Audience>https://auth.example/saml/1</saml:Audience>"));
	assert_non_null(strstr(issued.xml.p, "Recipient=\"https://auth.example/acs?x=1&amp;y=2\""));
	assert_non_null(strstr(issued.xml.p, ">anna@example.org</saml:NameID>"));
	assert_non_null(strstr(issued.xml.p, ">jira-people</saml:AttributeValue>"));
	assert_non_null(issued.base64);
}

/* A log on a full disk. */
static int to_full_disk(void)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC), before = dup(STDERR_FILENO);

	assert_true(full >= 0 && before >= 0 && dup2(full, STDERR_FILENO) >= 0);
	close(full);
	return before;
}

static void back_from_full_disk(int before)
{
	assert_true(dup2(before, STDERR_FILENO) >= 0);
	close(before);
}

static int assertion_unlogged(struct saml_issued *out)
{
	const struct keeper *keeper = vault_keeper(vault);
	struct keeper_assertion what = honest();
	int before = to_full_disk(), rc = keeper->assertion(keeper->context, a, &what, out, &err);

	back_from_full_disk(before);
	return rc;
}

static int refusal_unlogged(struct saml_issued *out)
{
	const struct keeper *keeper = vault_keeper(vault);
	const struct keeper_rejection no = {HELPDESK, "_asked", SAML_NO_PASSIVE, "denied-by-rule: no"};
	int before = to_full_disk(), rc = keeper->rejection(keeper->context, a, &no, out, &err);

	back_from_full_disk(before);
	return rc;
}

static void gives_no_signature_that_is_not_in_the_log(void **state)
{
	struct keeper_assertion what = honest();
	struct saml_issued issued = {0};
	int before;

	(void)state;
	assert_refused(assertion_unlogged(&issued), err, REASON_AUDIT);
	assert_refused(refusal_unlogged(&issued), err, REASON_AUDIT);
	kill(role_pid, SIGKILL);
	end_of_role();
	before = to_full_disk();
	start_role();
	back_from_full_disk(before);
	assert_refused(ask_for(&what, &issued), err, REASON_AUDIT);
	assert_null(issued.xml.p);
}

static void goes_on_without_a_log_where_the_settings_say_so(void **state)
{
	struct saml_issued issued = {0};

	(void)state;
	((struct settings *)settings)->audit_failure = AUDIT_CONTINUE;
	assert_done(assertion_unlogged(&issued), err);
	assert_non_null(issued.xml.p);
}

static void signs_a_refusal(void **state)
{
	const struct keeper *keeper = keys_link_keeper(link_to_it);
	struct keeper_rejection what = {HELPDESK, "_asked", SAML_NO_PASSIVE, "denied-by-rule: no"};
	struct saml_issued issued = {0};

	(void)state;
	assert_done(keeper->rejection(keeper->context, a, &what, &issued, &err), err);
	assert_null(issued.assertion_id);
	assert_non_null(strstr(issued.xml.p, "NoPassive"));
	assert_non_null(strstr(issued.xml.p, "https://help.example/acs"));
	what.door = 2;
	assert_refused(keeper->rejection(keeper->context, a, &what, &issued, &err), err, REASON_KEYS_REFUSED);
}

/* A person in thousands of groups; and what even a packet of ours cannot hold. */
static void signs_a_large_assertion_and_refuses_a_huge_one(void **state)
{
	struct keeper_assertion what = honest();
	struct saml_issued issued = {0};
	const char *many[9001] = {NULL};
	struct saml_attribute groups = {"groups", many, 1500};

	(void)state;
	for (size_t i = 0; i < 9000; i++)
		many[i] = "jira-a-group-of-a-company-with-many-groups";
	what.attributes = &groups;
	what.attribute_count = 1;
	assert_done(ask_for(&what, &issued), err);
	assert_true(issued.xml.n > 130000);
	groups.n = 5000;        /* the question fits, the answer does not */
	assert_refused(ask_for(&what, &issued), err, REASON_UNSENDABLE);
	groups.n = 9000;
	assert_refused(ask_for(&what, &issued), err, REASON_UNSENDABLE);
	what = honest();
	assert_done(ask_for(&what, &issued), err);
}

/* ---- what a worker that was taken over may ask ---- */

static const char *const administrators[] = {"site-admins", NULL}, *const other_groups[] = {"finance", NULL},
	*const silver[] = {"silver", NULL}, *const default_groups[] = {"Jira-Software-Users-example", NULL},
	*const other_groups_dn[] = {"cn=fin\\2cance+ou=a,ou=site-admins,dc=example,dc=org", NULL};

/* Whatever a receiver undoes, and whichever of several values it takes. */
static const char *administrators_dns[] = {
	"cn=site-admins,ou=groups,dc=example,dc=org", "cn=\\73ite\\2dadmins,ou=groups,dc=example,dc=org", "cn=#0c0b736974652d61646d696e73,dc=org",
	"cn=site-admins+a=x,dc=org", "CN=Site-Admins+ou=x,dc=org", "a=x+cn=site-admins,dc=org", "a=x+cn=#0c0b736974652d61646d696e73,dc=org",
	"cn=\\09site-admins,dc=org", "cn=site-admins\\0a,dc=org", "displayName=\\20site-admins,dc=org", "cn=site-admins\\00,dc=org",
	"cn=x\\00site-admins,dc=org", "cn=\\e2\\80\\8bsite-admins,dc=org", "cn=\"site-admins\",dc=org", "1.2.3=site-admins,dc=org",
};

static const struct {
	const char *what;
	size_t door;
	const char *name_id;
	struct saml_attribute attribute;
	int64_t later;
} hostile[] = {
	{"another connection", 2, "anna@example.org", {"where", berlin, 1}, 0},
	{"one far away", SIZE_MAX, "anna@example.org", {"where", berlin, 1}, 0},
	{"nobody", ORGANISATION, NULL, {"where", berlin, 1}, 0},
	{"an empty name", ORGANISATION, "", {"where", berlin, 1}, 0},
	{"a name with markup", ORGANISATION, "anna@example.org<!-- -->.evil.example", {"where", berlin, 1}, 0},
	{"a name of another domain", ORGANISATION, "boss@elsewhere.example", {"where", berlin, 1}, 0},
	{"a name of a claimed domain at a portal", HELPDESK, "anna@example.org", {"email", gold, 0}, 0},
	{"an attribute that it is not told", ORGANISATION, "anna@example.org", {"role", gold, 1}, 0},
	{"another value than that of the settings", ORGANISATION, "anna@example.org", {"tier", silver, 1}, 0},
	{"groups that it is not told", ORGANISATION, "anna@example.org", {"groups", other_groups, 1}, 0},
	{"a sign-on of tomorrow", ORGANISATION, "anna@example.org", {"where", berlin, 1}, 86400},
};

static void signs_nothing_beyond_the_settings(void **state)
{
	struct saml_issued issued = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
		struct keeper_assertion what = honest();

		what.door = hostile[i].door;
		what.name_id = hostile[i].name_id;
		what.attributes = &hostile[i].attribute;
		what.attribute_count = 1;
		what.authn_instant += hostile[i].later;
		print_message("%s\n", hostile[i].what);
		assert_refused(ask_for(&what, &issued), err, REASON_KEYS_REFUSED);
	}
}

/* Atlassian's own groups make administrators: no pattern of the settings lets them through. */
static void signs_nobody_into_a_group_of_atlassians_own(void **state)
{
	static struct settings_attribute everything = {.name = "groups", .source = ATTRIBUTE_GROUPS, .text = "*"};
	struct settings_connection door = settings->connections[ORGANISATION];
	struct saml_attribute groups = {"groups", administrators, 1};
	struct settings copy = *settings;
	struct keeper_assertion what = honest();

	(void)state;
	door.attributes = &everything;
	door.attribute_count = 1;
	copy.connections = &door;
	copy.connection_count = 1;
	what.attributes = &groups;
	what.attribute_count = 1;
	assert_refused(vault_judge(&copy, &what, clock_now(), &err), err, REASON_KEYS_REFUSED);
	groups.values = default_groups;
	assert_refused(vault_judge(&copy, &what, clock_now(), &err), err, REASON_KEYS_REFUSED);
	groups.values = other_groups;
	assert_done(vault_judge(&copy, &what, clock_now(), &err), err);
	everything.as_dn = true;
	assert_refused(vault_judge(&copy, &what, clock_now(), &err), err, REASON_KEYS_REFUSED);      /* no DN */
	for (size_t i = 0; i < sizeof(administrators_dns) / sizeof(*administrators_dns); i++) {
		print_message("%s\n", administrators_dns[i]);
		groups.values = &administrators_dns[i];
		assert_refused(vault_judge(&copy, &what, clock_now(), &err), err, REASON_KEYS_REFUSED);
	}
	groups.values = other_groups_dn;
	assert_done(vault_judge(&copy, &what, clock_now(), &err), err);
	everything.as_dn = false;
}

/* A sign-on that the worker may accept is none of the future to the vault. */
static void goes_by_the_skew_of_the_providers(void **state)
{
	struct settings_provider provider = settings->providers[0];
	struct settings copy = *settings;
	struct keeper_assertion what = honest();
	int64_t now = clock_now();

	(void)state;
	copy.providers = &provider;
	copy.provider_count = 1;
	provider.skew = 600;
	what.authn_instant = now + 600;
	assert_done(vault_judge(&copy, &what, now, &err), err);
	what.authn_instant++;
	assert_refused(vault_judge(&copy, &what, now, &err), err, REASON_KEYS_REFUSED);
	provider.skew = 1;
	what.authn_instant = now + 2;
	assert_refused(vault_judge(&copy, &what, now, &err), err, REASON_KEYS_REFUSED);
}

static const char request[] = "SAMLRequest=", response[] = "SAMLResponse=";
#define RSA_SHA256 "&SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256"

/* Deflated as one stored block (RFC 1951 section 3.2.4). */
static const char *query_of(const char *parameter, const char *message, const char *rest)
{
	size_t n = strlen(message);
	unsigned char head[] = {1, n & 255, n >> 8 & 255, ~n & 255, ~n >> 8 & 255};
	struct text raw, base64, t;

	text_begin(&raw, a, n + 8);
	text_add(&raw, slice_of(head, sizeof(head)));
	text_add_c(&raw, message);
	text_begin(&base64, a, n * 2);
	text_add_base64(&base64, text_slice(&raw));
	text_begin(&t, a, n * 2);
	text_add_c(&t, parameter);
	text_add_url(&t, text_slice(&base64));
	text_add_c(&t, rest);
	return t.p;
}

static int sign_query(const char *query)
{
	const struct saml_holder *holder = &keys_link_keeper(link_to_it)->holder;
	struct slice signature = {0};
	int rc = holder->sign_query(holder->context, a, slice_c(query), &signature, &err);

	assert_true(rc < 0 || signature.n == 256);
	return rc;
}

static void signs_only_messages_that_are_no_sign_on(void **state)
{
	const char ask[] = "<samlp:AuthnRequest xmlns:samlp=\"p\" ID=\"_0a\" Version=\"2.0\"></samlp:AuthnRequest>";
	const char *const refused[] = {
		query_of(response, "<samlp:Response xmlns:samlp=\"p\" ID=\"_0a\"></samlp:Response>", RSA_SHA256),
		query_of(request, "<samlp:Response xmlns:samlp=\"p\" ID=\"_0a\"></samlp:Response>", RSA_SHA256),
		query_of(response, ask, RSA_SHA256),
		query_of(request, "<!-- --><samlp:AuthnRequest ID=\"_0a\"></samlp:AuthnRequest>", RSA_SHA256),
		query_of(request, "<samlp:AuthnRequest Version=\"2.0\"></samlp:AuthnRequest>", RSA_SHA256),
		query_of(request, "<samlp:AuthnRequest ID=\"_0a b\"></samlp:AuthnRequest>", RSA_SHA256),
		query_of(request, "<samlp:AuthnRequest ID='_0a'></samlp:AuthnRequest>", RSA_SHA256),
		query_of(request, "<samlp:AuthnRequest ><a ID=\"_0a\"></a></samlp:AuthnRequest>", RSA_SHA256),
		/* another id in the log than the one that counts */
		query_of(request, "<samlp:AuthnRequest \tID=\"_0b\" ><a b=\"\" ID=\"_0a\"></a></samlp:AuthnRequest>", RSA_SHA256),
		query_of(request, "<samlp:AuthnRequest a=\"\" ><a b=\"\" ID=\"_0a\"></a></samlp:AuthnRequest>", RSA_SHA256),
		query_of(request, ask, ""),
		query_of(request, ask, "&SigAlg=http%3A%2F%2Fwww.w3.org%2F2000%2F09%2Fxmldsig%23rsa-sha1"),
		query_of(request, ask, "&SAMLResponse=x" RSA_SHA256),
		query_of(request, ask, "&RelayState=x&SAMLResponse=x" RSA_SHA256),
		query_of(request, ask, RSA_SHA256 RSA_SHA256),
		"SAMLRequest=" RSA_SHA256,
		"SAMLRequest=AAAA" RSA_SHA256,
		"<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">",
		"",
		RSA_SHA256,
	};

	(void)state;
	assert_done(sign_query(query_of(request, ask, RSA_SHA256)), err);
	assert_done(sign_query(query_of(request, ask, "&RelayState=x%20y" RSA_SHA256)), err);
	assert_done(sign_query(query_of(response, "<samlp:LogoutResponse ID=\"_0a\"></samlp:LogoutResponse>", RSA_SHA256)), err);
	assert_done(sign_query(query_of(request, "<samlp:LogoutRequest xmlns:samlp=\"p\" ID=\"_0a\"></samlp:LogoutRequest>", RSA_SHA256)), err);
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		assert_refused(sign_query(refused[i]), err, REASON_KEYS_REFUSED);
}

static void opens_what_was_wrapped_for_its_key_and_says_when_none_fits(void **state)
{
	const struct saml_holder *holder = &keys_link_keeper(link_to_it)->holder;
	unsigned char block[256] = {1}, key[SAML_CONTENT_KEY_MAX];
	struct saml_wrapped wrapped = {slice_of(block, sizeof(block)), "SHA1", "SHA256", 16};

	(void)state;
	assert_int_equal(holder->unwrap(holder->context, &wrapped, key, &err), 0);
	wrapped.key_size = 33;
	assert_refused(holder->unwrap(holder->context, &wrapped, key, &err), err, REASON_KEYS_REFUSED);
	wrapped = (struct saml_wrapped){slice_of(block, sizeof(block)), "MD5", "SHA1", 16};
	assert_refused(holder->unwrap(holder->context, &wrapped, key, &err), err, REASON_KEYS_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(writes_the_assertion_itself, begin, end),
		cmocka_unit_test_setup_teardown(gives_no_signature_that_is_not_in_the_log, begin, end),
		cmocka_unit_test_setup_teardown(goes_on_without_a_log_where_the_settings_say_so, begin, end),
		cmocka_unit_test_setup_teardown(signs_a_refusal, begin, end),
		cmocka_unit_test_setup_teardown(signs_a_large_assertion_and_refuses_a_huge_one, begin, end),
		cmocka_unit_test_setup_teardown(signs_nothing_beyond_the_settings, begin, end),
		cmocka_unit_test_setup_teardown(signs_nobody_into_a_group_of_atlassians_own, begin, end),
		cmocka_unit_test_setup_teardown(goes_by_the_skew_of_the_providers, begin, end),
		cmocka_unit_test_setup_teardown(signs_only_messages_that_are_no_sign_on, begin, end),
		cmocka_unit_test_setup_teardown(opens_what_was_wrapped_for_its_key_and_says_when_none_fits, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
