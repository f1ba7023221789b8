/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The index holds names as they fold.  A file whose index was written by other
 * rules is found by it no more: it is written anew, once, from the records.  Two
 * that are one name by the new rules are both found by it, and stay.
 */
#include "scim/internal.h"

#define FOLDING 1                       /* a file that does not say: ASCII letters alone */

struct reindexing {
	struct store_txn *t;
	const struct resource_kind *kind;
	struct error *err;
};

static int index_one(struct slice key, struct slice value, void *context)
{
	const struct reindexing *r = context;
	struct id id;
	json_t *kept;
	int rc = data_record(key, value, &id, &kept, r->err);

	if (rc <= 0)
		return rc;
	rc = r->kind->index(r->t, NULL, kept, &id, r->err);
	json_decref(kept);
	return rc;
}

static int reindex(struct store_txn *t, struct error *err)
{
	struct reindexing users = {t, &user_kind, err}, groups = {t, &group_kind, err};
	const struct slice all = {NULL, 0};

	if (store_clear(t, DATA_INDEX, err) < 0 || store_each(t, DATA_USERS, all, index_one, &users, err) < 0 ||
		store_each(t, DATA_GROUPS, all, index_one, &groups, err) < 0)
		return -1;
	return data_meta_put(t, DATA_FOLDING, FOLDING, err);
}

int reindex_if_needed(struct store *s, struct error *err)
{
	struct store_txn *t;
	int64_t folding;

	if (store_begin_write(s, &t, err) < 0)
		return -1;
	if (data_meta_get(t, DATA_FOLDING, &folding, err) < 0 || (folding != FOLDING && reindex(t, err) < 0)) {
		store_abort(t);
		return -1;
	}
	return store_commit(t, err);
}
