/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The entries named during a refresh: what is not in the set at its end is gone.  16 bytes each, in memory. */
#ifndef LDAP_UUID_SET_H
#define LDAP_UUID_SET_H

#include "ldap/record.h"

struct uuid_set;

struct uuid_set *uuid_set_new(void);
void uuid_set_free(struct uuid_set *s);         /* NULL is fine */
void uuid_set_add(struct uuid_set *s, const unsigned char uuid[UUID_SIZE]);
void uuid_set_remove(struct uuid_set *s, const unsigned char uuid[UUID_SIZE]);
bool uuid_set_has(const struct uuid_set *s, const unsigned char uuid[UUID_SIZE]);
size_t uuid_set_count(const struct uuid_set *s);

#endif
