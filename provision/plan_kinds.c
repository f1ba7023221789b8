/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Kinds of accounts are sticky: a portal-only account and an Atlassian account
 * on one mail are two accounts, and neither becomes the other by interface.
 * So before one is made, the other kind is looked for wherever it can be seen.
 */
#include "provision/plan_parts.h"

static bool listed_as(const struct planning *p, const char *mail, enum account_kind kind)
{
	size_t n;
	const struct pair *found = index_find(&p->accounts, mail, &n);

	for (size_t i = 0; found && i < n; i++) {
		const struct account *account = &p->world->accounts[found[i].value];

		if (account->kind == kind && !(account->status && strcmp(account->status, "closed") == 0))
			return true;
	}
	return false;
}

static bool other_side(const struct side *s, bool managed)
{
	return (s->target->kind == TARGET_ORGANIZATION) != managed;
}

/* Atlassian accounts may be customers of a site, too: there they are no other kind than anywhere else. */
static bool has_portal_only(const struct side *s, const char *mail)
{
	size_t n;
	const struct pair *found = index_find(&s->by_mail, mail, &n);

	for (size_t i = 0; found && i < n; i++)
		if (!s->world->users[found[i].value].atlassian)
			return true;
	return false;
}

/* Made by somebody, active or not: it is there, and Atlassian will find it. */
static const struct side *other_account(const struct planning *p, const struct want *w, bool managed)
{
	for (size_t i = 0; i < p->desired->target_count; i++) {
		const struct side *s = &p->sides[i];

		if (!s->usable || !other_side(s, managed))
			continue;
		if (s->user_of[w->person] != NOBODY || has_portal_only(s, w->mail))
			return s;
	}
	return NULL;
}

static const struct side *unread_side(const struct planning *p, bool managed)
{
	for (size_t i = 0; i < p->desired->target_count; i++)
		if (!p->sides[i].usable && other_side(&p->sides[i], managed))
			return &p->sides[i];
	return NULL;
}

/* Without somebody who looks no account is made whose other kind only an old list could show.  One that lists nobody of that kind says nothing. */
static bool refuse_by_old_list(struct planning *p, const struct side *side, const struct want *w, bool managed)
{
	if (!p->old_inventory || !p->limits->inventory_needed || !(managed ? p->lists_portal : p->lists_managed))
		return false;
	p->frozen[w->person] = true;
	plan_problem(p, PROBLEM_OTHER_KIND_UNREAD, side->number, person_of(p, w->person)->id, p->old_inventory);
	return true;
}

bool plan_other_kind(struct planning *p, struct side *side, struct want *w)
{
	bool managed = side->target->kind == TARGET_ORGANIZATION;
	const struct desired_person *person = person_of(p, w->person);
	const struct side *other = other_account(p, w, managed), *unread;

	if (managed && listed_as(p, w->mail, ACCOUNT_MANAGED))          /* making it by SCIM links the one that is there */
		return false;
	if (other || listed_as(p, w->mail, managed ? ACCOUNT_PORTAL : ACCOUNT_MANAGED)) {
		p->frozen[w->person] = true;
		plan_task(p, managed ? TASK_TO_MANAGED : TASK_TO_PORTAL, side->number, person,
			arena_printf(p->arena, managed ? "%s has a portal-only account%s%s, and shall have an Atlassian account" :
				"%s has an Atlassian account%s%s, and shall have a portal-only account", w->mail,
				other ? " at " : "", other ? other->target->name : ""));
		return true;
	}
	unread = unread_side(p, managed);
	if (unread) {
		p->frozen[w->person] = true;
		plan_problem(p, PROBLEM_OTHER_KIND_UNREAD, side->number, person->id,
			arena_printf(p->arena, "%s could not be read, so nobody knows who has an account there", unread->target->name));
	}
	return unread || refuse_by_old_list(p, side, w, managed);
}
