/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is a mail address, for everybody who reads or sends one. */
#include "gateway/settings/mail.h"

#define HINT_MAX 254                    /* bytes of an address: RFC 5321 4.5.3.1.3 without its brackets */

bool mail_is_plain(const char *mail)
{
	static const char alphanumeric[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	const char *at = strchr(mail, '@'), *p;

	if (!at || at == mail)
		return false;
	for (p = mail; p < at; p++) {
		if (!strchr(alphanumeric, *p) && !strchr("!#$%&'*+-/=?^_`{|}~.", *p))
			return false;
	}
	for (p = at + 1; *p; p++) {
		if (!strchr(alphanumeric, *p) && *p != '-' && (*p != '.' || p == at + 1 || p[-1] == '.' || !p[1]))
			return false;
	}
	return p > at + 1;
}

const char *mail_hint(struct arena *a, struct slice text)
{
	const char *hint;

	if (text.n == 0 || text.n > HINT_MAX || memchr(text.p, '\0', text.n))
		return NULL;
	hint = arena_copy(a, text);
	return mail_is_plain(hint) ? hint : NULL;
}
