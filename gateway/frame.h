/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every page has, around a body of its own; for gateway/pages.c alone. */
#ifndef GATEWAY_FRAME_H
#define GATEWAY_FRAME_H

#include "gateway/pages.h"
#include "gateway/template.h"

struct frame {
	int status;
	const char *title, *heading;    /* to be translated; heading NULL: the title */
	const char *body;               /* template */
	const char *script;             /* NULL: none */
};

/* The language that this browser asks for. */
struct speech frame_speech(const struct http_exchange *x);
struct slice frame_say(const struct http_exchange *x, const char *text);
void frame_show(struct http_exchange *x, const struct frame *f, const struct value *values);
/* A page without a frame. */
void frame_reply(struct http_exchange *x, int status, struct slice html);
/* A link, its words and address escaped; scheme: "mailto:" or "". */
void frame_add_link(struct text *t, const char *scheme, const char *to, const char *words);
/* What CSP allows a page to send forms to. */
const char *frame_form_action(void);

#endif
