/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the answers about users and groups share: versions, what a client sees, what it asks for. */
#include "scim/internal.h"

#include "base/clock.h"
#include "base/encode.h"

#define SELECTED_MAX 50

/* ---- the request ---- */

int query_text(struct work *w, const char *name, const char **out)
{
	struct slice raw, decoded;
	int found = form_find(w->request->query, name, &raw);

	*out = NULL;
	if (found < 0)
		return fault_set(&w->fault, 400, "invalidValue", "%s is there twice.", name);
	if (found == 0)
		return 0;
	if (form_decode(w->arena, raw, &decoded) < 0 || !utf8_is_clean(decoded))
		return fault_set(&w->fault, 400, "invalidValue", "%s is not encoded as a query must be.", name);
	*out = arena_copy(w->arena, decoded);
	return 0;
}

int found_or_404(struct work *w, enum resource kind, const struct id *id, json_t **out)
{
	struct error err;
	int found = data_get(w->t, kind, id, out, &err);

	if (found < 0)
		return fault_store(&w->fault, &err);
	return found ? 0 : fault_set(&w->fault, 404, NULL, "There is no such %s.", kind == RESOURCE_USER ? "user" : "group");
}

/* ---- what is found, and unique ---- */

const char *name_found(const json_t *kept, const char *name)
{
	const char *tombstone = kept && strcmp(name, "userName") == 0 ? json_text(kept, KEPT_TOMBSTONE) : NULL;

	return tombstone ? tombstone : kept ? json_text(kept, name) : NULL;
}

int require_unique(struct work *w, const struct revision *r, enum data_key key, const char *name)
{
	const char *before = name_found(r->before, name), *after = name_found(r->after, name);
	struct error err;
	struct id other;
	int found;

	if (!after || (before && text_same(before, after)))
		return 0;
	found = data_find(w->t, key, after, &other, &err);
	if (found < 0)
		return fault_store(&w->fault, &err);
	if (found && memcmp(&other, &r->id, sizeof(other)) != 0)
		return fault_set(&w->fault, 409, "uniqueness", "Another one has this %s.", name);
	return 0;
}

/* ---- versions ---- */

const char *etag_of(struct arena *a, const json_t *kept)
{
	return arena_printf(a, "W/\"%lld\"", (long long)json_integer_value(json_object_get(kept, KEPT_VERSION)));
}

/* One of a list: W/"3", "3", or *. */
bool etag_fits(struct arena *a, const char *list, const json_t *kept)
{
	const char *ours = etag_of(a, kept) + 2;
	size_t n = strlen(ours);

	for (const char *p = list; p; p = strchr(p, ',')) {
		p += strspn(p, " ,");
		if (*p == '*')
			return true;
		if (strncmp(p, "W/", 2) == 0)
			p += 2;
		if (strncmp(p, ours, n) == 0 && strchr(", ", p[n]))
			return true;
	}
	return false;
}

int require_match(struct work *w, const json_t *kept)
{
	if (!w->request->if_match || etag_fits(w->arena, w->request->if_match, kept))
		return 0;
	return fault_set(&w->fault, 412, NULL, "It has changed since: its version is %s.", etag_of(w->arena, kept));
}

void stamp(json_t *resource, const json_t *before)
{
	json_int_t version = before ? json_integer_value(json_object_get(before, KEPT_VERSION)) : 0;
	char now[21];

	time_write(clock_now(), now);
	if (!before)
		json_object_set_new(resource, KEPT_CREATED, json_string(now));
	else if (json_object_get(before, KEPT_CREATED))
		json_object_set(resource, KEPT_CREATED, json_object_get(before, KEPT_CREATED));
	json_object_set_new(resource, KEPT_MODIFIED, json_string(now));
	json_object_set_new(resource, KEPT_VERSION, json_integer(version + 1));
}

bool is_unchanged(const json_t *before, json_t *after)
{
	static const char *const kept[] = {KEPT_CREATED, KEPT_MODIFIED, KEPT_VERSION};

	if (!before)
		return false;
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		if (json_object_get(before, kept[i]))
			json_object_set(after, kept[i], json_object_get(before, kept[i]));
	return json_equal((json_t *)before, after);
}

/* ---- what a client sees ---- */

const char *location_of(const struct work *w, enum resource kind, const char *id)
{
	return arena_printf(w->arena, "%s/%s/%s", w->scim->base, kind == RESOURCE_USER ? "Users" : "Groups", id);
}

json_t *resource_shown(const struct work *w, enum resource kind, const json_t *kept, const char *id, const char *urn)
{
	json_t *shown = json_object(), *schemas = json_pack("[s]", urn), *value, *meta;
	const char *key;

	json_object_set_new(shown, "schemas", schemas);
	json_object_set_new(shown, "id", json_string(id));
	json_object_foreach((json_t *)kept, key, value) {
		if (*key == '$')
			continue;
		if (strncasecmp(key, "urn:", 4) == 0)
			json_array_append_new(schemas, json_string(key));
		json_object_set_new(shown, key, json_deep_copy(value));
	}
	meta = json_pack("{s:s, s:O*, s:O*, s:s, s:s}", "resourceType", kind == RESOURCE_USER ? "User" : "Group", "created",
		json_object_get(kept, KEPT_CREATED), "lastModified", json_object_get(kept, KEPT_MODIFIED), "location", location_of(w, kind, id),
		"version", etag_of(w->arena, kept));
	json_object_set_new(shown, "meta", meta);
	return shown;
}

int group_members_shown(struct work *w, json_t *shown, const struct id *id)
{
	struct data_member *list;
	json_t *members;
	struct error err;
	size_t n;

	if (data_members(w->arena, w->t, id, &list, &n, &err) < 0)
		return fault_store(&w->fault, &err);
	if (n > SCIM_MEMBERS_OF_ONE)
		return fault_set(&w->fault, 413, "tooMany", "The group has %zu members: ask with excludedAttributes=members.", n);
	members = json_array();
	for (size_t i = 0; i < n; i++) {
		char text[SCIM_ID_TEXT];

		id_write(&list[i].id, text);
		json_array_append_new(members, json_pack("{s:s, s:s, s:s}", "value", text, "$ref", location_of(w, list[i].kind, text), "type",
			list[i].kind == RESOURCE_USER ? "User" : "Group"));
	}
	if (n)
		json_object_set(shown, "members", members);
	json_decref(members);
	return 0;
}

/* ---- attributes, excludedAttributes ---- */

/* "userName,emails.value, urn:…:User:department": the attribute's own name is enough, its parts come along. */
static const char *const *names_of(struct arena *a, const char *list)
{
	const char **out = arena_alloc(a, (SELECTED_MAX + 1) * sizeof(*out));
	size_t n = 0;

	for (const char *p = list; *p && n < SELECTED_MAX;) {
		size_t length = strcspn(p, ", ");
		char *name = arena_copy(a, slice_of(p, length)), *colon, *dot;

		p += length;
		p += strspn(p, ", ");
		if (!length)
			continue;
		colon = strrchr(name, ':');
		if (colon && strncasecmp(name, URN_USER ":", sizeof(URN_USER)) != 0 && strncasecmp(name, URN_GROUP ":", sizeof(URN_GROUP)) != 0) {
			/* of an extension: all of it */
			out[n++] = text_same(name, URN_ENTERPRISE) ? name : (*colon = 0, name);
			continue;
		}
		name = colon ? colon + 1 : name;
		dot = strchr(name, '.');
		if (dot)
			*dot = 0;
		out[n++] = name;
	}
	return out;
}

int selection_read(struct work *w, struct selection *out)
{
	const char *only, *without;

	*out = (struct selection){NULL, NULL};
	if (query_text(w, "attributes", &only) < 0 || query_text(w, "excludedAttributes", &without) < 0)
		return -1;
	if (only && *only)
		out->only = names_of(w->arena, only);
	else if (without)
		out->without = names_of(w->arena, without);
	return 0;
}

static bool is_among(const char *const *list, const char *name)
{
	for (; *list; list++)
		if (text_same(*list, name))
			return true;
	return false;
}

/* id and schemas are always there. */
bool selection_wants(const struct selection *s, const char *name)
{
	if (strcmp(name, "id") == 0 || strcmp(name, "schemas") == 0)
		return true;
	if (s->only)
		return is_among(s->only, name);
	return !s->without || !is_among(s->without, name);
}

void selection_cut(const struct selection *s, json_t *shown)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(shown, next, key, value) {
		if (!selection_wants(s, key))
			json_object_del(shown, key);
	}
}

/* ---- replies ---- */

int reply_json(struct work *w, int status, json_t *body)
{
	char *text = json_dumps(body, JSON_COMPACT);

	if (!text)
		abort();
	json_decref(body);
	w->reply->status = status;
	w->reply->body = slice_c(arena_strdup(w->arena, text));
	free(text);
	return 0;
}
