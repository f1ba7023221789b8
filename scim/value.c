/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is made of the values that come in, and what they must be. */
#include "scim/internal.h"

#include "base/encode.h"

/* ---- names, nulls ---- */

static json_t *tidy(const json_t *value);

static json_t *tidy_object(const json_t *object)
{
	json_t *copy = json_object(), *value;
	const char *key;

	json_object_foreach((json_t *)object, key, value) {
		json_t *tidied = tidy(value);

		if (tidied && json_object_set_new(copy, name_canonical(key), tidied) < 0)
			abort();
	}
	return copy;
}

static json_t *tidy_array(const json_t *array)
{
	json_t *copy = json_array(), *value;
	size_t i;

	json_array_foreach(array, i, value) {
		json_t *tidied = tidy(value);

		if (tidied && json_array_append_new(copy, tidied) < 0)
			abort();
	}
	return copy;
}

/* A copy; NULL: nothing is left of it.  RFC 7643 section 2.5: null and an empty list are no value. */
static json_t *tidy(const json_t *value)
{
	json_t *copy;

	if (json_is_null(value))
		return NULL;
	if (!json_is_object(value) && !json_is_array(value))
		return json_incref((json_t *)value);
	copy = json_is_object(value) ? tidy_object(value) : tidy_array(value);
	if (json_is_object(copy) ? json_object_size(copy) > 0 : json_array_size(copy) > 0)
		return copy;
	json_decref(copy);
	return NULL;
}

/* ---- kinds of values ---- */

/* An older form of Entra's, which some of its applications keep: what has one value comes as a list of that. */
static json_t *only_one(json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);

	if (!json_is_array(value) || json_array_size(value) != 1)
		return value;
	json_object_set(object, name, json_array_get(value, 0));
	return json_object_get(object, name);
}

/* `[{"$ref": null, "value": "False"}]`, likewise. */
static json_t *one_value(json_t *object, const char *name)
{
	bool is_list = json_is_array(json_object_get(object, name));
	json_t *one = only_one(object, name), *value = is_list ? json_object_get(one, "value") : NULL;

	if (!value)
		return one;
	json_object_set(object, name, value);
	return json_object_get(object, name);
}

static int take_boolean(json_t *object, const char *name, struct fault *f)
{
	json_t *value = one_value(object, name);
	const char *text = json_string_value(value);

	if (!value || json_is_boolean(value))
		return 0;
	if (!text || (!text_same(text, "true") && !text_same(text, "false")))
		return fault_set(f, 400, "invalidValue", "%s is neither true nor false.", name);
	json_object_set_new(object, name, json_boolean(text_same(text, "true")));
	return 0;
}

static int take_text(json_t *object, const char *name, struct fault *f)
{
	json_t *value = one_value(object, name);
	char number[32];

	if (!value || json_is_string(value))
		return 0;
	if (!json_is_integer(value))
		return fault_set(f, 400, "invalidValue", "%s is not a text.", name);
	snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
	json_object_set_new(object, name, json_string(number));
	return 0;
}

static int take_texts(json_t *object, const char *const *list, struct fault *f)
{
	for (; *list; list++)
		if (take_text(object, *list, f) < 0)
			return -1;
	return 0;
}

/* A list of objects, whatever it came as. */
static int take_list(json_t *object, const char *name, struct fault *f)
{
	json_t *value = json_object_get(object, name), *element;
	size_t i;

	if (!value)
		return 0;
	if (!json_is_array(value)) {
		json_t *list = json_pack("[O]", value);

		json_object_set_new(object, name, list);
		value = list;
	}
	if (json_array_size(value) > SCIM_LIST_MAX)
		return fault_set(f, 413, NULL, "%s has more than %d values.", name, SCIM_LIST_MAX);
	json_array_foreach(value, i, element) {
		if (json_is_string(element)) {
			json_array_set_new(value, i, json_pack("{s:O}", "value", element));
			continue;
		}
		if (!json_is_object(element))
			return fault_set(f, 400, "invalidValue", "An element of %s is neither an object nor a text.", name);
		if (take_boolean(element, "primary", f) < 0 || take_text(element, "value", f) < 0 || take_text(element, "type", f) < 0)
			return -1;
	}
	return 0;
}

/* The id as text, an object, or a list of one. */
static int take_manager(json_t *enterprise, struct fault *f)
{
	json_t *manager = only_one(enterprise, "manager");

	if (json_is_string(manager)) {
		if (json_string_length(manager))
			json_object_set_new(enterprise, "manager", json_pack("{s:O}", "value", manager));
		else
			json_object_del(enterprise, "manager");
		return 0;
	}
	if (!manager || json_is_object(manager))
		return manager ? take_text(manager, "value", f) : 0;
	return fault_set(f, 400, "invalidValue", "manager is not the id of one person.");
}

static int take_enterprise(json_t *resource, struct fault *f)
{
	static const char *const texts[] = {"employeeNumber", "costCenter", "organization", "division", "department", NULL};
	json_t *enterprise = json_object_get(resource, URN_ENTERPRISE);

	if (!enterprise)
		return 0;
	if (!json_is_object(enterprise))
		return fault_set(f, 400, "invalidValue", "%s is not an object.", URN_ENTERPRISE);
	return take_texts(enterprise, texts, f) < 0 ? -1 : take_manager(enterprise, f);
}

static int take_name(json_t *resource, struct fault *f)
{
	static const char *const texts[] = {"formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix", NULL};
	json_t *name = json_object_get(resource, "name");

	if (!name)
		return 0;
	if (json_is_string(name)) {
		json_object_set_new(resource, "name", json_pack("{s:O}", "formatted", name));
		return 0;
	}
	if (!json_is_object(name))
		return fault_set(f, 400, "invalidValue", "name is not an object.");
	return take_texts(name, texts, f);
}

static const char *const not_theirs[] = {"schemas", "id", "meta", "groups", "password", NULL};

int value_normalize(json_t **resource, struct fault *f)
{
	static const char *const texts[] = {
		"externalId", "userName", "displayName", "nickName", "title", "userType", "preferredLanguage", "locale", "timezone", "profileUrl", NULL,
	};
	static const char *const lists[] = {
		"emails", "phoneNumbers", "ims", "photos", "addresses", "entitlements", "roles", "x509Certificates", NULL,
	};
	json_t *tidied = tidy_object(*resource);

	json_decref(*resource);
	*resource = tidied;
	for (size_t i = 0; not_theirs[i]; i++)
		json_object_del(tidied, not_theirs[i]);
	if (take_boolean(tidied, "active", f) < 0 || take_texts(tidied, texts, f) < 0 || take_name(tidied, f) < 0 || take_enterprise(tidied, f) < 0)
		return -1;
	for (size_t i = 0; lists[i]; i++)
		if (take_list(tidied, lists[i], f) < 0)
			return -1;
	return 0;
}

void value_strip(json_t *body)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(body, next, key, value) {
		if (*key == '$')
			json_object_del(body, key);
	}
	for (size_t i = 0; not_theirs[i]; i++)
		json_remove(body, not_theirs[i]);
}

/* ---- what they must be ---- */

/* In any case. */
static bool is_guid(const char *s)
{
	size_t i;

	for (i = 0; s[i]; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (i >= 36 || (dash ? s[i] != '-' : hex_value(s[i]) < 0))
			return false;
	}
	return i == 36;
}

const char *value_tombstone(const char *name, const char *external_id)
{
	size_t n = 0;

	if (!name || !external_id || !is_guid(external_id))
		return NULL;
	for (; *external_id; external_id++) {
		if (*external_id == '-')
			continue;
		if (hex_value(name[n]) < 0 || hex_value(name[n]) != hex_value(*external_id))
			return NULL;
		n++;
	}
	return name[n] ? name + n : NULL;
}

static int require_length(const char *name, const char *text, struct fault *f)
{
	if (text && strlen(text) > SCIM_NAME_MAX)
		return fault_set(f, 400, "invalidValue", "%s is longer than %d bytes.", name, SCIM_NAME_MAX);
	return 0;
}

static int require_external_id(const char *id, struct fault *f)
{
	static const char cure[] = "In Entra ID, under Provisioning, Mappings, Users, map objectId to externalId (the default is mailNickname), "
		"then restart provisioning: people are recognised at sign-on by nothing else.";

	if (!id)
		return fault_set(f, 400, "invalidValue", "externalId is missing; it must be the object id. %s", cure);
	if (!is_guid(id))
		return fault_set(f, 400, "invalidValue", "externalId is not an object id (a GUID). %s", cure);
	return 0;
}

static bool has_few_names(const json_t *value)
{
	const char *key;
	json_t *part;
	size_t i;

	json_array_foreach(value, i, part) {
		if (!has_few_names(part))
			return false;
	}
	json_object_foreach((json_t *)value, key, part) {
		if (!has_few_names(part))
			return false;
	}
	return json_object_size(value) <= SCIM_NAMES_MAX;
}

int value_require_size(const json_t *resource, struct fault *f)
{
	if (!has_few_names(resource))
		return fault_set(f, 413, NULL, "An object has more than %d attributes.", SCIM_NAMES_MAX);
	if (json_dumpb(resource, NULL, 0, JSON_COMPACT) <= SCIM_RECORD_MAX)
		return 0;
	return fault_set(f, 413, NULL, "All attributes together are longer than %d bytes.", SCIM_RECORD_MAX);
}

int value_require_user(const json_t *user, struct fault *f)
{
	const char *name = json_text(user, "userName");
	const json_t *emails = json_find(user, "emails"), *mail;
	size_t i;

	if (!name || !*name)
		return fault_set(f, 400, "invalidValue", "userName is missing.");
	if (require_length("userName", name, f) < 0 || require_external_id(json_text(user, "externalId"), f) < 0)
		return -1;
	json_array_foreach(emails, i, mail) {
		if (require_length("A mail address", json_text(mail, "value"), f) < 0)
			return -1;
	}
	return 0;
}

int value_require_group(const json_t *group, struct fault *f)
{
	const char *name = json_text(group, "displayName");

	if (!name || !*name)
		return fault_set(f, 400, "invalidValue", "displayName is missing.");
	return require_length("displayName", name, f) < 0 ? -1 : require_length("externalId", json_text(group, "externalId"), f);
}
