/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The text of a `when`, judged on a person in one group when it parses. */
#include "tests/fuzz/fuzz.h"

#include "policies/policies.h"

static int normalize(struct arena *a, const char *dn, const char **key_out)
{
	if (!strchr(dn, '='))
		return -1;
	*key_out = arena_strdup(a, dn);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const directories[] = {"corp", NULL}, *const doors[] = {"organisation", "helpdesk", NULL};
	struct policy_names names = {.normalize = normalize, .directories = directories, .doors = doors};
	struct slice value = slice_c("Sales");
	struct fact_attribute attribute = {"department", &value, 1};
	struct fact_group group = {.directory = "corp", .dn = "cn=agents", .dn_key = "cn=agents", .cn = "agents", .through = -1};
	struct facts facts = {
		.directory = "corp", .dn = "uid=a", .dn_key = "uid=a", .mail = "a@example.org", .attributes = &attribute, .attribute_count = 1,
		.groups = &group, .group_count = 1, .door = "organisation", .door_kind = DOOR_MANAGED, .client = "192.0.2.1",
	};
	struct requirement requirement = {.name = "r", .for_outcome = {true, true, true, true}};
	struct rule rule = {.name = "r", .outcome = OUTCOME_LICENSED};
	struct policy policy = {&rule, 1, &requirement, 1};
	struct arena *a = arena_new();
	struct decision decision;
	struct error err;
	const char *text;

	if (arena_cstr(a, slice_of(data, size), REASON_RULE, &text, &err) == 0 &&
		condition_parse(a, text, CONDITION_REQUIRE, &names, &requirement.when, &err) == 0) {
		fuzz_succeeded(0);
		if (condition_parse(a, text, CONDITION_RULE, &names, &rule.when, &err) == 0)
			policy_decide(a, &policy, &facts, TRACE_YES, &decision);
	}
	arena_free(a);
	return 0;
}
