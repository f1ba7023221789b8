/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One group.  Its members are kept beside it, so that one that comes or goes
 * costs the same in a group of three and in one of 35,000.
 */
#include "scim/internal.h"

#define MEMBERS_MAX 100000

static int index_group(struct store_txn *t, const json_t *before, const json_t *after, const struct id *id, struct error *err)
{
	if (data_index(t, KEY_GROUP_NAME, before ? json_text(before, "displayName") : NULL, after ? json_text(after, "displayName") : NULL, id,
		err) < 0)
		return -1;
	return data_index(t, KEY_GROUP_EXTERNAL, before ? json_text(before, "externalId") : NULL, after ? json_text(after, "externalId") : NULL, id,
		err);
}

/* ---- members ---- */

/* 1, 0: nobody has this id; -1. */
static int who_is(struct work *w, const char *text, struct data_member *out)
{
	static const enum resource kinds[] = {RESOURCE_USER, RESOURCE_GROUP};
	struct slice ignored;
	struct error err;

	if (!id_read(text, &out->id))
		return 0;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		int found = store_get(w->t, kinds[i] == RESOURCE_USER ? DATA_USERS : DATA_GROUPS, id_slice(&out->id), &ignored, &err);

		out->kind = kinds[i];
		if (found)
			return found < 0 ? fault_store(&w->fault, &err) : 1;
	}
	return 0;
}

static int clear_members(struct work *w, const struct id *id, bool *changed)
{
	struct data_member *list;
	struct error err;
	size_t n;

	if (data_members(w->arena, w->t, id, &list, &n, &err) < 0)
		return fault_store(&w->fault, &err);
	for (size_t i = 0; i < n; i++)
		if (data_member_remove(w->t, id, &list[i], &err) < 0)
			return fault_store(&w->fault, &err);
	*changed |= n > 0;
	return 0;
}

static int edit_one(struct work *w, const struct id *id, const struct member_edit *edit, bool *changed)
{
	struct data_member who = {0};
	struct error err;
	int rc = who_is(w, edit->id, &who);

	if (rc < 0)
		return -1;
	/* who is not there is no member already */
	if (rc == 0 && edit->change == MEMBER_REMOVE)
		return 0;
	if (rc == 0)
		return fault_set(&w->fault, 400, "invalidValue", "There is neither a user nor a group with the id \"%.60s\" to be a member.", edit->id);
	if (who.kind == RESOURCE_GROUP && memcmp(&who.id, id, sizeof(*id)) == 0)
		return fault_set(&w->fault, 400, "invalidValue", "A group cannot be a member of itself.");
	rc = edit->change == MEMBER_ADD ? data_member_add(w->t, id, &who, &err) : data_member_remove(w->t, id, &who, &err);
	if (rc < 0)
		return fault_store(&w->fault, &err);
	*changed |= rc > 0;
	return 0;
}

static int edit_members(struct work *w, const struct id *id, const struct members *members, bool *changed)
{
	if (members->n > MEMBERS_MAX)
		return fault_set(&w->fault, 413, NULL, "There are more than %d changes of members in one request.", MEMBERS_MAX);
	for (size_t i = 0; i < members->n; i++) {
		const struct member_edit *edit = &members->list[i];

		if ((edit->change == MEMBER_CLEAR ? clear_members(w, id, changed) : edit_one(w, id, edit, changed)) < 0)
			return -1;
	}
	return 0;
}

/* ---- one ---- */

/*
 * Names of groups are not unique in Entra ID, and some tenants let everybody
 * make groups: one of the same name is found by it, and must not put its
 * members where rules mean those of this one.
 */
static int require_same_group(struct work *w, const struct revision *r)
{
	const char *before = r->before ? json_text(r->before, "externalId") : NULL, *after = json_text(r->after, "externalId");

	if (!before || !*before)
		return 0;
	if (after && !text_same(before, after))
		return fault_set(&w->fault, 409, "uniqueness", "This group is %.60s in Entra ID, and another one has its name now: give that one another name, "
			"or delete this one.", before);
	if (!after)
		json_object_set_new(r->after, "externalId", json_string(before));
	return 0;
}

/* `members` of a body, as what is to be done. */
static int take_members(struct work *w, struct revision *r)
{
	json_t *value = json_find(r->after, "members");
	struct members *m = &r->members;

	if (r->before) {
		m->list = arena_grow(w->arena, NULL, 0, sizeof(*m->list));
		m->list[m->n++] = (struct member_edit){MEMBER_CLEAR, NULL};
	}
	if (value && !json_is_null(value) && members_take(m, MEMBER_ADD, value, &w->fault) < 0)
		return -1;
	json_remove(r->after, "members");
	return 0;
}

static int settle(struct work *w, struct revision *r)
{
	json_object_del(r->after, "members");
	if (value_require_size(r->after, &w->fault) < 0 || value_require_group(r->after, &w->fault) < 0 || require_same_group(w, r) < 0 ||
		require_unique(w, r, KEY_GROUP_NAME, "displayName") < 0 || require_unique(w, r, KEY_GROUP_EXTERNAL, "externalId") < 0)
		return -1;
	/* without the case of A to Z, as rules compare it */
	if (r->before && strcasecmp(json_text(r->before, "displayName"), json_text(r->after, "displayName")) != 0)
		w->reply->remark = "it has another name, so rules that name the former one have no members any more";
	return edit_members(w, &r->id, &r->members, &r->moved);
}

static int empty(struct work *w, struct revision *r)
{
	return clear_members(w, &r->id, &r->moved);
}

/* PATCH is answered without a body: a group of 35,000 is not sent back for one that came. */
const struct resource_kind group_kind = {
	.kind = RESOURCE_GROUP, .urn = URN_GROUP, .created = "group created", .changed = "group changed", .deleted = "group deleted",
	.external = KEY_GROUP_EXTERNAL, .take = take_members, .settle = settle, .index = index_group, .empty = empty, .patched_quietly = true,
};
