/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What mirror_write.c, mirror_entry.c and mirror_rows.c share; nobody else includes this. */
#ifndef LDAP_WRITER_H
#define LDAP_WRITER_H

#include "ldap/mirror_write.h"
#include "ldap/tables.h"

/* A refresh of one kind under way: what it will have taken away at its end (mirror_refresh.c). */
struct gathering {
	bool going_on;
	size_t known;                   /* entries in the mirror when it began */
	struct uuid_set *seen;          /* named as there, or sent */
	struct uuid_set *gone;          /* named as gone */
	struct uuid_set *hollow;        /* sent, but with less than they had */
	struct uuid_set *accepted;      /* may go */
	struct entry *aside;            /* the hollow ones, in the arena; of one that came twice the last counts */
	size_t aside_count;
	struct arena *arena;
};

struct mirror_writer {
	const struct directory_options *directory;
	struct store *store;
	struct store_txn *txn;          /* NULL: nothing written since the last commit */
	struct arena *arena;            /* of the transaction */
	struct arena *settings;         /* the lists below */
	const char *const *indexed;     /* attributes of people that find them */
	const char *const *kept;        /* attributes of people that are kept, sorted */
	node_id next;                   /* the next node's number; other writers move it, so it is read with each transaction */
	struct slice cookies[MIRROR_KINDS];
	struct gathering gatherings[MIRROR_KINDS];
	size_t went[MIRROR_KINDS];      /* lately, as who follows says; 0 where nobody adds it up */
	struct state state;
	struct about about;
	bool changed;                   /* an entry changed: readers should look again */
	bool stated;                    /* state or about differs from the file's */
	struct edges {
		struct edge *list;      /* changes that wait for edges_write */
		size_t n, capacity;
		char *parents;          /* of the member being written */
		size_t room;
	} edges;
	char *row;                      /* being put together */
	size_t row_room;
};

int writer_begin(struct mirror_writer *w, struct error *err);

/* mirror_entry.c: within the transaction, at once. */
int entry_put(struct mirror_writer *w, enum mirror_kind kind, const struct entry *entry, struct error *err);
int entry_delete(struct mirror_writer *w, enum mirror_kind kind, const unsigned char uuid[UUID_SIZE], struct error *err);
const struct mirror_attribute *entry_attribute(const struct entry *e, const char *name);        /* NULL: not sent */
bool entry_is_disabled(const struct directory_options *d, const struct entry *e);

/* mirror_rows.c: within the transaction. */
enum change { ADD, REMOVE };

#define NODE_ERROR UINT64_MAX

node_id node_make(struct mirror_writer *w, const char *dn_key, struct error *err);     /* the one there is, or a new one */
int node_release(struct mirror_writer *w, node_id id, const char *dn_key, struct error *err);
/* The name leads to the node no more, if it did. */
int node_forget(struct mirror_writer *w, node_id id, const char *name, struct error *err);
/* 1: copied into the transaction's arena, 0: none, -1. */
int record_at(struct mirror_writer *w, enum mirror_kind kind, node_id id, struct slice *out, struct error *err);
/* bytes empty: no record any more.  A group's name does not count as the only one until row_set_only_name says so. */
int record_set(struct mirror_writer *w, enum mirror_kind kind, node_id id, struct slice bytes, struct error *err);
/* Lies in the file, until something is written; all empty when there is none. */
int row_at_once(struct mirror_writer *w, node_id id, struct row *out, struct error *err);
/* Nothing of it may lie in w->row; an empty one is deleted. */
int row_write(struct mirror_writer *w, node_id id, const struct row *row, struct error *err);
int row_set_only_name(struct mirror_writer *w, node_id id, bool only, struct error *err);

/* mirror_edges.c: the edge from a member to its group.  Rows show it after edges_write, which a commit calls too. */
int edge_change(struct mirror_writer *w, node_id member, node_id group, enum change change, struct error *err);
int edges_write(struct mirror_writer *w, struct error *err);
void edges_free(struct mirror_writer *w);

/* mirror_members.c: members are what the entry says; e NULL: nobody. */
int members_put(struct mirror_writer *w, node_id group, const struct entry *e, struct error *err);

/* mirror_guid.c: nodes that have GUIDs for names. */
bool nodes_by_guid(const struct mirror_writer *w);
const char *guid_node_name(struct arena *a, const unsigned char uuid[UUID_SIZE]);
const char *guid_node_name_in(struct arena *a, struct slice value);    /* NULL: it has none in front */
int sid_node_add(struct mirror_writer *w, node_id group, const struct entry *e, struct error *err);
int guid_node_rename(struct mirror_writer *w, node_id id, const char *before, const char *dn_key, struct error *err);
/* When the last record of the node is gone. */
int guid_node_release(struct mirror_writer *w, const struct record *r, node_id id, struct error *err);
bool is_disabled_account(const struct mirror_attribute *m);     /* userAccountControl; NULL: not sent */
struct mirror_attribute kept_attribute(struct mirror_writer *w, const char *name, const struct mirror_attribute *m);

#endif
