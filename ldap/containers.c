/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Searching the units below each base, and comparing them with those of before. */
#include "ldap/feed.h"

const char container_filter[] = "(|(objectClass=organizationalUnit)(objectClass=organization)(objectClass=dcObject)"
	"(objectClass=domain)(objectClass=locality)(objectClass=country)(objectClass=container)(objectClass=nsContainer)"
	"(objectClass=organizationalRole)(objectClass=applicationProcess))";

/* ---- one search ---- */

void branch_begin(struct branch *b)
{
	branch_drop(b);
	b->is_being_read = true;
	b->again_at = 0;
}

void branch_drop(struct branch *b)
{
	containers_empty(&b->reading);
	b->still_count = 0;
	b->is_being_read = false;
	b->search = 0;
}

/* While all are told anew they are compared with those before, which stay until it is over. */
static bool branch_entry(struct branch *b, const unsigned char uuid[UUID_SIZE], const char *dn, bool has_children)
{
	const char *was = container_look_up(&b->known, uuid);
	bool is_same = was && strcmp(was, dn) == 0;
	bool moved = was ? !is_same : has_children && b->is_known;

	if (!b->is_being_read) {
		if (!is_same)
			container_put(&b->known, uuid, dn);
		return moved;
	}
	if (was && !container_look_up(&b->reading, uuid))
		b->still_count++;
	container_put(&b->reading, uuid, dn);
	return moved;
}

static bool branch_gone(struct branch *b, const unsigned char uuid[UUID_SIZE])
{
	bool was_known = container_look_up(&b->known, uuid) != NULL;

	if (!b->is_being_read)
		return container_take_away(&b->known, uuid);
	if (container_take_away(&b->reading, uuid) && was_known)
		b->still_count--;
	return was_known;
}

static bool branch_read(struct branch *b)
{
	bool some_are_gone = b->is_known && b->still_count < b->known.n;

	containers_empty(&b->known);
	b->known = b->reading;
	b->reading = (struct container_list){0};
	b->still_count = 0;
	b->is_being_read = false;
	b->is_known = true;
	return some_are_gone;
}

bool branch_is_full(const struct branch *b)
{
	return b->known.bytes > CONTAINERS_MOST || b->reading.bytes > CONTAINERS_MOST;
}

void branch_forget(struct branch *b)
{
	branch_drop(b);
	containers_empty(&b->known);
	b->is_known = false;
}

static bool has_children(const struct entry *e)
{
	for (size_t i = 0; i < e->attribute_count; i++)
		if (slice_is_nocase(slice_c(e->attributes[i].name), "hasSubordinates") && e->attributes[i].n == 1)
			return !slice_is(e->attributes[i].values[0], "FALSE");
	return true;
}

bool branch_event(struct branch *b, const struct sync_event *e)
{
	bool moved = false;

	switch (e->what) {
	case SYNC_ENTRY:
		return branch_entry(b, e->entry.uuid, e->entry.dn, has_children(&e->entry));
	case SYNC_GONE:
		for (size_t i = 0; i < e->uuid_count; i++)
			moved = branch_gone(b, e->uuids[i]) || moved;
		return moved;
	case SYNC_PRESENT_PHASE_OVER:
	case SYNC_DELETE_PHASE_OVER:
		return e->refresh_done && b->is_being_read && branch_read(b);
	default:
		return false;
	}
}

/* ---- all ---- */

/* Same, or below; bases that cannot be compared are none of one another's. */
static bool is_within(struct arena *a, const char *dn, const char *base)
{
	const char *x, *y;
	size_t nx, ny;

	if (dn_normalize(a, dn, &x) < 0 || dn_normalize(a, base, &y) < 0)
		return strcmp(dn, base) == 0;
	nx = strlen(x);
	ny = strlen(y);
	return nx >= ny && strcmp(x + nx - ny, y) == 0 && (nx == ny || x[nx - ny - 1] == ',');
}

struct containers *containers_new(const struct directory_options *d)
{
	const char *const bases[] = {d->people_base, d->groups_base, d->rules_base};
	const size_t count = sizeof(bases) / sizeof(*bases);
	struct containers *c = calloc(1, sizeof(*c));
	struct arena *a = arena_new();

	if (!c)
		abort();
	for (size_t i = 0; i < count; i++) {
		bool is_covered = !bases[i];

		for (size_t k = 0; k < count && !is_covered; k++)
			is_covered = k != i && bases[k] && is_within(a, bases[i], bases[k]) &&
				(k < i || !is_within(a, bases[k], bases[i]));
		if (!is_covered)
			c->branches[c->n++].base = bases[i];
	}
	arena_free(a);
	return c;
}

void containers_free(struct containers *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++)
		branch_forget(&c->branches[i]);
	free(c);
}
