/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Many accounts in one call that fails as a whole, or in part without saying
 * which: halves are tried until it is known who is not taken.
 * Internal to provision/.
 */
#ifndef PROVISION_BATCHES_H
#define PROVISION_BATCHES_H

#include "provision/step.h"

#define BATCH_FAILED_MOST 10            /* after so many that are not taken alone, the rest of the call is not asked about singly */

struct batches {
	/* Sends ids[0 … n); notes what it sent in *out.  1 all were taken, 0 not all of them, -1 error. */
	int (*send)(struct arena *a, void *context, const char *const *ids, size_t n, struct step_result *out, struct error *err);
	void *context;
	size_t most;                    /* ids in one call */
};

/*
 * out->failed: who was not taken.  -1 when nobody was: *err is what send put
 * there, and PROVISION_STEP.
 */
int batches_do(struct arena *a, const struct batches *b, const char *const *ids, struct step_result *out, struct error *err);

#endif
