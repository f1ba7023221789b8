/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one list of groups that Atlassian has by itself. */
#include "base/builtin_groups.h"

#include <string.h>
#include <strings.h>

/* What some programs take off the ends of a name, and nobody sees there: first and last of each range of UTF-8. */
static const char *const blanks[][2] = {
	{"\t", "\r"}, {" ", " "}, {"\xc2\x85", "\xc2\x85"}, {"\xc2\xa0", "\xc2\xa0"}, {"\xc2\xad", "\xc2\xad"},
	{"\xe1\x9a\x80", "\xe1\x9a\x80"}, {"\xe1\xa0\x8e", "\xe1\xa0\x8e"}, {"\xe2\x80\x80", "\xe2\x80\x8f"},
	{"\xe2\x80\xa8", "\xe2\x80\xaf"}, {"\xe2\x81\x9f", "\xe2\x81\xaf"}, {"\xe3\x80\x80", "\xe3\x80\x80"},
	{"\xef\xbb\xbf", "\xef\xbb\xbf"},
};

/* Bytes of the blank at either end of the n bytes; 0: there is none. */
static size_t blank_at(const char *name, size_t n, bool at_end)
{
	for (size_t i = 0; i < sizeof(blanks) / sizeof(*blanks); i++) {
		size_t k = strlen(blanks[i][0]);
		const char *p = at_end && k <= n ? name + n - k : name;

		if (k <= n && memcmp(p, blanks[i][0], k) >= 0 && memcmp(p, blanks[i][1], k) <= 0)
			return k;
	}
	return 0;
}

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
	size_t n = strlen(name), blank;

	for (; (blank = blank_at(name, n, false)); n -= blank)
		name += blank;
	while ((blank = blank_at(name, n, true)))
		n -= blank;
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
