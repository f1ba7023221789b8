/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one list of groups that Atlassian has by itself. */
#include "base/builtin_groups.h"

#include <string.h>
#include <strings.h>

#define BLANKS " \t\r\n"

/* Alone, or with a hyphen and a site's name behind. */
static const char *const begins[] = {
	"site-admins", "org-admins", "administrators", "system-administrators", "trusted-users", "stakeholders",
	"atlassian-addons",
	"jira-administrators", "jira-admins", "jira-users", "jira-software-users", "jira-servicedesk-users", "jira-servicemanagement-users",
	"jira-servicemanagement-customers", "jira-core-users", "jira-workmanagement-users", "jira-product-discovery-users",
	"confluence-administrators", "confluence-admins", "confluence-users", "confluence-guests",
	"bitbucket-administrators", "bitbucket-admins", "bitbucket-users",
	NULL
};

/* With a product's name in front, too. */
static const char *const holds[] = {"-user-access-admins", "-product-admins", NULL};

static bool begins_with(const char *name, size_t n, const char *word)
{
	size_t k = strlen(word);

	return n >= k && strncasecmp(name, word, k) == 0 && (n == k || name[k] == '-');
}

bool group_is_builtin(const char *name)
{
	size_t n;

	name += strspn(name, BLANKS);
	for (n = strlen(name); n && strchr(BLANKS, name[n - 1]); n--)
		;
	for (const char *const *w = begins; *w; w++) {
		if (begins_with(name, n, *w))
			return true;
	}
	for (const char *const *w = holds; *w; w++) {
		for (size_t i = 1; i < n; i++) {
			if (begins_with(name + i, n - i, *w))
				return true;
		}
	}
	return false;
}
