/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The gateway: what a process that judges sign-ons holds, and their life.
 *
 * A person opens a page at Atlassian.  Atlassian sends the browser here with
 * an AuthnRequest; we remember it in the browser's own sealed cookie and send
 * the browser on to Entra ID (sign_on_start.c).  Entra posts its Response back
 * through the browser.  One straight function (sign_on_finish.c) then opens
 * the cookie, judges the Response, claims its ids so that it counts once,
 * finds the person in the mirror, decides by the rules, looks at the account
 * that is known, writes the audit line and only then lets an assertion leave,
 * or a redirect, or a page that says why not.  `/go/NAME` (link.c) starts the
 * same life without Atlassian having asked.
 *
 * `postern explain` builds the same struct without keys and calls the same
 * judge (judge.h).  Everything here runs in one thread; a worker makes its
 * gateway once and is replaced at reload.
 */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "base/seal.h"
#include "gateway/settings/keyring.h"
#include "gateway/metrics.h"
#include "provision/accounts.h"
#include "store/store.h"

struct audit;
struct keeper;
struct ldap_rules_live;
struct limits;
struct providers;

struct gateway {
	struct arena *arena;            /* for what lives as long as this */
	struct files *files;
	const struct settings *settings;
	struct ldap_rules_live *ldap_rules;     /* NULL: the rules are those of the settings alone */
	struct keyring keyring;         /* our keys and which of them signs what; their certificates */
	const struct keeper *keeper;    /* lent; whoever has the private keys (keeper.h); only in a worker */
	struct saml_key *request_key;   /* the keeper's, toward identity providers; only in a worker */
	struct saml_decryption_keys *decryption_keys;   /* only in a worker; NULL: none */
	const char *const *encryption_certificates;     /* theirs, base64, NULL-terminated */
	struct providers *providers;
	struct mirror *mirror;          /* NULL until the file is there */
	struct accounts *accounts;      /* NULL: none that can be read */
	struct error mirror_fault;      /* why it cannot be read, so that it is told once */
	struct error accounts_fault;    /* why not, while that is so; then nobody's kind of account is sure */
	struct claims *claims;          /* only in a worker */
	struct saml_requester *requesters;      /* in the order of the connections; only in a worker */
	struct seal_key pending_key;    /* only in a worker */
	struct seal_key logout_key;     /* only in a worker */
	struct audit *audit;            /* only in a worker */
	struct metrics *metrics;        /* only in a worker; the role's */
	struct limits *limits;          /* only in a worker; NULL: nothing is limited */
};

/* What anybody who judges needs: settings, providers, mirror, accounts. */
int gateway_open(struct arena *a, struct files *files, const struct settings *settings, struct gateway *out, struct error *err);
/* Mirror and accounts alone, where they are there: for commands. */
void gateway_open_stores(struct gateway *g);
/* The rules by which to judge now: those of the settings, with those of LDAP where there are some. */
const struct policy *gateway_policy(const struct gateway *g);
/* For `explain`: the rules of LDAP that count at that time, of the set that is in force now. */
void gateway_rules_at(struct gateway *g, int64_t t);
/* The same with other rules in place of those of the settings: those of LDAP stand behind the rule of the same name, else last. */
void gateway_policy_with(struct arena *a, const struct gateway *g, const struct policy *file, struct policy *out);
/* Before a sign-on is judged: opens a mirror that was made since the last look, so that who is first need not come twice. */
void gateway_look_for_mirror(struct gateway *g);
/* Before a sign-on is judged: whether others are in force.  What was decided by the ones before lasts until the next call. */
void gateway_look_at_rules(struct gateway *g);
/* What a worker needs besides: somebody who has the keys, claims, audit. */
int gateway_open_worker(struct gateway *g, const struct keeper *keeper, struct error *err);
/* Once a second: files that were not there, metadata that was fetched anew, an audit file that was moved away. */
void gateway_look_again(struct gateway *g);
void gateway_close(struct gateway *g);

/* ---- identity providers, as loaded from their metadata ---- */

/*
 * An entity is one provider: a document of an entity that another provider has
 * (by the settings, or by the document in force) is not taken.  Files come
 * before copies of what an address gave.
 */
struct providers *providers_open(const struct settings *settings, struct files *files);
void providers_close(struct providers *p);
void providers_look_again(struct providers *p);
/* After a sign-on was accepted: which key verified it goes to the disk for those who watch, by providers_look_again. */
void providers_note_key(struct providers *p, const char *name, int64_t now);
/* The document in force, even past its validUntil; NULL: none. */
const struct saml_provider_info *providers_document(const struct providers *p, const char *name);
/* The name of a provider other than `name` that has this entity ID; NULL: none. */
const char *providers_with_entity(const struct providers *p, const char *entity_id, const char *name);
/* NULL while there is no usable metadata; then *why_out says why. */
const struct saml_provider *providers_get(const struct providers *p, const char *name, const char **why_out);

/* ---- routes ---- */

void sign_on_start(struct http_exchange *x, void *gateway);     /* GET, POST /saml/idp/sso */
void sign_on_finish(struct http_exchange *x, void *gateway);    /* POST /saml/sp/acs/HOST */
void sign_on_chosen(struct http_exchange *x, void *gateway);    /* GET /choose/ID/PROVIDER */
void link_start(struct http_exchange *x, void *gateway);        /* GET /go/NAME */
void logout_page(struct http_exchange *x, void *gateway);       /* GET, POST /logout */
void logout_notice(struct http_exchange *x, void *gateway);     /* GET /saml/sp/slo */
void logout_not_offered(struct http_exchange *x, void *gateway);        /* GET, POST /saml/idp/slo */
void health_live(struct http_exchange *x, void *gateway);
void health_ready(struct http_exchange *x, void *gateway);
void metadata_idp(struct http_exchange *x, void *gateway);      /* GET /saml/idp/metadata */
void metadata_idp_for(struct http_exchange *x, void *gateway);  /* GET /saml/idp/metadata/CONNECTION */
void metadata_sp(struct http_exchange *x, void *gateway);

#endif
