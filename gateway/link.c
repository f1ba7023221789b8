/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /go/NAME: one address to publish; starts a sign-on that nobody asked for. */
#include "gateway/sign_on.h"

#include "base/encode.h"
#include "base/log.h"
#include "gateway/settings/mail.h"

/* Of ?login_hint=ADDRESS, else the link's own. */
static const char *hint_of(const struct sign_on *s)
{
	struct slice raw, decoded;
	const char *hint = NULL;

	if (form_find(s->x->query, "login_hint", &raw) == 1 && form_decode(s->arena, raw, &decoded) == 0)
		hint = mail_hint(s->arena, decoded);
	return hint ? hint : s->link->login_hint;
}

static int start(struct sign_on *s, struct error *err)
{
	if (sign_on_require_navigation(s->x, err) < 0)
		return -1;
	s->link = settings_link(s->gateway->settings, slice_c(s->x->rest));
	if (!s->link)
		return error_set(err, REASON_NO_SUCH_LINK, "no link has the name %.100s", s->x->rest);
	s->pending.link = s->link->name;
	s->hint = hint_of(s);
	if (sign_on_choose(s, err) < 0)
		return -1;
	log_debug("sign-on started", "id", s->id, "link", s->link->name, NULL);
	return 0;
}

void link_start(struct http_exchange *x, void *gateway)
{
	struct sign_on s;
	struct error err;

	sign_on_begin(&s, x, gateway);
	if (start(&s, &err) < 0)
		sign_on_refuse(&s, &err);
}
