/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Changing a site of Jira Service Management. */
#include "provision/jsm_wire.h"

#include "base/encode.h"
#include "provision/batches.h"

static void note(struct arena *a, struct step_result *out, const struct web_answer *answer)
{
	out->status = answer->status;
	out->requests += answer->requests;
	out->answer = arena_strdup(a, answer->line);
}

/* ---- customers ---- */

struct search {
	const char *mail;
	const char *id;                 /* of who has it; NULL: nobody */
	bool hidden;                    /* somebody was found whose mail is kept from us */
};

static void put_found(struct answer *r, const json_t *value, void *context)
{
	struct search *s = context;
	struct world_user u = jsm_user_of(r, value);

	if (r->why)
		return;
	s->hidden |= !u.mail;
	if (u.mail && strcasecmp(u.mail, s->mail) == 0)
		s->id = u.id;
}

/* At the desks; a desk's list can be searched by mail. */
static int search_desks(struct arena *a, struct web *w, const struct target *target, struct search *s, unsigned *requests, struct error *err)
{
	for (const char *const *desk = target->desks; desk && *desk && !s->id; desk++) {
		struct jsm_list l = {
			.web = w, .endpoint = "/servicedesk/customer", .experimental = true, .may_be_missing = true, .put = put_found, .context = s,
			.path = arena_printf(a, JSM "/servicedesk/%s/customer?query=%s", path_escaped(a, *desk), path_escaped(a, s->mail)),
		};
		int rc = jsm_each(a, &l, err);

		*requests += l.requests;
		if (rc < 0)
			return -1;
	}
	return 0;
}

/* Who is at no desk is known to Jira's own search of users alone; it answers a list, not a page. */
static int search_site(struct arena *a, struct web *w, struct search *s, unsigned *requests, struct error *err)
{
	struct web_call call = {
		.endpoint = "/user/search", .needs = "the permission to browse users and groups",
		.path = arena_printf(a, "/rest/api/3/user/search?query=%s", path_escaped(a, s->mail)),
	};
	struct answer r = {.arena = a};
	struct web_answer answer;
	json_t *list;
	const json_t *one;
	size_t i;

	if (web_do(a, w, &call, &answer, err) < 0)
		return -1;
	*requests += answer.requests;
	if (answer.status != 200)
		return 0;               /* not allowed, or not there: nobody was found */
	list = json_loadb(answer.body.p, answer.body.n, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_array(list))
		answer_wrong(&r, "it is no list");
	json_array_foreach(list, i, one) {
		if (!json_is_object(one))
			answer_wrong(&r, "a user is no object");
		if (!r.why)
			put_found(&r, one, s);
	}
	json_decref(list);
	return r.why ? web_nonsense(w, &call, r.why, err) : 0;
}

/* 409: whose mail is it?  A customer's of this site is taken over; anybody else's account is another kind. */
static int find_customer(struct arena *a, struct web *w, const struct target *target, const char *mail, struct step_result *out, struct error *err)
{
	struct search s = {.mail = mail};

	if (search_desks(a, w, target, &s, &out->requests, err) < 0 || (!s.id && search_site(a, w, &s, &out->requests, err) < 0))
		return -1;
	if (!s.id)
		return error_set(err, REASON_PROVISION_STEP, "%s: %s; an account has %s already, but it cannot be told which%s", target->name, out->answer, mail,
			s.hidden ? ": Atlassian keeps mails from us (privacy settings of the accounts)" : ": it is at none of the desks");
	if (!jsm_is_portal_only(s.id))
		return error_set(err, REASON_PROVISION_STEP,
			"%s: %s; %s belongs to an Atlassian account (%s), which no interface makes a portal-only one", target->name, out->answer, mail, s.id);
	out->id = out->account_id = s.id;
	out->was_so = true;
	return 0;
}

static int create_customer(struct arena *a, struct web *w, const struct target *target, const struct step_fields *f, struct step_result *out,
	struct error *err)
{
	json_t *sent = json_made(json_object()), *body;
	struct web_call call = {
		.method = WEB_POST, .endpoint = "/customer", .path = JSM "/customer?strictConflictStatusCode=true", .needs = JSM_NEEDS,
	};
	struct answer r = {.arena = a};
	struct web_answer answer;
	struct world_user u = {0};

	json_put_text(sent, "email", f->mail);
	json_put_text(sent, "displayName", f->display_name);
	call.body = json_written(a, sent);
	if (web_do(a, w, &call, &answer, err) < 0)
		return -1;
	note(a, out, &answer);
	if (answer.status == 409)
		return find_customer(a, w, target, f->mail, out, err);
	if (answer.status != 201)
		return web_refused(w, &call, &answer, err);
	body = answer_object(&r, answer.body);
	if (body)
		u = jsm_user_of(&r, body);
	json_decref(body);
	if (!r.why && u.mail && strcasecmp(u.mail, f->mail) != 0)
		answer_wrong(&r, "a customer of another mail is answered");
	if (r.why)
		return web_nonsense(w, &call, r.why, err);
	out->id = out->account_id = u.id;
	return 0;
}

/* 404: there is no portal-only access of this account any more. */
static int revoke(struct arena *a, struct web *w, const char *user, struct step_result *out, struct error *err)
{
	struct web_call call = {
		.method = WEB_PUT, .endpoint = "/customer/user/revoke", .needs = "the token of a site administrator",
		.path = arena_printf(a, JSM "/customer/user/%s/revoke-portal-only-access", path_escaped(a, user)),
	};
	struct web_answer answer;

	if (web_do(a, w, &call, &answer, err) < 0)
		return -1;
	note(a, out, &answer);
	if (answer.status != 204 && answer.status != 404)
		return web_refused(w, &call, &answer, err);
	out->was_so = answer.status == 404 && answer.requests == 1;
	out->id = out->account_id = user;
	return 0;
}

/* ---- organizations ---- */

static int create_organization(struct arena *a, struct web *w, const char *name, struct step_result *out, struct error *err)
{
	json_t *sent = json_made(json_object()), *body;
	struct web_call call = {.method = WEB_POST, .endpoint = "/organization", .path = JSM "/organization", .needs = JSM_NEEDS};
	struct answer r = {.arena = a};
	struct web_answer answer;
	struct world_group g = {0};

	json_put_text(sent, "name", name);
	call.body = json_written(a, sent);
	if (web_do(a, w, &call, &answer, err) < 0)
		return -1;
	note(a, out, &answer);
	if (answer.status != 201)
		return web_refused(w, &call, &answer, err);
	body = answer_object(&r, answer.body);
	if (!body)
		return web_nonsense(w, &call, r.why, err);
	jsm_organization_of(&r, body, &g);
	json_decref(body);
	if (g.name && strcmp(g.name, name) != 0)
		answer_wrong(&r, "an organization of another name is answered");
	if (r.why)
		return web_nonsense(w, &call, r.why, err);
	if (g.fixed)
		return error_set(err, REASON_PROVISION_STEP, "%s: organization `%s` is kept by SCIM, so it is left alone here", out->answer, name);
	out->id = g.id;
	return 0;
}

/* The id is a number there, and nowhere else. */
static int attach(struct arena *a, struct web *w, const struct step *s, struct step_result *out, struct error *err)
{
	struct web_call call = {
		.method = s->kind == STEP_DESK_ATTACH ? WEB_POST : WEB_DELETE, .endpoint = "/servicedesk/organization", .needs = JSM_NEEDS,
		.path = arena_printf(a, JSM "/servicedesk/%s/organization", path_escaped(a, s->desk)),
	};
	json_t *sent = json_made(json_object());
	struct web_answer answer;
	uint64_t id;

	if (number_read(slice_c(s->group), 0, INT32_MAX, &id) < 0) {
		json_decref(sent);
		return error_set(err, REASON_PROVISION_STEP, "%s: `%s` is no number of an organization", step_kind_word(s->kind), s->group);
	}
	answer_json_put(sent, "organizationId", json_made(json_integer((json_int_t)id)));
	call.body = json_written(a, sent);
	if (web_do(a, w, &call, &answer, err) < 0)
		return -1;
	note(a, out, &answer);
	if (answer.status == 404 && s->kind == STEP_DESK_DETACH)        /* the desk or the organization is no more */
		out->was_so = true;
	else if (answer.status != 204 && answer.status != 200)
		return web_refused(w, &call, &answer, err);
	out->id = s->group;
	return 0;
}

/* ---- many accounts in one call ---- */

struct many {
	struct web *web;
	struct web_call call;
	bool *open;                     /* a 400 says that the desk is open, and nothing else; NULL: it says that somebody is not known */
};

static struct slice accounts_body(struct arena *a, const char *const *ids, size_t n)
{
	json_t *body = json_made(json_object()), *list = json_made(json_array());

	for (size_t i = 0; i < n; i++)
		json_push(list, json_string(ids[i]));
	answer_json_put(body, "accountIds", list);
	return json_written(a, body);
}

static int send_accounts(struct arena *a, void *context, const char *const *ids, size_t n, struct step_result *out, struct error *err)
{
	struct many *m = context;
	struct arena *scratch = arena_new();
	struct web_call call = m->call;
	struct web_answer answer;
	int rc;

	call.body = accounts_body(scratch, ids, n);
	rc = web_do(scratch, m->web, &call, &answer, err);
	if (rc == 0) {
		note(a, out, &answer);
		if (answer.status == 204 || answer.status == 200) {
			rc = 1;
		} else {
			web_refused(m->web, &call, &answer, err);
			rc = answer.status == 400 ? 0 : -1;
			if (rc == 0 && m->open) {
				*m->open = true;
				rc = 1;
			}
		}
	}
	arena_free(scratch);
	return rc;
}

static int change_many(struct arena *a, struct web *w, const struct step *s, struct step_result *out, struct error *err)
{
	bool adds = s->kind == STEP_DESK_ADD || s->kind == STEP_ORGANIZATION_ADD;
	bool desk = s->kind == STEP_DESK_ADD || s->kind == STEP_DESK_REMOVE;
	struct many m = {.web = w, .call = {.method = adds ? WEB_POST : WEB_DELETE, .needs = JSM_NEEDS}};
	struct batches b = {.send = send_accounts, .context = &m, .most = JSM_ACCOUNTS_CALL};

	if (desk) {
		m.call.endpoint = "/servicedesk/customer";
		m.call.path = arena_printf(a, JSM "/servicedesk/%s/customer", path_escaped(a, s->name));
		m.call.experimental = !adds;
		m.open = adds ? NULL : &out->open;
	} else {
		m.call.endpoint = "/organization/user";
		m.call.path = arena_printf(a, JSM "/organization/%s/user", s->group);
	}
	if (batches_do(a, &b, s->members, out, err) < 0)
		return -1;
	out->id = desk ? s->name : s->group;
	out->was_so = out->open;
	return 0;
}

int jsm_step(struct arena *a, struct web *w, const struct target *target, const struct step *s, struct step_result *out, struct error *err)
{
	struct step_result done = {0};
	int rc;

	switch (s->kind) {
	case STEP_CUSTOMER_CREATE:
		rc = create_customer(a, w, target, &s->fields, &done, err);
		break;
	case STEP_CUSTOMER_REVOKE:
		rc = revoke(a, w, s->user, &done, err);
		break;
	case STEP_ORGANIZATION_CREATE:
		rc = create_organization(a, w, s->name, &done, err);
		break;
	case STEP_DESK_ATTACH:
	case STEP_DESK_DETACH:
		rc = attach(a, w, s, &done, err);
		break;
	case STEP_DESK_ADD:
	case STEP_DESK_REMOVE:
	case STEP_ORGANIZATION_ADD:
	case STEP_ORGANIZATION_REMOVE:
		rc = change_many(a, w, s, &done, err);
		break;
	default:
		return error_set(err, REASON_PROVISION_STEP, "%s: not by Jira Service Management", step_kind_word(s->kind));
	}
	*out = done;            /* of a failed step, too: the ledger tells what was answered, and what was refused for sure */
	return rc;
}
