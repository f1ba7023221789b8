/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/settings/domains.c: for whom an identity provider may speak, and which one is asked. */
#include "tests/unit/unit.h"

#include "gateway/settings/domains.h"

static const char *const own[] = {"example.org", "xn--mller-kva.example", NULL};
static const char *const others[] = {"fabrikam.example", NULL};

static const struct settings_provider providers[] = {
	{.name = "entra", .domains = own}, {.name = "fabrikam", .domains = others}, {.name = "anybody"},
};
static const struct settings settings = {.providers = providers, .provider_count = 3};

static void finds_the_domain_of_a_name(void **state)
{
	static const struct {
		const char *name, *domain;
	} rows[] = {
		{"ada@example.org", "example.org"}, {"a@b@example.org", "example.org"}, {"ada", NULL}, {"", NULL}, {"@example.org", NULL},
		{"ada@", NULL}, {"ada_partner.example#EXT#@corp.onmicrosoft.com", "partner.example"},
		{"a_d_a_partner.example#ext#@corp.onmicrosoft.com", "partner.example"}, {"ada#EXT#@example.org", NULL},
		{"_partner.example#EXT#@example.org", NULL}, {"ada_#EXT#@example.org", NULL}, {"ada_example.org#EXT#", NULL},
		{"ada_example.org#EXT#x@evil.example", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct slice found = domain_of_name(rows[i].name);

		if (rows[i].domain ? !slice_is(found, rows[i].domain) : found.n != 0)
			fail_msg("%s: \"%.*s\"", rows[i].name, (int)found.n, found.p ? found.p : "");
	}
}

static void speaks_for_its_own_domains_alone(void **state)
{
	static const struct {
		const char *mail;
		bool own;
	} rows[] = {
		{"ada@example.org", true}, {"ADA@EXAMPLE.ORG", true}, {"ada@xn--mller-kva.example", true}, {"ada@XN--MLLER-KVA.example", true},
		{"ada@team.example.org", false}, {"ada@example.org.", false}, {"ada@example.org.evil.example", false}, {"ada@xample.org", false},
		{"ada@m\xc3\xbcller.example", false}, {"ada@fabrikam.example", false}, {"ada", false}, {"", false}, {"ada@", false},
		{"ada@example.org@fabrikam.example", false}, {"ada@example.org ", false},
		/* a guest's name is no mail address: whoever delivers mail looks behind the @ */
		{"ada_example.org#EXT#@fabrikam.example", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (provider_speaks_for(&providers[0], rows[i].mail) != rows[i].own)
			fail_msg("%s", rows[i].mail);
		assert_true(provider_speaks_for(&providers[2], rows[i].mail));
	}
}

struct claimed {
	const char *name_id, *format, *claim, *values[3];
	enum reason reason;
};

static void refuses_names_of_another_domain(void **state)
{
	static const struct claimed rows[] = {
		{"ada@example.org", SAML_FORMAT_EMAIL, SAML_CLAIM_UPN, {"ada@EXAMPLE.org"}, 0},
		{"0d9c8b7a", SAML_FORMAT_PERSISTENT, SAML_CLAIM_NAME, {"Ada Lovelace"}, 0},
		{"0d9c8b7a", NULL, "urn:other", {"ada@fabrikam.example"}, 0},
		{"ada_example.org#EXT#@tenant.onmicrosoft.com", SAML_FORMAT_EMAIL, SAML_CLAIM_EMAIL, {"ada@example.org"}, 0},
		{"ada@fabrikam.example", SAML_FORMAT_EMAIL, SAML_CLAIM_UPN, {"ada@example.org"}, REASON_FOREIGN_DOMAIN},
		{"ada@fabrikam.example", SAML_FORMAT_PERSISTENT, SAML_CLAIM_UPN, {"ada@example.org"}, REASON_FOREIGN_DOMAIN},
		{"ada", SAML_FORMAT_EMAIL, SAML_CLAIM_UPN, {"ada@example.org"}, REASON_FOREIGN_DOMAIN},
		{"ada_fabrikam.example#EXT#@example.org", SAML_FORMAT_EMAIL, SAML_CLAIM_UPN, {"x"}, REASON_FOREIGN_DOMAIN},
		{"ada@example.org", NULL, SAML_CLAIM_UPN, {"ada@fabrikam.example"}, REASON_FOREIGN_DOMAIN},
		{"ada@example.org", NULL, SAML_CLAIM_NAME, {"ada@fabrikam.example"}, REASON_FOREIGN_DOMAIN},
		{"ada@example.org", NULL, SAML_CLAIM_EMAIL, {"ada@example.org", "ada@fabrikam.example"}, REASON_FOREIGN_DOMAIN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct claimed *row = &rows[i];
		struct saml_attribute attribute = {row->claim, row->values, row->values[1] ? 2 : 1};
		struct saml_identity identity = {.name_id = row->name_id, .name_id_format = row->format, .attributes = &attribute,
			.attribute_count = 1};
		struct error err = {0};
		int rc = require_own_names(&providers[0], &identity, &err);

		if (rc != (row->reason ? -1 : 0) || err.reason != row->reason)
			fail_msg("%s, %s: %s", row->name_id, row->values[0], err.detail);
		assert_done(require_own_names(&providers[2], &identity, &err), err);
	}
}

static void knows_what_is_no_domain(void **state)
{
	static const char *const bad[] = {"Example.org", "example", ".example.org", "example.org.", "a..b", "m\xc3\xbcller.example", "a b.org",
		"@example.org", "*.example.org", ""};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_non_null(domain_fault(bad[i]));
	assert_null(domain_fault("xn--mller-kva.example"));
	assert_null(domain_fault("a-1.b.example"));
}

static void chooses_by_the_domain_of_the_hint(void **state)
{
	static const char *const both[] = {"entra", "fabrikam", NULL};
	static const char *const one[] = {"fabrikam", NULL};

	(void)state;
	assert_ptr_equal(choose_provider(&settings, both, "ada@example.org"), &providers[0]);
	assert_ptr_equal(choose_provider(&settings, both, "ada@FABRIKAM.example"), &providers[1]);
	assert_ptr_equal(choose_provider(&settings, both, "a_fabrikam.example#EXT#@example.org"), &providers[1]);
	assert_null(choose_provider(&settings, both, "ada@elsewhere.example"));
	assert_null(choose_provider(&settings, both, "ada"));
	assert_null(choose_provider(&settings, both, ""));
	assert_null(choose_provider(&settings, both, NULL));
	/* where there is nothing to choose, a hint chooses nothing */
	assert_ptr_equal(choose_provider(&settings, one, "ada@example.org"), &providers[1]);
	assert_ptr_equal(choose_provider(&settings, one, NULL), &providers[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_domain_of_a_name),
		cmocka_unit_test(speaks_for_its_own_domains_alone),
		cmocka_unit_test(refuses_names_of_another_domain),
		cmocka_unit_test(knows_what_is_no_domain),
		cmocka_unit_test(chooses_by_the_domain_of_the_hint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
