/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Active Directory's changes by DirSync (MS-ADTS 3.1.1.3.4.1.3).
 *
 *	all         a cookie of this moment, then every entry by pages; what changes
 *	            meanwhile comes with the first poll
 *	poll        what changed since the cookie, of the whole naming context
 *
 * What DirSync sends of a changed entry is only what changed, and of one that
 * ceased to fit a filter nothing at all: so the filter takes all, and what
 * changed is asked for by its GUID, with filter and base.  Only values that
 * came to a group or went are taken as they are sent.  Nothing is said of what
 * stands below a container that was renamed or moved: then all is read.
 *
 * A cookie is worth something at the domain controller that made it, and there
 * only as long as its database was not set back.  Another would go on from it,
 * too, but what we ask it for by GUID may be older than what the cookie says
 * that we know, and would never be told of again.
 *
 * Without the right to replicate, DirSync still works (OBJECT_SECURITY), but
 * what was deleted is not seen: then all is read from time to time besides (compare).
 */
#include "ldap/ad.h"

#include "ldap/ad_side.h"

#include "base/clock.h"
#include "base/log.h"

#include <ldap.h>
#include <sys/time.h>

#define SECOND INT64_C(1000000)
#define POLL_SECONDS 2
#define COMPARE_SECONDS 600
#define ANY_ENTRY "(objectClass=*)"

/* ---- begin and end ---- */

static void fill_names(struct feed *f, struct side *s)
{
	static const char *const of_all[] = {"name", "isDeleted", "whenCreated", NULL};
	const struct directory_options *d = f->directory;
	struct ad *ad = f->own;
	struct names wanted = {.arena = ad->arena}, watched = {.arena = ad->arena};
	const char *const *filter = filter_attributes(ad->arena, s->filter);

	if (s->kind == MIRROR_PEOPLE) {
		names_add_all(&wanted, f->person_attributes);
		names_add(&wanted, "userAccountControl");
	} else if (s->kind == MIRROR_GROUPS) {
		names_add(&wanted, d->group_name_attribute);
		names_add(&wanted, d->member_attribute);
		names_add(&wanted, "objectSid");
		names_add_all(&wanted, d->group_attributes);
	} else {
		names_add_all(&wanted, d->rules_attributes);
	}
	names_add_all(&watched, names_end(&wanted));
	names_add_all(&watched, filter);
	names_add_all(&watched, of_all);
	/* each domain controller's own number: by it is seen that an entry changed while it was read */
	names_add(&wanted, "uSNChanged");
	s->wanted = names_end(&wanted);
	s->watched = names_end(&watched);
	s->links = s->kind == MIRROR_GROUPS && !names_have(filter, d->member_attribute);
}

static int side_begin(struct feed *f, struct side *s, enum mirror_kind kind, struct error *err)
{
	const struct feed_source source = feed_source(f->directory, kind);
	struct ad *ad = f->own;

	*s = (struct side){.kind = kind, .base = source.base, .filter = source.filter};
	if (!s->base)
		return 0;
	s->root = ad_root_of(ad->arena, &ad->server, s->base);
	if (kind != MIRROR_RULES && !s->root)
		return error_set(err, REASON_DIRECTORY, "%s: %s lies in no naming context of %s", f->connection->uri, s->base,
			ad->server.name);
	if (dn_normalize(ad->arena, s->base, &s->base_key) < 0)
		return error_set(err, REASON_DIRECTORY, "%s is not a DN", s->base);
	fill_names(f, s);
	return 0;
}

static int ad_begin(struct feed *f, struct error *err)
{
	struct ad *ad = calloc(1, sizeof(*ad));

	if (!ad)
		abort();
	f->own = ad;
	ad->arena = arena_new();
	ad->flags = DIRSYNC_INCREMENTAL_VALUES;
	if (ad_server_read(f->connection, ad->arena, &ad->server, err) < 0)
		return -1;
	if (!goes_by_usn(f) && !ad->server.has_dirsync)
		return error_set(err, REASON_DIRECTORY, "%s: %s does not know DirSync", f->connection->uri, ad->server.name);
	for (int kind = 0; kind < MIRROR_KINDS; kind++)
		if (side_begin(f, &ad->sides[kind], (enum mirror_kind)kind, err) < 0)
			return -1;
	return 0;
}

static void ad_end(struct feed *f)
{
	struct ad *ad = f->own;

	if (!ad)
		return;
	for (int kind = 0; kind < MIRROR_KINDS; kind++) {
		struct side *s = &ad->sides[kind];

		tasks_clear(s);
		cookie_keep(&s->cookie, (struct slice){NULL, 0});
		cookie_keep(&s->page, (struct slice){NULL, 0});
		uuid_set_free(s->seen);
	}
	arena_free(ad->arena);
	free(ad);
	f->own = NULL;
}

/* ---- cookies: which domain controller, a line end, its own ---- */

static struct slice cookie_of(const struct ad *ad, struct arena *a, struct slice own)
{
	size_t n = strlen(ad->server.id);
	char *p = arena_alloc(a, n + 1 + own.n + 1);

	memcpy(p, ad->server.id, n);
	p[n] = '\n';
	if (own.n)
		memcpy(p + n + 1, own.p, own.n);
	return slice_of(p, n + 1 + own.n);
}

/* {NULL, 0}: another's. */
static struct slice own_cookie(const struct ad *ad, struct slice cookie)
{
	size_t n = strlen(ad->server.id);

	if (!cookie.p || cookie.n <= n + 1 || memcmp(cookie.p, ad->server.id, n) != 0 || cookie.p[n] != '\n')
		return (struct slice){NULL, 0};
	return slice_of(cookie.p + n + 1, cookie.n - n - 1);
}

static int64_t poll_every(const struct feed *f)
{
	return (f->directory->poll_seconds > 0 ? f->directory->poll_seconds : POLL_SECONDS) * SECOND;
}

static int64_t compare_every(const struct feed *f)
{
	return (f->directory->compare_seconds > 0 ? f->directory->compare_seconds : COMPARE_SECONDS) * SECOND;
}

static void tell_ended(struct side *s, const char *why)
{
	struct sync_event *e;

	tasks_clear(s);
	e = tell(s, SYNC_ENDED);
	e->text = arena_strdup(s->arena, why);
	s->stage = NOT_STARTED;
}

static int ad_start(struct feed *f, enum mirror_kind kind, struct slice cookie, struct error *err)
{
	struct ad *ad = f->own;
	struct side *s = &ad->sides[kind];
	struct slice own = own_cookie(ad, cookie);

	(void)err;
	if (cookie.p && !own.p)
		log_info("another domain controller than before, or an older state of it: its data are compared", "directory",
			f->directory->name, "server", ad->server.name, NULL);
	tasks_clear(s);
	cookie_keep(&s->page, (struct slice){NULL, 0});
	cookie_keep(&s->cookie, own);
	uuid_set_free(s->seen);
	s->seen = NULL;
	s->idle = 0;
	s->just_read = false;
	s->stage = own.p ? POLLS : NEW_COOKIE;
	s->refreshing = own.p != NULL;
	s->due = 0;
	/* how long ago the last one was is not known: not long from now, but what is known counts first */
	s->compare = clock_monotonic_us() + compare_every(f) / (own.p ? 10 : 1);
	if (!s->root)
		tell_ended(s, "its base lies in no naming context of this server");
	return 0;
}

/* The next poll is the probe, and due at once. */
static int ad_probe(struct feed *f, struct error *err)
{
	struct ad *ad = f->own;

	(void)err;
	f->probing = true;
	for (int kind = 0; kind < MIRROR_KINDS; kind++)
		ad->sides[kind].due = 0;
	return 0;
}

/* ---- asking ---- */

bool ad_must_stop(const struct feed *f)
{
	return f->progress && f->progress->stop(f->progress->context);
}

int refused(struct feed *f, struct side *s, const struct ad_answer *answer, struct error *err)
{
	const char *text = arena_strdup(((struct ad *)f->own)->arena, answer->text);

	if (answer->result == AD_LATER)
		return error_set(err, REASON_DIRECTORY, "%s: the search below %s: %s", f->connection->uri, s->base, text);
	if (s->stage == POLLS)
		tell_again(s, text);
	else
		tell_ended(s, text);
	return 0;
}

int must_go_on(const struct feed *f, struct side *s, struct slice from, struct slice next, bool brought, struct error *err)
{
	unsigned most = s->stage == PAGES || goes_by_usn(f) ? IDLE_PAGES_MAX : IDLE_CHANGES_MAX;

	s->idle = brought ? 0 : s->idle + 1;
	if (s->idle > most || (s->idle && slice_equal(next, from)))
		return error_set(err, REASON_DIRECTORY, "%s: the server says that there is more, and does not go on", f->connection->uri);
	return 0;
}

void pages_begin(struct side *s)
{
	s->seen = uuid_set_new();
	s->idle = 0;
	s->stage = PAGES;
}

static int step_new_cookie(struct feed *f, struct side *s, struct error *err)
{
	return goes_by_usn(f) ? usn_now(f, s, err) : dirsync_now(f, s, err);
}

static void tell_over(struct feed *f, struct side *s, enum sync_what what)
{
	struct sync_event *e = tell(s, what);

	e->refresh_done = true;
	e->cookie = cookie_of(f->own, s->arena, s->cookie);
}

static int step_page(struct feed *f, struct side *s, struct error *err)
{
	const struct ad_search search = {.base = s->base, .filter = s->filter, .scope = SEARCH_SUBTREE, .attributes = s->wanted,
		.manner = AD_PAGED, .cookie = s->page};
	struct ad_answer answer;
	bool brought = false;

	if (ad_search(f->connection, tasks_arena(s), &search, f->progress, &answer, err) < 0)
		return -1;
	if (answer.result != AD_SUCCESS)
		return refused(f, s, &answer, err);
	for (size_t i = 0; i < answer.n; i++) {
		/* one that was renamed meanwhile may come twice */
		brought = brought || !uuid_set_has(s->seen, answer.entries[i].uuid);
		uuid_set_add(s->seen, answer.entries[i].uuid);
		if (entry_has_range(&answer.entries[i]))
			must_read(s, answer.entries[i].uuid, CHANGED);
		else
			tell(s, SYNC_ENTRY)->entry = answer.entries[i];
	}
	if (answer.cookie.p && must_go_on(f, s, s->page, answer.cookie, brought, err) < 0)
		return -1;
	cookie_keep(&s->page, answer.cookie);
	if (answer.cookie.p)
		return 0;
	tell_over(f, s, SYNC_PRESENT_PHASE_OVER);
	uuid_set_free(s->seen);
	s->seen = NULL;
	s->just_read = true;
	s->stage = POLLS;
	s->due = clock_monotonic_us() + poll_every(f);
	return 0;
}

/* ---- changes ---- */

static void poll_over(struct feed *f, struct side *s, bool any)
{
	if (s->refreshing)
		tell_over(f, s, SYNC_DELETE_PHASE_OVER);
	else if (any || f->probing)
		tell_over(f, s, SYNC_COOKIE);   /* it differs where nothing changed, too: kept as often as somebody asks */
	else
		tasks_clear(s);
	s->refreshing = s->just_read = false;
	s->idle = 0;
	f->probing = false;
	s->due = clock_monotonic_us() + poll_every(f);
}

static int step_poll(struct feed *f, struct side *s, struct error *err)
{
	const struct ad *ad = f->own;
	unsigned flags = ad->flags;
	bool any = false;
	int rc;

	rc = goes_by_usn(f) ? usn_changes(f, s, &any, err) : dirsync_changes(f, s, &any, err);
	if (rc <= 0)
		return rc;
	/* all was read a moment ago: to begin anew once more, and perhaps for ever, is for after a pause */
	if (is_too_much(s) && s->just_read)
		return error_set(err, REASON_DIRECTORY, "%s: more changed while everything was read than can be read one by one", f->connection->uri);
	if (is_too_much(s))
		tell_again(s, "more changed than can be read one by one");
	else if (ad->flags != flags)
		tell_again(s, "the right to replicate is gone, and with it the sight of what was deleted");
	else if ((goes_by_usn(f) || ad->flags & DIRSYNC_OBJECT_SECURITY) && clock_monotonic_us() >= s->compare)
		tell_again(s, "what was deleted is found by comparison only");
	else
		poll_over(f, s, any);
	return 0;
}

/* ---- telling ---- */

static int has_children(struct feed *f, const unsigned char uuid[UUID_SIZE], struct arena *a, struct error *err)
{
	static const char *const nothing[] = {"1.1", NULL};
	char guid[GUID_TEXT_SIZE];
	struct ad_search search = {.filter = ANY_ENTRY, .scope = SEARCH_CHILDREN, .attributes = nothing, .limit = 1};
	struct ad_answer answer;

	guid_text(uuid, guid);
	search.base = arena_printf(a, "<GUID=%s>", guid);
	if (ad_search(f->connection, a, &search, f->progress, &answer, err) < 0)
		return -1;
	return answer.n > 0;
}

/* The entry as it is now: ours, or not, or not any more. */
static int read_task(struct feed *f, struct side *s, const struct task *t, struct arena *a, struct sync_event *out,
	struct error *err)
{
	const unsigned char *uuid = t->event.entry.uuid;
	const char *key;
	struct entry e;
	int found = ad_read(f->connection, a, uuid, s->filter, s->wanted, f->progress, &e, err), children = 0;

	if (found < 0)
		return -1;
	*out = (struct sync_event){.what = SYNC_ENTRY, .kind = s->kind};
	if (found && dn_normalize(a, e.dn, &key) == 0 && dn_is_within(key, s->base_key)) {
		out->entry = e;
		return 0;
	}
	if (!found && t->reason == RENAMED)
		children = has_children(f, uuid, a, err);
	if (children < 0)
		return -1;
	if (children) {
		tell_again(s, "a container was renamed or moved");
		*out = keep_event(a, &s->tasks[s->at++].event);
		return 0;
	}
	out->what = SYNC_GONE;
	event_name(a, out, uuid);
	return 0;
}

/* Tasks go before events do: what an event holds is copied to where events live.  1, or -1. */
static int next_task(struct feed *f, struct side *s, struct arena *a, struct sync_event *out, struct error *err)
{
	struct task t = s->tasks[s->at++];

	if (t.what == TASK_TELL)
		*out = keep_event(a, &t.event);
	else if (read_task(f, s, &t, a, out, err) < 0)
		return -1;
	if (s->at == s->n)
		tasks_clear(s);
	return 1;
}

/* ---- next ---- */

static struct side *side_at_work(struct ad *ad)
{
	int64_t now = clock_monotonic_us();

	for (int kind = 0; kind < MIRROR_KINDS; kind++)
		if (ad->sides[kind].n)
			return &ad->sides[kind];
	for (int kind = 0; kind < MIRROR_KINDS; kind++) {
		struct side *s = &ad->sides[kind];

		if (s->stage == NEW_COOKIE || s->stage == PAGES || (s->stage == POLLS && now >= s->due))
			return s;
	}
	return NULL;
}

static int step(struct feed *f, struct side *s, struct error *err)
{
	if (s->stage == NEW_COOKIE)
		return step_new_cookie(f, s, err);
	return s->stage == PAGES ? step_page(f, s, err) : step_poll(f, s, err);
}

/* Nobody speaks unasked but to say farewell. */
static int wait_quietly(struct feed *f, int milliseconds, struct error *err)
{
	LDAPMessage *message = NULL;

	if (connection_message(f->connection, milliseconds, &message, err) < 0)
		return -1;
	ldap_msgfree(message);
	return 0;
}

static int ad_next(struct feed *f, struct arena *a, int milliseconds, struct sync_event *out, struct error *err)
{
	struct side *s;

	while ((s = side_at_work(f->own)) && !ad_must_stop(f)) {
		if (s->n)
			return next_task(f, s, a, out, err);
		if (step(f, s, err) < 0)
			return -1;
	}
	return s ? 0 : wait_quietly(f, milliseconds, err);
}

const struct feed_protocol ad_protocol = {
	.begin = ad_begin, .end = ad_end, .start = ad_start, .probe = ad_probe, .next = ad_next,
};
