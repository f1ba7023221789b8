/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Changing users by SCIM.
 *
 * Paths of operations are those that Entra sends to Atlassian every day.
 * Success is believed when the answer shows what was asked for.
 */
#include "provision/scim_steps.h"

#include "base/encode.h"

/* ---- what is sent ---- */

static json_t *emails_of(const char *mail)
{
	json_t *list = json_made(json_array()), *one = json_made(json_object());

	json_put_text(one, "value", mail);
	json_put_text(one, "type", "work");
	answer_json_put(one, "primary", json_true());
	json_push(list, one);
	return list;
}

static struct slice create_body(struct arena *a, const struct step_fields *f)
{
	json_t *user = json_made(json_object()), *schemas = json_made(json_array()), *part;

	json_push(schemas, json_string(SCIM_CORE_USER));
	if (f->department)
		json_push(schemas, json_string(SCIM_ENTERPRISE));
	answer_json_put(user, "schemas", schemas);
	json_put_text(user, "userName", f->mail);
	json_put_text(user, "externalId", f->external_id);
	json_put_text(user, "displayName", f->display_name);
	json_put_text(user, "title", f->title);
	answer_json_put(user, "emails", emails_of(f->mail));
	answer_json_put(user, "active", json_true());
	if (f->given_name || f->family_name) {
		part = json_made(json_object());
		json_put_text(part, "givenName", f->given_name);
		json_put_text(part, "familyName", f->family_name);
		answer_json_put(user, "name", part);
	}
	if (f->department) {
		part = json_made(json_object());
		json_put_text(part, "department", f->department);
		answer_json_put(user, SCIM_ENTERPRISE, part);
	}
	return json_written(a, user);
}

static void put_operation(json_t *operations, const char *path, json_t *value)
{
	json_t *one = json_made(json_object());

	json_put_text(one, "op", "replace");
	json_put_text(one, "path", path);
	answer_json_put(one, "value", value);
	json_push(operations, one);
}

static void put_text_operation(json_t *operations, const char *path, const char *text)
{
	if (text)
		put_operation(operations, path, json_string(text));
}

/* whole_emails: the list anew, for a user who has no mail of type "work". */
static struct slice update_body(struct arena *a, const struct wanted *w, enum emails_form form)
{
	json_t *body = json_made(json_object()), *schemas = json_made(json_array()), *operations = json_made(json_array());
	const struct step_fields *f = &w->fields;

	json_push(schemas, json_string(SCIM_PATCH));
	answer_json_put(body, "schemas", schemas);
	put_text_operation(operations, "externalId", f->external_id);
	put_text_operation(operations, "userName", f->mail);
	if (f->mail && form == EMAILS_WHOLE)
		put_operation(operations, "emails", emails_of(f->mail));
	else
		put_text_operation(operations, "emails[type eq \"work\"].value", f->mail);
	put_text_operation(operations, "displayName", f->display_name);
	put_text_operation(operations, "name.givenName", f->given_name);
	put_text_operation(operations, "name.familyName", f->family_name);
	put_text_operation(operations, "title", f->title);
	put_text_operation(operations, SCIM_ENTERPRISE ":department", f->department);
	if (w->active >= 0)
		put_operation(operations, "active", json_boolean(w->active));
	answer_json_put(body, "Operations", operations);
	return json_written(a, body);
}

/* ---- what is answered ---- */

static bool is_other(const char *wanted, const char *answered, bool with_case)
{
	return wanted && (!answered || (with_case ? strcmp(wanted, answered) : strcasecmp(wanted, answered)) != 0);
}

/* The field that is not as wanted; NULL: all are. */
static const char *differs(const struct wanted *w, const struct world_user *u)
{
	if (is_other(w->fields.external_id, u->external_id, true))
		return "externalId";
	if (is_other(w->fields.mail, u->mail, false))
		return "emails";
	if (w->active >= 0 && u->active != (w->active == 1))
		return "active";
	return NULL;
}

static const char *differs_at_all(const struct wanted *w, const struct world_user *u)
{
	const struct step_fields *f = &w->fields;

	if (is_other(f->display_name, u->display_name, true) || is_other(f->given_name, u->given_name, true) ||
	    is_other(f->family_name, u->family_name, true) || is_other(f->title, u->title, true) || is_other(f->department, u->department, true))
		return "name";
	return differs(w, u);
}

static int read_user(struct arena *a, const struct web *w, const struct web_call *call, const struct web_answer *answer, struct world_user *out,
	struct error *err)
{
	struct answer r = {.arena = a};
	json_t *body = answer_object(&r, answer->body);

	if (body)
		*out = scim_user_of(&r, body);
	json_decref(body);
	return r.why ? web_nonsense(w, call, r.why, err) : 0;
}

static void note(struct step_result *out, const struct web_answer *answer)
{
	out->status = answer->status;
	out->requests += answer->requests;
	out->answer = answer->line;
}

static void note_user(struct step_result *out, const struct world_user *u)
{
	out->id = u->id;
	out->account_id = u->account_id;
}

/* ---- PATCH ---- */

static int patch(struct arena *a, struct web *w, const char *id, const struct wanted *wanted, enum emails_form form, struct step_result *out,
	struct error *err)
{
	struct web_call call = {
		.method = WEB_PATCH, .endpoint = "/Users/", .type = SCIM_TYPE, .needs = SCIM_NEEDS,
		.path = arena_printf(a, "/Users/%s", id), .body = update_body(a, wanted, form),
	};
	struct world_user u = {.id = id};
	struct web_answer answer;
	const char *other;

	if (web_do(a, w, &call, &answer, err) < 0)
		return -1;
	note(out, &answer);
	if (answer.status == 400 && wanted->fields.mail && form == EMAILS_WORK)
		return patch(a, w, id, wanted, EMAILS_WHOLE, out, err);
	if (answer.status != 200 && answer.status != 204)
		return web_refused(w, &call, &answer, err);
	if (answer.status == 200) {
		if (read_user(a, w, &call, &answer, &u, err) < 0)
			return -1;
		if (strcmp(u.id, id) != 0)
			return web_nonsense(w, &call, "another user is answered", err);
		other = differs(wanted, &u);
		if (other && strcmp(other, "emails") == 0 && form == EMAILS_WORK)
			return patch(a, w, id, wanted, EMAILS_WHOLE, out, err);
		if (other)
			return error_set(err, REASON_PROVISION_STEP, "%s: success, but `%s` is not as it was set", answer.line, other);
	}
	note_user(out, &u);
	return 0;
}

int scim_user_update(struct arena *a, struct web *w, const char *id, const struct wanted *wanted, struct step_result *out, struct error *err)
{
	return patch(a, w, id, wanted, EMAILS_WORK, out, err);
}

/* Nobody is there any more: for someone who shall not be active, that is how it should be. */
int scim_user_deactivate(struct arena *a, struct web *w, const char *id, struct step_result *out, struct error *err)
{
	struct wanted wanted = {.active = 0};

	if (scim_user_update(a, w, id, &wanted, out, err) == 0)
		return 0;
	if (err->reason != REASON_PROVISION_STEP || out->status != 404)
		return -1;
	out->was_so = true;
	out->id = id;
	return 0;
}

/* ---- POST ---- */

/* 409: the very person's is taken, and made what it shall be; somebody else's is an error. */
static int take_over(struct arena *a, struct web *w, const struct step_fields *f, const char *line, struct step_result *out, struct error *err)
{
	struct wanted wanted = {.fields = *f, .active = 1};
	struct world_user u = {0};
	int found = f->external_id ? scim_find_user(a, w, "externalId", f->external_id, &u, &out->requests, err) : 0;

	if (found < 0)
		return -1;
	if (found && is_other(f->external_id, u.external_id, true))
		return error_set(err, REASON_PROVISION_STEP, "%s; asked for external id %s, somebody else is answered", line, f->external_id);
	if (found && !differs_at_all(&wanted, &u)) {
		out->was_so = true;
		note_user(out, &u);
		return 0;
	}
	if (found)
		return scim_user_update(a, w, u.id, &wanted, out, err);
	found = scim_find_user(a, w, "userName", f->mail, &u, &out->requests, err);
	if (found < 0)
		return -1;
	if (!found)
		return error_set(err, REASON_PROVISION_STEP,
			"%s; no user has this external id or this user name: the mail may belong to an account outside of this directory", line);
	if (u.external_id)
		return error_set(err, REASON_PROVISION_STEP, "%s; the user name is that of %s, whose external id is %s", line, u.id, u.external_id);
	return error_set(err, REASON_PROVISION_STEP, "%s; user %s has this user name and no external id: a new plan adopts it", line, u.id);
}

int scim_user_create(struct arena *a, struct web *w, const struct step_fields *f, struct step_result *out, struct error *err)
{
	struct web_call call = {
		.method = WEB_POST, .endpoint = "/Users", .path = "/Users", .type = SCIM_TYPE, .needs = SCIM_NEEDS, .body = create_body(a, f),
	};
	struct wanted wanted = {.fields = *f, .active = 1};
	struct world_user u = {0};
	struct web_answer answer;

	if (web_do(a, w, &call, &answer, err) < 0)
		return -1;
	note(out, &answer);
	if (answer.status == 409)
		return take_over(a, w, f, answer.line, out, err);
	if (answer.status != 201 && answer.status != 200)
		return web_refused(w, &call, &answer, err);
	if (read_user(a, w, &call, &answer, &u, err) < 0)
		return -1;
	if (differs(&wanted, &u))
		return error_set(err, REASON_PROVISION_STEP, "%s: user %s was made, but `%s` is not as it was set", answer.line, u.id,
			differs(&wanted, &u));
	note_user(out, &u);
	return 0;
}

/* ---- DELETE ---- */

int scim_delete(struct arena *a, struct web *w, const char *endpoint, const char *id, struct step_result *out, struct error *err)
{
	struct web_call call = {
		.method = WEB_DELETE, .endpoint = endpoint, .type = SCIM_TYPE, .needs = SCIM_NEEDS, .path = arena_printf(a, "%s%s", endpoint, id),
	};
	struct web_answer answer;

	if (web_do(a, w, &call, &answer, err) < 0)
		return -1;
	note(out, &answer);
	if (answer.status != 204 && answer.status != 200 && answer.status != 404)
		return web_refused(w, &call, &answer, err);
	out->was_so = answer.status == 404 && answer.requests == 1;
	out->id = id;
	return 0;
}
