/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One search after another with Active Directory's controls, and values that come in ranges put together. */
#include "ldap/ad_search.h"

#include <ldap.h>
#include <sys/time.h>

#define PAGE_SIZE 500
/* What DirSync may put into one answer; the server's own limit is lower. */
#define DIRSYNC_SIZE 1000000
/* A group that changes so often while it is read will be told of as changed, and read again then. */
#define ATTEMPTS 5
/* Servers send some thousand entries in one answer at most, and large groups have some hundred thousand members. */
#define ENTRIES_MAX 100000
#define VALUES_MAX 10000000

/* ---- controls ---- */

static struct berval ber_done(BerElement *ber, int rc)
{
	struct berval value = {0, NULL};

	if (rc < 0 || ber_flatten2(ber, &value, 1) < 0)
		abort();        /* no memory: nothing else can go wrong with these */
	ber_free(ber, 1);
	return value;
}

static BerElement *ber_new(void)
{
	BerElement *ber = ber_alloc_t(LBER_USE_DER);

	if (!ber)
		abort();
	return ber;
}

/* ExtendedDNRequestValue ::= SEQUENCE { Flag INTEGER }; 1: as text */
static LDAPControl extended_dn_control(void)
{
	BerElement *ber = ber_new();

	return (LDAPControl){(char *)EXTENDED_DN_CONTROL_OID, ber_done(ber, ber_printf(ber, "{i}", 1)), 1};
}

static LDAPControl manner_control(const struct ad_search *s)
{
	struct berval cookie = {s->cookie.n, s->cookie.p ? (char *)s->cookie.p : (char *)""};
	BerElement *ber = ber_new();

	if (s->manner == AD_RIGHTS)     /* DACL_SECURITY_INFORMATION */
		return (LDAPControl){(char *)RIGHTS_CONTROL_OID, ber_done(ber, ber_printf(ber, "{i}", 4)), 1};
	if (s->manner == AD_PAGED)
		return (LDAPControl){(char *)PAGED_CONTROL_OID, ber_done(ber, ber_printf(ber, "{iO}", PAGE_SIZE, &cookie)), 1};
	return (LDAPControl){(char *)DIRSYNC_CONTROL_OID,
		ber_done(ber, ber_printf(ber, "{iiO}", (ber_int_t)s->flags, DIRSYNC_SIZE, &cookie)), 1};
}

static struct slice copy(struct arena *a, const struct berval *v)
{
	return arena_slice(a, slice_of(v->bv_val ? v->bv_val : "", v->bv_len));
}

/* realSearchControlValue (RFC 2696) has two members, DirSync's answer three, of which the first says whether there is more. */
static int take_control(struct arena *a, const struct ad_search *s, LDAPControl **controls, struct ad_answer *out)
{
	LDAPControl *control = ldap_control_find(s->manner == AD_PAGED ? PAGED_CONTROL_OID : DIRSYNC_CONTROL_OID, controls,
		NULL);
	BerElement *ber = control && control->ldctl_value.bv_len ? ber_init(&control->ldctl_value) : NULL;
	struct berval cookie;
	ber_int_t first, second;
	ber_tag_t rc;

	if (!ber)
		return -1;
	rc = s->manner == AD_PAGED ? ber_scanf(ber, "{im}", &first, &cookie) : ber_scanf(ber, "{iim}", &first, &second, &cookie);
	if (rc != LBER_ERROR && (s->manner == AD_DIRSYNC || cookie.bv_len))
		out->cookie = copy(a, &cookie);
	out->more = s->manner == AD_DIRSYNC && rc != LBER_ERROR && first != 0;
	ber_free(ber, 1);
	return rc == LBER_ERROR ? -1 : 0;
}

/* ---- answers ---- */

static enum ad_result_code meaning(int code)
{
	switch (code) {
	case LDAP_SUCCESS:
		return AD_SUCCESS;
	case LDAP_NO_SUCH_OBJECT:
		return AD_NO_SUCH_OBJECT;
	case LDAP_INSUFFICIENT_ACCESS:
		return AD_NO_RIGHT;
	case LDAP_TIMELIMIT_EXCEEDED:
	case LDAP_ADMINLIMIT_EXCEEDED:
	case LDAP_BUSY:
	case LDAP_UNAVAILABLE:
		return AD_LATER;
	default:
		return AD_REFUSED;
	}
}

static int take_result(struct connection *c, struct arena *a, const struct ad_search *s, LDAPMessage *message,
	struct ad_answer *out, struct error *err)
{
	LDAPControl **controls = NULL;
	char *said = NULL;
	int code, rc = ldap_parse_result(c->ld, message, &code, NULL, &said, NULL, &controls, 0);

	if (rc != LDAP_SUCCESS)
		return connection_error(c, "the end of a search", rc, err);
	out->text = arena_printf(a, "%s%s%s", ldap_err2string(code), said && *said ? ": " : "", said ? said : "");
	out->result = code == LDAP_SIZELIMIT_EXCEEDED && s->limit ? AD_SUCCESS : meaning(code);
	if (out->result == AD_SUCCESS && (s->manner == AD_PAGED || s->manner == AD_DIRSYNC) && take_control(a, s, controls, out) < 0)
		rc = error_set(err, REASON_DIRECTORY, "%s: a search ended without the answer to its control", c->uri);
	ldap_memfree(said);
	ldap_controls_free(controls);
	return rc == LDAP_SUCCESS ? 0 : -1;
}

static int take_entry(struct connection *c, struct arena *a, LDAPMessage *message, struct ad_answer *out, struct error *err)
{
	struct extended_dn name;
	struct entry e;

	if (out->n == ENTRIES_MAX)
		return error_set(err, REASON_DIRECTORY, "%s: an answer does not end after %d entries", c->uri, ENTRIES_MAX);
	if (entry_take(c, a, message, &e, err) < 0)
		return -1;
	if (extended_dn_read(slice_c(e.dn), &name) < 0)
		return error_set(err, REASON_DIRECTORY, "%s: an entry came without its GUID", c->uri);
	entry_keep(a, &e);
	e.dn = name.dn.p;
	memcpy(e.uuid, name.uuid, UUID_SIZE);
	out->entries = arena_grow(a, out->entries, out->n, sizeof(*out->entries));
	out->entries[out->n++] = e;
	return 0;
}

/* 1: the search is over. */
static int take_message(struct connection *c, struct arena *a, const struct ad_search *s, LDAPMessage *message,
	struct ad_answer *out, struct error *err)
{
	switch (ldap_msgtype(message)) {
	case LDAP_RES_SEARCH_ENTRY:
		return take_entry(c, a, message, out, err);
	case LDAP_RES_SEARCH_RESULT:
		return take_result(c, a, s, message, out, err) < 0 ? -1 : 1;
	default:
		return 0;       /* references lead to other naming contexts and servers: not followed */
	}
}

static int take_all(struct connection *c, struct arena *a, const struct ad_search *s, int id,
	const struct mirror_progress *progress, struct ad_answer *out, struct error *err)
{
	int rc = 0;

	while (rc == 0) {
		struct timeval wait = {.tv_sec = (time_t)c->seconds};
		LDAPMessage *message = NULL;
		int type = ldap_result(c->ld, id, LDAP_MSG_ONE, &wait, &message), code = LDAP_SERVER_DOWN;

		if (progress)
			progress->alive(progress->context);
		if (type == 0)
			return connection_error(c, "search", LDAP_TIMEOUT, err);
		if (type < 0) {
			ldap_get_option(c->ld, LDAP_OPT_RESULT_CODE, &code);
			return connection_error(c, "connection lost", code, err);
		}
		rc = take_message(c, a, s, message, out, err);
		ldap_msgfree(message);
	}
	return rc < 0 ? -1 : 0;
}

int ad_search(struct connection *c, struct arena *a, const struct ad_search *search, const struct mirror_progress *progress,
	struct ad_answer *out, struct error *err)
{
	LDAPControl extended = extended_dn_control(), manner = {NULL, {0, NULL}, 0};
	LDAPControl *controls[] = {&extended, NULL, NULL};
	struct ad_answer answer = {.result = AD_REFUSED};
	int id, rc;

	if (search->manner != AD_PLAIN) {
		manner = manner_control(search);
		controls[1] = &manner;
	}
	rc = ldap_search_ext(c->ld, search->base, search->scope == SEARCH_BASE ? LDAP_SCOPE_BASE : search->scope == SEARCH_CHILDREN ?
		LDAP_SCOPE_ONELEVEL : LDAP_SCOPE_SUBTREE, search->filter, (char **)search->attributes, 0, controls, NULL, NULL,
		search->limit, &id);
	ber_memfree(extended.ldctl_value.bv_val);
	ber_memfree(manner.ldctl_value.bv_val);
	if (rc != LDAP_SUCCESS) {
		connection_error(c, "search", rc, err);
		return -1;
	}
	if (take_all(c, a, search, id, progress, &answer, err) < 0) {
		ldap_abandon_ext(c->ld, id, NULL, NULL);
		return -1;
	}
	*out = answer;
	return 0;
}

/* ---- one entry, whole ---- */

bool entry_has_range(const struct entry *e)
{
	struct value_range r;

	for (size_t i = 0; i < e->attribute_count; i++)
		if (value_range_read(e->attributes[i].name, &r) != 0)
			return true;
	return false;
}

static struct slice value_of(const struct entry *e, const char *name)
{
	for (size_t i = 0; i < e->attribute_count; i++)
		if (strcasecmp(e->attributes[i].name, name) == 0 && e->attributes[i].n)
			return e->attributes[i].values[0];
	return (struct slice){NULL, 0};
}

struct reading_of {
	struct connection *c;
	struct arena *arena;
	struct ad_search search;
	const struct mirror_progress *progress;
};

static int read_once(struct reading_of *r, const char *const *attributes, struct entry *out, struct error *err)
{
	struct ad_search search = r->search;
	struct ad_answer answer;

	search.attributes = attributes;
	if (ad_search(r->c, r->arena, &search, r->progress, &answer, err) < 0)
		return -1;
	if (answer.result == AD_NO_SUCH_OBJECT || (answer.result == AD_SUCCESS && answer.n == 0))
		return 0;
	if (answer.result != AD_SUCCESS || answer.n != 1)
		return error_set(err, REASON_DIRECTORY, "%s: an entry cannot be read by its GUID: %s", r->c->uri, answer.text);
	*out = answer.entries[0];
	return 1;
}

/* The attribute of this range in another entry; NULL: it is not there. */
static const struct mirror_attribute *range_in(const struct entry *e, const char *name, size_t length, struct value_range *range)
{
	for (size_t i = 0; i < e->attribute_count; i++)
		if (value_range_read(e->attributes[i].name, range) == 1 && range->name_length == length &&
			strncasecmp(e->attributes[i].name, name, length) == 0)
			return &e->attributes[i];
	return NULL;
}

static void add_values(struct arena *a, struct slice **list, size_t *n, const struct mirror_attribute *m)
{
	for (size_t i = 0; i < m->n; i++) {
		*list = arena_grow(a, *list, *n, sizeof(**list));
		(*list)[(*n)++] = m->values[i];
	}
}

static int bad_range(const struct reading_of *r, const char *attribute, struct error *err)
{
	return error_set(err, REASON_DIRECTORY, "%s: %.100s is no range of values that follows the one before", r->c->uri, attribute);
}

/* All values of one attribute that came in part.  *usn: of the entry with the last part. */
static int complete(struct reading_of *r, struct mirror_attribute *m, struct slice *usn, struct error *err)
{
	struct value_range range;
	const char *name;
	struct slice *list = NULL;
	uint64_t next;
	size_t n = 0;

	if (value_range_read(m->name, &range) != 1 || range.first != 0)
		return bad_range(r, m->name, err);
	name = arena_copy(r->arena, slice_of(m->name, range.name_length));
	add_values(r->arena, &list, &n, m);
	while (!range.is_end) {
		const char *const attributes[] = {arena_printf(r->arena, "%s;range=%llu-*", name,
			(unsigned long long)range.last + 1), "uSNChanged", NULL};
		const struct mirror_attribute *part;
		struct entry e;
		int found = read_once(r, attributes, &e, err);

		if (found <= 0)
			return found;
		next = range.last + 1;
		part = range_in(&e, name, strlen(name), &range);
		if (n > VALUES_MAX)
			return error_set(err, REASON_DIRECTORY, "%s: %s has more than %d values", r->c->uri, name, VALUES_MAX);
		if (!part || range.first != next || !part->n)
			return bad_range(r, part ? part->name : attributes[0], err);
		add_values(r->arena, &list, &n, part);
		*usn = value_of(&e, "uSNChanged");
	}
	*m = (struct mirror_attribute){name, list, n};
	return 1;
}

/* Beside a part the server sends the attribute without any value. */
static void drop_empty(struct entry *e)
{
	struct mirror_attribute *list = (struct mirror_attribute *)e->attributes;
	size_t n = 0;

	for (size_t i = 0; i < e->attribute_count; i++)
		if (list[i].n)
			list[n++] = list[i];
	e->attribute_count = n;
}

/* 1 whole, 0 gone or changed meanwhile (*changed), -1. */
static int read_whole(struct reading_of *r, const char *const *attributes, struct entry *out, bool *changed, struct error *err)
{
	struct entry e;
	struct slice before, after;
	int rc = read_once(r, attributes, &e, err);

	*changed = false;
	if (rc <= 0)
		return rc;
	before = after = value_of(&e, "uSNChanged");
	for (size_t i = 0; i < e.attribute_count; i++) {
		struct value_range range;

		if (value_range_read(e.attributes[i].name, &range) == 0)
			continue;
		rc = complete(r, (struct mirror_attribute *)&e.attributes[i], &after, err);
		if (rc <= 0)
			return rc;
	}
	*changed = !slice_equal(before, after);
	drop_empty(&e);
	*out = e;
	return *changed ? 0 : 1;
}

int ad_read(struct connection *c, struct arena *a, const unsigned char uuid[UUID_SIZE], const char *filter,
	const char *const *attributes, const struct mirror_progress *progress, struct entry *out, struct error *err)
{
	char guid[GUID_TEXT_SIZE];
	struct reading_of r = {c, a, {.filter = filter, .scope = SEARCH_BASE, .manner = AD_PLAIN}, progress};
	bool changed = true;
	int rc = 0;

	guid_text(uuid, guid);
	r.search.base = arena_printf(a, "<GUID=%s>", guid);
	for (int i = 0; i < ATTEMPTS && rc == 0 && changed; i++)
		rc = read_whole(&r, attributes, out, &changed, err);
	if (rc == 0 && changed)
		return error_set(err, REASON_DIRECTORY, "%s: %s changes faster than it can be read", c->uri, r.search.base);
	return rc;
}
