/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SCIM users that the way back cut off their accounts.
 *
 * Unlinked: known from before the call until the user is deleted or linked
 * again, whoever it belongs to.
 *
 * Owed: deleting a user deactivates the account, and what comes then, its
 * activation, may never come (killed, a refused key). So it is owed from before
 * the deletion until it was done.
 */
#include "provision/ledger_record.h"

#include "provision/step_json.h"

/* ---- unlinked ---- */

int ledger_mark_unlinked(struct arena *a, struct store_txn *t, const char *target, const char *user, int64_t now, struct error *err)
{
	unsigned char at[8];
	struct slice key;

	if (ledger_run_key(a, LEDGER_UNLINKED, target, user, &key, err) < 0)
		return -1;
	if (now)
		return store_put(t, LEDGER_RUN, key, ledger_number(at, (uint64_t)now), err);
	return store_delete(t, LEDGER_RUN, key, (struct slice){NULL, 0}, err) < 0 ? -1 : 0;
}

int ledger_unlinked_read(struct arena *a, struct slice key, struct ledger_unlinked *out, struct error *err)
{
	struct ledger_unlinked u;

	if (ledger_run_key_read(a, LEDGER_UNLINKED, key, &u.target, &u.user) < 0)
		return error_set(err, REASON_STORE, "an unlinked user in the ledger is damaged");
	*out = u;
	return 0;
}

/* ---- owed ---- */

static int owed_key(struct arena *a, const char *target, const char *user, struct slice *out, struct error *err)
{
	return ledger_run_key(a, LEDGER_OWED, target, user, out, err);
}

/* Nothing is owed of who was on no account: deleting them reaches nobody. */
int ledger_owe(struct arena *a, struct store_txn *t, const char *target, const struct step *s, int64_t now, struct error *err)
{
	struct slice key;
	struct text value;

	if (!s->account_id)
		return 0;
	if (owed_key(a, target, s->user, &key, err) < 0)
		return -1;
	text_begin(&value, a, 128);
	text_add_c(&value, "{");
	json_add_text(&value, "account", s->account_id);
	json_add_text(&value, "person", s->person);
	json_add_number(&value, "since", now);
	text_add_c(&value, "}");
	return store_put(t, LEDGER_RUN, key, text_slice(&value), err);
}

int ledger_owe_no_more(struct arena *a, struct store_txn *t, const char *target, const char *user, struct error *err)
{
	struct slice key;

	if (owed_key(a, target, user, &key, err) < 0)
		return -1;
	return store_delete(t, LEDGER_RUN, key, (struct slice){NULL, 0}, err) < 0 ? -1 : 0;
}

int ledger_owed_read(struct arena *a, struct slice key, struct slice value, struct ledger_owed *out, struct error *err)
{
	struct ledger_owed o = {0};
	json_t *object;

	if (ledger_run_key_read(a, LEDGER_OWED, key, &o.target, &o.user) < 0)
		return error_set(err, REASON_STORE, "what is owed to an account in the ledger is damaged");
	object = json_loadb(value.p, value.n, JSON_REJECT_DUPLICATES, NULL);
	o.account_id = json_get_text(a, object, "account");
	o.person = json_get_text(a, object, "person");
	o.since = json_get_number(object, "since");
	json_decref(object);
	if (!o.account_id)
		return error_set(err, REASON_STORE, "what is owed to %.80s at %.80s in the ledger is damaged", o.user, o.target);
	*out = o;
	return 0;
}

static bool is_there(const struct desired *d, const struct world *w, const struct ledger_owed *o)
{
	for (size_t i = 0; i < d->target_count; i++)
		if (strcmp(d->targets[i].name, o->target) == 0)
			return w->targets[i].complete && world_user_by_id(&w->targets[i], o->user);
	return false;
}

int ledger_settle_owed(struct arena *a, struct ledger *l, const struct desired *desired, const struct world *world, struct error *err)
{
	struct ledger_view view;
	struct store_txn *t;
	int rc = 0;

	if (ledger_load(a, l, &view, err) < 0)
		return -1;
	if (view.owed_count == 0)
		return 0;
	if (store_begin_write(l->store, &t, err) < 0)
		return -1;
	for (size_t i = 0; i < view.owed_count && rc == 0; i++)
		if (is_there(desired, world, &view.owed[i]))
			rc = ledger_owe_no_more(a, t, view.owed[i].target, view.owed[i].user, err);
	if (rc == 0)
		return store_commit(t, err);
	store_abort(t);
	return -1;
}
