/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Nodes of Active Directory have GUIDs for names, not DNs.
 *
 * A member whose DN changes is told of as one entry that changed, though its
 * name changes in each of its groups, too: what is joined by GUID need not
 * follow.  The DN stays a second name of the node, by which administrators and
 * rules name entries, and a group's SID a third, by which it is found as the
 * primary group of people whom it does not list.
 */
#include "ldap/ad_values.h"
#include "ldap/writer.h"

bool nodes_by_guid(const struct mirror_writer *w)
{
	return directory_is_ad(w->directory);
}

/* No DN begins like that. */
const char *guid_node_name(struct arena *a, const unsigned char uuid[UUID_SIZE])
{
	char guid[GUID_TEXT_SIZE];

	guid_text(uuid, guid);
	return arena_printf(a, "<guid=%s>", guid);
}

const char *guid_node_name_in(struct arena *a, struct slice value)
{
	struct extended_dn dn;

	return extended_dn_read(value, &dn) < 0 ? NULL : guid_node_name(a, dn.uuid);
}

/* The name leads to the node; nobody else has it any more. */
static int add_name(struct mirror_writer *w, node_id id, const char *name, struct error *err)
{
	struct key k = key_node(w->directory->name, name);
	char bytes[NODE_SIZE];

	node_write(bytes, id);
	return store_put(w->txn, TABLE_NODE, key_slice(&k), slice_of(bytes, NODE_SIZE), err);
}

int guid_node_rename(struct mirror_writer *w, node_id id, const char *before, const char *dn_key, struct error *err)
{
	if (before && strcmp(before, dn_key) != 0 && node_forget(w, id, before, err) < 0)
		return -1;
	return add_name(w, id, dn_key, err);
}

/* It stays when the group goes: neither SIDs nor nodes are used again. */
int sid_node_add(struct mirror_writer *w, node_id id, const struct entry *e, struct error *err)
{
	const struct mirror_attribute *m = entry_attribute(e, "objectSid");
	char sid[SID_TEXT_SIZE];
	struct key k;
	struct slice s;
	int found;

	if (!m || m->n != 1 || sid_text(m->values[0], sid) < 0)
		return 0;
	k = key_node(w->directory->name, sid_node_name(w->arena, sid));
	found = store_get(w->txn, TABLE_NODE, key_slice(&k), &s, err);
	if (found < 0 || (found && node_read(s) == id))
		return found < 0 ? -1 : 0;
	return add_name(w, id, sid_node_name(w->arena, sid), err);
}

int guid_node_release(struct mirror_writer *w, const struct record *r, node_id id, struct error *err)
{
	struct slice s;

	for (int kind = 0; kind < MIRROR_KINDS; kind++) {
		int found = record_at(w, (enum mirror_kind)kind, id, &s, err);

		if (found)
			return found < 0 ? -1 : 0;
	}
	if (node_forget(w, id, r->dn_key, err) < 0)
		return -1;
	return node_release(w, id, guid_node_name(w->arena, r->uuid), err);
}

bool is_disabled_account(const struct mirror_attribute *m)
{
	return !m || account_is_disabled(m->values, m->n);
}

struct mirror_attribute kept_attribute(struct mirror_writer *w, const char *name, const struct mirror_attribute *m)
{
	struct slice *values;

	if (!nodes_by_guid(w))
		return (struct mirror_attribute){name, m->values, m->n};
	values = arena_alloc(w->arena, m->n * sizeof(*values));
	for (size_t i = 0; i < m->n; i++)
		values[i] = ad_kept_value(w->arena, name, m->values[i]);
	return (struct mirror_attribute){name, values, m->n};
}
