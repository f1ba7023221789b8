/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What mirror_write.c, mirror_entry.c and mirror_rows.c share; nobody else includes this. */
#ifndef LDAP_WRITER_H
#define LDAP_WRITER_H

#include "ldap/mirror_write.h"
#include "ldap/tables.h"

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
	struct state state;
	bool changed;                   /* an entry changed: readers should look again */
	bool stated;                    /* state differs from the file's */
};

int writer_begin(struct mirror_writer *w, struct error *err);

/* mirror_rows.c: within the transaction. */
enum change { ADD, REMOVE };

#define NODE_ERROR UINT64_MAX

node_id node_make(struct mirror_writer *w, const char *dn_key, struct error *err);     /* the one there is, or a new one */
int node_release(struct mirror_writer *w, node_id id, const char *dn_key, struct error *err);
/* The edge from a member to its group. */
int edge_change(struct mirror_writer *w, node_id member, node_id group, enum change change, struct error *err);
/* 1: copied into the transaction's arena, 0: none, -1. */
int record_at(struct mirror_writer *w, enum mirror_kind kind, node_id id, struct slice *out, struct error *err);
/* bytes empty: no record any more.  A group's name does not count as the only one until row_set_only_name says so. */
int record_set(struct mirror_writer *w, enum mirror_kind kind, node_id id, struct slice bytes, struct error *err);
int row_set_only_name(struct mirror_writer *w, node_id id, bool only, struct error *err);

#endif
