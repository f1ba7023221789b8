/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pages from templates that are compiled in. */
#include "gateway/pages.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/text.h"

#include <openssl/evp.h>

extern const char page_refusal_html[], page_post_html[], page_continue_html[], page_choose_html[], page_logout_html[],
	page_logout_done_html[], page_style_css[], page_post_js[];

static char style_hash[64], script_hash[64];
static const char *post_form_action = "https:";

struct value {
	const char *name;
	struct slice text;
};

static void hash_of(const char *text, char out[64])
{
	unsigned char digest[32];
	struct arena *a = arena_new();
	struct text t;

	if (EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL) != 1)
		abort();
	text_begin(&t, a, 64);
	text_add_base64(&t, slice_of(digest, sizeof(digest)));
	snprintf(out, 64, "'sha256-%s'", t.p);
	arena_free(a);
}

void pages_start(const char *form_action)
{
	hash_of(page_style_css, style_hash);
	hash_of(page_post_js, script_hash);
	post_form_action = form_action;
}

static struct slice find(const struct value *values, struct slice name)
{
	for (; values->name; values++) {
		if (slice_is(name, values->name))
			return values->text;
	}
	abort();                        /* a template of ours names what nobody gives */
}

/* One `{{…}}` of the template, at its opening; returns what follows it. */
static const char *expand_one(struct text *t, const char *at, const struct value *values)
{
	const char *end = strstr(at, "}}");
	char kind = at[2];
	const char *name_at = at + 2 + (kind == '!' || kind == '?' || kind == '/');
	struct slice name, value;

	if (!end)
		abort();
	name = slice_of(name_at, (size_t)(end - name_at));
	end += 2;
	if (kind == '/')
		return end;
	value = find(values, name);
	if (kind == '?') {
		char closing[64];
		const char *after;

		snprintf(closing, sizeof(closing), "{{/%.*s}}", (int)name.n, name.p);
		after = strstr(end, closing);
		if (!after)
			abort();
		return value.p ? end : after + strlen(closing);
	}
	if (kind == '!')
		text_add(t, value);
	else
		text_add_html(t, value);
	return end;
}

static void show(struct http_exchange *x, int status, const char *template, const struct value *values)
{
	const char *at, *next;
	struct text t;

	text_begin(&t, x->arena, 16384);
	for (at = template; (next = strstr(at, "{{")); at = expand_one(&t, next, values))
		text_add(&t, slice_of(at, (size_t)(next - at)));
	text_add_c(&t, at);
	x->status = status;
	x->reply_type = "text/html; charset=utf-8";
	x->reply_body = text_slice(&t);
	x->style_hash = style_hash;
	x->location = NULL;
}

/* A mail address and an https address become links; other words stay words. */
static struct slice ask_html(struct arena *a, const char *ask)
{
	bool is_url = strncmp(ask, "https://", 8) == 0, is_mail = !is_url && strchr(ask, '@') && !strpbrk(ask, " \t<>\"?&");
	struct text t;

	text_begin(&t, a, 128);
	if (is_url || is_mail) {
		text_add_c(&t, "<a href=\"");
		text_add_c(&t, is_mail ? "mailto:" : "");
		text_add_html(&t, slice_c(ask));
		text_add_c(&t, "\">");
	}
	text_add_html(&t, slice_c(ask));
	if (is_url || is_mail)
		text_add_c(&t, "</a>");
	return text_slice(&t);
}

static struct slice groups_html(struct arena *a, const char *const *groups)
{
	struct text t;

	text_begin(&t, a, 256);
	for (; *groups; groups++) {
		text_add_c(&t, "<li>");
		text_add_html(&t, slice_c(*groups));
		text_add_c(&t, "</li>");
	}
	return text_slice(&t);
}

static const char *title_of(enum reason reason)
{
	int status = reason_status(reason);

	if (reason == REASON_NO_SUCH_PAGE || reason == REASON_NO_SUCH_LINK)
		return "There is nothing here";
	if (strncmp(reason_word(reason), "logout-", 7) == 0)
		return "This sign-out did not work";
	if (reason == REASON_COOKIE_MISSING)
		return "Your browser did not keep the sign-on";
	if (status == 503)
		return "Please try again in a minute";
	return status == 403 ? "You cannot be signed on" : "This sign-on did not work";
}

const char *page_code_sentence(const char *digits)
{
	static const struct {
		const char *digits, *sentence;
	} codes[] = {
#define ENTRA_CODE(digits, person, administrator) {#digits, person},
#include "gateway/entra_codes.def"
	};
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		if (strcmp(codes[i].digits, digits) == 0)
			return codes[i].sentence;
	}
	return NULL;
}

/* A field of the provider's refusal; nothing where it is empty. */
static struct slice said(const char *text)
{
	return text && *text ? slice_c(text) : (struct slice){0};
}

static const char *sentence_of(const struct page_refusal *page)
{
	const char *known = page->provider && *page->provider->code ? page_code_sentence(page->provider->code) : NULL;

	return page->sentence ? page->sentence : known ? known : reason_sentence(page->reason);
}

void page_refusal(struct http_exchange *x, const struct page_refusal *page)
{
	static const struct saml_refusal nothing;
	const struct saml_refusal *provider = page->provider ? page->provider : &nothing;
	char time[21];
	const struct value values[] = {
		{"title", slice_c(title_of(page->reason))},
		{"sentence", slice_c(sentence_of(page))},
		{"code", said(provider->code)},
		{"trace", said(provider->trace)},
		{"their_time", said(provider->time)},
		{"ask", page->ask ? ask_html(x->arena, page->ask) : (struct slice){0}},
		{"groups", page->groups && page->groups[0] ? groups_html(x->arena, page->groups) : (struct slice){0}},
		{"back", slice_c(page->back)},
		{"back_text", slice_c(reason_status(page->reason) == 403 ? "Back to the start" : "Start again")},
		/* base64 has no letter that HTML escapes */
		{"acs", slice_c(page->post.acs)}, {"response", slice_c(page->post.response)},
		{"relay_state", page->post.relay_state}, {"has_relay_state", page->post.relay_state},
		{"id", slice_c(page->id)},
		{"reason", slice_c(reason_word(page->reason))},
		{"time", {time, 20}},
		{"style", slice_c(page_style_css)},
		{0},
	};

	time_write(clock_now(), time);
	show(x, reason_status(page->reason), page_refusal_html, values);
	if (x->status == 503)
		x->retry_after = "30";
	if (page->post.response)
		x->form_action = post_form_action;
}

void page_post(struct http_exchange *x, enum page_words words, const struct page_post *post)
{
	static const struct { const char *title, *heading; } says[] = {
		[PAGE_SIGNED_ON] = {"Signing you on", "You are signed on"},
		[PAGE_NOT_SIGNED_ON] = {"Going back", "You are not signed on"},
	};
	const struct value values[] = {
		{"title", slice_c(says[words].title)}, {"heading", slice_c(says[words].heading)},
		{"acs", slice_c(post->acs)}, {"response", slice_c(post->response)},
		{"relay_state", post->relay_state}, {"has_relay_state", post->relay_state},
		{"style", slice_c(page_style_css)}, {"script", slice_c(page_post_js)}, {0},
	};

	show(x, 200, page_post_html, values);
	x->script_hash = script_hash;
	x->form_action = post_form_action;
}

void page_continue(struct http_exchange *x, const char *to)
{
	const struct value values[] = {{"to", slice_c(to)}, {"style", slice_c(page_style_css)}, {0}};

	show(x, 200, page_continue_html, values);
}

void page_choose(struct http_exchange *x, const struct page_choice *choices, size_t n)
{
	struct text list;
	struct value values[] = {{"choices", {0}}, {"style", slice_c(page_style_css)}, {0}};
	size_t i;

	text_begin(&list, x->arena, 1024);
	for (i = 0; i < n; i++) {
		text_add_c(&list, "<li><a class=\"button\" href=\"");
		text_add_html(&list, slice_c(choices[i].to));
		text_add_c(&list, "\">");
		text_add_html(&list, slice_c(choices[i].title));
		text_add_c(&list, "</a></li>");
	}
	values[0].text = text_slice(&list);
	show(x, 200, page_choose_html, values);
}

static struct slice buttons_html(struct arena *a, const char *const *buttons)
{
	struct text t;
	size_t i;

	text_begin(&t, a, 256);
	for (i = 0; buttons && buttons[i]; i++) {
		text_addf(&t, "<p><button name=\"session\" value=\"%zu\">", i);
		text_add_html(&t, slice_c(buttons[i]));
		text_add_c(&t, "</button></p>\n");
	}
	return text_slice(&t);
}

static struct slice places_html(struct arena *a, const struct page_logout *page)
{
	struct text t;
	size_t i;

	if (page->place_count == 0)
		return (struct slice){0};
	text_begin(&t, a, 512);
	for (i = 0; i < page->place_count; i++) {
		text_add_c(&t, "<li><a href=\"");
		text_add_html(&t, slice_c(page->places[i].url));
		text_add_c(&t, "\">");
		text_add_html(&t, slice_c(page->places[i].name));
		text_add_c(&t, "</a></li>\n");
	}
	return text_slice(&t);
}

void page_logout(struct http_exchange *x, const struct page_logout *page)
{
	const struct value values[] = {
		{"title", slice_c(page->title)}, {"text", slice_c(page->text)}, {"token", slice_c(page->token)},
		{"form", slice_c(page->token)}, {"buttons", buttons_html(x->arena, page->buttons)},
		{"places", places_html(x->arena, page)}, {"places_text", slice_c(page->places_text)}, {"style", slice_c(page_style_css)}, {0},
	};

	show(x, 200, page_logout_html, values);
	/* what the form asks for is answered by a redirect to the identity provider */
	x->form_action = arena_printf(x->arena, "'self' %s", post_form_action);
}

void page_logout_done(struct http_exchange *x)
{
	static const struct value none[] = {{0}};

	show(x, 200, page_logout_done_html, none);
	x->style_hash = NULL;
	x->frame_ancestors = "*";
}
