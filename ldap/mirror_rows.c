/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nodes, and what hangs on them: records of people, rows of groups with the edges that lead on. */
#include "ldap/writer.h"

/* ---- nodes ---- */

/* 0: there is none. */
static node_id node_at(struct mirror_writer *w, const struct key *k, struct error *err)
{
	struct slice s;
	int found = store_get(w->txn, TABLE_NODE, key_slice(k), &s, err);

	return found < 0 ? NODE_ERROR : found ? node_read(s) : 0;
}

node_id node_make(struct mirror_writer *w, const char *dn_key, struct error *err)
{
	struct key k = key_node(w->directory->name, dn_key);
	node_id id = node_at(w, &k, err);
	char bytes[NODE_SIZE];

	if (id)
		return id;
	id = w->next;
	node_write(bytes, id);
	if (store_put(w->txn, TABLE_NODE, key_slice(&k), slice_of(bytes, NODE_SIZE), err) < 0)
		return NODE_ERROR;
	w->next++;
	return id;
}

/* ---- rows ---- */

int row_at_once(struct mirror_writer *w, node_id id, struct row *out, struct error *err)
{
	struct id_key k = key_id(id);
	struct slice s;
	int found = store_get(w->txn, TABLE_ROW, id_slice(&k), &s, err);

	*out = (struct row){{"", 0}, {"", 0}, false};
	return found <= 0 ? found : row_read(s, out, err);
}

/* Copied into the transaction's arena. */
static int row_at(struct mirror_writer *w, node_id id, struct row *out, struct error *err)
{
	if (row_at_once(w, id, out, err) < 0)
		return -1;
	out->parents = arena_slice(w->arena, out->parents);
	out->record = arena_slice(w->arena, out->record);
	return 0;
}

int row_write(struct mirror_writer *w, node_id id, const struct row *row, struct error *err)
{
	struct id_key k = key_id(id);
	uint32_t n = (uint32_t)(row->parents.n / NODE_SIZE), head = n | (row->only_name ? ROW_ONLY_NAME : 0);
	size_t size = sizeof(head) + row->parents.n + row->record.n;
	char *p;

	if (n == 0 && row->record.n == 0)
		return store_delete(w->txn, TABLE_ROW, id_slice(&k), (struct slice){NULL, 0}, err) < 0 ? -1 : 0;
	if (size > w->row_room) {
		free(w->row);
		w->row_room = size * 2;
		w->row = malloc(w->row_room);
		if (!w->row)
			abort();
	}
	p = w->row;
	memcpy(p, &head, sizeof(head));
	if (row->parents.n)
		memcpy(p + sizeof(head), row->parents.p, row->parents.n);
	if (row->record.n)
		memcpy(p + sizeof(head) + row->parents.n, row->record.p, row->record.n);
	return store_put(w->txn, TABLE_ROW, id_slice(&k), slice_of(p, size), err);
}

/* ---- records ---- */

/* -1: a group's record lies in its row. */
static int table_of(enum mirror_kind kind)
{
	return kind == MIRROR_PEOPLE ? TABLE_PERSON : kind == MIRROR_RULES ? TABLE_RULE : -1;
}

int record_at(struct mirror_writer *w, enum mirror_kind kind, node_id id, struct slice *out, struct error *err)
{
	struct id_key k = key_id(id);
	struct row row;
	struct slice s;
	int found;

	if (table_of(kind) >= 0) {
		found = store_get(w->txn, table_of(kind), id_slice(&k), &s, err);
		if (found == 1)
			*out = arena_slice(w->arena, s);
		return found;
	}
	if (row_at(w, id, &row, err) < 0)
		return -1;
	*out = row.record;
	return row.record.n > 0;
}

int record_set(struct mirror_writer *w, enum mirror_kind kind, node_id id, struct slice bytes, struct error *err)
{
	struct id_key k = key_id(id);
	struct row row;

	if (table_of(kind) >= 0 && bytes.n)
		return store_put(w->txn, table_of(kind), id_slice(&k), bytes, err);
	if (table_of(kind) >= 0)
		return store_delete(w->txn, table_of(kind), id_slice(&k), (struct slice){NULL, 0}, err) < 0 ? -1 : 0;
	if (row_at(w, id, &row, err) < 0)
		return -1;
	row.record = bytes;
	row.only_name = false;
	return row_write(w, id, &row, err);
}

int row_set_only_name(struct mirror_writer *w, node_id id, bool only, struct error *err)
{
	struct row row;

	if (row_at(w, id, &row, err) < 0)
		return -1;
	if (row.only_name == only || row.record.n == 0)
		return 0;
	row.only_name = only;
	return row_write(w, id, &row, err);
}

int node_forget(struct mirror_writer *w, node_id id, const char *name, struct error *err)
{
	struct key k = key_node(w->directory->name, name);
	node_id there = node_at(w, &k, err);

	if (there != id)
		return there == NODE_ERROR ? -1 : 0;
	return store_delete(w->txn, TABLE_NODE, key_slice(&k), (struct slice){NULL, 0}, err) < 0 ? -1 : 0;
}

/*
 * A node without record and groups is given up.  Those of members that never
 * were entries of ours stay: their names are not known any more when the last
 * group lets them go, and they cost some hundred bytes each.
 */
int node_release(struct mirror_writer *w, node_id id, const char *dn_key, struct error *err)
{
	struct id_key at = key_id(id);
	struct slice s;
	int found;

	if (edges_write(w, err) < 0)
		return -1;
	found = store_get(w->txn, TABLE_ROW, id_slice(&at), &s, err);
	if (found == 0)
		found = store_get(w->txn, TABLE_PERSON, id_slice(&at), &s, err);
	if (found == 0)
		found = store_get(w->txn, TABLE_RULE, id_slice(&at), &s, err);
	return found != 0 ? found < 0 ? -1 : 0 : node_forget(w, id, dn_key, err);
}
