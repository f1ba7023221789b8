/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The census: everybody of the mirror, each judged as a sign-on would be.
 *
 * Works on a copy of the mirror, so that it may take its time; needs no key, no
 * identity provider, no connection and no running service.  What only a
 * sign-on knows (claims, second factor, guests, door) is not asked: so
 * `require` is left out, and a person counts as a member of the tenant.
 */
#ifndef GATEWAY_CENSUS_H
#define GATEWAY_CENSUS_H

#include "gateway/judge.h"

struct census {
	const char *command;            /* for messages */
	struct arena *arena;
	struct gateway gateway;         /* its mirror is a copy */
	size_t people;                  /* in all directories */
	const struct mirror_state *states;      /* of each directory, in the order of the settings */
	int64_t now;
	bool (*alive)(void *context);   /* called now and then while people are judged; NULL: never */
	void *alive_context;
};

/* Copies the mirror; the rights are the caller's business.  REASON_MIRROR_EMPTY: nothing was read yet. */
int census_begin(struct arena *a, const char *command, const struct settings *settings, struct census *out, struct error *err);
/* Everybody was judged who shall be: the copy, which is as large as the mirror, is no longer needed. */
void census_end_judging(struct census *c);
void census_close(struct census *c);

/* Everybody, with progress; as mirror_each. */
int census_each(struct census *c, int (*each)(struct arena *one_arena, const struct mirror_one *one, void *context), void *context,
	struct error *err);

/* What a person is given. */
struct standing {
	struct judgement judgement;     /* its decision: what the rules say, also where a sign-on is refused */
	size_t rule;                    /* place of the rule that matched; policy->rule_count: none did; beyond: an exception gave it */
	struct error refusal;           /* reason NONE: a sign-on is let through, as far as it can be known */
};

void census_judge(struct arena *one_arena, const struct census *c, const struct policy *policy, const struct mirror_one *one,
	struct standing *out);

/* How the rule found the person: "corp:agents through corp:team"; "" when it named no group. */
const char *census_path(struct arena *a, const struct judgement *j);
/* One group with its way to the person, as census_path. */
const char *census_group_path(struct arena *a, const struct mirror_person *person, size_t group);

#endif
