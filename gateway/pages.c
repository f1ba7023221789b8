/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pages from templates that are compiled in. */
#include "gateway/pages.h"

#include "base/clock.h"
#include "base/encode.h"
#include "gateway/template.h"

#include <openssl/evp.h>

extern const char page_frame_html[], page_refusal_html[], page_post_html[], page_continue_html[], page_choose_html[], page_logout_html[],
	page_logout_done_html[], page_style_css[], page_post_js[];

static char style_hash[64], script_hash[64];
static struct pages_options options;

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

void pages_start(const struct pages_options *o)
{
	options = *o;
	hash_of(page_style_css, style_hash);
	hash_of(page_post_js, script_hash);
}

static const struct language *language_of(const struct http_exchange *x)
{
	return languages_choose(options.languages, x->accept_language);
}

static struct slice say(const struct http_exchange *x, const char *text)
{
	return slice_c(language_say(language_of(x), text));
}

/* What every page has, around a body of its own. */
struct frame {
	int status;
	const char *title, *heading;    /* to be translated; heading NULL: the title */
	const char *body;               /* template */
	const char *script;             /* NULL: none */
};

static void reply(struct http_exchange *x, int status, struct slice html)
{
	x->status = status;
	x->reply_type = "text/html; charset=utf-8";
	x->reply_body = html;
	x->style_hash = style_hash;
	x->location = NULL;
}

static void show(struct http_exchange *x, const struct frame *f, const struct value *values)
{
	const struct language *language = language_of(x);
	struct text body, page;

	text_begin(&body, x->arena, 16384);
	template_fill(&body, f->body, language, values);
	text_begin(&page, x->arena, body.n + 4096);
	template_fill(&page, page_frame_html, language, (const struct value[]){
		{"lang", slice_c(language->tag)}, {"dir", slice_c(language->rtl ? "rtl" : "ltr")},
		{"title", say(x, f->title)}, {"heading", say(x, f->heading ? f->heading : f->title)},
		{"style", slice_c(page_style_css)}, {"body", text_slice(&body)}, {"script", slice_c(f->script)}, {0},
	});
	reply(x, f->status, text_slice(&page));
}

/* A mail address and an https address become links; other words stay words. */
static struct slice ask_html(struct arena *a, const char *ask)
{
	bool is_url = strncmp(ask, "https://", 8) == 0, is_mail = !is_url && strchr(ask, '@') && !strpbrk(ask, " \t<>\"?&");
	struct text t;

	text_begin(&t, a, 128);
	text_add_c(&t, "<bdi>");
	if (is_url || is_mail) {
		text_add_c(&t, "<a href=\"");
		text_add_c(&t, is_mail ? "mailto:" : "");
		text_add_html(&t, slice_c(ask));
		text_add_c(&t, "\">");
	}
	text_add_html(&t, slice_c(ask));
	if (is_url || is_mail)
		text_add_c(&t, "</a>");
	text_add_c(&t, "</bdi>");
	return text_slice(&t);
}

static struct slice whom_html(const struct http_exchange *x, const struct page_refusal *page)
{
	struct text t;

	if (!page->ask)
		return (struct slice){0};
	text_begin(&t, x->arena, 256);
	template_say(&t, language_of(x), page->id ? N_("Please ask %s and give the id below.") : N_("Please ask %s."),
		ask_html(x->arena, language_say(language_of(x), page->ask)));
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
		return N_("There is nothing here");
	if (strncmp(reason_word(reason), "logout-", 7) == 0)
		return N_("This sign-out did not work");
	if (reason == REASON_COOKIE_MISSING)
		return N_("Your browser did not keep the sign-on");
	if (status == 503 || status == 429)
		return N_("Please try again in a minute");
	return status == 403 ? N_("You cannot be signed on") : N_("This sign-on did not work");
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
	const char *back = reason_status(page->reason) == 403 ? N_("Back to the start") : N_("Start again");
	const struct value values[] = {
		{"sentence", say(x, sentence_of(page))},
		{"code", said(provider->code)},
		{"trace", said(provider->trace)},
		{"their_time", said(provider->time)},
		{"ask", whom_html(x, page)},
		{"groups", page->groups && page->groups[0] ? groups_html(x->arena, page->groups) : (struct slice){0}},
		{"back", slice_c(page->back)}, {"back_text", say(x, back)},
		/* base64 has no letter that HTML escapes */
		{"acs", slice_c(page->post.acs)}, {"response", slice_c(page->post.response)},
		{"relay_state", page->post.relay_state}, {"has_relay_state", page->post.relay_state},
		{"id", slice_c(page->id)},
		{"reason", slice_c(reason_word(page->reason))},
		{"time", {time, 20}},
		{0},
	};

	time_write(clock_now(), time);
	show(x, &(struct frame){.status = reason_status(page->reason), .title = title_of(page->reason), .body = page_refusal_html}, values);
	if (x->status == 503)
		x->retry_after = "30";
	else if (x->status == 429 && !x->retry_after)
		x->retry_after = "60";
	if (page->post.response)
		x->form_action = options.form_action;
}

void page_post(struct http_exchange *x, enum page_words words, const struct page_post *post)
{
	static const struct { const char *title, *heading; } says[] = {
		[PAGE_SIGNED_ON] = {N_("Signing you on"), N_("You are signed on")},
		[PAGE_NOT_SIGNED_ON] = {N_("Going back"), N_("You are not signed on")},
	};
	const struct value values[] = {
		{"acs", slice_c(post->acs)}, {"response", slice_c(post->response)},
		{"relay_state", post->relay_state}, {"has_relay_state", post->relay_state}, {0},
	};

	show(x, &(struct frame){200, says[words].title, says[words].heading, page_post_html, page_post_js}, values);
	x->script_hash = script_hash;
	x->form_action = options.form_action;
}

void page_continue(struct http_exchange *x, const char *to)
{
	const struct value values[] = {{"to", slice_c(to)}, {0}};

	show(x, &(struct frame){200, N_("This sign-on is complete"), .body = page_continue_html}, values);
}

void page_choose(struct http_exchange *x, const struct page_choice *choices, size_t n)
{
	struct text list;
	struct value values[] = {{"choices", {0}}, {0}};
	size_t i;

	text_begin(&list, x->arena, 1024);
	for (i = 0; i < n; i++) {
		text_add_c(&list, "<li><a class=\"button\" href=\"");
		text_add_html(&list, slice_c(choices[i].to));
		text_add_c(&list, "\">");
		text_add_html(&list, say(x, choices[i].title));
		text_add_c(&list, "</a></li>");
	}
	values[0].text = text_slice(&list);
	show(x, &(struct frame){200, N_("Which organisation do you belong to?"), .body = page_choose_html}, values);
}

/* With the organisation's name only where there are several. */
static struct slice buttons_html(const struct http_exchange *x, const char *const *providers)
{
	struct text t;
	size_t i;

	text_begin(&t, x->arena, 256);
	for (i = 0; providers && providers[i]; i++) {
		text_addf(&t, "<p><button name=\"session\" value=\"%zu\">", i);
		if (providers[0] && providers[1]) {
			struct text name;

			text_begin(&name, x->arena, 64);
			text_add_c(&name, "<bdi>");
			text_add_html(&name, say(x, providers[i]));
			text_add_c(&name, "</bdi>");
			template_say(&t, language_of(x), N_("Sign out of %s"), text_slice(&name));
		} else {
			text_add_html(&t, say(x, N_("Sign out")));
		}
		text_add_c(&t, "</button></p>\n");
	}
	return text_slice(&t);
}

static struct slice places_html(const struct http_exchange *x, const struct page_logout *page)
{
	struct text t;
	size_t i;

	if (page->place_count == 0)
		return (struct slice){0};
	text_begin(&t, x->arena, 512);
	for (i = 0; i < page->place_count; i++) {
		text_add_c(&t, "<li><a href=\"");
		text_add_html(&t, slice_c(page->places[i].url));
		text_add_c(&t, "\">");
		text_add_html(&t, say(x, page->places[i].name));
		text_add_c(&t, "</a></li>\n");
	}
	return text_slice(&t);
}

void page_logout(struct http_exchange *x, const struct page_logout *page)
{
	const struct value values[] = {
		{"text", say(x, page->text)}, {"token", slice_c(page->token)},
		{"form", slice_c(page->token)}, {"buttons", buttons_html(x, page->providers)},
		{"places", places_html(x, page)}, {"places_text", say(x, page->places_text)}, {0},
	};

	show(x, &(struct frame){200, page->title, .body = page_logout_html}, values);
	/* what the form asks for is answered by a redirect to the identity provider */
	x->form_action = arena_printf(x->arena, "'self' %s", options.form_action);
}

void page_logout_done(struct http_exchange *x)
{
	const struct language *language = language_of(x);
	struct text page;

	text_begin(&page, x->arena, 512);
	template_fill(&page, page_logout_done_html, language,
		(const struct value[]){{"lang", slice_c(language->tag)}, {"dir", slice_c(language->rtl ? "rtl" : "ltr")}, {0}});
	reply(x, 200, text_slice(&page));
	x->style_hash = NULL;
	x->frame_ancestors = "*";
}
