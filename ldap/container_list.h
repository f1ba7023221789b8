/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DNs by entryUUID, in memory. */
#ifndef LDAP_CONTAINER_LIST_H
#define LDAP_CONTAINER_LIST_H

#include "ldap/record.h"

struct container_list {
	void *tree;
	size_t n, bytes;
};

/* NULL: not there.  Until it is put again, or taken away. */
const char *container_look_up(const struct container_list *l, const unsigned char uuid[UUID_SIZE]);
void container_put(struct container_list *l, const unsigned char uuid[UUID_SIZE], const char *dn);
bool container_take_away(struct container_list *l, const unsigned char uuid[UUID_SIZE]);        /* was it there? */
void containers_empty(struct container_list *l);

#endif
