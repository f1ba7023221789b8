/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the provision role and `postern apply` leave in the audit of accounts:
 * each change before it is asked for, and what became of it.
 *
 * With `audit_failure: refuse` no change is asked for whose line could not be
 * written, and after one whose second line could not, nothing more is done: the
 * first one stands there, and the ledger has the answer.
 */
#ifndef GATEWAY_PROVISION_AUDIT_H
#define GATEWAY_PROVISION_AUDIT_H

#include "base/random.h"
#include "gateway/audit.h"
#include "gateway/provisioning/provisioning.h"
#include "provision/apply.h"

struct provision_audit {
	struct audit *audit;
	const struct provisioning *provisioning;
	char id[RANDOM_SPOKEN_SIZE];    /* of the lines of one plan */
	const char *by;                 /* who called `postern apply`; NULL: the role does it */
	bool accepted;                  /* what is unusual in the plan */
	int64_t began_us;               /* of the change under way */
};

void provision_audit_begin(struct provision_audit *out, struct audit *audit, const struct provisioning *p, const char *by, bool accepted);
/* For apply_options.record.  REASON_AUDIT, unless `audit_failure: continue`. */
int provision_audit_record(struct provision_audit *a, const struct apply_change *change, struct error *err);
/* A mail that moved is this person's: somebody says so.  Before it counts. */
int provision_audit_confirm(struct provision_audit *a, const struct plan_task *task, struct error *err);

/* Who sits at the terminal, also behind sudo.  Before rights are given up. */
const char *provision_audit_caller(struct arena *a);

#endif
