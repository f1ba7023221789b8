/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of doing a plan.  Internal to provision/. */
#ifndef PROVISION_APPLY_PARTS_H
#define PROVISION_APPLY_PARTS_H

#include "provision/apply.h"

/* Something that a step brought and later ones need, of one target: the account of a person, the id of a group, somebody's bad luck. */
struct learned {
	size_t target;
	const char *key, *id;
};
struct learned_list {
	struct learned *list;
	size_t n;
	bool sorted;
};

struct applying {
	struct arena *arena;            /* what must live to the end */
	const struct desired *desired;
	const struct plan *plan;
	struct ledger *ledger;
	const struct step_doer *doer;
	const struct apply_options *options;
	struct apply_result *result;
	struct learned_list users, groups, troubled;
	bool *stopped;                  /* of each target */
	struct error *err;
};

/* 1: to the end; 0: `go_on` said no; -1: the ledger could not be written. */
int apply_steps(struct applying *w);

#endif
