/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What mirror_write.c and mirror_entry.c share; nobody else includes this. */
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

#endif
