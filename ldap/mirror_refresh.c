/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a refresh takes away: gathered while it goes on, judged when it ends.
 *
 * A server that was emptied, restored from the wrong copy, or whose access
 * rules hide half of it answers with success, like one whose people have left.
 * So no refresh takes away more than removal_limit allows without being asked:
 * then all that it would take stays as it was, and what it would take is kept
 * in the file for `postern mirror status` and `postern mirror accept`.
 *
 * Taken away counts
 *	an entry	that the directory no longer has, or says is gone
 *	a person	that loses every value of an attribute that people are
 *			found by (a join's, mail, uid), or is no longer switched off
 *	a group		that loses all of its members, or more than half of ten or more
 *
 * The last two are what a rule hides that lets entries through and attributes
 * not.  Such an entry is kept aside, and put when the refresh is judged good.
 * What comes, and all other changes, are put at once.
 *
 * News (outside of a refresh) is done at once: the server names each entry,
 * because somebody changed it.  Where all that goes comes as news, who follows
 * adds it up (mirror_writer_went), and has a refresh judge what is too much.
 */
#include "ldap/writer.h"

#include "base/clock.h"
#include "base/log.h"

/* Whatever the share: so many may always go at once, or a small directory would ask each time. */
#define ALWAYS_ALLOWED 5
#define LIMIT_DEFAULT 10
#define MEMBERS_MANY 10

static const char *plural(enum mirror_kind kind)
{
	return kind == MIRROR_PEOPLE ? "people" : "groups";
}

static size_t allowance(const struct mirror_writer *w, size_t known)
{
	size_t limit = w->directory->removal_limit ? w->directory->removal_limit : LIMIT_DEFAULT;
	size_t share = known / 100 * limit + known % 100 * limit / 100;

	return share > ALWAYS_ALLOWED ? share : ALWAYS_ALLOWED;
}

size_t mirror_writer_allowance(const struct mirror_writer *w, enum mirror_kind kind)
{
	size_t went = w->went[kind], all = allowance(w, (size_t)w->state.count[kind] + went);

	return all > went ? all - went : 0;
}

void mirror_writer_went(struct mirror_writer *w, enum mirror_kind kind, size_t n)
{
	w->went[kind] = n;
}

size_t mirror_writer_count(const struct mirror_writer *w, enum mirror_kind kind)
{
	return (size_t)w->state.count[kind];
}

/* ---- what was accepted ---- */

/* NULL: an error. */
static struct uuid_set *accepted_set(struct mirror_writer *w, enum mirror_kind kind, struct error *err)
{
	struct key k = key_removal(w->directory->name, kind, REMOVAL_ACCEPTED);
	struct uuid_set *set;
	struct slice bytes;
	int found = store_get(w->txn, TABLE_META, key_slice(&k), &bytes, err);

	if (found < 0)
		return NULL;
	set = uuid_set_new();
	for (size_t at = 0; found && at + UUID_SIZE <= bytes.n; at += UUID_SIZE)
		uuid_set_add(set, (const unsigned char *)bytes.p + at);
	return set;
}

int mirror_writer_accepted(struct mirror_writer *w, struct error *err)
{
	struct store_txn *t;
	int found = 0;

	if (store_begin_read(w->store, &t, err) < 0)
		return -1;
	for (int kind = 0; kind < MIRROR_KINDS && found == 0; kind++) {
		struct key k = key_removal(w->directory->name, (enum mirror_kind)kind, REMOVAL_ACCEPTED);
		struct slice bytes;

		found = store_get(t, TABLE_META, key_slice(&k), &bytes, err);
	}
	store_abort(t);
	return found;
}

/* ---- gathering ---- */

void mirror_writer_refresh_drop(struct mirror_writer *w, enum mirror_kind kind)
{
	struct gathering *g = &w->gatherings[kind];

	uuid_set_free(g->seen);
	uuid_set_free(g->gone);
	uuid_set_free(g->hollow);
	uuid_set_free(g->accepted);
	if (g->arena)
		arena_free(g->arena);
	*g = (struct gathering){0};
}

int mirror_writer_refresh_begin(struct mirror_writer *w, enum mirror_kind kind, struct error *err)
{
	struct uuid_set *accepted;

	mirror_writer_refresh_drop(w, kind);
	if (writer_begin(w, err) < 0)
		return -1;
	accepted = accepted_set(w, kind, err);
	if (!accepted)
		return -1;
	w->gatherings[kind] = (struct gathering){.going_on = true, .known = (size_t)w->state.count[kind], .seen = uuid_set_new(),
		.gone = uuid_set_new(), .hollow = uuid_set_new(), .accepted = accepted, .arena = arena_new()};
	return 0;
}

void mirror_writer_present(struct mirror_writer *w, enum mirror_kind kind, const unsigned char uuid[UUID_SIZE])
{
	struct gathering *g = &w->gatherings[kind];

	if (!g->going_on)
		return;
	uuid_set_add(g->seen, uuid);
	uuid_set_remove(g->gone, uuid);
}

/* Until the next transaction's end; 1 found, 0 not, -1. */
static int known_record(struct mirror_writer *w, enum mirror_kind kind, const unsigned char uuid[UUID_SIZE], node_id *id,
	struct record *out, struct error *err)
{
	struct key k = key_uuid(w->directory->name, kind, uuid);
	struct slice bytes;
	int found = store_get(w->txn, TABLE_UUID, key_slice(&k), &bytes, err);

	if (found <= 0)
		return found;
	*id = node_read(bytes);
	found = record_at(w, kind, *id, &bytes, err);
	return found <= 0 ? found : record_read(w->arena, bytes, out, err) < 0 ? -1 : 1;
}

static bool loses_its_finding(const struct mirror_writer *w, const struct record *was, const struct entry *e)
{
	for (size_t i = 0; w->indexed[i]; i++) {
		const struct mirror_attribute *before = record_attribute(was, w->indexed[i]), *now = entry_attribute(e, w->indexed[i]);

		if (before && before->n && !(now && now->n))
			return true;
	}
	return was->disabled && !entry_is_disabled(w->directory, e);
}

static int loses_its_members(struct mirror_writer *w, node_id id, const struct entry *e, struct error *err)
{
	const struct mirror_attribute *members = entry_attribute(e, w->directory->member_attribute);
	size_t now = members ? members->n : 0, was;
	struct id_key k = key_id(id);
	struct slice kept = {NULL, 0};

	if (store_get(w->txn, TABLE_MEMBER, id_slice(&k), &kept, err) < 0)
		return -1;
	was = kept.n / NODE_SIZE;
	return now == 0 ? was > 0 : was >= MEMBERS_MANY && now < was / 2;
}

static int is_hollow(struct mirror_writer *w, enum mirror_kind kind, const struct entry *e, struct error *err)
{
	struct record was;
	node_id id;
	int found = known_record(w, kind, e->uuid, &id, &was, err);

	if (found <= 0)
		return found;
	return kind == MIRROR_PEOPLE ? loses_its_finding(w, &was, e) : loses_its_members(w, id, e, err);
}

static const struct mirror_attribute *attributes_copy(struct arena *a, const struct mirror_attribute *list, size_t n)
{
	struct mirror_attribute *copy = arena_alloc(a, n * sizeof(*copy) + 1);

	for (size_t i = 0; i < n; i++) {
		struct slice *values = arena_alloc(a, list[i].n * sizeof(*values) + 1);

		for (size_t j = 0; j < list[i].n; j++)
			values[j] = arena_slice(a, list[i].values[j]);
		copy[i] = (struct mirror_attribute){arena_strdup(a, list[i].name), values, list[i].n};
	}
	return copy;
}

static void keep_aside(struct gathering *g, const struct entry *e, size_t most)
{
	struct entry *copy;

	uuid_set_add(g->hollow, e->uuid);
	/* with more than these the refresh is held, and none of them put */
	if (g->aside_count > most)
		return;
	g->aside = arena_grow(g->arena, g->aside, g->aside_count, sizeof(*g->aside));
	copy = &g->aside[g->aside_count++];
	*copy = *e;
	copy->dn = arena_strdup(g->arena, e->dn);
	copy->attributes = attributes_copy(g->arena, e->attributes, e->attribute_count);
}

int mirror_writer_put(struct mirror_writer *w, enum mirror_kind kind, const struct entry *entry, struct error *err)
{
	struct gathering *g = &w->gatherings[kind];
	int hollow;

	if (writer_begin(w, err) < 0)
		return -1;
	if (!g->going_on)
		return entry_put(w, kind, entry, err);
	mirror_writer_present(w, kind, entry->uuid);
	hollow = g->known && kind != MIRROR_RULES && !uuid_set_has(g->accepted, entry->uuid) ? is_hollow(w, kind, entry, err) : 0;
	if (hollow < 0)
		return -1;
	if (hollow) {
		keep_aside(g, entry, allowance(w, g->known));
		return 0;
	}
	uuid_set_remove(g->hollow, entry->uuid);
	return entry_put(w, kind, entry, err);
}

int mirror_writer_delete(struct mirror_writer *w, enum mirror_kind kind, const unsigned char uuid[UUID_SIZE],
	struct error *err)
{
	struct gathering *g = &w->gatherings[kind];

	if (writer_begin(w, err) < 0)
		return -1;
	if (!g->going_on)
		return entry_delete(w, kind, uuid, err);
	uuid_set_add(g->gone, uuid);
	uuid_set_remove(g->seen, uuid);
	uuid_set_remove(g->hollow, uuid);
	return 0;
}

/* ---- what would be lost ---- */

struct losses {
	const struct gathering *of;
	enum refresh_extent extent;
	unsigned char (*uuids)[UUID_SIZE];
	size_t n, capacity;
	size_t hollow;                  /* of them, only so */
	size_t kept;
	size_t most;                    /* stop there; 0: find all */
};

static bool is_gone(const struct losses *l, const unsigned char *uuid)
{
	return l->extent == REFRESH_NAMED_ALL ? !uuid_set_has(l->of->seen, uuid) : uuid_set_has(l->of->gone, uuid);
}

static int look_at(struct slice key, struct slice value, void *context)
{
	struct losses *l = context;
	const unsigned char *uuid = (const unsigned char *)key.p + key.n - UUID_SIZE;
	bool hollow = uuid_set_has(l->of->hollow, uuid);

	(void)value;
	if (!hollow && !is_gone(l, uuid)) {
		l->kept++;
		return 0;
	}
	l->hollow += hollow;
	if (l->n == l->capacity) {
		l->capacity = l->capacity ? l->capacity * 2 : 64;
		l->uuids = realloc(l->uuids, l->capacity * UUID_SIZE);
		if (!l->uuids)
			abort();
	}
	memcpy(l->uuids[l->n++], uuid, UUID_SIZE);
	return l->n == l->most;
}

static int find_losses(struct mirror_writer *w, enum mirror_kind kind, struct losses *l, struct error *err)
{
	struct key prefix = key_uuids(w->directory->name, kind);

	return writer_begin(w, err) < 0 || store_each(w->txn, TABLE_UUID, key_slice(&prefix), look_at, l, err) < 0 ? -1 : 0;
}

int mirror_writer_unseen(struct mirror_writer *w, enum mirror_kind kind, size_t most, struct arena *a, const char **out,
	size_t *n_out, struct error *err)
{
	struct losses l = {.of = &w->gatherings[kind], .extent = REFRESH_NAMED_ALL, .most = most};
	size_t n = 0;
	int rc = find_losses(w, kind, &l, err);

	for (size_t i = 0; rc == 0 && i < l.n; i++) {
		struct record r;
		node_id id;
		int found = known_record(w, kind, l.uuids[i], &id, &r, err);

		if (found < 0)
			rc = -1;
		else if (found)
			out[n++] = arena_strdup(a, r.dn);
	}
	free(l.uuids);
	if (rc == 0)
		*n_out = n;
	return rc;
}

/* ---- the judgement ---- */

static int forget_row(struct mirror_writer *w, enum mirror_kind kind, enum removal_state state, struct error *err)
{
	struct key k = key_removal(w->directory->name, kind, state);

	return store_delete(w->txn, TABLE_META, key_slice(&k), (struct slice){NULL, 0}, err) < 0 ? -1 : 0;
}

/* What was accepted is done with, too: it was shown as it was then.  Unless it was accepted while this refresh went on. */
static int removal_write(struct mirror_writer *w, enum mirror_kind kind, const struct losses *l, struct error *err)
{
	struct key pending = key_removal(w->directory->name, kind, REMOVAL_PENDING);
	struct removal_head head = {.since = clock_now(), .known = w->gatherings[kind].known};
	struct slice bytes;
	char *value;
	int found = store_get(w->txn, TABLE_META, key_slice(&pending), &bytes, err);

	if (found < 0)
		return -1;
	if (found && bytes.n >= sizeof(head))
		memcpy(&head.since, bytes.p, sizeof(head.since));
	if (uuid_set_count(w->gatherings[kind].accepted) && forget_row(w, kind, REMOVAL_ACCEPTED, err) < 0)
		return -1;
	value = malloc(sizeof(head) + l->n * UUID_SIZE);
	if (!value)
		abort();
	memcpy(value, &head, sizeof(head));
	memcpy(value + sizeof(head), l->uuids, l->n * UUID_SIZE);
	found = store_put(w->txn, TABLE_META, key_slice(&pending), slice_of(value, sizeof(head) + l->n * UUID_SIZE), err);
	free(value);
	return found;
}

static bool is_emptied(const struct losses *l)
{
	return l->n && !l->kept && !l->hollow;
}

static int hold(struct mirror_writer *w, enum mirror_kind kind, const struct losses *l, struct error *err)
{
	const char *name = w->directory->name;
	char why[STATE_ERROR_MAX], lately[60] = "";

	if (removal_write(w, kind, l, err) < 0)
		return -1;
	if (w->went[kind])
		snprintf(lately, sizeof(lately), ", after %zu within a day", w->went[kind]);
	if (is_emptied(l))
		snprintf(why, sizeof(why), "the directory has none of %zu known %s any more", l->n, plural(kind));
	else if (l->hollow)
		snprintf(why, sizeof(why), "the directory would take away %zu of %zu %s (%zu of them are there, and lack what they had)", l->n,
			w->gatherings[kind].known, plural(kind), l->hollow);
	else
		snprintf(why, sizeof(why), "the directory would take away %zu of %zu %s%s", l->n, w->gatherings[kind].known, plural(kind), lately);
	log_error("a removal is held until it is accepted", "directory", name, "detail", why, NULL);
	mirror_writer_lost(w, arena_printf(w->arena, "%s: kept until `postern mirror accept %s`", why, name));
	/* under new settings: who was sent is as they want it, and nobody else is in the index */
	if (!is_emptied(l))
		mirror_writer_whole(w, kind);
	mirror_writer_refresh_drop(w, kind);
	return 0;
}

static int apply(struct mirror_writer *w, enum mirror_kind kind, const struct losses *l, struct error *err)
{
	struct gathering *g = &w->gatherings[kind];

	for (size_t i = 0; i < l->n; i++)
		if (!uuid_set_has(g->hollow, l->uuids[i]) && entry_delete(w, kind, l->uuids[i], err) < 0)
			return -1;
	for (size_t i = 0; i < g->aside_count; i++)
		if (uuid_set_has(g->hollow, g->aside[i].uuid) && entry_put(w, kind, &g->aside[i], err) < 0)
			return -1;
	return forget_row(w, kind, REMOVAL_PENDING, err) < 0 || forget_row(w, kind, REMOVAL_ACCEPTED, err) < 0 ? -1 : 0;
}

/* Groups read by other bases, filters or attributes: what these do not name must give nothing, however much it is. */
static bool is_of_other_settings(const struct mirror_writer *w, enum mirror_kind kind)
{
	return kind == MIRROR_GROUPS && !(w->state.whole & 1u << kind);
}

static bool must_ask(const struct mirror_writer *w, enum mirror_kind kind, const struct losses *l)
{
	size_t unaccepted = 0;

	/* that rules are gone, those judge who use them */
	if (kind == MIRROR_RULES)
		return false;
	for (size_t i = 0; i < l->n; i++)
		unaccepted += !uuid_set_has(l->of->accepted, l->uuids[i]);
	if (unaccepted == 0)
		return false;
	return is_emptied(l) || (unaccepted + w->went[kind] > allowance(w, l->of->known + w->went[kind]) && !is_of_other_settings(w, kind));
}

int mirror_writer_refresh_end(struct mirror_writer *w, enum mirror_kind kind, enum refresh_extent extent, struct error *err)
{
	struct losses l = {.of = &w->gatherings[kind], .extent = extent};
	int rc = -1;

	if (find_losses(w, kind, &l, err) < 0)
		goto out;
	if (must_ask(w, kind, &l)) {
		rc = hold(w, kind, &l, err);
		goto out;
	}
	if (l.n > allowance(w, l.of->known))
		log_warning("a great part of the directory is gone", "directory", w->directory->name, "kind", plural(kind), "number",
			arena_printf(w->arena, "%zu of %zu", l.n, l.of->known), NULL);
	w->gatherings[kind].going_on = false;
	if (apply(w, kind, &l, err) < 0)
		goto out;
	if (kind == MIRROR_PEOPLE)
		w->state.whole &= ~STATE_UNINDEXED;
	mirror_writer_whole(w, kind);
	mirror_writer_refresh_drop(w, kind);
	rc = 1;
out:
	free(l.uuids);
	return rc;
}
