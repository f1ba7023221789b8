/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which protocol follows which kind of directory. */
#include "ldap/ad.h"
#include "ldap/poll.h"
#include "ldap/sync.h"

struct feed_source feed_source(const struct directory_options *d, enum mirror_kind kind)
{
	const struct feed_source sources[MIRROR_KINDS] = {
		[MIRROR_PEOPLE] = {d->people_base, d->people_filter}, [MIRROR_GROUPS] = {d->groups_base, d->groups_filter},
		[MIRROR_RULES] = {d->rules_base, d->rules_filter},
	};

	return sources[kind];
}

void feed_group_attributes(const struct directory_options *d, const char *out[GROUP_ATTRIBUTES_MAX + 3])
{
	size_t n = 0;

	out[n++] = d->group_name_attribute;
	out[n++] = d->member_attribute;
	for (size_t i = 0; d->group_attributes && d->group_attributes[i] && i < GROUP_ATTRIBUTES_MAX; i++)
		out[n++] = d->group_attributes[i];
	out[n] = NULL;
}

const struct feed_protocol *feed_protocol(enum directory_kind kind)
{
	static const struct feed_protocol *const protocols[] = {
		[DIRECTORY_OPENLDAP] = &sync_protocol, [DIRECTORY_ACTIVE_DIRECTORY] = &ad_protocol,
		[DIRECTORY_ENTRA_DOMAIN_SERVICES] = &ad_protocol, [DIRECTORY_OTHER] = &poll_protocol,
	};

	return protocols[kind];
}
