/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One request of a sign-on and all that it gathers, private to the steps.
 *
 * sign_on_start.c, choose.c, sign_on_finish.c and link.c are the steps; what they share
 * (asking the provider, refusing) is in sign_on.c.
 */
#ifndef GATEWAY_SIGN_ON_H
#define GATEWAY_SIGN_ON_H

#include "base/random.h"
#include "gateway/audit.h"
#include "gateway/gateway.h"
#include "gateway/judge.h"
#include "gateway/limits.h"
#include "gateway/pending.h"

struct sign_on {
	struct arena *arena;
	const struct gateway *gateway;
	struct http_exchange *x;
	char id[RANDOM_SPOKEN_SIZE];    /* "k7qf-2m9x-w4ta": on the page, in log and audit */
	int64_t now;
	int64_t began_us;
	const struct settings_provider *provider_settings;
	const struct saml_provider *provider;
	const struct settings_connection *connection;   /* who asked; NULL: a link */
	const struct settings_connection *asker;        /* whom a refusal may be told (refusal.c); NULL: nobody asked, or nobody sure */
	const struct settings_link *link;
	const char *hint;               /* whom the provider's form may propose (mail.h), said before it is asked; NULL: nobody */
	struct pending pending;
	struct saml_identity identity;
	struct mirror_person person;
	struct judgement judgement;
	struct saml_issued issued;
	struct audit_line audit;
};

void sign_on_begin(struct sign_on *s, struct http_exchange *x, const struct gateway *g);

/* From where the pending entry says: connection or link, and provider.  A name that a reload removed: PENDING_INVALID. */
int sign_on_resolve(struct sign_on *s, struct error *err);
/* The connection or link alone; what is in s->pending is from a good request, or from our own sealed cookie. */
int sign_on_find_asker(struct sign_on *s, struct error *err);

/*
 * Asks the identity provider that is meant, by s->hint where several could be,
 * or the person which one is (choose.c).  s->connection or s->link is set.
 */
int sign_on_choose(struct sign_on *s, struct error *err);

/*
 * Remembers s->pending under a new id and sends the browser to the identity
 * provider.  Everything in s->pending but id, host, generation and our request
 * id is the caller's.
 */
int sign_on_ask(struct sign_on *s, struct error *err);

/* Only a navigation may set a cookie: a hostile page could push out honest ones with images. */
int sign_on_require_navigation(const struct http_exchange *x, struct error *err);

/* Who was named by a verified answer always is; others while there is room for them (audit.h). */
bool sign_on_is_recorded(const struct sign_on *s);

/* Who the provider said, as one key: for limits.  Of a verified answer alone. */
const char *sign_on_person(const struct sign_on *s);

/* Counts one end of a sign-on, and how long its steps took. */
void sign_on_count(const struct sign_on *s, const char *event);

/* Writes the line of the audit, with the time that all of it took up to now. */
int sign_on_record(struct sign_on *s, struct error *err);

/* Where "continue" leads after a sign-on that has ended: a fresh one at its landing. */
const char *sign_on_fresh_start(const struct sign_on *s);

/*
 * The Response that tells the asker no.  False: none is owed, or it could not
 * be written (in the log).  Its id and status are in s->audit.
 */
bool sign_on_write_refusal(struct sign_on *s, enum reason reason, struct saml_issued *out);

/* The rules, or what Atlassian knows of the person, say no: asking the person again would not change it. */
bool sign_on_is_denial(enum reason reason);

/* The refusal: page, or Response where nobody may be shown one; audit line, log line, counted. */
void sign_on_refuse(struct sign_on *s, const struct error *err);

#endif
