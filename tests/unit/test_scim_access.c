/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who may ask the SCIM server: bearer tokens, client secrets, and the access tokens that these buy. */
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/text.h"
#include "scim/scim.h"

#include <sys/stat.h>
#include <unistd.h>

#define NOW INT64_C(1795867200)
#define FORM "application/x-www-form-urlencoded"

static char folder[40], key_path[60];
static char token[SCIM_TOKEN_SIZE], secret[SCIM_TOKEN_SIZE], next_secret[SCIM_TOKEN_SIZE];
static struct scim_callers callers;
static struct scim_grant granted;
static struct arena *a;
static struct error err;

static int make(void **state)
{
	(void)state;
	a = arena_new();
	clock_set(NOW);
	snprintf(folder, sizeof(folder), "/tmp/test_scim_access.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(key_path, sizeof(key_path), "%s/access.key", folder);
	callers = (struct scim_callers){.n = 3};
	scim_token_make(SCIM_TOKEN, "one", NOW, token, &callers.list[0]);
	scim_token_make(SCIM_SECRET, "two", NOW, secret, &callers.list[1]);
	scim_token_make(SCIM_SECRET, "three", NOW, next_secret, &callers.list[2]);
	return scim_access_key(a, key_path, &callers.key, &err);
}

static int drop(void **state)
{
	(void)state;
	unlink(key_path);
	rmdir(folder);
	arena_free(a);
	clock_set(0);
	return 0;
}

/* ---- tokens ---- */

static const char *bearer(const char *text)
{
	return arena_printf(a, "Bearer %s", text);
}

static void a_token_is_known_by_its_hash_alone(void **state)
{
	struct scim_callers back = {.key = callers.key};
	struct slice file = scim_tokens_write(a, callers.list, callers.n);

	(void)state;
	assert_string_not_equal(secret, next_secret);
	assert_null(memmem(file.p, file.n, token, strlen(token)));
	assert_null(memmem(file.p, file.n, secret, strlen(secret)));
	assert_done(scim_tokens_read(a, file, back.list, &back.n, &err), err);
	assert_int_equal(back.n, 3);
	assert_string_equal(scim_caller(a, &back, bearer(token)), "one");
	assert_string_equal(scim_caller(a, &back, arena_printf(a, "bearer  %s", token)), "one");
	assert_string_equal(scim_token_find(back.list, back.n, SCIM_SECRET, slice_c(next_secret))->name, "three");
	assert_null(scim_caller(a, &back, NULL));
	assert_null(scim_caller(a, &back, token));
	assert_null(scim_caller(a, &back, "Bearer "));
	assert_null(scim_caller(a, &back, "Bearer"));
	assert_null(scim_caller(a, &back, arena_printf(a, "Basic %s", token)));
	/* a client's secret is no token */
	assert_null(scim_caller(a, &back, bearer(secret)));
	token[20] = token[20] == 'A' ? 'B' : 'A';
	assert_null(scim_caller(a, &back, bearer(token)));
	back.n = 0;
	assert_null(scim_caller(a, &back, bearer(secret)));
}

static void a_file_of_tokens_that_is_not_right_is_refused(void **state)
{
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TIME " 2026-11-24T13:19:16Z"
#define AT TIME "\n"
	static const char *const bad[] = {
		"one\n", "one " HASH "\n", "one " HASH "0" AT, "o/ne " HASH AT, "one " HASH AT "one " HASH AT, "a " HASH AT "b " HASH AT "c " HASH AT,
		"one x" HASH AT, "one " HASH " yesterday\n", "one " HASH TIME " more\n", "one " HASH TIME " secret more\n",
		"one " HASH AT "one " HASH TIME " secret\n", "a " HASH TIME " secret\nb " HASH TIME " secret\nc " HASH TIME " secret\n",
	};
	struct scim_token list[SCIM_TOKENS_MAX];
	size_t n;

	(void)state;
	assert_done(scim_tokens_read(a, slice_c("# none\n\n"), list, &n, &err), err);
	assert_int_equal(n, 0);
	assert_done(scim_tokens_read(a, slice_c("a " HASH AT "b " HASH TIME " secret\nc " HASH AT "d " HASH TIME " secret\n"), list, &n, &err), err);
	assert_int_equal(n, 4);
	assert_int_equal(list[3].kind, SCIM_SECRET);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_refused(scim_tokens_read(a, slice_c(bad[i]), list, &n, &err), err, REASON_SETTINGS);
}

/* ---- access tokens ---- */

static const char *basic(const char *id, const char *password)
{
	struct text t;

	text_begin(&t, a, 128);
	text_add_c(&t, "Basic ");
	text_add_base64(&t, slice_c(arena_printf(a, "%s:%s", id, password)));
	return text_slice(&t).p;
}

static void ask(const char *authorization, const char *type, const char *body)
{
	const struct scim_grant_request request = {.authorization = authorization, .content_type = type, .body = slice_c(body)};

	scim_grant(a, &callers, &request, &granted);
	assert_non_null(granted.body.p);
}

/* The access token of the answer. */
static const char *bought(void)
{
	static const char before[] = "{\"access_token\":\"";
	const char *begin = granted.body.p + strlen(before);

	assert_int_equal(granted.status, 200);
	assert_null(granted.error);
	assert_true(slice_begins(granted.body, before));
	return arena_copy(a, slice_of(begin, strcspn(begin, "\"")));
}

static void refused(int status, const char *error)
{
	assert_int_equal(granted.status, status);
	assert_string_equal(granted.error, error);
	assert_non_null(memmem(granted.body.p, granted.body.n, error, strlen(error)));
	assert_null(memmem(granted.body.p, granted.body.n, "access_token\"", 13));
}

#define GRANT "grant_type=client_credentials"

static void a_client_proves_who_it_is_in_either_way(void **state)
{
	(void)state;
	ask(basic(SCIM_CLIENT, secret), FORM, GRANT);
	assert_string_equal(scim_caller(a, &callers, bearer(bought())), "two");
	assert_string_equal(granted.name, "two");
	assert_non_null(memmem(granted.body.p, granted.body.n, "\"token_type\":\"Bearer\",\"expires_in\":3600", 39));
	ask(NULL, FORM, arena_printf(a, "client_id=" SCIM_CLIENT "&client_secret=%s&scope=any&" GRANT, next_secret));
	assert_string_equal(scim_caller(a, &callers, bearer(bought())), "three");
	/* encoded ahead of base64, and the id twice */
	ask(basic("%70ostern", secret), FORM, "client_id=" SCIM_CLIENT "&client_secret=&" GRANT);
	bought();
}

static void whoever_is_no_client_gets_nothing(void **state)
{
	(void)state;
	ask(NULL, FORM, GRANT);
	refused(401, "invalid_client");
	assert_null(granted.name);
	ask(basic(SCIM_CLIENT, "guessed"), FORM, GRANT);
	refused(401, "invalid_client");
	ask(basic("other", secret), FORM, GRANT);
	refused(401, "invalid_client");
	ask(basic(SCIM_CLIENT, ""), FORM, GRANT);
	refused(401, "invalid_client");
	/* a token is no secret, nor is what was bought */
	ask(basic(SCIM_CLIENT, token), FORM, GRANT);
	refused(401, "invalid_client");
	ask(bearer(token), FORM, GRANT);
	refused(401, "invalid_client");
	ask("Basic cG9zdGVybg==", FORM, GRANT);
	refused(401, "invalid_client");
	ask("Basic *", FORM, GRANT);
	refused(401, "invalid_client");
	ask(NULL, FORM, arena_printf(a, "client_secret=%s&" GRANT, secret));
	refused(401, "invalid_client");
}

static void a_request_that_is_not_right_is_told_so(void **state)
{
	(void)state;
	ask(basic(SCIM_CLIENT, secret), "application/json", "{}");
	refused(400, "invalid_request");
	ask(basic(SCIM_CLIENT, secret), NULL, GRANT);
	refused(400, "invalid_request");
	ask(basic(SCIM_CLIENT, secret), FORM, GRANT "&" GRANT);
	refused(400, "invalid_request");
	ask(basic(SCIM_CLIENT, secret), FORM, "grant_type=%zz");
	refused(400, "invalid_request");
	ask(basic(SCIM_CLIENT, secret), FORM, arena_printf(a, "client_secret=%s&" GRANT, secret));
	refused(400, "invalid_request");
	ask(basic(SCIM_CLIENT, secret), FORM, "client_id=other&" GRANT);
	refused(400, "invalid_request");
	ask(basic(SCIM_CLIENT, secret), FORM, "scope=x");
	refused(400, "invalid_request");
	/* who it is was said well: no guess */
	assert_string_equal(granted.name, "two");
	ask(basic(SCIM_CLIENT, secret), FORM, "grant_type=password");
	refused(400, "unsupported_grant_type");
	/* what is wrong with a grant is no business of others */
	ask(basic(SCIM_CLIENT, "guessed"), FORM, "grant_type=password");
	refused(401, "invalid_client");
}

static void an_access_token_ends(void **state)
{
	const char *access;

	(void)state;
	ask(basic(SCIM_CLIENT, secret), FORM, GRANT);
	access = bought();
	clock_set(NOW + SCIM_ACCESS_SECONDS - 1);
	assert_non_null(scim_caller(a, &callers, bearer(access)));
	assert_false(scim_access_ended(a, &callers, bearer(access)));
	clock_set(NOW + SCIM_ACCESS_SECONDS);
	assert_null(scim_caller(a, &callers, bearer(access)));
	/* which is told apart from a guess */
	assert_true(scim_access_ended(a, &callers, bearer(access)));
	assert_false(scim_access_ended(a, &callers, bearer(token)));
	assert_false(scim_access_ended(a, &callers, NULL));
	/* of a clock that was wrong */
	clock_set(NOW - 1);
	assert_null(scim_caller(a, &callers, bearer(access)));
}

static void an_access_token_dies_with_its_secret(void **state)
{
	const char *access;

	(void)state;
	ask(basic(SCIM_CLIENT, secret), FORM, GRANT);
	access = bought();
	/* another secret under the old name is another one */
	scim_token_make(SCIM_SECRET, "two", NOW, secret, &callers.list[1]);
	assert_null(scim_caller(a, &callers, bearer(access)));
	ask(basic(SCIM_CLIENT, next_secret), FORM, GRANT);
	access = bought();
	callers.list[1] = callers.list[2];
	callers.n = 2;
	assert_string_equal(scim_caller(a, &callers, bearer(access)), "three");
	callers.n = 1;
	assert_null(scim_caller(a, &callers, bearer(access)));
}

static void nobody_makes_an_access_token_without_the_key(void **state)
{
	struct scim_callers other = callers;
	char *changed;

	(void)state;
	memset(other.key.bytes, 7, sizeof(other.key.bytes));
	ask(basic(SCIM_CLIENT, secret), FORM, GRANT);
	assert_null(scim_caller(a, &other, bearer(bought())));
	for (size_t i = 0; i < strlen(bought()); i++) {
		changed = arena_strdup(a, bought());
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		assert_null(scim_caller(a, &callers, bearer(changed)));
	}
	assert_null(scim_caller(a, &callers, bearer("postern_access_")));
	assert_null(scim_caller(a, &callers, bearer("postern_access_AAAA")));
}

static void the_key_outlives_a_restart_and_is_nobodys_else(void **state)
{
	struct scim_callers again = callers;
	struct stat st;

	(void)state;
	ask(basic(SCIM_CLIENT, secret), FORM, GRANT);
	memset(&again.key, 0, sizeof(again.key));
	assert_done(scim_access_key(a, key_path, &again.key, &err), err);
	assert_string_equal(scim_caller(a, &again, bearer(bought())), "two");
	assert_int_equal(stat(key_path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(truncate(key_path, 31), 0);
	assert_refused(scim_access_key(a, key_path, &again.key, &err), err, REASON_FILE);
	unlink(key_path);
	assert_done(scim_access_key(a, key_path, &again.key, &err), err);
	assert_null(scim_caller(a, &again, bearer(bought())));
}

#define T(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_token_is_known_by_its_hash_alone), T(a_file_of_tokens_that_is_not_right_is_refused),
		T(a_client_proves_who_it_is_in_either_way), T(whoever_is_no_client_gets_nothing), T(a_request_that_is_not_right_is_told_so),
		T(an_access_token_ends), T(an_access_token_dies_with_its_secret), T(nobody_makes_an_access_token_without_the_key),
		T(the_key_outlives_a_restart_and_is_nobodys_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
