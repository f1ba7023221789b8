/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Desks that are open, or public: anybody may ask there, and to take a customer
 * out of one is refused.  No interface tells the kind of a desk, so what was
 * answered is kept for a day; then it is tried once more.
 */
#include "provision/ledger_record.h"

static int desk_key(struct arena *a, const char *target, const char *desk, struct slice *out, struct error *err)
{
	return ledger_run_key(a, LEDGER_DESK, target, desk, out, err);
}

int ledger_note_desk(struct arena *a, struct store_txn *t, const char *target, const char *desk, int64_t now, struct error *err)
{
	unsigned char at[8];
	struct slice key;

	if (desk_key(a, target, desk, &key, err) < 0)
		return -1;
	return store_put(t, LEDGER_RUN, key, ledger_number(at, (uint64_t)now), err);
}

int ledger_forget_desk(struct arena *a, struct store_txn *t, const char *target, const char *desk, struct error *err)
{
	struct slice key;

	if (desk_key(a, target, desk, &key, err) < 0)
		return -1;
	return store_delete(t, LEDGER_RUN, key, (struct slice){NULL, 0}, err) < 0 ? -1 : 0;
}

int ledger_desk_read(struct arena *a, struct slice key, struct slice value, struct ledger_desk *out, struct error *err)
{
	if (value.n != 8 || ledger_run_key_read(a, LEDGER_DESK, key, &out->target, &out->desk) < 0)
		return error_set(err, REASON_STORE, "an open desk in the ledger is damaged");
	out->at = (int64_t)ledger_number_read(value);
	return 0;
}

/* Few of them. */
const struct ledger_desk *ledger_open_desk(const struct ledger_view *view, const char *target, const char *desk, int64_t now)
{
	for (size_t i = 0; i < view->open_desk_count; i++) {
		const struct ledger_desk *d = &view->open_desks[i];

		if (strcmp(d->target, target) == 0 && strcmp(d->desk, desk) == 0)
			return now - d->at < LEDGER_DESK_KEPT && d->at <= now + LEDGER_CLOCK_AHEAD ? d : NULL;
	}
	return NULL;
}
