/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * PATCH (RFC 7644 section 3.5.2), as Entra ID writes it in both dialects.
 *
 *	legacy      ops `Add`, `Replace`, `Remove`; booleans as text; a member is
 *	            removed by {"op":"Remove","path":"members","value":[{"value":ID}]},
 *	            which by the RFC would remove all of them: here, what `value`
 *	            names goes, and nothing else does
 *	2020        small letters; what needs no filter comes in one operation
 *	            without a path, whose value has dotted names and whole URNs for
 *	            keys; a member is removed by members[value eq "ID"]
 *
 * A path that names an element by eq's which is not there makes it.
 */
#include "scim/internal.h"

#define OPERATIONS_MAX 1000
#define FILTERS_MAX 200                 /* operations whose path has a filter that is held against each element */
#define COPIED_MAX ((size_t)4 * SCIM_RECORD_MAX)

enum op { OP_ADD, OP_REPLACE, OP_REMOVE };

/* What all operations of a request may cost: one value can be meant for each of 200 elements, and 1,000 can say so. */
struct budget {
	size_t room;                    /* bytes of values that are copied or compared, as JSON */
	size_t filters;
};

struct operation {
	struct arena *arena;
	enum op op;
	json_t *value;                  /* borrowed; NULL: none came */
	struct members *members;
	struct budget *budget;
	struct fault *fault;
};

/* Ahead of each use of the value. */
static int take_room(struct operation *o)
{
	size_t n = o->value ? json_dumpb(o->value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY) : 0;

	if (n > o->budget->room)
		return fault_set(o->fault, 413, NULL, "The values of all operations together are longer than %zu bytes.", COPIED_MAX);
	o->budget->room -= n;
	return 0;
}

/* ---- members of a group ---- */

static void member_edit(struct members *m, enum member_change change, const char *id)
{
	m->list = arena_grow(m->arena, m->list, m->n, sizeof(*m->list));
	m->list[m->n++] = (struct member_edit){change, id ? arena_strdup(m->arena, id) : NULL};
}

int members_take(struct members *m, enum member_change change, const json_t *value, struct fault *f)
{
	json_t *element;
	size_t i;

	if (json_is_array(value)) {
		json_array_foreach(value, i, element) {
			if (members_take(m, change, element, f) < 0)
				return -1;
		}
		return 0;
	}
	if (json_is_object(value))
		value = json_find(value, "value");
	if (!json_is_string(value))
		return fault_set(f, 400, "invalidValue", "A member is not named by its id.");
	member_edit(m, change, json_string_value(value));
	return 0;
}

static int patch_members(struct operation *o, const struct path *path)
{
	const char *id = path->within ? filter_wants(path->within, "value", NULL) : NULL;

	if (path->sub || (path->within && !id))
		return fault_set(o->fault, 400, "invalidPath", "Members are addressed as members, or as members[value eq \"ID\"].");
	if (id) {
		member_edit(o->members, o->op == OP_REMOVE ? MEMBER_REMOVE : MEMBER_ADD, id);
		return 0;
	}
	if (o->op == OP_REMOVE && !o->value) {
		member_edit(o->members, MEMBER_CLEAR, NULL);
		return 0;
	}
	if (!o->value || json_is_null(o->value))
		return fault_set(o->fault, 400, "invalidValue", "members has no value.");
	if (o->op == OP_REPLACE)
		member_edit(o->members, MEMBER_CLEAR, NULL);
	return members_take(o->members, o->op == OP_REMOVE ? MEMBER_REMOVE : MEMBER_ADD, o->value, o->fault);
}

/* ---- lists ---- */

/* Only one can be the first: whoever was it before is it no more. */
static void only_primary(json_t *list, const json_t *chosen)
{
	json_t *element, *primary = json_find(chosen, "primary");
	const char *text = json_string_value(primary);
	size_t i;

	if (!json_is_true(primary) && !(text && text_same(text, "true")))
		return;
	json_array_foreach(list, i, element) {
		if (element != chosen && json_is_object(element) && json_find(element, "primary"))
			json_put(element, "primary", json_false());
	}
}

/* The same element twice is one; of objects `value` and `type` say whether they are the same. */
static bool is_same(const json_t *a, const json_t *b)
{
	const char *value = json_text(a, "value"), *other = json_text(b, "value"), *type = json_text(a, "type"), *others = json_text(b, "type");

	if (json_equal((json_t *)a, (json_t *)b))
		return true;
	if (!value || !other || !text_same(value, other))
		return false;
	return type && others ? text_same(type, others) : type == others;
}

static bool holds(const json_t *list, const json_t *wanted, size_t *at)
{
	const json_t *element;
	size_t i;

	json_array_foreach(list, i, element) {
		if (is_same(element, wanted)) {
			*at = i;
			return true;
		}
	}
	return false;
}

static void append(json_t *list, json_t *element)
{
	json_t *copy = json_is_string(element) ? json_pack("{s:O}", "value", element) : json_deep_copy(element);
	size_t at;

	if (holds(list, copy, &at))
		json_array_set_new(list, at, copy);
	else
		json_array_append_new(list, copy);
	only_primary(list, copy);
}

static json_t *list_of(json_t *root, const char *name)
{
	json_t *list = json_find(root, name);

	if (json_is_array(list))
		return list;
	list = list ? json_pack("[O]", list) : json_array();
	json_put(root, name, list);
	return list;
}

static void add_to_list(json_t *root, const char *name, json_t *value)
{
	json_t *list = list_of(root, name), *element;
	size_t i;

	if (!json_is_array(value)) {
		append(list, value);
		return;
	}
	json_array_foreach(value, i, element) {
		append(list, element);
	}
}

/* What `value` names goes; the rest stays. */
static void remove_from_list(json_t *root, const char *name, const json_t *value)
{
	json_t *list = list_of(root, name), *element;
	size_t i, at;

	if (json_is_array(value)) {
		json_array_foreach(value, i, element) {
			remove_from_list(root, name, element);
		}
		return;
	}
	if (json_is_string(value)) {
		for (i = json_array_size(list); i > 0; i--) {
			const char *has = json_text(json_array_get(list, i - 1), "value");

			if (has && text_same(has, json_string_value(value)))
				json_array_remove(list, i - 1);
		}
		return;
	}
	if (holds(list, value, &at))
		json_array_remove(list, at);
}

/* ---- name[filter] ---- */

static void set_from_eq(const struct filter *eq, void *context)
{
	json_t *element = context;

	json_put(element, eq->path.name, json_string(eq->value));
}

/* Each name is held against the others. */
static int require_few_names(struct operation *o, const json_t *object)
{
	if (json_object_size(object) <= SCIM_NAMES_MAX)
		return 0;
	return fault_set(o->fault, 413, NULL, "An object would have more than %d attributes.", SCIM_NAMES_MAX);
}

/* What the value names, into an object. */
static int merge(struct operation *o, json_t *into)
{
	const char *key;
	json_t *value;

	json_object_foreach(o->value, key, value) {
		json_put(into, key, json_deep_copy(value));
	}
	return require_few_names(o, into);
}

/* Of one element: its attribute `sub`, or all of it. */
static int change_element(struct operation *o, json_t *list, json_t *element, const char *sub)
{
	if (take_room(o) < 0)
		return -1;
	if (sub && o->op == OP_REMOVE)
		json_remove(element, sub);
	else if (sub || !json_is_object(o->value))
		json_put(element, sub ? sub : "value", json_deep_copy(o->value));
	else if (merge(o, element) < 0)
		return -1;
	only_primary(list, element);
	return 0;
}

static int make_element(struct operation *o, json_t *list, const struct path *path)
{
	json_t *element;

	if (!filter_is_plain(path->within))
		return fault_set(o->fault, 400, "noTarget", "No element of %.60s fits, and the filter does not say what to make.", path->name);
	if (json_array_size(list) >= SCIM_LIST_MAX)
		return fault_set(o->fault, 413, NULL, "%.60s would have more than %d values.", path->name, SCIM_LIST_MAX);
	element = json_object();
	filter_each_eq(path->within, set_from_eq, element);
	json_array_append_new(list, element);
	return change_element(o, list, element, path->sub);
}

static int patch_within(struct operation *o, json_t *root, const struct path *path)
{
	json_t *list = list_of(root, path->name);
	bool found = false;
	size_t i;

	if (!o->budget->filters)
		return fault_set(o->fault, 413, NULL, "There are more than %d operations whose path has a filter.", FILTERS_MAX);
	o->budget->filters--;
	for (i = json_array_size(list); i > 0; i--) {
		json_t *element = json_array_get(list, i - 1);

		if (!json_is_object(element) || !filter_matches(path->within, element))
			continue;
		found = true;
		if (o->op == OP_REMOVE && !path->sub)
			json_array_remove(list, i - 1);
		else if (change_element(o, list, element, path->sub) < 0)
			return -1;
	}
	return found || o->op == OP_REMOVE ? 0 : make_element(o, list, path);
}

/* ---- name, name.sub ---- */

static int patch_sub(struct operation *o, json_t *root, const struct path *path)
{
	json_t *holder = json_find(root, path->name), *element;
	size_t i;

	if (json_is_array(holder) || (!holder && is_multi_valued(path->name))) {
		holder = list_of(root, path->name);
		if (!json_array_size(holder) && o->op != OP_REMOVE)
			json_array_append_new(holder, json_object());
		json_array_foreach(holder, i, element) {
			if (json_is_object(element) && change_element(o, holder, element, path->sub) < 0)
				return -1;
		}
		return 0;
	}
	if (take_room(o) < 0)
		return -1;
	if (!json_is_object(holder)) {
		if (o->op == OP_REMOVE)
			return 0;
		/* a manager as text: what came last counts */
		holder = json_object();
		json_put(root, path->name, holder);
	}
	if (o->op == OP_REMOVE)
		json_remove(holder, path->sub);
	else
		json_put(holder, path->sub, json_deep_copy(o->value));
	return 0;
}

static int patch_plain(struct operation *o, json_t *root, const char *name)
{
	json_t *before = json_find(root, name);

	if (take_room(o) < 0)
		return -1;
	/* each is held against the others */
	if (json_array_size(o->value) + json_array_size(before) > SCIM_LIST_MAX)
		return fault_set(o->fault, 413, NULL, "%.60s would have more than %d values.", name, SCIM_LIST_MAX);
	if (o->op == OP_REMOVE && o->value && !json_is_null(o->value) && (is_multi_valued(name) || json_is_array(before)))
		remove_from_list(root, name, o->value);
	else if (o->op == OP_REMOVE)
		json_remove(root, name);
	else if (o->op == OP_ADD && (is_multi_valued(name) || json_is_array(before)))
		add_to_list(root, name, o->value);
	else if (json_is_object(o->value) && json_is_object(before))
		return merge(o, before);
	else
		json_put(root, name, json_deep_copy(o->value));
	return 0;
}

/* ---- one operation ---- */

static bool is_not_theirs(const char *name)
{
	return text_same(name, "id") || text_same(name, "meta") || text_same(name, "schemas") || text_same(name, "groups");
}

static json_t *root_of(struct operation *o, json_t *resource, const char *urn)
{
	json_t *root = urn ? json_find(resource, urn) : resource;

	if (!root && o->op == OP_REMOVE)
		return NULL;
	if (urn && !json_is_object(root)) {
		root = json_object();
		json_put(resource, urn, root);
	}
	return root;
}

static int patch_extension(struct operation *o, json_t *resource, const char *urn)
{
	if (o->op == OP_REMOVE) {
		json_remove(resource, urn);
		return 0;
	}
	if (!json_is_object(o->value))
		return fault_set(o->fault, 400, "invalidValue", "The value of %.100s is not an object.", urn);
	if (take_room(o) < 0)
		return -1;
	return merge(o, root_of(o, resource, urn));
}

static int patch_path(struct operation *o, json_t *resource, const struct path *path)
{
	struct operation same = *o;
	json_t *root;

	if (!path->name)
		return patch_extension(o, resource, path->urn);
	if (!path->urn && o->members && text_same(path->name, "members"))
		return patch_members(o, path);
	if (!path->urn && is_not_theirs(path->name))
		return fault_set(o->fault, 400, "mutability", "%s cannot be changed.", path->name);
	if (o->op != OP_REMOVE && !o->value)
		return fault_set(o->fault, 400, "invalidValue", "%.100s has no value.", path->name);
	/* nothing is what a null says */
	if (o->op != OP_REMOVE && json_is_null(o->value))
		same = (struct operation){o->arena, OP_REMOVE, NULL, o->members, o->budget, o->fault};
	root = root_of(&same, resource, path->urn);
	if (!root)
		return 0;
	if (require_few_names(o, root) < 0 || require_few_names(o, resource) < 0)
		return -1;
	if (path->within)
		return patch_within(&same, root, path);
	if (path->sub)
		return patch_sub(&same, root, path);
	return patch_plain(&same, root, path->name);
}

static int patch_whole(struct operation *o, json_t *resource);

/* "urn:…:User:manager", of a schema that is known: no extension of that name. */
static bool is_attribute_of_schema(const char *key)
{
	static const char *const urns[] = {URN_USER ":", URN_GROUP ":", URN_ENTERPRISE ":"};

	for (size_t i = 0; i < sizeof(urns) / sizeof(*urns); i++)
		if (strncasecmp(key, urns[i], strlen(urns[i])) == 0)
			return true;
	return false;
}

/* A key of an operation without a path: an extension, or a path itself. */
static int patch_key(struct operation *o, json_t *resource, const char *key)
{
	struct path path;

	if (is_not_theirs(key) || text_same(key, "password"))
		return 0;
	if (strncasecmp(key, "urn:", 4) == 0 && json_is_object(o->value) && !is_attribute_of_schema(key)) {
		struct operation inner = *o;

		if (text_same(key, URN_USER) || text_same(key, URN_GROUP))
			return patch_whole(&inner, resource);
		return patch_extension(o, resource, name_canonical(key));
	}
	if (path_read(o->arena, slice_c(key), &path, o->fault) < 0)
		return -1;
	return patch_path(o, resource, &path);
}

static int patch_whole(struct operation *o, json_t *resource)
{
	json_t *all = o->value, *value;
	const char *key;

	if (o->op == OP_REMOVE)
		return fault_set(o->fault, 400, "noTarget", "What is to be removed is not said: the path is missing.");
	if (!json_is_object(all))
		return fault_set(o->fault, 400, "invalidValue", "An operation without a path must have an object for its value.");
	json_object_foreach(all, key, value) {
		o->value = value;
		if (patch_key(o, resource, key) < 0)
			return -1;
	}
	return 0;
}

static int read_op(const json_t *operation, enum op *out, struct fault *f)
{
	static const char *const words[] = {[OP_ADD] = "add", [OP_REPLACE] = "replace", [OP_REMOVE] = "remove"};
	const char *word = json_text(operation, "op");

	for (size_t i = 0; word && i < sizeof(words) / sizeof(*words); i++) {
		if (text_same(word, words[i])) {
			*out = (enum op)i;
			return 0;
		}
	}
	return fault_set(f, 400, "invalidSyntax", "An operation is none of add, replace and remove: \"%.20s\".", word ? word : "");
}

static int apply_one(struct operation *o, json_t *resource, const json_t *operation)
{
	const json_t *where = json_find(operation, "path");
	struct path path;

	if (!json_is_object(operation))
		return fault_set(o->fault, 400, "invalidSyntax", "An operation is not an object.");
	if (read_op(operation, &o->op, o->fault) < 0)
		return -1;
	o->value = json_find(operation, "value");
	if (!where || json_is_null(where) || (json_is_string(where) && !json_string_length(where)))
		return patch_whole(o, resource);
	if (!json_is_string(where))
		return fault_set(o->fault, 400, "invalidPath", "A path is not a text.");
	if (text_same(json_string_value(where), URN_USER) || text_same(json_string_value(where), URN_GROUP))
		return patch_whole(o, resource);
	if (path_read(o->arena, slice_c(json_string_value(where)), &path, o->fault) < 0)
		return -1;
	return patch_path(o, resource, &path);
}

int patch_apply(struct arena *a, json_t *resource, const json_t *body, struct members *members, struct fault *f)
{
	struct budget budget = {COPIED_MAX, FILTERS_MAX};
	struct operation o = {.arena = a, .members = members, .budget = &budget, .fault = f};
	const json_t *list = json_find(body, "Operations"), *operation;
	size_t i;

	if (!json_is_array(list) || !json_array_size(list))
		return fault_set(f, 400, "invalidSyntax", "A PATCH needs a list of Operations.");
	if (json_array_size(list) > OPERATIONS_MAX)
		return fault_set(f, 413, NULL, "There are more than %d operations.", OPERATIONS_MAX);
	json_array_foreach(list, i, operation) {
		if (apply_one(&o, resource, operation) < 0)
			return -1;
	}
	return 0;
}
