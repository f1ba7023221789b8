/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pages from templates that are compiled in. */
#include "gateway/frame.h"

#include "base/clock.h"
#include "base/encode.h"

extern const char page_refusal_html[], page_post_html[], page_continue_html[], page_choose_html[], page_logout_html[],
	page_logout_done_html[], page_post_js[];

/* ---- refusal ---- */

/* A mail address and an https address become links; other words stay words. */
static struct slice ask_html(struct arena *a, const char *ask)
{
	bool is_url = strncmp(ask, "https://", 8) == 0, is_mail = !is_url && strchr(ask, '@') && !strpbrk(ask, " \t<>\"?&");
	struct text t;

	text_begin(&t, a, 128);
	text_add_c(&t, "<bdi>");
	if (is_url || is_mail)
		frame_add_link(&t, is_mail ? "mailto:" : "", ask, ask);
	else
		text_add_html(&t, slice_c(ask));
	text_add_c(&t, "</bdi>");
	return text_slice(&t);
}

static struct slice whom_html(const struct http_exchange *x, const struct page_refusal *page)
{
	const struct speech speech = frame_speech(x);
	struct text t;

	if (!page->ask)
		return (struct slice){0};
	text_begin(&t, x->arena, 256);
	template_say(&t, &speech, page->id ? N_("Please ask %s and give the id below.") : N_("Please ask %s."),
		ask_html(x->arena, speech_say(&speech, page->ask)));
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
		{"sentence", frame_say(x, sentence_of(page))},
		{"code", said(provider->code)},
		{"trace", said(provider->trace)},
		{"their_time", said(provider->time)},
		{"ask", whom_html(x, page)},
		{"groups", page->groups && page->groups[0] ? groups_html(x->arena, page->groups) : (struct slice){0}},
		{"back", slice_c(page->back)}, {"back_text", frame_say(x, back)},
		/* base64 has no letter that HTML escapes */
		{"acs", slice_c(page->post.acs)}, {"response", slice_c(page->post.response)},
		{"relay_state", page->post.relay_state}, {"has_relay_state", page->post.relay_state},
		{"id", slice_c(page->id)},
		{"reason", slice_c(reason_word(page->reason))},
		{"time", {time, 20}},
		{0},
	};

	time_write(clock_now(), time);
	frame_show(x, &(struct frame){.status = reason_status(page->reason), .title = title_of(page->reason), .body = page_refusal_html}, values);
	if (x->status == 503)
		x->retry_after = "30";
	else if (x->status == 429 && !x->retry_after)
		x->retry_after = "60";
	if (page->post.response)
		x->form_action = frame_form_action();
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

	frame_show(x, &(struct frame){200, says[words].title, says[words].heading, page_post_html, page_post_js}, values);
	x->form_action = frame_form_action();
}

void page_continue(struct http_exchange *x, const char *to)
{
	const struct value values[] = {{"to", slice_c(to)}, {0}};

	frame_show(x, &(struct frame){200, N_("This sign-on is complete"), .body = page_continue_html}, values);
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
		text_add_html(&list, frame_say(x, choices[i].title));
		text_add_c(&list, "</a></li>");
	}
	values[0].text = text_slice(&list);
	frame_show(x, &(struct frame){200, N_("Which organisation do you belong to?"), .body = page_choose_html}, values);
}

/* With the organisation's name only where there are several. */
static struct slice buttons_html(const struct http_exchange *x, const char *const *providers)
{
	const struct speech speech = frame_speech(x);
	struct text t;
	size_t i;

	text_begin(&t, x->arena, 256);
	for (i = 0; providers && providers[i]; i++) {
		text_addf(&t, "<p><button name=\"session\" value=\"%zu\">", i);
		if (providers[0] && providers[1]) {
			struct text name;

			text_begin(&name, x->arena, 64);
			text_add_c(&name, "<bdi>");
			text_add_html(&name, frame_say(x, providers[i]));
			text_add_c(&name, "</bdi>");
			template_say(&t, &speech, N_("Sign out of %s"), text_slice(&name));
		} else {
			text_add_html(&t, frame_say(x, N_("Sign out")));
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
		text_add_html(&t, frame_say(x, page->places[i].name));
		text_add_c(&t, "</a></li>\n");
	}
	return text_slice(&t);
}

void page_logout(struct http_exchange *x, const struct page_logout *page)
{
	static const char too[] = N_("What you opened keeps a session of its own. Please sign out there, too:");
	static const struct {
		const char *title, *text, *places;
	} says[] = {
		[PAGE_LOGOUT_NOBODY] = {N_("You are not signed on here"),
			N_("This service knows of no sign-on in this browser. If Atlassian still shows you signed in, please sign out there."), too},
		[PAGE_LOGOUT_DONE] = {N_("You are signed out"), N_("Your session at the identity provider of your organisation has ended."),
			N_("These keep you signed in until you sign out there, too:")},
		[PAGE_LOGOUT_ASK] = {N_("Sign out?"),
			N_("This ends your session at the identity provider of your organisation, and at the services that it tells of it."), too},
		[PAGE_LOGOUT_REFUSED] = {N_("You may still be signed in"),
			N_("The identity provider says that it did not sign you out. You can try again, or sign out on its own page."), too},
		[PAGE_LOGOUT_UNASKABLE] = {N_("You are still signed in"),
			N_("The identity provider of your organisation takes no sign-out from here. Please sign out on its own page."), too},
	};
	const struct value values[] = {
		{"text", frame_say(x, says[page->state].text)}, {"token", slice_c(page->token)},
		{"form", slice_c(page->token)}, {"buttons", buttons_html(x, page->providers)},
		{"places", places_html(x, page)}, {"places_text", frame_say(x, says[page->state].places)}, {0},
	};

	frame_show(x, &(struct frame){200, says[page->state].title, .body = page_logout_html}, values);
	/* what the form asks for is answered by a redirect to the identity provider */
	x->form_action = arena_printf(x->arena, "'self' %s", frame_form_action());
}

void page_logout_done(struct http_exchange *x)
{
	const struct speech speech = frame_speech(x);
	struct text page;

	text_begin(&page, x->arena, 512);
	template_fill(&page, page_logout_done_html, &speech,
		(const struct value[]){{"lang", slice_c(speech.language->tag)}, {"dir", slice_c(speech.language->rtl ? "rtl" : "ltr")}, {0}});
	frame_reply(x, 200, text_slice(&page));
	x->style_hash = NULL;
	x->frame_ancestors = "*";
}
