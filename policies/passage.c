/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words for outcomes, and the table of outcomes by door. */
#include "policies/policies.h"

static const char *const words[OUTCOME_COUNT] = {
	[OUTCOME_DENY] = "deny",
	[OUTCOME_LICENSED] = "licensed",
	[OUTCOME_CUSTOMER] = "customer",
	[OUTCOME_PORTAL] = "portal",
};

/*
 * Atlassian makes the account of the kind of the door, at once, and an
 * account's kind cannot be changed back.  So each outcome has an assertion at
 * the doors of its own kind only; elsewhere the browser is sent on.
 */
static const enum passage passages[OUTCOME_COUNT][DOOR_PORTAL + 1] = {
	[OUTCOME_DENY] = {
		[DOOR_NONE] = PASSAGE_REFUSE, [DOOR_MANAGED] = PASSAGE_REFUSE, [DOOR_PORTAL] = PASSAGE_REFUSE},
	[OUTCOME_LICENSED] = {
		[DOOR_NONE] = PASSAGE_TO_MANAGED, [DOOR_MANAGED] = PASSAGE_ASSERT, [DOOR_PORTAL] = PASSAGE_TO_MANAGED},
	[OUTCOME_CUSTOMER] = {
		[DOOR_NONE] = PASSAGE_TO_MANAGED, [DOOR_MANAGED] = PASSAGE_ASSERT, [DOOR_PORTAL] = PASSAGE_TO_MANAGED},
	[OUTCOME_PORTAL] = {
		[DOOR_NONE] = PASSAGE_TO_PORTAL, [DOOR_MANAGED] = PASSAGE_TO_PORTAL, [DOOR_PORTAL] = PASSAGE_ASSERT},
};

const char *outcome_word(enum outcome o)
{
	return (unsigned int)o < OUTCOME_COUNT ? words[o] : "unknown";
}

int outcome_read(const char *word, enum outcome *out)
{
	for (int i = 0; word && i < OUTCOME_COUNT; i++)
		if (strcmp(words[i], word) == 0) {
			*out = (enum outcome)i;
			return 0;
		}
	return -1;
}

static bool is_at(const char *const *at, const char *door)
{
	for (; at && door && *at; at++)
		if (strcmp(*at, door) == 0)
			return true;
	return false;
}

static enum passage refuse(enum reason reason, enum reason *reason_out)
{
	*reason_out = reason;
	return PASSAGE_REFUSE;
}

enum passage passage_for(const struct decision *decision, const struct door *door, enum reason *reason_out)
{
	enum door_kind kind = door ? door->kind : DOOR_NONE;

	if (!decision->granted || decision->outcome == OUTCOME_DENY)
		return refuse(decision->reason != REASON_NONE ? decision->reason : REASON_DENIED_BY_DEFAULT, reason_out);
	if ((unsigned int)decision->outcome >= OUTCOME_COUNT || (unsigned int)kind > DOOR_PORTAL)
		return refuse(REASON_INTERNAL, reason_out);
	if (decision->outcome == OUTCOME_PORTAL && (!decision->at || !decision->at[0]))
		return refuse(REASON_WRONG_SITE, reason_out);
	if (decision->outcome == OUTCOME_PORTAL && kind == DOOR_PORTAL && !is_at(decision->at, door->name))
		return refuse(REASON_WRONG_SITE, reason_out);
	return passages[decision->outcome][kind];
}
