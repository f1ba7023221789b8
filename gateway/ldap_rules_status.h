/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How it went with the rules that LDAP holds now: written by the rules role,
 * read by commands, /health/ready and whoever shows alarms.
 */
#ifndef GATEWAY_LDAP_RULES_STATUS_H
#define GATEWAY_LDAP_RULES_STATUS_H

#include "gateway/ldap_rules.h"

#define LDAP_RULES_TOLD 20              /* problems, and people whose outcome would change, that are named */

enum ldap_rules_state {
	LDAP_RULES_UNREAD,              /* not read from LDAP yet, or no longer */
	LDAP_RULES_CURRENT,             /* what LDAP holds is in force */
	LDAP_RULES_REFUSED,             /* something is wrong with an entry */
	LDAP_RULES_PENDING              /* it would change too much: waits for `postern rules accept` */
};

struct ldap_rules_status {
	enum ldap_rules_state state;
	const char *version;            /* of what LDAP holds; "": not known */
	int64_t since;                  /* in this state with this version */
	const char *detail;             /* why, in a sentence; NULL: all is well */
	const char *const *told;        /* refused: all problems; pending: some of those whose outcome would change */
	size_t told_count;
	size_t changed, people;         /* pending: of how many, among how many */
};

const char *ldap_rules_state_word(enum ldap_rules_state state);

/* 0, or -1: never written, or not by us. */
int ldap_rules_status_read(struct arena *a, const struct settings *s, struct ldap_rules_status *out);
int ldap_rules_status_write(struct arena *a, const struct settings *s, const struct ldap_rules_status *status, struct error *err);

/* The version that an administrator accepted; "": none. */
const char *ldap_rules_accepted(struct arena *a, const struct settings *s);
int ldap_rules_accept(struct arena *a, const struct settings *s, const char *version, struct error *err);

/* ---- whose outcome another set would change ---- */

struct ldap_rules_change {
	size_t people, changed;
	const char **told;              /* "anna@example.org: customer by staff, would be licensed by ldap:agents" */
	size_t told_count;
};

/*
 * Everybody under both sets, at every moment from now on at which one of them changes by a date.  `alive` is called now and
 * then; other than 0 ends it (-1).
 */
int ldap_rules_compare(struct arena *a, const struct settings *s, struct mirror *mirror, const struct ldap_rules *before,
	const struct ldap_rules *after, int64_t now, int (*alive)(void *context), void *context, struct ldap_rules_change *out, struct error *err);

#endif
