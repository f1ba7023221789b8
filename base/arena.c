/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One memory region for one piece of work: blocks in a list, wiped at the end. */
#include "base/arena.h"
#include "base/sanitized.h"

#include <stdint.h>
#include <unistd.h>

#include <sys/mman.h>

#define BLOCK_FIRST 8192
#define ALIGNMENT 16

/*
 * The largest block of an arena that ended is kept for the next one: a worker
 * makes an arena for each request, and giving large blocks back to the heap
 * makes it tidy up each time.
 *
 * Under AddressSanitizer nothing is kept, and each piece is a block of its own
 * and of its very size: use after arena_free is seen, and a byte too far.
 */
#define SPARE_MOST (IS_SANITIZED ? 0 : (size_t)1 << 19)
#define PIECES_ALONE IS_SANITIZED

struct block {
	struct block *next;
	size_t size, used;
	_Alignas(ALIGNMENT) char bytes[];
};

struct arena {
	struct block *blocks;           /* the newest first */
	size_t size;
};

static _Thread_local struct block *spare;

static struct block *block_new(struct block *next, size_t size)
{
	struct block *b = malloc(sizeof(*b) + size);

	if (!b)
		abort();
	b->next = next;
	b->size = size;
	b->used = 0;
	return b;
}

static struct block *first_block(void)
{
	struct block *b = spare;

	spare = NULL;
	return b ? b : block_new(NULL, BLOCK_FIRST);
}

/* Frees b, or keeps it and frees the one kept until now. */
static void block_free(struct block *b)
{
	if (b->size <= SPARE_MOST && (!spare || b->size > spare->size)) {
		free(spare);
		b->next = NULL;
		b->used = 0;
		spare = b;
	} else {
		free(b);
	}
}

struct arena *arena_new(void)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (!a)
		abort();
	a->blocks = first_block();
	return a;
}

void arena_free(struct arena *a)
{
	struct block *b, *next;

	if (!a)
		return;
	for (b = a->blocks; b; b = next) {
		next = b->next;
		explicit_bzero(b->bytes, b->used);
		block_free(b);
	}
	free(a);
}

/* Whole pages, with what else stands on them: that is in no core either. */
void arena_hide(const struct arena *a)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const struct block *b;

	for (b = a->blocks; b; b = b->next) {
		uintptr_t from = (uintptr_t)b & ~(uintptr_t)(page - 1), to = ((uintptr_t)b + sizeof(*b) + b->size + page - 1) & ~(uintptr_t)(page - 1);

		madvise((void *)from, to - from, MADV_DONTDUMP);
	}
}

void *arena_alloc(struct arena *a, size_t n)
{
	struct block *b = a->blocks;
	void *p;

	if (n > SIZE_MAX / 4)
		abort();
	if (!PIECES_ALONE)
		n = n ? (n + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1) : ALIGNMENT;
	if (PIECES_ALONE || b->size - b->used < n) {
		size_t size = b->size < 1u << 20 ? b->size * 2 : b->size;

		b = a->blocks = block_new(b, PIECES_ALONE || n > size ? n : size);
	}
	p = b->bytes + b->used;
	b->used += n;
	a->size += n;
	return memset(p, 0, n);
}

char *arena_copy(struct arena *a, struct slice s)
{
	char *p = arena_alloc(a, s.n + 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	return p;
}

struct slice arena_slice(struct arena *a, struct slice s)
{
	return s.p ? slice_of(arena_copy(a, s), s.n) : s;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return s ? arena_copy(a, slice_c(s)) : NULL;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
	va_list args, again;
	char *p;
	int n;

	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, args);
	if (n < 0)
		abort();
	p = arena_alloc(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, format, again);
	va_end(again);
	va_end(args);
	return p;
}

int arena_cstr(struct arena *a, struct slice s, enum reason reason, const char **out, struct error *err)
{
	if (!s.p)
		return error_set(err, reason, "value is not there");
	if (s.n && memchr(s.p, 0, s.n))
		return error_set(err, reason, "value holds a NUL byte");
	*out = arena_copy(a, s);
	return 0;
}

void *arena_grow(struct arena *a, void *old, size_t n, size_t size)
{
	void *p;

	if (n & (n - 1) || (n > 0 && n < 4))
		return old;
	p = arena_alloc(a, (n < 4 ? 4 : n * 2) * size);
	if (n)
		memcpy(p, old, n * size);
	return p;
}

size_t arena_size(const struct arena *a)
{
	return a->size;
}
