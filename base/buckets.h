/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How much each of very many has used of what everybody may use in a minute.
 *
 * A bucket holds a minute's worth: so many at once, and then as many as flow
 * in.  It is found by kind and key (an address, a name: whatever bytes) and
 * needs no memory of its own.  All buckets of a kind live in one sketch of
 * fixed size, BUCKETS_ROWS rows of BUCKETS_CELLS cells: a key has one cell in
 * each row, by a hash under a random secret, and has used what the *least*
 * used of its cells says.  What is taken raises only those of its cells that
 * lie below the new mark.
 *
 * So nothing is allocated, nothing is ever thrown out to make room, and:
 *  - who has used up his bucket is not freed by anything that others do, since
 *    nothing lowers a cell but time;
 *  - somebody else is held up for him only when each of his four cells is also
 *    a cell of one who is at his limit.  With N at their limit that is one in
 *    (BUCKETS_CELLS / N) ^ 4: one in 10^6 with 1,000, one in 4,000 with 4,000.
 *    Nobody can aim at it without the secret, and to stay at a limit takes as
 *    much work of ours as the limit allows, every minute, for each of the N.
 *    Whoever is held up so is for no longer than they are.
 *
 * The memory is shared: all processes that have the file count together.
 * There are no locks.  Two that take from one bucket in the very same moment
 * may be counted as one.  A cell is a time of the monotonic clock, until which
 * it is not yet empty; one that lies further ahead than a full bucket was not
 * written by this code, and counts as empty.
 */
#ifndef BASE_BUCKETS_H
#define BASE_BUCKETS_H

#include "base/error.h"
#include "base/slice.h"

#include <stdint.h>

#define BUCKETS_ROWS 4
#define BUCKETS_CELLS 32768             /* of a row: a kind has 1 MiB, of which is used what was touched */
#define BUCKETS_PER_MINUTE_MOST 1000000

struct buckets;

struct bucket {
	unsigned kind;                  /* below the number that was made */
	struct slice key;
	size_t per_minute;              /* its size: 1 to BUCKETS_PER_MINUTE_MOST */
};

/* A memory file for so many kinds, with a secret of its own; nobody can change its size. */
int buckets_make(unsigned kinds, int *fd_out, struct error *err);
/* The descriptor stays the caller's. */
int buckets_open(int fd, unsigned kinds, struct buckets **out, struct error *err);
void buckets_close(struct buckets *b);

/* Takes one.  0, or the microseconds until there is one: then nothing was taken. */
int64_t buckets_take(struct buckets *b, const struct bucket *which, int64_t now_us);
/* The same without taking. */
int64_t buckets_look(const struct buckets *b, const struct bucket *which, int64_t now_us);

#endif
