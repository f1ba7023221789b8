/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The names that the tests of policies/ know, and a DN normalizer that is enough for them: lower case, no blanks behind commas. */
#ifndef TESTS_UNIT_POLICY_NAMES_H
#define TESTS_UNIT_POLICY_NAMES_H

#include "policies/policies.h"

static int normalize(struct arena *a, const char *dn, const char **key_out)
{
	char *key = arena_strdup(a, dn);
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

static const struct policy_names two = {normalize, two_directories, all_doors};
static const struct policy_names one = {normalize, one_directory, all_doors};

#endif
