/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Changes of any directory, by asking.
 *
 *	all         every entry, by pages where the server has them; who was not
 *	            there is gone
 *	changed     what fits the filter and has a modifyTimestamp since the last
 *	            time, less a minute for several masters, replicas and changes
 *	            within one second: what comes twice does no harm
 *	left        what has such a stamp and fits the filter no longer
 *
 * Nobody tells what was deleted, moved out of the base, or stands below an
 * entry that was renamed.  So all is read again from time to time, and at once
 * where the last time is not known or was at another server.
 *
 * One search at a time: some servers know pages of one search only.
 */
#include "ldap/poll.h"

#include "ldap/poll_values.h"

#include "base/clock.h"

#include <ldap.h>
#include <sys/time.h>

#define SECOND INT64_C(1000000)
#define POLL_SECONDS 5
#define COMPARE_SECONDS 600
#define OVERLAP_SECONDS 60
#define PAGE_SIZE 500
#define EMPTY_PAGES_MAX 100

enum stage { NOT_STARTED, RESTING, ALL, CHANGED, LEFT };

struct side {
	enum mirror_kind kind;
	struct feed_source source;
	const char *const *wanted;
	enum stage stage;               /* what is asked for next, or being answered */
	int search;                     /* message id; 0: none under way */
	struct berval page;             /* libldap's; bv_len 0: the first one */
	bool refreshing;                /* until the first poll from a cookie is over */
	struct server_clock clock;
	int64_t known, compared;        /* as in struct poll_place */
	int64_t asked;                  /* monotonic: when the reading began that is under way */
	int64_t due;                    /* monotonic: of the next poll */
	struct uuid_set *seen;          /* of all */
	size_t entries, stamped;        /* of this reading */
	size_t on_page, empty_pages;    /* entries since the last page began; pages in a row that brought none */
};

struct poll {
	struct arena *arena;            /* of the connection */
	const char *id;                 /* the attribute that entries are known by */
	bool has_pages;
	int probe;
	struct side sides[MIRROR_KINDS];
};

/* ---- begin and end ---- */

struct looking {
	struct arena *arena;
	struct poll *poll;
	const char *configured;
};

static void look_at_root(const struct entry *e, void *context)
{
	struct looking *l = context;

	for (size_t i = 0; i < e->attribute_count; i++)
		for (size_t j = 0; j < e->attributes[i].n; j++)
			l->poll->has_pages |= slice_is(e->attributes[i].values[j], LDAP_CONTROL_PAGEDRESULTS);
}

static void look_for_id(const struct entry *e, void *context)
{
	struct looking *l = context;

	for (size_t k = 0; poll_id_attributes[k] && !l->poll->id; k++)
		for (size_t i = 0; i < e->attribute_count && !l->poll->id; i++)
			if (strcasecmp(e->attributes[i].name, poll_id_attributes[k]) == 0 && e->attributes[i].n)
				l->poll->id = poll_id_attributes[k];
}

/* A person first: a base may be an entry of an older make. */
static int find_id(struct feed *f, struct error *err)
{
	const struct directory_options *d = f->directory;
	struct poll *p = f->own;
	struct looking l = {.poll = p};
	const struct search places[] = {
		{d->people_base, d->people_filter, SEARCH_SUBTREE, poll_id_attributes, 1},
		{d->groups_base, d->groups_filter, SEARCH_SUBTREE, poll_id_attributes, 1},
		{d->people_base, NULL, SEARCH_BASE, poll_id_attributes, 1},
	};

	p->id = d->id_attribute;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places) && !p->id; i++)
		if (connection_search(f->connection, &places[i], look_for_id, &l, err) < 0)
			return -1;
	if (p->id)
		return 0;
	return error_set(err, REASON_DIRECTORY, "%s: no entry has an id that stays (entryUUID, nsUniqueId, ipaUniqueID, objectGUID …): "
		"name the attribute by id", f->connection->uri);
}

static void side_begin(struct feed *f, enum mirror_kind kind)
{
	const struct directory_options *d = f->directory;
	const char *group_attributes[GROUP_ATTRIBUTES_MAX + 3];
	const char *const *const of_kind[MIRROR_KINDS] = {
		[MIRROR_PEOPLE] = f->person_attributes, [MIRROR_GROUPS] = group_attributes, [MIRROR_RULES] = d->rules_attributes,
	};
	struct poll *p = f->own;
	struct side *s = &p->sides[kind];
	const char **list;
	size_t n = 0;

	feed_group_attributes(d, group_attributes);
	s->kind = kind;
	s->source = feed_source(d, kind);
	while (of_kind[kind] && of_kind[kind][n])
		n++;
	list = arena_alloc(p->arena, (n + 3) * sizeof(*list));
	list[0] = "modifyTimestamp";
	list[1] = p->id;
	/* as if it were asked for once: some servers refuse a name that comes twice */
	for (size_t i = 0, at = 2; i < n; i++)
		if (strcasecmp(of_kind[kind][i], list[0]) != 0 && strcasecmp(of_kind[kind][i], list[1]) != 0)
			list[at++] = of_kind[kind][i];
	s->wanted = list;
}

static int poll_begin(struct feed *f, struct error *err)
{
	static const char *const controls[] = {"supportedControl", NULL};
	const struct search root = {"", NULL, SEARCH_BASE, controls, 0};
	struct poll *p = calloc(1, sizeof(*p));
	struct looking l = {.poll = p};

	if (!p)
		abort();
	f->own = p;
	p->arena = arena_new();
	if (connection_search(f->connection, &root, look_at_root, &l, err) < 0 || find_id(f, err) < 0)
		return -1;
	for (int kind = 0; kind < MIRROR_KINDS; kind++)
		side_begin(f, (enum mirror_kind)kind);
	return 0;
}

static void drop_search(struct feed *f, struct side *s)
{
	if (s->search)
		ldap_abandon_ext(f->connection->ld, s->search, NULL, NULL);
	s->search = 0;
	ber_memfree(s->page.bv_val);
	s->page = (struct berval){0, NULL};
	uuid_set_free(s->seen);
	s->seen = NULL;
	s->entries = s->stamped = 0;
	s->on_page = s->empty_pages = 0;
}

static void poll_end(struct feed *f)
{
	struct poll *p = f->own;

	if (!p)
		return;
	for (int kind = 0; kind < MIRROR_KINDS; kind++)
		drop_search(f, &p->sides[kind]);
	arena_free(p->arena);
	free(p);
	f->own = NULL;
}

/* ---- start and probe ---- */

static int64_t compare_every(const struct feed *f)
{
	return f->directory->compare_seconds > 0 ? f->directory->compare_seconds : COMPARE_SECONDS;
}

static bool must_compare(const struct feed *f, const struct side *s)
{
	int64_t now = clock_now();

	return now - s->compared >= compare_every(f) || s->compared > now;
}

static int poll_start(struct feed *f, enum mirror_kind kind, struct slice cookie, struct error *err)
{
	struct poll *p = f->own;
	struct side *s = &p->sides[kind];
	struct poll_place place = {.known = 0};
	bool goes_on = poll_place_read(cookie, &place) == 0 && slice_is(place.uri, f->connection->uri) && place.known;

	(void)err;
	drop_search(f, s);
	s->compared = goes_on ? place.compared : 0;
	goes_on = goes_on && !must_compare(f, s);
	s->stage = goes_on ? CHANGED : ALL;
	s->refreshing = goes_on;
	s->known = goes_on ? place.known : 0;
	s->clock = (struct server_clock){goes_on ? place.known : 0, clock_monotonic_us()};
	s->due = 0;
	return 0;
}

static int poll_probe(struct feed *f, struct error *err)
{
	static const char *const none[] = {LDAP_NO_ATTRS, NULL};
	struct poll *p = f->own;
	int rc = ldap_search_ext(f->connection->ld, "", LDAP_SCOPE_BASE, NULL, (char **)none, 0, NULL, NULL, NULL, 1, &p->probe);

	if (rc != LDAP_SUCCESS)
		return connection_error(f->connection, "probe", rc, err);
	f->probing = true;
	return 0;
}

/* ---- asking ---- */

static const char *filter_of(struct arena *a, const struct side *s)
{
	char stamp[STAMP_SIZE];

	if (s->stage == ALL)
		return s->source.filter;
	stamp_write(s->known > OVERLAP_SECONDS ? s->known - OVERLAP_SECONDS : 0, stamp);
	return arena_printf(a, s->stage == LEFT ? "(&(!%s)(modifyTimestamp>=%s))" : "(&%s(modifyTimestamp>=%s))", s->source.filter,
		stamp);
}

static int ask(struct feed *f, struct side *s, struct error *err)
{
	struct poll *p = f->own;
	const char *const only_id[] = {p->id, NULL};
	LDAPControl page = {(char *)LDAP_CONTROL_PAGEDRESULTS, {0, NULL}, 1}, *controls[] = {p->has_pages ? &page : NULL, NULL};
	struct arena *a = arena_new();
	int rc = LDAP_SUCCESS;

	if (!s->page.bv_val && s->stage != LEFT) {
		s->asked = clock_monotonic_us();
		s->entries = s->stamped = 0;
		uuid_set_free(s->seen);
		s->seen = uuid_set_new();
	}
	if (p->has_pages)
		rc = ldap_create_page_control_value(f->connection->ld, PAGE_SIZE, s->page.bv_val ? &s->page : NULL, &page.ldctl_value);
	if (rc == LDAP_SUCCESS)
		rc = ldap_search_ext(f->connection->ld, s->source.base, LDAP_SCOPE_SUBTREE, filter_of(a, s),
			(char **)(s->stage == LEFT ? only_id : s->wanted), 0, controls, NULL, NULL, LDAP_NO_LIMIT, &s->search);
	ber_memfree(page.ldctl_value.bv_val);
	arena_free(a);
	return rc == LDAP_SUCCESS ? 0 : connection_error(f->connection, "search", rc, err);
}

/* One that is answered, else one that waits for its turn; NULL: all rest. */
static struct side *side_at_work(struct poll *p)
{
	int64_t now = clock_monotonic_us();

	for (int kind = 0; kind < MIRROR_KINDS; kind++)
		if (p->sides[kind].search)
			return &p->sides[kind];
	for (int kind = 0; kind < MIRROR_KINDS; kind++) {
		struct side *s = &p->sides[kind];

		if (s->stage == RESTING && now >= s->due)
			s->stage = CHANGED;
		if (s->stage > RESTING)
			return s;
	}
	return NULL;
}

/* ---- answers ---- */

static const struct mirror_attribute *attribute_of(const struct entry *e, const char *name)
{
	for (size_t i = 0; i < e->attribute_count; i++)
		if (strcasecmp(e->attributes[i].name, name) == 0 && e->attributes[i].n)
			return &e->attributes[i];
	return NULL;
}

static int require_all_values(const struct feed *f, const struct entry *e, struct error *err)
{
	for (size_t i = 0; i < e->attribute_count; i++)
		if (strchr(e->attributes[i].name, ';') && strcasestr(e->attributes[i].name, ";range="))
			return error_set(err, REASON_DIRECTORY, "%s: %s: only a part of the values was sent (%s): is this kind active-directory?",
				f->connection->uri, e->dn, e->attributes[i].name);
	return 0;
}

static void take_stamp(struct side *s, const struct entry *e)
{
	const struct mirror_attribute *m = attribute_of(e, "modifyTimestamp");
	int64_t stamp;

	s->entries++;
	if (!m || stamp_read(m->values[0], &stamp) < 0)
		return;
	s->stamped++;
	server_clock_saw(&s->clock, stamp, clock_monotonic_us(), clock_now());
}

static int take_entry(struct feed *f, struct side *s, struct arena *a, LDAPMessage *message, struct sync_event *out,
	struct error *err)
{
	struct poll *p = f->own;
	const struct mirror_attribute *id;
	unsigned char (*uuid)[UUID_SIZE] = arena_alloc(a, sizeof(*uuid));
	struct entry e;

	s->on_page++;
	if (entry_take(f->connection, a, message, &e, err) < 0)
		return -1;
	id = attribute_of(&e, p->id);
	if (s->stage == LEFT) {
		/* what never was ours need not have one */
		if (!id || poll_id(p->id, id->values[0], *uuid) < 0)
			return 0;
		out->what = SYNC_GONE;
		out->uuids = (const unsigned char (*)[UUID_SIZE])uuid;
		out->uuid_count = 1;
		return 0;
	}
	if (!id || id->n != 1 || poll_id(p->id, id->values[0], e.uuid) < 0)
		return error_set(err, REASON_DIRECTORY, "%s: %s has %s %s, by which entries are known", f->connection->uri, e.dn,
			id ? "several values of" : "no", p->id);
	if (s->stage == ALL && uuid_set_has(s->seen, e.uuid))
		return error_set(err, REASON_DIRECTORY, "%s: %s has the %s of another entry", f->connection->uri, e.dn, p->id);
	uuid_set_add(s->seen, e.uuid);
	if (require_all_values(f, &e, err) < 0)
		return -1;
	take_stamp(s, &e);
	entry_keep(a, &e);
	out->what = SYNC_ENTRY;
	out->entry = e;
	return 0;
}

/* Everything that was asked for is here: to the next stage, or to rest. */
static void reading_over(struct feed *f, struct side *s, struct arena *a, struct sync_event *out)
{
	struct poll_place place;
	enum stage was = s->stage;

	s->stage = was == CHANGED ? LEFT : RESTING;
	if (s->stage == LEFT)
		return;
	uuid_set_free(s->seen);
	s->seen = NULL;
	if (was == ALL)
		s->compared = clock_now();
	s->known = server_clock_at(&s->clock, s->asked);
	s->due = clock_monotonic_us() + (f->directory->poll_seconds > 0 ? f->directory->poll_seconds : POLL_SECONDS) * SECOND;
	place = (struct poll_place){s->known, s->compared, slice_c(f->connection->uri)};
	out->cookie = poll_place_write(a, &place);
	out->refresh_done = true;
	if (was == LEFT && !s->refreshing && must_compare(f, s)) {
		out->what = SYNC_AGAIN;
		out->text = "what was deleted or moved is found by comparison only";
	} else {
		out->what = was == ALL ? SYNC_PRESENT_PHASE_OVER : s->refreshing ? SYNC_DELETE_PHASE_OVER : SYNC_COOKIE;
	}
	s->refreshing = false;
}

/* A reading that was cut short may not be taken for all. */
static int ended(struct feed *f, struct side *s, struct arena *a, int code, const char *said, struct sync_event *out)
{
	struct poll *p = f->own;

	out->what = SYNC_ENDED;
	out->text = arena_printf(a, "%s%s%s%s", ldap_err2string(code), said && *said ? ": " : "", said ? said : "",
		code == LDAP_SIZELIMIT_EXCEEDED && !p->has_pages ? " (the server offers no paged results)" : "");
	s->stage = NOT_STARTED;
	return 0;
}

/* A page may be empty (RFC 2696 section 3); pages without end that bring nothing would be asked for for ever. */
static int must_go_on(const struct feed *f, struct side *s, const struct berval *next, struct error *err)
{
	bool is_empty = s->on_page == 0;

	s->on_page = 0;
	s->empty_pages = is_empty && next->bv_len ? s->empty_pages + 1 : 0;
	if (s->empty_pages > EMPTY_PAGES_MAX || (s->empty_pages && next->bv_len == s->page.bv_len &&
		memcmp(next->bv_val, s->page.bv_val, next->bv_len) == 0))
		return error_set(err, REASON_DIRECTORY, "%s: the server says that there is more, and does not go on", f->connection->uri);
	return 0;
}

static int take_result(struct feed *f, struct side *s, struct arena *a, LDAPMessage *message, struct sync_event *out,
	struct error *err)
{
	struct poll *p = f->own;
	LDAPControl **controls = NULL, *page;
	struct berval next = {0, NULL};
	ber_int_t estimate;
	char *said = NULL;
	int code, rc = ldap_parse_result(f->connection->ld, message, &code, NULL, &said, NULL, &controls, 0);

	s->search = 0;
	if (rc != LDAP_SUCCESS) {
		rc = connection_error(f->connection, "the end of a search", rc, err);
		goto out;
	}
	if (code != LDAP_SUCCESS) {
		rc = ended(f, s, a, code, said, out);
		goto out;
	}
	page = p->has_pages ? ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, NULL) : NULL;
	if (p->has_pages && (!page || ldap_parse_pageresponse_control(f->connection->ld, page, &estimate, &next) != LDAP_SUCCESS)) {
		rc = error_set(err, REASON_DIRECTORY, "%s: a page ended without the answer to its control", f->connection->uri);
		goto out;
	}
	if ((rc = must_go_on(f, s, &next, err)) < 0) {
		ber_memfree(next.bv_val);
		goto out;
	}
	ber_memfree(s->page.bv_val);
	s->page = (struct berval){0, NULL};
	if (next.bv_len)
		s->page = next;
	else
		ber_memfree(next.bv_val);
	if (!s->page.bv_len && s->stage == ALL && s->entries && !s->stamped)
		rc = error_set(err, REASON_DIRECTORY, "%s: no entry below %s shows a modifyTimestamp: changes could not be found",
			f->connection->uri, s->source.base);
	else if (!s->page.bv_len)
		reading_over(f, s, a, out);
out:
	ldap_memfree(said);
	ldap_controls_free(controls);
	return rc;
}

static int take_message(struct feed *f, struct arena *a, LDAPMessage *message, struct sync_event *out, struct error *err)
{
	int id = ldap_msgid(message), type = ldap_msgtype(message), kind = 0;
	struct poll *p = f->own;

	if (id == p->probe && type == LDAP_RES_SEARCH_RESULT) {
		p->probe = 0;
		f->probing = false;
	}
	while (kind < MIRROR_KINDS && (p->sides[kind].search != id || !id))
		kind++;
	if (kind == MIRROR_KINDS)
		return 0;
	out->kind = (enum mirror_kind)kind;
	if (type == LDAP_RES_SEARCH_ENTRY)
		return take_entry(f, &p->sides[kind], a, message, out, err);
	return type == LDAP_RES_SEARCH_RESULT ? take_result(f, &p->sides[kind], a, message, out, err) : 0;
}

static int poll_next(struct feed *f, struct arena *a, int milliseconds, struct sync_event *out, struct error *err)
{
	struct sync_event event = {.what = SYNC_OTHER};
	struct side *s = side_at_work(f->own);
	LDAPMessage *message = NULL;
	int rc;

	if (s && !s->search && ask(f, s, err) < 0)
		return -1;
	rc = connection_message(f->connection, milliseconds, &message, err);
	if (rc <= 0)
		return rc;
	rc = take_message(f, a, message, &event, err);
	ldap_msgfree(message);
	if (rc < 0)
		return -1;
	*out = event;
	return 1;
}

const struct feed_protocol poll_protocol = {
	.begin = poll_begin, .end = poll_end, .start = poll_start, .probe = poll_probe, .next = poll_next,
};
