/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who in the mirror is the person that signed on.
 *
 * Stable joins (object id, employee number) are tried first, in all
 * directories; mutable ones (mail, UPN) only when no stable one found anybody,
 * and never for guests.  Whoever a weaker join finds must not contradict a
 * stronger one: its attribute, where the entry has it, holds the claim's value.
 * More than one entry in all directories together is nobody.
 */
#include "ldap/reader.h"

#include "base/text.h"

static bool found_has(const struct found_list *list, node_id id)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].id == id)
			return true;
	return false;
}

void found_add(struct reading *r, struct found_list *list, struct found f)
{
	if (found_has(list, f.id))
		return;
	list->items = arena_grow(r->arena, list->items, list->n, sizeof(*list->items));
	list->items[list->n++] = f;
}

/* "corp: employeeNumber"; printf would be a tenth of a look-up. */
static const char *how_text(struct arena *a, const char *directory, const char *attribute)
{
	struct text t;

	text_begin(&t, a, 64);
	text_add_c(&t, directory);
	text_add_c(&t, ": ");
	text_add_c(&t, attribute);
	return text_slice(&t).p;
}

struct collect {
	struct reading *reading;
	struct found_list *list;
	struct found found;
};

static int collect_one(struct slice value, void *context)
{
	struct collect *c = context;

	c->found.id = node_read(value);
	if (c->found.id)
		found_add(c->reading, c->list, c->found);
	return 0;
}

int find_by_value(struct reading *r, const struct directory_options *d, const char *attribute, struct slice value,
	struct found_list *list, struct error *err)
{
	struct collect c = {r, list, {d, 0, NULL}};
	struct key k;

	if (!key_index(d, attribute, value, &k))
		return 0;
	c.found.how = how_text(r->arena, d->name, attribute);
	return store_each_value(r->txn, TABLE_INDEX, key_slice(&k), collect_one, &c, err);
}

/* ---- the rule for weaker joins ---- */

static bool claim_equals(const struct mirror_query *q, const struct directory_options *d, const struct directory_join *join,
	const struct mirror_attribute *m, bool *claimed)
{
	*claimed = false;
	for (size_t i = 0; i < q->claim_count; i++) {
		if (strcmp(q->claims[i].claim, join->claim) != 0 || !q->claims[i].value || !*q->claims[i].value)
			continue;
		*claimed = true;
		for (size_t j = 0; j < m->n; j++)
			if (value_equal(d, join->attribute, slice_c(q->claims[i].value), m->values[j]))
				return true;
	}
	return false;
}

/* Any stable join is stronger than any mutable one; among equals, the order of the settings counts. */
static bool is_stronger(const struct directory_options *d, size_t i, size_t than)
{
	return d->joins[i].is_mutable == d->joins[than].is_mutable ? i < than : d->joins[than].is_mutable;
}

/* An entry found by join `rank` against every stronger join of its directory. */
static int require_no_conflict(struct reading *r, const struct mirror_query *q, const struct found *f, size_t rank,
	struct error *err)
{
	const struct directory_options *d = f->directory;
	struct slice bytes;
	struct record record;
	int found;

	/* the usual look-up, by the strongest join of all, need not read the record twice */
	if (rank == 0 && !d->joins[0].is_mutable)
		return 0;
	found = read_person(r, f->id, &bytes, err);
	if (found <= 0)
		return found;
	if (record_read(r->arena, bytes, &record, err) < 0)
		return -1;
	for (size_t i = 0; i < d->join_count; i++) {
		const struct mirror_attribute *m = record_attribute(&record, mirror_lower_case(r->arena, d->joins[i].attribute));
		bool claimed;

		if (!is_stronger(d, i, rank) || !m || m->n == 0 || claim_equals(q, d, &d->joins[i], m, &claimed))
			continue;
		/* a mutable join needs the stronger claim where the entry has the attribute: missing is like different */
		if (claimed || d->joins[rank].is_mutable)
			return error_set(err, REASON_JOIN_CONFLICT,
				"%s was found by %s, but its %s is not the %s of this sign-on",
				record.dn, f->how, d->joins[i].attribute, d->joins[i].claim);
	}
	return 0;
}

/* ---- by claims ---- */

static int find_by_join(struct reading *r, const struct mirror_query *q, const struct directory_options *d, size_t rank,
	struct found_list *list, struct error *err)
{
	const struct directory_join *join = &d->joins[rank];

	for (size_t i = 0; i < q->claim_count; i++) {
		if (strcmp(q->claims[i].claim, join->claim) != 0 || !q->claims[i].value)
			continue;
		if (find_by_value(r, d, join->attribute, slice_c(q->claims[i].value), list, err) < 0)
			return -1;
	}
	return 0;
}

/* Whoever vouches for claims vouches for people of his own: another's object id from him is a lie, or a coincidence. */
static bool takes_claims_of(const struct directory_options *d, const char *source)
{
	if (!d->sources)
		return true;
	for (size_t i = 0; source && d->sources[i]; i++)
		if (strcmp(d->sources[i], source) == 0)
			return true;
	return false;
}

enum strength { STABLE, MUTABLE };
enum conflicts { CONFLICTS_MATTER, CONFLICTS_IGNORED };

/* In each directory the strongest join that finds anybody counts. */
static int find_by_strength(struct reading *r, const struct mirror_query *q, enum strength strength, enum conflicts conflicts,
	struct found_list *list, struct error *err)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct directory_options *d = &r->directories[i];
		struct found_list here = {NULL, 0};

		if (!takes_claims_of(d, q->source))
			continue;
		for (size_t rank = 0; rank < d->join_count && here.n == 0; rank++) {
			if (d->joins[rank].is_mutable != (strength == MUTABLE))
				continue;
			if (find_by_join(r, q, d, rank, &here, err) < 0)
				return -1;
			for (size_t j = 0; conflicts == CONFLICTS_MATTER && here.n == 1 && j < here.n; j++)
				if (require_no_conflict(r, q, &here.items[j], rank, err) < 0)
					return -1;
		}
		for (size_t j = 0; j < here.n; j++)
			found_add(r, list, here.items[j]);
	}
	return 0;
}

static const char *dn_of(const struct reading *r, const struct found *f)
{
	struct error ignored;
	struct slice bytes;
	struct record record;

	if (read_person((struct reading *)r, f->id, &bytes, &ignored) != 1 ||
		record_read_head(bytes, &record, &ignored) < 0)
		return "?";
	return record.dn;
}

int require_one(const struct reading *r, const struct found_list *list, struct found *out, struct error *err)
{
	if (list->n == 0)
		return error_set(err, REASON_PERSON_NOT_FOUND, "no entry in any directory");
	if (list->n > 1)
		return error_set(err, REASON_PERSON_FOUND_TWICE, "%zu entries, among them %s (%s) and %s (%s)", list->n,
			dn_of(r, &list->items[0]), list->items[0].how, dn_of(r, &list->items[1]), list->items[1].how);
	*out = list->items[0];
	return 0;
}

int find_by_claims(struct reading *r, const struct mirror_query *query, struct found *out, struct error *err)
{
	struct found_list list = {NULL, 0};
	enum conflicts conflicts = query->guest ? CONFLICTS_IGNORED : CONFLICTS_MATTER;

	if (find_by_strength(r, query, STABLE, CONFLICTS_MATTER, &list, err) < 0)
		return -1;
	if (list.n)
		return require_one(r, &list, out, err);
	if (find_by_strength(r, query, MUTABLE, conflicts, &list, err) < 0)
		return -1;
	if (query->guest && list.n)
		return error_set(err, REASON_GUEST_JOIN, "a guest fits %s only by %s, which people can change",
			dn_of(r, &list.items[0]),
			list.items[0].how);
	return require_one(r, &list, out, err);
}

/* ---- by a name that an administrator typed ---- */

static int find_by_dn(struct reading *r, const struct directory_options *d, const char *dn_key, struct found_list *list,
	struct error *err)
{
	struct key k = key_node(d->name, dn_key);
	struct slice s, record;
	int found = store_get(r->txn, TABLE_NODE, key_slice(&k), &s, err);

	if (found <= 0)
		return found;
	found = read_person(r, node_read(s), &record, err);
	if (found == 1)
		found_add(r, list, (struct found){d, node_read(s), arena_printf(r->arena, "%s: DN", d->name)});
	return found < 0 ? -1 : 0;
}

/* Everything the name could mean, in all directories: two people are two, whichever attributes found them. */
int find_by_name(struct reading *r, const char *name, struct found *out, struct error *err)
{
	struct found_list list = {NULL, 0};
	const char *dn_key = NULL;

	if (strchr(name, '=') && dn_normalize(r->arena, name, &dn_key) < 0)
		dn_key = NULL;
	for (size_t i = 0; i < r->count; i++) {
		const struct directory_options *d = &r->directories[i];
		const char *const *indexed = indexed_attributes(r->arena, d);

		if (dn_key && find_by_dn(r, d, dn_key, &list, err) < 0)
			return -1;
		for (size_t j = 0; indexed[j]; j++)
			if (find_by_value(r, d, indexed[j], slice_c(name), &list, err) < 0)
				return -1;
	}
	if (list.n == 0)
		return error_set(err, REASON_PERSON_NOT_FOUND, "no person has the DN, mail, uid or join value \"%s\"", name);
	return require_one(r, &list, out, err);
}
