/* SPDX-License-Identifier: GPL-3.0-or-later */
/* doc/postern.yaml.sample as it is and with everything switched on, and that it shows every setting. */
#include "tests/unit/settings_lines.h"

#include "gateway/settings/settings_reader.h"

static struct slice document(struct arena *a, const char *name)
{
	const char *top = getenv("TOP_SRCDIR");
	struct slice bytes;
	struct error err;

	assert_done(file_read(a, arena_printf(a, "%s/doc/%s", top ? top : "..", name), FILE_PUBLIC, 1 << 20, &bytes, &err), err);
	return bytes;
}

static struct slice sample(struct arena *a)
{
	return document(a, "postern.yaml.sample");
}

/* With everything switched on: a `#` that is not followed by exactly one blank goes away. */
static struct slice switched_on(struct arena *a, struct slice s)
{
	struct text t;
	size_t i;

	text_begin(&t, a, s.n);
	for (i = 0; i < s.n; i++) {
		const char *p = s.p + i;

		if (*p == '#' && (i == 0 || p[-1] == '\n') && p[1] != '\n' && (p[1] != ' ' || p[2] == ' '))
			continue;
		text_add(&t, slice_of(p, 1));
	}
	return text_slice(&t);
}

static const char labs_metadata[] =
	"<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"https://labs.example/sp\">"
	"<md:SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><md:AssertionConsumerService index=\"0\" "
	"isDefault=\"true\" Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"https://labs.example/acs?x=1\"/>"
	"</md:SPSSODescriptor></md:EntityDescriptor>";

static void accepts_the_sample_file_with_everything_switched_on(void **state)
{
	struct arena *a = arena_new();
	struct files *files = files_from_disk(a);
	const struct settings *s = NULL;
	const char *const *problems = NULL;
	struct error err;

	(void)state;
	assert_done(saml_start(&err), err);
	files_put(files, "p.yaml", FILES_ALL, switched_on(a, sample(a)));
	files_put(files, "/etc/postern/labs.xml", FILES_ALL, slice_c(labs_metadata));
	assert_done(settings_read(a, files, "p.yaml", &s, &problems, &err), err);
	assert_string_equal(settings_connection(s, "labs")->entity_id, "https://labs.example/sp");
	assert_string_equal(settings_connection(s, "labs")->acs, "https://labs.example/acs?x=1");
	assert_int_equal(s->accounts_max_age, 30 * 86400);
	assert_int_equal(s->accounts_idle, 90 * 86400);
	assert_int_equal(s->prices.product_count, 4);
	assert_string_equal(s->prices.products[1].word, "jira-service-management");
	assert_int_equal(price_of(&s->prices.products[0].price, 251), 100 * 81500 + 150 * 68300 + 51000);
	assert_int_equal(price_of(&s->prices.guard[GUARD_PREMIUM], 2), 130000);
	assert_string_equal(s->prices.licensed[0], "jira-service-management");
	assert_string_equal(s->prices.rules[0].products[1], "confluence");
	assert_int_equal(s->trusted_proxies.count, 2);
	assert_true(s->trusted_proxies.unix_sockets);
	assert_int_equal(s->proxy_protocol.count, 1);
	assert_false(s->proxy_protocol.unix_sockets);
	assert_string_equal(s->socket_group, "www-data");
	assert_int_equal(s->decryption_key_count, 1);
	assert_string_equal(s->decryption_keys[0].key_file, "/etc/postern/decryption.key");
	assert_string_equal(s->decryption_keys[0].certificate_file, "/etc/postern/decryption.crt");
	assert_string_equal(s->directories[0].disabled_filter_attribute, "pwdAccountLockedTime");
	saml_stop();
	arena_free(a);
}

static void without_prices_nothing_is_known_of_money(void **state)
{
	struct arena *a = arena_new();
	const struct settings *s = NULL;
	struct error err;

	(void)state;
	assert_done(settings_of(a, sample(a), &s, NULL, &err), err);
	assert_false(s->prices.known);
	assert_null(s->prices.licensed[0]);
	assert_int_equal(s->accounts_idle, 90 * 86400);
	arena_free(a);
}

static void accepts_the_sample_file(void **state)
{
	struct arena *a = arena_new();
	const struct settings *s = NULL;
	struct error err;

	(void)state;
	assert_done(settings_of(a, sample(a), &s, NULL, &err), err);
	arena_free(a);
}

static void the_sample_file_shows_every_setting(void **state)
{
	struct arena *a = arena_new();
	struct slice file = sample(a), brand = document(a, "brand/brand.yaml");
	const struct setting *row;

	(void)state;
	for (row = settings_table; row->key; row++) {
		bool is_brand = row->section == SECTION_brand || row->section == SECTION_colours || row->section == SECTION_contact;
		struct slice s = is_brand ? brand : file;
		const char *found = s.p, *wanted = arena_printf(a, "%s:", row->key);

		while ((found = strstr(found, wanted)) && found > s.p && !strchr(" #\n{", found[-1]))
			found++;
		if (!found)
			fail_msg("%s: %s is not in the sample file", setting_section_name(row->section), row->key);
		if (!row->help[0])
			fail_msg("%s has no help", row->key);
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_prices_nothing_is_known_of_money),
		cmocka_unit_test(accepts_the_sample_file),
		cmocka_unit_test(accepts_the_sample_file_with_everything_switched_on),
		cmocka_unit_test(the_sample_file_shows_every_setting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
