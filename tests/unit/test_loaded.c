/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a start and each reload stand on: folders, who is handed what, sockets, and replacing a child. */
#include "tests/unit/loaded_stage.h"

#include "gateway/service/child.h"

static void makes_folders_and_cookie_secret_once(void **state)
{
	struct slice first, second;
	struct error err;
	struct stat st;

	(void)state;
	assert_done(load(&err), err);
	assert_int_equal(stat(path_of("state/metadata"), &st), 0);
	assert_int_equal(stat(path_of("state"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(stat(path_of("run"), &st), 0);
	assert_done(file_read(a, path_of("state/cookie.secret"), FILE_SECRET, 100, &first, &err), err);
	assert_int_equal(first.n, 48);
	assert_done(load(&err), err);
	assert_done(file_read(a, path_of("state/cookie.secret"), FILE_SECRET, 100, &second, &err), err);
	assert_true(slice_equal(first, second));
}

static void provider_lines(const char *entra, const char *second)
{
	const char *text = arena_printf(a, "    metadata: entra.xml\n    domains: a.example\n%s  second: {domains: b.example, %s}\n", entra, second);
	struct text t;

	text_begin(&t, a, 4096);
	text_add_c(&t, settings);
	t.n = (size_t)(strstr(settings, "    metadata: entra.xml\n") - settings);
	text_add_c(&t, text);
	text_add_c(&t, strstr(settings, "connections:"));
	text = arena_copy(a, text_slice(&t));
	text = arena_printf(a, "%.*s%s%s", (int)(strstr(text, "{kind: managed,") - text), text, "{kind: managed, provider: entra,",
		strstr(text, "{kind: managed,") + strlen("{kind: managed,"));
	put("p.yaml", 0644, slice_c(arena_printf(a, "%.*s    providers: [entra]\n%s", (int)(strstr(text, "    bind_dn:") - text), text,
		strstr(text, "    bind_dn:"))));
}

/* What an address gives is judged where it is taken, too; here it stands on the disk already. */
static void an_entity_is_one_provider(void **state)
{
	struct providers *providers;
	struct loaded l = {0};
	struct error err;
	const char *why;

	(void)state;
	provider_lines("", "metadata: entra.xml");
	assert_refused(load(&err), err, REASON_SETTINGS);
	assert_told(&err, "p.yaml:13: metadata: ", "is of \"https://idp.example/\", as that of entra");
	provider_lines("", "metadata: 'https://127.0.0.1:1/', entity_id: 'https://idp.example/'");
	assert_refused(load(&err), err, REASON_SETTINGS);
	assert_told(&err, "p.yaml:13: metadata: ", "as that of entra");
	provider_lines("", "metadata: 'https://127.0.0.1:1/'");
	put("state/metadata/second.xml", 0644, metadata_with(pair.certificate));
	assert_done(loaded_read(path_of("p.yaml"), LOADED_FOR_SERVE, &l, &err), err);
	providers = providers_open(l.settings, l.files);
	assert_non_null(providers_get(providers, "entra", &why));
	assert_null(providers_get(providers, "second", &why));
	assert_string_equal(why, "is of the entity of entra");
	assert_string_equal(providers_with_entity(providers, "https://idp.example/", "second"), "entra");
	assert_null(providers_with_entity(providers, "https://idp.example/", "entra"));
	providers_close(providers);
	loaded_free(&l);
	assert_int_equal(unlink(path_of("state/metadata/second.xml")), 0);
}

static bool is_handed(const struct loaded *l, unsigned audience, const char *name)
{
	struct files *f;
	struct slice s;
	struct error err;
	int fd;

	assert_done(files_snapshot(l->files, audience, &fd, &err), err);
	assert_done(files_from_snapshot(a, fd, &f, &err), err);
	return files_get(f, path_of(name), FILE_PUBLIC, FILES_ALL, &s, &err) == 0;
}

static void while_the_cookie_secret_is_changed_workers_are_given_both(void **state)
{
	struct slice new = slice_c("fedcba9876543210fedcba9876543210"), made;
	struct loaded l = {0};
	struct error err;

	(void)state;
	assert_done(load(&err), err);
	put("p.yaml", 0644, slice_c(arena_printf(a, "cookie_secret: [new.secret, state/cookie.secret]\n%s", settings)));
	put("new.secret", 0600, new);
	assert_done(loaded_read(path_of("p.yaml"), LOADED_FOR_SERVE, &l, &err), err);
	assert_true(is_handed(&l, FILES_WORKER, "new.secret") && is_handed(&l, FILES_WORKER, "state/cookie.secret"));
	assert_false(is_handed(&l, FILES_MIRROR, "new.secret") || is_handed(&l, FILES_MIRROR, "state/cookie.secret"));
	loaded_free(&l);

	assert_done(file_read(a, path_of("state/cookie.secret"), FILE_SECRET, 100, &made, &err), err);
	put("new.secret", 0600, made);
	assert_refused(load(&err), err, REASON_SETTINGS);
	assert_told(&err, "p.yaml:1: cookie_secret", "holds the same bytes as");
	put("new.secret", 0600, slice_c("short"));
	assert_refused(load(&err), err, REASON_SETTINGS);
	assert_told(&err, "p.yaml:1: cookie_secret", "fewer than 32 bytes");

	/* the old one stands in the folder of the roles as ever */
	put("new.secret", 0600, new);
	assert_int_equal(unlink(path_of("state/cookie.secret")), 0);
	assert_int_equal(symlink(path_of("signing.key"), path_of("state/cookie.secret")), 0);
	assert_refused(load(&err), err, REASON_FILE);
	assert_int_equal(unlink(path_of("state/cookie.secret")), 0);
}

static void hands_the_signing_key_to_the_keys_role_alone_and_the_password_to_its_mirror(void **state)
{
	static const struct { unsigned audience; const char *has, *has_not; } roles[] = {
		{FILES_KEYS, "signing.key", "password"},
		{FILES_KEYS, "open.key", "tls.key"},
		{FILES_KEYS, "signing.key", "state/cookie.secret"},
		{FILES_WORKER, "signing.crt", "signing.key"},
		{FILES_WORKER, "tls.key", "password"},
		{FILES_WORKER, "state/cookie.secret", "password"},
		{FILES_MIRROR | FILES_MIRROR_OF(0), "password", "signing.key"},
		{FILES_MIRROR | FILES_MIRROR_OF(0), "p.yaml", "state/cookie.secret"},
		{FILES_MIRROR | FILES_MIRROR_OF(1), "p.yaml", "password"},
		{FILES_WORKER, "open.crt", "open.key"},
		{FILES_MIRROR | FILES_MIRROR_OF(0), "open.crt", "open.key"},
		{FILES_REFRESH, "open.crt", "open.key"},
		{FILES_REFRESH, "p.yaml", "signing.key"},
		{FILES_REFRESH, "entra.xml", "tls.key"},
	};
	struct directory_options directory = {0};
	struct loaded l = {0};
	struct slice s;
	struct error err;
	size_t i;

	(void)state;
	assert_done(loaded_read(path_of("p.yaml"), LOADED_FOR_SERVE, &l, &err), err);
	for (i = 0; i < sizeof(roles) / sizeof(*roles); i++) {
		struct files *f;
		int fd;

		assert_done(files_snapshot(l.files, roles[i].audience, &fd, &err), err);
		assert_done(files_from_snapshot(a, fd, &f, &err), err);
		assert_done(files_get(f, path_of(roles[i].has), FILE_PUBLIC, FILES_ALL, &s, &err), err);
		assert_refused(files_get(f, path_of(roles[i].has_not), FILE_PUBLIC, FILES_ALL, &s, &err), err, REASON_FILE);
	}
	assert_done(settings_directory_secrets(l.files, l.settings, 0, &directory, &err), err);
	assert_slice_is(directory.password, "secret");
	assert_int_equal(directory.client_key.n, 0);
	loaded_free(&l);
}

static void roles_read_the_same_settings_from_their_snapshot(void **state)
{
	const struct settings *s;
	struct loaded l = {0};
	struct files *f;
	struct error err;
	int fd;

	(void)state;
	assert_done(loaded_read(path_of("p.yaml"), LOADED_FOR_SERVE, &l, &err), err);
	put("p.yaml", 0644, slice_c("changed: since"));
	assert_done(files_snapshot(l.files, FILES_WORKER, &fd, &err), err);
	assert_done(files_from_snapshot(a, fd, &f, &err), err);
	assert_done(settings_read(a, f, path_of("p.yaml"), &s, NULL, &err), err);
	assert_string_equal(s->acs_url, l.settings->acs_url);
	loaded_free(&l);
}

static void reads_again_and_again_without_growing(void **state)
{
	struct error err;
	int i, before, after;

	(void)state;
	before = dup(0);
	close(before);
	for (i = 0; i < 1000; i++) {
		if (i == 100)
			put("p.yaml", 0644, slice_c("wrong: yes"));
		assert_int_equal(load(&err), i < 100 ? 0 : -1);
	}
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

static void keeps_sockets_of_addresses_that_stay(void **state)
{
	static const char *const one[] = {"127.0.0.1:0", NULL}, *const two[] = {"127.0.0.1:0", "127.0.0.2:0", NULL};
	static const char *const bad[] = {"127.0.0.1:0", "127.0.0.3:0", "192.0.2.1:0", NULL};
	struct listeners first = {0}, second = {0}, third = {0};
	int sockets[ROLE_SOCKETS_MAX];
	struct error err;

	(void)state;
	/* at a start the network may come later */
	assert_done(listeners_open(NULL, bad, NULL, &first, &err), err);
	listeners_close(&first, NULL);
	assert_done(listeners_open(NULL, one, NULL, &first, &err), err);
	assert_string_not_equal(first.list[0].bound, "127.0.0.1:0");
	assert_done(listeners_open(&first, two, NULL, &second, &err), err);
	assert_int_equal(second.list[0].fd, first.list[0].fd);
	assert_string_equal(second.list[0].bound, first.list[0].bound);
	assert_int_equal(listeners_sockets(&second, sockets), 2);
	assert_int_equal(sockets[1], second.list[1].fd);
	/* all or nothing */
	assert_refused(listeners_open(&second, bad, NULL, &third, &err), err, REASON_SETTINGS);
	assert_int_equal(third.n, 0);
	assert_true(http_bound_port(second.list[0].fd) > 0);
	/* fewer: what is not needed is closed */
	assert_done(listeners_open(&second, one, NULL, &third, &err), err);
	listeners_close(&second, &third);
	assert_int_equal(third.list[0].fd, first.list[0].fd);
	assert_int_equal(http_bound_port(sockets[1]), -1);
	listeners_close(&third, NULL);
	assert_int_equal(http_bound_port(first.list[0].fd), -1);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_mode & 0777 : 0;
}

static void keeps_a_unix_socket_and_removes_it_at_the_end(void **state)
{
	const char *path = path_of("web/http.sock"), *const one[] = {arena_printf(a, "unix:%s", path), NULL}, *const none[] = {NULL};
	struct listeners first = {0}, second = {0}, third = {0}, adopted = {0}, metrics = {0};
	struct settings s = {.listen = one};
	struct listener handed = {.fd = -1};
	struct listener_access access = {.mode = 0600, .group = (gid_t)-1};
	struct error err;

	(void)state;
	assert_done(listeners_open(NULL, one, &access, &first, &err), err);
	assert_string_equal(first.list[0].bound, one[0]);
	assert_int_equal(mode_of(path), 0600);
	/* a reload keeps it, and takes another mode over only together with everything else */
	access.mode = 0660;
	assert_done(listeners_open(&first, one, &access, &second, &err), err);
	assert_int_equal(second.list[0].fd, first.list[0].fd);
	assert_int_equal(mode_of(path), 0600);
	assert_done(http_unix_allow(&second.list[0].file, &err), err);
	assert_int_equal(mode_of(path), 0660);
	listeners_close(&first, &second);
	assert_int_equal(mode_of(path), 0660);
	/* handed over to another program, it is still ours */
	snprintf(handed.address, sizeof(handed.address), "%s", one[0]);
	handed.fd = second.list[0].fd;
	listeners_adopt(&adopted, &metrics, &handed, 1, &s);
	assert_int_equal(adopted.n, 1);
	assert_int_equal(metrics.n, 0);
	assert_string_equal(adopted.list[0].bound, one[0]);
	assert_true(http_unix_is_there(&adopted.list[0].file));
	/* a file that is gone is made anew, and the old socket closed */
	unlink(path);
	assert_done(listeners_open(&second, one, &access, &third, &err), err);
	assert_int_not_equal(third.list[0].fd, second.list[0].fd);
	listeners_close(&second, &third);
	assert_int_equal(mode_of(path), 0660);
	/* no longer wanted */
	assert_done(listeners_open(&third, none, &access, &second, &err), err);
	listeners_close(&third, &second);
	assert_int_equal(mode_of(path), 0);
	rmdir(path_of("web"));
}

static void reads_who_may_connect(void **state)
{
	struct settings s = {.file = "p.yaml", .socket_mode = SOCKET_MODE_OWNER};
	struct listener_access access = {0};
	struct error err;

	(void)state;
	assert_done(listeners_access(&s, &access, &err), err);
	assert_int_equal(access.mode, 0600);
	assert_int_equal(access.group, (gid_t)-1);
	s.socket_mode = SOCKET_MODE_ALL;
	s.socket_group = "root";
	assert_done(listeners_access(&s, &access, &err), err);
	assert_int_equal(access.mode, 0666);
	assert_int_equal(access.group, 0);
	s.socket_group = "nobody-has-this-group";
	assert_refused(listeners_access(&s, &access, &err), err, REASON_SETTINGS);
	assert_string_equal(err.detail, "p.yaml: socket_group: \"nobody-has-this-group\" is not a group of this host");
}

static void waits_longer_after_each_early_death_up_to_half_a_minute(void **state)
{
	static const int64_t seconds[] = {0, 1, 2, 4, 8, 16, 30, 30};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(seconds) / sizeof(*seconds); i++)
		assert_int_equal(child_back_off(i), seconds[i]);
	assert_int_equal(child_back_off(1000000), 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(makes_folders_and_cookie_secret_once, begin),
		cmocka_unit_test_setup(an_entity_is_one_provider, begin),
		cmocka_unit_test_setup(while_the_cookie_secret_is_changed_workers_are_given_both, begin),
		cmocka_unit_test_setup(hands_the_signing_key_to_the_keys_role_alone_and_the_password_to_its_mirror, begin),
		cmocka_unit_test_setup(roles_read_the_same_settings_from_their_snapshot, begin),
		cmocka_unit_test_setup(reads_again_and_again_without_growing, begin),
		cmocka_unit_test(keeps_sockets_of_addresses_that_stay),
		cmocka_unit_test(keeps_a_unix_socket_and_removes_it_at_the_end),
		cmocka_unit_test(reads_who_may_connect),
		cmocka_unit_test(waits_longer_after_each_early_death_up_to_half_a_minute),
	};

	return cmocka_run_group_tests(tests, begin_all, end_all);
}
