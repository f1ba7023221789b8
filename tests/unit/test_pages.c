/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/pages.c: what a person reads, and what an attacker cannot put there. */
#include "tests/unit/unit.h"

#include "base/text.h"
#include "tests/unit/start_pages.h"

static struct arena *a;
static struct http_exchange *x;

static int begin(void **state)
{
	(void)state;
	a = arena_new();
	x = arena_alloc(a, sizeof(*x));
	x->arena = a;
	start_pages(a);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

static bool page_has(const char *text)
{
	return strstr(arena_copy(a, x->reply_body), text) != NULL;
}

static void tells_reason_id_whom_to_ask_and_a_way_back(void **state)
{
	struct page_refusal page = {.reason = REASON_DENIED_BY_DEFAULT, .id = "k7qf-2m9x-w4ta", .ask = "it@example.org", .back = "https://site.example/"};

	(void)state;
	page_refusal(x, &page);
	assert_int_equal(x->status, 403);
	assert_true(page_has(reason_sentence(REASON_DENIED_BY_DEFAULT)));
	assert_true(page_has("k7qf-2m9x-w4ta"));
	assert_true(page_has("<bdi><a href=\"mailto:it@example.org\">it@example.org</a></bdi> and give the id below.</p>"));
	assert_true(page_has("href=\"https://site.example/\""));
	assert_true(page_has("denied-by-default"));
	assert_true(page_has("<html lang=\"en\" dir=\"ltr\">"));
	assert_true(page_has("<title>You cannot be signed on</title>"));
	assert_false(page_has("{{"));
	assert_false(page_has("<script"));
	assert_false(page_has("You are in these groups"));
	assert_non_null(x->style_hash);
	assert_null(x->form_action);
}

static void error_page_escapes_input(void **state)
{
	const char *groups[] = {"<img src=x>", NULL};
	struct page_refusal page = {.reason = REASON_WRONG_SITE, .sentence = "<script>alert(1)</script>", .id = "\"><b>", .ask = "<i>@x", .back = "\"onclick=\"",
		.groups = groups};

	(void)state;
	page_refusal(x, &page);
	assert_true(page_has("&lt;script&gt;alert(1)&lt;/script&gt;"));
	assert_true(page_has("<li>&lt;img src=x&gt;</li>"));
	assert_false(page_has("<script"));
	assert_false(page_has("<b>"));
	assert_false(page_has("<i>"));
	assert_false(page_has("\"onclick"));
}

static void asks_by_links_and_escapes_their_words(void **state)
{
	const struct page_choice choices[] = {{"Example <b>&</b> Co", "https://sso.example.org/choose/1/entra"}, {"Fabrikam", "\"><script>"}};

	(void)state;
	page_choose(x, choices, 2);
	assert_int_equal(x->status, 200);
	assert_true(page_has("<nav aria-label=\"Organisations\">"));
	assert_true(page_has("<a class=\"button\" href=\"https://sso.example.org/choose/1/entra\">Example &lt;b&gt;&amp;&lt;/b&gt; Co</a>"));
	assert_true(page_has("href=\"&quot;&gt;&lt;script&gt;\""));
	assert_false(page_has("<script"));
	assert_false(page_has("<form"));
	assert_null(x->form_action);
}

static void shows_what_the_identity_provider_gave_as_its_reason(void **state)
{
	const struct saml_refusal known = {"53003", "6f0c3a52-8f6a-4d0b-9a55-2f5d1c7e0b00", "2026-11-24 13:19:16Z"}, unknown = {.code = "90072"};
	struct page_refusal page = {.reason = REASON_STATUS_NOT_SUCCESS, .provider = &known};

	(void)state;
	page_refusal(x, &page);
	assert_true(page_has("<code>AADSTS53003</code>"));
	assert_true(page_has(page_code_sentence("53003")));
	assert_true(page_has("<code>6f0c3a52-8f6a-4d0b-9a55-2f5d1c7e0b00</code>"));
	page.provider = &unknown;
	page_refusal(x, &page);
	assert_true(page_has("<code>AADSTS90072</code>"));
	assert_true(page_has(reason_sentence(REASON_STATUS_NOT_SUCCESS)));
	assert_false(page_has("trace id"));
	page.provider = NULL;
	page_refusal(x, &page);
	assert_false(page_has("AADSTS"));
	assert_null(page_code_sentence("9007"));
	assert_null(page_code_sentence(""));
}

static void leaves_out_what_there_is_not(void **state)
{
	struct page_refusal page = {.reason = REASON_NO_SUCH_PAGE};

	(void)state;
	page_refusal(x, &page);
	assert_int_equal(x->status, 404);
	assert_false(page_has("Please ask"));
	assert_false(page_has("class=\"button\""));
	assert_false(page_has("<dt>Id</dt>"));
}

static void speaks_of_an_id_only_where_there_is_one(void **state)
{
	struct page_refusal page = {.reason = REASON_INTERNAL, .ask = "the help desk"};

	(void)state;
	page_refusal(x, &page);
	assert_true(page_has("<p>Please ask <bdi>the help desk</bdi>.</p>"));
}

static void asks_to_come_back_when_it_is_not_ready(void **state)
{
	struct page_refusal page = {.reason = REASON_NOT_READY};

	(void)state;
	page_refusal(x, &page);
	assert_int_equal(x->status, 503);
	assert_string_equal(x->retry_after, "30");
}

static void relay_state_never_a_link(void **state)
{
	static const char *const states[] = {
		"javascript:alert(1)", "//evil.example", "///evil.example", "\\\\evil.example", "http:evil", "\"><script>alert(1)</script>", "'&<>\r\n\t",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(states) / sizeof(*states); i++) {
		struct text escaped;

		page_post(x, PAGE_SIGNED_ON, &(struct page_post){"https://auth.example/acs?c=1&d=\"", "PHg+", slice_c(states[i])});
		text_begin(&escaped, a, 64);
		text_add_html(&escaped, slice_c(states[i]));
		assert_true(page_has(arena_printf(a, "<input type=\"hidden\" name=\"RelayState\" value=\"%s\">", escaped.p)));
		assert_true(page_has("action=\"https://auth.example/acs?c=1&amp;d=&quot;\""));
		assert_false(page_has("href="));
		assert_true(page_has("<button type=\"submit\">"));
		assert_string_equal(x->form_action, "https:");
		assert_non_null(x->script_hash);
	}
}

static void sends_no_relay_state_when_there_was_none(void **state)
{
	(void)state;
	page_post(x, PAGE_SIGNED_ON, &(struct page_post){"https://auth.example/acs", "PHg+", {0}});
	assert_false(page_has("RelayState"));
	page_post(x, PAGE_SIGNED_ON, &(struct page_post){"https://auth.example/acs", "PHg+", slice_c("")});
	assert_true(page_has("name=\"RelayState\" value=\"\""));
}

static void continues_where_told(void **state)
{
	(void)state;
	page_continue(x, "https://sso.example/go/help?a=1&b=2");
	assert_int_equal(x->status, 200);
	assert_true(page_has("href=\"https://sso.example/go/help?a=1&amp;b=2\""));
}

static void a_refusal_can_hold_a_response_to_take_back(void **state)
{
	struct page_refusal page = {.reason = REASON_DENIED_BY_DEFAULT, .id = "k7qf-2m9x-w4ta"};

	(void)state;
	page_refusal(x, &page);
	assert_false(page_has("<form"));
	assert_null(x->form_action);
	page.post = (struct page_post){"https://auth.example/acs?c=1&d=\"", "PHg+", slice_c("\"><b>")};
	page_refusal(x, &page);
	assert_int_equal(x->status, 403);
	assert_true(page_has("<form method=\"post\" action=\"https://auth.example/acs?c=1&amp;d=&quot;\">"));
	assert_true(page_has("name=\"SAMLResponse\" value=\"PHg+\""));
	assert_true(page_has("name=\"RelayState\" value=\"&quot;&gt;&lt;b&gt;\""));
	assert_string_equal(x->form_action, "https:");
	/* the person reads why before anything is sent */
	assert_false(page_has("<script"));
	assert_null(x->script_hash);
	page.post.relay_state = (struct slice){0};
	page_refusal(x, &page);
	assert_false(page_has("RelayState"));
}

static void speaks_the_language_that_the_browser_asks_for(void **state)
{
	struct page_refusal page = {.reason = REASON_DENIED_BY_DEFAULT, .id = "k7qf-2m9x-w4ta", .ask = "it@example.org", .back = "https://x.example/"};

	(void)state;
	x->accept_language = "de-CH,de;q=0.9,en;q=0.7";
	page_refusal(x, &page);
	assert_true(page_has("<html lang=\"de\" dir=\"ltr\">"));
	assert_true(page_has("<title>Sie können nicht angemeldet werden</title>"));
	assert_true(page_has("<h1>Sie können nicht angemeldet werden</h1>"));
	assert_true(page_has(">Keine Regel Ihrer Organisation gibt Ihnen Zugang.</p>"));
	assert_true(page_has("<p>Bitte wenden Sie sich an <bdi><a href=\"mailto:it@example.org\">it@example.org</a></bdi> und nennen Sie"));
	assert_true(page_has(">Zurück zum Anfang</a>"));
	assert_true(page_has("<dt>Grund</dt><dd><code>denied-by-default</code>"));
	x->accept_language = "ar";
	page_refusal(x, &page);
	assert_true(page_has("<html lang=\"ar\" dir=\"rtl\">"));
	x->accept_language = "tlh, *;q=0.1";
	page_refusal(x, &page);
	assert_true(page_has("<html lang=\"en\" dir=\"ltr\">"));
	assert_true(page_has("No rule of your organisation gives you access."));
}

/* Everything that stands in a template or in C is translated: none of the English words is left. */
static void no_page_is_half_translated(void **state)
{
	static const char *const english[] = {">Continue<", ">Id<", ">Reason<", ">Time<", "Please", "You ", "Sign", "trace id", "Back", "Organisations"};
	const struct saml_refusal refusal = {"53003", "6f0c3a52-8f6a-4d0b-9a55-2f5d1c7e0b00", "2026-11-24 13:19:16Z"};
	const char *groups[] = {"g", NULL}, *providers[] = {"a", "b", NULL};
	const struct page_logout_place place = {"Jira", "https://x.example/"};
	const struct page_post post = {"https://x.example/", "PHg+", {0}};
	struct languages languages;

	(void)state;
	languages_start(a, &languages);
	for (size_t i = 1; i < languages.count; i++) {
		const char *tag = x->accept_language = languages.list[i].tag;

		for (int kind = 0; kind < 6; kind++) {
			switch (kind) {
			case 0: page_refusal(x, &(struct page_refusal){REASON_STATUS_NOT_SUCCESS, .id = "i", .ask = "w", .back = "https://x.example/",
					.groups = groups, .provider = &refusal, .post = post}); break;
			case 1: page_post(x, PAGE_NOT_SIGNED_ON, &post); break;
			case 2: page_continue(x, "https://x.example/"); break;
			case 3: page_choose(x, &(struct page_choice){"o", "https://x.example/"}, 1); break;
			case 4: page_logout(x, &(struct page_logout){PAGE_LOGOUT_ASK, "t", providers, &place, 1}); break;
			default: page_logout_done(x);
			}
			for (size_t j = 0; j < sizeof(english) / sizeof(*english); j++) {
				if (page_has(english[j]) && !(strcmp(tag, "fr") == 0 && strcmp(english[j], "Organisations") == 0))
					fail_msg("%s, page %d: %s is left: %s", tag, kind, english[j], arena_copy(a, x->reply_body));
			}
		}
	}
}

static void what_posts_by_itself_says_whether_it_is_good_news(void **state)
{
	const struct page_post post = {"https://auth.example/acs", "PHg+", {0}};

	(void)state;
	page_post(x, PAGE_SIGNED_ON, &post);
	assert_true(page_has("<h1>You are signed on</h1>"));
	page_post(x, PAGE_NOT_SIGNED_ON, &post);
	assert_true(page_has("<h1>You are not signed on</h1>"));
	assert_non_null(x->script_hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tells_reason_id_whom_to_ask_and_a_way_back, begin, end),
		cmocka_unit_test_setup_teardown(error_page_escapes_input, begin, end),
		cmocka_unit_test_setup_teardown(asks_by_links_and_escapes_their_words, begin, end),
		cmocka_unit_test_setup_teardown(shows_what_the_identity_provider_gave_as_its_reason, begin, end),
		cmocka_unit_test_setup_teardown(leaves_out_what_there_is_not, begin, end),
		cmocka_unit_test_setup_teardown(speaks_of_an_id_only_where_there_is_one, begin, end),
		cmocka_unit_test_setup_teardown(asks_to_come_back_when_it_is_not_ready, begin, end),
		cmocka_unit_test_setup_teardown(relay_state_never_a_link, begin, end),
		cmocka_unit_test_setup_teardown(sends_no_relay_state_when_there_was_none, begin, end),
		cmocka_unit_test_setup_teardown(continues_where_told, begin, end),
		cmocka_unit_test_setup_teardown(a_refusal_can_hold_a_response_to_take_back, begin, end),
		cmocka_unit_test_setup_teardown(speaks_the_language_that_the_browser_asks_for, begin, end),
		cmocka_unit_test_setup_teardown(no_page_is_half_translated, begin, end),
		cmocka_unit_test_setup_teardown(what_posts_by_itself_says_whether_it_is_good_news, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
