/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Maps of the settings file against the rows of settings_table.def. */
#include "gateway/settings/settings_reader.h"

#include <ctype.h>

/* What a section is read into. */
#define TARGET_top struct settings
#define TARGET_decryption_key struct settings_decryption_key
#define TARGET_otherwise struct settings
#define TARGET_accounts struct settings
#define TARGET_prices struct settings_prices
#define TARGET_limits struct settings_limits
#define TARGET_provider struct settings_provider
#define TARGET_connection struct settings_connection
#define TARGET_target struct settings_target
#define TARGET_attribute struct attribute_source_words
#define TARGET_stable_id struct attribute_source_words
#define TARGET_directory struct directory_source
#define TARGET_scim_directory struct directory_source
#define TARGET_people struct directory_source
#define TARGET_groups struct directory_source
#define TARGET_exception struct exception_words
#define TARGET_rule struct rule_words
#define TARGET_requirement struct requirement_words
#define TARGET_ldap_rules struct ldap_rules_words
#define TARGET_ldap_mark struct settings_ldap_rules
#define TARGET_ldap_rule struct settings_ldap_rules
#define TARGET_link struct link_words
#define TARGET_brand struct brand
#define TARGET_colours struct brand
#define TARGET_contact struct brand

/* A row whose field has another type than its own does not compile. */
#define IS(target, field, type) (offsetof(target, field) + 0 * sizeof(_Generic(((target *)0)->field, type: 0)))
#define OFFSET_TEXT(target, field) IS(target, field, const char *)
#define OFFSET_PATH(target, field) IS(target, field, const char *)
#define OFFSET_URL(target, field) IS(target, field, const char *)
#define OFFSET_CHOICE(target, field) IS(target, field, const char *)
#define OFFSET_WORD(target, field) IS(target, field, unsigned)
#define OFFSET_YES(target, field) IS(target, field, bool)
#define OFFSET_TIME(target, field) IS(target, field, int64_t)
#define OFFSET_NUMBER(target, field) IS(target, field, size_t)
#define OFFSET_LIMIT(target, field) IS(target, field, size_t)
#define OFFSET_LIST(target, field) IS(target, field, const char *const *)
#define OFFSET_PARTS(target, field) offsetof(target, field)

const struct setting settings_table[] = {
#define SETTING(section, key, type, field, limits, fallback, need, help) \
	{SECTION_##section, key, SETTING_##type, OFFSET_##type(TARGET_##section, field), limits, fallback, need, help},
#include "gateway/settings/settings_table.def"
#undef SETTING
	{.key = NULL},
};

const char *setting_section_name(enum setting_section section)
{
	static const char *const names[SECTION_COUNT] = {
		[SECTION_top] = "the file itself",
		[SECTION_decryption_key] = "decryption_keys",
		[SECTION_otherwise] = "otherwise",
		[SECTION_accounts] = "accounts",
		[SECTION_prices] = "prices",
		[SECTION_limits] = "limits",
		[SECTION_provider] = "identity_providers: NAME",
		[SECTION_connection] = "connections: NAME",
		[SECTION_target] = "connections: NAME: accounts",
		[SECTION_attribute] = "connections: NAME: attributes: NAME",
		[SECTION_stable_id] = "connections: NAME: stable_id",
		[SECTION_directory] = "directories: NAME", [SECTION_scim_directory] = "directories: NAME",
		[SECTION_people] = "directories: NAME: people",
		[SECTION_groups] = "directories: NAME: groups",
		[SECTION_exception] = "exceptions",
		[SECTION_rule] = "rules",
		[SECTION_requirement] = "require",
		[SECTION_ldap_rules] = "ldap_rules",
		[SECTION_ldap_rule] = "ldap_rules: attributes",
		[SECTION_ldap_mark] = "ldap_rules: mark_attributes",
		[SECTION_link] = "go: NAME",
		[SECTION_brand] = "brand.yaml",
		[SECTION_colours] = "brand.yaml: colours",
		[SECTION_contact] = "brand.yaml: contact",
	};

	return names[section];
}

/* ---- problems ---- */

static void note(struct settings_reader *r, const struct error *err, const char *below)
{
	if (r->problem_count == 0)
		r->first = *err;
	if (r->problem_count < SETTINGS_PROBLEMS_MAX)
		r->problems[r->problem_count] = arena_printf(r->arena, "%s%s%s", err->detail, below ? "\n" : "", below ? below : "");
	r->problem_count++;
}

void settings_problem_in(struct settings_reader *r, const struct yaml_node *node, const char *text, const struct error *wrong)
{
	struct error err;

	yaml_error(&err, node, "%s", wrong->detail);
	note(r, &err, condition_caret(r->arena, text, wrong->detail));
}

void settings_problem(struct settings_reader *r, const struct yaml_node *node, const char *format, ...)
{
	struct error err;
	char text[600];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	yaml_error(&err, node, "%s", text);
	note(r, &err, NULL);
}

void settings_problem_key(struct settings_reader *r, const struct yaml_node *node, const char *key, const char *format, ...)
{
	struct yaml_node other = *node;
	struct error err;
	char text[600];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	other.key = key;
	yaml_error(&err, &other, "%s", text);
	note(r, &err, NULL);
}

size_t yaml_children(const struct yaml_node *node)
{
	const struct yaml_node *n;
	size_t count = 0;

	for (n = node->child; n; n = n->next)
		count++;
	return count;
}

bool settings_name_is_good(struct settings_reader *r, const struct yaml_node *node)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	size_t n = strlen(node->key);

	if (n && n <= 32 && strspn(node->key, good) == n && isalnum((unsigned char)*node->key))
		return true;
	settings_problem(r, node, "is not a name (letters, digits, - and _, at most 32, the first a letter or digit)");
	return false;
}

/* ---- one map ---- */

static const struct setting *row_find(enum setting_section section, const char *key)
{
	const struct setting *row;

	for (row = settings_table; row->key; row++) {
		if (row->section == section && strcmp(row->key, key) == 0)
			return row;
	}
	return NULL;
}

/*
 * {when: member of cn=a,ou=b} is, to YAML, `when` and a key `ou=b` without a
 * value.  Says so at the setting that was cut, which stands right before.
 */
static bool is_cut(struct settings_reader *r, enum setting_section section, const struct yaml_node *map, const struct yaml_node *unknown)
{
	const struct yaml_node *n, *before = NULL;
	bool said = false;

	if (!map->flow || unknown->kind != YAML_NODE_SCALAR || unknown->quoted || *unknown->text)
		return false;
	for (n = map->child; n != unknown; n = n->next) {
		if (row_find(section, n->key)) {
			before = n->kind == YAML_NODE_SCALAR && !n->quoted ? n : NULL;
			said = false;
		} else {
			said = n->kind == YAML_NODE_SCALAR && !n->quoted && !*n->text;
		}
	}
	if (!before)
		return false;
	if (said)               /* the second piece of the same text */
		return true;
	settings_problem(r, before, "is cut at the comma before \"%s\": put the text in quotes, %s: \"...\"", unknown->key, before->key);
	return true;
}

static void unknown_key(struct settings_reader *r, enum setting_section section, const struct yaml_node *node)
{
	const char *nearest = setting_nearest(section, node->key);
	const struct setting *row;

	for (row = settings_table; !nearest && row->key; row++) {
		if (strcmp(row->key, node->key) == 0) {
			settings_problem(r, node, "is not a setting here; it belongs under %s", setting_section_name(row->section));
			return;
		}
	}
	if (nearest)
		settings_problem(r, node, "is not a setting; did you mean %s?", nearest);
	else
		settings_problem(r, node, "is not a setting");
}

static void read_list(struct settings_reader *r, const struct setting *row, const struct yaml_node *node, void *target)
{
	const struct yaml_node *n;
	const char **list = arena_alloc(r->arena, (yaml_children(node) + 2) * sizeof(*list));
	size_t count = 0;

	if (node->kind == YAML_NODE_SCALAR)
		list[count++] = node->text;
	else if (!node->child)
		settings_problem(r, node, "is an empty list");
	for (n = node->child; n; n = n->next) {
		if (n->kind == YAML_NODE_SCALAR)
			list[count++] = n->text;
		else
			settings_problem_key(r, n, row->key, "must be a list of texts");
	}
	if (count && !*list[0])
		settings_problem(r, node, "is empty");
	else
		*(const char *const **)((char *)target + row->offset) = list;
}

static void read_row(struct settings_reader *r, const struct setting *row, const struct yaml_node *node, void *target)
{
	const char *fault;

	if (row->type == SETTING_PARTS)
		return;
	if (node->kind == YAML_NODE_MAP || (node->kind == YAML_NODE_LIST && row->type != SETTING_LIST)) {
		settings_problem(r, node, row->type == SETTING_LIST ? "must be a text or a list of texts" : "must be one value, not a list or map");
		return;
	}
	if (row->type == SETTING_LIST) {
		read_list(r, row, node, target);
		return;
	}
	fault = setting_parse(r, row, node->text, target);
	if (fault && *node->text)
		settings_problem(r, node, "\"%.100s\" %s", node->text, fault);
	else if (fault)
		settings_problem(r, node, "%s", fault);
}

static void read_fallback(struct settings_reader *r, const struct setting *row, void *target)
{
	const char **list;

	if (row->type != SETTING_LIST) {
		if (setting_parse(r, row, row->fallback, target))
			abort();        /* our own table */
		return;
	}
	list = arena_alloc(r->arena, 2 * sizeof(*list));
	list[0] = row->fallback;
	*(const char *const **)((char *)target + row->offset) = list;
}

static bool is_needed(const struct settings_reader *r, const struct setting *row)
{
	return row->need == REQUIRED || (row->need == SERVING && r->use == SETTINGS_TO_SERVE);
}

int section_read(struct settings_reader *r, enum setting_section section, const struct yaml_node *map, void *target)
{
	const struct setting *row;
	const struct yaml_node *n;

	for (row = settings_table; row->key; row++) {
		if (row->section == section && row->fallback)
			read_fallback(r, row, target);
	}
	if (map->kind != YAML_NODE_MAP) {
		settings_problem(r, map, "must be a map (of %s)", setting_section_name(section));
		return -1;
	}
	for (n = map->child; n; n = n->next) {
		row = row_find(section, n->key);
		if (row)
			read_row(r, row, n, target);
		else if (!is_cut(r, section, map, n))
			unknown_key(r, section, n);
	}
	for (row = settings_table; row->key; row++) {
		if (row->section == section && is_needed(r, row) && !yaml_get(map, row->key))
			settings_problem_key(r, map, row->key, "is missing%s%s", map->key ? " in " : "", map->key ? map->key : "");
	}
	return 0;
}
