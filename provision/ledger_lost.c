/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Accounts that a site does not know any more.
 *
 * A site lists people by its desks and customer organizations alone, so of who
 * is in none of them the ledger's id is all that is known, and it is used.
 * Where the site says that there is no such account, the id is forgotten: the
 * next plan makes one, or finds another by its mail.
 */
#include "provision/ledger_record.h"

#include "provision/batches.h"
#include "provision/sorted.h"

static int forget_user(struct arena *a, struct store_txn *t, const char *target, const char *person, const char *user, struct error *err)
{
	struct ledger_person p;
	struct slice key, value;
	int rc;

	if (ledger_key(a, target, person, &key, err) < 0)
		return -1;
	rc = store_get(t, LEDGER_PEOPLE, key, &value, err);
	if (rc <= 0)
		return rc;
	if (ledger_person_read(a, key, value, &p, err) < 0)
		return -1;
	if (!p.user || strcmp(p.user, user) != 0)
		return 0;
	p.user = NULL;
	return store_put(t, LEDGER_PEOPLE, key, ledger_person_write(a, &p), err);
}

/* From so many on not each of them was asked for by itself. */
static bool each_was_asked(const struct step *s, const char *const *failed)
{
	return (failed ? texts_count(failed) : s->member_count) < BATCH_FAILED_MOST;
}

int ledger_lose_unknown(struct arena *a, struct store_txn *t, const char *target, const struct step *s, const char *const *failed,
	struct error *err)
{
	if ((s->kind != STEP_DESK_ADD && s->kind != STEP_ORGANIZATION_ADD) || !s->member_users || !each_was_asked(s, failed))
		return 0;
	for (size_t i = 0; i < s->member_count; i++) {
		const char *user = s->member_users[i];

		if (user && (!failed || texts_have(failed, user)) && forget_user(a, t, target, s->members[i], user, err) < 0)
			return -1;
	}
	return 0;
}
