/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Plans at random: a few people, accounts, records of the ledger and confirmed
 * mails, all of them contradicting one another.  Whatever comes of it, nobody
 * gets what is another's, nor two accounts, nor a licence that no rule gives.
 */
#include "tests/unit/plan_stage.h"

#define PLANS 20000
#define PEOPLE 6
#define MAILS 5
#define MOST 40

static const char *const mails[MAILS] = {"a@x.org", "b@x.org", "c@x.org", "d@x.org", "e@y.org"};
static const char *const ids[PEOPLE] = {
	"0a0b0c0d-0000-4000-8000-000000000001", "0a0b0c0d-0000-4000-8000-000000000002", "0a0b0c0d-0000-4000-8000-000000000003", "p4", "p5", "p6",
};

static uint32_t seed;
static struct desired_person people[PEOPLE];
static size_t people_count;
static struct ledger_person records[MOST];
static struct ledger_mail owners[MOST];

static unsigned pick(unsigned n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

/* ---- what there is ---- */

/* A rule may give a customer a group that is a licensed one. */
static struct desired_person some_customer(const char *id, const char *mail)
{
	struct desired_person d = customer(id, mail);

	if (pick(3) == 0)
		d.groups = LIST("agents", "customers");
	return d;
}

static struct desired_person somebody(const char *id)
{
	const char *mail = mails[pick(MAILS)];

	switch (pick(6)) {
	case 0:
		return licensed(id, mail);
	case 1:
		return some_customer(id, mail);
	case 2:
		return at_portal(id, mail, PORTAL);
	case 3:
		return denied(id, mail);
	default:
		return at_portal(id, mail, SITE);
	}
}

/* In the order of their ids. */
static void people_at_random(void)
{
	people_count = 0;
	for (size_t i = 0; i < PEOPLE; i++) {
		if (pick(2))
			continue;
		people[people_count] = somebody(ids[i]);
		if (pick(12) == 0)
			people[people_count].held = "in doubt";
		people_count++;
	}
}

static bool has_mail(const struct world_user *users, size_t n, const char *mail)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(users[i].mail, mail) == 0)
			return true;
	return false;
}

/* No two of one target have one mail: the server sees to that. */
static void accounts_at_random(int target)
{
	struct world_user *users = arena_alloc(a, 4 * sizeof(*users));
	size_t n = 0;

	for (unsigned i = 0; i < 4; i++) {
		const char *mail = mails[pick(MAILS)];

		if (pick(3) == 0 || has_mail(users, n, mail))
			continue;
		users[n] = user(arena_printf(a, "u%d%u", target, i), target != SITE && pick(4) ? ids[pick(PEOPLE)] : NULL, mail);
		users[n].active = pick(5) > 0;
		users[n++].atlassian = target == SITE && pick(6) == 0;
	}
	worlds[target].users = users;
	worlds[target].user_count = n;
}

/* Whose the ledger says that it is: mostly whom the account itself names. */
static const char *user_of_record(int target, const char *person)
{
	const struct world_target *w = &worlds[target];
	const struct world_user *u = w->user_count ? &w->users[pick((unsigned)w->user_count)] : NULL;

	if (target == SITE && pick(4) == 0)
		return arena_printf(a, "nowhere-%s", person);
	return u && (!u->external_id || strcmp(u->external_id, person) == 0 || pick(8) == 0) ? u->id : NULL;
}

static bool is_taken(size_t n, int target, const char *user)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(records[i].target, targets[target].name) == 0 && strcmp(records[i].user, user) == 0)
			return true;
	return false;
}

/* In the order of targets' names and ids: "helpdesk", "organisation", "site". */
static void ledger_at_random(void)
{
	static const int in_order[] = {PORTAL, ORG, SITE};
	size_t n = 0, m = 0;

	for (size_t t = 0; t < COUNT(in_order); t++) {
		const char *name = targets[in_order[t]].name;

		for (size_t i = 0; i < PEOPLE; i++) {
			const char *its = pick(2) ? user_of_record(in_order[t], ids[i]) : NULL;

			if (!its || is_taken(n, in_order[t], its))
				continue;
			records[n] = ours(name, ids[i], its, mails[pick(MAILS)]);
			records[n].unwanted_since = pick(3) ? 0 : NOW - 31 * DAY;
			records[n++].ended = pick(6) ? 0 : NOW - DAY;
		}
		for (size_t i = 0; i < MAILS; i++)
			if (pick(2))
				owners[m++] = (struct ledger_mail){name, mails[i], ids[pick(PEOPLE)]};
	}
	ledger = (struct ledger_view){.people = records, .count = n, .mails = owners, .mail_count = m};
}

/* ---- what must not be ---- */

static const struct desired_person *person_of(const struct step *s)
{
	for (size_t i = 0; s->person && i < people_count; i++)
		if (strcmp(people[i].id, s->person) == 0)
			return &people[i];
	return NULL;
}

static const struct ledger_person *record_of(const struct step *s, const char *user)
{
	for (size_t i = 0; i < ledger.count; i++)
		if (strcmp(records[i].target, targets[s->target].name) == 0 && strcmp(records[i].user, user) == 0)
			return &records[i];
	return NULL;
}

static bool is_confirmed(const struct step *s, const char *mail)
{
	const struct ledger_mail *m = mail ? ledger_mail_of(&ledger, targets[s->target].name, mail) : NULL;

	return m && strcmp(m->person, s->person) == 0;
}

/* By the ledger, unless the account names this very person; else by the object id that it names. */
static const char *takes_anothers(const struct step *s)
{
	const struct world_user *u = s->user ? world_user_by_id(&worlds[s->target], s->user) : NULL;
	const struct ledger_person *r = s->user ? record_of(s, s->user) : NULL;
	const char *owner = r ? r->person : u && u->external_id && strlen(u->external_id) == 36 ? u->external_id : NULL;

	if (!owner || !s->person || strcmp(owner, s->person) == 0 || (u && u->external_id && strcmp(u->external_id, s->person) == 0))
		return NULL;
	return is_confirmed(s, u ? u->mail : r ? r->mail : NULL) ? NULL : "an account that is another's";
}

static bool gives_mail(const struct step *s)
{
	return s->fields.mail && (s->kind == STEP_USER_CREATE || s->kind == STEP_CUSTOMER_CREATE || s->kind == STEP_USER_UPDATE);
}

/* Unless whoever has it gets another one, or is deleted, in a step before. */
static const char *gives_mail_that_is_there(const struct plan *plan, size_t at)
{
	const struct step *s = &plan->steps[at];
	const struct world_target *w = &worlds[s->target];

	for (size_t i = 0; gives_mail(s) && i < w->user_count; i++) {
		bool moved = s->user && strcmp(w->users[i].id, s->user) == 0;

		for (size_t k = 0; k < at && !moved; k++) {
			const struct step *before = &plan->steps[k];

			moved = before->target == s->target && before->user && strcmp(before->user, w->users[i].id) == 0 &&
				(before->kind == STEP_USER_DELETE || (before->kind == STEP_USER_UPDATE && before->fields.mail));
		}
		if (!moved && strcmp(w->users[i].mail, s->fields.mail) == 0)
			return "a mail that another account has";
	}
	return NULL;
}

static const char *makes_second(const struct step *s)
{
	bool managed = s->target == ORG;

	if (s->kind != STEP_USER_CREATE && s->kind != STEP_CUSTOMER_CREATE)
		return NULL;
	for (size_t i = 0; i < ledger.count; i++)
		if (strcmp(records[i].target, targets[s->target].name) == 0 && strcmp(records[i].person, s->person) == 0 &&
			(world_user_by_id(&worlds[s->target], records[i].user) || (s->target == SITE && !records[i].ended)))
			return "a second account of one person";
	for (size_t t = 0; t < TARGETS; t++)
		for (size_t i = 0; (t == ORG) != managed && i < worlds[t].user_count; i++)
			if (!(managed && worlds[t].users[i].atlassian) && strcmp(worlds[t].users[i].mail, s->fields.mail) == 0)
				return "a second kind of account on one mail";
	return NULL;
}

static const char *switches_off_wrongly(const struct step *s)
{
	const struct desired_person *person = person_of(s);

	if (s->kind != STEP_USER_DEACTIVATE && s->kind != STEP_CUSTOMER_REVOKE)
		return NULL;
	if (!record_of(s, s->user))
		return "an account that is not ours, off";
	return person && desired_wants(person, s->target) ? "an account that is wanted, off" : NULL;
}

static const char *licenses_wrongly(const struct step *s)
{
	if (s->kind != STEP_MEMBERS_ADD || strcmp(s->name, "agents") != 0)
		return NULL;
	for (size_t i = 0; i < s->member_count; i++) {
		const struct step one = {.person = s->members[i]};
		const struct desired_person *person = person_of(&one);

		if (!person || person->held || person->kind != DESIRED_LICENSED)
			return "a licence that no rule gives";
	}
	return NULL;
}

static const char *wrong_with(const struct plan *plan, size_t at)
{
	const struct step *s = &plan->steps[at];
	const char *why = person_of(s) && person_of(s)->held ? "something for who is in doubt" : takes_anothers(s);

	why = why ? why : gives_mail_that_is_there(plan, at);
	why = why ? why : makes_second(s);
	why = why ? why : switches_off_wrongly(s);
	return why ? why : licenses_wrongly(s);
}

static void nobody_gets_what_is_anothers_whatever_contradicts_itself(void **state)
{
	size_t steps = 0;

	for (uint32_t i = 0; i < PLANS; i++) {
		struct plan plan;

		end(state);
		begin(state);
		seed = i;
		people_at_random();
		for (int t = 0; t < TARGETS; t++)
			accounts_at_random(t);
		ledger_at_random();
		plan = make(people, people_count);
		for (size_t k = 0; k < plan.step_count; k++) {
			const char *why = wrong_with(&plan, k);

			if (why)
				fail_msg("plan %u, step %zu: %s: %s", i, k, why, said(&plan));
		}
		steps += plan.step_count;
	}
	assert_true(steps > PLANS / 2);         /* or nothing was tried */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nobody_gets_what_is_anothers_whatever_contradicts_itself, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
