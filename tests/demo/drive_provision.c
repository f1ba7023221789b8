/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Drives the clients of provision/ for integration tests: a line of JSON in, a
 * line of JSON out.  The first line says where: {"targets": [{name, kind, base,
 * login, key, rate, groups, desks}], "organization": {id, base, key},
 * "hurry": true}; "hurry" leaves waits out.  Then each line is one of
 *
 *	{"read": true}                  the world
 *	{"step": {kind, target, …}}     one step
 *	{"load": {target, count, group}} so many people made and put into the group, a hundred at a time
 *	{"accounts": true}              what the Organizations API lists
 */
#include "provision/doer.h"
#include "provision/organization_client.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define BATCH 100

static struct arena *setup;             /* lives as long as the program */
static struct doer_options options;
static struct organization organization;
static struct doer *doer;

static void hurry(int64_t us, void *context)
{
	(void)us;
	(void)context;
}

/* ---- reading ---- */

static const char *text_of(struct arena *a, const json_t *object, const char *key)
{
	return arena_strdup(a, json_string_value(json_object_get(object, key)));
}

static const char *const *texts_of(struct arena *a, const json_t *object, const char *key)
{
	const json_t *list = json_object_get(object, key), *one;
	const char **out = arena_alloc(a, (json_array_size(list) + 1) * sizeof(*out));
	size_t i;

	json_array_foreach(list, i, one)
		out[i] = arena_strdup(a, json_string_value(one));
	return out;
}

static enum target_kind kind_of(const json_t *object)
{
	const char *word = json_string_value(json_object_get(object, "kind"));

	for (enum target_kind kind = TARGET_ORGANIZATION; kind <= TARGET_PORTAL_REST; kind++)
		if (word && strcmp(word, target_kind_word(kind)) == 0)
			return kind;
	fprintf(stderr, "no kind of target: %s\n", word ? word : "");
	exit(2);
}

static enum step_kind step_kind_of(const json_t *object)
{
	const char *word = json_string_value(json_object_get(object, "kind"));

	for (enum step_kind kind = STEP_USER_CREATE; kind < STEP_KINDS; kind++)
		if (word && strcmp(word, step_kind_word(kind)) == 0)
			return kind;
	return STEP_KINDS;
}

/* [["Acme", "1"], ...] */
static const struct desired_attachment *attachments_of(const json_t *object, size_t *n_out)
{
	const json_t *list = json_object_get(object, "attach"), *one;
	struct desired_attachment *out = arena_alloc(setup, (json_array_size(list) + 1) * sizeof(*out));
	size_t i;

	json_array_foreach(list, i, one)
		out[i] = (struct desired_attachment){arena_strdup(setup, json_string_value(json_array_get(one, 0))),
			arena_strdup(setup, json_string_value(json_array_get(one, 1)))};
	*n_out = json_array_size(list);
	return out;
}

static void read_setup(const json_t *said)
{
	const json_t *list = json_object_get(said, "targets"), *one, *org = json_object_get(said, "organization");
	struct target *targets = arena_alloc(setup, (json_array_size(list) + 1) * sizeof(*targets));
	size_t i;

	json_array_foreach(list, i, one) {
		targets[i] = (struct target){
			.name = text_of(setup, one, "name"), .kind = kind_of(one), .base = text_of(setup, one, "base"),
			.login = text_of(setup, one, "login"), .key = slice_c(text_of(setup, one, "key")),
			.rate = (unsigned)json_integer_value(json_object_get(one, "rate")),
			.groups = texts_of(setup, one, "groups"), .desks = texts_of(setup, one, "desks"),
		};
		targets[i].attach = attachments_of(one, &targets[i].attach_count);
	}
	options = (struct doer_options){.targets = targets, .target_count = json_array_size(list)};
	if (json_is_true(json_object_get(said, "hurry")))
		options.instead_of_waiting = hurry;
	if (org) {
		organization = (struct organization){
			.id = text_of(setup, org, "id"), .base = text_of(setup, org, "base"), .key = slice_c(text_of(setup, org, "key")),
			.instead_of_waiting = options.instead_of_waiting,
		};
		options.organization = &organization;
	}
	doer = doer_new(&options);
}

/* ---- writing ---- */

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *list_of(const char *const *texts)
{
	json_t *list = json_array();

	for (; texts && *texts; texts++)
		json_array_append_new(list, json_string(*texts));
	return list;
}

static json_t *failure(const struct error *err)
{
	return json_pack("{s:s,s:s}", "reason", reason_word(err->reason), "detail", err->detail);
}

static json_t *groups_of(const struct world_group *groups, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:s,s:s,s:b,s:o,s:o}", "id", groups[i].id, "name", groups[i].name, "fixed", groups[i].fixed,
			"members", list_of(groups[i].members), "attached", list_of(groups[i].attached)));
	return list;
}

static json_t *target_of(const struct world_target *t)
{
	json_t *users = json_array();

	for (size_t i = 0; i < t->user_count; i++) {
		const struct world_user *u = &t->users[i];

		json_array_append_new(users, json_pack("{s:s,s:o,s:o,s:o,s:o,s:b,s:o}", "id", u->id, "external_id", text_or_null(u->external_id),
			"mail", text_or_null(u->mail), "display_name", text_or_null(u->display_name), "title", text_or_null(u->title),
			"active", u->active, "account_id", text_or_null(u->account_id)));
	}
	return json_pack("{s:b,s:o,s:o,s:o,s:o}", "complete", t->complete, "fault", text_or_null(t->fault), "users", users,
		"groups", groups_of(t->groups, t->group_count), "desks", groups_of(t->desks, t->desk_count));
}

/* ---- what is asked ---- */

static json_t *do_read(struct arena *a)
{
	const struct step_doer *d = doer_steps(doer);
	struct error err = {0};
	struct world world;
	json_t *list;

	if (d->read(a, d->context, &world, &err) < 0)
		return failure(&err);
	list = json_array();
	for (size_t i = 0; i < world.target_count; i++)
		json_array_append_new(list, target_of(&world.targets[i]));
	return json_pack("{s:o,s:i}", "targets", list, "requests", (int)doer_requests(doer));
}

static json_t *result_of(const struct step_result *r)
{
	return json_pack("{s:o,s:o,s:b,s:i,s:i,s:o,s:o}", "id", text_or_null(r->id), "account_id", text_or_null(r->account_id), "was_so", r->was_so,
		"status", r->status, "requests", (int)r->requests, "answer", text_or_null(r->answer), "failed", list_of(r->failed));
}

static json_t *do_step(struct arena *a, const json_t *said)
{
	const struct step_doer *d = doer_steps(doer);
	const json_t *fields = json_object_get(said, "fields");
	struct step step = {
		.kind = step_kind_of(said), .target = (size_t)json_integer_value(json_object_get(said, "target")), .user = text_of(a, said, "user"),
		.account_id = text_of(a, said, "account_id"), .name = text_of(a, said, "name"), .group = text_of(a, said, "group"), .desk = text_of(a, said, "desk"),
		.members = texts_of(a, said, "members"),
		.fields = {
			.external_id = text_of(a, fields, "external_id"), .mail = text_of(a, fields, "mail"),
			.display_name = text_of(a, fields, "display_name"), .given_name = text_of(a, fields, "given_name"),
			.family_name = text_of(a, fields, "family_name"), .title = text_of(a, fields, "title"),
			.department = text_of(a, fields, "department"),
		},
	};
	struct step_result result = {0};
	struct error err = {0};

	return d->step(a, d->context, &step, &result, &err) < 0 ? failure(&err) : result_of(&result);
}

static int load_batch(struct arena *a, const struct step *add, int from, int n, struct error *err)
{
	const struct step_doer *d = doer_steps(doer);
	const char *ids[BATCH + 1] = {NULL};
	struct step_result result = {0};
	struct step step = *add;

	for (int i = 0; i < n; i++) {
		const char *mail = arena_printf(a, "person%d@example.com", from + i);
		struct step create = {
			.kind = STEP_USER_CREATE, .target = add->target,
			.fields = {.external_id = arena_printf(a, "00000000-0000-4000-8000-%012d", from + i), .mail = mail, .display_name = mail},
		};

		if (d->step(a, d->context, &create, &result, err) < 0)
			return -1;
		ids[i] = result.id;
	}
	step.members = ids;
	step.member_count = (size_t)n;
	result.failed = NULL;
	if (d->step(a, d->context, &step, &result, err) < 0)
		return -1;
	return result.failed ? error_set(err, REASON_PROVISION_STEP, "%s was not taken", result.failed[0]) : 0;
}

static json_t *do_load(const json_t *said)
{
	int count = (int)json_integer_value(json_object_get(said, "count"));
	struct error err = {0};

	for (int done = 0, n; done < count; done += n) {
		struct arena *a = arena_new();
		const struct step add = {
			.kind = STEP_MEMBERS_ADD, .target = (size_t)json_integer_value(json_object_get(said, "target")), .group = text_of(a, said, "group"),
		};
		int rc;

		n = count - done < BATCH ? count - done : BATCH;
		rc = load_batch(a, &add, done, n, &err);
		arena_free(a);
		if (rc < 0)
			return failure(&err);
	}
	return json_pack("{s:i}", "requests", (int)doer_requests(doer));
}

static json_t *do_accounts(struct arena *a)
{
	struct organization_accounts got;
	struct error err = {0};
	json_t *list;

	if (organization_read(a, &organization, 1, &got, &err) < 0)
		return failure(&err);
	list = json_array();
	for (size_t i = 0; i < got.count; i++) {
		const struct account *one = &got.accounts[i];

		json_array_append_new(list, json_pack("{s:s,s:o,s:s,s:i,s:o}", "id", one->id, "mail", text_or_null(one->mail), "status", one->status,
			"billable", one->billable, "products", list_of(one->products)));
	}
	return json_pack("{s:o,s:i}", "accounts", list, "requests", (int)got.requests);
}

static json_t *answer(struct arena *a, const json_t *said)
{
	if (json_object_get(said, "read"))
		return do_read(a);
	if (json_object_get(said, "step"))
		return do_step(a, json_object_get(said, "step"));
	if (json_object_get(said, "load"))
		return do_load(json_object_get(said, "load"));
	if (json_object_get(said, "accounts") && options.organization)
		return do_accounts(a);
	return json_pack("{s:s,s:s}", "reason", "driver", "detail", "what?");
}

int main(void)
{
	char *line = NULL;
	size_t size = 0;

	setup = arena_new();
	while (getline(&line, &size, stdin) > 0) {
		struct arena *a = arena_new();
		json_t *said = json_loads(line, 0, NULL), *out = NULL;
		char *text;

		if (doer) {
			out = answer(a, said);
		} else {
			read_setup(said);
			out = json_object();
		}
		text = json_dumps(out, JSON_COMPACT);
		printf("%s\n", text ? text : "{}");
		fflush(stdout);
		free(text);
		json_decref(out);
		json_decref(said);
		arena_free(a);
	}
	free(line);
	doer_free(doer);
	arena_free(setup);
	return 0;
}
