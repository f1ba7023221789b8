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

static int require_unique(struct work *w, const json_t *group, const struct id *id)
{
	struct error err;
	struct id other;
	int found = data_find(w->t, KEY_GROUP_NAME, json_text(group, "displayName"), &other, &err);

	if (found < 0)
		return fault_store(&w->fault, &err);
	if (found && memcmp(&other, id, sizeof(other)) != 0)
		return fault_set(&w->fault, 409, "uniqueness", "Another group has this displayName.");
	return 0;
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

/* ---- keeping one ---- */

static int keep(struct work *w, const struct id *id, const json_t *before, json_t **after, const struct members *members)
{
	struct error err;
	bool moved = false;

	if (value_normalize(after, &w->fault) < 0)
		return -1;
	json_object_del(*after, "members");
	if (value_require_size(*after, &w->fault) < 0 || value_require_group(*after, &w->fault) < 0 || require_unique(w, *after, id) < 0)
		return -1;
	if (edit_members(w, id, members, &moved) < 0)
		return -1;
	if (is_unchanged(before, *after) && !moved)
		return 0;
	stamp(*after, before);
	if (index_group(w->t, before, *after, id, &err) < 0 || data_put(w->t, RESOURCE_GROUP, id, *after, &err) < 0)
		return fault_store(&w->fault, &err);
	w->reply->done = before ? "group changed" : "group created";
	return 0;
}

static int show(struct work *w, int status, const struct id *id, const json_t *kept)
{
	struct selection selection;
	char text[SCIM_ID_TEXT];
	json_t *shown;

	id_write(id, text);
	w->reply->id = arena_strdup(w->arena, text);
	if (selection_read(w, &selection) < 0)
		return -1;
	shown = resource_shown(w, RESOURCE_GROUP, kept, text, URN_GROUP);
	if (selection_wants(&selection, "members") && group_members_shown(w, shown, id) < 0) {
		json_decref(shown);
		return -1;
	}
	return reply_resource(w, status, kept, shown, RESOURCE_GROUP);
}

/* `members` of a body, as what is to be done. */
static int take_members(struct work *w, json_t *body, bool replaces, struct members *out)
{
	json_t *value = json_find(body, "members");

	*out = (struct members){.arena = w->arena};
	if (replaces) {
		out->list = arena_grow(w->arena, NULL, 0, sizeof(*out->list));
		out->list[out->n++] = (struct member_edit){MEMBER_CLEAR, NULL};
	}
	if (value && !json_is_null(value) && members_take(out, MEMBER_ADD, value, &w->fault) < 0)
		return -1;
	json_remove(body, "members");
	return 0;
}

/* ---- the methods ---- */

int group_create(struct work *w)
{
	json_t *body = body_read(w);
	struct members members;
	struct id id;
	int rc;

	if (!body)
		return -1;
	id_make(&id);
	value_strip(body);
	rc = take_members(w, body, false, &members);
	if (rc == 0)
		rc = keep(w, &id, NULL, &body, &members);
	if (rc == 0)
		rc = show(w, 201, &id, body);
	json_decref(body);
	return rc;
}

int group_read(struct work *w, const struct id *id)
{
	json_t *kept;
	int rc;

	if (found_or_404(w, RESOURCE_GROUP, id, &kept) < 0)
		return -1;
	rc = show(w, 200, id, kept);
	json_decref(kept);
	return rc;
}

int group_replace(struct work *w, const struct id *id)
{
	json_t *before = NULL, *body = NULL;
	struct members members;
	int rc = -1;

	if (found_or_404(w, RESOURCE_GROUP, id, &before) < 0)
		return -1;
	if (require_match(w, before) == 0)
		body = body_read(w);
	if (body) {
		value_strip(body);
		rc = take_members(w, body, true, &members);
	}
	if (rc == 0)
		rc = keep(w, id, before, &body, &members);
	if (rc == 0)
		rc = show(w, 200, id, body);
	json_decref(before);
	json_decref(body);
	return rc;
}

/* Without a body: a group of 35,000 is not sent back for one that came. */
int group_patch(struct work *w, const struct id *id)
{
	struct members members = {.arena = w->arena};
	json_t *before = NULL, *after = NULL, *body = NULL;
	char text[SCIM_ID_TEXT];
	int rc = -1;

	if (found_or_404(w, RESOURCE_GROUP, id, &before) < 0)
		return -1;
	if (require_match(w, before) == 0)
		body = body_read(w);
	if (body) {
		after = json_deep_copy(before);
		rc = patch_apply(w->arena, after, body, &members, &w->fault);
	}
	if (rc == 0)
		rc = keep(w, id, before, &after, &members);
	if (rc == 0) {
		id_write(id, text);
		w->reply->id = arena_strdup(w->arena, text);
		w->reply->etag = etag_of(w->arena, after);
		w->reply->status = 204;
	}
	json_decref(before);
	json_decref(after);
	json_decref(body);
	return rc;
}

int group_delete(struct work *w, const struct id *id)
{
	const struct data_member who = {RESOURCE_GROUP, *id};
	char text[SCIM_ID_TEXT];
	bool changed = false;
	struct error err;
	json_t *before;
	int rc;

	if (found_or_404(w, RESOURCE_GROUP, id, &before) < 0)
		return -1;
	rc = require_match(w, before);
	if (rc == 0)
		rc = clear_members(w, id, &changed);
	if (rc == 0 && (data_leave_groups(w->arena, w->t, &who, &err) < 0 || index_group(w->t, before, NULL, id, &err) < 0 ||
		data_delete(w->t, RESOURCE_GROUP, id, &err) < 0))
		rc = fault_store(&w->fault, &err);
	json_decref(before);
	if (rc < 0)
		return -1;
	id_write(id, text);
	w->reply->id = arena_strdup(w->arena, text);
	w->reply->done = "group deleted";
	w->reply->status = 204;
	return 0;
}
