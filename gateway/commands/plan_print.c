/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan on a terminal: what would change, how much, for whom and why; what a human must do; what is left and why. */
#include "gateway/commands/plan_bill.h"

#include "base/encode.h"
#include "base/text.h"
#include "gateway/commands/census_command.h"
#include "gateway/report.h"

#define SOME ((size_t)10)

/* In the order in which they are told. */
static const struct {
	enum step_kind kind;
	const char *title;
} titles[] = {
	{STEP_ADOPT, "Accounts that are there already and become Postern's to keep"},
	{STEP_USER_CREATE, "Accounts to make"},
	{STEP_CUSTOMER_CREATE, "Portal-only customers to make"},
	{STEP_USER_UPDATE, "Accounts to change"},
	{STEP_USER_ACTIVATE, "Accounts to activate"},
	{STEP_GROUP_CREATE, "Groups to make"},
	{STEP_ORGANIZATION_CREATE, "Customer organizations to make"},
	{STEP_MEMBERS_ADD, "Into groups"},
	{STEP_ORGANIZATION_ADD, "Into customer organizations"},
	{STEP_DESK_ADD, "Customers of desks"},
	{STEP_DESK_ATTACH, "Customer organizations to attach to desks"},
	{STEP_DESK_DETACH, "Customer organizations to take off desks"},
	{STEP_MEMBERS_REMOVE, "Out of groups"},
	{STEP_ORGANIZATION_REMOVE, "Out of customer organizations"},
	{STEP_DESK_REMOVE, "No longer customers of desks"},
	{STEP_USER_DEACTIVATE, "Accounts to deactivate"},
	{STEP_CUSTOMER_REVOKE, "Portal access to revoke"},
	{STEP_GROUP_DELETE, "Groups to delete"},
	{STEP_UNLINK, "Accounts to unlink from the SCIM directory"},
	{STEP_USER_DELETE, "Accounts to delete from the SCIM directory"},
	{STEP_RESTORE, "Accounts to activate again"},
};

const char *provisioning_mail(const struct provisioning *p, const char *person)
{
	for (size_t i = 0; person && i < p->target_count; i++) {
		const struct ledger_person *l = ledger_person_of(&p->view, p->targets[i].name, person);

		if (l && l->mail)
			return l->mail;
	}
	return NULL;
}

const char *provisioning_who(struct arena *a, const struct provisioning *p, const char *person)
{
	const struct desired_person *d = desired_person_by_id(&p->desired, person);
	const char *mail;

	if (d)
		return report_clean(a, d->mail ? d->mail : d->dn);
	mail = provisioning_mail(p, person);
	return report_clean(a, mail ? mail : person);
}

/* ---- lines under a heading: those about people by their names, and of many by which rules they are so many ---- */

struct line {
	const char *who, *what;
	const char *rule;               /* of the person whom it is about; NULL: none */
};

struct heading {
	const struct provisioning *plan;
	enum plan_detail detail;
	const char *title;
	struct line *lines;
	size_t count, room;
};

static void add_line(struct heading *h, const char *who, const char *what, const char *rule)
{
	if (h->count == h->room) {
		struct line *more = arena_alloc(h->plan->arena, (h->room = h->room ? 2 * h->room : 16) * sizeof(*more));

		if (h->count)
			memcpy(more, h->lines, h->count * sizeof(*more));
		h->lines = more;
	}
	h->lines[h->count++] = (struct line){who, what ? what : "", rule};
}

static int by_who(const void *x, const void *y)
{
	const struct line *a = x, *b = y;
	int order = strcmp(a->who, b->who);

	return order ? order : strcmp(a->what, b->what);
}

static void print_rules(const struct heading *h)
{
	const struct policy *policy = &h->plan->census.gateway.settings->policy;
	const char *sign = ": ";

	for (size_t r = 0; r < policy->rule_count; r++) {
		size_t n = 0;

		for (size_t i = 0; i < h->count; i++)
			n += h->lines[i].rule && strcmp(h->lines[i].rule, policy->rules[r].name) == 0;
		if (n)
			printf("%s%s by %s", sign, report_number(h->plan->arena, n), report_clean(h->plan->arena, policy->rules[r].name));
		if (n)
			sign = ", ";
	}
}

/* Leaves the heading empty, for the next one. */
static void print_lines(struct heading *h)
{
	if (!h->count)
		return;
	printf("\n%s (%s)", h->title, report_number(h->plan->arena, h->count));
	if (h->count > SOME)
		print_rules(h);
	puts("");
	for (size_t i = 0; i < h->count && (h->detail == PLAN_ALL || i < SOME); i++)
		printf("  %-42s %s\n", h->lines[i].who, h->lines[i].what);
	if (h->detail == PLAN_SOME && h->count > SOME)
		printf("  ... and %s more (postern plan with --all names them)\n", report_number(h->plan->arena, h->count - SOME));
	h->count = 0;
}

static void print_sorted(struct heading *h)
{
	if (h->count > 1)
		qsort(h->lines, h->count, sizeof(*h->lines), by_who);
	print_lines(h);
}

static void add_person(struct heading *h, const char *person, const char *what)
{
	const struct desired_person *d = desired_person_by_id(&h->plan->desired, person);

	add_line(h, provisioning_who(h->plan->arena, h->plan, person), what, d ? d->rule : NULL);
}

/* "a.b@example.org -> anna@example.org" where it is known what was there. */
static void add_change(struct text *t, struct arena *a, const char *name, const char *before, const char *now)
{
	if (!now)
		return;
	text_add_c(t, t->n ? ", " : "");
	text_add_c(t, name);
	text_add_c(t, " ");
	if (before)
		text_add_c(t, arena_printf(a, "%s -> ", report_clean(a, before)));
	text_add_c(t, report_clean(a, now));
}

static const char *changes(struct arena *a, const struct step *s)
{
	struct text t;

	text_begin(&t, a, 128);
	add_change(&t, a, "id", s->before.external_id, s->fields.external_id);
	add_change(&t, a, "mail", s->before.mail, s->fields.mail);
	add_change(&t, a, "name", s->before.display_name, s->fields.display_name);
	add_change(&t, a, "given name", s->before.given_name, s->fields.given_name);
	add_change(&t, a, "family name", s->before.family_name, s->fields.family_name);
	add_change(&t, a, "title", s->before.title, s->fields.title);
	add_change(&t, a, "department", s->before.department, s->fields.department);
	return t.n ? t.p : "";
}

/* Of members each is a line. */
static void add_step(struct heading *h, const struct step *s)
{
	const struct provisioning *p = h->plan;
	struct arena *a = p->arena;

	for (size_t i = 0; i < s->member_count; i++) {
		const char *why = p->way_back && s->why && !plan_why(&p->desired, s->members[i]) ? report_clean(a, s->why) : plan_reason(p, s->members[i]);

		add_person(h, s->members[i], arena_printf(a, "%s%s%s", report_clean(a, s->name), *why ? ": " : "", why));
	}
	if (s->member_count)
		return;
	if (s->desk)
		add_line(h, report_clean(a, s->name), arena_printf(a, "desk %s: %s", report_clean(a, s->desk), s->why), NULL);
	else if (!s->person)
		add_line(h, report_clean(a, s->name), s->why ? report_clean(a, s->why) : NULL, NULL);
	else
		add_person(h, s->person, s->kind == STEP_USER_UPDATE ? changes(a, s) : s->why ? report_clean(a, s->why) : NULL);
}

static void print_steps(const struct provisioning *p, size_t target, enum plan_detail detail)
{
	for (size_t t = 0; t < sizeof(titles) / sizeof(*titles); t++) {
		struct heading h = {.plan = p, .detail = detail, .title = titles[t].title};

		for (size_t i = 0; i < p->plan.step_count; i++) {
			if (p->plan.steps[i].kind == titles[t].kind && p->plan.steps[i].target == target)
				add_step(&h, &p->plan.steps[i]);
		}
		print_sorted(&h);
	}
}

/* ---- counts ---- */

static void print_target(const struct provisioning *p, size_t target)
{
	const struct plan_count *c = &p->plan.counts[target];
	struct arena *a = p->arena;

	printf("\n%s (%s)\n", p->targets[target].name, target_kind_word(p->targets[target].kind));
	if (!p->world.targets[target].complete) {
		puts("  could not be read, so nothing is done there");
		return;
	}
	printf("  %-12s %s now, %s after; %s wanted by the rules, %s kept by Postern\n", "accounts", report_number(a, c->active_now),
		report_number(a, c->active_after), report_number(a, c->wanted), report_number(a, c->ours));
	printf("  %-12s %s made, %s adopted, %s changed, %s activated, %s deactivated\n", "of them", report_number(a, c->created),
		report_number(a, c->adopted), report_number(a, c->updated), report_number(a, c->activated), report_number(a, c->deactivated));
	printf("  %-12s %s more, %s less; %s lose something\n", "memberships", report_number(a, c->added), report_number(a, c->removed),
		report_number(a, c->losing));
	if (p->targets[target].kind == TARGET_ORGANIZATION)
		printf("  %-12s %s now, %s after\n", "licensed", report_number(a, c->seats_now), report_number(a, c->seats_after));
	if (c->waiting)
		printf("  %-12s %s not wanted any more, in their grace time\n", "waiting", report_number(a, c->waiting));
}

/* ---- for humans ---- */

static const char *about(const struct provisioning *p, const struct plan_task *t)
{
	if (t->mail || t->group)
		return report_clean(p->arena, t->mail ? t->mail : t->group);
	return provisioning_who(p->arena, p, t->person);
}

static void print_tasks(const struct provisioning *p, enum plan_detail detail)
{
	const struct plan *plan = &p->plan;
	const char *const *step;

	for (enum plan_task_kind kind = 0; kind < TASK_KINDS; kind++) {
		struct heading h = {.plan = p, .detail = detail, .title = arena_printf(p->arena, "Somebody must: %s", plan_task_title(kind))};

		for (size_t i = 0; i < plan->task_count; i++) {
			if (plan->tasks[i].kind == kind)
				add_line(&h, about(p, &plan->tasks[i]), report_clean(p->arena, plan->tasks[i].what), NULL);
		}
		if (!h.count)
			continue;
		print_sorted(&h);
		for (step = plan_task_steps(kind); *step; step++)
			printf("    %td. %s\n", step - plan_task_steps(kind) + 1, *step);
		if (plan_task_link(kind))
			printf("    %s\n", plan_task_link(kind));
	}
}

static void print_problems(const struct provisioning *p, enum plan_detail detail)
{
	const struct plan *plan = &p->plan;
	struct heading h = {.plan = p, .detail = detail, .title = "Left as it is, and why"};

	for (size_t i = 0; i < plan->problem_count; i++) {
		const struct plan_problem *problem = &plan->problems[i];

		add_line(&h, problem->person ? provisioning_who(p->arena, p, problem->person) : p->targets[problem->target].name,
			report_clean(p->arena, problem->what), NULL);
	}
	print_lines(&h);
	if (p->left.without_id)
		printf("\n%s people have no value of the directory's first join, as %s: nothing is made for them.\n",
			report_number(p->arena, p->left.without_id), report_clean(p->arena, p->left.example));
}

enum seat_change { SEAT_TAKEN, SEAT_GIVEN_BACK };

/* What all of them cost stands in the heading. */
static void print_seats(const struct provisioning *p, enum plan_detail detail, const struct plan_bill *b, enum seat_change change)
{
	bool taken = change == SEAT_TAKEN;
	int64_t money = taken ? b->taken_money : b->given_back_money;
	struct arena *a = p->arena;
	struct heading h = {.plan = p, .detail = detail, .title = taken ? "Seats to be taken" : "Seats to be given back"};

	if (money != MONEY_UNKNOWN)
		h.title = arena_printf(a, "%s, %s %s a month %s", h.title, report_clean(a, b->bill.prices->currency), money_text(a, money),
			taken ? "more" : "less");
	for (size_t i = 0; i < p->plan.seat_count; i++) {
		const struct plan_seat *seat = &p->plan.seats[i];

		if (taken ? !seat->after || seat->now : !seat->now || seat->after)
			continue;
		if (seat->person)
			add_person(&h, seat->person, plan_reason(p, seat->person));
		else
			add_line(&h, report_clean(a, seat->mail ? seat->mail : "?"), plan_reason(p, NULL), NULL);
	}
	print_sorted(&h);
}

static void print_way_back(const struct provisioning *p)
{
	const char *undo = way_back_undo(p->way_back->stage);

	printf("\nThe way back, stage %s: %s\n", way_back_word(p->way_back->stage), way_back_says(p->way_back->stage));
	printf("Undone: %s\n", undo ? undo : "it is not.");
	if (p->way_back->stage != WAY_BACK_PRODUCTS)
		puts("It is done for one person first (--person MAIL): postern apply refuses more until that went well.  Wait a day then.");
	if (way_back_asks_organization(p->way_back->stage) && !p->organization.id)
		puts("postern apply needs an API key of the organisation for it: accounts: organization, organization_key.");
	if (!p->inventory_as_of)
		puts("Nobody knows who is billed: postern accounts import FILE.csv, or postern accounts refresh, says it.");
	puts("Not proven on a live site yet.");
}

void provisioning_print(const struct provisioning *p, enum plan_detail detail)
{
	struct plan_bill bill;
	struct error unread;
	char made[21];

	time_write(p->plan.made, made);
	printf("%-10s %s, made %s\n", "Plan", p->plan.id, made);
	census_print_mirror(&p->census);
	if (p->way_back)
		print_way_back(p);
	for (size_t i = 0; i < p->target_count; i++) {
		print_target(p, i);
		print_steps(p, i, detail);
	}
	print_tasks(p, detail);
	print_problems(p, detail);
	plan_bill_reckon(p, &bill);
	print_seats(p, detail, &bill, SEAT_TAKEN);
	print_seats(p, detail, &bill, SEAT_GIVEN_BACK);
	plan_bill_print(p, &bill);
	if (p->plan.step_count == 0 && plan_require_read(&p->plan, &unread) < 0)
		puts("\nNothing is to be changed where Atlassian could be read.");
	else if (p->plan.step_count == 0)
		puts("\nNothing is to be changed.");
	else if (p->plan.stopped)
		printf("\nStopped: %s\nLook at it, then postern apply %s--accept does it all the same.\n", report_clean(p->arena, p->plan.stopped),
			p->way_back ? "--release ... " : "");
	else
		puts("\npostern apply does it.");
}
