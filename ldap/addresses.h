/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The addresses of a server's name, one after another.
 *
 * With CONNECT_ASYNC, which connection.c needs, libldap begins with the first
 * address of a name and goes on to no other one when that refuses or stays
 * silent.  So each is waited for in CONNECT_CB, where a failure leads to the next.
 *
 * Half of the time that is left is for each, so that a domain is reached of whose
 * servers several are off, since resolvers have them in the same order every
 * time.  A server may also take connections and be of no use: it hangs, or lacks
 * what we need.  Such an address is passed over from then on, for as long as
 * another one of its name can be connected to.
 */
#ifndef LDAP_ADDRESSES_H
#define LDAP_ADDRESSES_H

#include "ldap/mirror.h"

struct addresses;

struct addresses *addresses_new(int64_t seconds, const struct mirror_progress *progress);       /* progress may be NULL */
void addresses_free(struct addresses *a);
/* For LDAP_OPT_CONNECT_CB; lives as long as `a`. */
void *addresses_callback(struct addresses *a);

/* What was connected to is of no use. */
void addresses_doubt(const struct addresses *a);
/* Nothing was connected to, and some were passed over: they are not any more, so that another try has them. */
bool addresses_forgive(const struct addresses *a);

#endif
