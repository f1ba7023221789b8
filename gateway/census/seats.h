/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `postern seats`: who holds which outcome, what is billed, and what that costs.
 *
 * What the rules want comes from the census; what Atlassian counts from the
 * inventory, or from an export that is handed over.  Everything is computed
 * once (seats_compare, seats_reckon); the command prints it in four forms that say
 * the same, the provision role keeps a record of it each month.
 */
#ifndef GATEWAY_SEATS_H
#define GATEWAY_SEATS_H

#include "gateway/census/bill.h"
#include "gateway/census/census.h"

struct seats_account;

struct seats_person {
	const char *directory, *dn;
	const char *mail;               /* "": none */
	enum outcome outcome;           /* what the rules say */
	size_t rule;                    /* as standing.rule */
	const char *rule_name;          /* of the rule or exception; NULL: none */
	enum reason refusal;            /* why a sign-on is refused all the same; of whom the rules give nothing, why */
	const char *detail;
	const char *path;               /* groups, as census_path */
	const char *account;            /* in the inventory, as judge_account_word */
	product_set wants;                 /* what the rule gives; of whom is licensed and can sign on, else none */
	const struct seats_account *managed;    /* at Atlassian, NULL: not there */
};

/* How an account at Atlassian compares with the rules. */
enum seats_class {
	SEATS_NOTHING,                  /* not billed, and nobody wants it to be */
	SEATS_BILLED_WANTED,
	SEATS_BILLED_UNWANTED,          /* no rule gives it */
	SEATS_BILLED_REFUSED,           /* a rule gives it, but a sign-on is refused */
	SEATS_WANTED_UNBILLED,
	SEATS_WANTED_MISSING,           /* of a person without an account */
	SEATS_NOT_SAID,                 /* the source does not say whether it is billed */
	SEATS_BILLED_MUTE,              /* whose it is is not known: Atlassian tells no mail */
	SEATS_CLASSES
};

struct seats_account {
	const char *mail;               /* "account 557058:…" where none is told */
	const char *id;                 /* NULL: not in the source */
	bool mute;                      /* no mail is told */
	bool second;                    /* billed besides another account with this mail */
	enum account_kind kind;
	int billable;
	const char *const *products;    /* names as in the source, NULL-terminated */
	const char *products_text;      /* "Jira, Trello" */
	product_set has;                   /* the same; of who is billed: a customer of Jira Service Management has no product */
	product_set idle;                  /* those of them that were not used for so long */
	product_set idle_known;            /* those of which the source says when they were used */
	bool only_trello;               /* billed, and Trello is all that it has access to */
	bool two_kinds;                 /* the mail has an account of the other kind, too */
	enum seats_class class;
	const struct seats_person *person;      /* NULL: nobody in the mirror has this mail */
};

/* ---- what is said of them, once for all forms ---- */

struct seats_line {
	const char *key;                /* "billed-unwanted", "idle-jira": for programs */
	const char *words;              /* "billed, though no rule gives it" */
	const char *todo;               /* what to do about it; NULL: nothing */
	bool part;                      /* of the line above, whose people it counts once more */
	bool hidden;                    /* not shown while nobody is on it */
	bool adds;                      /* money that is not spent yet, and would be */
	size_t people;
	int64_t money;                  /* a month; MONEY_UNKNOWN */
	const char *const *names;       /* of all of them; NULL: a line without names */
};

struct seats_month;                     /* seats_record.h */

struct seats {
	struct census census;
	const struct policy *policy;
	struct seats_person *people;    /* by outcome, rule, mail, DN */
	size_t people_count;
	/* what Atlassian counts */
	bool compared;
	const char *export;             /* path of the file that was handed over; NULL: the inventory */
	int64_t as_of;                  /* of the inventory */
	int64_t idle_after;             /* seconds */
	struct accounts_import read;    /* what was read of the file */
	const char *const *columns;     /* names of products, as in the source, in its order */
	struct seats_account *accounts; /* by mail; `second` ones behind all others */
	size_t account_count, second_count, billed_count;
	size_t twice;                   /* accounts that the source has a second time */
	/* money */
	struct bill bill;
	struct bill_users wanted;       /* by the rules */
	struct bill_users everybody;    /* all who are let in, managed and licensed */
	struct bill_users billed;       /* at Atlassian */
	struct seats_line *lines;
	size_t line_count;
	const struct seats_month *before;       /* NULL: there is no record of an earlier month */
};

bool seats_can_sign_on(const struct seats_person *p);
const char *seats_class_word(enum seats_class class);   /* "billed-unwanted"; "" for nothing */
enum seats_class seats_class_of(const struct seats *s, const struct seats_person *p);
const char *seats_name_of(const struct seats *s, const struct seats_person *p);        /* clean */

/* Reads the export, or the inventory (without one nothing is compared), and compares it with the people. */
/* Judges everybody and reckons; export NULL: beside it stands the inventory, else this export.  idle 0: as the settings say. */
int seats_count(struct seats *s, const char *export, struct slice csv, int64_t idle, struct error *err);
int seats_read_export(struct seats *s, struct slice csv, struct error *err);
int seats_read_inventory(struct seats *s, struct error *err);

/* Counts and prices everything; after the accounts were read, if they are. */
void seats_reckon(struct seats *s);
/* The lines of the comparison. */
void seats_make_lines(struct seats *s);
int64_t seats_cost(const struct seats *s, const struct seats_person *p);       /* one's share of what is wanted */
/* What would be spent if everybody were licensed; MONEY_UNKNOWN where nothing says what they would get. */
int64_t seats_everybody_cost(const struct seats *s);

/* ---- counts ---- */

size_t seats_let_in(const struct seats *s);             /* people who can sign on, with whatever outcome */

struct seats_count {
	size_t people, able;            /* able to sign on */
	int64_t money;                  /* their share of what is wanted */
};

struct seats_way {
	const char *path;               /* "": the rule names no group */
	size_t n;
	int64_t money;
};

#define SEATS_OUTCOMES 4
extern const enum outcome seats_outcomes[SEATS_OUTCOMES];
struct seats_count seats_of_outcome(const struct seats *s, enum outcome o);
/* policy.rule_count: of whom no rule matched; one more: by an exception. */
struct seats_count seats_of_rule(const struct seats *s, size_t rule);
/* By which groups people are licensed, the most first. */
size_t seats_ways(const struct seats *s, struct seats_way **out);

#endif
