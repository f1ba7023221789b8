/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which protocol follows which kind of directory. */
#include "ldap/sync.h"

const struct feed_protocol *feed_protocol(enum directory_kind kind)
{
	static const struct feed_protocol *const protocols[] = {
		[DIRECTORY_OPENLDAP] = &sync_protocol,
	};

	return protocols[kind];
}
