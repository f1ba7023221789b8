/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern keys`: making, activating and retiring keys, and what it says. */
#include "tests/unit/keys_stage.h"

/* ---- make ---- */

static void makes_the_first_key_which_signs_everything(void **state)
{
	struct place *t = *state;
	struct saml_certificate c;

	assert_int_equal(load(t, NULL), -1);
	assert_says(t->err.detail, "holds no signing key: make one with postern keys make");
	assert_int_equal(keys(t, "make 2026"), 0);
	assert_int_equal(mode_of(t, "keys"), 0700);
	assert_int_equal(mode_of(t, "keys/2026.key"), 0600);
	assert_int_equal(mode_of(t, "keys/2026.crt"), 0644);
	assert_string_equal(assignment(t), "2026 2026 2026 2026");
	assert_done(saml_certificate_describe(t->arena, read_back(t, "keys/2026.crt"), &c, &t->err), t->err);
	assert_int_equal(c.bits, 2048);
	assert_in_range(c.not_after, time(NULL) + 1094 * 86400L, time(NULL) + 1096 * 86400L);
	assert_true(c.not_before < time(NULL));
	assert_int_equal(keys(t, "list"), 0);
	assert_says(t->output, c.sha256);
}

static void makes_keys_as_they_were_wished(void **state)
{
	struct place *t = *state;
	struct saml_certificate c;

	assert_int_equal(keys(t, "make a --bits 3072 --days 10"), 0);
	assert_done(saml_certificate_describe(t->arena, read_back(t, "keys/a.crt"), &c, &t->err), t->err);
	assert_int_equal(c.bits, 3072);
	assert_in_range(c.not_after, time(NULL) + 9 * 86400L, time(NULL) + 11 * 86400L);
	assert_int_equal(keys(t, "make b --bits 1024"), CALLED_WRONGLY);
	assert_int_equal(keys(t, "make b --days 0"), CALLED_WRONGLY);
	assert_int_equal(keys(t, "make b --days 36500"), CALLED_WRONGLY);
	assert_int_equal(keys(t, "make b --json"), CALLED_WRONGLY);
	assert_int_equal(keys(t, "make"), CALLED_WRONGLY);
	assert_int_equal(keys(t, "mak b"), CALLED_WRONGLY);
	assert_false(is_there(t, "keys/b.crt"));
}

static void a_further_key_is_published_and_signs_nothing(void **state)
{
	struct place *t = *state;
	const char *const *certificates;
	struct loaded l;

	assert_int_equal(keys(t, "make 2026"), 0);
	assert_int_equal(keys(t, "make 2027"), 0);
	assert_string_equal(assignment(t), "2026 2026 2026 2026");
	assert_done(load(t, &l), t->err);
	assert_int_equal(l.keyring.n, 2);
	certificates = keyring_certificates(t->arena, &l.keyring, keyring_key(&l.keyring, "2027"));
	assert_string_equal(certificates[0], keyring_key(&l.keyring, "2027")->certificate.base64);
	assert_string_equal(certificates[1], keyring_key(&l.keyring, "2026")->certificate.base64);
	assert_null(certificates[2]);
	assert_false(keyring_is_used(&l.keyring, l.settings, keyring_key(&l.keyring, "2027")));
	loaded_free(&l);
}

static void never_writes_over_a_file_or_through_a_link(void **state)
{
	struct place *t = *state;
	struct slice before;

	assert_int_equal(keys(t, "make 2026"), 0);
	before = read_back(t, "keys/2026.key");
	assert_int_equal(keys(t, "make 2026"), 1);
	assert_says(t->output, "is there already");
	assert_true(slice_equal(before, read_back(t, "keys/2026.key")));
	put(t, "victim", 0644, slice_c("mine"));
	assert_int_equal(symlink(path_of(t, "victim"), path_of(t, "keys/a.key")), 0);
	assert_int_equal(symlink(path_of(t, "nowhere"), path_of(t, "keys/b.crt")), 0);
	assert_int_equal(keys(t, "make a"), 1);
	assert_int_equal(keys(t, "make b"), 1);
	assert_slice_is(read_back(t, "victim"), "mine");
	assert_false(is_there(t, "nowhere"));
	assert_false(is_there(t, "keys/a.crt"));
	assert_false(is_there(t, "keys/b.key"));
}

static void refuses_names_that_are_no_names(void **state)
{
	static const char *const bad[] = {"../x", "a/b", ".x", "-x", "main", "a.b", "x234567890123456789012345678901234", "/etc/x", "\xc3\xa4"};
	struct place *t = *state;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(keys(t, arena_printf(t->arena, "make -- %s", bad[i])), 1);
		assert_says(t->output, "is not a name for a key");
	}
	assert_false(is_there(t, "x.crt"));
	assert_false(keyring_name_is_good(""));
	assert_int_equal(keys(t, "retire ../x"), 1);
	assert_says(t->output, "there is no key");
}

/* ---- activate ---- */

static void moves_one_connection_after_another(void **state)
{
	struct place *t = *state;

	assert_int_equal(keys(t, "make 2026"), 0);
	assert_int_equal(keys(t, "make 2027"), 0);
	assert_int_equal(keys(t, "activate helpdesk 2027"), 0);
	assert_says(t->output, "still on 2026: organisation, new connections, requests to identity providers");
	assert_string_equal(assignment(t), "2026 2027 2026 2026");
	assert_int_equal(mode_of(t, "keys/active.yaml"), 0644);
	assert_int_equal(keys(t, "activate organisation 2027"), 0);
	assert_string_equal(assignment(t), "2027 2027 2027 2026");
	assert_int_equal(keys(t, "activate --requests 2027"), 0);
	assert_string_equal(assignment(t), "2027 2027 2027 2027");
	assert_int_equal(keys(t, "activate --all 2026"), 0);
	assert_string_equal(assignment(t), "2026 2026 2026 2027");
	assert_int_equal(keys(t, "activate --all --requests 2026"), CALLED_WRONGLY);
	assert_int_equal(keys(t, "activate 2026"), CALLED_WRONGLY);
	assert_int_equal(keys(t, "activate --all helpdesk 2026"), CALLED_WRONGLY);
}

static void the_pair_of_the_settings_is_called_main(void **state)
{
	struct place *t = *state;

	put(t, "signing.key", 0600, pair.key);
	put(t, "signing.crt", 0644, pair.certificate);
	use_settings(t, "key: signing.key\ncertificate: signing.crt\n");
	assert_string_equal(assignment(t), "main main main main");
	assert_int_equal(keys(t, "make 2027"), 0);
	assert_false(is_there(t, "keys/active.yaml"));
	assert_int_equal(keys(t, "activate organisation 2027"), 0);
	assert_string_equal(assignment(t), "2027 main main main");
	assert_int_equal(keys(t, "retire main"), 1);
	assert_says(t->output, "the pair that the settings name");
	assert_int_equal(keys(t, "activate organisation main"), 0);
	assert_string_equal(assignment(t), "main main main main");
}

static void refuses_to_activate_what_cannot_sign(void **state)
{
	struct place *t = *state;

	assert_int_equal(keys(t, "make 2026"), 0);
	put_pair(t, "ended", &ended);
	put_pair(t, "coming", &coming);
	put_pair(t, "weak", &weak);
	put(t, "keys/mixed.key", 0600, pair.key);
	put(t, "keys/mixed.crt", 0644, other.certificate);
	assert_int_equal(keys(t, "activate --all ended"), 1);
	assert_says(t->output, "its certificate ended on");
	assert_int_equal(keys(t, "activate --all coming"), 1);
	assert_says(t->output, "has not begun");
	assert_int_equal(keys(t, "activate --all weak"), 1);
	assert_says(t->output, "1024 bits");
	assert_int_equal(keys(t, "activate --all mixed"), 1);
	assert_says(t->output, "belongs to another key");
	assert_int_equal(keys(t, "activate --all nobody"), 1);
	assert_says(t->output, "there is no key \"nobody\"");
	assert_int_equal(keys(t, "activate nowhere 2026"), 1);
	assert_says(t->output, "there is no connection \"nowhere\"");
	assert_int_equal(keys(t, "list"), 1);
	assert_says(t->output, "CANNOT BE USED");
	assert_says(t->output, "(ENDED)");
}

/* ---- retire ---- */

static void retires_a_key_only_when_nothing_uses_it(void **state)
{
	struct place *t = *state;
	struct slice before;

	assert_int_equal(keys(t, "make 2026"), 0);
	assert_int_equal(keys(t, "make 2027"), 0);
	before = read_back(t, "keys/2026.key");
	assert_int_equal(keys(t, "activate organisation 2027"), 0);
	assert_int_equal(keys(t, "retire 2026"), 1);
	assert_says(t->output, "in use for: helpdesk");
	assert_int_equal(keys(t, "activate helpdesk 2027"), 0);
	assert_int_equal(keys(t, "retire 2026"), 1);
	assert_says(t->output, "in use for: requests");
	assert_int_equal(keys(t, "activate --requests 2027"), 0);
	assert_int_equal(keys(t, "retire 2026"), 0);
	assert_false(is_there(t, "keys/2026.key"));
	assert_false(is_there(t, "keys/2026.crt"));
	assert_int_equal(mode_of(t, "keys/retired"), 0700);
	assert_string_equal(assignment(t), "2027 2027 2027 2027");
	assert_int_equal(keys(t, "retire 2026"), 1);
	/* its name can be used again, and what was moved away is still there */
	assert_int_equal(keys(t, "make 2026"), 0);
	assert_false(slice_equal(before, read_back(t, "keys/2026.key")));
	assert_int_equal(keys(t, "retire 2026"), 0);
}

static void moves_retired_keys_into_no_folder_of_somebody_else(void **state)
{
	struct place *t = *state;

	assert_int_equal(keys(t, "make 2026"), 0);
	assert_int_equal(keys(t, "make 2027"), 0);
	assert_int_equal(mkdir(path_of(t, "elsewhere"), 0700), 0);
	assert_int_equal(symlink(path_of(t, "elsewhere"), path_of(t, "keys/retired")), 0);
	assert_int_equal(keys(t, "retire 2027"), 1);
	assert_true(is_there(t, "keys/2027.key"));
	assert_int_equal(unlink(path_of(t, "keys/retired")), 0);
	assert_int_equal(mkdir(path_of(t, "keys/retired"), 0700), 0);
	assert_int_equal(chmod(path_of(t, "keys/retired"), 0777), 0);
	assert_int_equal(keys(t, "retire 2027"), 1);
	assert_says(t->output, "chmod go-w");
	assert_true(is_there(t, "keys/2027.key"));
}

/* ---- what it says ---- */

static void lists_keys_for_programs(void **state)
{
	struct place *t = *state;

	assert_int_equal(keys(t, "make 2026"), 0);
	assert_int_equal(keys(t, "list --json"), 0);
	assert_says(t->output, "\"name\": \"2026\"");
	assert_says(t->output, "\"days_left\": 109");
	assert_says(t->output, "\"organisation\",");
	assert_says(t->output, "\"live\": null");
	assert_int_equal(keys(t, "list x"), CALLED_WRONGLY);
	assert_int_equal(keys(t, "list --all"), CALLED_WRONGLY);
}

static void says_what_to_paste_where(void **state)
{
	struct place *t = *state;
	struct slice pem;

	assert_int_equal(keys(t, "make 2026 --days 100"), 0);
	put_pair(t, "2027", &pair);
	assert_int_equal(keys(t, "instructions helpdesk 2027"), 0);
	pem = read_back(t, "keys/2027.crt");
	assert_says(t->output, pem.p);
	assert_says(t->output, "Portal-only customers");
	assert_says(t->output, "Identity provider Entity ID     urn:other\n");
	assert_says(t->output, "https://sso.example.org:8443/saml/idp/sso");
	assert_says(t->output, "postern keys activate helpdesk 2027 --reload");
	assert_says(t->output, "Still with 2026: organisation, helpdesk");
	/* without a name: the newest */
	assert_int_equal(keys(t, "instructions organisation"), 0);
	assert_says(t->output, "https://sso.example.org:8443/saml/idp/metadata\n");
	assert_says(t->output, "2026 signs for organisation already");
	assert_int_equal(keys(t, "instructions --requests 2027"), 0);
	assert_says(t->output, "postern keys activate --requests 2027");
	assert_int_equal(keys(t, "instructions nowhere"), 1);
	assert_int_equal(keys(t, "instructions"), CALLED_WRONGLY);
	assert_int_equal(keys(t, "instructions helpdesk 2028"), 1);
	assert_says(t->output, "there is no key \"2028\"");
}

static int setup(struct place *t)
{
	char *argv[] = {arena_strdup(t->arena, "setup"), NULL};
	int before[2], rc;

	hush(t, before);
	rc = command_setup(t->arena, t->settings, 1, argv);
	speak(t, before);
	return rc;
}

static void setup_prints_the_certificate_of_each_door(void **state)
{
	struct place *t = *state;
	const char *first, *second;

	assert_int_equal(setup(t), 1);
	assert_says(t->output, "there is no signing key yet: postern keys make");
	assert_int_equal(keys(t, "make 2026"), 0);
	assert_int_equal(keys(t, "make 2027"), 0);
	first = read_back(t, "keys/2026.crt").p;
	second = read_back(t, "keys/2027.crt").p;
	assert_int_equal(setup(t), 0);
	assert_says(t->output, "For organisation helpdesk:\nThe certificate (key 2026");
	assert_says(t->output, first);
	assert_null(strstr(t->output, second));
	assert_int_equal(keys(t, "activate helpdesk 2027"), 0);
	assert_int_equal(setup(t), 0);
	assert_says(t->output, "For organisation:\nThe certificate (key 2026");
	assert_says(t->output, "For helpdesk:\nThe certificate (key 2027");
	assert_says(t->output, second);
}

/* Without it, people who begin at Entra ID's tile bring an answer that nobody asked for. */
static void setup_prints_the_links_that_entra_can_begin_at(void **state)
{
	struct place *t = *state;

	assert_int_equal(keys(t, "make 2026"), 0);
	assert_int_equal(setup(t), 0);
	assert_null(strstr(t->output, "Sign on URL"));
	use_settings(t, "go:\n  work: {licensed: \"https://x.example/jira\", portal: helpdesk}\n"
		"  help: {licensed: \"https://x.example/desk\", portal: helpdesk}\n");
	assert_int_equal(setup(t), 0);
	assert_says(t->output, "  Sign on URL                     https://sso.example.org:8443/go/work\n"
		"    or                            https://sso.example.org:8443/go/help\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(makes_the_first_key_which_signs_everything, begin, end),
		cmocka_unit_test_setup_teardown(makes_keys_as_they_were_wished, begin, end),
		cmocka_unit_test_setup_teardown(a_further_key_is_published_and_signs_nothing, begin, end),
		cmocka_unit_test_setup_teardown(never_writes_over_a_file_or_through_a_link, begin, end),
		cmocka_unit_test_setup_teardown(refuses_names_that_are_no_names, begin, end),
		cmocka_unit_test_setup_teardown(moves_one_connection_after_another, begin, end),
		cmocka_unit_test_setup_teardown(the_pair_of_the_settings_is_called_main, begin, end),
		cmocka_unit_test_setup_teardown(refuses_to_activate_what_cannot_sign, begin, end),
		cmocka_unit_test_setup_teardown(retires_a_key_only_when_nothing_uses_it, begin, end),
		cmocka_unit_test_setup_teardown(moves_retired_keys_into_no_folder_of_somebody_else, begin, end),
		cmocka_unit_test_setup_teardown(lists_keys_for_programs, begin, end),
		cmocka_unit_test_setup_teardown(says_what_to_paste_where, begin, end),
		cmocka_unit_test_setup_teardown(setup_prints_the_certificate_of_each_door, begin, end),
		cmocka_unit_test_setup_teardown(setup_prints_the_links_that_entra_can_begin_at, begin, end),
	};

	return cmocka_run_group_tests(tests, begin_all, end_all);
}
