/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Entries into the mirror and out of it.
 *
 * An entry that has not changed is not written: a full refresh of an unchanged
 * directory leaves the file, and its readers, alone.  Only after a change of
 * the settings, which decide what is indexed, each is written once more.
 */
#include "ldap/writer.h"

#include "base/log.h"

/* ---- what is kept of an entry ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *const *kept_attributes(struct arena *a, const struct directory_options *d)
{
	const char *const *indexed = indexed_attributes(a, d);
	const char **list;
	/* of Active Directory: whose primary group it is, and until when the account is good */
	static const char *const of_ad[] = {"accountexpires", "objectsid", "primarygroupid", NULL};
	size_t n = 0, unique = 0, room = 2 + sizeof(of_ad) / sizeof(*of_ad);

	for (size_t i = 0; indexed[i]; i++)
		room++;
	for (size_t i = 0; d->attributes && d->attributes[i]; i++)
		room++;
	list = arena_alloc(a, room * sizeof(*list));
	for (size_t i = 0; indexed[i]; i++)
		list[n++] = indexed[i];
	for (size_t i = 0; d->attributes && d->attributes[i]; i++)
		list[n++] = mirror_lower_case(a, d->attributes[i]);
	if (d->disabled_filter_attribute)
		list[n++] = mirror_lower_case(a, d->disabled_filter_attribute);
	for (size_t i = 0; directory_is_ad(d) && of_ad[i]; i++)
		list[n++] = of_ad[i];
	qsort(list, n, sizeof(*list), by_name);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || strcmp(list[i], list[unique - 1]) != 0)
			list[unique++] = list[i];
	list[unique] = NULL;
	return list;
}

/* Options (`cn;lang-de`) make another attribute: not found here. */
const struct mirror_attribute *entry_attribute(const struct entry *e, const char *name)
{
	for (size_t i = 0; i < e->attribute_count; i++)
		if (strcasecmp(e->attributes[i].name, name) == 0)
			return &e->attributes[i];
	return NULL;
}

/* The first value as text; NULL when there is none or it holds a NUL. */
static const char *first_text(struct arena *a, const struct entry *e, const char *name)
{
	const struct mirror_attribute *m = entry_attribute(e, name);

	if (!m || m->n == 0 || m->values[0].n == 0 || memchr(m->values[0].p, '\0', m->values[0].n))
		return NULL;
	return arena_copy(a, m->values[0]);
}

bool entry_is_disabled(const struct directory_options *d, const struct entry *e)
{
	const struct mirror_attribute *m = d->disabled_filter_attribute ? entry_attribute(e, d->disabled_filter_attribute) : NULL;

	if (directory_is_ad(d) && is_disabled_account(entry_attribute(e, "userAccountControl")))
		return true;
	for (size_t i = 0; m && i < m->n; i++)
		if (!d->disabled_value || slice_is_nocase(m->values[i], d->disabled_value))
			return true;
	return false;
}

/* Those of `names` that were sent, in their order. */
static void keep_attributes(struct mirror_writer *w, const struct entry *e, const char *const *names, struct record *r)
{
	struct mirror_attribute *list;
	size_t n = 0;

	while (names[n])
		n++;
	list = arena_alloc(w->arena, n * sizeof(*list) + 1);
	for (size_t i = 0; i < n; i++) {
		const struct mirror_attribute *m = entry_attribute(e, names[i]);

		if (m && m->n)
			list[r->attribute_count++] = kept_attribute(w, names[i], m);
	}
	r->attributes = list;
}

static void fill_record(struct mirror_writer *w, enum mirror_kind kind, const struct entry *e, struct record *r)
{
	const struct directory_options *d = w->directory;

	r->kind = kind;
	r->dn = e->dn;
	memcpy(r->uuid, e->uuid, UUID_SIZE);
	if (kind == MIRROR_GROUPS) {
		r->name = first_text(w->arena, e, d->group_name_attribute);
		if (d->group_attributes)
			keep_attributes(w, e, d->group_attributes, r);
		return;
	}
	if (kind == MIRROR_RULES) {
		keep_attributes(w, e, d->rules_attributes, r);
		return;
	}
	r->name = first_text(w->arena, e, d->mail_attribute);
	r->disabled = entry_is_disabled(d, e);
	keep_attributes(w, e, w->kept, r);
}

/* ---- the index: people by what they are found by, groups by name ---- */

struct namesakes {
	node_id ids[2];
	size_t n;
};

static int take_namesake(struct slice value, void *context)
{
	struct namesakes *s = context;

	s->ids[s->n++] = node_read(value);
	return s->n == sizeof(s->ids) / sizeof(*s->ids);
}

/*
 * So that the reading side knows from a group's row alone whether its name
 * means no other one: where the first comes to a name, goes, or stays behind.
 */
static int name_change(struct mirror_writer *w, const struct record *r, node_id id, enum change change, struct error *err)
{
	struct namesakes same = {.n = 0};
	char bytes[NODE_SIZE];
	struct slice value = slice_of(bytes, NODE_SIZE);
	struct key k;
	int rc;

	if (!r->name || !key_group_name(w->directory->name, r->name, &k))
		return 0;
	node_write(bytes, id);
	rc = change == ADD ? store_add(w->txn, TABLE_INDEX, key_slice(&k), value, err)
		: store_delete(w->txn, TABLE_INDEX, key_slice(&k), value, err);
	if (rc < 0 || store_each_value(w->txn, TABLE_INDEX, key_slice(&k), take_namesake, &same, err) < 0)
		return -1;
	for (size_t i = 0; i < same.n; i++)
		if (row_set_only_name(w, same.ids[i], same.n == 1, err) < 0)
			return -1;
	return 0;
}

static int index_change(struct mirror_writer *w, const struct record *r, node_id id, enum change change, struct error *err)
{
	char bytes[NODE_SIZE];

	if (r->kind == MIRROR_GROUPS)
		return name_change(w, r, id, change, err);
	if (r->kind == MIRROR_RULES)
		return 0;
	node_write(bytes, id);
	for (size_t i = 0; w->indexed[i]; i++) {
		const struct mirror_attribute *m = record_attribute(r, w->indexed[i]);

		for (size_t j = 0; m && j < m->n; j++) {
			struct slice value = slice_of(bytes, NODE_SIZE);
			struct key k;
			int rc;

			if (!key_index(w->directory, m->name, m->values[j], &k))
				continue;
			rc = change == ADD ? store_add(w->txn, TABLE_INDEX, key_slice(&k), value, err)
				: store_delete(w->txn, TABLE_INDEX, key_slice(&k), value, err);
			if (rc < 0)
				return -1;
		}
	}
	return 0;
}

/* ---- entries ---- */

static int record_remove(struct mirror_writer *w, enum mirror_kind kind, node_id id, struct error *err)
{
	struct key uuid;
	struct slice bytes;
	struct record r;
	int found = record_at(w, kind, id, &bytes, err);

	if (found <= 0)
		return found;
	if (record_read(w->arena, bytes, &r, err) < 0)
		return -1;
	uuid = key_uuid(w->directory->name, kind, r.uuid);
	if (record_set(w, kind, id, (struct slice){NULL, 0}, err) < 0 ||
		store_delete(w->txn, TABLE_UUID, key_slice(&uuid), (struct slice){NULL, 0}, err) < 0)
		return -1;
	if (index_change(w, &r, id, REMOVE, err) < 0 || (kind == MIRROR_GROUPS && members_put(w, id, NULL, err) < 0))
		return -1;
	w->state.count[kind]--;
	w->changed = true;
	return nodes_by_guid(w) ? guid_node_release(w, &r, id, err) : node_release(w, id, r.dn_key, err);
}

/* Removes what stands where it can stand no longer: the entry under its old name, and whoever had its new name. */
static int make_place(struct mirror_writer *w, enum mirror_kind kind, const struct entry *e, node_id id, struct error *err)
{
	struct key k = key_uuid(w->directory->name, kind, e->uuid);
	struct slice s;
	struct record r;
	int found = store_get(w->txn, TABLE_UUID, key_slice(&k), &s, err);

	if (found < 0)
		return -1;
	if (found && node_read(s) != id && record_remove(w, kind, node_read(s), err) < 0)
		return -1;
	found = record_at(w, kind, id, &s, err);
	if (found <= 0)
		return found;
	if (record_read_head(s, &r, err) < 0)
		return -1;
	return memcmp(r.uuid, e->uuid, UUID_SIZE) == 0 ? 0 : record_remove(w, kind, id, err);
}

static int record_put(struct mirror_writer *w, enum mirror_kind kind, node_id id, const struct record *r, struct error *err)
{
	struct key uuid = key_uuid(w->directory->name, kind, r->uuid);
	struct slice bytes = record_write(w->arena, r), old;
	struct record before;
	char node[NODE_SIZE];
	int found = record_at(w, kind, id, &old, err);

	if (found < 0)
		return -1;
	/* while a kind is not whole, its index may be of other settings, or gone */
	if (found && slice_equal(bytes, old) && w->state.whole & 1u << kind && !(w->state.whole & STATE_UNINDEXED))
		return 0;
	w->changed = true;
	if (found) {
		if (record_read(w->arena, old, &before, err) < 0 || index_change(w, &before, id, REMOVE, err) < 0)
			return -1;
	} else {
		w->state.count[kind]++;
		node_write(node, id);
		if (store_put(w->txn, TABLE_UUID, key_slice(&uuid), slice_of(node, NODE_SIZE), err) < 0)
			return -1;
	}
	if (nodes_by_guid(w) && guid_node_rename(w, id, found ? before.dn_key : NULL, r->dn_key, err) < 0)
		return -1;
	/* the row first: the index says there whether its name is the only one */
	if (record_set(w, kind, id, bytes, err) < 0)
		return -1;
	return index_change(w, r, id, ADD, err);
}

int entry_put(struct mirror_writer *w, enum mirror_kind kind, const struct entry *entry, struct error *err)
{
	struct record r = {0};
	const char *name;
	node_id id;

	if (dn_normalize(w->arena, entry->dn, &r.dn_key) < 0) {
		log_warning("an entry whose name is no DN is left out", "directory", w->directory->name, "dn", entry->dn, NULL);
		return mirror_writer_delete(w, kind, entry->uuid, err);
	}
	name = nodes_by_guid(w) ? guid_node_name(w->arena, entry->uuid) : r.dn_key;
	id = node_make(w, name, err);
	if (id == NODE_ERROR || make_place(w, kind, entry, id, err) < 0)
		return -1;
	/* the place may have been given up with whoever had it */
	id = node_make(w, name, err);
	if (id == NODE_ERROR)
		return -1;
	fill_record(w, kind, entry, &r);
	if (record_put(w, kind, id, &r, err) < 0)
		return -1;
	if (kind != MIRROR_GROUPS)
		return 0;
	if (nodes_by_guid(w) && sid_node_add(w, id, entry, err) < 0)
		return -1;
	return members_put(w, id, entry, err);
}

int entry_delete(struct mirror_writer *w, enum mirror_kind kind, const unsigned char uuid[UUID_SIZE], struct error *err)
{
	struct key k = key_uuid(w->directory->name, kind, uuid);
	struct slice s;
	int found = store_get(w->txn, TABLE_UUID, key_slice(&k), &s, err);

	return found <= 0 ? found : record_remove(w, kind, node_read(s), err);
}
