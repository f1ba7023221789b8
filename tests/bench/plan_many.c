/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plan_many PEOPLE: how long a plan takes, and how much memory with all it is
 * made of, for a first load, for a company where all is as it shall be, and
 * for one where a tenth of everything changed.  Fails above 10 s or 200 MiB
 * at 50,000 people.
 */
#include "provision/plan.h"

#include "base/encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *const groups[] = {"agents", "customers", "staff", NULL}, *const licensed[] = {"agents", NULL};
static const char *const of_agent[] = {"agents", "staff", NULL}, *const of_odd[] = {"customers", NULL}, *const of_even[] = {"staff", NULL};

static struct desired_person person(struct arena *a, size_t i)
{
	bool agent = i % 20 == 0;

	return (struct desired_person){
		.id = arena_printf(a, "%08zx-0000-4000-8000-%012zx", i, i), .dn = arena_printf(a, "uid=p%zu,ou=people,dc=example,dc=org", i),
		.mail = arena_printf(a, "person.number.%zu@example.org", i), .display_name = arena_printf(a, "Person Number %zu", i),
		.given_name = "Person", .family_name = arena_printf(a, "Number %zu", i), .title = "Engineer", .department = "Sales",
		.kind = agent ? DESIRED_LICENSED : DESIRED_CUSTOMER, .groups = agent ? of_agent : i % 2 ? of_odd : of_even,
		.rule = agent ? "agents" : "employees", .why = agent ? "rule agents, by corp:jira-agents" : "rule employees, by corp:all-staff",
	};
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct world_group group(struct arena *a, const char *name, const struct world_user *users, size_t n, size_t from, size_t step)
{
	const char **members = arena_alloc(a, (n + 1) * sizeof(*members));
	struct world_group g = {.id = name, .name = name, .members = members};

	for (size_t i = from; i < n && g.member_count < PLAN_MEMBERS_A_GROUP; i += step)
		members[g.member_count++] = users[i].id;
	qsort(members, g.member_count, sizeof(*members), by_text);
	return g;
}

/* One in `changed` has another name and mail, is in no group of theirs, or is not known at all. */
static void fill(struct arena *a, struct desired_person *people, size_t n, size_t changed, struct world_target *t, struct ledger_view *ledger)
{
	struct world_user *users = arena_alloc(a, n * sizeof(*users));
	struct ledger_person *records = arena_alloc(a, n * sizeof(*records));
	struct world_group *all = arena_alloc(a, 3 * sizeof(*all));

	for (size_t i = 0; i < n; i++) {
		const struct desired_person *p = &people[i];
		bool differs = changed && i % changed == 0;

		users[i] = (struct world_user){.id = arena_printf(a, "u%012zu", i), .external_id = arena_strdup(a, p->id),
			.user_name = arena_strdup(a, p->mail), .mail = differs ? arena_printf(a, "old.%zu@example.org", i) : arena_strdup(a, p->mail),
			.display_name = arena_strdup(a, p->display_name), .given_name = p->given_name, .family_name = p->family_name,
			.title = differs ? "Trainee" : p->title, .department = p->department, .active = true, .account_id = arena_printf(a, "557058:%zu", i)};
		records[i] = (struct ledger_person){.target = "organisation", .person = p->id, .user = users[i].id, .mail = users[i].mail};
	}
	all[0] = group(a, "agents", users, n, changed ? 10 : 0, 20);        /* changed: the wrong ones */
	all[1] = group(a, "customers", users, n, 1, 2);
	all[2] = group(a, "staff", users, n, 0, 2);
	*t = (struct world_target){.complete = true, .users = users, .user_count = n, .groups = all, .group_count = 3};
	*ledger = (struct ledger_view){.people = records, .count = n};
}

static void measure(const char *what, size_t n, bool filled, size_t changed)
{
	struct arena *a = arena_new();
	const struct target target = {.name = "organisation", .kind = TARGET_ORGANIZATION, .base = "b", .groups = groups, .licensed = licensed};
	struct desired_person *people = arena_alloc(a, n * sizeof(*people));
	struct desired desired = {.targets = &target, .target_count = 1, .people = people, .count = n};
	struct world_target t = {.complete = true};
	struct world world = {.targets = &t, .target_count = 1, .inventory_as_of = 1};
	const struct plan_limits limits = {.lose_most = SIZE_MAX, .lose_percent = 100, .seats_most = SIZE_MAX, .seats_percent = 100};
	struct ledger_view ledger = {0};
	struct timespec begin, end;
	struct rusage usage;
	struct plan plan;
	struct error err;
	double seconds;

	for (size_t i = 0; i < n; i++)
		people[i] = person(a, i);
	if (filled)
		fill(a, people, n, changed, &t, &ledger);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	if (plan_make(a, &desired, &world, &ledger, &limits, 1, &plan, &err) < 0)
		abort();
	clock_gettime(CLOCK_MONOTONIC, &end);
	getrusage(RUSAGE_SELF, &usage);
	seconds = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
	printf("%-28s %7zu people %7zu steps %6.2f s %5ld MiB\n", what, n, plan.step_count, seconds, usage.ru_maxrss / 1024);
	fflush(stdout);
	arena_free(a);
	_exit(n <= 50000 && (seconds > 10 || usage.ru_maxrss > 200 * 1024));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *what;
		bool filled;
		size_t changed;
	} cases[] = {{"first load", false, 0}, {"all as it shall be", true, 0}, {"a tenth changed", true, 10}};
	uint64_t n = 50000;
	int rc = 0, status;

	if (argc > 1 && number_read(slice_c(argv[1]), 1, 10000000, &n) < 0)
		return 2;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pid_t pid = fork();     /* so that each has a peak of its own */

		if (pid == 0)
			measure(cases[i].what, n, cases[i].filled, cases[i].changed);
		if (waitpid(pid, &status, 0) != pid || status != 0)
			rc = 1;
	}
	return rc;
}
