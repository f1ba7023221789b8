/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who really reads Atlassian and does steps there: `struct step_doer` (step.h)
 * made of the clients of the interfaces, one for each target.
 *
 * Knows no settings, no ledger and no plan.  A key that was refused, or an
 * answer that made no sense, ends every target of that key: its later steps
 * fail with PROVISION_STOP and send nothing.
 */
#ifndef PROVISION_DOER_H
#define PROVISION_DOER_H

#include "provision/organization_client.h"

struct doer_options {
	const struct target *targets;   /* with their keys; must live as long as the doer */
	size_t target_count;
	/* Every account that is known of, by lower-cased mail: handed on into the world.  As they come from the inventory. */
	const struct account *accounts;
	size_t account_count;
	int64_t inventory_as_of;        /* 0: there is no inventory */
	const int64_t *left_alone;      /* of each target, until when Atlassian asked for nothing to be sent (doer_left_alone of a run before); NULL */
	/* For STEP_UNLINK and STEP_RESTORE, which are no call of the target; NULL: such steps fail.  Its functions are those below. */
	const struct organization *organization;
	/* Asked about once a second while anything is waited for; false: stop.  NULL: never asked. */
	bool (*go_on)(void *context);
	/* Tests: told of each wait instead of waiting (web.h).  NULL: it is waited. */
	void (*instead_of_waiting)(int64_t us, void *context);
	void (*answered)(const char *name, int status, void *context);          /* of each request, as in web.h */
	void *context;
};

struct doer;

/* The options are copied, what they point at is not. */
struct doer *doer_new(const struct doer_options *options);
void doer_free(struct doer *d);         /* NULL is fine */

/* Lives as long as the doer. */
const struct step_doer *doer_steps(struct doer *d);

/* Until when this target asked to be left alone, in seconds since 1970; until then nothing is sent to it.  0: it did not. */
int64_t doer_left_alone(const struct doer *d, size_t target);
unsigned doer_requests(const struct doer *d);   /* sent so far, to all targets */

#endif
