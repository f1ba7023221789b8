/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The judge: who it is, what the rules say, what account is known, and where
 * the browser goes.  Used by the sign-on and by `postern explain`: the same
 * code, no side effect.
 */
#ifndef GATEWAY_JUDGE_H
#define GATEWAY_JUDGE_H

#include "gateway/gateway.h"
#include "gateway/staleness.h"

/* What is asked: one door (a connection) or a link, and what this sign-on knows. */
struct judge_question {
	const struct settings_connection *door; /* NULL with a link */
	const struct settings_link *link;       /* NULL with a door */
	const char *provider;                   /* that signed the person on; for judge_way */
	bool is_passive;                        /* of the request */
	const struct saml_identity *identity;   /* NULL: `explain` by name, without claims */
	const char *client;                     /* NULL: not known */
	bool mfa;                               /* beside identity->mfa: `explain --mfa` */
	int64_t now;
};

/*
 * `observe: yes` at a managed connection: the rules are tried on the living
 * traffic, and keep nobody out.  Observing only ever takes back what a rule or
 * requirement said of somebody who is known: it is never asked whether the
 * person is somebody, which is judged before (SAML, the join, stale data), or
 * whether Atlassian would get another kind of account, which is judged after.
 * What may be taken back is listed (judge.c); everything else refuses.
 */
struct observed {
	bool on;                        /* the rules were asked here, and observed */
	bool overruled;                 /* they said otherwise, which was taken back */
	enum passage passage;           /* what they would have done; of a refusal with `reason` */
	enum reason reason;
};

/* In one word: "same", "denied", "elsewhere"; "refused" where observing takes nothing back. */
const char *observed_word(const struct observed *o);

struct judgement {
	const struct settings_connection *door; /* the one judged at; of a link: managed, or the portal it lands in */
	struct facts facts;
	enum staleness staleness;       /* of the person's directory, at question.now */
	struct decision decision;
	struct accounts_found account;
	struct observed observed;       /* on: what the rules said is in `decision`, what is done in `passage` */
	enum passage passage;           /* PASSAGE_REFUSE until everything held */
	const char *to;                 /* where the browser ends: ACS, start, home or landing */
	const char *landing;            /* relay state of an unsolicited Response (link), or NULL */
};

/* The person of an identity that this provider vouches for: joined by claims, of a domain of its own, or a refusal. */
int judge_person(struct arena *a, const struct gateway *g, const struct settings_provider *provider, const struct saml_identity *identity,
	struct mirror_person *out, struct error *err);

/*
 * Everything after the person is known.  0: passage and to are set.  -1: the
 * refusal's reason in err; *out still holds what was found out until then
 * (the one exception to "untouched": explain and audit show it).
 */
int judge(struct arena *a, const struct gateway *g, const struct judge_question *question, const struct mirror_person *person,
	enum policy_trace trace, struct judgement *out, struct error *err);
/* After judge: whether this provider's people, and this kind of request, may go the way that it found. */
int judge_way(const struct judge_question *q, const struct judgement *j, struct error *err);

/*
 * What the rules of `policy` give this person at any time, by the same steps: facts, rules, mail, account.  No door, no
 * identity, no requirement: those are a sign-on's.  As judge(), *out holds the decision also with -1.
 */
int judge_standing(struct arena *a, const struct gateway *g, const struct policy *policy, const struct mirror_person *person, int64_t now,
	enum policy_trace trace, struct judgement *out, struct error *err);

/* The facts where nobody signs on: all that exceptions and rules judge by. */
void judge_facts(struct arena *a, const struct settings *s, const struct mirror_person *person, int64_t now, struct facts *out);

/* Whether sign-ons are refused since nobody knows any more who has which account.  Of the future: a clock was wrong when it was read, or is now. */
bool judge_inventory_is_old(const struct settings *s, int64_t as_of, int64_t now);

/* What an account kind means for an outcome: 0, or ACCOUNT_KIND / ACCOUNTS_TOO_OLD. */
int judge_account(const struct settings *s, const struct accounts_found *found, enum outcome outcome, int64_t now, struct error *err);

/* The value of a claim under its short name ("objectidentifier", "nameid", "identity") or its full one; NULL: not there, or several values. */
const char *judge_claim(const struct saml_identity *identity, const char *claim);

bool judge_in_claimed_domain(const struct settings *s, const char *mail);
const char *judge_passage_word(enum passage passage);   /* "to-portal", for audit and JSON */
const char *judge_account_word(const struct accounts_found *found);
/* DNs of the groups that made the rule match, from the person outward, NULL-terminated. */
const char *const *judge_deciding_groups(struct arena *a, const struct judgement *j);

#endif
