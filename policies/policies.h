/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Policies: facts in, decision out, and the words for why.
 *
 * Two kinds of rule.  `rules` give the outcome and may use only what the
 * mirror knows (person, groups, directory): provisioning judges with the same
 * ones, where there is no browser.  `require` may also use the facts of this
 * sign-on (claims, MFA, door, client network) and can only turn a yes into no.
 * The first rule that matches wins; none is deny.  Before them come exceptions:
 * one person, an outcome, until a day.  When it is over, the rules decide, but
 * not to an account of another kind: then nothing is granted until a person has
 * changed the account and taken the exception away.  A guest of the identity
 * provider's tenant matches as everybody does, since rules know only the
 * mirror, but is then denied unless the rule says `guests: yes`.  A rule with
 * `stale_after` gives nothing by older facts: who matches it is refused there,
 * and no later rule is tried, since that could be another kind of account.
 *
 * A condition reads like a sentence:
 *
 *	member of "cn=jira-agents,ou=groups,dc=example,dc=org"
 *	member of corp:jira-agents and not department = "Sales"
 *	mail like "*@example.org" or (title = Engineer and directory is corp)
 *	mfa and client in 10.0.0.0/8, 192.0.2.7
 *	door is helpdesk or claim "http://…/role" = "admin"
 *	contractEnd before today or level >= 3 and hireDate until today - 30 days
 *	weekday in mon-fri and time in 07:00-19:00
 *
 * All words are in words.def.  `not` binds tighter than `and`, `and` tighter
 * than `or`.  A value with blanks or signs stands in single or double quotes,
 * and the quote itself is written twice inside.
 *
 * Of several values one that fits is enough.  Without a value every comparison
 * is false, `!=` too: `department != Sales` wants a department.  But
 * `not department = Sales` also holds for whom no department is known; a rule
 * that grants should use the first.  Where the facts do not say (a group named
 * by a cn that several share, a browser without an address, a value that is
 * no date where one is compared with a date), the side that
 * refuses wins, under `not` as well.
 *
 * This folder does no I/O and knows no SAML, LDAP or HTTP, not even the time:
 * all it judges by is in `struct facts`.  Decisions live in the caller's arena.
 * All-zero is refusal: OUTCOME_DENY is 0.
 */
#ifndef POLICIES_POLICIES_H
#define POLICIES_POLICIES_H

#include "base/arena.h"
#include "base/calendar.h"

#include <stdint.h>

enum outcome { OUTCOME_DENY, OUTCOME_LICENSED, OUTCOME_CUSTOMER, OUTCOME_PORTAL, OUTCOME_COUNT };
enum door_kind { DOOR_NONE, DOOR_MANAGED, DOOR_PORTAL };

const char *outcome_word(enum outcome o);               /* "licensed" */
int outcome_read(const char *word, enum outcome *out);  /* 0 or -1 */

/* ---- facts ---- */

struct fact_attribute {
	const char *name;               /* LDAP attribute description, compared without case; claim name, exactly */
	const struct slice *values;
	size_t n;
};

struct fact_group {
	const char *directory;          /* name in the settings */
	const char *dn;                 /* as the directory writes it */
	const char *dn_key;             /* normalized form, for comparison (ldap folder's dn_normalize) */
	const char *cn;
	int through;                    /* index of the group that is the member here; -1: the person is */
	bool cn_shared;                 /* its directory holds another group of this cn: `directory:cn` does not mean it */
};

#define FACTS_AGE_UNKNOWN INT64_MAX     /* older than any rule takes that asks for an age */

struct facts {
	/* what the mirror knows: all that `rules` may use */
	const char *directory;
	const char *dn;
	const char *dn_key;             /* normalized; NULL: a condition with `dn under` is not sure, and refuses */
	const char *mail;               /* the one that Atlassian gets */
	const struct fact_attribute *attributes;
	size_t attribute_count;
	const struct fact_group *groups;        /* nearest first; `through` always points to a smaller index */
	size_t group_count;
	const struct slice *ids;        /* what no other person has: the values that the directory joins by */
	size_t id_count;
	int64_t age;                    /* seconds since all this was last known to be so; FACTS_AGE_UNKNOWN */
	/* this sign-on: only for `require`; door NULL means there is none */
	const char *door;               /* connection's name */
	enum door_kind door_kind;
	const struct fact_attribute *claims;
	size_t claim_count;
	bool mfa;
	bool guest;
	const char *client;             /* numeric address of the browser */
	const char *const *methods;     /* ways of signing on, by their URIs, NULL-terminated; NULL: the provider does not say */
	bool claims_left_out;           /* the provider left out what would hold too much, and does not say which claim */
	const char *tenant;             /* of the identity provider; NULL: it names none */
	const char *link;               /* name of the link that the person came by; NULL: none */
	/* when: also for `rules` (dates only) */
	int64_t now;                    /* 0: not known, and every condition on it refuses */
	const struct zone *zone;        /* whose days and hours count; NULL: UTC */
};

/* ---- rules ---- */

enum condition_scope { CONDITION_RULE, CONDITION_REQUIRE };

struct condition;

/* Values, groups, patterns or networks under one name, for `in set NAME`, `member of set NAME`, … */
struct policy_set {
	const char *name;
	const char *const *values;      /* NULL-terminated; none: nothing is in it */
};

/*
 * A condition under a name, for `condition NAME`.  All of them are parsed under
 * CONDITION_REQUIRE, each with a policy_names that holds all of them, then
 * linked, and only then used by rules.
 */
struct policy_condition {
	const char *name, *text;
	struct condition *when;         /* NULL: could not be parsed; judged as not sure */
};
/* -1: conditions that lead back to themselves, or grow beyond all bounds by one another; *which is the one to blame. */
int policy_conditions_link(struct policy_condition *list, size_t n, size_t *which, struct error *err);

/*
 * Parses the text of a `when`.  REASON_RULE: what is wrong, at which column,
 * and what was expected.  A condition with sign-on facts under CONDITION_RULE
 * is an error that says where it belongs.
 *
 * `normalize` turns a DN into the form of fact_group.dn_key (-1: not a DN);
 * it is how this folder stays free of LDAP.
 */
struct policy_names {
	int (*normalize)(struct arena *a, const char *dn, const char **key_out);
	const char *const *directories; /* names, NULL-terminated */
	const char *const *doors;
	const char *const *links;
	const struct policy_set *sets;
	size_t set_count;
	const struct policy_condition *conditions;
	size_t condition_count;
};
int condition_parse(struct arena *a, const char *text, enum condition_scope scope, const struct policy_names *names,
	struct condition **out, struct error *err);
/* Names of the attributes and groups a condition uses, each handed to `use`; the mirror keeps only those. */
void condition_attributes(const struct condition *c, void (*use)(const char *attribute, void *context), void *context);
void condition_groups(const struct condition *c, void (*use)(const char *group_as_written, void *context), void *context);
/*
 * For a person: the part of `text` around the column that an error's detail
 * begins with, and a line with a caret below it; NULL where it names none.
 */
const char *condition_caret(struct arena *a, const char *text, const char *detail);
/* Whether it may hold tomorrow and not today, or the other way round, of the same person. */
bool condition_depends_on_day(const struct condition *c);
/* Names of the claims that it uses. */
void condition_claims(const struct condition *c, void (*use)(const char *claim, void *context), void *context);

struct rule {
	const char *name;
	const char *when_text;
	struct condition *when;
	enum outcome outcome;
	const char *const *at;          /* OUTCOME_PORTAL: names of portal connections, NULL-terminated */
	const char *because;            /* OUTCOME_DENY: the public sentence, or NULL */
	int line;                       /* in the settings file */
	const char *origin;             /* where it stands when that is not the settings file: a DN; else NULL */
	const char *ask;                /* whom to ask who is refused by it or a requirement; NULL: whoever is asked else */
	bool guests;                    /* also gives to guests of the provider's tenant; else they are denied where it matches */
	int64_t stale_after;            /* seconds: gives by no facts that are older, but is refused there; 0: by any */
	/* for provisioning, which makes accounts; NULL-terminated, NULL: nothing besides what the connection's accounts have */
	const char *const *groups;      /* licensed, customer: Atlassian groups */
	const char *const *organizations;       /* portal: customer organizations, by name */
	const char *const *desks;       /* portal: service desks */
};

struct requirement {
	const char *name;
	const char *when_text;
	struct condition *when;
	bool for_outcome[OUTCOME_COUNT];        /* which outcomes it applies to */
	const char *otherwise;          /* public sentence, or NULL */
	int line;
};

/* One person, an outcome, until the end of a day; before the rules.  Of id, dn and mail one is there. */
struct exception {
	const char *name;
	const char *id;                 /* one of facts.ids, exactly */
	const char *dn, *dn_key;        /* as written, and normalized */
	const char *mail;               /* facts.mail, without case */
	const char *directory;          /* NULL: any */
	enum outcome outcome;
	const char *const *at;          /* as of a rule */
	const char *because;            /* why; OUTCOME_DENY: also what the person is told */
	int64_t until;                  /* the last day (calendar.h) */
	bool guests;
	int line;
};

/* Whether it is surely this person's. */
bool exception_is_of(const struct exception *exception, const struct facts *facts);

struct policy {
	const struct rule *rules;
	size_t rule_count;
	const struct requirement *requirements;
	size_t requirement_count;
	const struct exception *exceptions;
	size_t exception_count;
};

/* ---- decision ---- */

/* One test within a condition, in the order tried; what `explain` prints. */
struct trace_step {
	const char *text;               /* "member of corp:agents"; "all of", "at least one of", "not" before their tests */
	bool matched;
	const char *why;                /* "through corp:team, which is in corp:agents", "title is \"x\""; "" for what joins */
	int depth;                      /* nesting, for indentation */
};

struct trace_rule {
	const char *name;
	bool matched;
	const struct trace_step *steps;
	size_t step_count;
};

struct decision {
	enum outcome outcome;           /* of the exceptions and rules alone */
	bool granted;                   /* outcome is not deny, the rule gives to such a person, every requirement that applies held */
	enum reason reason;             /* not granted: DENIED_BY_RULE, DENIED_BY_DEFAULT, GUEST_DENIED, RULE_STALE, EXCEPTION_ENDED, REQUIREMENT_FAILED */
	bool guest_denied;              /* the rule that matched does not give to guests, and this is one */
	bool stale;                     /* the rule that matched wants facts that are not as old as these */
	const char *rule;               /* name of the rule that matched, or of the exception; NULL: none */
	const char *exception;          /* name of the exception that gave the outcome, or that ended; NULL: none */
	bool exception_ended;           /* it gave an account of another kind than the rules do now: nothing is granted */
	const char *requirement;        /* name of the one that failed, or NULL */
	const char *sentence;           /* public sentence of that rule or requirement, or NULL */
	const char *ask;                /* of the rule that matched, or NULL */
	const char *const *at;          /* sites of a portal outcome, NULL-terminated */
	const int *groups;              /* indexes into facts.groups: each that the rule named, then its way to the person */
	size_t group_count;
	/* only when a trace was asked for: rules up to the one that matched, requirements for its outcome */
	const struct trace_rule *rules;
	size_t rule_count;
	const struct trace_rule *requirements;
	size_t requirement_count;
};

enum policy_trace { TRACE_NO, TRACE_YES };

void policy_decide(struct arena *a, const struct policy *policy, const struct facts *facts, enum policy_trace trace,
	struct decision *out);

/* ---- review ---- */

/* A rule that can never match, or a requirement that can never hold: only what is surely so. */
struct policy_note {
	const char *name;
	int line;
	bool requirement;
	const char *text;               /* why: "`x = A` and `x != A` never hold together" */
};

size_t policy_review(struct arena *a, const struct policy *policy, int64_t now, const struct zone *zone, const struct policy_note **out);

/* ---- doors ---- */

/* What happens at a door: the table of outcomes by door. */
enum passage {
	PASSAGE_REFUSE,                 /* a page with the reason */
	PASSAGE_ASSERT,                 /* an assertion for the connection that asked */
	PASSAGE_TO_MANAGED,             /* redirect to the managed way in (its `start`) */
	PASSAGE_TO_PORTAL               /* redirect to the home of the first site in `at` */
};

struct door {
	const char *name;
	enum door_kind kind;
};

/*
 * door NULL or of DOOR_NONE: nobody asked for an assertion (a `go` link, `explain`
 * without a door); the answer is then the way in, never PASSAGE_ASSERT.
 * reason_out: set with PASSAGE_REFUSE (the decision's own, or WRONG_SITE).
 */
enum passage passage_for(const struct decision *decision, const struct door *door, enum reason *reason_out);

/* The pattern of `like`, for other settings that name many things: * and ?, without the case of A to Z. */
bool policy_like(const char *pattern, struct slice value);

#endif
