/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file's log, as a follower reads it. */
#include "scim/internal.h"

#include <endian.h>

/* The log's keys are numbers without a hole's being told: each is looked for. */
int data_changes_read(struct store_txn *t, uint64_t known, uint64_t last, struct data_changes *out, struct error *err)
{
	out->n = 0;
	for (out->last = known; out->last < last && out->n < DATA_CHANGES_AT_ONCE;) {
		uint64_t big = htobe64(out->last + 1);
		struct slice value;
		int found = store_get(t, DATA_LOG, slice_of(&big, sizeof(big)), &value, err);

		if (found < 0)
			return -1;
		out->last++;
		if (!found || value.n != 1 + SCIM_ID_SIZE)
			continue;
		out->list[out->n].kind = value.p[0] == 'U' ? RESOURCE_USER : RESOURCE_GROUP;
		memcpy(out->list[out->n++].id.bytes, value.p + 1, SCIM_ID_SIZE);
	}
	return 0;
}

int data_changes_gone(struct store_txn *t, const struct data_changes *c, size_t gone[2], struct error *err)
{
	gone[RESOURCE_USER] = gone[RESOURCE_GROUP] = 0;
	for (size_t i = 0; i < c->n; i++) {
		int table = c->list[i].kind == RESOURCE_USER ? DATA_USERS : DATA_GROUPS;
		struct slice ignored;
		int found = store_get(t, table, id_slice(&c->list[i].id), &ignored, err);

		if (found < 0)
			return -1;
		gone[c->list[i].kind] += found == 0;
	}
	return 0;
}
