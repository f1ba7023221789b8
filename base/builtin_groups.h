/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Groups that Atlassian has by itself: of administrators, of apps, and those
 * that give a product by default ("Default groups and permissions").  SCIM
 * can make and fill none of them, and nobody becomes an administrator by
 * what stands in a directory; so no setting, rule, mark, plan or assertion
 * names one.
 */
#ifndef BASE_BUILTIN_GROUPS_H
#define BASE_BUILTIN_GROUPS_H

#include <stdbool.h>

/* The name alone or with a site's behind it, whatever its case; blanks around it are as if they were not there. */
bool group_is_builtin(const char *name);

#endif
