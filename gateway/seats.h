/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern seats`: who holds which outcome, what is billed, and how that is printed. */
#ifndef GATEWAY_SEATS_H
#define GATEWAY_SEATS_H

#include "gateway/census.h"

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
	const struct seats_account *managed;    /* in the export, NULL: not there */
};

/* How an account of the export compares with the rules. */
enum seats_class {
	SEATS_NOTHING,                  /* not billed, and nobody wants it to be */
	SEATS_BILLED_WANTED,
	SEATS_BILLED_UNWANTED,          /* no rule gives it */
	SEATS_BILLED_REFUSED,           /* a rule gives it, but a sign-on is refused */
	SEATS_WANTED_UNBILLED,
	SEATS_WANTED_MISSING,           /* of a person without an account */
	SEATS_NOT_SAID,                 /* the export does not say whether it is billed */
	SEATS_CLASSES
};

struct seats_account {
	const char *mail;
	int billable;
	const char *const *products;    /* NULL-terminated */
	const char *products_text;      /* "Jira, Trello" */
	bool only_trello;               /* billed, and Trello is all that it has access to */
	enum seats_class class;
	const struct seats_person *person;      /* NULL: nobody in the mirror has this mail */
};

struct seats {
	struct census census;
	const struct policy *policy;
	struct seats_person *people;    /* by outcome, rule, mail, DN */
	size_t people_count;
	const char *export;             /* path of the managed accounts' file; NULL: none */
	struct accounts_import read;    /* what was read of it */
	struct seats_account *accounts; /* by mail */
	size_t account_count;
	size_t twice;                   /* accounts that the file has a second time */
};

bool seats_can_sign_on(const struct seats_person *p);
const char *seats_class_word(enum seats_class class);   /* "billed-unwanted"; "" for nothing */
enum seats_class seats_class_of(const struct seats *s, const struct seats_person *p);

/* Reads the export and compares it with the people. */
int seats_read_accounts(struct seats *s, struct slice csv, struct error *err);

void seats_print_text(const struct seats *s);
void seats_print_csv(const struct seats *s);
void seats_print_json(const struct seats *s);

#endif
