/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Assertions of LMDB about what is in a file: see damage.h. */
#include "store/damage.h"

#include "base/log.h"

static void found(MDB_env *env, const char *assertion)
{
	struct damage *d = mdb_env_get_userctx(env);

	if (d->way_back)
		longjmp(*d->way_back, 1);
	log_error("a file is damaged, and this process ends of it", "file", d->path, "detail", assertion, NULL);
}

void damage_watch(MDB_env *env, struct damage *d)
{
	mdb_env_set_userctx(env, d);
	mdb_env_set_assert(env, found);
}

int damage_get(struct damage *d, MDB_txn *txn, MDB_dbi table, MDB_val *key, MDB_val *value)
{
	jmp_buf here;
	int rc;

	d->way_back = &here;
	if (setjmp(here) == 0)
		rc = mdb_get(txn, table, key, value);
	else
		rc = MDB_CORRUPTED;
	d->way_back = NULL;
	return rc;
}

int damage_cursor_get(struct damage *d, MDB_cursor *cursor, MDB_val *key, MDB_val *value, MDB_cursor_op op)
{
	jmp_buf here;
	int rc;

	d->way_back = &here;
	if (setjmp(here) == 0)
		rc = mdb_cursor_get(cursor, key, value, op);
	else
		rc = MDB_CORRUPTED;
	d->way_back = NULL;
	return rc;
}
