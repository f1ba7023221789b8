/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One user.
 *
 * Known by externalId, which is the object id in Entra ID and must be unique;
 * userName is unique, too.  Whom Entra ID deletes softly, it switches off and
 * renames to its object id and the old name.  Such a tombstone keeps its old
 * userName, but gives the name free: a successor with the same address is
 * another person, and must neither be refused nor get the other's record.
 * Entra's own name for it finds it, and what switches it on again restores it.
 */
#include "scim/internal.h"

/* ---- the index ---- */

/* By which userName it is found: a tombstone by Entra's, so that the old one is free. */
static const char *name_found(const json_t *user)
{
	const char *tombstone = user ? json_text(user, KEPT_TOMBSTONE) : NULL;

	return tombstone ? tombstone : user ? json_text(user, "userName") : NULL;
}

static bool has_mail(const json_t *user, const char *mail, size_t before)
{
	const json_t *list = user ? json_find(user, "emails") : NULL, *element;
	size_t i;

	json_array_foreach(list, i, element) {
		const char *value = json_text(element, "value");

		if (i < before && value && text_same(value, mail))
			return true;
	}
	return false;
}

static int index_mails(struct store_txn *t, const json_t *of, const json_t *other, bool add, const struct id *id, struct error *err)
{
	const json_t *list = of ? json_find(of, "emails") : NULL, *element;
	size_t i;

	json_array_foreach(list, i, element) {
		const char *value = json_text(element, "value");

		if (!value || has_mail(of, value, i) || has_mail(other, value, SIZE_MAX))
			continue;
		if (data_index(t, KEY_MAIL, add ? NULL : value, add ? value : NULL, id, err) < 0)
			return -1;
	}
	return 0;
}

static int index_user(struct store_txn *t, const json_t *before, const json_t *after, const struct id *id, struct error *err)
{
	if (data_index(t, KEY_USER_NAME, name_found(before), name_found(after), id, err) < 0 ||
		data_index(t, KEY_USER_EXTERNAL, before ? json_text(before, "externalId") : NULL, after ? json_text(after, "externalId") : NULL, id,
			err) < 0 ||
		index_mails(t, before, after, false, id, err) < 0)
		return -1;
	return index_mails(t, after, before, true, id, err);
}

/* ---- keeping one ---- */

/* Entra's rename of a soft deletion is no new name. */
static void bury(json_t *user, const json_t *before)
{
	const char *name = json_text(user, "userName"), *old = value_tombstone(name, json_text(user, "externalId"));
	const char *kept = before ? json_text(before, KEPT_TOMBSTONE) : NULL;

	if (old) {
		const char *real = before ? json_text(before, "userName") : old;

		json_object_set_new(user, KEPT_TOMBSTONE, json_string(name));
		json_object_set_new(user, "userName", json_string(real && text_same(real, old) ? real : old));
		json_object_set_new(user, "active", json_false());
	} else if (kept && !json_is_true(json_find(user, "active")) && text_same(name, json_text(before, "userName"))) {
		json_object_set_new(user, KEPT_TOMBSTONE, json_string(kept));
	} else {
		json_object_del(user, KEPT_TOMBSTONE);
	}
}

static int require_unique(struct work *w, const json_t *user, const struct id *id)
{
	const struct {
		enum data_key key;
		const char *name, *value;
	} unique[] = {
		{KEY_USER_NAME, "userName", name_found(user)}, {KEY_USER_EXTERNAL, "externalId", json_text(user, "externalId")},
	};
	struct error err;
	struct id other;

	for (size_t i = 0; i < sizeof(unique) / sizeof(*unique); i++) {
		int found = data_find(w->t, unique[i].key, unique[i].value, &other, &err);

		if (found < 0)
			return fault_store(&w->fault, &err);
		if (found && memcmp(&other, id, sizeof(other)) != 0)
			return fault_set(&w->fault, 409, "uniqueness", "Another user has this %s.", unique[i].name);
	}
	return 0;
}

/* The record is another person's from now on, who does not get what the former one was given. */
static int leave_groups_of_former(struct work *w, const json_t *before, const json_t *after, const struct id *id)
{
	const struct data_member who = {RESOURCE_USER, *id};
	struct error err;

	if (!before || text_same(json_text(before, "externalId"), json_text(after, "externalId")))
		return 0;
	w->reply->remark = "its object id changed, so it was taken out of all groups";
	return data_leave_groups(w->arena, w->t, &who, &err) < 0 ? fault_store(&w->fault, &err) : 0;
}

/* Checks *after, which is normalized anew, and writes it where it differs. */
static int keep(struct work *w, const struct id *id, const json_t *before, json_t **after)
{
	struct error err;

	if (value_normalize(after, &w->fault) < 0)
		return -1;
	/* what is not said of somebody who is there stays: nobody is switched on by it */
	if (!json_object_get(*after, "active"))
		json_object_set_new(*after, "active", json_boolean(!before || json_is_true(json_find(before, "active"))));
	if (value_require_size(*after, &w->fault) < 0 || value_require_user(*after, &w->fault) < 0)
		return -1;
	bury(*after, before);
	if (require_unique(w, *after, id) < 0)
		return -1;
	if (is_unchanged(before, *after))
		return 0;
	stamp(*after, before);
	if (leave_groups_of_former(w, before, *after, id) < 0)
		return -1;
	if (index_user(w->t, before, *after, id, &err) < 0 || data_put(w->t, RESOURCE_USER, id, *after, &err) < 0)
		return fault_store(&w->fault, &err);
	w->reply->done = before ? "user changed" : "user created";
	return 0;
}

json_t *user_shown(const struct work *w, const json_t *kept, const char *id)
{
	return resource_shown(w, RESOURCE_USER, kept, id, URN_USER);
}

static int show(struct work *w, int status, const struct id *id, const json_t *kept)
{
	char text[SCIM_ID_TEXT];

	id_write(id, text);
	w->reply->id = arena_strdup(w->arena, text);
	return reply_resource(w, status, kept, user_shown(w, kept, text), RESOURCE_USER);
}

/* ---- the methods ---- */

/* Of a tombstone with this object id: it is the same person, restored.  1: *id and *before are its; 0; -1. */
static int find_buried(struct work *w, const json_t *body, struct id *id, json_t **before)
{
	const char *external = json_text(body, "externalId");
	struct error err;
	int found = external ? data_find(w->t, KEY_USER_EXTERNAL, external, id, &err) : 0;

	if (found == 1)
		found = data_get(w->t, RESOURCE_USER, id, before, &err);
	if (found < 0)
		return fault_store(&w->fault, &err);
	if (found == 1 && !json_find(*before, KEPT_TOMBSTONE)) {
		json_decref(*before);
		*before = NULL;
		found = 0;
	}
	return found;
}

int user_create(struct work *w)
{
	json_t *body = body_read(w), *before = NULL;
	struct id id;
	int rc = -1;

	if (!body)
		return -1;
	value_strip(body);
	rc = find_buried(w, body, &id, &before);
	if (rc == 0)
		id_make(&id);
	if (rc >= 0)
		rc = keep(w, &id, before, &body);
	if (rc == 0)
		rc = show(w, 201, &id, body);
	json_decref(before);
	json_decref(body);
	return rc;
}

int user_read(struct work *w, const struct id *id)
{
	json_t *kept;
	int rc;

	if (found_or_404(w, RESOURCE_USER, id, &kept) < 0)
		return -1;
	rc = show(w, 200, id, kept);
	json_decref(kept);
	return rc;
}

int user_replace(struct work *w, const struct id *id)
{
	json_t *before = NULL, *body = NULL;
	int rc = -1;

	if (found_or_404(w, RESOURCE_USER, id, &before) < 0)
		return -1;
	if (require_match(w, before) == 0)
		body = body_read(w);
	if (body) {
		value_strip(body);
		rc = keep(w, id, before, &body);
	}
	if (rc == 0)
		rc = show(w, 200, id, body);
	json_decref(before);
	json_decref(body);
	return rc;
}

int user_patch(struct work *w, const struct id *id)
{
	json_t *before = NULL, *after = NULL, *body = NULL;
	int rc = -1;

	if (found_or_404(w, RESOURCE_USER, id, &before) < 0)
		return -1;
	if (require_match(w, before) == 0)
		body = body_read(w);
	if (body) {
		after = json_deep_copy(before);
		rc = patch_apply(w->arena, after, body, NULL, &w->fault);
	}
	if (rc == 0)
		rc = keep(w, id, before, &after);
	if (rc == 0)
		rc = show(w, 200, id, after);
	json_decref(before);
	json_decref(after);
	json_decref(body);
	return rc;
}

int user_delete(struct work *w, const struct id *id)
{
	const struct data_member who = {RESOURCE_USER, *id};
	char text[SCIM_ID_TEXT];
	struct error err;
	json_t *before;
	int rc;

	if (found_or_404(w, RESOURCE_USER, id, &before) < 0)
		return -1;
	rc = require_match(w, before);
	if (rc == 0 && (data_leave_groups(w->arena, w->t, &who, &err) < 0 || index_user(w->t, before, NULL, id, &err) < 0 ||
		data_delete(w->t, RESOURCE_USER, id, &err) < 0))
		rc = fault_store(&w->fault, &err);
	json_decref(before);
	if (rc < 0)
		return -1;
	id_write(id, text);
	w->reply->id = arena_strdup(w->arena, text);
	w->reply->done = "user deleted";
	w->reply->status = 204;
	return 0;
}
