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

const struct feed_protocol *feed_protocol(enum directory_kind kind)
{
	static const struct feed_protocol *const protocols[] = {
		[DIRECTORY_OPENLDAP] = &sync_protocol, [DIRECTORY_ACTIVE_DIRECTORY] = &ad_protocol,
		[DIRECTORY_OTHER] = &poll_protocol,
	};

	return protocols[kind];
}
