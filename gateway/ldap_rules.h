/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules that stand in LDAP, from the entry to what decides.
 *
 *	mirror      the entries as they are, within a second of their change
 *	rules role  (rules_role.c) reads them as a set, tries them (ldap_rules_compile), counts whose outcome would change,
 *	            and takes the set or leaves it: whoever can write rules in LDAP never gets beyond the settings' bounds
 *	state_dir   ldap-rules.json is the set in force: the last good one, also after a restart.  One writer: the rules role
 *	workers     (ldap_rules_live.c) make a policy of it and of the file's rules, when it changes or a date comes, and
 *	            decide by that
 *
 * A set is whole or it is not: one entry that is wrong keeps all of them out,
 * since the others may have been written with it in mind.  It has a version,
 * made of all that its entries say, so that it is the same on every gateway.
 *
 * Of the set in force an entry may become wrong by other settings: an outcome
 * that may no longer be given, a site or a directory that is gone.  Then whom
 * it matches, or might match, is denied: neither a rule further down nor
 * nothing at all is what its writer meant.
 */
#ifndef GATEWAY_LDAP_RULES_H
#define GATEWAY_LDAP_RULES_H

#include "gateway/settings/settings.h"

#define LDAP_RULES_MAX 1000             /* entries */
#define LDAP_RULES_VERSION 32           /* hexadecimal digits: who writes rules must not find two sets of one version, and have one accepted */

/* ---- the set ---- */

struct ldap_rule_values {
	const char *const *list;        /* NULL-terminated */
	size_t n;
};

struct ldap_rule_entry {
	const char *dn, *dn_key;
	bool is_mark;                   /* on the group of this DN */
	const char *fault;              /* cannot be read; NULL: it can */
	struct ldap_rule_values says[LDAP_RULE_FIELDS];
};

struct ldap_rule_set {
	struct ldap_rule_entry *entries;        /* by dn_key */
	size_t n;
	char version[LDAP_RULES_VERSION + 1];   /* "": there is no set */
	int64_t taken;                  /* when it came into force; 0: not */
};

/* Where an entry, or a mark, says it; NULL: it cannot. */
const char *ldap_rule_attribute(const struct settings *s, bool is_mark, enum ldap_rule_field field);

/* What the mirror holds now.  1; 0: not read whole yet; -1. */
int ldap_rules_mirrored(struct arena *a, const struct settings *s, struct mirror *mirror, struct ldap_rule_set *out, struct error *err);

/* The set in force, from its file.  1; 0: there is none; -1: it is there and cannot be read. */
int ldap_rules_read(struct arena *a, const char *path, struct ldap_rule_set *out, struct error *err);
int ldap_rules_write(const char *path, const struct ldap_rule_set *set, struct error *err);
/* The same as ldap_rules_read, but what cannot be read is a set that denies whoever comes to it. */
void ldap_rules_in_force(struct arena *a, const struct settings *s, struct ldap_rule_set *out);

/* ---- compiled ---- */

struct ldap_rule {
	struct rule rule;               /* its name is "ldap:" and the entry's */
	const struct ldap_rule_entry *entry;
	uint64_t order;
	int64_t from, until;            /* 0: no such end */
	const char *fault;              /* NULL: good; else it denies */
};

/* What a mark gives to members of its group, whatever rule decides about them; each list NULL-terminated, NULL: nothing. */
struct ldap_given {
	const struct ldap_rule_entry *entry;    /* of the group: its dn_key */
	const char *const *groups;      /* Atlassian groups, to who has an Atlassian account */
	const char *const *organizations, *const *desks;        /* customer organizations and service desks, to portal people */
	const char *const *at;          /* at these portal connections; NULL: at all where the person is */
};

struct ldap_rules {
	struct ldap_rule *list;         /* in the order in which they are tried */
	size_t n;
	struct ldap_given *given;       /* by marks, in the order of their DNs */
	size_t given_count;
	const char **problems;          /* "DN: what is wrong" */
	size_t problem_count;
};

/* mirror NULL: groups that rules name are not looked for. */
void ldap_rules_compile(struct arena *a, const struct settings *s, struct mirror *mirror, const struct ldap_rule_set *set,
	struct ldap_rules *out);

bool ldap_rule_counts(const struct ldap_rule *rule, int64_t now);
/* The file's rules with those that count now between them; *until_out: when that changes by itself, 0: never. */
void ldap_rules_policy(struct arena *a, const struct settings *s, const struct ldap_rules *rules, int64_t now, struct policy *out,
	int64_t *until_out);

#endif
