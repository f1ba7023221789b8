/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a person sees: a few pages, without a word of script but the one line
 * that submits the form.
 *
 * The pages are files in gateway/pages, compiled in (template.h); each stands
 * inside frame.html.  They are in the language that the browser asks for, as
 * far as there is a translation: texts are handed in as they stand in the
 * source, in English, marked by N_ where they stand (languages.h).  Style and
 * script are allowed by their hashes, so the Content-Security-Policy needs no
 * unsafe-inline.
 */
#ifndef GATEWAY_PAGES_H
#define GATEWAY_PAGES_H

#include "gateway/settings/brand.h"
#include "http/http.h"
#include "saml/saml.h"

/* A SAML Response for the browser to post. */
struct page_post {
	const char *acs, *response;     /* response: base64 */
	struct slice relay_state;       /* p NULL: no such field */
};

struct page_refusal {
	enum reason reason;
	const char *sentence;           /* of the rule that refused; NULL: none */
	const char *id;                 /* of the sign-on; NULL: none */
	const char *ask;                /* whom: mail address, https URL or words; NULL: nobody */
	const char *back;               /* URL to start again; NULL: none */
	const char *const *groups;      /* NULL: not shown */
	const struct saml_refusal *provider;    /* what the identity provider gave as its reason; NULL: it did not refuse */
	struct page_post post;          /* for the person to send by a button; response NULL: none */
};

struct page_logout_place {
	const char *name, *url;         /* a door, and where its people sign out */
};

enum page_logout_state { PAGE_LOGOUT_NOBODY, PAGE_LOGOUT_DONE, PAGE_LOGOUT_ASK, PAGE_LOGOUT_REFUSED, PAGE_LOGOUT_UNASKABLE };

struct page_logout {
	enum page_logout_state state;
	const char *token;              /* for the form; NULL: there is no button */
	const char *const *providers;   /* a button for each, NULL-terminated; pressed, it sends its place in the list as `session` */
	const struct page_logout_place *places;
	size_t place_count;
};

struct pages_options {
	const char *form_action;        /* what CSP allows the posting page to send to */
	const struct brand *brand;
	bool still;                     /* to be looked at: no page goes away by itself */
};

/* Once a process, before any page; what is pointed to must live as long. */
void pages_start(struct arena *a, const struct pages_options *o);

void page_refusal(struct http_exchange *x, const struct page_refusal *page);
/* What stands on a page that posts by itself, for those whose browser runs no script. */
enum page_words { PAGE_SIGNED_ON, PAGE_NOT_SIGNED_ON };

void page_post(struct http_exchange *x, enum page_words words, const struct page_post *post);
void page_continue(struct http_exchange *x, const char *to);
void page_logout(struct http_exchange *x, const struct page_logout *page);
/* For the identity provider's hidden frame: may be framed by anybody, and holds nothing to press. */
void page_logout_done(struct http_exchange *x);


struct page_choice {
	const char *title, *to;
};
/* Which of several organisations; each a link. */
void page_choose(struct http_exchange *x, const struct page_choice *choices, size_t n);

/* What a code of Entra ID means for the person, in English; NULL: not known. */
const char *page_code_sentence(const char *digits);

#endif
