/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The reading side of rules: all entries of a directory's base and all groups with a mark, as they are. */
#include "ldap/reader.h"

struct gathering {
	struct reading *reading;
	struct mirror_rule *list;
	size_t n;
	struct error *err;
};

static int take_rule(struct slice key, struct slice value, void *context)
{
	struct gathering *g = context;
	struct id_key k = key_id(node_read(value));
	struct record record;
	struct slice bytes;
	int found = store_get(g->reading->txn, TABLE_RULE, id_slice(&k), &bytes, g->err);

	(void)key;
	if (found == 0)
		error_set(g->err, REASON_STORE, "the mirror's index names a rule that is not there");
	if (found <= 0 || record_read(g->reading->arena, arena_slice(g->reading->arena, bytes), &record, g->err) < 0)
		return 1;
	g->list = arena_grow(g->reading->arena, g->list, g->n, sizeof(*g->list));
	g->list[g->n++] = (struct mirror_rule){false, record.dn, record.dn_key, record.attributes, record.attribute_count};
	return 0;
}

static int take_mark(struct slice key, struct slice value, void *context)
{
	struct gathering *g = context;
	struct id_key k = key_id(node_read(value));
	struct record record;
	struct slice bytes;
	struct row row;
	int found = store_get(g->reading->txn, TABLE_ROW, id_slice(&k), &bytes, g->err);

	(void)key;
	if (found <= 0)
		return found;
	if (row_read(bytes, &row, g->err) < 0 || (row.record.n && record_read(g->reading->arena, row.record, &record, g->err) < 0))
		return 1;
	if (!row.record.n || !record.attribute_count)
		return 0;
	if (record_read(g->reading->arena, arena_slice(g->reading->arena, row.record), &record, g->err) < 0)
		return 1;
	g->list = arena_grow(g->reading->arena, g->list, g->n, sizeof(*g->list));
	g->list[g->n++] = (struct mirror_rule){true, record.dn, record.dn_key, record.attributes, record.attribute_count};
	return 0;
}

static int read_rules(struct reading *r, const struct directory_options *d, struct gathering *g, struct error *err)
{
	struct key rules = key_uuids(d->name, MIRROR_RULES), groups = key_uuids(d->name, MIRROR_GROUPS);
	struct state state;
	int rc;

	if (state_read(r->txn, d->name, &state, err) < 0)
		return -1;
	if (!(state.whole & 1u << MIRROR_RULES) || state.rules_fingerprint != rules_fingerprint(d))
		return 0;
	if (d->group_attributes && !(state.whole & STATE_MARKS))
		return 0;
	rc = store_each(r->txn, TABLE_UUID, key_slice(&rules), take_rule, g, err);
	if (rc == 0 && d->group_attributes)
		rc = store_each(r->txn, TABLE_UUID, key_slice(&groups), take_mark, g, err);
	return rc == 0 ? 1 : -1;
}

int mirror_rules(struct arena *a, struct mirror *m, const struct directory_options *directory, const struct mirror_rule **out,
	size_t *n_out, struct error *err)
{
	struct reading r = {.arena = a, .directories = directory, .count = 1};
	struct gathering g = {.reading = &r, .err = err};
	int rc;

	if (store_begin_read(m->store, &r.txn, err) < 0)
		return -1;
	rc = read_rules(&r, directory, &g, err);
	store_abort(r.txn);
	if (rc == 1) {
		*out = g.list;
		*n_out = g.n;
	}
	return rc;
}

int mirror_generation(struct mirror *m, uint64_t *out, struct error *err)
{
	struct store_txn *txn;
	int rc;

	if (store_begin_read(m->store, &txn, err) < 0)
		return -1;
	rc = store_generation(txn, out, err);
	store_abort(txn);
	return rc;
}
