/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The way back: people who are billed though no rule licenses them.
 *
 * A plan of one stage at a time, the least harmful first; the next one is
 * planned only after the world and the inventory were read again, and holds
 * only those who are still billed:
 *
 *  groups   out of the licensed groups.  Undone by a rule or an exception that
 *           licenses them, and an ordinary plan.
 *  products what gives access without a group of ours (Trello, a local group)
 *           is a task for a human, by product.
 *  unlink   the SCIM user is taken off the Atlassian account; both stay as
 *           they are, and the ledger knows it, so that no later plan switches
 *           the SCIM user off.  Undone by an ordinary plan that wants the
 *           person again: it deletes the SCIM user and makes another one, which
 *           Atlassian links.  Nobody has seen that yet, so only for people who
 *           shall have no Atlassian account.
 *  delete   the SCIM user is deleted, which deactivates the account, and the
 *           account is activated again.  Not undone: the SCIM user is gone.
 *
 * Always explicit: each such plan is stopped until it is accepted, the first
 * of a stage is for one test person (apply refuses more), and each batch is a
 * plan of its own.  Not
 * proven on a live site: the calls are known from Atlassian's documents alone.
 * Protected accounts, administrators, and whoever is held are never in it, nor is anybody whose SCIM user is another account's than
 * the inventory says.  Nobody is cut whose account is off, or shall be since the directory has switched them off or lost them.
 * Who is billed and not in it is named with the reason (PROBLEM_BILLED_LEFT),
 * but for those whom a rule licenses.
 * Whoever shall be a portal-only customer is: an ordinary plan leaves them all
 * they have (TASK_TO_PORTAL), since it cannot make the account that replaces it.
 */
#ifndef PROVISION_WAY_BACK_H
#define PROVISION_WAY_BACK_H

#include "provision/plan.h"

enum way_back_stage { WAY_BACK_GROUPS, WAY_BACK_PRODUCTS, WAY_BACK_UNLINK, WAY_BACK_DELETE, WAY_BACK_STAGES };

const char *way_back_word(enum way_back_stage stage);           /* "groups", "products", "unlink", "delete" */
const char *way_back_says(enum way_back_stage stage);           /* what it does, a sentence */
const char *way_back_undo(enum way_back_stage stage);           /* how it is undone; NULL: it is not */
bool way_back_asks_organization(enum way_back_stage stage);     /* it needs the key of the organisation */

struct way_back_options {
	enum way_back_stage stage;
	const char *only;               /* mail of the one person it is tried with; NULL: everybody */
	size_t most;                    /* people in this batch */
};

/* As plan_make; who is billed is the inventory's word, so without one there is nobody.  Memory and errors as there. */
int way_back_make(struct arena *a, const struct desired *desired, const struct world *world, const struct ledger_view *ledger,
	const struct plan_limits *limits, const struct way_back_options *options, int64_t now, struct plan *out, struct error *err);

#endif
