/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The frame of a page: its language, the brand around its body, what its Content-Security-Policy allows. */
#include "gateway/frame.h"

#include <openssl/evp.h>

extern const char page_frame_html[], page_style_css[], page_post_js[];

static char style_hash[64], script_hash[64];
static const char *style = page_style_css;
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

void pages_start(struct arena *a, const struct pages_options *o)
{
	options = *o;
	style = o->brand->style ? arena_printf(a, "%s%s", page_style_css, o->brand->style) : page_style_css;
	hash_of(style, style_hash);
	hash_of(page_post_js, script_hash);
}

struct speech frame_speech(const struct http_exchange *x)
{
	return (struct speech){options.brand, languages_choose(&options.brand->languages, x->accept_language)};
}

struct slice frame_say(const struct http_exchange *x, const char *text)
{
	const struct speech speech = frame_speech(x);

	return slice_c(speech_say(&speech, text));
}

/* ---- what every page has, around a body of its own ---- */

void frame_reply(struct http_exchange *x, int status, struct slice html)
{
	x->status = status;
	x->reply_type = "text/html; charset=utf-8";
	x->reply_body = html;
	x->style_hash = style_hash;
	x->location = NULL;
}

/* The logo, or the name where there is none.  A page that goes away by itself has the name alone: each sign-on would pay for the logo. */
static struct slice brand_html(struct http_exchange *x, const struct speech *speech, const struct frame *f)
{
	const struct brand *b = speech->brand;
	const char *name = speech_words(speech, b->name);
	struct text t;

	if (!name)
		return (struct slice){0};
	text_begin(&t, x->arena, 256);
	if (b->logo && !f->script && f->status != 429) {         /* a flood is not answered by many times its bytes */
		x->image_source = "data:";
		text_addf(&t, "<picture>");
		if (b->logo_dark)
			text_addf(&t, "<source media=\"(prefers-color-scheme:dark)\" srcset=\"%s\">", b->logo_dark);
		text_addf(&t, "<img src=\"%s\" alt=\"", b->logo);
		text_add_html(&t, slice_c(name));
		text_addf(&t, "\"></picture>");
	} else {
		text_add_html(&t, slice_c(name));
	}
	return text_slice(&t);
}

void frame_add_link(struct text *t, const char *scheme, const char *to, const char *words)
{
	text_add_c(t, "<a href=\"");
	text_add_c(t, scheme);
	text_add_html(t, slice_c(to));
	text_add_c(t, "\">");
	text_add_html(t, slice_c(words));
	text_add_c(t, "</a>");
}

/* "+49 (30) 123-456" as an address has it (RFC 3966). */
static const char *dialled(struct arena *a, const char *phone)
{
	char *out = arena_strdup(a, phone), *to = out;

	for (; *phone; phone++) {
		if (strchr("+0123456789", *phone))
			*to++ = *phone;
	}
	*to = 0;
	return out;
}

static struct slice contact_html(struct arena *a, const struct brand *b)
{
	struct text t;

	if (!b->mail && !b->phone && !b->url)
		return (struct slice){0};
	text_begin(&t, a, 256);
	if (b->mail)
		frame_add_link(&t, "mailto:", b->mail, b->mail);
	text_add_c(&t, " ");
	if (b->phone)
		frame_add_link(&t, "tel:", dialled(a, b->phone), b->phone);
	text_add_c(&t, " ");
	if (b->url)
		frame_add_link(&t, "", b->url, b->url);
	return text_slice(&t);
}

static struct slice title_html(struct http_exchange *x, const struct speech *speech, const struct frame *f)
{
	const char *name = speech_words(speech, speech->brand->name), *title = speech_say(speech, f->title);

	return slice_c(name ? arena_printf(x->arena, "%s – %s", title, name) : title);
}

void frame_show(struct http_exchange *x, const struct frame *f, const struct value *values)
{
	const struct speech speech = frame_speech(x);
	const struct slice contact = contact_html(x->arena, speech.brand), words = slice_c(speech_words(&speech, speech.brand->footer));
	struct slice script = {NULL, 0};
	struct text body, page;

	if (!options.still)
		script = slice_c(f->script);
	text_begin(&body, x->arena, 16384);
	template_fill(&body, f->body, &speech, values);
	text_begin(&page, x->arena, body.n + 4096);
	template_fill(&page, page_frame_html, &speech, (const struct value[]){
		{"lang", slice_c(speech.language->tag)}, {"dir", slice_c(speech.language->rtl ? "rtl" : "ltr")},
		{"title", title_html(x, &speech, f)}, {"heading", frame_say(x, f->heading ? f->heading : f->title)},
		{"style", slice_c(style)}, {"brand", brand_html(x, &speech, f)}, {"body", text_slice(&body)},
		{"footer", contact.p ? contact : words}, {"contact", contact}, {"words", words},
		{"script", script}, {0},
	});
	frame_reply(x, f->status, text_slice(&page));
	x->script_hash = f->script && !options.still ? script_hash : NULL;
}

const char *frame_form_action(void)
{
	return options.form_action;
}
