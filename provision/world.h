/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The world: what Atlassian holds, as it was read at one time.
 *
 * Read by the clients of the interfaces (doer.h), compared by plan.h with the
 * desired state.  Of a target that could not be read whole nothing is known
 * (`complete` is false), and nothing may be planned for it: who is missing in
 * half a list is not gone.  All memory is the arena's.
 */
#ifndef PROVISION_WORLD_H
#define PROVISION_WORLD_H

#include "provision/accounts.h"
#include "provision/desired.h"

struct world_user {
	const char *id;                 /* the target's own: SCIM id; TARGET_PORTAL_REST: the account id */
	const char *external_id;        /* NULL: none */
	const char *user_name;          /* SCIM alone, else NULL */
	const char *mail;               /* primary; NULL: none, or kept from us by privacy settings */
	const char *display_name, *given_name, *family_name, *title, *department;        /* NULL: not there */
	bool active;
	const char *account_id;         /* Atlassian's; NULL: not told */
	bool atlassian;                 /* TARGET_PORTAL_REST: an Atlassian account among the customers, no portal-only one */
};

struct world_group {
	const char *id;                 /* SCIM id; of a customer organization or a desk by REST its number as text */
	const char *name;
	const char *const *members;     /* world_user.id, sorted; NULL-terminated */
	size_t member_count;
	const char *const *attached;    /* of a desk: ids of its customer organizations, sorted; read where target.attach names it, else NULL */
	size_t attached_count;
	bool fixed;                     /* a customer organization that SCIM owns: left alone by REST */
};

struct world_target {
	bool complete;                  /* everything below was read to its end */
	const char *fault;              /* why not; NULL: it was */
	const struct world_user *users; /* by id */
	size_t user_count;
	const struct world_group *groups;       /* groups of SCIM, customer organizations of REST; by name */
	size_t group_count;
	const struct world_group *desks;        /* TARGET_PORTAL_REST: those of target.desks, with their customers; by id */
	size_t desk_count;
	int64_t read;                   /* when */
};

struct world {
	const struct world_target *targets;     /* in the order of desired.targets */
	size_t target_count;
	/* every account that the inventory lists, of both kinds, by lower-cased mail; an account of the other kind is found here before
	   anything is made.  inventory_as_of 0: there is no inventory. */
	const struct account *accounts;
	size_t account_count;
	int64_t inventory_as_of;
	/* The organisation's verified mail domains, lower case, sorted: whoever is outside gets no managed account.  NULL: not known, and
	   domains_fault says why where it was asked. */
	const char *const *domains;
	size_t domain_count;
	const char *domains_fault;
};

/* NULL: none. */
const struct world_user *world_user_by_id(const struct world_target *t, const char *id);
const struct world_group *world_group_by_name(const struct world_target *t, const char *name);

#endif
