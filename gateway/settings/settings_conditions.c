/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What conditions may name: directories, doors, links, and `sets`, `conditions` and `time_zone` of the file. */
#include "gateway/settings/settings_reader.h"

#define ZONES "/usr/share/zoneinfo"     /* where Debian's tzdata has the tz database */
#define NAMED_MAX 1000

/* ---- the time zone ---- */

/* Read here and by no process later: all judge by the same hours, from the snapshot, whatever becomes of tzdata. */
static void read_zone(struct settings_reader *r)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";
	const char *name = r->settings->time_zone;
	const struct yaml_node *node = yaml_get(r->root, "time_zone");
	struct slice bytes;
	struct error err;

	if (!node || strcmp(name, "UTC") == 0)
		return;
	if (strspn(name, good) != strlen(name) || *name == '/' || strlen(name) > 64) {
		settings_problem(r, node, "\"%.70s\" is not the name of a time zone like Europe/Berlin or UTC", name);
		return;
	}
	if (files_get(r->files, arena_printf(r->arena, "%s/%s", ZONES, name), FILE_PUBLIC, FILES_ALL, &bytes, &err) < 0)
		settings_problem(r, node, "\"%s\" is not known on this host (package tzdata): %s", name, err.detail);
	else if (zone_read(r->arena, name, bytes, &r->settings->zone) < 0)
		settings_problem(r, node, "%s/%s is not a file of the tz database", ZONES, name);
}

/* ---- sets ---- */

static const char *const *read_values(struct settings_reader *r, const struct yaml_node *node)
{
	const char **values = arena_alloc(r->arena, (yaml_children(node) + 1) * sizeof(*values));
	const struct yaml_node *n;
	size_t count = 0;

	if (node->kind != YAML_NODE_LIST)
		settings_problem(r, node, "must be a list of texts, as [a, b]");
	for (n = node->kind == YAML_NODE_LIST ? node->child : NULL; n; n = n->next) {
		if (n->kind != YAML_NODE_SCALAR)
			settings_problem_key(r, n, node->key, "must be a list of texts");
		else if (!*n->text)
			settings_problem_key(r, n, node->key, "holds an empty text");
		else
			values[count++] = n->text;
	}
	return values;
}

/* Whether it is a map of names, and how many. */
static size_t named(struct settings_reader *r, const struct yaml_node *map)
{
	if (!map)
		return 0;
	if (map->kind != YAML_NODE_MAP) {
		settings_problem(r, map, "must be a map of names");
		return 0;
	}
	if (yaml_children(map) > NAMED_MAX) {
		settings_problem(r, map, "holds more than %d names", NAMED_MAX);
		return 0;
	}
	return yaml_children(map);
}

static void read_sets(struct settings_reader *r, struct policy_names *names)
{
	const struct yaml_node *map = yaml_get(r->root, "sets"), *n;
	size_t count = named(r, map);
	struct policy_set *sets = arena_alloc(r->arena, (count + 1) * sizeof(*sets));

	for (n = count ? map->child : NULL; n; n = n->next) {
		settings_name_is_good(r, n);
		sets[names->set_count++] = (struct policy_set){.name = n->key, .values = read_values(r, n)};
	}
	names->sets = sets;
}

/* ---- conditions ---- */

/* `nodes`: where each stands. */
static void parse_conditions(struct settings_reader *r, const struct yaml_node *const *nodes, struct policy_condition *list)
{
	const struct policy_names *names = &r->settings->names;
	struct error err;
	size_t which = 0;

	for (size_t i = 0; i < names->condition_count; i++)
		if (list[i].text && condition_parse(r->arena, list[i].text, CONDITION_REQUIRE, names, &list[i].when, &err) < 0)
			settings_problem_in(r, nodes[i], list[i].text, &err);
	if (policy_conditions_link(list, names->condition_count, &which, &err) < 0)
		settings_problem_in(r, nodes[which], list[which].text, &err);
}

static void read_conditions(struct settings_reader *r, struct policy_names *names)
{
	const struct yaml_node *map = yaml_get(r->root, "conditions"), *n;
	size_t count = named(r, map);
	struct policy_condition *list = arena_alloc(r->arena, (count + 1) * sizeof(*list));
	const struct yaml_node **nodes = arena_alloc(r->arena, (count + 1) * sizeof(*nodes));

	for (n = count ? map->child : NULL; n; n = n->next) {
		settings_name_is_good(r, n);
		nodes[names->condition_count] = n;
		list[names->condition_count].name = n->key;
		if (n->kind == YAML_NODE_SCALAR)
			list[names->condition_count].text = n->text;
		else
			settings_problem(r, n, "must be one condition, in quotes");
		names->condition_count++;
	}
	names->conditions = list;
	parse_conditions(r, nodes, list);
}

/* ---- all names ---- */

static const char *const *link_names(struct settings_reader *r)
{
	const struct yaml_node *map = yaml_get(r->root, "go"), *n;
	const char **names = arena_alloc(r->arena, ((map ? yaml_children(map) : 0) + 1) * sizeof(*names));
	size_t count = 0;

	for (n = map && map->kind == YAML_NODE_MAP ? map->child : NULL; n; n = n->next)
		names[count++] = n->key;
	return names;
}

void settings_read_conditions(struct settings_reader *r)
{
	struct settings *s = r->settings;
	const char **directories = arena_alloc(r->arena, (s->directory_count + 1) * sizeof(*directories));
	const char **doors = arena_alloc(r->arena, (s->connection_count + 1) * sizeof(*doors));

	for (size_t i = 0; i < s->directory_count; i++)
		directories[i] = r->directories[i].options.name;
	for (size_t i = 0; i < s->connection_count; i++)
		doors[i] = s->connections[i].name;
	s->names = (struct policy_names){.normalize = dn_normalize, .directories = directories, .doors = doors, .links = link_names(r)};
	read_zone(r);
	read_sets(r, &s->names);
	read_conditions(r, &s->names);
}
