/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Templates of ours, filled in.
 *
 * `{{name}}` is a value, escaped for HTML; `{{!name}}` is HTML of ours as it
 * is; `{{?name}}…{{/name}}` stands only when there is a value; `{{_Some text}}`
 * is the text in the language of the page, escaped.
 */
#ifndef GATEWAY_TEMPLATE_H
#define GATEWAY_TEMPLATE_H

#include "base/text.h"
#include "gateway/settings/brand.h"

struct value {
	const char *name;               /* NULL ends the list */
	struct slice text;              /* p NULL: there is none */
};

void template_fill(struct text *t, const char *template, const struct speech *speech, const struct value *values);

/*
 * A translated text in which `%s` stands for a piece of HTML: the text is
 * escaped, the piece is not.  Nothing else of it means anything, so a
 * catalogue can do no more than leave the piece out or repeat it.
 */
void template_say(struct text *t, const struct speech *speech, const char *text, struct slice html);

#endif
