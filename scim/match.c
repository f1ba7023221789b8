/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Filters held against a resource.  Text is compared without the case of letters. */
#include "scim/internal.h"

#include <stdlib.h>

/* ---- one value ---- */

static bool number_compare(double a, double b, enum filter_operator op)
{
	switch (op) {
	case FILTER_EQ: return a >= b && a <= b;
	case FILTER_GT: return a > b;
	case FILTER_GE: return a >= b;
	case FILTER_LT: return a < b;
	case FILTER_LE: return a <= b;
	default: return false;
	}
}

/* co, sw, ew */
static bool part_compare(const char *text, const char *part, enum filter_operator op)
{
	struct arena *a = arena_new();
	const char *folded = text_fold(a, text), *wanted = text_fold(a, part);
	size_t n = strlen(folded), m = strlen(wanted);
	bool fits;

	if (op == FILTER_CO)
		fits = strstr(folded, wanted) != NULL;
	else
		fits = n >= m && memcmp(op == FILTER_SW ? folded : folded + n - m, wanted, m) == 0;
	arena_free(a);
	return fits;
}

static bool text_compare(const char *a, const char *b, enum filter_operator op)
{
	switch (op) {
	case FILTER_EQ: return text_same(a, b);
	case FILTER_CO:
	case FILTER_SW:
	case FILTER_EW: return part_compare(a, b, op);
	case FILTER_GT: return strcmp(a, b) > 0;
	case FILTER_GE: return strcmp(a, b) >= 0;
	case FILTER_LT: return strcmp(a, b) < 0;
	case FILTER_LE: return strcmp(a, b) <= 0;
	default: return false;
	}
}

static bool value_fits(const json_t *value, enum filter_operator op, const char *wanted)
{
	char *end;

	if (op == FILTER_PR)
		return json_is_string(value) ? json_string_length(value) > 0 : json_is_array(value) || json_is_object(value) ? true : !json_is_null(value);
	if (!wanted)
		return false;
	if (json_is_boolean(value))
		return op == FILTER_EQ && text_same(json_is_true(value) ? "true" : "false", wanted);
	if (json_is_number(value)) {
		double number = strtod(wanted, &end);

		return *wanted && !*end && number_compare(json_number_value(value), number, op);
	}
	return json_is_string(value) && text_compare(json_string_value(value), wanted, op);
}

/* An element, or a single complex value: its `sub`, or what it is itself. */
static bool element_fits(const json_t *element, const char *sub, enum filter_operator op, const char *wanted)
{
	if (json_is_object(element)) {
		json_t *value = json_find(element, sub ? sub : "value");

		if (!value && !sub && op == FILTER_PR)
			return json_object_size(element) > 0;
		return value && value_fits(value, op, wanted);
	}
	return !sub && value_fits(element, op, wanted);
}

/* ---- one comparison ---- */

static bool values_fit(const json_t *value, const struct filter *f, enum filter_operator op)
{
	const json_t *element;
	size_t i;

	if (!json_is_array(value)) {
		if (f->path.within && !filter_matches(f->path.within, value))
			return false;
		return op == FILTER_HAS || element_fits(value, f->path.sub, op, f->value);
	}
	json_array_foreach(value, i, element) {
		if (f->path.within && !filter_matches(f->path.within, element))
			continue;
		if (op == FILTER_HAS || element_fits(element, f->path.sub, op, f->value))
			return true;
	}
	return false;
}

static bool compare(const struct filter *f, const json_t *resource)
{
	const json_t *root = f->path.urn ? json_find(resource, f->path.urn) : resource, *value;
	enum filter_operator op = f->op == FILTER_NE ? FILTER_EQ : f->op;
	bool fits;

	value = root && f->path.name ? json_find(root, f->path.name) : root;
	/* one that Entra deleted softly is known by the name that Entra gave it; the old one may be somebody else's by now */
	if (!f->path.urn && f->path.name && text_same(f->path.name, "userName") && json_find(resource, KEPT_TOMBSTONE))
		value = json_find(resource, KEPT_TOMBSTONE);
	if (!f->value && (f->op == FILTER_EQ || f->op == FILTER_NE))
		fits = !value || json_is_null(value);
	else
		fits = value && values_fit(value, f, op);
	return f->op == FILTER_NE ? !fits : fits;
}

bool filter_matches(const struct filter *f, const json_t *resource)
{
	switch (f->kind) {
	case FILTER_AND: return filter_matches(f->left, resource) && filter_matches(f->right, resource);
	case FILTER_OR: return filter_matches(f->left, resource) || filter_matches(f->right, resource);
	case FILTER_NOT: return !filter_matches(f->left, resource);
	case FILTER_COMPARE: return compare(f, resource);
	}
	return false;
}

/* ---- what it says ---- */

const char *filter_wants(const struct filter *f, const char *name, const char *sub)
{
	const char *found;

	if (f->kind == FILTER_AND) {
		found = filter_wants(f->left, name, sub);
		return found ? found : filter_wants(f->right, name, sub);
	}
	if (f->kind != FILTER_COMPARE || f->op != FILTER_EQ || f->path.urn || !f->path.name || !text_same(f->path.name, name))
		return NULL;
	if (sub ? f->path.sub && !text_same(f->path.sub, sub) : f->path.sub != NULL)
		return NULL;
	return f->value;
}

bool filter_is_plain(const struct filter *f)
{
	if (f->kind == FILTER_AND)
		return filter_is_plain(f->left) && filter_is_plain(f->right);
	return f->kind == FILTER_COMPARE && f->op == FILTER_EQ && f->value && !f->path.urn && f->path.name && !f->path.sub && !f->path.within;
}

void filter_each_eq(const struct filter *f, void (*each)(const struct filter *eq, void *context), void *context)
{
	if (f->kind == FILTER_AND) {
		filter_each_eq(f->left, each, context);
		filter_each_eq(f->right, each, context);
	} else if (f->kind == FILTER_COMPARE) {
		each(f, context);
	}
}
