/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each wanted account finds the one that is there, or none.  Mails are where
 * people are mistaken for each other, so every doubt ends in a task for a
 * human, and nothing is done for that person until then.
 */
#include "provision/ledger_record.h"
#include "provision/plan_parts.h"
#include "provision/sorted.h"

#include <ctype.h>

/* What an account that has the wanted mail already means for who wants it. */
enum holder {
	HOLDER_FREE,                    /* nobody's that we know of */
	HOLDER_RENAMED,                 /* another's, who gets another mail in this plan */
	HOLDER_GONE,                    /* another's, who is not in the directory any more */
	HOLDER_LIVING                   /* another's, who keeps it */
};

static void ask(struct planning *p, const struct side *s, const struct want *w, enum plan_task_kind kind, const char *what)
{
	if (p->frozen[w->person])
		return;
	p->frozen[w->person] = true;
	plan_task(p, kind, s->number, person_of(p, w->person), what);
}

static void refuse(struct planning *p, const struct side *s, const struct want *w, enum plan_problem_kind kind, const char *what)
{
	if (p->frozen[w->person])
		return;
	p->frozen[w->person] = true;
	plan_problem(p, kind, s->number, person_of(p, w->person)->id, what);
}

/* ---- one mail of two people ---- */

static void find_shared_mails(struct planning *p, struct side *s)
{
	struct index mails = {0};

	for (uint32_t i = 0; i < s->want_count; i++)
		index_add(p->arena, &mails, s->wants[i].mail, i);
	index_sort(&mails);
	for (size_t i = 0; i + 1 < mails.n; i++) {
		if (strcmp(mails.pairs[i].key, mails.pairs[i + 1].key) != 0)
			continue;
		ask(p, s, &s->wants[mails.pairs[i].value], TASK_ONE_MAIL, arena_printf(p->arena, "%s is also the mail of %s", mails.pairs[i].key,
			person_of(p, s->wants[mails.pairs[i + 1].value].person)->dn));
		ask(p, s, &s->wants[mails.pairs[i + 1].value], TASK_ONE_MAIL, arena_printf(p->arena, "%s is also the mail of %s",
			mails.pairs[i].key, person_of(p, s->wants[mails.pairs[i].value].person)->dn));
	}
}

/* ---- accounts that are known ---- */

static const char *mail_now(const struct planning *p, const struct side *s, uint32_t user)
{
	const struct world_user *u = &s->world->users[user];
	uint32_t record = s->users[user].record;

	if (u->mail)
		return u->mail;
	if (record != NOBODY && p->ledger->people[record].mail)
		return p->ledger->people[record].mail;
	return u->user_name;
}

static void take_known(struct planning *p, struct side *s, uint32_t n)
{
	struct want *w = &s->wants[n];
	uint32_t user = s->user_of[w->person], record;
	const char *now;

	if (user == NOBODY)
		return;
	w->user = user;
	s->want_of_user[user] = n;
	s->users[user].wanted = true;
	if (s->users[user].guarded)
		return;
	record = s->users[user].record;
	w->adopts = record == NOBODY || strcmp(p->ledger->people[record].person, person_of(p, w->person)->id) != 0;
	if (s->users[user].unlinked) {
		w->relinks = !s->world->users[user].account_id;
		w->adopts = !w->relinks;        /* linked again by itself: the ledger learns it */
	}
	now = mail_now(p, s, user);
	w->changes_mail = now ? strcasecmp(now, w->mail) != 0 : is_scim(s);
}

/* ---- mails ---- */

static bool is_guid(const char *s)
{
	size_t i;

	for (i = 0; s && s[i]; i++)
		if ((i == 8 || i == 13 || i == 18 || i == 23) ? s[i] != '-' : !isxdigit((unsigned char)s[i]))
			return false;
	return s && i == 36;
}

static enum holder judge_holder(const struct side *s, uint32_t user)
{
	const struct account_state *state = &s->users[user];

	if (state->person != NOBODY) {
		uint32_t want = s->want_of_user[user];

		/* at a site a human changes it: until then a customer that is made of this mail would be answered by the account that has it */
		return want != NOBODY && is_scim(s) && s->wants[want].changes_mail ? HOLDER_RENAMED : HOLDER_LIVING;
	}
	/* Another's by the ledger; or by an object id that the directory does not know: whoever had this account is gone. */
	return state->record != NOBODY || is_guid(s->world->users[user].external_id) ? HOLDER_GONE : HOLDER_FREE;
}

/* The other account with this mail and how many there are: an account may be listed twice, by mail and by user name. */
static uint32_t other_holder(const struct side *s, const struct want *w, size_t *count_out)
{
	uint32_t found = NOBODY;
	const struct pair *pairs;
	size_t n, count = 0;

	pairs = index_find(&s->by_mail, w->mail, &n);
	for (size_t i = 0; pairs && i < n; i++) {
		if (pairs[i].value == w->user || pairs[i].value == found)
			continue;
		found = pairs[i].value;
		count++;
	}
	*count_out = count;
	return found;
}

/* Somebody decides by this whose account it is, so both are named as people know them. */
static void ask_moved(struct planning *p, const struct side *s, const struct want *w, const char *whose)
{
	const struct desired_person *now = person_of(p, w->person);

	ask(p, s, w, TASK_MAIL_MOVED, arena_printf(p->arena, "%s was the mail of %s until now; in the directory %s%s%s has it", w->mail, whose,
		now->display_name ? now->display_name : "", now->display_name ? ", " : "", now->dn ? now->dn : now->id));
}

/* Of whom the directory knows nothing any more: by the name that their account has. */
static const char *gone(const struct planning *p, const struct side *s, const char *person)
{
	const struct ledger_person *record = ledger_person_of(p->ledger, s->target->name, person);
	const struct world_user *u = record && record->user ? world_user_by_id(s->world, record->user) : NULL;

	return u && u->display_name ? arena_printf(p->arena, "%s (%s, not in the directory any more)", u->display_name, person) : person;
}

static const char *whose(const struct planning *p, const struct side *s, uint32_t user)
{
	const struct account_state *state = &s->users[user];

	if (state->person != NOBODY)
		return person_of(p, state->person)->dn ? person_of(p, state->person)->dn : person_of(p, state->person)->id;
	if (state->record != NOBODY)
		return gone(p, s, p->ledger->people[state->record].person);
	return s->world->users[user].external_id ? s->world->users[user].external_id : s->world->users[user].id;
}

/* Nobody has the mail, or it may be had: true; *holder_out is who is to be looked at. */
static bool mail_is_free(struct planning *p, struct side *s, struct want *w, uint32_t *holder_out)
{
	const struct desired_person *person = person_of(p, w->person);
	const struct ledger_mail *owner = ledger_mail_of(p->ledger, s->target->name, w->mail);
	size_t count;
	uint32_t holder = other_holder(s, w, &count);
	bool confirmed = owner && strcmp(owner->person, person->id) == 0;
	enum holder kind;

	*holder_out = NOBODY;
	if (owner && !confirmed) {
		const struct desired_person *before = desired_person_by_id(p->desired, owner->person);

		ask_moved(p, s, w, before && before->dn ? before->dn : gone(p, s, owner->person));
		return false;
	}
	if (holder == NOBODY)
		return true;
	if (s->users[holder].guarded) {
		refuse(p, s, w, PROBLEM_PROTECTED, "the account with this mail is protected");
		return false;
	}
	if (count > 1) {
		ask(p, s, w, TASK_TWO_ACCOUNTS, arena_printf(p->arena, "%zu accounts have %s", count, w->mail));
		return false;
	}
	kind = judge_holder(s, holder);
	if (kind == HOLDER_LIVING || (kind != HOLDER_FREE && !confirmed)) {
		ask_moved(p, s, w, whose(p, s, holder));
		return false;
	}
	*holder_out = holder;
	return true;
}

/* Of which domain a managed account cannot be; where the domains are not known it may be. */
static bool is_outside(const struct planning *p, const struct side *s, const char *mail)
{
	const char *at = strrchr(mail, '@');

	return s->target->kind == TARGET_ORGANIZATION && p->world->domains && !p->limits->external_users &&
		!(at && sorted_have(p->world->domains, p->world->domain_count, at + 1));
}

/* What is there already is as it is; nobody would see otherwise that these are no managed accounts. */
static void tell_outside(struct planning *p, const struct side *s)
{
	const char *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < s->want_count; i++) {
		const struct want *w = &s->wants[i];

		if (w->user == NOBODY || w->changes_mail || p->frozen[w->person] || !is_outside(p, s, w->mail))
			continue;
		first = first ? first : w->mail;
		n++;
	}
	if (n > 0)
		plan_problem(p, PROBLEM_MAIL_OUTSIDE, s->number, NULL, arena_printf(p->arena, "%zu %s outside of the organisation's verified domains "
			"(%s%s), so single sign-on does not reach them", n, n == 1 ? "account has a mail" : "accounts have mails", first, n > 1 ? ", ..." : ""));
}

static void change_mail(struct planning *p, struct side *s, struct want *w)
{
	uint32_t holder;

	if (!is_scim(s)) {
		w->changes_mail = false;
		plan_task(p, TASK_PORTAL_MAIL, s->number, person_of(p, w->person), arena_printf(p->arena, "the account has %s, the directory says %s",
			mail_now(p, s, w->user), w->mail));
		return;
	}
	if (plan_guards_mail(p, w->mail)) {
		refuse(p, s, w, PROBLEM_PROTECTED, "the new mail is protected, so it is given to nobody");
		return;
	}
	if (is_outside(p, s, w->mail)) {
		ask(p, s, w, TASK_MAIL_OUTSIDE, arena_printf(p->arena, "the account has %s, the directory says %s, which is outside of the "
			"organisation's verified domains", mail_now(p, s, w->user), w->mail));
		return;
	}
	if (!mail_is_free(p, s, w, &holder) || holder == NOBODY)
		return;
	if (judge_holder(s, holder) == HOLDER_RENAMED)
		w->waits_for = holder;
	else
		ask(p, s, w, TASK_TWO_ACCOUNTS, arena_printf(p->arena, "the person has an account, and another one has %s", w->mail));
}

static void find_or_make(struct planning *p, struct side *s, uint32_t n)
{
	struct want *w = &s->wants[n];
	uint32_t holder;

	if (!mail_is_free(p, s, w, &holder))
		return;
	if (holder != NOBODY && s->world->users[holder].atlassian) {
		ask(p, s, w, TASK_TO_PORTAL, arena_printf(p->arena, "%s has an Atlassian account, which is a customer there, and shall have a "
			"portal-only account", w->mail));
		return;
	}
	if (holder != NOBODY && judge_holder(s, holder) != HOLDER_RENAMED) {
		w->user = holder;
		w->adopts = true;
		s->user_of[w->person] = holder;
		s->want_of_user[holder] = n;
		s->users[holder].person = w->person;
		s->users[holder].wanted = true;
		return;
	}
	w->waits_for = holder;
	if (plan_guards_mail(p, w->mail)) {
		refuse(p, s, w, PROBLEM_PROTECTED, "the mail is protected, so no account is made for it");
		return;
	}
	if (is_outside(p, s, w->mail)) {
		refuse(p, s, w, PROBLEM_MAIL_OUTSIDE, arena_printf(p->arena, "%s is outside of the organisation's verified domains, where no managed "
			"account is made; accounts: external_users: yes makes one of an external user", w->mail));
		return;
	}
	if (plan_other_kind(p, s, w))
		return;
	if (is_scim(s) && s->world->user_count + s->creates >= PLAN_USERS_A_DIRECTORY) {
		refuse(p, s, w, PROBLEM_DIRECTORY_FULL, "Atlassian takes 150,000 users a directory");
		return;
	}
	s->creates++;
}

/* Who waits for a mail of somebody for whom nothing is done waits, too. */
static void freeze_those_who_wait(struct planning *p)
{
	bool again = true;

	while (again) {
		again = false;
		for (size_t i = 0; i < p->desired->target_count; i++) {
			const struct side *s = &p->sides[i];

			for (size_t k = 0; k < s->want_count; k++) {
				const struct want *w = &s->wants[k];

				if (w->waits_for == NOBODY || p->frozen[w->person] || !p->frozen[s->users[w->waits_for].person])
					continue;
				ask_moved(p, s, w, whose(p, s, w->waits_for));
				again = true;
			}
		}
	}
}

void plan_match(struct planning *p)
{
	for (size_t i = 0; i < p->desired->target_count; i++) {
		struct side *s = &p->sides[i];

		if (!s->usable)
			continue;
		find_shared_mails(p, s);
		for (uint32_t n = 0; n < s->want_count; n++)
			take_known(p, s, n);
	}
	for (size_t i = 0; i < p->desired->target_count; i++) {
		struct side *s = &p->sides[i];

		for (uint32_t n = 0; s->usable && n < s->want_count; n++) {
			struct want *w = &s->wants[n];

			if (p->frozen[w->person])
				continue;
			if (w->user == NOBODY)
				find_or_make(p, s, n);
			else if (w->changes_mail)
				change_mail(p, s, w);
		}
		if (s->usable)
			tell_outside(p, s);
	}
	freeze_those_who_wait(p);
}
