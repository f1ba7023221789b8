/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The Organizations API, and what belongs to it under the same key: which
 * managed accounts there are, who of them is billed and for which product, and
 * the way back out of a SCIM directory.
 *
 * Pages lead on by a whole address or by a cursor; an address of another host,
 * or of another list, is refused, since the key would go there.
 */
#ifndef PROVISION_ORGANIZATION_CLIENT_H
#define PROVISION_ORGANIZATION_CLIENT_H

#include "provision/step.h"

struct organization {
	const char *id;                 /* Atlassian's, of the organisation */
	const char *base;               /* https://api.atlassian.com */
	struct slice key;
	struct slice ca_pem;            /* {NULL, 0}: the system's */
	const char *proxy;              /* NULL: none */
	unsigned rate;                  /* requests a second, at most */
	int64_t *left_alone;            /* until when it asked for nothing to be sent: heeded, and put here when it asks; NULL: nobody keeps it */
	/* As in doer.h. */
	bool (*go_on)(void *context);
	void (*instead_of_waiting)(int64_t us, void *context);
	void (*answered)(const char *name, int status, void *context);
	void *context;
};

struct organization_accounts {
	const struct account *accounts; /* managed ones that are not closed; mail NULL where it is kept from us */
	size_t count;
	size_t closed, others;          /* left out: closed accounts; apps and customers */
	unsigned requests;
};

/* The whole list, or an error: PROVISION_STOP, or PROVISION_STEP when the list changed while it was read, three times. */
int organization_read(struct arena *a, const struct organization *o, int64_t now, struct organization_accounts *out, struct error *err);

struct organization_domain_list {
	const char *const *names;       /* lower case, sorted */
	size_t count;
	unsigned requests;
};

/* The mail domains that are verified; as organization_read. */
int organization_domains(struct arena *a, const struct organization *o, struct organization_domain_list *out, struct error *err);

/* STEP_UNLINK and STEP_RESTORE; target: whose directory the SCIM user is in. */
int organization_step(struct arena *a, const struct organization *o, const struct target *target, const struct step *step,
	struct step_result *out, struct error *err);

#endif
