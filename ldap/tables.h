/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How the mirror lies in its LMDB file: what the writing and the reading side
 * must agree on, and nobody else knows.
 *
 * Every DN that is an entry of ours, or a member of a group, is a *node* with a
 * small number, unique in the file and never used again.  Records and edges
 * hang on nodes; a group's record lies in one row with the edges that lead on
 * from it, so each of a person's groups costs one look-up.  People and groups
 * are kept apart: an entry that both filters find has two records.
 *
 *	NODE    directory 0 DN key              -> node
 *	UUID    directory 0 kind entryUUID      -> node
 *	PERSON  node                            -> record
 *	INDEX+  directory 0 attribute 0 value   -> node, people only
 *	INDEX+  directory 0 blank 0 name        -> node of each group of that name
 *	RULE    node                            -> record of a rule's entry
 *	ROW     node                            -> groups it is a member of; record, when it is a group
 *	MEMBER  node of a group                 -> nodes of its members, ascending
 *	META    "next" -> node; directory 0 "state" -> struct state; directory 0 "about" -> struct about;
 *	        directory 0 "cookie" kind -> cookie; directory 0 "pending" kind -> struct removal_head, UUIDs;
 *	        directory 0 "accepted" kind -> UUIDs
 *
 * As values, nodes are 8 bytes, big endian, so that they sort as they were made;
 * as keys they are numbers of the host (store.h), which are found sooner.
 */
#ifndef LDAP_TABLES_H
#define LDAP_TABLES_H

#include "ldap/record.h"
#include "store/store.h"

#include <endian.h>

enum { TABLE_NODE, TABLE_UUID, TABLE_PERSON, TABLE_INDEX, TABLE_ROW, TABLE_MEMBER, TABLE_META, TABLE_RULE };

extern const char *const mirror_tables[];

#define MIRROR_SCHEMA 4
#define NODE_SIZE 8
#define DIRECTORY_NAME_MAX 64
#define ATTRIBUTE_NAME_MAX 128
/* Longer values are no keys: not indexed, and a claim that long finds nobody. */
#define INDEX_VALUE_MAX 256

typedef uint64_t node_id;               /* 0: none */

struct key {
	size_t n;
	char bytes[STORE_KEY_MAX];
};

static inline struct slice key_slice(const struct key *k)
{
	return slice_of(k->bytes, k->n);
}

static inline void node_write(char out[NODE_SIZE], node_id id)
{
	uint64_t big = htobe64(id);

	memcpy(out, &big, NODE_SIZE);
}

/* 0 when s is no node. */
static inline node_id node_read(struct slice s)
{
	uint64_t big;

	if (s.n != NODE_SIZE)
		return 0;
	memcpy(&big, s.p, NODE_SIZE);
	return be64toh(big);
}

/* The key of PERSON, ROW, MEMBER and RULE: as the host writes it. */
struct id_key {
	node_id id;
};

static inline struct id_key key_id(node_id id)
{
	return (struct id_key){id};
}

static inline struct slice id_slice(const struct id_key *k)
{
	return slice_of(&k->id, sizeof(k->id));
}

struct key key_node(const char *directory, const char *dn_key);
/* By which a group is found that is somebody's primary one; a name of its node like a DN key. */
const char *sid_node_name(struct arena *a, const char *sid);
struct key key_uuid(const char *directory, enum mirror_kind kind, const unsigned char uuid[UUID_SIZE]);
struct key key_uuids(const char *directory, enum mirror_kind kind);     /* prefix of all */
struct key key_indexes(const char *directory);                            /* prefix of all of its index */
struct key key_cookie(const char *directory, enum mirror_kind kind);

enum removal_state { REMOVAL_PENDING, REMOVAL_ACCEPTED };

struct key key_removal(const char *directory, enum mirror_kind kind, enum removal_state state);
/* False: the value (empty, too long, with a NUL) is no key. */
/* Groups by name, without the case of A to Z; false: too long to be a key, so never known to be the only one. */
bool key_group_name(const char *directory, const char *name, struct key *out);
bool key_index(const struct directory_options *d, const char *attribute, struct slice value, struct key *out);

/*
 * How values of this attribute compare: mail addresses, user names and
 * whatever a mutable join uses without case; the rest exactly.  GUIDs always
 * without case.
 */
bool value_equal(const struct directory_options *d, const char *attribute, struct slice a, struct slice b);

/* Attribute names in lower case that find people by name: the joins', mail, uid; ended by NULL. */
const char *const *indexed_attributes(struct arena *a, const struct directory_options *d);
char *mirror_lower_case(struct arena *a, const char *s);

/* Everything that decides what is kept; when it changes the mirror is filled anew. */
uint64_t settings_fingerprint(const struct directory_options *d);
/* The same for rules alone: to read them anew makes nobody wait. */
uint64_t rules_fingerprint(const struct directory_options *d);

uint64_t groups_fingerprint(const struct directory_options *d);         /* the part that groups are read by */

/* A value of ROW: 4 bytes of count and flag, the nodes, ascending, the record. */
#define ROW_ONLY_NAME (UINT32_C(1) << 31)

struct row {
	struct slice parents;           /* NODE_SIZE bytes each */
	struct slice record;            /* n is 0: not a group of ours */
	bool only_name;                 /* a group whose name no other one of its directory has */
};

int row_read(struct slice bytes, struct row *out, struct error *err);

/* A refresh that was not allowed to take away so much; behind it stand the UUIDs. */
struct removal_head {
	int64_t since;
	uint64_t known;
};

/* What is known of a directory as a whole. */
#define STATE_ERROR_MAX 400

struct state {
	uint64_t fingerprint, rules_fingerprint;
	int64_t as_of;
	uint64_t count[MIRROR_KINDS];
	uint32_t whole;                 /* bit of each kind that was read whole under this fingerprint */
	uint32_t connected;
	char error[STATE_ERROR_MAX];    /* empty: none */
	char rules_error[STATE_ERROR_MAX];      /* why rules cannot be read, while the rest can */
};

/* And what nobody decides by. */
#define SERVER_MAX 256

struct about {
	uint64_t groups_fingerprint;    /* of the settings that groups were read by */
	int64_t changed;                /* when an entry last came, changed or went; 0: not known */
	char server[SERVER_MAX];        /* listened to, or last */
};

/* Also a bit of state.whole: other settings' entries are kept that their index was taken from. */
#define STATE_UNINDEXED (1u << 8)
/* Groups were read whole since group_attributes are what they are. */
#define STATE_MARKS (1u << 30)
#define STATE_WHOLE (1u << MIRROR_PEOPLE | 1u << MIRROR_GROUPS)

/* All zero when there is none. */
int state_read(struct store_txn *t, const char *directory, struct state *out, struct error *err);
int state_write(struct store_txn *t, const char *directory, const struct state *state, struct error *err);
int about_read(struct store_txn *t, const char *directory, struct about *out, struct error *err);       /* as state_read */
int about_write(struct store_txn *t, const char *directory, const struct about *about, struct error *err);

#endif
