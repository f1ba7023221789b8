/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The way back: an account is taken off its SCIM user without deleting either,
 * or made active again.  Not proven on a live site; what these calls answer is
 * known from Atlassian's documents alone.
 */
#include "provision/organization_wire.h"

#define LINKS "/admin/user-provisioning/v1/org/"

/* The id in `…/scim/directory/ID`. */
static const char *directory_of(const struct target *target)
{
	static const char form[] = "/scim/directory/";
	const char *at = strstr(target->base, form);

	if (target->kind != TARGET_ORGANIZATION || !at || !answer_id_is_good(at + strlen(form)))
		return NULL;
	return at + strlen(form);
}

static void note(struct step_result *out, const struct web_answer *answer)
{
	out->status = answer->status;
	out->requests += answer->requests;
	out->answer = answer->line;
}

static bool has_link(struct answer *r, const json_t *body, const char *user)
{
	const json_t *links = answer_array(r, body, "scimLinks"), *one;
	const char *id;
	size_t i;

	if (!links)
		answer_wrong(r, "`scimLinks` is missing");
	json_array_foreach(links, i, one) {
		if (!json_is_object(one))
			answer_wrong(r, "a link is no object");
		id = answer_text(r, one, "scimUserId");
		if (id && strcmp(id, user) == 0)
			return true;
	}
	return false;
}

/* 1 the account is linked to the user, 0 it is not, -1 error. */
static int is_linked(struct arena *a, struct web *w, const struct organization *o, const struct step *s, struct step_result *out, struct error *err)
{
	struct web_call call = {
		.endpoint = "/get-scim-links", .needs = ORGANIZATION_NEEDS,
		.path = arena_printf(a, LINKS "%s/user/%s/get-scim-links", o->id, path_escaped(a, s->account_id)),
	};
	struct answer r = {.arena = a};
	struct web_answer answer;
	bool linked = false;
	json_t *body;

	if (web_do(a, w, &call, &answer, err) < 0)
		return -1;
	note(out, &answer);
	if (answer.status != 200)
		return web_refused(w, &call, &answer, err);
	body = answer_object(&r, answer.body);
	if (body)
		linked = has_link(&r, body, s->user);
	json_decref(body);
	return r.why ? web_nonsense(w, &call, r.why, err) : linked;
}

/* Looked at before and after: the call is answered alike whether there was a link or not. */
static int unlink_user(struct arena *a, struct web *w, const struct organization *o, const struct target *target, const struct step *s,
	struct step_result *out, struct error *err)
{
	const char *directory = directory_of(target);
	struct web_call call = {.method = WEB_PATCH, .endpoint = "/unlink", .needs = ORGANIZATION_NEEDS};
	struct web_answer answer;
	int linked;

	if (!directory)
		return error_set(err, REASON_PROVISION_STEP, "unlink: the address of %s does not tell the id of its SCIM directory", target->name);
	if (!s->account_id)
		return error_set(err, REASON_PROVISION_STEP, "unlink: Atlassian does not tell which account the user %s is linked to", s->user);
	linked = is_linked(a, w, o, s, out, err);
	if (linked < 0)
		return -1;
	out->id = s->user;
	out->account_id = s->account_id;
	out->was_so = !linked;
	if (!linked)
		return 0;
	call.path = arena_printf(a, LINKS "%s/scimDirectoryId/%s/scimUserId/%s/unlink", o->id, directory, path_escaped(a, s->user));
	if (web_do(a, w, &call, &answer, err) < 0)
		return -1;
	if (answer.status != 204 && answer.status != 200)
		return web_refused(w, &call, &answer, err);
	linked = is_linked(a, w, o, s, out, err);
	note(out, &answer);
	if (linked > 0)
		return error_set(err, REASON_PROVISION_STEP, "%s: success, but the account %s is still linked", answer.line, s->account_id);
	return linked;
}

static int restore(struct arena *a, struct web *w, const char *account, struct step_result *out, struct error *err)
{
	struct web_call call = {
		.method = WEB_POST, .endpoint = "/lifecycle/enable", .needs = "an API key of the organisation that owns the account",
		.path = arena_printf(a, "/users/%s/manage/lifecycle/enable", path_escaped(a, account)),
	};
	struct web_answer answer;

	if (web_do(a, w, &call, &answer, err) < 0)
		return -1;
	note(out, &answer);
	if (answer.status != 204 && answer.status != 200)
		return web_refused(w, &call, &answer, err);
	out->id = out->account_id = account;
	return 0;
}

int organization_step(struct arena *a, const struct organization *o, const struct target *target, const struct step *s,
	struct step_result *out, struct error *err)
{
	struct step_result done = {0};
	struct web *w = NULL;
	int rc;

	if (organization_open(o, &w, err) < 0)
		return -1;
	if (s->kind == STEP_UNLINK)
		rc = unlink_user(a, w, o, target, s, &done, err);
	else if (s->kind == STEP_RESTORE)
		rc = restore(a, w, s->account_id ? s->account_id : s->user, &done, err);
	else
		rc = error_set(err, REASON_PROVISION_STEP, "%s: not by the Organizations API", step_kind_word(s->kind));
	web_close(w);
	*out = done;            /* of a failed step, too: the ledger tells what was answered, and what was refused for sure */
	return rc;
}
