/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Templates that are compiled in: what is wrong with one is a fault of ours, and ends the process. */
#include "gateway/template.h"

static struct slice find(const struct value *values, struct slice name)
{
	for (; values->name; values++) {
		if (slice_is(name, values->name))
			return values->text;
	}
	abort();                        /* a template of ours names what nobody gives */
}

/* Behind the end of a part that is left out. */
static const char *after_part(const char *at, struct slice name)
{
	char closing[64];
	const char *after;

	snprintf(closing, sizeof(closing), "{{/%.*s}}", (int)name.n, name.p);
	after = strstr(at, closing);
	if (!after)
		abort();
	return after + strlen(closing);
}

static void add_said(struct text *t, const struct speech *speech, struct slice name)
{
	const char *text = arena_copy(t->arena, name);

	text_add_html(t, slice_c(speech_say(speech, text)));
}

/* One `{{…}}` of the template, at its opening; returns what follows it. */
static const char *fill_one(struct text *t, const char *at, const struct speech *speech, const struct value *values)
{
	const char *end = strstr(at, "}}");
	char kind = at[2];
	const char *name_at = at + 2 + (strchr("!?/_", kind) != NULL);
	struct slice name, value;

	if (!end)
		abort();
	name = slice_of(name_at, (size_t)(end - name_at));
	end += 2;
	if (kind == '/')
		return end;
	if (kind == '_') {
		add_said(t, speech, name);
		return end;
	}
	value = find(values, name);
	if (kind == '?')
		return value.p ? end : after_part(end, name);
	if (kind == '!')
		text_add(t, value);
	else
		text_add_html(t, value);
	return end;
}

void template_fill(struct text *t, const char *template, const struct speech *speech, const struct value *values)
{
	const char *at, *next;

	for (at = template; (next = strstr(at, "{{")); at = fill_one(t, next, speech, values))
		text_add(t, slice_of(at, (size_t)(next - at)));
	text_add_c(t, at);
}

void template_say(struct text *t, const struct speech *speech, const char *text, struct slice html)
{
	const char *at = speech_say(speech, text), *next;

	for (; (next = strstr(at, "%s")); at = next + 2) {
		text_add_html(t, slice_of(at, (size_t)(next - at)));
		text_add(t, html);
	}
	text_add_html(t, slice_c(at));
}
