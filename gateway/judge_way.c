/* SPDX-License-Identifier: GPL-3.0-or-later */
/* May these people, and this kind of request, go the way that the judge found? */
#include "gateway/judge.h"

/* A link may ask others than the door that it asserts to: that door's people come from its own providers alone. */
static int require_provider(const struct judge_question *q, const struct judgement *j, struct error *err)
{
	const char *const *own = j->door ? j->door->providers : NULL;

	if (j->passage != PASSAGE_ASSERT)
		return 0;
	while (own && *own && (!q->provider || strcmp(*own, q->provider) != 0))
		own++;
	if (own && *own)
		return 0;
	return error_set(err, REASON_PROVIDER_CHOICE, "%s was asked, which is not among the providers of %s", q->provider ? q->provider : "(none)",
		j->door ? j->door->name : "(none)");
}

/* SAML core 3.4.1: IsPassive takes no visible control, and another door is a page like any other. */
static int require_stay(const struct judge_question *q, const struct judgement *j, struct error *err)
{
	if (j->passage == PASSAGE_ASSERT || !q->is_passive)
		return 0;
	return error_set(err, REASON_ELSEWHERE, "a passive request, and the way is %s", judge_passage_word(j->passage));
}

int judge_way(const struct judge_question *q, const struct judgement *j, struct error *err)
{
	return require_provider(q, j, err) < 0 || require_stay(q, j, err) < 0 ? -1 : 0;
}
