/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The feed against a server that says what no slapd would: each script is sent
 * as the answer to the search for people, and the events are looked at.
 */
#include "tests/integration/slapd.h"

#include "ldap/sync.h"

#include <arpa/inet.h>
#include <ldap.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEARCH_ID 2                     /* the bind is 1 */
#define PATIENCE_MS 30000               /* everything comes at once, but the machine may be busy */

struct script {
	struct berval messages[8];
	size_t n;
	/* instead, of a directory that is polled: what each search for people is answered with, again and again */
	const char *cookies[4];         /* in turn, the last one for ever; "": that was all */
	bool another;                   /* each time another one */
	const char *attribute;          /* of the one entry of each page; NULL: pages are empty */
};

struct fixture {
	struct arena *arena;
	char uri[64];
	const char *uris[2];
	struct directory_options options;
	struct feed feed;
	pid_t server;
};

/* ---- writing messages ---- */

static BerElement *begin(void)
{
	BerElement *ber = ber_alloc_t(LBER_USE_DER);

	assert_non_null(ber);
	return ber;
}

static void finish(struct script *s, BerElement *ber)
{
	assert_true(s->n < 8);
	assert_int_equal(ber_flatten2(ber, &s->messages[s->n++], 1), 0);
	ber_free(ber, 1);
}

static void say_info(struct script *s, BerElement *value)
{
	BerElement *ber = begin();
	struct berval v;

	assert_int_equal(ber_flatten2(value, &v, 0), 0);
	assert_true(ber_printf(ber, "{it{tstON}N}", SEARCH_ID, LDAP_RES_INTERMEDIATE, LDAP_TAG_IM_RES_OID, LDAP_SYNC_INFO,
		LDAP_TAG_IM_RES_VALUE, &v) > 0);
	ber_free(value, 1);
	finish(s, ber);
}

/* control NULL: an entry without any. */
static void say_entry(struct script *s, const char *dn, BerElement *control)
{
	BerElement *ber = begin();
	struct berval v;

	assert_true(ber_printf(ber, "{it{s{{s[s]}N}N}", SEARCH_ID, LDAP_RES_SEARCH_ENTRY, dn, "uid", "x") > 0);
	if (control) {
		assert_int_equal(ber_flatten2(control, &v, 0), 0);
		assert_true(ber_printf(ber, "t{{sO}}", LDAP_TAG_CONTROLS, LDAP_CONTROL_SYNC_STATE, &v) > 0);
		ber_free(control, 1);
	}
	assert_true(ber_printf(ber, "N}") >= 0);
	finish(s, ber);
}

static BerElement *state_of(int state, const char *uuid, int length)
{
	BerElement *ber = begin();

	assert_true(ber_printf(ber, "{eo}", state, uuid, (ber_len_t)length) > 0);
	return ber;
}

static void say_end(struct script *s, int code)
{
	BerElement *ber = begin();

	assert_true(ber_printf(ber, "{it{ess}}", SEARCH_ID, LDAP_RES_SEARCH_RESULT, code, "", "said") > 0);
	finish(s, ber);
}

/* ---- the server ---- */

static void write_all(int fd, const struct berval *v)
{
	if (write(fd, v->bv_val, v->bv_len) != (ssize_t)v->bv_len)
		_exit(1);
}

static void serve(int fd, const struct script *s)
{
	BerElement *ber = ber_alloc_t(LBER_USE_DER);
	struct berval bound;
	char buffer[2000];
	int c = accept(fd, NULL, NULL);

	if (c < 0 || read(c, buffer, sizeof(buffer)) <= 0)
		_exit(1);
	if (ber_printf(ber, "{it{ess}}", 1, LDAP_RES_BIND, LDAP_SUCCESS, "", "") < 0 || ber_flatten2(ber, &bound, 0) < 0)
		_exit(1);
	write_all(c, &bound);
	ber_free(ber, 1);
	if (read(c, buffer, sizeof(buffer)) <= 0)
		_exit(1);
	for (size_t i = 0; i < s->n; i++)
		write_all(c, &s->messages[i]);
	while (read(c, buffer, sizeof(buffer)) > 0)
		;
	_exit(0);
}

static void answer(int c, BerElement *ber)
{
	struct berval v;

	if (ber_flatten2(ber, &v, 0) < 0)
		_exit(1);
	write_all(c, &v);
	ber_free(ber, 1);
}

static void answer_root(int c, int id)
{
	BerElement *ber = begin();

	ber_printf(ber, "{it{s{{s[s]}N}N}N}", id, LDAP_RES_SEARCH_ENTRY, "", "supportedControl", LDAP_CONTROL_PAGEDRESULTS);
	answer(c, ber);
	ber = begin();
	ber_printf(ber, "{it{ess}}", id, LDAP_RES_SEARCH_RESULT, LDAP_SUCCESS, "", "");
	answer(c, ber);
}

static void answer_page(int c, int id, const struct script *s, size_t page)
{
	BerElement *ber = begin(), *control = begin();
	size_t at = 0;
	char cookie[40];
	struct berval v;

	while (at < page && s->cookies[at + 1])
		at++;
	if (s->attribute) {
		ber_printf(ber, "{it{s{{s[s]}N{s[s]}N}N}N}", id, LDAP_RES_SEARCH_ENTRY, "uid=x", "entryUUID",
			"01234567-89ab-cdef-0123-456789abcdef", s->attribute, "20260101000000Z");
		answer(c, ber);
		ber = begin();
	}
	snprintf(cookie, sizeof(cookie), "%s%.0zu", s->another ? "page " : s->cookies[at], s->another ? page + 1 : 0);
	ber_printf(control, "{is}", 0, cookie);
	ber_flatten2(control, &v, 0);
	ber_printf(ber, "{it{ess}t{{sO}}}", id, LDAP_RES_SEARCH_RESULT, LDAP_SUCCESS, "", "", LDAP_TAG_CONTROLS,
		LDAP_CONTROL_PAGEDRESULTS, &v);
	ber_free(control, 1);
	answer(c, ber);
}

/* The bind is 1, the root 2; then each search gets its page. */
static void serve_pages(int fd, const struct script *s)
{
	BerElement *ber = begin();
	char buffer[4000];
	int c = accept(fd, NULL, NULL);

	if (c < 0 || read(c, buffer, sizeof(buffer)) <= 0)
		_exit(1);
	ber_printf(ber, "{it{ess}}", 1, LDAP_RES_BIND, LDAP_SUCCESS, "", "");
	answer(c, ber);
	for (int id = 2; read(c, buffer, sizeof(buffer)) > 0; id++) {
		if (id == 2)
			answer_root(c, id);
		else
			answer_page(c, id, s, (size_t)id - 3);
	}
	_exit(0);
}

static void connect_to(struct fixture *f, struct script *s)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	static const char *const attributes[] = {"uid", NULL};
	struct error err;

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	f->arena = arena_new();
	snprintf(f->uri, sizeof(f->uri), "ldap://127.0.0.1:%d", ntohs(a.sin_port));
	f->uris[0] = f->uri;
	f->options = (struct directory_options){.name = "corp", .uris = f->uris, .people_base = "dc=x",
		.people_filter = "(uid=*)",
		.groups_base = "dc=x", .groups_filter = "(cn=*)", .member_attribute = "member", .group_name_attribute = "cn",
		.mail_attribute = "mail", .network_seconds = PATIENCE_MS / 1000, .id_attribute = "entryUUID"};
	f->server = fork();
	if (f->server == 0 && s->cookies[0])
		serve_pages(fd, s);
	if (f->server == 0)
		serve(fd, s);
	close(fd);
	for (size_t i = 0; i < s->n; i++)
		ber_memfree(s->messages[i].bv_val);
	f->feed = (struct feed){.protocol = feed_protocol(s->cookies[0] ? DIRECTORY_OTHER : DIRECTORY_OPENLDAP), .directory = &f->options,
		.person_attributes = attributes};
	assert_done(connection_open(&f->options, f->uri, NULL, &f->feed.connection, &err), err);
	assert_done(f->feed.protocol->begin(&f->feed, &err), err);
	assert_done(f->feed.protocol->start(&f->feed, MIRROR_PEOPLE, slice_c("cookie"), &err), err);
}

static void disconnect(struct fixture *f)
{
	int status;

	f->feed.protocol->end(&f->feed);
	connection_close(f->feed.connection);
	arena_free(f->arena);
	waitpid(f->server, &status, 0);
}

static struct sync_event next(struct fixture *f)
{
	struct sync_event e;
	struct error err = {0};
	int rc = f->feed.protocol->next(&f->feed, f->arena, PATIENCE_MS, &e, &err);

	if (rc != 1)
		fail_msg("no event but %d: %s", rc, err.detail);
	return e;
}

static void refuses_the_next(struct fixture *f, const char *what)
{
	struct sync_event e;
	struct error err;

	assert_refused(f->feed.protocol->next(&f->feed, f->arena, PATIENCE_MS, &e, &err), err, REASON_DIRECTORY);
	if (!strstr(err.detail, what))
		fail_msg("wanted \"%s\" in: %s", what, err.detail);
}

/* ---- tests ---- */

static void reads_every_kind_of_message(void **state)
{
	static const char uuid[] = "0123456789abcdef";
	struct script s = {.n = 0};
	struct fixture f;
	struct sync_event e;
	BerElement *ber = begin();

	(void)state;
	ber_printf(ber, "ts", LDAP_TAG_SYNC_NEW_COOKIE, "fresh");
	say_info(&s, ber);
	ber = begin();
	ber_printf(ber, "t{sb}", LDAP_TAG_SYNC_REFRESH_PRESENT, "half", 0);
	say_info(&s, ber);
	ber = begin();
	ber_printf(ber, "t{}", LDAP_TAG_SYNC_REFRESH_DELETE);
	say_info(&s, ber);
	ber = begin();
	ber_printf(ber, "t{b[oo]}", LDAP_TAG_SYNC_ID_SET, 1, uuid, (ber_len_t)16, uuid, (ber_len_t)16);
	say_info(&s, ber);
	say_entry(&s, "uid=x", state_of(LDAP_SYNC_ADD, uuid, 16));
	say_entry(&s, "uid=x", state_of(LDAP_SYNC_PRESENT, uuid, 16));
	say_entry(&s, "uid=x", state_of(LDAP_SYNC_DELETE, uuid, 16));
	say_end(&s, LDAP_SYNC_REFRESH_REQUIRED);
	connect_to(&f, &s);
	e = next(&f);
	assert_int_equal(e.what, SYNC_COOKIE);
	assert_slice_is(e.cookie, "fresh");
	e = next(&f);
	assert_int_equal(e.what, SYNC_PRESENT_PHASE_OVER);
	assert_false(e.refresh_done);
	assert_slice_is(e.cookie, "half");
	e = next(&f);
	assert_int_equal(e.what, SYNC_DELETE_PHASE_OVER);
	assert_true(e.refresh_done);            /* the default */
	assert_null(e.cookie.p);
	e = next(&f);
	assert_int_equal(e.what, SYNC_GONE);
	assert_int_equal(e.uuid_count, 2);
	assert_memory_equal(e.uuids[1], uuid, UUID_SIZE);
	e = next(&f);
	assert_int_equal(e.what, SYNC_ENTRY);
	assert_string_equal(e.entry.dn, "uid=x");
	assert_memory_equal(e.entry.uuid, uuid, UUID_SIZE);
	assert_slice_is(e.entry.attributes[0].values[0], "x");
	assert_int_equal(next(&f).what, SYNC_PRESENT);
	e = next(&f);
	assert_int_equal(e.what, SYNC_GONE);
	assert_int_equal(e.uuid_count, 1);
	e = next(&f);
	assert_int_equal(e.what, SYNC_AGAIN);
	disconnect(&f);
}

static void refuses_an_entry_with_a_state_that_is_not_right(void **state)
{
	struct script scripts[4] = {{.n = 0}};

	(void)state;
	say_entry(&scripts[0], "uid=x", NULL);
	say_entry(&scripts[1], "uid=x", state_of(LDAP_SYNC_ADD, "0123456789abcdef", 15));
	say_entry(&scripts[2], "uid=x", state_of(9, "0123456789abcdef", 16));
	say_entry(&scripts[3], "uid=x", begin());
	for (size_t i = 0; i < 4; i++) {
		struct fixture f;

		connect_to(&f, &scripts[i]);
		refuses_the_next(&f, "the state of an entry is not built");
		disconnect(&f);
	}
}

static void refuses_a_message_about_changes_that_is_not_right(void **state)
{
	struct script scripts[4] = {{.n = 0}};
	BerElement *ber = begin();

	(void)state;
	ber_printf(ber, "t{b[o]}", LDAP_TAG_SYNC_ID_SET, 1, "short", (ber_len_t)5);
	say_info(&scripts[0], ber);
	ber = begin();
	ber_printf(ber, "t{}", (ber_tag_t)0xa7);
	say_info(&scripts[1], ber);
	ber = begin();
	ber_printf(ber, "t{s}", LDAP_TAG_SYNC_ID_SET, "no set");
	say_info(&scripts[2], ber);
	say_info(&scripts[3], begin());
	for (size_t i = 0; i < 4; i++) {
		struct fixture f;

		connect_to(&f, &scripts[i]);
		refuses_the_next(&f, "a message about changes");
		disconnect(&f);
	}
}

static void passes_over_what_belongs_to_no_search_of_ours(void **state)
{
	struct script s = {.n = 0};
	struct fixture f;
	BerElement *ber = begin();

	(void)state;
	ber_printf(ber, "{it{ess}}", 77, LDAP_RES_SEARCH_RESULT, 0, "", "");
	finish(&s, ber);
	ber = begin();
	ber_printf(ber, "{it{s}}", SEARCH_ID, LDAP_RES_SEARCH_REFERENCE, "ldap://127.0.0.1:1/dc=x");
	finish(&s, ber);
	say_end(&s, 0);
	connect_to(&f, &s);
	for (;;) {
		struct sync_event e = next(&f);

		if (e.what == SYNC_ENDED)
			break;
		assert_int_equal(e.what, SYNC_OTHER);
	}
	disconnect(&f);
}

/* ---- a directory that is polled ---- */

static struct sync_event next_that_counts(struct fixture *f)
{
	struct sync_event e;

	do
		e = next(f);
	while (e.what == SYNC_OTHER);
	return e;
}

/* How many pages it took. */
static size_t refuses_at_last(struct fixture *f, const char *what)
{
	struct sync_event e;
	struct error err;
	size_t pages = 0;

	while (f->feed.protocol->next(&f->feed, f->arena, PATIENCE_MS, &e, &err) == 1) {
		assert_int_equal(e.what, SYNC_OTHER);
		if (++pages > 1000)
			fail_msg("goes on for ever");
	}
	assert_int_equal(err.reason, REASON_DIRECTORY);
	if (!strstr(err.detail, what))
		fail_msg("wanted \"%s\" in: %s", what, err.detail);
	return pages;
}

static void does_not_ask_for_empty_pages_for_ever(void **state)
{
	struct script same = {.cookies = {"a", "b", "b"}}, fresh = {.cookies = {"a"}, .another = true};
	struct fixture f;

	(void)state;
	connect_to(&f, &same);
	assert_in_range(refuses_at_last(&f, "does not go on"), 1, 3);
	disconnect(&f);
	connect_to(&f, &fresh);
	assert_in_range(refuses_at_last(&f, "does not go on"), 50, 200);
	disconnect(&f);
}

static void an_empty_page_in_between_does_no_harm(void **state)
{
	struct script s = {.cookies = {"a", "b", ""}};
	struct fixture f;

	(void)state;
	connect_to(&f, &s);
	assert_int_equal(next_that_counts(&f).what, SYNC_PRESENT_PHASE_OVER);
	disconnect(&f);
}

static void takes_no_part_of_the_values_for_all(void **state)
{
	struct script whole = {.cookies = {""}, .attribute = "modifyTimestamp"}, part = {.cookies = {""}, .attribute = "uid;range=0-1499"};
	struct fixture f;

	(void)state;
	connect_to(&f, &whole);
	assert_int_equal(next_that_counts(&f).what, SYNC_ENTRY);
	assert_int_equal(next_that_counts(&f).what, SYNC_PRESENT_PHASE_OVER);
	disconnect(&f);
	connect_to(&f, &part);
	refuses_the_next(&f, "uid=x: only a part of the values was sent (uid;range=0-1499): is this kind active-directory?");
	disconnect(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_kind_of_message),
		cmocka_unit_test(refuses_an_entry_with_a_state_that_is_not_right),
		cmocka_unit_test(refuses_a_message_about_changes_that_is_not_right),
		cmocka_unit_test(passes_over_what_belongs_to_no_search_of_ours),
		cmocka_unit_test(does_not_ask_for_empty_pages_for_ever),
		cmocka_unit_test(an_empty_page_in_between_does_no_harm),
		cmocka_unit_test(takes_no_part_of_the_values_for_all),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
