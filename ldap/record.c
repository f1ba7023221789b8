/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The encoding of an entry.
 *
 *	1 format, 1 kind, 1 flags, 1 zero, 16 entryUUID,
 *	4 count of attributes,
 *	strings: DN, DN key, name,
 *	attributes: name, 4 count of values, values.
 *
 * A string or value is 4 bytes of length, the bytes, a NUL that does not count.
 * Length 0xffffffff is a string that is not there.  Numbers are in the host's
 * order, as LMDB's own are.
 */
#include "ldap/record.h"

#include "base/text.h"

#define RECORD_FORMAT 1
#define FLAG_DISABLED 1
#define NOT_THERE UINT32_MAX
#define HEAD_SIZE 24

static void add_u32(struct text *t, size_t n)
{
	uint32_t v = (uint32_t)n;

	text_add(t, slice_of(&v, sizeof v));
}

static void add_value(struct text *t, struct slice s)
{
	add_u32(t, s.p ? s.n : NOT_THERE);
	text_add(t, s);
	if (s.p)
		text_add(t, slice_of("", 1));
}

struct slice record_write(struct arena *a, const struct record *r)
{
	const char head[4] = {RECORD_FORMAT, (char)r->kind, r->disabled ? FLAG_DISABLED : 0, 0};
	struct text t;

	text_begin(&t, a, 512);
	text_add(&t, slice_of(head, sizeof head));
	text_add(&t, slice_of(r->uuid, UUID_SIZE));
	add_u32(&t, r->attribute_count);
	add_value(&t, slice_c(r->dn));
	add_value(&t, slice_c(r->dn_key));
	add_value(&t, slice_c(r->name));
	for (size_t i = 0; i < r->attribute_count; i++) {
		const struct mirror_attribute *m = &r->attributes[i];

		add_value(&t, slice_c(m->name));
		add_u32(&t, m->n);
		for (size_t j = 0; j < m->n; j++)
			add_value(&t, m->values[j]);
	}
	return text_slice(&t);
}

/* What is left to read; bad once anything did not fit. */
struct cursor {
	const char *p, *end;
	bool bad;
};

static uint32_t take_u32(struct cursor *c)
{
	uint32_t v;

	if (c->bad || (size_t)(c->end - c->p) < sizeof v) {
		c->bad = true;
		return 0;
	}
	memcpy(&v, c->p, sizeof v);
	c->p += sizeof v;
	return v;
}

static struct slice take_value(struct cursor *c)
{
	uint32_t n = take_u32(c);
	struct slice s;

	if (c->bad || n == NOT_THERE)
		return (struct slice){NULL, 0};
	if ((size_t)(c->end - c->p) <= n || c->p[n] != '\0') {
		c->bad = true;
		return (struct slice){NULL, 0};
	}
	s = slice_of(c->p, n);
	c->p += n + 1;
	return s;
}

static int damaged(struct error *err)
{
	return error_set(err, REASON_STORE,
		"an entry in the mirror's file cannot be read; remove the file to have it filled anew");
}

static int read_head(struct cursor *c, struct record *out, uint32_t *attributes, struct error *err)
{
	if ((size_t)(c->end - c->p) < HEAD_SIZE || c->p[0] != RECORD_FORMAT || (unsigned char)c->p[1] >= MIRROR_KINDS)
		return damaged(err);
	*out = (struct record){.kind = (enum mirror_kind)c->p[1], .disabled = c->p[2] & FLAG_DISABLED};
	memcpy(out->uuid, c->p + 4, UUID_SIZE);
	c->p += HEAD_SIZE - 4;
	*attributes = take_u32(c);
	out->dn = take_value(c).p;
	out->dn_key = take_value(c).p;
	out->name = take_value(c).p;
	return c->bad || !out->dn || !out->dn_key ? damaged(err) : 0;
}

int record_read_head(struct slice bytes, struct record *out, struct error *err)
{
	struct cursor c = {bytes.p, bytes.p + bytes.n, false};
	struct record r;
	uint32_t attributes;

	if (read_head(&c, &r, &attributes, err) < 0)
		return -1;
	*out = r;
	return 0;
}

static void read_attribute(struct arena *a, struct cursor *c, struct mirror_attribute *out)
{
	struct slice *values;
	size_t n;

	out->name = take_value(c).p;
	n = take_u32(c);
	/* a value takes at least five bytes: a damaged count must not ask for memory */
	if (!out->name || n > (size_t)(c->end - c->p) / 5) {
		c->bad = true;
		return;
	}
	values = arena_alloc(a, n * sizeof *values + 1);
	for (size_t i = 0; i < n; i++)
		values[i] = take_value(c);
	out->values = values;
	out->n = n;
}

int record_read(struct arena *a, struct slice bytes, struct record *out, struct error *err)
{
	struct cursor c = {bytes.p, bytes.p + bytes.n, false};
	struct mirror_attribute *list;
	struct record r;
	uint32_t n;

	if (read_head(&c, &r, &n, err) < 0)
		return -1;
	if (n > (size_t)(c.end - c.p) / 9)
		return damaged(err);
	list = arena_alloc(a, n * sizeof *list + 1);
	for (uint32_t i = 0; i < n; i++)
		read_attribute(a, &c, &list[i]);
	if (c.bad || c.p != c.end)
		return damaged(err);
	r.attributes = list;
	r.attribute_count = n;
	*out = r;
	return 0;
}

const struct mirror_attribute *record_attribute(const struct record *r, const char *name)
{
	for (size_t i = 0; i < r->attribute_count; i++)
		if (strcmp(r->attributes[i].name, name) == 0)
			return &r->attributes[i];
	return NULL;
}
