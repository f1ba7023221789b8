/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Embedded store: LMDB environments, and the two things all of ours need.
 *
 * A store is one LMDB file with named tables.  Each file is written by one
 * role only, which the file modes say (data 0640, lock 0660).  An environment
 * is opened after fork, once a process; no read transaction may live longer
 * than a second (commands over everything copy the file first).  The map has a
 * fixed, generous size: full is an error (REASON_STORE), never a crash, since
 * there is no WRITEMAP.
 *
 * Keys: at most STORE_KEY_MAX bytes.  Slices handed out by a transaction die
 * with it.  This folder knows nothing of what is stored.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/arena.h"

#include <stdint.h>
#include <sys/types.h>

#define STORE_KEY_MAX 511
#define STORE_TABLES_MAX 16

struct store;
struct store_txn;

enum store_use {
	STORE_READ,                     /* the file must exist; lock file must be writable */
	STORE_WRITE,                    /* durable: a commit is on disk when it returns */
	STORE_WRITE_NOSYNC              /* for data that may be lost with the machine */
};

struct store_options {
	const char *path;               /* the data file itself; the lock file is path-lock */
	enum store_use use;
	uint32_t schema;                /* what the tables' records mean; REASON_STORE when the file carries another … */
	bool derived;                   /* … but to a writer of what can be had again: such a file, or one that is damaged or was
	                                 * never finished, is replaced; a new one is made under another name, so no reader meets half of it */
	const char *cure;               /* what to do about another schema, for the error; NULL: nothing is to be done */
	size_t map_size;                /* bytes; 0: 16 GiB (address space, not disk) */
	/*
	 * NULL-terminated.  A name ending in `+` sorts duplicates (MDB_DUPSORT); one ending in `#` has numbers as keys, of 8 bytes in
	 * the host's order (MDB_INTEGERKEY), which are compared sooner than bytes are.
	 */
	const char *const *tables;
};

int store_open(const struct store_options *options, struct store **out, struct error *err);
/* Of what is derived: an empty one takes the place of what is there, which was found to be damaged.  Open for writing. */
int store_open_anew(const struct store_options *options, struct store **out, struct error *err);
void store_close(struct store *s);                      /* NULL is fine */
/* Another file stands at its path now, or none: what is written here nobody will read, and what is read here is old. */
bool store_is_replaced(const struct store *s);

int store_begin_read(struct store *s, struct store_txn **out, struct error *err);
int store_begin_write(struct store *s, struct store_txn **out, struct error *err);     /* waits for the other writer */
int store_commit(struct store_txn *t, struct error *err);        /* the transaction is over either way */
void store_abort(struct store_txn *t);                  /* ends a read, drops a write; NULL is fine */

/* table: index into options.tables.  1 found, 0 not, -1 error. */
int store_get(struct store_txn *t, int table, struct slice key, struct slice *out, struct error *err);
int store_put(struct store_txn *t, int table, struct slice key, struct slice value, struct error *err);
/* The pair exists afterwards; for tables with duplicates. */
int store_add(struct store_txn *t, int table, struct slice key, struct slice value, struct error *err);
/* 1 put, 0 the key was there already and nothing changed, -1 error. */
int store_put_new(struct store_txn *t, int table, struct slice key, struct slice value, struct error *err);
/* value.p NULL: all duplicates.  1 deleted, 0 was not there, -1 error. */
int store_delete(struct store_txn *t, int table, struct slice key, struct slice value, struct error *err);
int store_clear(struct store_txn *t, int table, struct error *err);
/* Pairs in the table, duplicates counted each. */
int store_count(struct store_txn *t, int table, size_t *out, struct error *err);

/*
 * Calls `each` for every pair whose key begins with `prefix` (for tables with
 * duplicates: every value), in key order, until it returns other than 0; that
 * value, 0 at the end, or -1.  `each` may not change the table.
 */
int store_each(struct store_txn *t, int table, struct slice prefix,
	int (*each)(struct slice key, struct slice value, void *context), void *context, struct error *err);
/* The same for the values of one key. */
int store_each_value(struct store_txn *t, int table, struct slice key,
	int (*each)(struct slice value, void *context), void *context, struct error *err);

/* The number that tells readers to look again; 0 in a new file. */
int store_generation(struct store_txn *t, uint64_t *out, struct error *err);
int store_generation_next(struct store_txn *t, struct error *err);

/* A compact copy at `path`, for commands that read everything; not taken while it exists. */
int store_copy(struct store *s, const char *path, struct error *err);
/*
 * The same for this process alone, opened for reading as long as it likes: a file of mode 0600 in `folder`, or in TMPDIR
 * (else /tmp) when that cannot be written, which has no name any more before the first byte is in it.
 */
int store_open_copy(struct store *of, const char *folder, const struct store_options *options, struct store **out, struct error *err);

/*
 * Claims: ids that may be used once.  In the runtime folder, without sync,
 * because replay is caught by the generation: 128 random bits kept with the
 * kernel's boot id.  A file of another boot, or one that does not open, is
 * thrown away and made anew under a new generation.  Whoever finds a sign-on
 * of another generation starts it again instead of judging it.
 */
#define CLAIMS_GENERATION_SIZE 16

struct claims;

int claims_open(const char *path, struct claims **out, struct error *err);
void claims_close(struct claims *c);
void claims_generation(const struct claims *c, unsigned char out[CLAIMS_GENERATION_SIZE]);
/*
 * 1 claimed, 0 it was claimed before, -1 error.  `since` belongs to the id: who
 * claims it again must name the same.  Remembered until `expires`; claims that
 * ended before `now` are swept, a few with every call.
 */
int claims_take(struct claims *c, struct slice id, int64_t since, int64_t now, int64_t expires, struct error *err);

#endif
