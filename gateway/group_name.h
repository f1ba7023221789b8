/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A group as rules and commands name it: "directory:cn", "directory:DN", "DN", or "cn" where there is one directory. */
#ifndef GATEWAY_GROUP_NAME_H
#define GATEWAY_GROUP_NAME_H

#include "gateway/settings/settings.h"

struct group_name {
	const char *text;               /* as written */
	const char *directory;          /* NULL: any */
	const char *cn;                 /* one of the two */
	const char *dn_key;
};

/* REASON_RULE: it is no name of a group here. */
int group_name_read(struct arena *a, const struct settings *s, const char *text, struct group_name *out, struct error *err);
/* A cn means nothing where several groups of its directory have it. */
bool group_name_fits(const struct group_name *name, const struct mirror_group *group);
/* What the mirror has under this name: the sum over the directories that it may mean. */
int group_name_look(struct arena *a, struct mirror *m, const struct settings *s, const struct group_name *name,
	struct mirror_group_found *out, struct error *err);

/* A DN that a connection may be told: whichever value of its first part a receiver takes for the group, it is none of Atlassian's own. */
bool group_dn_is_told(const char *dn);

#endif
