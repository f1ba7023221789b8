/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets between a worker and its keys role, field by field. */
#include "gateway/keys/keys_wire.h"

#define NOT_THERE UINT64_MAX

static const char *const digests[] = {NULL, "SHA1", "SHA256"};
enum { DIGESTS = sizeof(digests) / sizeof(*digests) };

const char *wire_digest_name(uint64_t number)
{
	return number < DIGESTS ? digests[number] : NULL;
}

uint64_t wire_digest_number(const char *name)
{
	uint64_t i = DIGESTS - 1;

	while (i && strcmp(digests[i], name) != 0)
		i--;
	return i;
}

void wire_head(struct text *t, const struct keys_head *head)
{
	text_add(t, slice_of(head, sizeof(*head)));
}

void wire_number(struct text *t, uint64_t n)
{
	text_add(t, slice_of(&n, sizeof(n)));
}

void wire_bytes(struct text *t, struct slice s)
{
	wire_number(t, s.p ? s.n : NOT_THERE);
	if (s.n)
		text_add(t, s);
}

/* n bytes of the front; NULL: there are not so many. */
static const char *take(struct wire *w, uint64_t n)
{
	const char *p = w->rest.p;

	if (w->bad || n > w->rest.n) {
		w->bad = true;
		return NULL;
	}
	w->rest = slice_of(p + n, w->rest.n - (size_t)n);
	return p;
}

bool wire_take_head(struct wire *w, struct keys_head *out)
{
	const char *p = take(w, sizeof(*out));

	if (!p)
		return false;
	memcpy(out, p, sizeof(*out));
	w->bad = out->magic != KEYS_MAGIC;
	return !w->bad;
}

uint64_t wire_take_number(struct wire *w)
{
	uint64_t n = 0;
	const char *p = take(w, sizeof(n));

	if (p)
		memcpy(&n, p, sizeof(n));
	return n;
}

struct slice wire_take_bytes(struct wire *w)
{
	uint64_t n = wire_take_number(w);
	const char *p = n == NOT_THERE ? NULL : take(w, n);

	return slice_of(p, p ? (size_t)n : 0);
}

const char *wire_take_text(struct wire *w)
{
	struct slice s = wire_take_bytes(w);

	if (!s.p)
		return NULL;
	if (s.n && memchr(s.p, '\0', s.n)) {
		w->bad = true;
		return NULL;
	}
	return arena_copy(w->arena, s);
}

bool wire_is_done(const struct wire *w)
{
	return !w->bad && w->rest.n == 0;
}
