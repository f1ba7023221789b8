/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nodes, and what hangs on them: records of people, rows of groups with the edges that lead on. */
#include "ldap/writer.h"

#include "base/text.h"

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

/* Copied into the transaction's arena; all empty when there is none. */
static int row_at(struct mirror_writer *w, node_id id, struct row *out, struct error *err)
{
	struct id_key k = key_id(id);
	struct slice s;
	int found = store_get(w->txn, TABLE_ROW, id_slice(&k), &s, err);

	*out = (struct row){{"", 0}, {"", 0}, false};
	return found <= 0 ? found : row_read(arena_slice(w->arena, s), out, err);
}

static int row_write(struct mirror_writer *w, node_id id, const struct row *row, struct error *err)
{
	struct id_key k = key_id(id);
	uint32_t n = (uint32_t)(row->parents.n / NODE_SIZE), head = n | (row->only_name ? ROW_ONLY_NAME : 0);
	struct text t;

	if (n == 0 && row->record.n == 0)
		return store_delete(w->txn, TABLE_ROW, id_slice(&k), (struct slice){NULL, 0}, err) < 0 ? -1 : 0;
	text_begin(&t, w->arena, sizeof(head) + row->parents.n + row->record.n + 1);
	text_add(&t, slice_of(&head, sizeof(head)));
	text_add(&t, row->parents);
	text_add(&t, row->record);
	return store_put(w->txn, TABLE_ROW, id_slice(&k), text_slice(&t), err);
}

int edge_change(struct mirror_writer *w, node_id member, node_id group, enum change change, struct error *err)
{
	struct row row;
	char id[NODE_SIZE], *list;
	size_t at = 0;
	bool there;

	if (row_at(w, member, &row, err) < 0)
		return -1;
	node_write(id, group);
	while (at < row.parents.n && memcmp(row.parents.p + at, id, NODE_SIZE) < 0)
		at += NODE_SIZE;
	there = at < row.parents.n && memcmp(row.parents.p + at, id, NODE_SIZE) == 0;
	if (there == (change == ADD))
		return 0;
	list = arena_alloc(w->arena, row.parents.n + NODE_SIZE);
	memcpy(list, row.parents.p, at);
	if (change == ADD) {
		memcpy(list + at, id, NODE_SIZE);
		memcpy(list + at + NODE_SIZE, row.parents.p + at, row.parents.n - at);
		row.parents = slice_of(list, row.parents.n + NODE_SIZE);
	} else {
		memcpy(list + at, row.parents.p + at + NODE_SIZE, row.parents.n - at - NODE_SIZE);
		row.parents = slice_of(list, row.parents.n - NODE_SIZE);
	}
	return row_write(w, member, &row, err);
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

/*
 * A node without record and groups is given up.  Those of members that never
 * were entries of ours stay: their names are not known any more when the last
 * group lets them go, and they cost some hundred bytes each.
 */
int node_release(struct mirror_writer *w, node_id id, const char *dn_key, struct error *err)
{
	struct key k = key_node(w->directory->name, dn_key);
	struct id_key at = key_id(id);
	struct slice s;
	int found = store_get(w->txn, TABLE_ROW, id_slice(&at), &s, err);

	if (found == 0)
		found = store_get(w->txn, TABLE_PERSON, id_slice(&at), &s, err);
	if (found == 0)
		found = store_get(w->txn, TABLE_RULE, id_slice(&at), &s, err);
	if (found != 0)
		return found < 0 ? -1 : 0;
	return store_delete(w->txn, TABLE_NODE, key_slice(&k), (struct slice){NULL, 0}, err) < 0 ? -1 : 0;
}
