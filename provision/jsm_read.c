/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A site of Jira Service Management, as far as it can be read: see jsm_client.h. */
#include "provision/jsm_wire.h"

#include "provision/sorted.h"

#include <stdlib.h>

bool jsm_is_portal_only(const char *account_id)
{
	return strncmp(account_id, "qm:", 3) == 0;
}

/* ---- one value ---- */

struct world_user jsm_user_of(struct answer *r, const json_t *value)
{
	struct world_user u = {
		.id = answer_id(r, value, "accountId"),
		.mail = answer_text(r, value, "emailAddress"),
		.display_name = answer_text(r, value, "displayName"),
		.active = answer_bool(r, value, "active", true),
	};

	u.account_id = u.id;
	u.atlassian = !jsm_is_portal_only(u.id);
	return u;
}

void jsm_organization_of(struct answer *r, const json_t *value, struct world_group *out)
{
	static const char *const nobody[] = {NULL};

	*out = (struct world_group){
		.id = answer_id(r, value, "id"), .name = answer_text_needed(r, value, "name"), .members = nobody,
		.fixed = answer_bool(r, value, "scimManaged", false),
	};
}

/* ---- pages ---- */

/* How many values there were; *last_out: no page follows. */
static size_t read_page(struct answer *r, struct jsm_list *l, const json_t *body, bool *last_out)
{
	const json_t *values = answer_array(r, body, "values"), *one;
	size_t n = json_array_size(values), i;

	if (!json_is_boolean(json_object_get(body, "isLastPage")))
		answer_wrong(r, "it does not say whether it is the last page");
	*last_out = json_is_true(json_object_get(body, "isLastPage"));
	if (n == 0 && !*last_out)
		answer_wrong(r, "a page is empty that is not the last one");
	json_array_foreach(values, i, one) {
		if (!json_is_object(one))
			answer_wrong(r, "a value is no object");
		if (r->why)
			return 0;
		l->put(r, one, l->context);
	}
	return n;
}

static int ask_page(struct arena *a, struct arena *scratch, struct jsm_list *l, size_t *start, bool *last_out, struct error *err)
{
	struct web_call call = {
		.endpoint = l->endpoint, .experimental = l->experimental, .needs = JSM_NEEDS,
		.path = arena_printf(scratch, "%s%cstart=%zu&limit=%d", l->path, strchr(l->path, '?') ? '&' : '?', *start, JSM_PAGE),
	};
	struct answer r = {.arena = a};
	struct web_answer answer;
	json_t *body;

	if (web_do(scratch, l->web, &call, &answer, err) < 0)
		return -1;
	l->requests += answer.requests;
	l->is_missing = l->may_be_missing && answer.status == 404 && *start == 0;
	if (l->is_missing) {
		*last_out = true;
		return 0;
	}
	if (answer.status != 200)
		return web_refused(l->web, &call, &answer, err);
	body = answer_object(&r, answer.body);
	if (body)
		*start += read_page(&r, l, body, last_out);
	json_decref(body);
	if (*start > JSM_LIST_MOST)
		answer_wrong(&r, "the list does not end after %d", JSM_LIST_MOST);
	return r.why ? web_nonsense(l->web, &call, r.why, err) : 0;
}

int jsm_each(struct arena *a, struct jsm_list *l, struct error *err)
{
	struct arena *scratch;
	bool last = false;
	size_t start = 0;
	int rc;

	do {
		scratch = arena_new();
		rc = ask_page(a, scratch, l, &start, &last, err);
		arena_free(scratch);
	} while (rc == 0 && !last);
	return rc;
}

/* ---- the world ---- */

struct site {
	struct world_user *users;       /* of all lists, not sorted, some of them twice */
	size_t user_count;
	struct world_group *organizations;
	size_t organization_count;
	const char **members;           /* of the list that is being read */
	size_t member_count;
};

static void put_member(struct answer *r, const json_t *value, void *context)
{
	struct site *s = context;
	struct world_user u = jsm_user_of(r, value);

	if (r->why)
		return;
	s->users = arena_grow(r->arena, s->users, s->user_count, sizeof(*s->users));
	s->users[s->user_count++] = u;
	s->members = arena_grow(r->arena, s->members, s->member_count, sizeof(*s->members));
	s->members[s->member_count++] = u.id;
}

static void put_organization(struct answer *r, const json_t *value, void *context)
{
	struct site *s = context;

	s->organizations = arena_grow(r->arena, s->organizations, s->organization_count, sizeof(*s->organizations));
	jsm_organization_of(r, value, &s->organizations[s->organization_count++]);
}

static int read_members(struct arena *a, struct site *s, struct jsm_list *l, struct world_group *g, struct error *err)
{
	s->members = NULL;
	s->member_count = 0;
	l->put = put_member;
	l->context = s;
	if (jsm_each(a, l, err) < 0)
		return -1;
	s->members = arena_grow(a, s->members, s->member_count, sizeof(*s->members));
	g->member_count = sort_texts(s->members, s->member_count);
	g->members = s->members;
	return 0;
}

static int by_name(const void *x, const void *y)
{
	return strcmp(((const struct world_group *)x)->name, ((const struct world_group *)y)->name);
}

/* Names are looked up, so each stands there once; of those that matter there must be one alone. */
static int sort_organizations(struct site *s, const struct target *target, struct error *err)
{
	struct world_group *all = s->organizations;
	size_t kept = 0;

	if (s->organization_count)
		qsort(all, s->organization_count, sizeof(*all), by_name);
	for (size_t i = 0; i < s->organization_count; i++) {
		bool twin = kept && strcmp(all[kept - 1].name, all[i].name) == 0;

		if (twin && texts_have(target->groups, all[i].name))
			return error_set(err, REASON_PROVISION_STEP, "%s: two customer organizations have the name `%s`, so it cannot be told which is meant",
				target->name, all[i].name);
		if (!twin)
			all[kept++] = all[i];
	}
	s->organization_count = kept;
	return 0;
}

static int read_organizations(struct arena *a, struct web *w, const struct target *target, struct site *s, struct error *err)
{
	struct jsm_list all = {.web = w, .endpoint = "/organization", .path = JSM "/organization", .put = put_organization, .context = s};

	if (jsm_each(a, &all, err) < 0 || sort_organizations(s, target, err) < 0)
		return -1;
	for (size_t i = 0; i < s->organization_count; i++) {
		struct world_group *g = &s->organizations[i];
		struct jsm_list members = {.web = w, .endpoint = "/organization/user", .path = arena_printf(a, JSM "/organization/%s/user", g->id)};

		if (texts_have(target->groups, g->name) && read_members(a, s, &members, g, err) < 0)
			return -1;
	}
	return 0;
}

static void put_attached(struct answer *r, const json_t *value, void *context)
{
	struct site *s = context;
	struct world_group g;

	jsm_organization_of(r, value, &g);
	s->members = arena_grow(r->arena, s->members, s->member_count, sizeof(*s->members));
	s->members[s->member_count++] = g.id;
}

/* Which organizations a desk has: asked where a rule gives one together with it. */
static int read_attached(struct arena *a, struct web *w, const struct target *target, struct site *s, struct world_group *desk, struct error *err)
{
	struct jsm_list l = {
		.web = w, .endpoint = "/servicedesk/organization", .put = put_attached, .context = s, .may_be_missing = true,
		.path = arena_printf(a, JSM "/servicedesk/%s/organization", path_escaped(a, desk->id)),
	};
	size_t i = 0;

	while (i < target->attach_count && strcmp(target->attach[i].desk, desk->id) != 0)
		i++;
	if (i == target->attach_count)
		return 0;
	s->members = NULL;
	s->member_count = 0;
	if (jsm_each(a, &l, err) < 0)
		return -1;
	s->members = arena_grow(a, s->members, s->member_count, sizeof(*s->members));
	desk->attached_count = sort_texts(s->members, s->member_count);
	desk->attached = s->members;
	return 0;
}

/* One that is not there is left out, and the plan says so: a name that somebody mistyped must not stop all that is done at the site. */
static int read_desks(struct arena *a, struct web *w, const struct target *target, struct site *s, struct world_target *out, struct error *err)
{
	struct world_group *desks = arena_alloc(a, (texts_count(target->desks) + 1) * sizeof(*desks));
	size_t n = 0;

	for (const char *const *desk = target->desks; desk && *desk; desk++) {
		struct jsm_list members = {
			.web = w, .endpoint = "/servicedesk/customer", .experimental = true, .may_be_missing = true,
			.path = arena_printf(a, JSM "/servicedesk/%s/customer", path_escaped(a, *desk)),
		};

		desks[n] = (struct world_group){.id = *desk, .name = *desk};
		if (read_members(a, s, &members, &desks[n], err) < 0 || (!members.is_missing && read_attached(a, w, target, s, &desks[n], err) < 0))
			return -1;
		n += !members.is_missing;
	}
	out->desks = desks;
	out->desk_count = n;
	return 0;
}

static int by_id(const void *x, const void *y)
{
	return strcmp(((const struct world_user *)x)->id, ((const struct world_user *)y)->id);
}

/* Each account once, with its mail if any of the lists told it. */
static size_t merge_users(struct world_user *users, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(users, n, sizeof(*users), by_id);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || strcmp(users[kept - 1].id, users[i].id) != 0)
			users[kept++] = users[i];
		else if (!users[kept - 1].mail)
			users[kept - 1].mail = users[i].mail;
	}
	return kept;
}

int jsm_read(struct arena *a, struct web *w, const struct target *target, struct world_target *out, struct error *err)
{
	struct site s = {0};

	if (read_organizations(a, w, target, &s, err) < 0 || read_desks(a, w, target, &s, out, err) < 0)
		return -1;
	out->user_count = merge_users(s.users, s.user_count);
	out->users = s.users;
	out->groups = s.organizations;
	out->group_count = s.organization_count;
	return 0;
}
