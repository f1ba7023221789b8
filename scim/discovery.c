/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What this server can do: ServiceProviderConfig, ResourceTypes, Schemas (RFC 7643 sections 5 to 7). */
#include "scim/internal.h"

enum { MULTI = 1, REQUIRED = 2, EXACT = 4, READ_ONLY = 8, UNIQUE = 16, NEVER = 32 };

struct attribute {
	const char *name, *type;        /* type NULL: the end of the parts of a complex one */
	unsigned flags;
	const char *description;
};

#define PARTS_OF_VALUE \
	{"value", "string", 0, "The value."}, {"display", "string", 0, "How it is shown."}, {"type", "string", 0, "What it is for."}, \
	{"primary", "boolean", 0, "Whether it is the first one."}, {NULL, NULL, 0, NULL}

/* A complex attribute is followed by its parts. */
static const struct attribute user_attributes[] = {
	{"userName", "string", REQUIRED | UNIQUE, "Name that is unique in this directory; compared without case."},
	{"externalId", "string", REQUIRED | UNIQUE, "Object id in Entra ID: map objectId to it. People are recognised at sign-on by it."},
	{"displayName", "string", 0, "Name that is shown."},
	{"name", "complex", 0, "Parts of the name."}, {"formatted", "string", 0, "The whole name."}, {"familyName", "string", 0, "Family name."},
	{"givenName", "string", 0, "Given name."}, {"middleName", "string", 0, "Middle name."},
	{"honorificPrefix", "string", 0, "Title before the name."}, {"honorificSuffix", "string", 0, "Title behind the name."},
	{NULL, NULL, 0, NULL},
	{"nickName", "string", 0, "Casual name."}, {"profileUrl", "string", 0, "Address of a page about the person."},
	{"title", "string", 0, "Job title."}, {"userType", "string", 0, "Relation to the organisation."},
	{"preferredLanguage", "string", 0, "Preferred language."}, {"locale", "string", 0, "Locale."}, {"timezone", "string", 0, "Time zone."},
	{"active", "boolean", 0, "false: nobody signs on with this account."},
	{"emails", "complex", MULTI, "Mail addresses; that of type work is sent to Atlassian."}, PARTS_OF_VALUE,
	{"phoneNumbers", "complex", MULTI, "Telephone numbers."}, PARTS_OF_VALUE,
	{"addresses", "complex", MULTI, "Postal addresses."}, {"formatted", "string", 0, "The whole address."},
	{"streetAddress", "string", 0, "Street."}, {"locality", "string", 0, "City."}, {"region", "string", 0, "Region."},
	{"postalCode", "string", 0, "Postal code."}, {"country", "string", 0, "Country."}, {"type", "string", 0, "What it is for."},
	{"primary", "boolean", 0, "Whether it is the first one."}, {NULL, NULL, 0, NULL},
	{"entitlements", "complex", MULTI, "Entitlements."}, PARTS_OF_VALUE,
	{"roles", "complex", MULTI, "Roles."}, PARTS_OF_VALUE,
	{NULL, NULL, 0, NULL},
};

static const struct attribute enterprise_attributes[] = {
	{"employeeNumber", "string", 0, "Number of the employee."}, {"costCenter", "string", 0, "Cost center."},
	{"organization", "string", 0, "Organization."}, {"division", "string", 0, "Division."}, {"department", "string", 0, "Department."},
	{"manager", "complex", 0, "The manager."}, {"value", "string", 0, "Id of the manager."}, {"$ref", "reference", 0, "Address of the manager."},
	{"displayName", "string", READ_ONLY, "Name of the manager."}, {NULL, NULL, 0, NULL},
	{NULL, NULL, 0, NULL},
};

static const struct attribute group_attributes[] = {
	{"displayName", "string", REQUIRED | UNIQUE, "Name of the group; rules name it by directory:name."},
	{"externalId", "string", EXACT, "Object id of the group in Entra ID."},
	{"members", "complex", MULTI, "Who is in it."}, {"value", "string", 0, "Id of the member."},
	{"$ref", "reference", 0, "Address of the member."}, {"type", "string", 0, "User or Group."}, {NULL, NULL, 0, NULL},
	{NULL, NULL, 0, NULL},
};

static const struct {
	const char *urn, *name, *description;
	const struct attribute *attributes;
} schemas[] = {
	{URN_USER, "User", "A person.", user_attributes}, {URN_GROUP, "Group", "A group.", group_attributes},
	{URN_ENTERPRISE, "EnterpriseUser", "What an enterprise knows of a person.", enterprise_attributes},
};

/* ---- schemas ---- */

static json_t *describe(const struct attribute *a)
{
	return json_pack("{s:s, s:s, s:b, s:s, s:b, s:b, s:s, s:s, s:s}", "name", a->name, "type", a->type, "multiValued", (a->flags & MULTI) != 0,
		"description", a->description, "required", (a->flags & REQUIRED) != 0, "caseExact", (a->flags & EXACT) != 0, "mutability",
		a->flags & READ_ONLY ? "readOnly" : "readWrite", "returned", "default", "uniqueness", a->flags & UNIQUE ? "server" : "none");
}

/* Up to the row that ends it; *at is behind that afterwards. */
static json_t *describe_all(const struct attribute **at)
{
	json_t *list = json_array();

	for (; (*at)->name; (*at)++) {
		json_t *one = describe(*at);

		if (strcmp((*at)->type, "reference") == 0)
			json_object_set_new(one, "referenceTypes", json_pack("[s, s]", "User", "Group"));
		if (strcmp((*at)->type, "complex") == 0) {
			(*at)++;
			json_object_set_new(one, "subAttributes", describe_all(at));
		}
		json_array_append_new(list, one);
	}
	return list;
}

static json_t *schema(const struct work *w, size_t i)
{
	const struct attribute *at = schemas[i].attributes;
	const char *location = arena_printf(w->arena, "%s/Schemas/%s", w->scim->base, schemas[i].urn);

	return json_pack("{s:[s], s:s, s:s, s:s, s:o, s:{s:s, s:s}}", "schemas", "urn:ietf:params:scim:schemas:core:2.0:Schema", "id",
		schemas[i].urn, "name", schemas[i].name, "description", schemas[i].description, "attributes", describe_all(&at), "meta",
		"resourceType", "Schema", "location", location);
}

/* ---- resource types ---- */

static json_t *resource_type(const struct work *w, size_t i)
{
	const char *const names[] = {"User", "Group"}, *const endpoints[] = {"/Users", "/Groups"}, *const urns[] = {URN_USER, URN_GROUP};
	const char *location = arena_printf(w->arena, "%s/ResourceTypes/%s", w->scim->base, names[i]);
	json_t *type = json_pack("{s:[s], s:s, s:s, s:s, s:s, s:{s:s, s:s}}", "schemas", "urn:ietf:params:scim:schemas:core:2.0:ResourceType",
		"id", names[i], "name", names[i], "endpoint", endpoints[i], "schema", urns[i], "meta", "resourceType", "ResourceType", "location",
		location);

	if (i == 0)
		json_object_set_new(type, "schemaExtensions", json_pack("[{s:s, s:b}]", "schema", URN_ENTERPRISE, "required", 0));
	return type;
}

/* ---- the service ---- */

static json_t *service(const struct work *w)
{
	const char *location = arena_printf(w->arena, "%s/ServiceProviderConfig", w->scim->base);
	json_t *schemes = json_pack("[{s:s, s:s, s:s, s:b}, {s:s, s:s, s:s, s:b}]", "type", "oauthbearertoken", "name", "Bearer token",
		"description", "The secret token that `postern scim token new` shows.", "primary", 1, "type", "oauth2", "name",
		"OAuth 2.0 client credentials", "description", "The client secret that `postern scim secret new` shows, at the token endpoint.",
		"primary", 0);

	return json_pack("{s:[s], s:{s:b}, s:{s:b, s:i, s:i}, s:{s:b, s:i}, s:{s:b}, s:{s:b}, s:{s:b}, s:o, s:{s:s, s:s}}", "schemas",
		"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig", "patch", "supported", 1, "bulk", "supported", 0, "maxOperations", 0,
		"maxPayloadSize", 0, "filter", "supported", 1, "maxResults", 200, "changePassword", "supported", 0, "sort", "supported", 0, "etag",
		"supported", 1, "authenticationSchemes", schemes, "meta", "resourceType", "ServiceProviderConfig", "location", location);
}

/* ---- the answers ---- */

static int many(struct work *w, json_t *(*one)(const struct work *w, size_t i), size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, one(w, i));
	return reply_json(w, 200, json_pack("{s:[s], s:I, s:i, s:I, s:o}", "schemas", URN_LIST, "totalResults", (json_int_t)n, "startIndex", 1,
		"itemsPerPage", (json_int_t)n, "Resources", list));
}

int discovery_answer(struct work *w, const char *what, const char *name)
{
	const size_t n = sizeof(schemas) / sizeof(*schemas);

	if (strcmp(what, "ServiceProviderConfig") == 0 && !name)
		return reply_json(w, 200, service(w));
	if (strcmp(what, "Schemas") == 0 && !name)
		return many(w, schema, n);
	for (size_t i = 0; strcmp(what, "Schemas") == 0 && i < n; i++)
		if (text_same(name, schemas[i].urn))
			return reply_json(w, 200, schema(w, i));
	if (strcmp(what, "ResourceTypes") == 0 && !name)
		return many(w, resource_type, 2);
	for (size_t i = 0; strcmp(what, "ResourceTypes") == 0 && i < 2; i++)
		if (text_same(name, schemas[i].name))
			return reply_json(w, 200, resource_type(w, i));
	return fault_set(&w->fault, 404, NULL, "There is nothing at this address.");
}
