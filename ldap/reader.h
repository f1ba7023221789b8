/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the reading side share; nobody else includes this. */
#ifndef LDAP_READER_H
#define LDAP_READER_H

#include "ldap/tables.h"

struct mirror {
	struct store *store;
};

/* A look-up under way: one read transaction over all directories. */
struct reading {
	struct arena *arena;
	struct store_txn *txn;
	const struct directory_options *directories;
	size_t count;
};

/* One entry found: a node names it in the whole file. */
struct found {
	const struct directory_options *directory;
	node_id id;
	const char *how;                /* "corp: employeeNumber" */
};

struct found_list {
	struct found *items;
	size_t n;
};

void found_add(struct reading *r, struct found_list *list, struct found f);    /* each node once */
/* People of one directory with this value. */
int find_by_value(struct reading *r, const struct directory_options *d, const char *attribute, struct slice value,
	struct found_list *list, struct error *err);
/* Exactly one, or PERSON_NOT_FOUND, PERSON_FOUND_TWICE. */
int require_one(const struct reading *r, const struct found_list *list, struct found *out, struct error *err);

/* join.c */
int find_by_claims(struct reading *r, const struct mirror_query *query, struct found *out, struct error *err);
int find_by_name(struct reading *r, const char *name, struct found *out, struct error *err);

/* mirror_read.c */
/* Each directory was read whole under these settings, or MIRROR_EMPTY. */
int require_filled(struct reading *r, struct error *err);
/*
 * All that the file says of an entry.  -1: it cannot be read.  What a sign-on is refused for (switched off, a mail that others
 * have, too many groups) is in *refusal, whose reason is else NONE.
 */
int fill_person(struct reading *r, const struct found *f, struct mirror_person *out, struct error *refusal, struct error *err);
/* 1: bytes in the arena, 0: none, -1. */
int read_person(struct reading *r, node_id id, struct slice *out, struct error *err);

const char *uuid_text(struct arena *a, const unsigned char uuid[UUID_SIZE]);

/* walk.c */
int walk_groups(struct reading *r, const struct directory_options *d, node_id person, const struct mirror_group **out,
	size_t *n_out, struct error *err);

/* account.c: what only Active Directory says of a person, and only when asked at the moment. */
/* *out: the group that is the person's primary one; 0: not known. */
int account_primary_group(struct reading *r, const struct directory_options *d, node_id person, node_id *out, struct error *err);
/* PERSON_DISABLED: its time is over. */
int require_account(const struct directory_options *d, const struct record *person, struct error *err);

#endif
