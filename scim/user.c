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
	if (data_index(t, KEY_USER_NAME, name_found(before, "userName"), name_found(after, "userName"), id, err) < 0 ||
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

/* The record is another person's from now on, who does not get what the former one was given. */
static int leave_groups_of_former(struct work *w, const struct revision *r)
{
	const struct data_member who = {RESOURCE_USER, r->id};
	struct error err;

	if (!r->before || text_same(json_text(r->before, "externalId"), json_text(r->after, "externalId")))
		return 0;
	w->reply->remark = "its object id changed, so it was taken out of all groups";
	return data_leave_groups(w->arena, w->t, &who, &err) < 0 ? fault_store(&w->fault, &err) : 0;
}

static int settle(struct work *w, struct revision *r)
{
	/* what is not said of somebody who is there stays: nobody is switched on by it */
	if (!json_object_get(r->after, "active"))
		json_object_set_new(r->after, "active", json_boolean(!r->before || json_is_true(json_find(r->before, "active"))));
	if (value_require_size(r->after, &w->fault) < 0 || value_require_user(r->after, &w->fault) < 0)
		return -1;
	bury(r->after, r->before);
	if (require_unique(w, r, KEY_USER_NAME, "userName") < 0 || require_unique(w, r, KEY_USER_EXTERNAL, "externalId") < 0)
		return -1;
	return leave_groups_of_former(w, r);
}

const struct resource_kind user_kind = {
	.kind = RESOURCE_USER, .urn = URN_USER, .created = "user created", .changed = "user changed", .deleted = "user deleted",
	.external = KEY_USER_EXTERNAL, .settle = settle, .index = index_user,
};
