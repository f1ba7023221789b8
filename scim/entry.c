/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What of a user or a group goes into the mirror, under which names.
 *
 *	externalid, objectid    the object id in Entra ID, in small letters; joins by objectidentifier
 *	mail                    the first e-mail of type work, else the primary one, else the first; of who was deleted softly the old one
 *	uid, username           userName
 *	displayname, cn         displayName
 *	givenname, sn           of name
 *	title, usertype, preferredlanguage, locale, timezone, nickname
 *	telephonenumber, mobile of phoneNumbers: type work, type mobile
 *	l, st, c, postalcode, street    of the work address
 *	roles                   the values of all
 *	employeenumber, costcenter, organization, division, department, manager (an id)
 *	active                  TRUE or FALSE
 *
 * An entry's DN is made of its SCIM id alone, in a name space that no LDAP
 * directory has: nothing that Entra ID sends can make an entry of ours look
 * like one of another directory.
 */
#include "scim/entry.h"

void scim_directory_options(struct arena *a, struct directory_options *d)
{
	static const struct directory_join usual[] = {
		{"http://schemas.microsoft.com/identity/claims/objectidentifier", "externalid", false},
	};
	const char **uris = arena_alloc(a, 2 * sizeof(*uris));

	uris[0] = "scim";
	d->uris = uris;
	d->people_base = arena_printf(a, "ou=people,scimdirectory=%s", d->name);
	d->groups_base = arena_printf(a, "ou=groups,scimdirectory=%s", d->name);
	d->people_filter = "(objectClass=User)";
	d->groups_filter = "(objectClass=Group)";
	d->member_attribute = "member";
	d->group_name_attribute = "displayname";
	d->mail_attribute = "mail";
	d->disabled_filter_attribute = "active";
	d->disabled_value = "FALSE";
	if (!d->join_count) {
		d->joins = usual;
		d->join_count = sizeof(usual) / sizeof(*usual);
	}
}

/* ---- attributes ---- */

struct filling {
	struct arena *arena;
	struct mirror_attribute *list;
	size_t n;
};

static void add_values(struct filling *f, const char *name, const struct slice *values, size_t n)
{
	f->list = arena_grow(f->arena, f->list, f->n, sizeof(*f->list));
	f->list[f->n++] = (struct mirror_attribute){name, values, n};
}

static void add(struct filling *f, const char *name, const char *text)
{
	struct slice *value;

	if (!text || !*text)
		return;
	value = arena_alloc(f->arena, sizeof(*value));
	*value = arena_slice(f->arena, slice_c(text));
	add_values(f, name, value, 1);
}

/* That of the type, else, where `any`, the primary one, else the first that has a value. */
static const json_t *chosen(const json_t *list, const char *type, bool any)
{
	const json_t *primary = NULL, *first = NULL, *element;
	size_t i;

	json_array_foreach(list, i, element) {
		const char *has = json_text(element, "type");

		if (has && text_same(has, type))
			return element;
		if (!primary && json_is_true(json_find(element, "primary")))
			primary = element;
		if (!first)
			first = element;
	}
	return any ? primary ? primary : first : NULL;
}

static const char *mail_of(const json_t *user)
{
	const json_t *list = json_find(user, "emails"), *mail = chosen(list, "work", true);
	const char *text = json_text(mail, "value");
	const char *old = json_is_true(json_find(user, "active")) ? NULL : value_tombstone(text, json_text(user, "externalId"));

	/* where it is mapped from the userName, a soft deletion renames it, too; it stays theirs.  Who is there chose it, perhaps: as written */
	text = old ? old : text;
	return text && strchr(text, '@') ? text : NULL;
}

static void add_enterprise(struct filling *f, const json_t *user)
{
	static const char *const names[][2] = {
		{"employeenumber", "employeeNumber"}, {"costcenter", "costCenter"}, {"organization", "organization"}, {"division", "division"},
		{"department", "department"},
	};
	const json_t *enterprise = json_find(user, URN_ENTERPRISE);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		add(f, names[i][0], json_text(enterprise, names[i][1]));
	add(f, "manager", json_text(json_find(enterprise, "manager"), "value"));
}

static void add_address(struct filling *f, const json_t *user)
{
	static const char *const names[][2] = {
		{"l", "locality"}, {"st", "region"}, {"c", "country"}, {"postalcode", "postalCode"}, {"street", "streetAddress"},
	};
	const json_t *address = chosen(json_find(user, "addresses"), "work", true);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		add(f, names[i][0], json_text(address, names[i][1]));
}

static void add_roles(struct filling *f, const json_t *user)
{
	const json_t *list = json_find(user, "roles"), *role;
	struct slice *values = arena_alloc(f->arena, (json_array_size(list) + 1) * sizeof(*values));
	size_t i, n = 0;

	json_array_foreach(list, i, role) {
		if (json_text(role, "value"))
			values[n++] = arena_slice(f->arena, slice_c(json_text(role, "value")));
	}
	if (n)
		add_values(f, "roles", values, n);
}

static void set_uuid(struct entry *out, const struct id *id)
{
	memcpy(out->uuid, id->bytes, UUID_SIZE);
}

static const char *dn_of(struct arena *a, const struct directory_options *d, enum resource kind, const struct id *id)
{
	char text[SCIM_ID_TEXT];

	id_write(id, text);
	return arena_printf(a, "scimid=%s,%s", text, kind == RESOURCE_USER ? d->people_base : d->groups_base);
}

void entry_of_user(struct arena *a, const struct directory_options *d, const struct id *id, const json_t *user, struct entry *out)
{
	static const char *const names[][2] = {
		{"uid", "userName"}, {"username", "userName"}, {"displayname", "displayName"}, {"cn", "displayName"}, {"title", "title"},
		{"usertype", "userType"}, {"preferredlanguage", "preferredLanguage"}, {"locale", "locale"}, {"timezone", "timezone"},
		{"nickname", "nickName"},
	};
	struct filling f = {.arena = a};
	const json_t *name = json_find(user, "name");
	const char *external = json_text(user, "externalId");

	if (external) {
		add(&f, "externalid", text_fold(a, external));
		add(&f, "objectid", text_fold(a, external));
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		add(&f, names[i][0], json_text(user, names[i][1]));
	add(&f, "givenname", json_text(name, "givenName"));
	add(&f, "sn", json_text(name, "familyName"));
	add(&f, "mail", mail_of(user));
	add(&f, "telephonenumber", json_text(chosen(json_find(user, "phoneNumbers"), "work", false), "value"));
	add(&f, "mobile", json_text(chosen(json_find(user, "phoneNumbers"), "mobile", false), "value"));
	add_address(&f, user);
	add_roles(&f, user);
	add_enterprise(&f, user);
	/* what does not say that it is active, is not */
	add(&f, "active", json_is_true(json_find(user, "active")) ? "TRUE" : "FALSE");
	*out = (struct entry){.dn = dn_of(a, d, RESOURCE_USER, id), .attributes = f.list, .attribute_count = f.n};
	set_uuid(out, id);
}

void entry_of_group(struct arena *a, const struct directory_options *d, const struct id *id, const json_t *group,
	const struct data_member *members, size_t n, struct entry *out)
{
	struct slice *values = arena_alloc(a, (n + 1) * sizeof(*values));
	struct filling f = {.arena = a};

	add(&f, "displayname", json_text(group, "displayName"));
	add(&f, "externalid", json_text(group, "externalId"));
	for (size_t i = 0; i < n; i++)
		values[i] = slice_c(dn_of(a, d, members[i].kind, &members[i].id));
	if (n)
		add_values(&f, "member", values, n);
	*out = (struct entry){.dn = dn_of(a, d, RESOURCE_GROUP, id), .attributes = f.list, .attribute_count = f.n};
	set_uuid(out, id);
}
