/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What entry.c and follow.c share. */
#ifndef SCIM_ENTRY_H
#define SCIM_ENTRY_H

#include "ldap/mirror_write.h"
#include "scim/internal.h"

void entry_of_user(struct arena *a, const struct directory_options *d, const struct id *id, const json_t *user, struct entry *out);
void entry_of_group(struct arena *a, const struct directory_options *d, const struct id *id, const json_t *group,
	const struct data_member *members, size_t n, struct entry *out);

#endif
