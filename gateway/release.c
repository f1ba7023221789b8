/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a connection is told about a person. */
#include "gateway/release.h"

#include "base/builtin_groups.h"
#include "base/encode.h"
#include "gateway/group_name.h"
#include "gateway/judge.h"
#include "gateway/ldap_rules_live.h"

struct values {
	struct arena *arena;
	const char **list;
	size_t n;
};

static void add(struct values *v, const char *value)
{
	if (!value || !*value)
		return;
	v->list = arena_grow(v->arena, v->list, v->n, sizeof(*v->list));
	v->list[v->n++] = value;
}

static void add_from_mirror(struct values *v, const struct mirror_person *person, const char *name)
{
	size_t i, k;

	for (i = 0; i < person->attribute_count; i++) {
		const struct mirror_attribute *attribute = &person->attributes[i];

		if (strcasecmp(attribute->name, name) != 0)
			continue;
		for (k = 0; k < attribute->n; k++) {
			if (utf8_is_clean(attribute->values[k]))
				add(v, arena_copy(v->arena, attribute->values[k]));
		}
	}
}

static void add_once(struct values *v, const char *value)
{
	for (size_t i = 0; i < v->n; i++) {
		if (strcmp(v->list[i], value) == 0)
			return;
	}
	add(v, value);
}

/* What marks in LDAP give to members of the group. */
static void add_given(struct values *v, const struct gateway *g, const struct mirror_group *group, const char *pattern)
{
	const struct ldap_given *given = g->ldap_rules ? ldap_rules_live_given(g->ldap_rules, group->directory, group->dn_key) : NULL;

	for (const char *const *name = given ? given->groups : NULL; name && *name; name++) {
		if (policy_like(pattern, slice_c(*name)))
			add_once(v, *name);
	}
}

/* One without a name fits no pattern; one that XML cannot carry would keep all its members from signing on. */
static bool is_told(const struct settings_attribute *setting, const struct mirror_group *group)
{
	const char *value = setting->as_dn ? group->dn : group->cn;

	if (!group->cn || (group->cn_shared && !setting->as_dn) || !utf8_is_clean(slice_c(value)))
		return false;
	return policy_like(setting->text, slice_c(group->cn)) && !group_is_builtin(group->cn) && (!setting->as_dn || group_dn_is_told(value));
}

/*
 * A name that its directory gives to several groups says nothing, here as in
 * rules: whoever may make a group chooses its name.  And whoever may call a
 * group like one of Atlassian's own must not make administrators.
 */
static void add_groups(struct values *v, const struct gateway *g, const struct mirror_person *person, const struct settings_attribute *setting)
{
	size_t i;

	for (i = 0; i < person->group_count; i++) {
		const struct mirror_group *group = &person->groups[i];

		if (is_told(setting, group))
			add_once(v, setting->as_dn ? group->dn : group->cn);
		if (!setting->as_dn)
			add_given(v, g, group, setting->text);
	}
}

static void gather(struct values *v, const struct gateway *g, const struct settings_attribute *setting, const struct saml_identity *identity,
	const struct mirror_person *person)
{
	switch (setting->source) {
	case ATTRIBUTE_CLAIM:
		if (identity)
			add(v, judge_claim(identity, setting->text));
		break;
	case ATTRIBUTE_VALUE:
		add(v, setting->text);
		break;
	case ATTRIBUTE_MAIL:
		add(v, person->mail);
		break;
	case ATTRIBUTE_LDAP:
		add_from_mirror(v, person, setting->text);
		break;
	case ATTRIBUTE_GROUPS:
		add_groups(v, g, person, setting);
		break;
	}
}

size_t release_attributes(struct arena *a, const struct gateway *g, const struct settings_connection *door, const struct saml_identity *identity,
	const struct mirror_person *person, const struct saml_attribute **out)
{
	struct saml_attribute *attributes = arena_alloc(a, (door->attribute_count + 1) * sizeof(*attributes));
	size_t i, n = 0;

	for (i = 0; i < door->attribute_count; i++) {
		struct values v = {.arena = a};

		gather(&v, g, &door->attributes[i], identity, person);
		if (v.n)
			attributes[n++] = (struct saml_attribute){door->attributes[i].name, v.list, v.n};
	}
	*out = attributes;
	return n;
}
