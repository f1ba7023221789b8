/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which domain controller it is, what it knows, and the number of its last change. */
#include "ldap/ad_search.h"

#include "base/encode.h"

struct root {
	struct arena *arena;
	struct ad_server server;
	const char *service, *invocation;
};

static const char *text_of(struct arena *a, const struct mirror_attribute *m)
{
	return m->n && !memchr(m->values[0].p, '\0', m->values[0].n) ? arena_copy(a, m->values[0]) : NULL;
}

static void take_root_attribute(struct root *r, const struct mirror_attribute *m)
{
	struct ad_server *s = &r->server;
	const char **contexts;

	if (strcasecmp(m->name, "dnsHostName") == 0)
		s->name = text_of(r->arena, m);
	if (strcasecmp(m->name, "dsServiceName") == 0)
		r->service = text_of(r->arena, m);
	if (strcasecmp(m->name, "schemaNamingContext") == 0)
		s->schema = text_of(r->arena, m);
	if (strcasecmp(m->name, "supportedControl") == 0)
		for (size_t i = 0; i < m->n; i++) {
			s->has_dirsync |= slice_is(m->values[i], DIRSYNC_CONTROL_OID);
			s->has_extended_dn |= slice_is(m->values[i], EXTENDED_DN_CONTROL_OID);
			s->has_pages |= slice_is(m->values[i], PAGED_CONTROL_OID);
		}
	if (strcasecmp(m->name, "namingContexts") == 0) {
		contexts = arena_alloc(r->arena, (m->n + 1) * sizeof(*contexts));
		for (size_t i = 0, n = 0; i < m->n; i++)
			if (!memchr(m->values[i].p, '\0', m->values[i].n))
				contexts[n++] = arena_copy(r->arena, m->values[i]);
		s->contexts = contexts;
	}
}

static void take_root(const struct entry *e, void *context)
{
	for (size_t i = 0; i < e->attribute_count; i++)
		take_root_attribute(context, &e->attributes[i]);
}

/* A database that was set back has the same name and another invocation. */
static void take_invocation(const struct entry *e, void *context)
{
	struct root *r = context;
	unsigned char uuid[UUID_SIZE];
	char guid[GUID_TEXT_SIZE];

	for (size_t i = 0; i < e->attribute_count; i++)
		if (strcasecmp(e->attributes[i].name, "invocationId") == 0 && e->attributes[i].n &&
			guid_read(e->attributes[i].values[0], uuid) == 0) {
			guid_text(uuid, guid);
			r->invocation = arena_strdup(r->arena, guid);
		}
}

int ad_server_read(struct connection *c, struct arena *a, struct ad_server *out, struct error *err)
{
	static const char *const wanted[] = {"dnsHostName", "dsServiceName", "supportedControl", "namingContexts",
		"schemaNamingContext", NULL};
	static const char *const invocation[] = {"invocationId", NULL};
	static const char *const none[] = {NULL};
	const struct search root = {"", NULL, SEARCH_BASE, wanted, 0};
	struct search service = {NULL, NULL, SEARCH_BASE, invocation, 0};
	struct root r = {.arena = a, .server = {.contexts = none}, .invocation = ""};

	if (connection_search(c, &root, take_root, &r, err) < 0)
		return -1;
	if (!r.service || !r.server.has_extended_dn || !r.server.has_pages)
		return error_set(err, REASON_DIRECTORY, "%s: this is no domain controller of Active Directory (%s)", c->uri,
			!r.service ? "no dsServiceName" : "a control is missing");
	service.base = r.service;
	if (connection_search(c, &service, take_invocation, &r, err) < 0)
		return -1;
	r.server.id = arena_printf(a, "%s %s", r.service, r.invocation);
	if (!r.server.name)
		r.server.name = r.service;
	*out = r.server;
	return 0;
}

static void take_usn(const struct entry *e, void *context)
{
	uint64_t *usn = context;

	for (size_t i = 0; i < e->attribute_count; i++)
		if (strcasecmp(e->attributes[i].name, "highestCommittedUSN") == 0 && e->attributes[i].n &&
			number_read(e->attributes[i].values[0], 1, INT64_MAX - 1, usn) < 0)
			*usn = 0;
}

int ad_highest_usn(struct connection *c, uint64_t *out, struct error *err)
{
	static const char *const wanted[] = {"highestCommittedUSN", NULL};
	const struct search root = {"", NULL, SEARCH_BASE, wanted, 0};
	uint64_t usn = 0;

	if (connection_search(c, &root, take_usn, &usn, err) < 0)
		return -1;
	if (!usn)
		return error_set(err, REASON_DIRECTORY, "%s: the server does not number its changes (highestCommittedUSN)", c->uri);
	*out = usn;
	return 0;
}

bool dn_is_within(const char *dn_key, const char *base_key)
{
	size_t n = strlen(dn_key), m = strlen(base_key);

	return n == m ? strcmp(dn_key, base_key) == 0 : n > m && dn_key[n - m - 1] == ',' && strcmp(dn_key + n - m, base_key) == 0;
}

const char *ad_root_of(struct arena *a, const struct ad_server *server, const char *dn)
{
	const char *key, *context, *best = NULL;
	size_t length = 0;

	if (dn_normalize(a, dn, &key) < 0)
		return NULL;
	for (size_t i = 0; server->contexts[i]; i++)
		if (dn_normalize(a, server->contexts[i], &context) == 0 && dn_is_within(key, context) && strlen(context) >= length) {
			best = server->contexts[i];
			length = strlen(context);
		}
	return best;
}
