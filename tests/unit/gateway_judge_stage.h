/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connections, a link, rules and requirements that people of a mirror are judged by.  Rules are parsed by the real grammar. */
#ifndef TESTS_UNIT_GATEWAY_JUDGE_STAGE_H
#define TESTS_UNIT_GATEWAY_JUDGE_STAGE_H

#include "tests/unit/unit.h"

#include "gateway/judge.h"

#define NOW 1800000000

static struct arena *a;
static struct error err;
static struct settings settings;
static struct gateway gateway;

static const char *const sites[] = {"helpdesk", NULL};
static const char *const doors[] = {"organisation", "helpdesk", "shop", NULL};
static const char *const directories[] = {"corp", NULL};
static const char *const claimed[] = {"example.org", NULL};

#define STALE_AFTER 3600
#define STALE_GRACE 7200
static const struct directory_options known_directories[] = {{.name = "corp"}};
static const struct settings_directory directory_sources[] = {{.stale_after = STALE_AFTER, .stale_grace = STALE_GRACE}};

static struct settings_connection connections[] = {
	{.name = "organisation", .kind = DOOR_MANAGED, .entity_id = "urn:org", .acs = "https://auth.example/acs?c=1", .start = "https://site.example/"},
	{.name = "helpdesk", .kind = DOOR_PORTAL, .entity_id = "urn:help", .acs = "https://help.example/acs", .home = "https://help.example/portal"},
	{.name = "shop", .kind = DOOR_PORTAL, .entity_id = "urn:shop", .acs = "https://shop.example/acs", .home = "https://shop.example/portal"},
};
static const struct settings_link links[] = {
	{.name = "help", .via = "organisation",
		.landing = {[OUTCOME_LICENSED] = "https://site.example/jira", [OUTCOME_PORTAL] = "https://help.example/portal"},
		.landing_door = {[OUTCOME_PORTAL] = "helpdesk"}},
};

static inline struct condition *parse(const char *text, enum condition_scope scope)
{
	struct policy_names names = {.normalize = dn_normalize, .directories = directories, .doors = doors};
	struct condition *c;

	assert_done(condition_parse(a, text, scope, &names, &c, &err), err);
	return c;
}

static inline int begin(void **state)
{
	static struct rule rules[4];
	static struct requirement requirements[2];

	(void)state;
	a = arena_new();
	rules[0] = (struct rule){.name = "agents", .when = parse("member of 'cn=agents,dc=example'", CONDITION_RULE), .outcome = OUTCOME_LICENSED};
	rules[1] = (struct rule){.name = "staff", .when = parse("member of corp:staff", CONDITION_RULE), .outcome = OUTCOME_CUSTOMER};
	rules[2] = (struct rule){.name = "partners", .when = parse("member of corp:partners", CONDITION_RULE), .outcome = OUTCOME_PORTAL, .at = sites};
	rules[3] = (struct rule){.name = "former", .when = parse("member of corp:former", CONDITION_RULE), .outcome = OUTCOME_DENY,
		.because = "You have left."};
	requirements[0] = (struct requirement){.name = "second-factor", .when = parse("mfa", CONDITION_REQUIRE),
		.for_outcome = {[OUTCOME_LICENSED] = true}, .otherwise = "Use a second factor."};
	requirements[1] = (struct requirement){.name = "not-at-home", .when = parse("not door is helpdesk or client in 10.0.0.0/8", CONDITION_REQUIRE),
		.for_outcome = {[OUTCOME_PORTAL] = true}};
	settings = (struct settings){
		.connections = connections, .connection_count = 3, .links = links, .link_count = 1, .claimed_domains = claimed,
		.directories = known_directories, .directory_sources = directory_sources, .directory_count = 1,
		.policy = {rules, 4, requirements, 2},
	};
	gateway = (struct gateway){.arena = a, .settings = &settings};
	return 0;
}

static inline int end(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

static inline struct mirror_person person(const char *mail, const char *group)
{
	struct mirror_group *groups = arena_alloc(a, sizeof(*groups));

	*groups = (struct mirror_group){.directory = "corp", .dn = arena_printf(a, "cn=%s,dc=example", group), .cn = group, .through = -1};
	assert_int_equal(dn_normalize(a, groups->dn, &groups->dn_key), 0);
	return (struct mirror_person){.directory = "corp", .dn = "uid=p,dc=example", .mail = mail, .groups = groups, .group_count = 1,
		.as_of = NOW - 5};
}

static inline const struct settings_connection *door(const char *name)
{
	return settings_connection(&settings, name);
}

#endif
