/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The way from a request to a record, which users and groups share: found, held
 * against If-Match, changed, checked, stamped, found by its new values, kept,
 * shown.  What differs is a row of hooks in user.c and group.c.
 */
#include "scim/internal.h"

/* ---- the answer ---- */

static void tell_id(struct work *w, const struct id *id)
{
	char text[SCIM_ID_TEXT];

	id_write(id, text);
	w->reply->id = arena_strdup(w->arena, text);
}

static int show(struct work *w, const struct resource_kind *k, int status, const struct revision *r, const json_t *kept)
{
	struct selection selection;
	json_t *shown;

	tell_id(w, &r->id);
	if (selection_read(w, &selection) < 0)
		return -1;
	w->reply->etag = etag_of(w->arena, kept);
	if (status == 201)
		w->reply->location = location_of(w, k->kind, w->reply->id);
	if (w->request->method == SCIM_GET && w->request->if_none_match && etag_fits(w->arena, w->request->if_none_match, kept)) {
		w->reply->status = 304;
		return 0;
	}
	shown = resource_shown(w, k->kind, kept, w->reply->id, k->urn);
	/* one that was there when it was POSTed may have 35,000, of whom the sender knows */
	if (k->kind == RESOURCE_GROUP && !(status == 201 && r->before) && selection_wants(&selection, "members") &&
		group_members_shown(w, shown, &r->id) < 0) {
		json_decref(shown);
		return -1;
	}
	selection_cut(&selection, shown);
	return reply_json(w, status, shown);
}

static int show_patched(struct work *w, const struct resource_kind *k, const struct revision *r)
{
	if (!k->patched_quietly)
		return show(w, k, 200, r, r->after);
	tell_id(w, &r->id);
	w->reply->etag = etag_of(w->arena, r->after);
	w->reply->status = 204;
	return 0;
}

/* ---- the record ---- */

/* Checks r->after, which is normalized anew, and writes it where it differs. */
static int keep(struct work *w, const struct resource_kind *k, struct revision *r)
{
	struct error err;

	if (value_normalize(&r->after, &w->fault) < 0 || k->settle(w, r) < 0)
		return -1;
	if (is_unchanged(r->before, r->after) && !r->moved)
		return 0;
	stamp(r->after, r->before);
	if (k->index(w->t, r->before, r->after, &r->id, &err) < 0 || data_put(w->t, k->kind, &r->id, r->after, &err) < 0)
		return fault_store(&w->fault, &err);
	w->reply->done = r->before ? k->changed : k->created;
	return 0;
}

static int find(struct work *w, const struct resource_kind *k, const struct id *id, struct revision *r)
{
	*r = (struct revision){.id = *id, .members.arena = w->arena};
	return found_or_404(w, k->kind, id, &r->before) < 0 ? -1 : require_match(w, r->before);
}

static void forget(struct revision *r)
{
	json_decref(r->before);
	json_decref(r->after);
}

/* ---- the methods ---- */

/* The whole of one is in the body. */
static int take_whole(struct work *w, const struct resource_kind *k, struct revision *r)
{
	r->after = json_read(w->request->body, &w->fault);
	if (!r->after)
		return -1;
	value_strip(r->after);
	return k->take ? k->take(w, r) : 0;
}

/* What is not named stays, and so do parts of what is. */
static void lay_over(json_t *there, json_t *came)
{
	const char *key;
	json_t *value;

	json_object_foreach(came, key, value) {
		json_t *part = json_find(there, key);

		if (json_is_object(part) && json_is_object(value))
			lay_over(part, value);
		else
			json_put(there, key, json_incref(value));
	}
}

/*
 * POST of an externalId that is known is no second one.  After a restart of
 * its provisioning Entra ID looks for everybody by a name; who is called
 * otherwise by now is not found and comes by POST.  Refused, Entra ID would
 * never learn the id again by which somebody can be changed and switched off.
 */
static int join_known(struct work *w, const struct resource_kind *k, struct revision *r)
{
	const char *external = json_text(r->after, "externalId");
	json_t *came = r->after;
	struct error err;
	struct id id;
	int found = external ? data_find(w->t, k->external, external, &id, &err) : 0;

	if (found == 1)
		found = data_get(w->t, k->kind, &id, &r->before, &err);
	if (found < 0)
		return fault_store(&w->fault, &err);
	if (found == 0)
		return 0;
	r->id = id;
	r->after = json_deep_copy(r->before);
	lay_over(r->after, came);
	json_decref(came);
	return 0;
}

int resource_create(struct work *w, const struct resource_kind *k)
{
	struct revision r = {.members.arena = w->arena};
	int rc;

	id_make(&r.id);
	rc = take_whole(w, k, &r) < 0 || join_known(w, k, &r) < 0 || keep(w, k, &r) < 0 ? -1 : show(w, k, 201, &r, r.after);
	forget(&r);
	return rc;
}

int resource_read(struct work *w, const struct resource_kind *k, const struct id *id)
{
	struct revision r = {.id = *id};
	int rc = found_or_404(w, k->kind, id, &r.before) < 0 ? -1 : show(w, k, 200, &r, r.before);

	forget(&r);
	return rc;
}

int resource_replace(struct work *w, const struct resource_kind *k, const struct id *id)
{
	struct revision r;
	int rc = find(w, k, id, &r) < 0 || take_whole(w, k, &r) < 0 || keep(w, k, &r) < 0 ? -1 : show(w, k, 200, &r, r.after);

	forget(&r);
	return rc;
}

static int patch(struct work *w, const struct resource_kind *k, struct revision *r)
{
	json_t *body = json_read(w->request->body, &w->fault);
	int rc;

	if (!body)
		return -1;
	r->after = json_deep_copy(r->before);
	rc = patch_apply(w->arena, r->after, body, k->kind == RESOURCE_GROUP ? &r->members : NULL, &w->fault);
	json_decref(body);
	return rc;
}

int resource_patch(struct work *w, const struct resource_kind *k, const struct id *id)
{
	struct revision r;
	int rc = find(w, k, id, &r) < 0 || patch(w, k, &r) < 0 || keep(w, k, &r) < 0 ? -1 : show_patched(w, k, &r);

	forget(&r);
	return rc;
}

int resource_delete(struct work *w, const struct resource_kind *k, const struct id *id)
{
	const struct data_member who = {k->kind, *id};
	struct revision r;
	struct error err;
	int rc = find(w, k, id, &r);

	if (rc == 0 && k->empty)
		rc = k->empty(w, &r);
	/* in the log ahead of its groups, so that no follower sees these without it while its removal may have to be held */
	if (rc == 0 && (data_delete(w->t, k->kind, id, &err) < 0 || data_leave_groups(w->arena, w->t, &who, &err) < 0 ||
		k->index(w->t, r.before, NULL, id, &err) < 0))
		rc = fault_store(&w->fault, &err);
	forget(&r);
	if (rc < 0)
		return -1;
	tell_id(w, id);
	w->reply->done = k->deleted;
	w->reply->status = 204;
	return 0;
}
