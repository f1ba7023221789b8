/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A bucket as one time, that at which it is empty (GCRA), in a count-min sketch with conservative update. */
#include "base/buckets.h"

#include "base/hash.h"
#include "base/random.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/stat.h>

#define FULL_US (60 * INT64_C(1000000))
#define AHEAD_US (FULL_US + INT64_C(1000000))   /* another process read the clock a moment later than this one */
#define KEY_MOST 256                    /* of a key so much is hashed, with its whole length */
#define CELL_BITS 15

_Static_assert(1 << CELL_BITS == BUCKETS_CELLS, "a part of the hash is the number of a cell");
_Static_assert(BUCKETS_ROWS * CELL_BITS <= 64, "one hash serves all rows");

struct kind {
	_Atomic int64_t cells[BUCKETS_ROWS][BUCKETS_CELLS];
};

struct memory {
	unsigned char secret[HASH_SECRET_SIZE];
	unsigned char unused[4096 - HASH_SECRET_SIZE];
	struct kind kinds[];
};

struct buckets {
	struct memory *memory;
	size_t size;
	unsigned kinds;
};

static size_t size_of(unsigned kinds)
{
	return sizeof(struct memory) + kinds * sizeof(struct kind);
}

int buckets_make(unsigned kinds, int *fd_out, struct error *err)
{
	int fd = memfd_create("postern-limits", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	unsigned char secret[HASH_SECRET_SIZE];

	if (fd < 0)
		return error_set(err, REASON_FILE, "cannot make a memory file: %s", strerror(errno));
	random_bytes(secret, sizeof(secret));
	if (ftruncate(fd, (off_t)size_of(kinds)) < 0 || pwrite(fd, secret, sizeof(secret), 0) != (ssize_t)sizeof(secret) ||
		fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW) < 0) {
		error_set(err, REASON_FILE, "cannot make a memory file: %s", strerror(errno));
		close(fd);
		return -1;
	}
	*fd_out = fd;
	return 0;
}

int buckets_open(int fd, unsigned kinds, struct buckets **out, struct error *err)
{
	size_t size = size_of(kinds);
	struct buckets *b;
	struct stat st;
	void *p;

	if (fstat(fd, &st) < 0 || st.st_size != (off_t)size)
		return error_set(err, REASON_FILE, "the descriptor is not the memory of the limits");
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return error_set(err, REASON_FILE, "the memory of the limits cannot be used: %s", strerror(errno));
	b = calloc(1, sizeof(*b));
	if (!b)
		abort();
	*b = (struct buckets){.memory = p, .size = size, .kinds = kinds};
	*out = b;
	return 0;
}

void buckets_close(struct buckets *b)
{
	if (!b)
		return;
	munmap(b->memory, b->size);
	free(b);
}

/* The key's cell in each row. */
static void find(const struct buckets *b, const struct bucket *which, _Atomic int64_t *cells[BUCKETS_ROWS])
{
	unsigned char key[KEY_MOST + sizeof(size_t)];
	size_t n = which->key.n < KEY_MOST ? which->key.n : KEY_MOST;
	uint64_t h;

	if (which->kind >= b->kinds || which->per_minute < 1 || which->per_minute > BUCKETS_PER_MINUTE_MOST)
		abort();
	memcpy(key, &which->key.n, sizeof(size_t));
	if (n)
		memcpy(key + sizeof(size_t), which->key.p, n);
	h = hash_secretly(b->memory->secret, slice_of((const char *)key, sizeof(size_t) + n));
	for (size_t row = 0; row < BUCKETS_ROWS; row++, h >>= CELL_BITS)
		cells[row] = &b->memory->kinds[which->kind].cells[row][h % BUCKETS_CELLS];
}

/* How long it takes from now until this cell is empty. */
static int64_t level_of(int64_t until, int64_t now_us)
{
	if (until <= now_us || until - now_us > AHEAD_US)
		return 0;
	return until - now_us < FULL_US ? until - now_us : FULL_US;
}

static int64_t least_level(_Atomic int64_t *cells[BUCKETS_ROWS], int64_t now_us)
{
	int64_t least = FULL_US;

	for (size_t row = 0; row < BUCKETS_ROWS; row++) {
		int64_t level = level_of(atomic_load_explicit(cells[row], memory_order_relaxed), now_us);

		least = level < least ? level : least;
	}
	return least;
}

static void lift(_Atomic int64_t *cell, int64_t now_us, int64_t level)
{
	int64_t old = atomic_load_explicit(cell, memory_order_relaxed);

	while (level_of(old, now_us) < level &&
		!atomic_compare_exchange_weak_explicit(cell, &old, now_us + level, memory_order_relaxed, memory_order_relaxed))
		;
}

static int64_t missing(int64_t used, const struct bucket *which)
{
	int64_t after = used + FULL_US / (int64_t)which->per_minute;

	return after > FULL_US ? after - FULL_US : 0;
}

int64_t buckets_take(struct buckets *b, const struct bucket *which, int64_t now_us)
{
	_Atomic int64_t *cells[BUCKETS_ROWS];
	int64_t used, wait;

	find(b, which, cells);
	used = least_level(cells, now_us);
	wait = missing(used, which);
	if (wait > 0)
		return wait;
	for (size_t row = 0; row < BUCKETS_ROWS; row++)
		lift(cells[row], now_us, used + FULL_US / (int64_t)which->per_minute);
	return 0;
}

int64_t buckets_look(const struct buckets *b, const struct bucket *which, int64_t now_us)
{
	_Atomic int64_t *cells[BUCKETS_ROWS];

	find(b, which, cells);
	return missing(least_level(cells, now_us), which);
}
