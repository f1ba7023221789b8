/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a plan costs, and who is why on it.
 *
 * A seat is an active account in a licensed group: what Postern itself gives.
 * Its products are those of the person's rule, by the price table of `postern
 * seats`; of who has a seat and is licensed by no rule, the usual ones.  What
 * Atlassian really bills, seats that others gave too, is `postern seats`' to
 * say.
 */
#ifndef GATEWAY_PLAN_BILL_H
#define GATEWAY_PLAN_BILL_H

#include "gateway/census/bill.h"
#include "gateway/provisioning/provisioning.h"

struct plan_bill {
	struct bill bill;
	struct bill_users now, after;
	size_t seats_now, seats_after, taken, given_back;       /* people, also those whose products have no price */
	int64_t taken_money, given_back_money;  /* a month more, a month less; MONEY_UNKNOWN */
	size_t billed;                  /* of the way back: people of the plan whom the inventory says to be billed */
	int64_t billed_money;           /* a month less, were they billed for nothing any more; MONEY_UNKNOWN */
};

void plan_bill_reckon(const struct provisioning *p, struct plan_bill *out);
/* In words for a terminal, below the lists of a plan. */
void plan_bill_print(const struct provisioning *p, const struct plan_bill *b);
/* The whole plan for programs, with the bill and everybody that it says something about, on standard output. */
void plan_print_json(const struct provisioning *p);

/* Why of somebody a plan names, from the desired state; of who is not in it, that they are gone. */
const char *plan_reason(const struct provisioning *p, const char *person);

#endif
