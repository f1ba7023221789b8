/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One decision, for `make bench-rules`:  decide RULES GROUPS COUNT [--json]
 *
 * The person is in GROUPS groups, and only the last rule matches, so that every
 * rule is judged.  Beside it, in turns, a floor of the same run: every group of
 * the person held by strcmp against one name for each rule.  The facts are there;
 * what finding the person costs, `make bench-mirror` says.
 */
#include "policies/policies.h"

#include <time.h>

#define TURNS 21
#define DECISIONS_AN_ARENA 50

static struct arena *kept;

static int normalize(struct arena *a, const char *dn, const char **key_out)
{
	*key_out = arena_strdup(a, dn);
	return 0;
}

static const char *group_name(size_t i)
{
	return arena_printf(kept, "cn=group-%zu-of-department-%zu,ou=groups,dc=example,dc=org", i, i % 17);
}

/* What rules are made of, most of them groups; none of them is met but by the last rule. */
static const char *condition_text(size_t i, size_t rules)
{
	if (i + 1 == rules)
		return "department = Sales and title like '*engineer*' and contractEnd since today";
	switch (i % 10) {
	case 0: return arena_printf(kept, "member of corp:team-%zu and not department = Other", i);
	case 1: return arena_printf(kept, "department in (A%zu, B%zu, C%zu, D%zu)", i, i, i, i);
	case 2: return arena_printf(kept, "mail like '*@%zu.example.org' or title like 'chief *'", i);
	case 3: return arena_printf(kept, "dn under 'ou=%zu,dc=example,dc=org' and hireDate before today - 30 days", i);
	case 4: return arena_printf(kept, "level >= %zu and member of '%s'", 100 + i, group_name(100000 + i));
	case 5: return arena_printf(kept, "member of ('%s', '%s', corp:x%zu)", group_name(200000 + i), group_name(300000 + i), i);
	default: return arena_printf(kept, "member of '%s'", group_name(400000 + i));
	}
}

static struct policy policy_make(size_t n)
{
	static const char *const directories[] = {"corp", NULL}, *const doors[] = {"organisation", NULL};
	const struct policy_names names = {.normalize = normalize, .directories = directories, .doors = doors};
	struct rule *rules = arena_alloc(kept, n * sizeof(*rules));
	struct error err;

	for (size_t i = 0; i < n; i++) {
		rules[i] = (struct rule){.name = arena_printf(kept, "r%zu", i), .outcome = OUTCOME_CUSTOMER};
		if (condition_parse(kept, condition_text(i, n), CONDITION_RULE, &names, &rules[i].when, &err) < 0) {
			fprintf(stderr, "decide: %s\n", err.detail);
			exit(1);
		}
	}
	return (struct policy){.rules = rules, .rule_count = n};
}

static struct facts facts_make(size_t n)
{
	static struct slice values[5];
	static struct fact_attribute attributes[5];
	static const char *const names[] = {"department", "title", "level", "hiredate", "contractend"};
	static const char *const texts[] = {"Sales", "Senior engineer", "7", "20200131000000Z", "2027-01-31"};
	struct fact_group *groups = arena_alloc(kept, n * sizeof(*groups));

	for (size_t i = 0; i < 5; i++) {
		values[i] = slice_c(texts[i]);
		attributes[i] = (struct fact_attribute){names[i], &values[i], 1};
	}
	for (size_t i = 0; i < n; i++)
		groups[i] = (struct fact_group){.directory = "corp", .dn = group_name(i), .dn_key = group_name(i),
			.cn = arena_printf(kept, "group-%zu-of-department-%zu", i, i % 17), .through = i ? (int)(i - 1) / 2 : -1};
	return (struct facts){.directory = "corp", .dn = "uid=ada,ou=people,dc=example,dc=org", .dn_key = "uid=ada,ou=people,dc=example,dc=org",
		.mail = "ada@example.org", .attributes = attributes, .attribute_count = 5, .groups = groups, .group_count = n, .now = 1795867200};
}

/* A sign-on's arena is there already; here it serves several decisions. */
static void decide(const struct policy *policy, const struct facts *facts, size_t count)
{
	struct arena *a = arena_new();
	struct decision d;

	for (size_t i = 1; i <= count; i++) {
		policy_decide(a, policy, facts, TRACE_NO, &d);
		if (!d.granted || strcmp(d.rule, policy->rules[policy->rule_count - 1].name) != 0)
			abort();
		if (i % DECISIONS_AN_ARENA == 0) {
			arena_free(a);
			a = arena_new();
		}
	}
	arena_free(a);
}

/* Of this process alone: a machine that has other work to do does not count. */
static double cpu_us(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) < 0)
		abort();
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare_once(const char *const *names, size_t rules, const struct facts *facts)
{
	int equal = 0;

	for (size_t i = 0; i < rules; i++)
		for (size_t k = 0; k < facts->group_count; k++)
			equal += strcmp(names[i], facts->groups[k].dn_key) == 0;
	return equal;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static size_t number(const char *text)
{
	unsigned long n = strtoul(text, NULL, 10);

	if (n < 1 || n > 1000000) {
		fputs("usage: decide RULES GROUPS COUNT [--json]\n", stderr);
		exit(2);
	}
	return (size_t)n;
}

int main(int argc, char **argv)
{
	size_t rules = number(argc > 3 ? argv[1] : ""), groups = number(argc > 3 ? argv[2] : ""), count = number(argc > 3 ? argv[3] : "");
	bool json = argc > 4 && strcmp(argv[4], "--json") == 0;
	double decided[TURNS], compared[TURNS];
	struct policy policy;
	struct facts facts;
	const char **names;
	double begin;
	int equal = 0;

	kept = arena_new();
	policy = policy_make(rules);
	facts = facts_make(groups);
	names = arena_alloc(kept, rules * sizeof(*names));
	for (size_t i = 0; i < rules; i++)
		names[i] = group_name(500000 + i);
	for (size_t turn = 0; turn < TURNS; turn++) {
		begin = cpu_us();
		decide(&policy, &facts, count);
		decided[turn] = (cpu_us() - begin) / (double)count;
		begin = cpu_us();
		for (size_t i = 0; i < count; i++)
			equal += compare_once(names, rules, &facts);
		compared[turn] = (cpu_us() - begin) / (double)count;
	}
	qsort(decided, TURNS, sizeof(*decided), by_size);
	qsort(compared, TURNS, sizeof(*compared), by_size);
	printf(json ? "{\"rules\": %zu, \"groups\": %zu, \"decision_us\": %.2f, \"fastest_us\": %.2f, \"floor_us\": %.2f}\n" :
		"%zu rules, a person in %zu groups: a decision takes %.2f us of CPU (the fastest turn %.2f); holding every "
		"group against one name a rule %.2f us\n",
		rules, groups, decided[TURNS / 2], decided[0], compared[TURNS / 2] + (equal > 0));
	arena_free(kept);
	return 0;
}
