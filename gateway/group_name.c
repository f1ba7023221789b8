/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of groups, read as the grammar of rules reads them. */
#include "gateway/group_name.h"

#include "base/builtin_groups.h"

int group_name_read(struct arena *a, const struct settings *s, const char *text, struct group_name *out, struct error *err)
{
	const char *colon = strchr(text, ':'), *equal = strchr(text, '='), *name = text;
	struct group_name g = {.text = text};

	if (colon && (!equal || colon < equal)) {
		const struct directory_options *d = settings_directory(s, arena_copy(a, slice_of(text, (size_t)(colon - text))));

		if (!d)
			return error_set(err, REASON_RULE, "\"%.200s\" names no directory of the settings", text);
		g.directory = d->name;
		name = colon + 1;
	}
	if (!*name)
		return error_set(err, REASON_RULE, "\"%.200s\" names no group", text);
	if (equal && dn_normalize(a, name, &g.dn_key) < 0)
		return error_set(err, REASON_RULE, "\"%.200s\" is not a DN", name);
	if (!equal) {
		if (!g.directory && s->directory_count != 1)
			return error_set(err, REASON_RULE, "\"%.80s\" may be in several directories: write %s:%.80s, or its DN", name,
				s->directory_count ? s->directories[0].name : "DIRECTORY", name);
		g.cn = name;
		if (!g.directory)
			g.directory = s->directories[0].name;
	}
	*out = g;
	return 0;
}

bool group_name_fits(const struct group_name *name, const struct mirror_group *group)
{
	if (name->directory && strcmp(name->directory, group->directory) != 0)
		return false;
	if (name->dn_key)
		return strcmp(name->dn_key, group->dn_key) == 0;
	return group->cn && !group->cn_shared && strcasecmp(name->cn, group->cn) == 0;
}

int group_name_look(struct arena *a, struct mirror *m, const struct settings *s, const struct group_name *name,
	struct mirror_group_found *out, struct error *err)
{
	struct mirror_group_found all = {0}, here;

	for (size_t i = 0; i < s->directory_count; i++) {
		if (name->directory && strcmp(name->directory, s->directories[i].name) != 0)
			continue;
		if (mirror_group(a, m, s->directories[i].name, name->dn_key, name->cn, &here, err) < 0)
			return -1;
		all.count += here.count;
		all.members += here.members;
		all.dn = all.dn ? all.dn : here.dn;
	}
	*out = all;
	return 0;
}

/* ---- DNs that are told ---- */

/* Of dn_normalize, which writes small letters. */
static int digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* "TYPE=VALUE" of a key: what a receiver reads there once escapes are undone.  In hex (RFC 4514 section 2.4) it would say who knows what. */
static bool part_is_told(struct arena *a, struct slice part)
{
	const char *value = (const char *)memchr(part.p, '=', part.n) + 1, *end = part.p + part.n;
	char *read = arena_alloc(a, part.n + 1), *at = read;

	if (value < end && *value == '#')
		return false;
	for (char c; value < end; *at++ = c) {
		c = *value++;
		if (c != '\\')
			continue;
		c = (char)(digit(value[0]) << 4 | digit(value[1]));
		value += 2;
		if (c == '\0')
			return false;
	}
	*at = '\0';
	return !group_is_builtin(read);
}

bool group_dn_is_told(const char *dn)
{
	struct arena *a = arena_new();
	const char *key = NULL;
	bool told = dn_normalize(a, dn, &key) == 0;

	for (size_t n; told; key += n + 1) {
		n = strcspn(key, "+,");
		told = part_is_told(a, slice_of(key, n));
		if (key[n] != '+')
			break;
	}
	arena_free(a);
	return told;
}
