/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `exceptions`: one person, an outcome, until a day, and why. */
#include "gateway/settings/settings_reader.h"

/* Exactly one of the three names the person. */
static void read_person(struct settings_reader *r, const struct yaml_node *map, const struct exception_words *w, struct exception *x)
{
	int named = (w->id != NULL) + (w->dn != NULL) + (w->mail != NULL);

	if (named != 1)
		settings_problem_key(r, map, map->key ? map->key : "exceptions", "must name one person, by one of id, dn and mail");
	x->id = w->id;
	x->dn = w->dn;
	x->mail = w->mail;
	if (w->dn && dn_normalize(r->arena, w->dn, &x->dn_key) < 0)
		settings_problem(r, yaml_get(map, "dn"), "\"%.200s\" is not a DN (RFC 4514)", w->dn);
	if (w->mail && !strchr(w->mail, '@'))
		settings_problem(r, yaml_get(map, "mail"), "\"%.200s\" is not a mail address", w->mail);
}

/* Where there are several directories, two of them may give one id to two people. */
static void read_directory(struct settings_reader *r, const struct yaml_node *map, const char *name, struct exception *x)
{
	const struct settings *s = r->settings;
	size_t i = 0;

	x->directory = name;
	if (!name && s->directory_count > 1)
		settings_problem_key(r, map, "directory", "is missing: there are %zu directories, and an exception is for one person",
			s->directory_count);
	while (name && i < s->directory_count && strcmp(r->directories[i].options.name, name) != 0)
		i++;
	if (name && i == s->directory_count)
		settings_problem(r, yaml_get(map, "directory"), "\"%.60s\" is not a directory", name);
}

static void require_own_name(struct settings_reader *r, const struct yaml_node *map, const char *name)
{
	const struct policy *policy = &r->settings->policy;

	for (size_t i = 0; name && i < policy->rule_count; i++)
		if (policy->rules[i].name && strcmp(policy->rules[i].name, name) == 0)
			settings_problem(r, yaml_get(map, "name"), "\"%.60s\" is the name of a rule (line %d)", name, policy->rules[i].line);
}

static void read_exception(struct settings_reader *r, const struct yaml_node *map, struct exception *x)
{
	struct exception_words w = {0};

	x->line = map->line;
	if (section_read(r, SECTION_exception, map, &w) < 0)
		return;
	x->name = w.name;
	x->because = w.because;
	x->at = w.at;
	x->guests = w.guests;
	require_own_name(r, map, w.name);
	read_person(r, map, &w, x);
	read_directory(r, map, w.directory, x);
	if (w.until && calendar_read_day(slice_c(w.until), &x->until) < 0)
		settings_problem(r, yaml_get(map, "until"), "\"%.40s\" is not a day like 2026-12-31", w.until);
	if (!w.outcome || outcome_read(w.outcome, &x->outcome) < 0)
		return;                 /* section_read said so */
	settings_require_sites(r, map, x->outcome, x->at);
	if (w.guests && x->outcome == OUTCOME_DENY)
		settings_problem(r, yaml_get(map, "guests"), "belongs to exceptions that give something; deny is for guests too");
}

void settings_read_exceptions(struct settings_reader *r)
{
	const struct yaml_node *node = yaml_get(r->root, "exceptions"), *n;
	struct policy *policy = &r->settings->policy;
	struct exception *list;

	if (!settings_is_list(r, node))
		return;
	list = arena_alloc(r->arena, (yaml_children(node) + 1) * sizeof(*list));
	for (n = node->child; n; n = n->next)
		read_exception(r, n, &list[policy->exception_count++]);
	policy->exceptions = list;
	settings_require_one_name(r, node);
}
