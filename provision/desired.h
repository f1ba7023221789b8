/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Desired state: who shall have which account at Atlassian, and where.
 *
 * Made by the gateway out of everybody in the mirror, each judged by the very
 * rules that judge a sign-on (gateway/provisioning/desired_census.c), and compared with the
 * world (world.h) by plan.h.  Nothing here is read or written by itself.
 *
 * A person is known by `id` for ever: what Entra calls the object id, what the
 * strongest join of their directory holds, what SCIM keeps as externalId.
 * Never by mail or name, which change and move to others.
 */
#ifndef PROVISION_DESIRED_H
#define PROVISION_DESIRED_H

#include "base/slice.h"

#include <stdint.h>

/* ---- where accounts live ---- */

enum target_kind {
	TARGET_ORGANIZATION,            /* the organisation's SCIM directory: Atlassian accounts */
	TARGET_PORTAL_SCIM,             /* SCIM for portal-only customers; its groups are customer organizations */
	TARGET_PORTAL_REST              /* a site's Jira Service Management REST interface */
};

const char *target_kind_word(enum target_kind kind);    /* "organization", "portal-scim", "portal-rest" */

/* A customer organization whose members shall be customers of a desk, and share its requests. */
struct desired_attachment {
	const char *organization, *desk;
};

struct target {
	const char *name;               /* of the connection whose people it has: "organisation", "helpdesk" */
	enum target_kind kind;
	const char *base;               /* address, no slash at the end: of the SCIM directory, or of the site */
	const char *login;              /* TARGET_PORTAL_REST: the mail that belongs to the token; NULL: the token is a bearer's */
	struct slice key;               /* secret; {NULL, 0} in every process that does not talk to it */
	int64_t key_ends;               /* when the key ends, as the settings say; 0: not said */
	struct slice ca_pem;            /* {NULL, 0}: the system's */
	const char *proxy;              /* NULL: none */
	unsigned rate;                  /* requests a second, at most */
	const char *const *groups;      /* every Atlassian group (portal: customer organization) that a rule, a mark or the settings name:
	                                   only of these are members ever added or removed; NULL-terminated, sorted */
	const char *const *licensed;    /* those of them that give access to a product: a customer is never in one */
	const char *const *desks;       /* TARGET_PORTAL_REST: likewise service desks, as ids */
	const struct desired_attachment *attach;        /* TARGET_PORTAL_REST: what a rule gives together; each once, sorted */
	size_t attach_count;
};

/* ---- people ---- */

#define DESIRED_TEXT_MOST 255           /* bytes of a name, title or department: no limit is published, and this is longer than any name */

enum desired_kind {
	DESIRED_NOTHING,                /* the rules deny: out of all groups; an account of ours is deactivated after the grace time */
	DESIRED_LICENSED,               /* an Atlassian account, active, in `groups` */
	DESIRED_CUSTOMER,               /* an Atlassian account, active, in `groups`, none of which is licensed */
	DESIRED_PORTAL                  /* a portal-only account at each of `places`, and no Atlassian account */
};

const char *desired_kind_word(enum desired_kind kind);  /* "nothing", "licensed", "customer", "portal" */

struct desired_place {
	size_t target;                  /* index into desired.targets */
	const char *const *organizations;       /* customer organizations, by name; NULL-terminated, sorted */
	const char *const *desks;       /* by id; NULL-terminated, sorted */
};

struct desired_person {
	const char *id;                 /* lower case where it is a GUID; never NULL */
	const char *directory, *dn;
	const char *mail;               /* never NULL unless DESIRED_NOTHING or held */
	/* One line each, of DESIRED_TEXT_MOST bytes at most; NULL: not known, or not to be told.  display_name falls back to the mail's local part. */
	const char *display_name, *given_name, *family_name, *title, *department;
	enum desired_kind kind;
	bool disabled;                  /* switched off in the directory (kind is DESIRED_NOTHING) */
	const char *held;               /* why nothing at all may be done for this person (two entries of one id, one mail of two
	                                   people, facts too old, …): their accounts stay as they are; NULL: nothing is in doubt */
	size_t target;                  /* licensed, customer: index into desired.targets */
	const char *const *groups;      /* licensed, customer: NULL-terminated, sorted */
	const struct desired_place *places;     /* portal */
	size_t place_count;
	const char *rule;               /* name of the rule or exception that decided; NULL: none did */
	const char *why;                /* for people: "rule agents, by corp:jira-agents through corp:team" */
};

struct desired {
	const struct target *targets;
	size_t target_count;
	const struct desired_person *people;    /* by id, each once */
	size_t count;
	uint64_t generation;            /* of the mirror that it was made of */
	int64_t as_of;                  /* of the directory that was heard of least lately */
	const char *stale;              /* why nobody who is missing is taken to be gone: a directory's data are too old; NULL: they are not */
	bool groups_unsure;             /* something that may name groups could not be understood: none of ours is deleted */
	const char *const *nameless;    /* mails of people who have no id: nothing is made for them, and what they have stays; NULL: nobody's */
};

const struct desired_person *desired_person_by_id(const struct desired *d, const char *id);    /* NULL: nobody */
/* Shall this person have an account at that target? */
bool desired_wants(const struct desired_person *p, size_t target);

#endif
