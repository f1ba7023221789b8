/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The mirror: people and groups of the directories, in one LMDB file.
 *
 * Two sides.  A directory process (mirror_follow) talks to one directory
 * server with blocking libldap, as its kind asks (RFC 4533), and writes.  Everyone
 * else reads: mirror_person finds one person by a join and walks the nested
 * groups, in microseconds, whether the server is up or not.
 *
 * Only the attributes that the settings name are kept, and uid, by which people
 * are named on the command line.  Groups are joined by normalized DN, not by
 * memberOf (which servers do not replicate as a change).  Cycles are harmless:
 * a group is visited once.
 *
 * Both sides must be given the same bases, filters, joins and attributes (their
 * order, and all that concerns the connection, does not matter): a mirror that
 * was filled under other ones is REASON_MIRROR_EMPTY until it was read anew,
 * since a rule must not judge by an attribute that was never asked for.
 *
 * One process opens a file once (LMDB): not the writing and the reading side.
 *
 * This folder knows neither SAML nor HTTP nor rules, nor why it is asked.
 * ldap.h stays in connection.c, addresses.c, dn.c and the feeds.
 */
#ifndef LDAP_MIRROR_H
#define LDAP_MIRROR_H

#include "base/arena.h"

#include <stdint.h>

/* ---- what the settings say of a directory ---- */

struct directory_join {
	const char *claim;              /* "objectidentifier" or a full claim name; what the caller looks up */
	const char *attribute;          /* LDAP attribute that holds the same value */
	bool is_mutable;                /* a join on mail or UPN: never for guests, never beside a stronger one that differs */
};

/*
 * What server it is, which decides how changes are followed: the order of the words of the setting `kind`.  SCIM is none:
 * who fills such a directory is not this folder's business (scim/follow.c).
 */
enum directory_kind { DIRECTORY_OPENLDAP, DIRECTORY_ACTIVE_DIRECTORY, DIRECTORY_ENTRA_DOMAIN_SERVICES, DIRECTORY_OTHER, DIRECTORY_SCIM };

#define GROUP_ATTRIBUTES_MAX 8

enum directory_tls { DIRECTORY_PLAIN, DIRECTORY_STARTTLS, DIRECTORY_LDAPS };

/* SASL EXTERNAL: whom the client certificate names, or on ldapi:// whom this process belongs to. */
enum directory_bind { DIRECTORY_BIND_SIMPLE, DIRECTORY_BIND_EXTERNAL };

struct directory_options {
	const char *name;               /* key in the settings: "corp" */
	enum directory_kind kind;
	const char *const *uris;        /* in order of preference, NULL-terminated */
	bool starttls;
	const char *ca_file;            /* NULL: the system's */
	enum directory_bind bind;
	const char *bind_dn;            /* NULL: anonymous */
	struct slice password;          /* only in the directory process */
	struct slice client_certificate, client_key;    /* PEM, only there; n 0: none */
	const char *people_base, *people_filter;
	const char *groups_base, *groups_filter;
	const char *member_attribute;   /* "member" */
	const char *group_name_attribute;       /* "cn" */
	const char *rules_base, *rules_filter;  /* entries that say who gets what; NULL: none are read */
	const char *const *rules_attributes;    /* theirs that are kept: lower case, sorted, NULL-terminated */
	const char *const *group_attributes;    /* the same of groups: marks that rules are made of; NULL: none */
	const char *mail_attribute;     /* "mail" */
	const char *disabled_filter_attribute;  /* NULL, or "attribute" … */
	const char *disabled_value;     /* … whose value (or presence, when NULL) means switched off */
	const struct directory_join *joins;     /* strongest first */
	size_t join_count;
	const char *const *sources;     /* whose claims find people here, NULL-terminated; NULL: anybody's */
	const char *const *attributes;  /* further attributes to keep, NULL-terminated */
	const char *id_attribute;       /* kind other: by which entries are known; NULL: the usual one that the server has */
	int64_t poll_seconds;           /* between two questions for changes, where the server does not tell them unasked; 0: 2, or 5 */
	int64_t compare_seconds;        /* between readings of everything where deletions are not told; 0: ten minutes */
	int64_t network_seconds;        /* time-out of connect, TLS and each answer; 0: 10 */
	size_t removal_limit;           /* percent that one refresh may take away unasked; 100: any share; 0: 10 */
	int64_t return_seconds;         /* while another server serves: between looks whether the first is back; 0: a minute */
	int64_t reread_seconds;         /* between readings of everything; 0: a day */
	int64_t moved_seconds;          /* between such as a moved unit asks for; 0: a minute */
};

/* Entries as Active Directory has them: known by objectGUID, with SIDs, primary groups and userAccountControl. */
static inline bool directory_is_ad(const struct directory_options *d)
{
	return d->kind == DIRECTORY_ACTIVE_DIRECTORY || d->kind == DIRECTORY_ENTRA_DOMAIN_SERVICES;
}

/*
 * A DN in comparable form: parsed by RFC 4514, escapes made one, attribute types in lower case; values too, and their
 * blanks made one, where the type is known to match without case (dn.c has the list).  -1: not a DN.
 */
int dn_normalize(struct arena *a, const char *dn, const char **key_out);

/* ---- the writing side: one process a directory ---- */

struct mirror_progress {
	void (*alive)(void *context);   /* called at least once a network_seconds while anything goes on */
	bool (*stop)(void *context);    /* asked between steps */
	void *context;
	/* For who waits for one reading; each may be NULL. */
	void (*entry)(void *context);   /* an entry came */
	void (*whole)(void *context, const char *uri);  /* people and groups are as this server has them */
	void (*lost)(void *context, const char *why);   /* one address could not be used, or no longer */
};

/*
 * Follows the directory until `stop`: connects (each URI in turn, back to the
 * first as soon as it serves, back-off to 30 s), refreshes from the cookie in the file, persists.  Every change is
 * committed within a second of its arrival, with the cookie in the same
 * transaction.  Returns 0 when stopped, -1 only when the file cannot be written.
 */
int mirror_follow(const char *path, const struct directory_options *directory, const struct mirror_progress *progress,
	struct error *err);

/* For `postern check`: connects, binds, finds both bases; counts people and groups with one page each. */
struct directory_check {
	const char *uri;                /* the one that answered */
	size_t people, groups;          /* seen, up to 1000 */
	const char *cannot_follow;      /* why changes cannot be followed there; NULL: they can */
	size_t people_with_join;        /* of the people seen, those with the first join's attribute */
	/* Active Directory: */
	const char *controller;         /* name of the domain controller that answered; NULL: another kind */
	bool sees_deletions;            /* by the right to replicate; otherwise by comparing everything */
	size_t people_with_account;     /* of the people seen, those whose userAccountControl may be read */
	const char *rights_of;          /* the person whose rights were looked at; NULL: they cannot be read */
	const struct directory_writable {
		const char *attribute;  /* of a join that is not mutable by itself … */
		const char *who;        /* … and which people may write it there: "SELF" */
	} *writable;
	size_t writable_count;
};
int directory_check(struct arena *a, const struct directory_options *directory, struct directory_check *out, struct error *err);

/* ---- the reading side ---- */

struct mirror;

/* REASON_MIRROR_EMPTY when the file is not there yet: try again later. */
int mirror_open(const char *path, struct mirror **out, struct error *err);
void mirror_close(struct mirror *m);
/* Opens *m where it is NULL, or where the file was made anew since: by another version of this program, or by hand. */
int mirror_open_again(const char *path, struct mirror **m, struct error *err);

struct mirror_attribute {
	const char *name;               /* lower case */
	const struct slice *values;
	size_t n;
};

struct mirror_group {
	const char *directory;
	const char *dn, *dn_key, *cn;
	bool cn_shared;                 /* its directory holds another group of this cn: the cn alone does not mean it */
	int through;                    /* index of the group that is its member on the way to the person; -1: direct */
};

struct mirror_person {
	const char *directory;
	const char *dn;
	const char *entry_uuid;         /* stable id of the entry, as text */
	const char *mail;               /* first value; NULL: none */
	bool disabled;
	const char *joined_by;          /* "corp: employeeNumber" */
	const struct mirror_attribute *attributes;
	size_t attribute_count;
	const struct mirror_group *groups;      /* nearest first; through always points to a smaller index */
	size_t group_count;
	int64_t as_of;                  /* when the directory was last heard of (change, or a contact that said "none") */
};

struct mirror_claim {
	const char *claim;              /* as in directory_join.claim */
	const char *value;
};

struct mirror_query {
	const struct mirror_claim *claims;      /* what the sign-on knows */
	size_t claim_count;
	bool guest;                     /* mutable joins do not apply */
	const char *source;             /* who vouches for the claims; NULL: nobody, so only directories that do not ask find anybody */
};

/*
 * One person in all directories, or a refusal: PERSON_NOT_FOUND,
 * PERSON_FOUND_TWICE (two entries, or somebody else who is not switched off has
 * the same first mail), PERSON_DISABLED, GUEST_JOIN, JOIN_CONFLICT (a mutable
 * join found an entry whose stronger attribute is there and is not the claim's),
 * TOO_MANY_GROUPS (over 5,000, or nested over 64 deep), MIRROR_EMPTY (a
 * directory was never read whole).
 */
int mirror_person(struct arena *a, struct mirror *m, const struct directory_options *directories, size_t directory_count,
	const struct mirror_query *query, struct mirror_person *out, struct error *err);

/* For `explain PERSON`: by mail, DN, uid or a join value; the same refusals. */
int mirror_person_named(struct arena *a, struct mirror *m, const struct directory_options *directories, size_t directory_count,
	const char *name, struct mirror_person *out, struct error *err);

/* An entry of the rules' base, or a group that has one of group_attributes; uninterpreted. */
struct mirror_rule {
	bool is_group;
	const char *dn, *dn_key;
	const struct mirror_attribute *attributes;      /* sorted by name */
	size_t attribute_count;
};
/* All of a directory, in no order.  1; 0: they were not read whole yet under these settings; -1. */
int mirror_rules(struct arena *a, struct mirror *m, const struct directory_options *directory, const struct mirror_rule **out,
	size_t *n_out, struct error *err);
/* Another number than before: something has changed. */
int mirror_generation(struct mirror *m, uint64_t *out, struct error *err);

/* ---- everybody, for commands ---- */

/*
 * A copy of the file that is this process's alone (in `folder`, else in TMPDIR) and has no name: reading everybody takes
 * longer than a read transaction of the file itself may.  REASON_MIRROR_EMPTY as mirror_open.
 */
int mirror_open_copy(const char *path, const char *folder, struct mirror **out, struct error *err);

/* One person as a sign-on would know them, whichever way it found them. */
struct mirror_one {
	const struct mirror_person *person;     /* joined_by: NULL; groups: none when there are TOO_MANY_GROUPS */
	const struct error *refusal;    /* reason NONE, or why their sign-on is refused: no value to find them by, one that others have … */
};

/*
 * Calls `each` for everybody in these directories, in the order of the settings, until it returns other than 0; that value, 0
 * at the end, or -1 (MIRROR_EMPTY, as mirror_person).  What it is given lives until it returns, in `one_arena`.
 */
int mirror_each(struct mirror *m, const struct directory_options *directories, size_t directory_count,
	int (*each)(struct arena *one_arena, const struct mirror_one *one, void *context), void *context, struct error *err);

/* A group by its normalized DN, or by its name. */
struct mirror_group_found {
	size_t count;                   /* groups of that name: 0 there is none */
	const char *dn;                 /* of one of them; NULL: none */
	size_t members;                 /* entries that it names, whether or not they are in the mirror */
};
int mirror_group(struct arena *a, struct mirror *m, const char *directory, const char *dn_key, const char *cn,
	struct mirror_group_found *out, struct error *err);

/* ---- what lies in it, for `postern mirror`: whatever a sign-on would make of it ---- */

enum mirror_entry_kind { MIRROR_ENTRY_PERSON, MIRROR_ENTRY_GROUP };

struct mirror_entry {
	enum mirror_entry_kind kind;
	const char *directory, *dn, *entry_uuid;
	const char *name;               /* a person's first mail, a group's name; NULL: none */
	bool disabled;
	const struct mirror_attribute *attributes;      /* of a person */
	size_t attribute_count;
	const struct mirror_group *groups;      /* it is in: of mirror_entries_named all, nearest first; of mirror_each_entry the nearest */
	size_t group_count;
	const char *const *members;     /* of a group: DNs of those that are in the mirror … */
	size_t member_count;
	size_t members_elsewhere;       /* … and how many are not */
};

/*
 * Entries of this kind in these directories: people by mail, DN, uid or a join value, groups by name (or directory:name) or
 * DN; as many as there are, also none.
 */
int mirror_entries_named(struct arena *a, struct mirror *m, const struct directory_options *directories, size_t directory_count,
	enum mirror_entry_kind kind, const char *name, const struct mirror_entry **out, size_t *n_out, struct error *err);
/* All people, then all groups of a directory, until `each` returns other than 0, which is then the result; -1.  On a copy. */
int mirror_each_entry(struct mirror *m, const struct directory_options *directory,
	int (*each)(const struct mirror_entry *e, void *context), void *context, struct error *err);

/* Held: a refresh that would have taken away too much at once.  n 0: none. */
struct mirror_removal {
	size_t n, known;                /* entries that would go or lose what matters, of so many */
	int64_t since;
};

struct mirror_state {
	bool filled;                    /* read whole at least once */
	bool connected;                 /* listening to a server, and as it is */
	int64_t as_of;
	int64_t changed;                /* when an entry last came, changed or went; 0: not known */
	size_t people, groups;
	struct mirror_removal people_held, groups_held;
	const char *server;             /* listened to, or last; NULL: none yet */
	const char *error;              /* last one, NULL: none */
	const char *rules_error;        /* why rules cannot be read; NULL: they can, or are not wanted */
};
int mirror_state(struct arena *a, struct mirror *m, const char *directory, struct mirror_state *out, struct error *err);

/* DNs of at most `most` entries that are held, people first. */
int mirror_held(struct arena *a, struct mirror *m, const char *directory, size_t most, const char *const **out, size_t *n_out,
	struct error *err);

/*
 * Accepts what is held of a directory: its process reads it once more, and what
 * it then lacks goes, as far as it was held now (and, beyond that, as much as
 * may always go).  Good for one refresh.  n of both 0: nothing was held.  Writes;
 * the caller must not have the file open.
 */
int mirror_accept(const char *path, const char *directory, struct mirror_removal *people, struct mirror_removal *groups,
	struct error *err);

#endif
