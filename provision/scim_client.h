/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SCIM 2.0 as Atlassian speaks it: users and groups of one directory.
 *
 * What differs from the standard, and so is not relied on: one `eq` filter at
 * a time, no sorting, pages of 100 at most, PUT clears what it does not name
 * (never used), `displayName` of a group cannot be changed, and a group with
 * the name of a built-in one is answered with success and is not made.
 */
#ifndef PROVISION_SCIM_CLIENT_H
#define PROVISION_SCIM_CLIENT_H

#include "provision/step.h"
#include "provision/web.h"

#define SCIM_PAGE 100                   /* users or groups asked for at once */
#define SCIM_USERS_MOST 150000          /* of a directory, as Atlassian says */
#define SCIM_MEMBERS_CALL 100           /* members in one PATCH */

/*
 * Users and groups into *out, of which nothing else is touched.  Fails when
 * anything is not as it must be, or when the list changed while it was read
 * and did so three times: a list that may lack somebody is none.
 */
int scim_read(struct arena *a, struct web *w, const struct target *target, struct world_target *out, struct error *err);

/* A step of kind USER_…, GROUP_… or MEMBERS_…; see step.h. */
int scim_step(struct arena *a, struct web *w, const struct step *step, struct step_result *out, struct error *err);

#endif
