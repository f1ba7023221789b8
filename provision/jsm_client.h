/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Jira Service Management's REST interface of one site: portal-only customers,
 * the desks whose customers they are, and customer organizations.
 *
 * What is not as one would think: an organization that is there already is
 * answered like one that was made; a call about many accounts may fail and
 * have been done for some; how many stand on a page is the server's to say, so
 * pages are read until one says that it is the last; mails may be kept from us.
 * There is no list of all customers of a site: who is at none of the desks and
 * in none of the organizations that we look into is not in the world.
 */
#ifndef PROVISION_JSM_CLIENT_H
#define PROVISION_JSM_CLIENT_H

#include "provision/step.h"
#include "provision/web.h"

#define JSM_PAGE 50                     /* asked for at once */
#define JSM_LIST_MOST 300000            /* accounts or organizations in one list */
#define JSM_ACCOUNTS_CALL 50            /* accounts in one call */

/* Users, desks of target->desks and organizations into *out, of which nothing else is touched; members of target->groups alone. */
int jsm_read(struct arena *a, struct web *w, const struct target *target, struct world_target *out, struct error *err);

/* A step of kind CUSTOMER_…, DESK_… or ORGANIZATION_…; see step.h. */
int jsm_step(struct arena *a, struct web *w, const struct target *target, const struct step *step, struct step_result *out, struct error *err);

/* Portal-only accounts are known by the form of their id. */
bool jsm_is_portal_only(const char *account_id);

#endif
