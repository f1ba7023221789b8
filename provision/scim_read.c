/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A SCIM directory, read whole.
 *
 * Pages are counted by positions, so whoever is taken out while we read moves
 * somebody else onto a page that was read already.  So a list counts only when
 * its total stayed the same, nobody is in it twice, and it has as many as it
 * says; else it is read once more.
 */
#include "provision/scim_wire.h"

#include "provision/sorted.h"
#include "base/text.h"

#include <stdlib.h>

#define READS 3                         /* of a list that changes meanwhile */

/* ---- one resource ---- */

static const char *primary_mail(struct answer *r, const json_t *resource)
{
	const json_t *emails = answer_array(r, resource, "emails"), *one;
	const char *mail = NULL, *value;
	size_t i;

	json_array_foreach(emails, i, one) {
		if (!json_is_object(one)) {
			answer_wrong(r, "one of `emails` is no object");
			return NULL;
		}
		value = answer_text(r, one, "value");
		if (value && (!mail || json_is_true(json_object_get(one, "primary"))))
			mail = value;
	}
	return mail;
}

struct world_user scim_user_of(struct answer *r, const json_t *resource)
{
	const json_t *name = answer_sub(r, resource, "name"), *enterprise = answer_sub(r, resource, SCIM_ENTERPRISE);
	struct world_user u = {
		.id = answer_id(r, resource, "id"),
		.external_id = answer_text(r, resource, "externalId"),
		.user_name = answer_text(r, resource, "userName"),
		.mail = primary_mail(r, resource),
		.display_name = answer_text(r, resource, "displayName"),
		.given_name = answer_text(r, name, "givenName"),
		.family_name = answer_text(r, name, "familyName"),
		.title = answer_text(r, resource, "title"),
		.department = answer_text(r, enterprise, "department"),
		.active = answer_bool(r, resource, "active", true),
		.account_id = answer_text(r, answer_sub(r, resource, SCIM_ATLASSIAN), "atlassianAccountId"),
	};

	if (!u.department)
		u.department = answer_text(r, resource, "department");
	if (u.account_id && !answer_id_is_good(u.account_id))
		answer_wrong(r, "`%.60s` is no account id", u.account_id);
	return u;
}

struct world_group scim_group_of(struct answer *r, const json_t *resource)
{
	const json_t *members = answer_array(r, resource, "members"), *one;
	struct world_group g = {.id = answer_id(r, resource, "id"), .name = answer_text_needed(r, resource, "displayName")};
	const char **ids;
	size_t i;

	if (!members)
		return g;
	ids = arena_alloc(r->arena, (json_array_size(members) + 1) * sizeof(*ids));
	json_array_foreach(members, i, one) {
		if (!json_is_object(one))
			answer_wrong(r, "a member of `%.60s` is no object", g.name);
		ids[i] = answer_id(r, one, "value");
		if (r->why)
			return g;
	}
	g.member_count = sort_texts(ids, json_array_size(members));
	g.members = ids;
	return g;
}

/* ---- lists ---- */

struct list {
	struct web *web;
	const char *endpoint;           /* "/Users" */
	const char *more;               /* further words of the query */
	void *items;                    /* of the resources */
	size_t size, n;                 /* of one; how many */
	int64_t total;                  /* what the pages say */
	int page;                       /* asked for at once */
	bool moved;                     /* pages do not fit together */
	void (*put)(struct answer *r, const json_t *resource, void *out);
};

static int read_resources(struct arena *a, struct list *l, const json_t *body, struct answer *r)
{
	int64_t total = answer_number(r, body, "totalResults", 0, SCIM_USERS_MOST);
	const json_t *resources = answer_array(r, body, "Resources"), *one;
	size_t i;

	if (l->total >= 0 && total != l->total)
		l->moved = true;
	l->total = total;
	if (json_array_size(resources) > (size_t)l->page)
		answer_wrong(r, "%zu resources where at most %d were asked for", json_array_size(resources), l->page);
	if (json_array_size(resources) == 0 && (int64_t)l->n < total)
		answer_wrong(r, "the list ends after %zu of %lld", l->n, (long long)total);
	json_array_foreach(resources, i, one) {
		if (!json_is_object(one))
			answer_wrong(r, "a resource is no object");
		if (r->why)
			return -1;
		l->items = arena_grow(a, l->items, l->n, l->size);
		l->put(r, one, (char *)l->items + l->n * l->size);
		l->n++;
	}
	return r->why ? -1 : 0;
}

static int read_page(struct arena *a, struct arena *scratch, struct list *l, struct error *err)
{
	bool too_large = false;
	struct web_call call = {
		.endpoint = l->endpoint, .type = SCIM_TYPE, .needs = SCIM_NEEDS, .too_large = &too_large,
		.path = arena_printf(scratch, "%s?startIndex=%zu&count=%d%s", l->endpoint, l->n + 1, l->page, l->more),
	};
	struct answer r = {.arena = a};
	struct web_answer answer;
	json_t *body;

	if (web_do(scratch, l->web, &call, &answer, err) < 0)
		return -1;
	if (too_large && l->page > 1) {
		l->page /= 4;
		l->page += l->page == 0;
		return 0;
	}
	if (too_large)
		return web_nonsense(l->web, &call, "one resource is larger than can be read", err);
	if (answer.status != 200)
		return web_refused(l->web, &call, &answer, err);
	body = answer_object(&r, answer.body);
	if (body)
		read_resources(a, l, body, &r);
	json_decref(body);
	return r.why ? web_nonsense(l->web, &call, r.why, err) : 0;
}

static int read_list_once(struct arena *a, struct list *l, struct error *err)
{
	struct arena *scratch;
	int rc;

	l->items = NULL;
	l->n = 0;
	l->total = -1;
	l->moved = false;
	do {
		scratch = arena_new();
		rc = read_page(a, scratch, l, err);
		arena_free(scratch);
	} while (rc == 0 && !l->moved && (l->total < 0 || (int64_t)l->n < l->total));
	if (rc == 0 && (int64_t)l->n != l->total)
		l->moved = true;
	return rc;
}

/* The ids stand first in what is sorted. */
static int by_id(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static bool has_twins(const struct list *l)
{
	for (size_t i = 1; i < l->n; i++)
		if (by_id((const char *)l->items + (i - 1) * l->size, (const char *)l->items + i * l->size) == 0)
			return true;
	return false;
}

static int read_list(struct arena *a, struct list *l, struct error *err)
{
	for (int i = 0; i < READS; i++) {
		if (read_list_once(a, l, err) < 0)
			return -1;
		if (l->n)
			qsort(l->items, l->n, l->size, by_id);
		if (!l->moved && !has_twins(l))
			return 0;
	}
	return error_set(err, REASON_PROVISION_STEP, "%s: the list changed while it was read, %d times; somebody else is at work there", l->endpoint,
		READS);
}

static void put_user(struct answer *r, const json_t *resource, void *out)
{
	*(struct world_user *)out = scim_user_of(r, resource);
}

static void put_group(struct answer *r, const json_t *resource, void *out)
{
	*(struct world_group *)out = scim_group_of(r, resource);
}

/* ---- groups ---- */

/* A list need not name the members; of the groups that matter they are asked for. */
static int read_members(struct arena *a, struct web *w, struct world_group *g, struct error *err)
{
	struct arena *scratch = arena_new();
	struct web_call call = {.endpoint = "/Groups/", .type = SCIM_TYPE, .needs = SCIM_NEEDS, .path = arena_printf(scratch, "/Groups/%s", g->id)};
	struct answer r = {.arena = a};
	struct web_answer answer;
	struct world_group read = {0};
	json_t *body = NULL;
	int rc = web_do(scratch, w, &call, &answer, err);

	if (rc == 0 && answer.status != 200)
		rc = web_refused(w, &call, &answer, err);
	if (rc == 0) {
		body = answer_object(&r, answer.body);
		if (body)
			read = scim_group_of(&r, body);
		if (body && !r.why && strcmp(read.id, g->id) != 0)
			answer_wrong(&r, "another group is answered");
		if (r.why)
			rc = web_nonsense(w, &call, r.why, err);
	}
	if (rc == 0) {
		g->members = read.members;
		g->member_count = read.member_count;
	}
	json_decref(body);
	arena_free(scratch);
	return rc;
}

static int complete_groups(struct arena *a, struct web *w, const struct target *target, struct world_group *groups, size_t n, struct error *err)
{
	static const char *const nobody[] = {NULL};

	for (size_t i = 0; i < n; i++) {
		if (!groups[i].members && texts_have(target->groups, groups[i].name) && read_members(a, w, &groups[i], err) < 0)
			return -1;
		if (!groups[i].members)
			groups[i].members = nobody;
		if (i && strcmp(groups[i - 1].name, groups[i].name) == 0)
			return error_set(err, REASON_PROVISION_STOP, "%s: two groups have the name `%s`", target->name, groups[i].name);
	}
	return 0;
}

static int by_name(const void *x, const void *y)
{
	return strcmp(((const struct world_group *)x)->name, ((const struct world_group *)y)->name);
}

int scim_read(struct arena *a, struct web *w, const struct target *target, struct world_target *out, struct error *err)
{
	struct list users = {
		.web = w, .endpoint = "/Users", .more = "&excludedAttributes=groups", .size = sizeof(struct world_user), .page = SCIM_PAGE, .put = put_user,
	};
	struct list groups = {.web = w, .endpoint = "/Groups", .more = "", .size = sizeof(struct world_group), .page = SCIM_PAGE, .put = put_group};

	if (read_list(a, &users, err) < 0 || read_list(a, &groups, err) < 0)
		return -1;
	if (groups.n)
		qsort(groups.items, groups.n, sizeof(struct world_group), by_name);
	if (complete_groups(a, w, target, groups.items, groups.n, err) < 0)
		return -1;
	out->users = users.items;
	out->user_count = users.n;
	out->groups = groups.items;
	out->group_count = groups.n;
	return 0;
}

/* ---- one of them ---- */

/* How many there are; `each` is called for the only one. */
static size_t find_in(struct answer *r, const json_t *body, void (*each)(struct answer *r, const json_t *resource, void *context), void *context)
{
	const json_t *resources = answer_array(r, body, "Resources"), *first = json_array_get(resources, 0);

	if (first && !json_is_object(first))
		answer_wrong(r, "a resource is no object");
	if (!r->why && json_array_size(resources) == 1)
		each(r, first, context);
	return json_array_size(resources);
}

int scim_find(struct arena *a, struct web *w, const char *endpoint, const char *attribute, const char *value,
	void (*each)(struct answer *r, const json_t *resource, void *context), void *context, unsigned *requests, struct error *err)
{
	struct answer r = {.arena = a};
	struct web_call call = {.endpoint = endpoint, .type = SCIM_TYPE, .needs = SCIM_NEEDS};
	struct web_answer answer;
	struct text filter;
	size_t found = 0;
	json_t *body;

	text_begin(&filter, a, 128);
	text_addf(&filter, "%s eq \"", attribute);
	text_add_json(&filter, slice_c(value));
	text_add_c(&filter, "\"");
	call.path = arena_printf(a, "%s?filter=%s&startIndex=1&count=2", endpoint, path_escaped(a, filter.p));
	if (web_do(a, w, &call, &answer, err) < 0)
		return -1;
	*requests += answer.requests;
	if (answer.status != 200)
		return web_refused(w, &call, &answer, err);
	body = answer_object(&r, answer.body);
	if (body)
		found = find_in(&r, body, each, context);
	json_decref(body);
	if (r.why)
		return web_nonsense(w, &call, r.why, err);
	if (found > 1)
		return error_set(err, REASON_PROVISION_STEP, "%s: more than one there has %s `%s`", endpoint, attribute, value);
	return (int)found;
}

int scim_find_user(struct arena *a, struct web *w, const char *attribute, const char *value, struct world_user *out, unsigned *requests,
	struct error *err)
{
	return scim_find(a, w, "/Users", attribute, value, put_user, out, requests, err);
}

int scim_find_group(struct arena *a, struct web *w, const char *name, struct world_group *out, unsigned *requests, struct error *err)
{
	return scim_find(a, w, "/Groups", "displayName", name, put_group, out, requests, err);
}
