/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each call in the ledger: before it is sent, and with its answer and all that follows from it, in one transaction. */
#include "provision/ledger_record.h"

#include "provision/step_json.h"

#include <stdlib.h>

/* One change of the ledger. */
struct change {
	struct arena *arena;
	struct store_txn *txn;
	const char *target;
	const struct step *step;
	int64_t now;
	struct error *err;
};

static bool makes_user(enum step_kind kind)
{
	return kind == STEP_USER_CREATE || kind == STEP_CUSTOMER_CREATE;
}

static bool makes_group(enum step_kind kind)
{
	return kind == STEP_GROUP_CREATE || kind == STEP_ORGANIZATION_CREATE;
}

/* 1 there, 0 not (then an empty one of this target and person), -1 error. */
static int get_person(struct change *c, const char *person, struct ledger_person *out)
{
	struct slice key, value;
	int rc;

	*out = (struct ledger_person){.target = c->target, .person = person, .since = c->now};
	if (ledger_key(c->arena, c->target, person, &key, c->err) < 0)
		return -1;
	rc = store_get(c->txn, LEDGER_PEOPLE, key, &value, c->err);
	if (rc <= 0)
		return rc;
	return ledger_person_read(c->arena, key, value, out, c->err) < 0 ? -1 : 1;
}

static int put_person(struct change *c, const struct ledger_person *p)
{
	struct slice key;

	if (ledger_key(c->arena, p->target, p->person, &key, c->err) < 0)
		return -1;
	return store_put(c->txn, LEDGER_PEOPLE, key, ledger_person_write(c->arena, p), c->err);
}

static int forget(struct change *c, int table, const char *second)
{
	struct slice key;

	if (ledger_key(c->arena, c->target, second, &key, c->err) < 0)
		return -1;
	return store_delete(c->txn, table, key, (struct slice){NULL, 0}, c->err) < 0 ? -1 : 0;
}

static int put_mail(struct change *c, const char *mail, const char *person)
{
	struct ledger_mail m = {.target = c->target, .mail = lower_case(c->arena, mail), .person = person};
	struct slice key;

	if (!mail)
		return 0;
	if (ledger_key(c->arena, c->target, m.mail, &key, c->err) < 0)
		return -1;
	return store_put(c->txn, LEDGER_MAILS, key, ledger_mail_write(c->arena, &m), c->err);
}

static int put_group(struct change *c, const char *name, const char *id)
{
	struct ledger_group g = {.target = c->target, .name = name, .id = id, .since = c->now};
	struct slice key;

	if (ledger_key(c->arena, g.target, g.name, &key, c->err) < 0)
		return -1;
	return store_put(c->txn, LEDGER_GROUPS, key, ledger_group_write(c->arena, &g), c->err);
}

/* ---- calls ---- */

/* Numbers go on from the last one, so none is used twice even when the oldest calls are gone. */
static const struct slice last_key = {"last", 4};

static int next_number(struct change *c, uint64_t *out)
{
	unsigned char bytes[8];
	struct slice value;
	uint64_t number = 0;
	int rc = store_get(c->txn, LEDGER_RUN, last_key, &value, c->err);

	if (rc < 0)
		return -1;
	if (rc == 1)
		number = ledger_number_read(value);
	*out = number + 1;
	return store_put(c->txn, LEDGER_RUN, last_key, ledger_number(bytes, number + 1), c->err);
}

static int first_of(struct slice key, struct slice value, void *context)
{
	(void)value;
	memcpy(context, key.p, 8);
	return 1;
}

static int drop_oldest(struct change *c)
{
	unsigned char oldest[8];
	size_t count;

	if (store_count(c->txn, LEDGER_CALLS, &count, c->err) < 0)
		return -1;
	for (; count > LEDGER_CALLS_MAX; count--)
		if (store_each(c->txn, LEDGER_CALLS, (struct slice){NULL, 0}, first_of, oldest, c->err) != 1 ||
			store_delete(c->txn, LEDGER_CALLS, slice_of(oldest, 8), (struct slice){NULL, 0}, c->err) < 0)
			return -1;
	return 0;
}

/* The plan being applied; NULL: none is. */
static const char *run_id(struct change *c, bool *accepted_out)
{
	struct slice value;
	json_error_t why;
	json_t *object;
	const char *id;

	*accepted_out = false;
	if (store_get(c->txn, LEDGER_RUN, slice_c("run"), &value, c->err) != 1)
		return NULL;
	object = json_loadb(value.p, value.n, 0, &why);
	id = json_get_text(c->arena, object, "id");
	*accepted_out = json_get_number(object, "accepted") == 1;
	json_decref(object);
	return id;
}

static int put_call(struct change *c, const struct ledger_call *call)
{
	unsigned char key[8];

	return store_put(c->txn, LEDGER_CALLS, ledger_number(key, call->number), ledger_call_write(c->arena, call), c->err);
}

/* ---- before ---- */

/* One that is ours and not found now may be there all the same (a site lists who is at its desks alone): it stays until one is made. */
static int intend_user(struct change *c)
{
	const struct step *s = c->step;
	struct ledger_person p;
	int rc = get_person(c, s->person, &p);

	if (rc < 0 || (rc == 1 && p.user))
		return rc < 0 ? -1 : 0;
	p = (struct ledger_person){.target = c->target, .person = s->person, .mail = s->fields.mail, .deed = LEDGER_CREATED,
		.since = c->now};
	return put_person(c, &p);
}

/*
 * What is begun is known before the call, so that what a killed process made is found to be ours, what it may have unlinked is left
 * alone, and what it may have deactivated is activated again.
 */
static int intend(struct change *c)
{
	const struct step *s = c->step;

	if (makes_group(s->kind))
		return put_group(c, s->name, NULL);
	if (s->kind == STEP_UNLINK)
		return ledger_mark_unlinked(c->arena, c->txn, c->target, s->user, c->now, c->err);
	if (s->kind == STEP_USER_DELETE)
		return ledger_owe(c->arena, c->txn, c->target, s, c->now, c->err);
	return makes_user(s->kind) ? intend_user(c) : 0;
}

static int begin_change(struct ledger *l, struct change *c)
{
	if (!l->store)
		return error_set(c->err, REASON_INTERNAL, "the ledger was opened for reading");
	if (store_begin_write(l->store, &c->txn, c->err) < 0)
		return -1;
	c->arena = arena_new();
	return 0;
}

static int end_change(struct change *c, int rc)
{
	if (rc == 0)
		rc = store_commit(c->txn, c->err);
	else
		store_abort(c->txn);
	arena_free(c->arena);
	return rc;
}

int ledger_begin(struct ledger *l, const char *target, const struct step *step, int64_t now, uint64_t *number_out, struct error *err)
{
	struct change c = {.target = target, .step = step, .now = now, .err = err};
	struct ledger_call call = {.at = now, .target = target, .step = *step, .state = CALL_BEGUN};
	int rc = -1;

	if (begin_change(l, &c) < 0)
		return -1;
	if (next_number(&c, &call.number) == 0) {
		call.run = run_id(&c, &(bool){false});
		rc = put_call(&c, &call) < 0 || drop_oldest(&c) < 0 || intend(&c) < 0 ? -1 : 0;
	}
	if (end_change(&c, rc) < 0)
		return -1;
	*number_out = call.number;
	return 0;
}

/* ---- after ---- */

static int learn_made_user(struct change *c, const struct step_result *result)
{
	struct ledger_person p = {.target = c->target, .person = c->step->person, .user = result->id, .account_id = result->account_id,
		.mail = c->step->fields.mail, .deed = result->was_so ? LEDGER_ADOPTED : LEDGER_CREATED, .since = c->now};

	return put_person(c, &p) < 0 || put_mail(c, p.mail, p.person) < 0 ? -1 : 0;
}

/* An account that was another's in the ledger (a new entry of the directory for the same human being) is theirs no more. */
static int learn_adopted(struct change *c)
{
	const struct step *s = c->step;
	struct ledger_person p, old;
	int rc = get_person(c, s->person, &p);

	if (rc < 0)
		return -1;
	if (rc == 0 || p.user)
		p.deed = LEDGER_ADOPTED;
	p.user = s->user;
	p.account_id = s->account_id;
	p.mail = s->fields.mail ? s->fields.mail : p.mail;
	p.unwanted_since = p.ended = 0;
	if (ledger_mark_unlinked(c->arena, c->txn, c->target, s->user, 0, c->err) < 0 || put_person(c, &p) < 0 || put_mail(c, p.mail, p.person) < 0)
		return -1;
	if (!s->before.external_id || strcmp(s->before.external_id, s->person) == 0)
		return 0;
	rc = get_person(c, s->before.external_id, &old);
	if (rc == 1 && old.user && strcmp(old.user, s->user) == 0)
		return forget(c, LEDGER_PEOPLE, s->before.external_id);
	return rc < 0 ? -1 : 0;
}

static int learn_about_user(struct change *c, const struct step_result *result)
{
	const struct step *s = c->step;
	struct ledger_person p;
	int rc = get_person(c, s->person, &p);

	if (rc <= 0)
		return rc;
	if (s->kind == STEP_USER_DELETE)
		return forget(c, LEDGER_PEOPLE, s->person);
	if (s->kind == STEP_USER_ACTIVATE)
		p.ended = 0;
	else if (s->kind == STEP_USER_DEACTIVATE || s->kind == STEP_CUSTOMER_REVOKE)
		p.ended = c->now;
	else if (s->fields.mail)
		p.mail = s->fields.mail;
	if (result->account_id)
		p.account_id = result->account_id;
	if (s->kind == STEP_USER_UPDATE && put_mail(c, s->fields.mail, s->person) < 0)
		return -1;
	return put_person(c, &p);
}

static bool takes_away(enum step_kind kind)
{
	switch (kind) {
	case STEP_MEMBERS_REMOVE: case STEP_DESK_REMOVE: case STEP_ORGANIZATION_REMOVE: case STEP_USER_DEACTIVATE: case STEP_CUSTOMER_REVOKE:
	case STEP_USER_DELETE: case STEP_UNLINK:
		return true;
	default:
		return false;
	}
}

static int put_loss(struct change *c, const char *user)
{
	unsigned char at[8];
	struct slice key;

	if (ledger_run_key(c->arena, LEDGER_LOSS, c->target, user, &key, c->err) < 0)
		return -1;
	return store_put(c->txn, LEDGER_RUN, key, ledger_number(at, (uint64_t)c->now), c->err);
}

/* Who lost something, unless somebody said yes to all of it. */
static int learn_losses(struct change *c, const struct step_result *result)
{
	const struct step *s = c->step;
	bool accepted;

	run_id(c, &accepted);
	if (accepted || result->was_so || !takes_away(s->kind))
		return 0;
	for (size_t i = 0; s->member_users && i < s->member_count; i++)
		if (s->member_users[i] && put_loss(c, s->member_users[i]) < 0)
			return -1;
	return s->member_count == 0 && s->user ? put_loss(c, s->user) : 0;
}

static int learn(struct change *c, const struct step_result *result)
{
	const struct step *s = c->step;

	if (makes_user(s->kind))
		return learn_made_user(c, result);
	if (makes_group(s->kind))       /* what was there already somebody else made */
		return result->was_so ? forget(c, LEDGER_GROUPS, s->name) : put_group(c, s->name, result->id);
	if (s->kind == STEP_GROUP_DELETE)
		return forget(c, LEDGER_GROUPS, s->name);
	if (s->kind == STEP_DESK_ATTACH)
		return put_group(c, ledger_attachment(c->arena, s->desk, s->name), s->group);
	if (s->kind == STEP_DESK_DETACH)
		return forget(c, LEDGER_GROUPS, ledger_attachment(c->arena, s->desk, s->name));
	if (s->kind == STEP_DESK_REMOVE)
		return result->open ? ledger_note_desk(c->arena, c->txn, c->target, s->name, c->now, c->err) :
			ledger_forget_desk(c->arena, c->txn, c->target, s->name, c->err);
	if (s->kind == STEP_ADOPT)
		return learn_adopted(c);
	if (s->kind == STEP_USER_DELETE && ledger_mark_unlinked(c->arena, c->txn, c->target, s->user, 0, c->err) < 0)
		return -1;
	if (s->kind == STEP_RESTORE)
		return ledger_owe_no_more(c->arena, c->txn, c->target, s->user, c->err);
	if (result->failed && ledger_lose_unknown(c->arena, c->txn, c->target, s, result->failed, c->err) < 0)
		return -1;
	return s->person ? learn_about_user(c, result) : 0;
}

static const char *cut(struct arena *a, const char *answer)
{
	size_t n = answer ? strlen(answer) : 0;

	if (n <= LEDGER_ANSWER_MAX)
		return answer;
	for (n = LEDGER_ANSWER_MAX; n > 0 && ((unsigned char)answer[n] & 0xc0) == 0x80; n--)
		;
	return arena_copy(a, slice_of(answer, n));
}

static int put_answer(struct change *c, uint64_t number, enum call_state state, const struct step_result *result, const char *answer)
{
	struct ledger_call call = {.number = number, .at = c->now, .ended = c->now, .target = c->target, .step = *c->step, .state = state,
		.status = result->status, .requests = result->requests, .answer = cut(c->arena, answer)};
	struct ledger_call begun;
	struct slice value;
	unsigned char key[8];

	if (store_get(c->txn, LEDGER_CALLS, ledger_number(key, number), &value, c->err) == 1 &&
		ledger_call_read(c->arena, slice_of(key, 8), value, &begun, c->err) == 0)
		call.at = begun.at;
	call.run = run_id(c, &(bool){false});
	return put_call(c, &call);
}

int ledger_done(struct ledger *l, uint64_t number, const char *target, const struct step *step, const struct step_result *result,
	int64_t now, struct error *err)
{
	struct change c = {.target = target, .step = step, .now = now, .err = err};
	int rc;

	if (begin_change(l, &c) < 0)
		return -1;
	rc = put_answer(&c, number, CALL_DONE, result, result->answer) < 0 || learn(&c, result) < 0 || learn_losses(&c, result) < 0 ? -1 : 0;
	return end_change(&c, rc);
}

static int forget_intended(struct change *c)
{
	struct ledger_person p;
	int rc = get_person(c, c->step->person, &p);

	return rc < 0 ? -1 : rc == 1 && !p.user ? forget(c, LEDGER_PEOPLE, c->step->person) : 0;
}

/*
 * Refused for sure: then nothing was made, unlinked or deleted, and nothing of that name or mail that turns up later is ours; and to an
 * account that is no more nothing is owed, nor is it known by its id.
 */
static int unlearn(struct change *c, const struct step_result *result)
{
	if (result->status < 400 || result->status > 499)
		return 0;
	if (makes_user(c->step->kind))
		return forget_intended(c);
	if (c->step->kind == STEP_UNLINK)
		return ledger_mark_unlinked(c->arena, c->txn, c->target, c->step->user, 0, c->err);
	if (c->step->kind == STEP_USER_DELETE || (c->step->kind == STEP_RESTORE && result->status == 404))
		return ledger_owe_no_more(c->arena, c->txn, c->target, c->step->user, c->err);
	if (result->status == 400 && ledger_lose_unknown(c->arena, c->txn, c->target, c->step, NULL, c->err) < 0)
		return -1;
	return makes_group(c->step->kind) ? forget(c, LEDGER_GROUPS, c->step->name) : 0;
}

int ledger_failed(struct ledger *l, uint64_t number, const char *target, const struct step *step, const struct step_result *result,
	const struct error *why, int64_t now, struct error *err)
{
	struct change c = {.target = target, .step = step, .now = now, .err = err};
	int rc;

	if (begin_change(l, &c) < 0)
		return -1;
	rc = put_answer(&c, number, CALL_FAILED, result, result->answer ? result->answer : why->detail) < 0 ||
		unlearn(&c, result) < 0 ? -1 : 0;
	return end_change(&c, rc);
}

static int adopt_one(struct change *c)
{
	struct ledger_call call = {.at = c->now, .ended = c->now, .target = c->target, .step = *c->step, .state = CALL_DONE};

	if (next_number(c, &call.number) < 0)
		return -1;
	call.run = run_id(c, &(bool){false});
	return put_call(c, &call) < 0 || drop_oldest(c) < 0 || learn_adopted(c) < 0 ? -1 : 0;
}

int ledger_adopt(struct ledger *l, const char *const *targets, const struct step *steps, size_t n, int64_t now, struct error *err)
{
	struct change c = {.now = now, .err = err};
	int rc = 0;

	if (begin_change(l, &c) < 0)
		return -1;
	for (size_t i = 0; i < n && rc == 0; i++) {
		c.target = targets[steps[i].target];
		c.step = &steps[i];
		rc = adopt_one(&c);
	}
	return end_change(&c, rc);
}

/* ---- reading ---- */

struct listing {
	size_t skip;
	int (*each)(const struct ledger_call *call, void *context);
	void *context;
	struct error *err;
};

static int list_call(struct slice key, struct slice value, void *context)
{
	struct listing *l = context;
	struct ledger_call call;
	struct arena *a;
	int rc;

	if (l->skip > 0) {
		l->skip--;
		return 0;
	}
	a = arena_new();
	rc = ledger_call_read(a, key, value, &call, l->err);
	if (rc == 0)
		rc = l->each(&call, l->context);
	arena_free(a);
	return rc;
}

int ledger_calls(struct ledger *l, size_t limit, int (*each)(const struct ledger_call *call, void *context), void *context,
	struct error *err)
{
	struct listing listing = {.each = each, .context = context, .err = err};
	struct store_txn *t;
	size_t count;
	int rc;

	if (!l->store)
		return 0;
	if (store_begin_read(l->store, &t, err) < 0)
		return -1;
	rc = store_count(t, LEDGER_CALLS, &count, err);
	listing.skip = rc == 0 && count > limit ? count - limit : 0;
	if (rc == 0)
		rc = store_each(t, LEDGER_CALLS, (struct slice){NULL, 0}, list_call, &listing, err);
	store_abort(t);
	return rc;
}
