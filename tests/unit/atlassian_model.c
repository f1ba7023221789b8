/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/atlassian_model.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct model *model_new(void)
{
	void *p = mmap(NULL, sizeof(struct model), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

void model_free(struct model *m)
{
	munmap(m, sizeof(*m));
}

static void set(char *out, size_t size, const char *s)
{
	snprintf(out, size, "%s", s ? s : "");
}

struct model_user *model_user_of(struct model *m, int target, const char *mail)
{
	for (size_t i = 0; i < MODEL_USERS; i++)
		if (m->targets[target].users[i].there && strcasecmp(m->targets[target].users[i].mail, mail) == 0)
			return &m->targets[target].users[i];
	return NULL;
}

struct model_group *model_group_of(struct model *m, int target, const char *name)
{
	for (size_t i = 0; i < MODEL_GROUPS; i++)
		if (m->targets[target].groups[i].there && strcmp(m->targets[target].groups[i].name, name) == 0)
			return &m->targets[target].groups[i];
	return NULL;
}

struct model_user *model_add_user(struct model *m, int target, const char *external, const char *mail)
{
	for (size_t i = 0; i < MODEL_USERS; i++) {
		struct model_user *u = &m->targets[target].users[i];

		if (u->there)
			continue;
		*u = (struct model_user){.there = true, .active = true};
		snprintf(u->id, sizeof(u->id), "u%05u", ++m->next_id);
		set(u->external, sizeof(u->external), external);
		set(u->mail, sizeof(u->mail), mail);
		return u;
	}
	abort();
}

struct model_group *model_add_group(struct model *m, int target, const char *name)
{
	for (size_t i = 0; i < MODEL_GROUPS; i++) {
		struct model_group *g = &m->targets[target].groups[i];

		if (g->there)
			continue;
		*g = (struct model_group){.there = true};
		snprintf(g->id, sizeof(g->id), "g%05u", ++m->next_id);
		set(g->name, sizeof(g->name), name);
		return g;
	}
	abort();
}

struct model_group *model_add_desk(struct model *m, int target, const char *id)
{
	struct model_group *g = m->targets[target].desks;

	while (g->there)
		g++;
	*g = (struct model_group){.there = true};
	set(g->id, sizeof(g->id), id);
	return g;
}

bool model_is_in(const struct model *m, int target, const char *group, const char *mail)
{
	const struct model_user *u = model_user_of((struct model *)(uintptr_t)m, target, mail);
	const struct model_group *g = model_group_of((struct model *)(uintptr_t)m, target, group);

	return u && g && g->members[u - m->targets[target].users];
}

/* ---- reading ---- */

static const char *text(struct arena *a, const char *s)
{
	return *s ? arena_strdup(a, s) : NULL;
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct world_user *)a)->id, ((const struct world_user *)b)->id);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct world_group *)a)->name, ((const struct world_group *)b)->name);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct world_group *read_groups(struct arena *a, const struct model_target *t, const struct model_group *groups, size_t *n)
{
	struct world_group *out = arena_alloc(a, MODEL_GROUPS * sizeof(*out));

	for (size_t i = 0; i < MODEL_GROUPS; i++) {
		const char **members = arena_alloc(a, (MODEL_USERS + 1) * sizeof(*members));
		struct world_group *g = &out[*n];

		if (!groups[i].there)
			continue;
		*g = (struct world_group){.id = arena_strdup(a, groups[i].id), .name = arena_strdup(a, groups[i].name), .members = members,
			.fixed = groups[i].fixed};
		for (size_t k = 0; k < MODEL_USERS; k++)
			if (groups[i].members[k])
				members[g->member_count++] = arena_strdup(a, t->users[k].id);
		qsort(members, g->member_count, sizeof(*members), by_text);
		(*n)++;
	}
	qsort(out, *n, sizeof(*out), by_name);
	return out;
}

static int model_read(struct arena *a, void *context, struct world *out, struct error *err)
{
	struct model *m = context;
	struct world_target *targets = arena_alloc(a, MODEL_TARGETS * sizeof(*targets));

	(void)err;
	for (int t = 0; t < MODEL_TARGETS; t++) {
		const struct model_target *from = &m->targets[t];
		struct world_user *users = arena_alloc(a, MODEL_USERS * sizeof(*users));
		struct world_target *to = &targets[t];

		to->complete = !from->unread;
		for (size_t i = 0; i < MODEL_USERS && to->complete; i++) {
			const struct model_user *u = &from->users[i];

			if (u->there)
				users[to->user_count++] = (struct world_user){.id = text(a, u->id), .external_id = text(a, u->external),
					.user_name = from->rest ? NULL : text(a, u->mail), .mail = text(a, u->mail), .display_name = text(a, u->name),
					.active = u->active};
		}
		qsort(users, to->user_count, sizeof(*users), by_id);
		to->users = users;
		if (to->complete) {
			to->groups = read_groups(a, from, from->groups, &to->group_count);
			to->desks = read_groups(a, from, from->desks, &to->desk_count);
		}
	}
	*out = (struct world){.targets = targets, .target_count = MODEL_TARGETS, .inventory_as_of = 1};
	return 0;
}

/* ---- steps ---- */

static int refused(struct step_result *r, struct error *err, int status, const char *what)
{
	r->status = status;
	r->answer = what;
	return error_set(err, REASON_PROVISION_STEP, "%d %s", status, what);
}

static struct model_user *user_by_id(struct model_target *t, const char *id)
{
	for (size_t i = 0; id && i < MODEL_USERS; i++)
		if (t->users[i].there && strcmp(t->users[i].id, id) == 0)
			return &t->users[i];
	return NULL;
}

static int make_user(struct model *m, const struct step *s, struct step_result *r, struct error *err)
{
	struct model_user *u = model_user_of(m, (int)s->target, s->fields.mail);

	r->was_so = u != NULL;
	if (u && !m->targets[s->target].rest && strcmp(u->external, s->fields.external_id) != 0)
		return refused(r, err, 409, "the mail is another's");
	if (!u) {
		u = model_add_user(m, (int)s->target, s->fields.external_id, s->fields.mail);
		set(u->name, sizeof(u->name), s->fields.display_name);
	}
	u->touched++;
	r->id = u->id;
	r->status = 201;
	return 0;
}

static int change_user(struct model *m, const struct step *s, struct step_result *r, struct error *err)
{
	struct model_user *u = user_by_id(&m->targets[s->target], s->user), *other;

	if (!u)
		return refused(r, err, 404, "no such user");
	other = s->fields.mail ? model_user_of(m, (int)s->target, s->fields.mail) : NULL;
	if (other && other != u)
		return refused(r, err, 409, "the mail is another's");
	u->touched++;
	if (s->fields.mail)
		set(u->mail, sizeof(u->mail), s->fields.mail);
	if (s->fields.external_id)
		set(u->external, sizeof(u->external), s->fields.external_id);
	if (s->fields.display_name)
		set(u->name, sizeof(u->name), s->fields.display_name);
	if (s->kind == STEP_USER_ACTIVATE)
		u->active = true;
	if (s->kind == STEP_USER_DEACTIVATE || s->kind == STEP_CUSTOMER_REVOKE || s->kind == STEP_USER_DELETE)
		m->deactivations += u->active, u->active = false;
	r->status = 200;
	return 0;
}

static int change_members(struct model *m, const struct step *s, struct step_result *r, struct error *err)
{
	struct model_target *t = &m->targets[s->target];
	bool desk = s->kind == STEP_DESK_ADD || s->kind == STEP_DESK_REMOVE;
	bool in = s->kind == STEP_MEMBERS_ADD || s->kind == STEP_DESK_ADD || s->kind == STEP_ORGANIZATION_ADD;
	struct model_group *g = desk ? t->desks : t->groups;
	const char *id = desk ? s->name : s->group;
	size_t i = 0;

	while (i < MODEL_GROUPS && !(g[i].there && id && strcmp(g[i].id, id) == 0))
		i++;
	if (i == MODEL_GROUPS)
		return refused(r, err, 404, "no such group");
	for (const char *const *member = s->members; *member; member++)
		if (!user_by_id(t, *member))
			return refused(r, err, 400, "no such member");
	for (const char *const *member = s->members; *member; member++) {
		struct model_user *u = user_by_id(t, *member);

		g[i].members[u - t->users] = in;
		u->touched++;
	}
	r->status = 204;
	return 0;
}

static int change_group(struct model *m, const struct step *s, struct step_result *r, struct error *err)
{
	struct model_group *g = model_group_of(m, (int)s->target, s->name);

	r->was_so = s->kind == STEP_GROUP_DELETE ? !g : g != NULL;
	if (s->kind == STEP_GROUP_DELETE) {
		if (!g || !s->group || strcmp(g->id, s->group) != 0)
			return refused(r, err, 404, "no such group");
		g->there = false;
		return 0;
	}
	if (!g)
		g = model_add_group(m, (int)s->target, s->name);
	r->id = g->id;
	r->status = 201;
	return 0;
}

static int change(struct model *m, const struct step *s, struct step_result *r, struct error *err)
{
	switch (s->kind) {
	case STEP_USER_CREATE: case STEP_CUSTOMER_CREATE:
		return make_user(m, s, r, err);
	case STEP_GROUP_CREATE: case STEP_GROUP_DELETE: case STEP_ORGANIZATION_CREATE:
		return change_group(m, s, r, err);
	case STEP_MEMBERS_ADD: case STEP_MEMBERS_REMOVE: case STEP_DESK_ADD: case STEP_DESK_REMOVE: case STEP_ORGANIZATION_ADD:
	case STEP_ORGANIZATION_REMOVE:
		return change_members(m, s, r, err);
	default:
		return change_user(m, s, r, err);
	}
}

static int model_step(struct arena *a, void *context, const struct step *s, struct step_result *r, struct error *err)
{
	struct model *m = context;
	int rc;

	(void)a;
	m->calls++;
	r->requests = 1;
	if (m->calls == m->kill_before)
		_exit(9);
	if (m->fails > 0 && m->fail_kind == s->kind) {
		m->fails--;
		r->status = 500;
		return error_set(err, m->fail_reason == REASON_PROVISION_STOP ? REASON_PROVISION_STOP : REASON_PROVISION_STEP, "as the test wants");
	}
	rc = change(m, s, r, err);
	if (m->calls == m->kill_after)
		_exit(9);
	return rc;
}

struct step_doer model_doer(struct model *m)
{
	return (struct step_doer){.read = model_read, .step = model_step, .context = m};
}
