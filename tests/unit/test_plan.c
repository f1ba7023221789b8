/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a plan does, and above all what it does not. */
#include "tests/unit/unit.h"

#include "base/text.h"
#include "provision/plan.h"

#define NOW 1795000000
#define DAY 86400

/* Lives as long as the test. */
#define LIST(...) list_of((const char *const[]){__VA_ARGS__, NULL})
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct arena *a;
static struct plan_limits limits;
static struct ledger_view ledger;
static const char *stale, *const *nameless;
static bool groups_unsure;

static const char *const *list_of(const char *const *from)
{
	size_t n = 0;
	const char **list;

	while (from[n])
		n++;
	list = arena_alloc(a, (n + 1) * sizeof(*list));
	memcpy(list, from, n * sizeof(*list));
	return list;
}

/* The organisation, one portal by SCIM, one by REST. */
enum { ORG, PORTAL, SITE, TARGETS };
static struct target targets[TARGETS];
static struct world_target worlds[TARGETS];
static struct world world;

static int begin(void **state)
{
	(void)state;
	a = arena_new();
	limits = (struct plan_limits){.grace = 30 * DAY, .lose_most = SIZE_MAX, .lose_percent = 100, .seats_most = SIZE_MAX, .seats_percent = 100};
	ledger = (struct ledger_view){0};
	stale = NULL;
	nameless = NULL;
	groups_unsure = false;
	memset(worlds, 0, sizeof(worlds));
	targets[ORG] = (struct target){.name = "organisation", .kind = TARGET_ORGANIZATION, .base = "o",
		.groups = LIST("agents", "customers"), .licensed = LIST("agents")};
	targets[PORTAL] = (struct target){.name = "helpdesk", .kind = TARGET_PORTAL_SCIM, .base = "p", .groups = LIST("partners")};
	targets[SITE] = (struct target){.name = "site", .kind = TARGET_PORTAL_REST, .base = "s", .groups = LIST("partners"),
		.desks = LIST("15")};
	for (int i = 0; i < TARGETS; i++)
		worlds[i].complete = true;
	world = (struct world){.targets = worlds, .target_count = TARGETS, .inventory_as_of = NOW};
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

static struct desired_person licensed(const char *id, const char *mail)
{
	return (struct desired_person){.id = id, .dn = id, .mail = mail, .display_name = id, .kind = DESIRED_LICENSED, .groups = LIST("agents"),
		.rule = "agents", .why = "rule agents"};
}

static struct desired_person customer(const char *id, const char *mail)
{
	return (struct desired_person){.id = id, .dn = id, .mail = mail, .display_name = id, .kind = DESIRED_CUSTOMER,
		.groups = LIST("customers"), .rule = "employees", .why = "rule employees"};
}

static struct desired_person at_portal(const char *id, const char *mail, size_t target)
{
	struct desired_place *place = arena_alloc(a, sizeof(*place));

	*place = (struct desired_place){.target = target, .organizations = LIST("partners"), .desks = target == SITE ? LIST("15") : NULL};
	return (struct desired_person){.id = id, .dn = id, .mail = mail, .display_name = id, .kind = DESIRED_PORTAL, .places = place,
		.place_count = 1, .rule = "partners", .why = "rule partners"};
}

static struct desired_person denied(const char *id, const char *mail)
{
	return (struct desired_person){.id = id, .dn = id, .mail = mail, .kind = DESIRED_NOTHING};
}

static struct world_user user(const char *id, const char *external, const char *mail)
{
	return (struct world_user){.id = id, .external_id = external, .user_name = mail, .mail = mail, .display_name = external, .active = true};
}

static struct world_group group(const char *id, const char *name, const char *const *members)
{
	struct world_group g = {.id = id, .name = name, .members = members};

	for (; members && members[g.member_count]; g.member_count++)
		;
	return g;
}

static struct ledger_person ours(const char *target, const char *person, const char *its_user, const char *mail)
{
	return (struct ledger_person){.target = target, .person = person, .user = its_user, .mail = mail, .deed = LEDGER_CREATED,
		.since = NOW - 100 * DAY};
}

#define SET_USERS(target, list) (worlds[target].users = (list), worlds[target].user_count = COUNT(list))
#define SET_GROUPS(target, list) (worlds[target].groups = (list), worlds[target].group_count = COUNT(list))
#define SET_MADE(list) (ledger.groups = (list), ledger.group_count = COUNT(list))
#define SET_LEDGER(list) (ledger.people = (list), ledger.count = COUNT(list))

static struct plan make(const struct desired_person *people, size_t count)
{
	struct desired desired = {.targets = targets, .target_count = TARGETS, .people = people, .count = count, .stale = stale,
		.nameless = nameless, .groups_unsure = groups_unsure};
	struct plan plan = {0};
	struct error err;

	assert_done(plan_make(a, &desired, &world, &ledger, &limits, NOW, &plan, &err), err);
	return plan;
}

/* "user-create m1" for each step, separated by a comma: kind, then person, or name and members. */
static const char *said(const struct plan *plan)
{
	char *all = arena_strdup(a, "");

	for (size_t i = 0; i < plan->step_count; i++) {
		const struct step *s = &plan->steps[i];

		all = arena_printf(a, "%s%s%s %s", all, i > 0 ? ", " : "", step_kind_word(s->kind), s->person ? s->person : s->name);
		for (size_t k = 0; k < s->member_count; k++)
			all = arena_printf(a, "%s%s%s", all, k > 0 ? "+" : ":", s->members[k]);
	}
	return all;
}

static void assert_task(const struct plan *plan, enum plan_task_kind kind, const char *person)
{
	for (size_t i = 0; i < plan->task_count; i++)
		if (plan->tasks[i].kind == kind && strcmp(plan->tasks[i].person ? plan->tasks[i].person : plan->tasks[i].group, person) == 0)
			return;
	fail_msg("no task %s for %s", plan_task_word(kind), person);
}

static void assert_problem(const struct plan *plan, enum plan_problem_kind kind)
{
	for (size_t i = 0; i < plan->problem_count; i++)
		if (plan->problems[i].kind == kind)
			return;
	fail_msg("no problem %s", plan_problem_word(kind));
}

/* ---- making ---- */

static void makes_people_then_groups_then_members(void **state)
{
	const struct desired_person people[] = {licensed("p1", "a@x.org"), customer("p2", "b@x.org"), at_portal("p3", "c@y.org", PORTAL),
		at_portal("p4", "d@y.org", SITE)};
	const struct world_group desks[] = {group("15", "Help", NULL)};
	struct plan plan;

	(void)state;
	worlds[SITE].desks = desks;
	worlds[SITE].desk_count = 1;
	plan = make(people, COUNT(people));
	assert_string_equal(said(&plan), "user-create p1, user-create p2, user-create p3, customer-create p4, group-create agents, "
		"group-create customers, group-create partners, organization-create partners, members-add agents:p1, members-add customers:p2, "
		"members-add partners:p3, organization-add partners:p4, desk-add 15:p4");
	assert_string_equal(plan.steps[0].fields.external_id, "p1");
	assert_string_equal(plan.steps[0].fields.mail, "a@x.org");
	assert_string_equal(plan.steps[0].why, "rule agents");
	assert_null(plan.steps[3].fields.external_id);
	assert_int_equal(plan_seats_now(&plan), 0);
	assert_int_equal(plan_seats_after(&plan), 1);
	assert_int_equal(plan.seat_count, 1);
	assert_string_equal(plan.seats[0].person, "p1");
	assert_false(plan.seats[0].now);
	assert_int_equal(plan.counts[ORG].created, 2);
	assert_int_equal(plan_step_total(&plan, STEP_USER_CREATE, ORG), 2);
	assert_null(plan.stopped);
}

static void nothing_is_to_be_done_where_all_is_as_it_shall_be(void **state)
{
	const struct desired_person people[] = {licensed("p1", "a@x.org"), customer("p2", "b@x.org")};
	const struct world_user users[] = {user("u1", "p1", "A@x.org"), user("u2", "p2", "b@x.org")};
	const struct world_group groups[] = {group("g1", "agents", LIST("u1")), group("g2", "customers", LIST("u2"))};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org"), ours("organisation", "p2", "u2", "b@x.org")};
	struct plan plan;

	(void)state;
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	plan = make(people, 2);
	assert_string_equal(said(&plan), "");
	assert_int_equal(plan.counts[ORG].seats_now, 1);
	assert_int_equal(plan.counts[ORG].ours, 2);
}

static void members_go_in_batches_and_a_group_is_never_overfull(void **state)
{
	enum { MANY = 250 };
	struct desired_person *people = arena_alloc(a, MANY * sizeof(*people));
	const char **members = arena_alloc(a, (PLAN_MEMBERS_A_GROUP + 1) * sizeof(*members));
	struct world_group groups[1];
	struct plan plan;

	(void)state;
	for (int i = 0; i < MANY; i++)
		people[i] = licensed(arena_printf(a, "p%03d", i), arena_printf(a, "p%03d@x.org", i));
	plan = make(people, MANY);
	assert_int_equal(plan_step_total(&plan, STEP_MEMBERS_ADD, ORG), 3);
	assert_int_equal(plan.steps[MANY + 1].member_count, PLAN_MEMBERS_A_CALL);
	assert_int_equal(plan.steps[MANY + 3].member_count, 50);
	assert_string_equal(plan.steps[MANY + 3].why, "50 people by rule agents");

	for (int i = 0; i < PLAN_MEMBERS_A_GROUP - 10; i++)
		members[i] = "stranger";
	groups[0] = group("g1", "agents", members);
	SET_GROUPS(ORG, groups);
	plan = make(people, MANY);
	assert_int_equal(plan.counts[ORG].added, 10);
	assert_problem(&plan, PROBLEM_GROUP_FULL);
}

/* ---- adopting ---- */

static void adopts_by_external_id_then_by_mail(void **state)
{
	const struct desired_person people[] = {customer("p1", "a@x.org"), customer("p2", "b@x.org"), customer("p3", "c@x.org")};
	struct world_user users[] = {user("u1", "p1", "a@x.org"), user("u2", "nickname", "B@X.org"), user("u3", NULL, "c@x.org")};
	const struct world_group groups[] = {group("g2", "customers", LIST("u1", "u2", "u3"))};
	struct plan plan;

	(void)state;
	users[1].display_name = "p2";
	users[2].display_name = "p3";
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	plan = make(people, 3);
	assert_string_equal(said(&plan), "adopt p1, adopt p2, adopt p3, user-update p2, user-update p3");
	assert_string_equal(plan.steps[3].fields.external_id, "p2");
	assert_string_equal(plan.steps[3].before.external_id, "nickname");
	assert_null(plan.steps[3].fields.mail);
	assert_int_equal(plan.counts[ORG].adopted, 3);
}

static void a_guid_is_found_in_any_case(void **state)
{
	const struct desired_person people[] = {customer("7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8", "a@x.org")};
	struct world_user users[] = {user("u1", "7B1C2D3E-4F50-4A61-8B72-93A4B5C6D7E8", "other@x.org")};
	struct plan plan;

	(void)state;
	users[0].display_name = people[0].id;
	SET_USERS(ORG, users);
	plan = make(people, 1);
	assert_string_equal(plan.steps[1].fields.mail, "a@x.org");
	assert_null(plan.steps[1].fields.external_id);
	assert_int_equal(plan.counts[ORG].created, 0);
}

static void updates_what_differs_and_leaves_what_is_not_known(void **state)
{
	struct desired_person people[] = {customer("p1", "new@x.org")};
	struct world_user users[] = {user("u1", "p1", "old@x.org")};
	const struct world_group groups[] = {group("g2", "customers", LIST("u1"))};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "old@x.org")};
	struct plan plan;

	(void)state;
	people[0].title = "Engineer";
	users[0].department = "IT";
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	plan = make(people, 1);
	assert_string_equal(said(&plan), "user-update p1");
	assert_string_equal(plan.steps[0].fields.mail, "new@x.org");
	assert_string_equal(plan.steps[0].before.mail, "old@x.org");
	assert_string_equal(plan.steps[0].fields.title, "Engineer");
	assert_null(plan.steps[0].fields.department);
	assert_null(plan.steps[0].fields.display_name);
}

/* ---- sticky kinds ---- */

static void a_portal_only_account_is_not_doubled_by_an_atlassian_account(void **state)
{
	const struct desired_person people[] = {licensed("p1", "a@x.org"), licensed("p2", "b@x.org"), licensed("p3", "c@x.org")};
	const struct world_user portal[] = {user("q1", NULL, "A@x.org")};
	const struct account accounts[] = {{.mail = "b@x.org", .kind = ACCOUNT_PORTAL},
		{.mail = "c@x.org", .kind = ACCOUNT_PORTAL, .status = "closed"}};
	struct plan plan;

	(void)state;
	SET_USERS(SITE, portal);
	world.accounts = accounts;
	world.account_count = 2;
	plan = make(people, 3);
	assert_string_equal(said(&plan), "user-create p3, group-create agents, members-add agents:p3");
	assert_task(&plan, TASK_TO_MANAGED, "p1");
	assert_task(&plan, TASK_TO_MANAGED, "p2");
	assert_non_null(plan_task_link(TASK_TO_MANAGED));
	assert_non_null(plan_task_steps(TASK_TO_MANAGED)[2]);
}

static void an_atlassian_account_is_not_doubled_by_a_portal_only_one(void **state)
{
	const struct desired_person people[] = {at_portal("p1", "a@x.org", PORTAL), at_portal("p2", "b@x.org", SITE)};
	struct world_user users[] = {user("u1", "p1", "a@x.org")};
	const struct world_group groups[] = {group("g1", "agents", LIST("u1"))};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org")};
	const struct account accounts[] = {{.mail = "b@x.org", .kind = ACCOUNT_MANAGED}};
	struct plan plan;

	(void)state;
	limits.grace = 0;
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	world.accounts = accounts;
	world.account_count = 1;
	plan = make(people, 2);
	assert_string_equal(said(&plan), "");
	assert_task(&plan, TASK_TO_PORTAL, "p1");
	assert_task(&plan, TASK_TO_PORTAL, "p2");
}

/* Among the customers of a site are Atlassian accounts. */
static void an_atlassian_account_that_is_a_sites_customer_is_no_portal_only_one(void **state)
{
	const struct desired_person people[] = {at_portal("p1", "a@x.org", SITE), licensed("p2", "b@x.org"), denied("p3", "c@x.org")};
	struct world_user users[] = {user("5a", NULL, "a@x.org"), user("5b", NULL, "b@x.org"), user("5c", NULL, "c@x.org")};
	struct ledger_person records[] = {ours("site", "p3", "5c", "c@x.org")};
	struct plan plan;

	(void)state;
	limits.grace = 0;
	users[0].atlassian = users[1].atlassian = users[2].atlassian = true;
	SET_USERS(SITE, users);
	SET_LEDGER(records);
	plan = make(people, 3);
	assert_string_equal(said(&plan), "user-create p2, group-create agents, members-add agents:p2");
	assert_task(&plan, TASK_TO_PORTAL, "p1");
	assert_task(&plan, TASK_GROUP_NEW, "agents");
	assert_int_equal(plan.task_count, 2);
}

static void nothing_is_made_while_the_other_kind_cannot_be_seen(void **state)
{
	const struct desired_person people[] = {licensed("p1", "a@x.org")};
	const struct world_user users[] = {user("u1", NULL, "a@x.org")};
	struct plan plan;

	(void)state;
	worlds[SITE].complete = false;
	plan = make(people, 1);
	assert_string_equal(said(&plan), "");
	assert_problem(&plan, PROBLEM_OTHER_KIND_UNREAD);
	SET_USERS(ORG, users);          /* who has an account is not concerned */
	plan = make(people, 1);
	assert_int_equal(plan.counts[ORG].adopted, 1);
}

/* ---- mails ---- */

static void two_people_with_one_mail_are_both_held(void **state)
{
	const struct desired_person people[] = {customer("p1", "a@x.org"), customer("p2", "A@x.org"), customer("p3", "c@x.org")};
	struct plan plan = make(people, 3);

	(void)state;
	assert_int_equal(plan.counts[ORG].created, 1);
	assert_task(&plan, TASK_ONE_MAIL, "p1");
	assert_task(&plan, TASK_ONE_MAIL, "p2");
}

static void a_mail_that_was_anothers_is_held_until_confirmed(void **state)
{
	const struct desired_person people[] = {customer("p2", "a@x.org")};
	struct world_user users[] = {user("u1", "p1", "a@x.org")};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org")};
	struct ledger_mail mails[] = {{"organisation", "a@x.org", "p1"}};
	struct plan plan;

	(void)state;
	SET_USERS(ORG, users);
	SET_LEDGER(records);
	ledger.mails = mails;
	ledger.mail_count = 1;
	plan = make(people, 1);
	assert_string_equal(said(&plan), "");
	assert_task(&plan, TASK_MAIL_MOVED, "p2");

	mails[0].person = "p2";         /* the same human being: the account passes on */
	plan = make(people, 1);
	assert_string_equal(plan.steps[0].person, "p2");
	assert_int_equal(plan.steps[0].kind, STEP_ADOPT);
	assert_string_equal(plan.steps[0].before.external_id, "p1");
	assert_string_equal(plan.steps[1].fields.external_id, "p2");

	mails[0].person = "p1";         /* nobody has the account any more: still another's until somebody says so */
	worlds[ORG].user_count = 0;
	plan = make(people, 1);
	assert_string_equal(said(&plan), "");
	assert_task(&plan, TASK_MAIL_MOVED, "p2");
}

static void an_account_with_an_object_id_that_nobody_knows_is_not_adopted_by_mail(void **state)
{
	const struct desired_person people[] = {customer("p2", "a@x.org")};
	const struct world_user users[] = {user("u1", "7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8", "a@x.org")};
	struct plan plan;

	(void)state;
	SET_USERS(ORG, users);
	plan = make(people, 1);
	assert_string_equal(said(&plan), "");
	assert_task(&plan, TASK_MAIL_MOVED, "p2");
}

static void two_who_swap_their_mails_are_held_then_swapped(void **state)
{
	const struct desired_person people[] = {customer("p1", "b@x.org"), customer("p2", "a@x.org")};
	const struct world_user users[] = {user("u1", "p1", "a@x.org"), user("u2", "p2", "b@x.org")};
	const struct world_group groups[] = {group("g2", "customers", LIST("u1", "u2"))};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org"), ours("organisation", "p2", "u2", "b@x.org")};
	struct ledger_mail mails[] = {{"organisation", "a@x.org", "p1"}, {"organisation", "b@x.org", "p2"}};
	struct plan plan;

	(void)state;
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	ledger.mails = mails;
	ledger.mail_count = 2;
	plan = make(people, 2);
	assert_string_equal(said(&plan), "");
	assert_task(&plan, TASK_MAIL_MOVED, "p1");
	assert_task(&plan, TASK_MAIL_MOVED, "p2");

	mails[0].person = "p2";
	mails[1].person = "p1";
	plan = make(people, 2);
	assert_string_equal(said(&plan), "user-update p1, user-update p2, user-update p1");
	assert_string_equal(plan.steps[0].fields.mail, "postern-swap-u1@x.org");
	assert_string_equal(plan.steps[1].fields.mail, "a@x.org");
	assert_string_equal(plan.steps[2].fields.mail, "b@x.org");
}

static void a_mail_passes_on_after_its_holder_is_renamed(void **state)
{
	struct desired_person people[] = {customer("p1", "new@x.org"), customer("p2", "a@x.org")};
	const struct world_user users[] = {user("u1", "p1", "a@x.org")};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org")};
	const struct ledger_mail mails[] = {{"organisation", "a@x.org", "p2"}};
	struct plan plan;

	(void)state;
	SET_USERS(ORG, users);
	SET_LEDGER(records);
	ledger.mails = mails;
	ledger.mail_count = 1;
	plan = make(people, 2);
	assert_int_equal(plan.steps[0].kind, STEP_USER_UPDATE);
	assert_string_equal(plan.steps[0].fields.mail, "new@x.org");
	assert_int_equal(plan.steps[1].kind, STEP_USER_CREATE);

	people[0].held = "in doubt";    /* then whoever waits for that mail waits, too */
	plan = make(people, 2);
	assert_string_equal(said(&plan), "");
	assert_task(&plan, TASK_MAIL_MOVED, "p2");
}

static void a_second_account_with_the_new_mail_is_a_humans_to_look_at(void **state)
{
	const struct desired_person people[] = {customer("p1", "new@x.org"), customer("p2", "b@x.org")};
	const struct world_user users[] = {user("u1", "p1", "old@x.org"), user("u2", NULL, "new@x.org"), user("u3", NULL, "b@x.org"),
		user("u4", NULL, "b@x.org")};
	struct plan plan;

	(void)state;
	SET_USERS(ORG, users);
	plan = make(people, 2);
	assert_string_equal(said(&plan), "");
	assert_task(&plan, TASK_TWO_ACCOUNTS, "p1");
	assert_task(&plan, TASK_TWO_ACCOUNTS, "p2");
}

static void a_portal_customers_mail_and_return_are_tasks(void **state)
{
	const struct desired_person people[] = {at_portal("p1", "new@x.org", SITE)};
	struct world_user users[] = {user("q1", NULL, "old@x.org")};
	const struct ledger_person records[] = {ours("site", "p1", "q1", "old@x.org")};
	struct plan plan;

	(void)state;
	users[0].active = false;
	SET_USERS(SITE, users);
	SET_LEDGER(records);
	plan = make(people, 1);
	assert_int_equal(plan_step_total(&plan, STEP_CUSTOMER_CREATE, SITE), 0);
	assert_task(&plan, TASK_PORTAL_MAIL, "p1");
	assert_task(&plan, TASK_PORTAL_RETURN, "p1");
}

/* ---- leaving ---- */

/* A site lists only who is at a desk or in an organization. */
static void portal_access_of_who_is_at_no_desk_any_more_is_revoked_when_due(void **state)
{
	const struct desired_person out[] = {denied("p1", "a@x.org")}, up[] = {licensed("p1", "a@x.org")};
	struct desired_person bare[] = {at_portal("p1", "a@x.org", SITE)};
	struct ledger_person records[] = {ours("site", "p1", "q1", "a@x.org")};
	struct plan plan;

	(void)state;
	SET_LEDGER(records);
	plan = make(out, 1);
	assert_string_equal(said(&plan), "");
	assert_int_equal(plan.counts[SITE].waiting, 1);
	records[0].unwanted_since = NOW - 31 * DAY;
	plan = make(out, 1);
	assert_string_equal(said(&plan), "customer-revoke p1");
	assert_string_equal(plan.steps[0].user, "q1");
	plan = make(NULL, 0);           /* not in the directory either */
	assert_string_equal(said(&plan), "customer-revoke p1");
	plan = make(up, 1);             /* the other kind is there, though nobody lists it */
	assert_string_equal(said(&plan), "");
	assert_task(&plan, TASK_TO_MANAGED, "p1");
	((struct desired_place *)bare[0].places)->organizations = ((struct desired_place *)bare[0].places)->desks = NULL;
	records[0].unwanted_since = 0;
	plan = make(bare, 1);           /* made once, not with every plan anew */
	assert_string_equal(said(&plan), "");
	((struct desired_place *)bare[0].places)->desks = LIST("15");
	plan = make(bare, 1);           /* nor where the one desk that was meant is not there any more */
	assert_string_equal(said(&plan), "");
	assert_problem(&plan, PROBLEM_GROUP_UNKNOWN);
	records[0].ended = NOW - DAY;
	plan = make(out, 1);
	assert_string_equal(said(&plan), "");
}

/* Back within the grace time, with the mail of before or another one: it is their account, which nobody lists. */
static void who_comes_back_to_a_site_has_the_account_of_before(void **state)
{
	const struct desired_person back[] = {at_portal("p1", "new@x.org", SITE)};
	const struct ledger_person records[] = {ours("site", "p1", "q1", "old@x.org")};
	struct plan plan;

	(void)state;
	SET_LEDGER(records);
	plan = make(back, 1);
	assert_int_equal(plan_step_total(&plan, STEP_CUSTOMER_CREATE, SITE), 0);
	assert_task(&plan, TASK_PORTAL_MAIL, "p1");
	for (size_t i = 0; i < plan.step_count; i++)
		assert_true(plan.steps[i].kind == STEP_ORGANIZATION_CREATE || strcmp(plan.steps[i].member_users[0], "q1") == 0);
	assert_int_equal(plan_step_total(&plan, STEP_ORGANIZATION_ADD, SITE), 1);
}

static void nobody_is_taken_to_be_gone_by_old_data_or_without_a_name(void **state)
{
	const struct world_user users[] = {user("u1", "p1", "a@x.org"), user("u2", "p2", "B@x.org")};
	const struct world_group groups[] = {group("g1", "agents", LIST("u1", "u2"))};
	struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org"), ours("organisation", "p2", "u2", "b@x.org")};
	struct plan plan;

	(void)state;
	records[0].unwanted_since = records[1].unwanted_since = NOW - 31 * DAY;
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	stale = "corp was last heard of long ago";
	plan = make(NULL, 0);
	assert_string_equal(said(&plan), "");
	assert_int_equal(plan.counts[ORG].waiting, 2);
	assert_problem(&plan, PROBLEM_HELD);
	stale = NULL;
	nameless = LIST("b@X.org");
	plan = make(NULL, 0);
	assert_string_equal(said(&plan), "members-remove agents:p1, user-deactivate p1");
}

static void who_is_gone_stays_as_they_were_until_the_grace_time_is_over(void **state)
{
	const struct world_user users[] = {user("u1", "p1", "a@x.org")};
	const struct world_group groups[] = {group("g1", "agents", LIST("u1"))};
	struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org")};
	struct plan plan;

	(void)state;
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	plan = make(NULL, 0);           /* nobody looked before: the grace time begins now */
	assert_string_equal(said(&plan), "");
	assert_int_equal(plan.counts[ORG].waiting, 1);
	records[0].unwanted_since = NOW - 30 * DAY + 1;
	plan = make(NULL, 0);
	assert_string_equal(said(&plan), "");
	records[0].unwanted_since = NOW - 30 * DAY;
	plan = make(NULL, 0);
	assert_string_equal(said(&plan), "members-remove agents:p1, user-deactivate p1");
	assert_int_equal(plan.counts[ORG].seats_now, 1);
	assert_int_equal(plan.counts[ORG].seats_after, 0);
	assert_int_equal(plan.counts[ORG].losing, 1);
	assert_int_equal(plan.seat_count, 1);
	assert_string_equal(plan.seats[0].person, "p1");        /* by the ledger: the directory does not have them */
	assert_true(plan.seats[0].now && !plan.seats[0].after);
}

static void who_is_denied_leaves_the_groups_at_once_and_the_account_later(void **state)
{
	const struct desired_person people[] = {denied("p1", "a@x.org"), denied("p2", NULL)};
	const struct world_user users[] = {user("u1", "p1", "a@x.org"), user("u2", "p2", "b@x.org")};
	const struct world_group groups[] = {group("g1", "agents", LIST("u1", "u2"))};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org")};
	struct plan plan;

	(void)state;
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	plan = make(people, 2);
	assert_string_equal(said(&plan), "members-remove agents:p1+p2");
	limits.grace = 0;
	plan = make(people, 2);         /* u2 is not ours */
	assert_string_equal(said(&plan), "members-remove agents:p1+p2, user-deactivate p1");
}

static void who_returns_is_activated_again(void **state)
{
	const struct desired_person people[] = {licensed("p1", "a@x.org")};
	struct world_user users[] = {user("u1", "p1", "a@x.org")};
	struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org")};
	const struct world_group groups[] = {group("g1", "agents", NULL)};
	struct plan plan;

	(void)state;
	users[0].active = false;
	records[0].ended = NOW - DAY;
	records[0].unwanted_since = NOW - 40 * DAY;
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	plan = make(people, 1);
	assert_string_equal(said(&plan), "members-add agents:p1, user-activate p1");
	assert_int_equal(plan.counts[ORG].seats_after, 1);
}

static void an_agent_who_becomes_a_customer_is_moved_in_that_order(void **state)
{
	const struct desired_person people[] = {customer("p1", "a@x.org")};
	const struct world_user users[] = {user("u1", "p1", "a@x.org")};
	const struct world_group groups[] = {group("g1", "agents", LIST("u1"))};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org")};
	struct plan plan;

	(void)state;
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	plan = make(people, 1);
	assert_string_equal(said(&plan), "group-create customers, members-add customers:p1, members-remove agents:p1");
	assert_int_equal(plan_seats_after(&plan), 0);
}

/* ---- what is left alone ---- */

static void a_customer_is_never_put_into_a_licensed_group(void **state)
{
	struct desired_person people[] = {customer("p1", "a@x.org")};
	struct plan plan;

	(void)state;
	people[0].groups = LIST("agents", "customers");
	plan = make(people, 1);
	assert_string_equal(said(&plan), "user-create p1, group-create customers, members-add customers:p1");
	assert_problem(&plan, PROBLEM_CUSTOMER_LICENSED);
}

static void the_protected_are_not_touched(void **state)
{
	const struct desired_person people[] = {customer("p1", "new@x.org"), denied("p2", "b@x.org"), customer("p3", "c@x.org"),
		customer("p4", "d@x.org")};
	struct world_user users[] = {user("u1", "p1", "a@x.org"), user("u2", "p2", "b@x.org"), user("u4", NULL, "d@x.org")};
	const struct world_group groups[] = {group("g1", "agents", LIST("u1", "u2"))};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org"), ours("organisation", "p2", "u2", "b@x.org")};
	const struct account accounts[] = {{.mail = "d@x.org", .id = "557058:admin", .kind = ACCOUNT_MANAGED}};
	struct plan plan;

	(void)state;
	limits.grace = 0;
	limits.protect = LIST("A@X.org", "c@x.org");
	limits.administrators = LIST("u2", "557058:admin");
	world.accounts = accounts;
	world.account_count = 1;
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	plan = make(people, 4);
	assert_string_equal(said(&plan), "");
	assert_problem(&plan, PROBLEM_PROTECTED);
}

/* Who may change their own mail in the directory must not become the administrator by it. */
static void a_protected_mail_is_given_to_nobody(void **state)
{
	const struct desired_person people[] = {customer("p1", "root@example.net")};
	struct world_user users[] = {user("u1", "p1", "a@x.org")};
	const struct world_group groups[] = {group("g2", "customers", LIST("u1"))};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org")};
	struct plan plan;

	(void)state;
	limits.administrators = LIST("Root@example.net");
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	plan = make(people, 1);
	assert_string_equal(said(&plan), "");
	assert_problem(&plan, PROBLEM_PROTECTED);
}

static void a_protected_group_keeps_its_members_and_gets_none(void **state)
{
	const struct desired_person people[] = {licensed("p1", "a@x.org"), denied("p2", "b@x.org")};
	const struct world_user users[] = {user("u1", "p1", "a@x.org"), user("u2", "p2", "b@x.org")};
	const struct world_group groups[] = {group("g1", "agents", LIST("u2"))};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org"), ours("organisation", "p2", "u2", "b@x.org")};
	struct plan plan;

	(void)state;
	limits.protect_groups = LIST("ag*");
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	plan = make(people, 2);
	assert_string_equal(said(&plan), "");
	assert_problem(&plan, PROBLEM_PROTECTED);
}

static void who_cannot_be_given_the_new_group_keeps_the_old_one(void **state)
{
	struct desired_person people[] = {licensed("p1", "a@x.org")};
	const struct world_user users[] = {user("u1", "p1", "a@x.org")};
	const struct world_group groups[] = {group("g1", "agents", LIST("u1"))};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org")};
	struct plan plan;

	(void)state;
	targets[ORG].groups = targets[ORG].licensed = LIST("agents", "jira-servicedesk-users-acme");
	people[0].groups = LIST("jira-servicedesk-users-acme");
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	plan = make(people, 1);
	assert_string_equal(said(&plan), "");
	assert_problem(&plan, PROBLEM_GROUP_BUILTIN);
}

static void the_held_keep_all_they_have(void **state)
{
	struct desired_person people[] = {denied("p1", "a@x.org")};
	const struct world_user users[] = {user("u1", "p1", "a@x.org")};
	const struct world_group groups[] = {group("g1", "agents", LIST("u1"))};
	struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org")};
	struct plan plan;

	(void)state;
	limits.grace = 0;
	people[0].held = "facts are too old";
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	plan = make(people, 1);
	assert_string_equal(said(&plan), "");
	assert_problem(&plan, PROBLEM_HELD);
}

static void strangers_and_what_was_not_read_are_left_alone(void **state)
{
	const struct world_user users[] = {user("u1", NULL, "a@x.org"), user("u2", "p2", "b@x.org")};
	const struct world_group groups[] = {group("g1", "agents", LIST("u1", "u2"))};
	const struct ledger_person records[] = {ours("organisation", "p2", "u2", "b@x.org")};
	struct plan plan;

	(void)state;
	limits.grace = 0;
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	plan = make(NULL, 0);
	assert_string_equal(said(&plan), "members-remove agents:p2, user-deactivate p2");
	assert_problem(&plan, PROBLEM_STRANGERS);
	assert_string_equal(plan.problems[plan.problem_count - 1].what,
		"agents has 1 member that nobody here knows, left alone, though each may take a seat: a@x.org");
	worlds[ORG].complete = false;
	worlds[ORG].fault = "429";
	plan = make(NULL, 0);
	assert_string_equal(said(&plan), "");
	assert_problem(&plan, PROBLEM_TARGET_UNREAD);
}

/* A key that was revoked must not look like a world in which nothing is to be done. */
static void a_target_that_was_not_read_is_no_success(void **state)
{
	const struct desired_person people[] = {licensed("p1", "a@x.org")};
	const struct world_user users[] = {user("u1", "p1", "a@x.org")};
	struct error err;
	struct plan plan;

	(void)state;
	SET_USERS(ORG, users);
	plan = make(people, 1);
	assert_done(plan_require_read(&plan, &err), err);
	worlds[PORTAL].complete = false;
	worlds[PORTAL].fault = "401";
	plan = make(people, 1);
	assert_int_equal(plan_step_total(&plan, STEP_ADOPT, ORG), 1);   /* the others go on */
	assert_refused(plan_require_read(&plan, &err), err, REASON_PROVISION_STEP);
	assert_string_equal(err.detail, "helpdesk could not be read, so nothing is done there: 401");
	worlds[ORG].complete = worlds[SITE].complete = false;
	plan = make(people, 1);
	assert_refused(plan_require_read(&plan, &err), err, REASON_PROVISION_STOP);
	assert_string_equal(err.detail, "organisation and 2 more could not be read, so nothing is done there: not read to its end");
}

static void an_organization_that_scim_keeps_is_left_alone(void **state)
{
	const struct desired_person people[] = {at_portal("p1", "a@y.org", SITE)};
	const struct world_user users[] = {user("q1", NULL, "a@y.org"), user("q2", NULL, "b@y.org")};
	struct world_group groups[] = {group("7", "partners", LIST("q2"))};
	const struct world_group desks[] = {group("15", "Help", LIST("q1"))};
	const struct ledger_person records[] = {ours("site", "p1", "q1", "a@y.org"), ours("site", "p2", "q2", "b@y.org")};
	struct plan plan;

	(void)state;
	groups[0].fixed = true;
	SET_USERS(SITE, users);
	SET_GROUPS(SITE, groups);
	worlds[SITE].desks = desks;
	worlds[SITE].desk_count = 1;
	SET_LEDGER(records);
	plan = make(people, 1);
	assert_string_equal(said(&plan), "");
	assert_problem(&plan, PROBLEM_GROUP_FIXED);
}

static void a_group_of_ours_that_nothing_names_is_deleted_last(void **state)
{
	const struct desired_person people[] = {customer("p1", "a@x.org")};
	struct world_user users[] = {user("u1", "p1", "a@x.org"), user("u2", NULL, "b@x.org")};
	struct world_group groups[] = {group("g2", "customers", NULL), group("g9", "old", LIST("u1")), group("g8", "theirs", NULL)};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org")};
	const struct ledger_group made[] = {{.target = "organisation", .name = "customers", .id = "g2"},
		{.target = "organisation", .name = "old", .id = "g9", .since = 1}};
	struct plan plan;

	(void)state;
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	SET_MADE(made);
	plan = make(people, 1);
	assert_string_equal(said(&plan), "members-add customers:p1, group-delete old");
	assert_int_equal(plan.counts[ORG].losing, 1);
	groups_unsure = true;           /* a mark of LDAP that cannot be read may name it */
	plan = make(people, 1);
	assert_string_equal(said(&plan), "members-add customers:p1");
	groups_unsure = false;
	groups[1] = group("g9", "old", LIST("u1", "u2"));
	plan = make(people, 1);        /* who has no business there leaves it */
	assert_string_equal(said(&plan), "members-add customers:p1, members-remove old:p1");
	assert_problem(&plan, PROBLEM_GROUP_KEPT);
}

/* Three of the agents' group, which was called otherwise before: p3 is none any more. */
static struct plan make_renamed(struct world_group *groups, size_t group_count)
{
	static struct desired_person people[3];
	static struct world_user users[3];
	static struct ledger_person records[3];

	people[0] = licensed("p1", "a@x.org");
	people[1] = licensed("p2", "b@x.org");
	people[2] = denied("p3", "c@x.org");
	for (int i = 0; i < 3; i++) {
		users[i] = user(LIST("u1", "u2", "u3")[i], people[i].id, people[i].mail);
		records[i] = ours("organisation", people[i].id, users[i].id, people[i].mail);
	}
	SET_USERS(ORG, users);
	SET_LEDGER(records);
	worlds[ORG].groups = groups;
	worlds[ORG].group_count = group_count;
	return make(people, 3);
}

static void a_group_of_another_name_takes_the_old_ones_place_when_somebody_says_so(void **state)
{
	struct world_group before[] = {group("g9", "old", LIST("u1", "u2", "u3"))};
	struct world_group after[] = {group("g1", "agents", LIST("u1", "u2")), group("g9", "old", LIST("u1", "u2"))};
	const struct ledger_group made[] = {{.target = "organisation", .name = "agents", .id = "g1", .since = NOW},
		{.target = "organisation", .name = "old", .id = "g9", .since = NOW - 100 * DAY}};
	struct plan plan, read;
	struct error err;

	(void)state;
	ledger.groups = &made[1];
	ledger.group_count = 1;
	limits.confirmed_group = "old";         /* of a group that is not there yet nobody knows what it gives */
	plan = make_renamed(before, 1);
	assert_string_equal(said(&plan), "group-create agents, members-add agents:p1+p2, members-remove old:p3");
	assert_task(&plan, TASK_GROUP_PRODUCTS, "old");
	assert_string_equal(plan.tasks[0].what, "give agents what old gives access to; 2 people stay in old until then");
	assert_done(plan_read(a, plan_write(a, &plan), &read, &err), err);
	assert_string_equal(read.tasks[0].group, "old");

	SET_MADE(made);
	limits.confirmed_group = NULL;
	plan = make_renamed(after, 2);
	assert_string_equal(said(&plan), "");
	assert_task(&plan, TASK_GROUP_PRODUCTS, "old");
	limits.confirmed_group = "agents";      /* another one */
	plan = make_renamed(after, 2);
	assert_string_equal(said(&plan), "");

	limits.confirmed_group = "old";
	plan = make_renamed(after, 2);
	assert_string_equal(said(&plan), "group-delete old");
	assert_int_equal(plan.task_count, 0);
	assert_int_equal(plan.counts[ORG].losing, 2);
}

static void who_goes_to_a_young_group_stays_in_the_old_one_for_a_day(void **state)
{
	struct world_group groups[] = {group("g1", "agents", LIST("u1", "u2")), group("g9", "old", LIST("u1", "u2", "u3"))};
	struct ledger_group made[] = {{.target = "organisation", .name = "agents", .id = "g1", .since = NOW - DAY + 1},
		{.target = "organisation", .name = "old", .id = "g9", .since = NOW - 100 * DAY}};
	struct plan plan;

	(void)state;
	targets[ORG].groups = LIST("agents", "customers", "old");
	targets[ORG].licensed = LIST("agents", "old");
	SET_MADE(made);
	plan = make_renamed(groups, 2);
	assert_string_equal(said(&plan), "members-remove old:p3");
	assert_task(&plan, TASK_GROUP_PRODUCTS, "old");
	limits.confirmed_group = "old";
	plan = make_renamed(groups, 2);
	assert_string_equal(said(&plan), "members-remove old:p1+p2+p3");
	limits.confirmed_group = NULL;
	made[0].since = NOW - DAY;
	plan = make_renamed(groups, 2);
	assert_string_equal(said(&plan), "members-remove old:p1+p2+p3");
	assert_int_equal(plan.task_count, 0);
	made[0].since = NOW - 1;        /* older than the old one */
	made[1].since = NOW;
	plan = make_renamed(groups, 2);
	assert_string_equal(said(&plan), "members-remove old:p1+p2+p3");
	targets[ORG].licensed = LIST("agents"); /* customers who became licensed leave what customers have */
	made[1].since = NOW - 100 * DAY;
	plan = make_renamed(groups, 2);
	assert_string_equal(said(&plan), "members-remove old:p1+p2+p3");
}

/* ---- the safety stop ---- */

static void stops_when_nobody_would_be_licensed_any_more(void **state)
{
	const struct desired_person people[] = {denied("p1", "a@x.org"), denied("p2", "b@x.org"), denied("p3", "c@x.org")};
	const struct world_user users[] = {user("u1", "p1", "a@x.org"), user("u2", "p2", "b@x.org"), user("u3", "p3", "c@x.org")};
	struct world_group groups[] = {group("g1", "agents", LIST("u1", "u2", "u3"))};
	const struct ledger_person records[] = {ours("organisation", "p1", "u1", "a@x.org"), ours("organisation", "p2", "u2", "b@x.org"),
		ours("organisation", "p3", "u3", "c@x.org")};

	(void)state;
	SET_USERS(ORG, users);
	SET_GROUPS(ORG, groups);
	SET_LEDGER(records);
	assert_null(make(people, 3).stopped);   /* any share may */
	limits.lose_percent = 10;
	assert_non_null(strstr(make(people, 3).stopped, "nobody at organisation would be licensed any more (3 now)"));
	groups[0] = group("g1", "agents", LIST("u1", "u2"));
	assert_null(make(people, 3).stopped);
}

static void stops_when_many_would_lose_something(void **state)
{
	struct world_user users[12];
	struct ledger_person records[12];
	struct plan plan;

	(void)state;
	limits.grace = 0;
	for (int i = 0; i < 12; i++) {
		users[i] = user(arena_printf(a, "u%02d", i), arena_printf(a, "p%02d", i), arena_printf(a, "%d@x.org", i));
		records[i] = ours("organisation", users[i].external_id, users[i].id, users[i].mail);
	}
	SET_USERS(ORG, users);
	SET_LEDGER(records);
	plan = make(NULL, 0);
	assert_null(plan.stopped);
	limits.lose_most = 11;
	plan = make(NULL, 0);
	assert_string_equal(plan.stopped, "12 accounts at organisation would lose something, and the limit is 11");
	limits.lose_most = 12;
	limits.lose_percent = 20;
	plan = make(NULL, 0);
	assert_string_equal(plan.stopped, "12 of 12 accounts at organisation would lose something, and the limit is 20 %");
	worlds[ORG].user_count = 9;     /* a share of few is no share */
	plan = make(NULL, 0);
	assert_null(plan.stopped);
}

static void stops_when_seats_rise_too_far(void **state)
{
	const struct desired_person people[] = {licensed("p1", "a@x.org"), licensed("p2", "b@x.org"), customer("p3", "c@x.org")};
	struct plan plan;

	(void)state;
	limits.seats_most = 2;
	plan = make(people, 3);
	assert_null(plan.stopped);
	limits.seats_most = 1;
	plan = make(people, 3);
	assert_string_equal(plan.stopped, "2 more seats would be taken (0 now, 2 then), and the limit is 1");
}

/* ---- as a file ---- */

static void is_written_and_read_back_the_same(void **state)
{
	const struct desired_person people[] = {licensed("p1", "a@x.org"), customer("p2", "\"b\"@x.org"), customer("p3", "\"B\"@x.org"),
		at_portal("p4", "d@y.org", PORTAL)};
	struct plan plan = make(people, 4), read = {0};
	struct slice json = plan_write(a, &plan);
	struct error err;

	(void)state;
	assert_done(plan_read(a, json, &read, &err), err);
	assert_slice_is(plan_write(a, &read), json.p);
	assert_int_equal(read.step_count, plan.step_count);
	assert_int_equal(read.task_count, 3);           /* one for each of the two of one mail, and the new group's products */
	assert_non_null(strstr(json.p, "\"steps\":[\"An account at Atlassian belongs to one mail, so only one of them can have one.\",\"Correct "));
	assert_non_null(strstr(json.p, "\"link\":\"https://support.atlassian.com/provisioning-users/docs/understand-user-provisioning/\"}"));
	assert_string_equal(read.id, plan.id);
	assert_null(plan_beyond(a, &read, &plan));
	assert_null(plan_beyond(a, &plan, &read));
}

static void add_piece(struct slice piece, void *context)
{
	struct text *t = context;

	text_add(t, piece);
}

static void is_written_in_pieces_as_in_one(void **state)
{
	enum { MANY = 400 };
	struct desired_person *people = arena_alloc(a, MANY * sizeof(*people));
	struct plan plan;
	struct text t;

	(void)state;
	for (int i = 0; i < MANY; i++)
		people[i] = customer(arena_printf(a, "p%03d", i), arena_printf(a, "p%03d@x.org", i));
	plan = make(people, MANY);
	text_begin(&t, a, 64);
	plan_write_open(&plan, add_piece, &t);
	assert_true(t.n > 65536);       /* more than one piece */
	text_add_c(&t, "}\n");
	assert_slice_is(plan_write(a, &plan), t.p);
}

static void what_is_no_plan_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "[]", "{}", "{\"postern_plan\":2,\"id\":\"i\",\"fingerprint\":\"f\"}", "{\"postern_plan\":1}",
		"{\"postern_plan\":1,\"id\":\"i\",\"fingerprint\":\"f\",\"targets\":[{\"name\":\"o\"}],\"steps\":[{\"step\":\"explode\",\"target\":\"o\"}]}",
		"{\"postern_plan\":1,\"id\":\"i\",\"fingerprint\":\"f\",\"targets\":[],\"steps\":[{\"step\":\"user-create\",\"target\":\"o\"}]}",
		"{\"postern_plan\":1,\"id\":\"i\",\"fingerprint\":\"f\",\"targets\":[{\"name\":\"o\"}],\"tasks\":[{\"task\":\"x\",\"target\":\"o\"}]}",
		"{\"postern_plan\":1,\"id\":\"i\",\"fingerprint\":\"f\",\"targets\":[{\"name\":\"o\"}],\"problems\":[7]}",
	};
	struct plan plan;
	struct error err;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_refused(plan_read(a, slice_c(bad[i]), &plan, &err), err, REASON_FILE);
}

static void a_moved_world_has_another_fingerprint(void **state)
{
	const struct desired_person people[] = {customer("p1", "a@x.org")};
	struct world_user users[] = {user("u1", "p1", "a@x.org")};
	struct plan one, two;

	(void)state;
	SET_USERS(ORG, users);
	one = make(people, 1);
	two = make(people, 1);
	assert_string_equal(one.fingerprint, two.fingerprint);
	assert_string_equal(one.id, two.id);
	users[0].active = false;
	two = make(people, 1);
	assert_string_not_equal(one.fingerprint, two.fingerprint);
	assert_non_null(plan_beyond(a, &two, &one));
}

static void a_part_is_compared_member_by_member(void **state)
{
	const char *const three[] = {"p1", "p2", "p3", NULL}, *const nobody[] = {NULL, NULL, NULL, NULL}, *const two[] = {"p3", "p2", NULL};
	const char *const names[] = {"organisation"};
	const struct step whole[] = {{.kind = STEP_MEMBERS_ADD, .name = "g", .members = three, .member_users = nobody, .member_count = 3},
		{.kind = STEP_USER_UPDATE, .person = "p", .user = "u", .fields = {.mail = "m", .title = "t"}}};
	struct step part[] = {{.kind = STEP_MEMBERS_ADD, .name = "g", .group = "7", .members = two, .member_users = two, .member_count = 2},
		{.kind = STEP_USER_UPDATE, .person = "p", .user = "u", .fields = {.title = "t"}}};
	const struct plan big = {.steps = whole, .step_count = 2, .targets = names, .target_count = 1};
	const struct plan small = {.steps = part, .step_count = 2, .targets = names, .target_count = 1};

	(void)state;
	assert_null(plan_beyond(a, &small, &big));
	assert_non_null(plan_beyond(a, &big, &small));
	part[1].fields.title = "other";
	assert_string_equal(plan_beyond(a, &small, &big), "user-update at organisation of p");
}

static void a_world_of_other_targets_is_refused(void **state)
{
	struct desired desired = {.targets = targets, .target_count = 2};
	struct plan plan;
	struct error err;

	(void)state;
	assert_refused(plan_make(a, &desired, &world, &ledger, &limits, NOW, &plan, &err), err, REASON_INTERNAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(makes_people_then_groups_then_members),
		TEST(nothing_is_to_be_done_where_all_is_as_it_shall_be),
		TEST(members_go_in_batches_and_a_group_is_never_overfull),
		TEST(adopts_by_external_id_then_by_mail),
		TEST(a_guid_is_found_in_any_case),
		TEST(updates_what_differs_and_leaves_what_is_not_known),
		TEST(a_portal_only_account_is_not_doubled_by_an_atlassian_account),
		TEST(an_atlassian_account_is_not_doubled_by_a_portal_only_one),
		TEST(an_atlassian_account_that_is_a_sites_customer_is_no_portal_only_one),
		TEST(who_comes_back_to_a_site_has_the_account_of_before),
		TEST(portal_access_of_who_is_at_no_desk_any_more_is_revoked_when_due),
		TEST(nobody_is_taken_to_be_gone_by_old_data_or_without_a_name),
		TEST(nothing_is_made_while_the_other_kind_cannot_be_seen),
		TEST(two_people_with_one_mail_are_both_held),
		TEST(a_mail_that_was_anothers_is_held_until_confirmed),
		TEST(an_account_with_an_object_id_that_nobody_knows_is_not_adopted_by_mail),
		TEST(two_who_swap_their_mails_are_held_then_swapped),
		TEST(a_mail_passes_on_after_its_holder_is_renamed),
		TEST(a_second_account_with_the_new_mail_is_a_humans_to_look_at),
		TEST(a_portal_customers_mail_and_return_are_tasks),
		TEST(who_is_gone_stays_as_they_were_until_the_grace_time_is_over),
		TEST(who_is_denied_leaves_the_groups_at_once_and_the_account_later),
		TEST(who_returns_is_activated_again),
		TEST(an_agent_who_becomes_a_customer_is_moved_in_that_order),
		TEST(a_customer_is_never_put_into_a_licensed_group),
		TEST(stops_when_nobody_would_be_licensed_any_more),
		TEST(the_protected_are_not_touched),
		TEST(a_protected_mail_is_given_to_nobody),
		TEST(a_protected_group_keeps_its_members_and_gets_none),
		TEST(who_cannot_be_given_the_new_group_keeps_the_old_one),
		TEST(the_held_keep_all_they_have),
		TEST(strangers_and_what_was_not_read_are_left_alone),
		TEST(a_target_that_was_not_read_is_no_success),
		TEST(an_organization_that_scim_keeps_is_left_alone),
		TEST(a_group_of_ours_that_nothing_names_is_deleted_last),
		TEST(a_group_of_another_name_takes_the_old_ones_place_when_somebody_says_so),
		TEST(who_goes_to_a_young_group_stays_in_the_old_one_for_a_day),
		TEST(stops_when_many_would_lose_something),
		TEST(stops_when_seats_rise_too_far),
		TEST(is_written_and_read_back_the_same), TEST(is_written_in_pieces_as_in_one),
		TEST(what_is_no_plan_is_refused),
		TEST(a_moved_world_has_another_fingerprint),
		TEST(a_part_is_compared_member_by_member),
		TEST(a_world_of_other_targets_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
