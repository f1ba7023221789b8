/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The names that the tests of policies/ know, and a DN normalizer that is enough for them: lower case, no blanks behind commas. */
#ifndef TESTS_UNIT_POLICY_NAMES_H
#define TESTS_UNIT_POLICY_NAMES_H

#include "policies/policies.h"

static int normalize(struct arena *arena, const char *dn, const char **key_out)
{
	char *key = arena_strdup(arena, dn);
	size_t n = 0;

	if (!strchr(dn, '=') || dn[0] == '=')
		return -1;
	for (const char *p = dn; *p; p++) {
		if (*p == ' ' && n > 0 && key[n - 1] == ',')
			continue;
		key[n++] = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
	}
	key[n] = '\0';
	*key_out = key;
	return 0;
}

static const char *const two_directories[] = {"corp", "lab", NULL};
static const char *const one_directory[] = {"corp", NULL};
static const char *const all_doors[] = {"organisation", "helpdesk", "portal", NULL};

static const char *const all_links[] = {"help", "intranet", NULL};

static const char *const offices[] = {"Berlin", "Köln", NULL}, *const teams[] = {"corp:agents", "cn=leads,dc=y", NULL};
static const char *const networks[] = {"10.0.0.0/8", "192.0.2.7", NULL}, *const empty_set[] = {NULL}, *const mistaken[] = {"crop:x", NULL};
static const struct policy_set all_sets[] = {
	{"offices", offices}, {"teams", teams}, {"networks", networks}, {"nothing", empty_set}, {"mistaken", mistaken},
};

static const struct policy_names two = {.normalize = normalize, .directories = two_directories, .doors = all_doors, .links = all_links,
	.sets = all_sets, .set_count = 5};
static const struct policy_names one = {.normalize = normalize, .directories = one_directory, .doors = all_doors};

#endif
