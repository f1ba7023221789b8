/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is in which group: the edges that lead from members to groups, kept with the group as a list. */
#include "ldap/writer.h"

static int by_number(const void *a, const void *b)
{
	node_id x = *(const node_id *)a, y = *(const node_id *)b;

	return x < y ? -1 : x > y;
}

/* Values that are no DNs (memberUid, an optional UID behind the DN) join nobody: NULL. */
static const char *member_name(struct mirror_writer *w, struct slice value)
{
	const char *key;

	if (memchr(value.p, '\0', value.n))
		return NULL;
	if (nodes_by_guid(w))
		return guid_node_name_in(w->arena, value);
	return dn_normalize(w->arena, arena_copy(w->arena, value), &key) < 0 ? NULL : key;
}

/* Adds the nodes of the values; list has room. */
static int add_nodes(struct mirror_writer *w, const struct mirror_attribute *m, node_id *list, size_t *n, struct error *err)
{
	for (size_t i = 0; m && i < m->n; i++) {
		const char *name = member_name(w, m->values[i]);

		if (!name)
			continue;
		list[*n] = node_make(w, name, err);
		if (list[(*n)++] == NODE_ERROR)
			return -1;
	}
	return 0;
}

/* Ascending, each once. */
static void sort(node_id *list, size_t *n)
{
	size_t unique = 0;

	qsort(list, *n, sizeof(*list), by_number);
	for (size_t i = 0; i < *n; i++)
		if (i == 0 || list[i] != list[unique - 1])
			list[unique++] = list[i];
	*n = unique;
}

static int members_kept(struct mirror_writer *w, node_id group, node_id **out, size_t *n_out, struct error *err)
{
	struct id_key k = key_id(group);
	struct slice s = {NULL, 0};
	node_id *list;

	if (store_get(w->txn, TABLE_MEMBER, id_slice(&k), &s, err) < 0)
		return -1;
	list = arena_alloc(w->arena, s.n + 1);
	for (size_t i = 0; i < s.n / NODE_SIZE; i++)
		list[i] = node_read(slice_of(s.p + i * NODE_SIZE, NODE_SIZE));
	*out = list;
	*n_out = s.n / NODE_SIZE;
	return 0;
}

static int members_write(struct mirror_writer *w, node_id group, const node_id *list, size_t n, struct error *err)
{
	struct id_key k = key_id(group);
	char *bytes = arena_alloc(w->arena, n * NODE_SIZE + 1);

	for (size_t i = 0; i < n; i++)
		node_write(bytes + i * NODE_SIZE, list[i]);
	if (n)
		return store_put(w->txn, TABLE_MEMBER, id_slice(&k), slice_of(bytes, n * NODE_SIZE), err);
	return store_delete(w->txn, TABLE_MEMBER, id_slice(&k), (struct slice){NULL, 0}, err) < 0 ? -1 : 0;
}

/* Brings the edges of a group from what is kept to `now`, both ascending: only the difference is written. */
static int members_change(struct mirror_writer *w, node_id group, const node_id *now, size_t n, struct error *err)
{
	node_id *was;
	size_t m, i = 0, j = 0, differ = 0;

	if (members_kept(w, group, &was, &m, err) < 0)
		return -1;
	while (i < m || j < n) {
		if (i < m && j < n && was[i] == now[j]) {
			i++;
			j++;
			continue;
		}
		differ++;
		if (j == n || (i < m && was[i] < now[j])) {
			if (edge_change(w, was[i++], group, REMOVE, err) < 0)
				return -1;
		} else if (edge_change(w, now[j++], group, ADD, err) < 0) {
			return -1;
		}
	}
	if (differ == 0)
		return 0;
	w->changed = true;
	return members_write(w, group, now, n, err);
}

int members_put(struct mirror_writer *w, node_id group, const struct entry *e, struct error *err)
{
	const struct mirror_attribute *m = e ? entry_attribute(e, w->directory->member_attribute) : NULL;
	node_id *list = arena_alloc(w->arena, (m ? m->n : 0) * sizeof(*list) + 1);
	size_t n = 0;

	if (add_nodes(w, m, list, &n, err) < 0)
		return -1;
	sort(list, &n);
	return members_change(w, group, list, n, err);
}

static bool is_in(const node_id *list, size_t n, node_id id)
{
	return bsearch(&id, list, n, sizeof(*list), by_number) != NULL;
}

int mirror_writer_links(struct mirror_writer *w, const unsigned char uuid[UUID_SIZE], const struct mirror_attribute *added,
	const struct mirror_attribute *removed, struct error *err)
{
	struct key k = key_uuid(w->directory->name, MIRROR_GROUPS, uuid);
	node_id group, *kept, *gone = arena_alloc(w->arena, removed->n * sizeof(*gone) + 1), *list;
	size_t kept_count, gone_count = 0, n = 0;
	struct slice s;
	int found;

	if (writer_begin(w, err) < 0)
		return -1;
	found = store_get(w->txn, TABLE_UUID, key_slice(&k), &s, err);
	if (found <= 0)
		return found;
	group = node_read(s);
	if (members_kept(w, group, &kept, &kept_count, err) < 0 || add_nodes(w, removed, gone, &gone_count, err) < 0)
		return -1;
	sort(gone, &gone_count);
	list = arena_alloc(w->arena, (kept_count + added->n) * sizeof(*list) + 1);
	for (size_t i = 0; i < kept_count; i++)
		if (!is_in(gone, gone_count, kept[i]))
			list[n++] = kept[i];
	if (add_nodes(w, added, list, &n, err) < 0)
		return -1;
	sort(list, &n);
	return members_change(w, group, list, n, err);
}

int mirror_writer_people_in(struct mirror_writer *w, const unsigned char group[UUID_SIZE], struct arena *a, unsigned char (**out)[UUID_SIZE],
	size_t *n_out, struct error *err)
{
	struct key k = key_uuid(w->directory->name, MIRROR_GROUPS, group);
	unsigned char (*people)[UUID_SIZE] = NULL;
	struct slice bytes;
	size_t n = 0, count = 0;
	node_id *list = NULL;
	int found;

	if (writer_begin(w, err) < 0)
		return -1;
	found = store_get(w->txn, TABLE_UUID, key_slice(&k), &bytes, err);
	if (found < 0 || (found && members_kept(w, node_read(bytes), &list, &n, err) < 0))
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct record r;

		found = record_at(w, MIRROR_PEOPLE, list[i], &bytes, err);
		if (found < 0 || (found && record_read_head(bytes, &r, err) < 0))
			return -1;
		if (!found)
			continue;
		people = arena_grow(a, people, count, sizeof(*people));
		memcpy(people[count++], r.uuid, UUID_SIZE);
	}
	*out = people;
	*n_out = count;
	return 0;
}
