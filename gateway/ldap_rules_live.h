/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rules of LDAP in a process that judges: the set in force, compiled once,
 * with those of the settings as one policy.
 *
 * Looking costs one stat.  When the set has changed, or a date has come, the
 * policy is made anew; the one before lasts until the next look, since what was
 * decided points into it.
 */
#ifndef GATEWAY_LDAP_RULES_LIVE_H
#define GATEWAY_LDAP_RULES_LIVE_H

#include "gateway/ldap_rules.h"

struct ldap_rules_live;

struct ldap_rules_live *ldap_rules_live_open(const struct settings *s);
void ldap_rules_live_look(struct ldap_rules_live *l, int64_t now);
/* After a look: by the dates of another time, until the next look.  For `explain`. */
void ldap_rules_live_at(struct ldap_rules_live *l, int64_t t);
const struct policy *ldap_rules_live_policy(const struct ldap_rules_live *l);
/* With other rules in place of the settings' own. */
void ldap_rules_live_with(struct arena *a, const struct ldap_rules_live *l, const struct policy *file, int64_t now, struct policy *out);
/* What a mark gives to members of this group; NULL: nothing. */
const struct ldap_given *ldap_rules_live_given(const struct ldap_rules_live *l, const char *directory, const char *dn_key);
/* All of them, by group. */
size_t ldap_rules_live_all_given(const struct ldap_rules_live *l, const struct ldap_given **out);
const char *ldap_rules_live_version(const struct ldap_rules_live *l);  /* "": no set */
/* Why what is in force is not what somebody wrote: no set was taken yet, or it cannot be read; NULL: it is. */
const char *ldap_rules_live_fault(const struct ldap_rules_live *l);
/* Why the rule of this name denies instead of giving what it says; NULL: it is good, or none of LDAP. */
const char *ldap_rules_live_rule_fault(const struct ldap_rules_live *l, const char *name);
/* No rule and no mark is left out or denies because of what is wrong with it. */
bool ldap_rules_live_are_sound(const struct ldap_rules_live *l);
void ldap_rules_live_close(struct ldap_rules_live *l);                 /* NULL is fine */

/* ---- which version runs where: a file for each process in runtime_dir ---- */

/* From now on this process says so. */
void ldap_rules_live_say(struct ldap_rules_live *l);

struct ldap_rules_running {
	int64_t pid, since;
	const char *version;            /* "": none */
};
/* Those of processes that live; files of others are taken away where that is allowed. */
size_t ldap_rules_running(struct arena *a, const struct settings *s, struct ldap_rules_running **out);

#endif
