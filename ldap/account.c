/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What Active Directory says of an account that is not so once and for all:
 * until when it is good, which no change tells of when the time comes, and
 * which group is its primary one, which that group does not say.
 */
#include "ldap/ad_values.h"
#include "ldap/reader.h"

#include "base/clock.h"

/* The SID of the group, in the text form; false: not known. */
static bool primary_sid(const struct record *person, char out[SID_TEXT_SIZE])
{
	const struct mirror_attribute *sid = record_attribute(person, "objectsid");
	const struct mirror_attribute *rid = record_attribute(person, "primarygroupid");

	return sid && sid->n == 1 && rid && rid->n == 1 && sid_of_primary_group(sid->values[0], rid->values[0], out) == 0;
}

int account_primary_group(struct reading *r, const struct directory_options *d, node_id person, node_id *out, struct error *err)
{
	char sid[SID_TEXT_SIZE];
	struct record record;
	struct slice s;
	struct key k;
	int found;

	*out = 0;
	found = directory_is_ad(d) ? read_person(r, person, &s, err) : 0;
	if (found <= 0)
		return found;
	if (record_read(r->arena, s, &record, err) < 0)
		return -1;
	if (!primary_sid(&record, sid))
		return 0;
	k = key_node(d->name, sid_node_name(r->arena, sid));
	found = store_get(r->txn, TABLE_NODE, key_slice(&k), &s, err);
	if (found > 0)
		*out = node_read(s);
	return found < 0 ? -1 : 0;
}

int require_account(const struct directory_options *d, const struct record *person, struct error *err)
{
	const struct mirror_attribute *m = record_attribute(person, "accountexpires");

	if (!directory_is_ad(d) || !m || m->n == 0 || !account_has_ended(m->values[0], clock_now()))
		return 0;
	return error_set(err, REASON_PERSON_DISABLED, "the account %s has expired in directory %s (accountExpires)", person->dn,
		d->name);
}
