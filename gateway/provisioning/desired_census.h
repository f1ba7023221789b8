/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Desired state: everybody of the mirror, judged as a sign-on would be, and
 * what accounts that asks for at the connections that make them.
 *
 * Where a sign-on would be refused for anything but a plain "no" of the rules
 * or a switched off entry (found twice, data too old, a mail of a claimed
 * domain, …), the person is held: nothing is done for them, and nothing is
 * taken away.
 */
#ifndef GATEWAY_DESIRED_CENSUS_H
#define GATEWAY_DESIRED_CENSUS_H

#include "gateway/census/census.h"
#include "provision/desired.h"

struct desired_left {
	size_t without_id;              /* people whom nothing names for ever: none is made for them, and one that they have stays */
	const char *example;            /* DN of one of them; NULL: there is none */
};

/*
 * The connections that make accounts, in the order of the settings, without secrets (settings_target_secrets); policy and
 * marks say which groups they have.  *n_out may be 0.
 */
int desired_targets(struct arena *a, const struct gateway *g, const struct policy *policy, struct target **out, size_t *n_out,
	struct error *err);

/* Out of everybody.  MIRROR_EMPTY: a directory was never read whole, so nobody knows who is gone, or the rules of LDAP were not. */
int desired_of_census(struct census *c, const struct policy *policy, struct desired *out, struct desired_left *left, struct error *err);

#endif
