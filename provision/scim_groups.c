/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Changing groups by SCIM. */
#include "provision/scim_steps.h"

#include "provision/batches.h"
#include "provision/sorted.h"

static void note(struct step_result *out, const struct web_answer *answer)
{
	out->status = answer->status;
	out->requests += answer->requests;
	out->answer = answer->line;
}

/* ---- a group ---- */

/* Success and nothing made is how a built-in name is answered; so it is looked for. */
static int find_made(struct arena *a, struct web *w, const char *name, struct step_result *out, struct error *err)
{
	struct world_group g = {0};
	int found = scim_find_group(a, w, name, &g, &out->requests, err);

	if (found < 0)
		return -1;
	if (found && strcmp(g.name, name) != 0 && strcasecmp(g.name, name) == 0)
		return error_set(err, REASON_PROVISION_STEP, "%s: the group is called `%s` there, and names do not differ by case alone: write it so",
			out->answer, g.name);
	if (!found || strcmp(g.name, name) != 0)
		return error_set(err, REASON_PROVISION_STEP,
			"%s: but there is no group `%s` afterwards: a group that Atlassian made itself has this name; take another", out->answer, name);
	out->id = g.id;
	return 0;
}

int scim_group_create(struct arena *a, struct web *w, const char *name, struct step_result *out, struct error *err)
{
	json_t *body = json_made(json_object()), *schemas = json_made(json_array());
	struct web_call call = {.method = WEB_POST, .endpoint = "/Groups", .path = "/Groups", .type = SCIM_TYPE, .needs = SCIM_NEEDS};
	struct web_answer answer;

	json_push(schemas, json_string(SCIM_CORE_GROUP));
	answer_json_put(body, "schemas", schemas);
	json_put_text(body, "displayName", name);
	call.body = json_written(a, body);
	if (web_do(a, w, &call, &answer, err) < 0)
		return -1;
	note(out, &answer);
	if (answer.status != 201 && answer.status != 200 && answer.status != 409)
		return web_refused(w, &call, &answer, err);
	out->was_so = answer.status == 409 && answer.requests == 1;
	return find_made(a, w, name, out, err);
}

/* ---- members ---- */

struct members {
	struct web *web;
	const char *group;
	enum step_kind kind;
};

/* A list of members to be removed would empty the group where it is not understood; a path with a filter cannot. */
static void put_removals(struct arena *a, json_t *operations, const char *const *ids, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		json_t *one = json_made(json_object());

		json_put_text(one, "op", "remove");
		json_put_text(one, "path", arena_printf(a, "members[value eq \"%s\"]", ids[i]));
		json_push(operations, one);
	}
}

static void put_addition(json_t *operations, const char *const *ids, size_t n)
{
	json_t *one = json_made(json_object()), *values = json_made(json_array());

	for (size_t i = 0; i < n; i++) {
		json_t *member = json_made(json_object());

		json_put_text(member, "value", ids[i]);
		json_push(values, member);
	}
	json_put_text(one, "op", "add");
	json_put_text(one, "path", "members");
	answer_json_put(one, "value", values);
	json_push(operations, one);
}

static struct slice members_body(struct arena *a, enum step_kind kind, const char *const *ids, size_t n)
{
	json_t *body = json_made(json_object()), *schemas = json_made(json_array()), *operations = json_made(json_array());

	json_push(schemas, json_string(SCIM_PATCH));
	answer_json_put(body, "schemas", schemas);
	if (kind == STEP_MEMBERS_REMOVE)
		put_removals(a, operations, ids, n);
	else
		put_addition(operations, ids, n);
	answer_json_put(body, "Operations", operations);
	return json_written(a, body);
}

/* The answer is the group: whoever should be in it is, or is not any more.  1, 0 not all of them, -1 error. */
static int judge_members(struct arena *a, struct members *m, const struct web_call *call, const struct web_answer *answer, const char *const *ids,
	size_t n, struct error *err)
{
	struct answer r = {.arena = a};
	json_t *body = answer_object(&r, answer->body);
	struct world_group g = {0};

	if (!body)
		return web_nonsense(m->web, call, r.why, err);
	g = scim_group_of(&r, body);
	json_decref(body);
	if (g.id && strcmp(g.id, m->group) != 0)
		answer_wrong(&r, "another group is answered");
	if (r.why)
		return web_nonsense(m->web, call, r.why, err);
	if (!g.members)
		return 1;
	for (size_t i = 0; i < n; i++)
		if (sorted_have(g.members, g.member_count, ids[i]) != (m->kind == STEP_MEMBERS_ADD)) {
			error_set(err, REASON_PROVISION_STEP, "%s: success, but %s is %s the group", answer->line, ids[i],
				m->kind == STEP_MEMBERS_ADD ? "not in" : "still in");
			return 0;
		}
	return 1;
}

/* Taking out who is not in the group may be an error there.  1 is not in it, 0 is, -1 error. */
static int is_out(struct arena *a, struct members *m, const char *id, struct step_result *out, struct error *err)
{
	struct web_call call = {
		.endpoint = "/Groups/", .type = SCIM_TYPE, .needs = SCIM_NEEDS, .path = arena_printf(a, "/Groups/%s", m->group),
	};
	struct error kept = *err;
	struct web_answer answer;
	int rc;

	if (web_do(a, m->web, &call, &answer, err) < 0)
		return -1;
	out->requests += answer.requests;
	rc = answer.status == 200 ? judge_members(a, m, &call, &answer, &id, 1, err) : 0;
	if (rc == 0)
		*err = kept;
	return rc;
}

static int send_members(struct arena *a, void *context, const char *const *ids, size_t n, struct step_result *out, struct error *err)
{
	struct members *m = context;
	struct arena *scratch = arena_new();
	struct web_call call = {
		.method = WEB_PATCH, .endpoint = "/Groups/", .type = SCIM_TYPE, .needs = SCIM_NEEDS,
		.path = arena_printf(scratch, "/Groups/%s", m->group), .body = members_body(scratch, m->kind, ids, n),
	};
	struct web_answer answer;
	int rc = web_do(scratch, m->web, &call, &answer, err);

	if (rc == 0) {
		note(out, &answer);
		out->answer = arena_strdup(a, answer.line);
		if (answer.status == 200)
			rc = judge_members(scratch, m, &call, &answer, ids, n, err);
		else if (answer.status == 204)
			rc = 1;
		else if (web_refused(m->web, &call, &answer, err) < 0 && answer.status != 400 && answer.status != 404)
			rc = -1;
		else if (n == 1 && m->kind == STEP_MEMBERS_REMOVE)
			rc = is_out(scratch, m, ids[0], out, err);
	}
	arena_free(scratch);
	return rc;
}

int scim_members(struct arena *a, struct web *w, const struct step *step, struct step_result *out, struct error *err)
{
	struct members m = {.web = w, .group = step->group, .kind = step->kind};
	struct batches b = {.send = send_members, .context = &m, .most = SCIM_MEMBERS_CALL};

	if (batches_do(a, &b, step->members, out, err) < 0)
		return -1;
	out->id = step->group;
	return 0;
}
