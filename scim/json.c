/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON whose names may come in any case (RFC 7643 section 2.1), and why a request is refused. */
#include "scim/internal.h"

#include "base/encode.h"
#include "base/fold.h"
#include "base/log.h"

#define DEPTH_MAX 10
#define COUNT_MAX 150000                /* opening brackets and commas: a group of 40,000 members in one body has 3 each */

void fault_fill(struct fault *f, int status, const char *type, const char *format, ...)
{
	va_list arguments;

	f->status = status;
	f->type = type;
	va_start(arguments, format);
	vsnprintf(f->detail, sizeof(f->detail), format, arguments);
	va_end(arguments);
}

void fault_fill_store(struct fault *f, const struct error *err)
{
	log_error("what came by SCIM cannot be kept or read", "detail", err->detail, NULL);
	fault_fill(f, 503, NULL, "The data store of this service failed; try again later.");
}

/* ---- names ---- */

static const char *const names[] = {
	"schemas", "id", "externalId", "meta", "userName", "name", "formatted", "familyName", "givenName", "middleName", "honorificPrefix",
	"honorificSuffix", "displayName", "nickName", "profileUrl", "title", "userType", "preferredLanguage", "locale", "timezone", "active",
	"password", "emails", "phoneNumbers", "ims", "photos", "addresses", "groups", "entitlements", "roles", "x509Certificates", "value",
	"display", "type", "primary", "$ref", "streetAddress", "locality", "region", "postalCode", "country", "members", "employeeNumber",
	"costCenter", "organization", "division", "department", "manager", "resourceType", "Operations", "op", "path", URN_ENTERPRISE,
	URN_USER, URN_GROUP,
};

const char *name_canonical(const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (text_same(names[i], name))
			return names[i];
	return name;
}

bool is_multi_valued(const char *name)
{
	static const char *const list[] = {
		"emails", "phoneNumbers", "ims", "photos", "addresses", "entitlements", "roles", "x509Certificates", "members",
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
		if (text_same(list[i], name))
			return true;
	return false;
}

bool text_same(const char *a, const char *b)
{
	while (*a && *b) {
		char one[2], other[2];
		size_t n = fold_character(a, 2, one);

		if (fold_character(b, 2, other) != n || memcmp(one, other, n) != 0)
			return false;
		a += n;
		b += n;
	}
	return *a == *b;
}

char *text_fold(struct arena *a, const char *s)
{
	char *copy = arena_strdup(a, s);

	fold_text(copy);
	return copy;
}

/* ---- objects ---- */

json_t *json_find(const json_t *object, const char *name)
{
	json_t *o = (json_t *)object, *value = json_object_get(o, name);
	const char *key;

	if (value || !json_is_object(o))
		return value;
	json_object_foreach(o, key, value) {
		if (text_same(key, name))
			return value;
	}
	return NULL;
}

const char *json_text(const json_t *object, const char *name)
{
	return json_string_value(json_find(object, name));
}

static const char *key_there(const json_t *object, const char *name)
{
	json_t *o = (json_t *)object, *value;
	const char *key;

	if (json_object_get(o, name))
		return name;
	json_object_foreach(o, key, value) {
		if (text_same(key, name))
			return key;
	}
	return NULL;
}

void json_remove(json_t *object, const char *name)
{
	const char *key = key_there(object, name);

	if (key)
		json_object_del(object, key);
}

void json_put(json_t *object, const char *name, json_t *value)
{
	const char *key = key_there(object, name);

	if (json_object_set_new(object, key ? key : name_canonical(name), value) < 0)
		abort();
}

/* ---- reading ---- */

static int require_clean(const char *text, size_t n, struct fault *f)
{
	return utf8_is_clean(slice_of(text, n)) ? 0 : fault_set(f, 400, "invalidValue", "A text holds control characters.");
}

static int require_fit(const json_t *value, int depth, struct fault *f);

static int require_object(json_t *object, int depth, struct fault *f)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		if (!*key || require_clean(key, strlen(key), f) < 0)
			return fault_set(f, 400, "invalidSyntax", "An attribute has no name that can be read.");
		if (require_fit(value, depth, f) < 0)
			return -1;
	}
	return 0;
}

/* Two names that differ in case only would be one attribute with two values. */
static int require_once(json_t *object, struct fault *f)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		void *next = json_object_iter_next(object, json_object_key_to_iter(key));

		for (; next; next = json_object_iter_next(object, next))
			if (text_same(key, json_object_iter_key(next)))
				return fault_set(f, 400, "invalidSyntax", "The attribute %.100s is there twice.", key);
	}
	return 0;
}

static int require_fit(const json_t *value, int depth, struct fault *f)
{
	json_t *element;
	size_t i;

	if (depth > DEPTH_MAX)
		return fault_set(f, 400, "invalidSyntax", "The JSON is nested too deep.");
	if (json_is_string(value))
		return require_clean(json_string_value(value), json_string_length(value), f);
	json_array_foreach(value, i, element) {
		if (require_fit(element, depth + 1, f) < 0)
			return -1;
	}
	if (!json_is_object(value))
		return 0;
	if (json_object_size(value) > SCIM_NAMES_MAX)
		return fault_set(f, 400, "invalidSyntax", "An object has more than %d attributes.", SCIM_NAMES_MAX);
	return require_once((json_t *)value, f) < 0 ? -1 : require_object((json_t *)value, depth + 1, f);
}

/*
 * jansson makes more than 200 bytes of an object that takes 3 in a text: what
 * becomes of a body is looked at before it is read.  Where quotes do not match,
 * the count is any, and the text no JSON.
 */
static int require_few(struct slice text, struct fault *f)
{
	size_t depth = 0, count = 0;
	bool quoted = false;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c == '"')
			quoted = !quoted;
		else if (quoted)
			i += c == '\\';
		else if (c == '{' || c == '[')
			count++, depth++;
		else if (c == ',')
			count++;
		else if ((c == '}' || c == ']') && depth)
			depth--;
		if (depth > DEPTH_MAX + 1)
			return fault_set(f, 400, "invalidSyntax", "The JSON is nested too deep.");
		if (count > COUNT_MAX)
			return fault_set(f, 413, NULL, "The body holds more than %d values: send members in several requests.", COUNT_MAX);
	}
	return 0;
}

json_t *json_read(struct slice text, struct fault *f)
{
	json_error_t why;
	json_t *o;

	if (!text.n) {
		fault_fill(f, 400, "invalidSyntax", "The request has no body.");
		return NULL;
	}
	if (require_few(text, f) < 0)
		return NULL;
	o = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &why);
	if (!o || !json_is_object(o)) {
		fault_fill(f, 400, "invalidSyntax", "The body is not a JSON object%s%.120s.", o ? "" : ": ", o ? "" : why.text);
		json_decref(o);
		return NULL;
	}
	if (require_fit(o, 0, f) < 0) {
		json_decref(o);
		return NULL;
	}
	return o;
}
