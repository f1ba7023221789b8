/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What becomes of a page of an LMDB file that is lost, as after a power cut
 * that a disk did not honour: LMDB 0.9 meets such a page with an assertion,
 * which ends the process and names no file.
 *
 * Reading comes back with MDB_CORRUPTED instead: one person's record is lost,
 * and no worker.  The way back is longjmp out of LMDB, through nothing but its
 * own frames; a read holds no lock, and its cursor or transaction is only
 * closed afterwards.  In a change there is no way back: it holds the lock of
 * all writers and half of its own bookkeeping.  Then the log at least says
 * which file it is.
 */
#ifndef STORE_DAMAGE_H
#define STORE_DAMAGE_H

#include <lmdb.h>
#include <setjmp.h>

struct damage {
	const char *path;
	jmp_buf *way_back;              /* NULL: nothing is being read */
};

/* `d` must not move while the environment is there. */
void damage_watch(MDB_env *env, struct damage *d);
int damage_get(struct damage *d, MDB_txn *txn, MDB_dbi table, MDB_val *key, MDB_val *value);
int damage_cursor_get(struct damage *d, MDB_cursor *cursor, MDB_val *key, MDB_val *value, MDB_cursor_op op);

#endif
