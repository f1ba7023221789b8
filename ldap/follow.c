/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The life of a directory process: connect, refresh, persist, and again.
 *
 *	connect     each address in the order of the settings, always from the first
 *	refresh     people and groups, each from its cookie; what changed is put at
 *	            once, what is gone goes at the end, and only then counts the cookie
 *	persist     each change is committed with its cookie within a second
 *	reread      once a day everything from the beginning, over what we have:
 *	            servers tell nothing of entries whose subtree was renamed or
 *	            moved away, and those would stay as they were
 *	rules       follow beside, where the settings want them: what is wrong with
 *	            them harms nothing else, and what was read of them stays
 *	lost        the mirror keeps what it has; wait 1, 2, 4 … 30 s
 *
 * Which protocol tells of changes is the feed's affair (feed.h).
 *
 * A silent server is noticed by a probe: whoever does not answer it within
 * network_seconds is lost.  The answer is also what says "no change".
 */
#include "ldap/feed.h"

#include "base/clock.h"
#include "base/log.h"

#include <time.h>

#define SECOND INT64_C(1000000)
#define BACKOFF_MAX (30 * SECOND)
#define PROBE_EVERY (10 * SECOND)
#define IDLE_MS 250
#define RULES_AGAIN (5 * SECOND)
#define REREAD_EVERY (86400 * SECOND)
/* After a start, where it is not known when everything was last read. */
#define REREAD_FIRST (3600 * SECOND)
/* Entries looked for after a refresh that did not send them; one that is found is enough. */
#define SAMPLES 3
/* While something waits for its commit: long enough to gather what comes together, short enough not to be felt. */
#define GATHER_MS 20
#define COMMIT_AFTER (SECOND / 2)
#define COMMIT_EVENTS 20000

struct refresh {
	bool going_on;
	bool from_cookie;               /* what is not mentioned may be unchanged */
	struct uuid_set *seen;
	struct slice cookie;            /* the newest one of this refresh; owned */
};

struct follow {
	const struct directory_options *directory;
	const struct mirror_progress *progress;
	struct mirror_writer *writer;
	struct feed feed;
	struct refresh refreshes[MIRROR_KINDS];
	const char *const *person_attributes;
	struct arena *events;           /* of one transaction */
	size_t event_count;
	int64_t pending_since;          /* 0: nothing waits */
	int64_t reread_at;              /* monotonic: when everything is read again */
	int64_t rules_at;               /* monotonic: when to search for rules again; 0: no need */
	int64_t heard, probed;          /* monotonic: last message, last probe sent */
	int failures;                   /* in a row, without a refresh between them */
	bool served;                    /* this connection came to the end of its refresh */
	struct error last;              /* so that the log says a thing once */
	char rules_last[400];
};

static bool must_stop(const struct follow *f)
{
	f->progress->alive(f->progress->context);
	return f->progress->stop(f->progress->context);
}

/* ---- refresh ---- */

static void refresh_drop(struct refresh *r)
{
	uuid_set_free(r->seen);
	cookie_keep(&r->cookie, (struct slice){NULL, 0});
	*r = (struct refresh){0};
}

static int refresh_begin(struct follow *f, enum mirror_kind kind, struct error *err)
{
	struct refresh *r = &f->refreshes[kind];
	struct slice cookie = mirror_writer_cookie(f->writer, kind);

	refresh_drop(r);
	*r = (struct refresh){.going_on = true, .from_cookie = cookie.p != NULL, .seen = uuid_set_new()};
	return f->feed.protocol->start(&f->feed, kind, cookie, err);
}

static bool is_refreshed(const struct follow *f)
{
	return !f->refreshes[MIRROR_PEOPLE].going_on && !f->refreshes[MIRROR_GROUPS].going_on;
}

/* From now on the mirror is known to be as the directory is. */
static void heard_of(struct follow *f)
{
	if (is_refreshed(f))
		mirror_writer_heard(f->writer, clock_now());
}

static int cookie_came(struct follow *f, enum mirror_kind kind, struct slice cookie, struct error *err)
{
	if (!cookie.p)
		return 0;
	if (!f->refreshes[kind].going_on)
		return mirror_writer_set_cookie(f->writer, kind, cookie, err);
	/* not before the refresh is whole: a restart must not skip what this one had still to send */
	cookie_keep(&f->refreshes[kind].cookie, cookie);
	return 0;
}

static int refresh_end(struct follow *f, enum mirror_kind kind, struct error *err)
{
	struct refresh *r = &f->refreshes[kind];

	r->going_on = false;
	if (cookie_came(f, kind, r->cookie, err) < 0)
		return -1;
	refresh_drop(r);
	mirror_writer_whole(f->writer, kind);
	if (kind == MIRROR_RULES)
		f->rules_last[0] = '\0';
	if (kind == MIRROR_RULES || !is_refreshed(f))
		return 0;
	f->failures = 0;
	f->served = true;
	f->last.detail[0] = '\0';
	heard_of(f);
	log_info("the directory was read", "directory", f->directory->name, "server", f->feed.connection->uri, NULL);
	if (f->progress->whole)
		f->progress->whole(f->progress->context, f->feed.connection->uri);
	return 0;
}

static void note(const struct entry *e, void *context)
{
	bool *found = context;

	(void)e;
	*found = true;
}

/*
 * A server that cannot read a cookie sends everything and ends like one that
 * could (slapd does): what it did not send is then not unchanged, but gone.
 * So some of what was not sent is looked for.  0: the cookie cannot have been
 * understood.
 */
static int cookie_was_understood(struct follow *f, enum mirror_kind kind, struct error *err)
{
	static const char *const nothing[] = {"1.1", NULL};
	const struct directory_options *d = f->directory;
	const char *dns[SAMPLES];
	bool found = false;
	size_t n;

	if (mirror_writer_unseen(f->writer, kind, f->refreshes[kind].seen, SAMPLES, f->events, dns, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n && !found; i++) {
		const struct search search = {.base = dns[i], .scope = SEARCH_BASE, .attributes = nothing,
			.filter = feed_source(d, kind).filter};

		if (connection_search(f->feed.connection, &search, note, &found, err) < 0)
			return -1;
	}
	return n == 0 || found;
}

static int refresh_from_nothing(struct follow *f, enum mirror_kind kind, const char *why, struct error *err)
{
	log_info("the directory is read from the beginning", "directory", f->directory->name, "detail", why, NULL);
	if (mirror_writer_set_cookie(f->writer, kind, (struct slice){NULL, 0}, err) < 0)
		return -1;
	return refresh_begin(f, kind, err);
}

static int64_t reread_every(const struct follow *f)
{
	return f->directory->reread_seconds > 0 ? f->directory->reread_seconds * SECOND : REREAD_EVERY;
}

static int reread_when_due(struct follow *f, struct error *err)
{
	int64_t now = clock_monotonic_us();

	if (now < f->reread_at || !is_refreshed(f))
		return 0;
	f->reread_at = now + reread_every(f);
	for (int kind = 0; kind < MIRROR_KINDS; kind++)
		if (feed_source(f->directory, (enum mirror_kind)kind).base &&
			refresh_from_nothing(f, (enum mirror_kind)kind, "as it is from time to time", err) < 0)
			return -1;
	return 0;
}

static int phase_over(struct follow *f, const struct sync_event *e, struct error *err)
{
	struct refresh *r = &f->refreshes[e->kind];
	bool all_named = e->what == SYNC_PRESENT_PHASE_OVER || (e->refresh_done && !r->from_cookie);

	if (!r->going_on)
		return error_set(err, REASON_DIRECTORY, "%s: the end of a refresh that was over", f->feed.connection->uri);
	if (cookie_came(f, e->kind, e->cookie, err) < 0)
		return -1;
	if (!all_named && e->refresh_done && f->feed.protocol->cookie_is_doubtful) {
		int understood = cookie_was_understood(f, e->kind, err);

		if (understood <= 0)
			return understood < 0 ? -1 : refresh_from_nothing(f, e->kind, "it did not understand the cookie", err);
	}
	if (all_named && mirror_writer_sweep(f->writer, e->kind, r->seen, err) < 0)
		return -1;
	return e->refresh_done ? refresh_end(f, e->kind, err) : 0;
}

/* ---- events ---- */

static int entry_came(struct follow *f, const struct sync_event *e, struct error *err)
{
	if (f->refreshes[e->kind].going_on)
		uuid_set_add(f->refreshes[e->kind].seen, e->entry.uuid);
	if (mirror_writer_put(f->writer, e->kind, &e->entry, err) < 0)
		return -1;
	if (f->progress->entry)
		f->progress->entry(f->progress->context);
	return cookie_came(f, e->kind, e->cookie, err);
}

static int present_came(struct follow *f, const struct sync_event *e, struct error *err)
{
	for (size_t i = 0; f->refreshes[e->kind].going_on && i < e->uuid_count; i++)
		uuid_set_add(f->refreshes[e->kind].seen, e->uuids[i]);
	return cookie_came(f, e->kind, e->cookie, err);
}

static int gone_came(struct follow *f, const struct sync_event *e, struct error *err)
{
	for (size_t i = 0; i < e->uuid_count; i++)
		if (mirror_writer_delete(f->writer, e->kind, e->uuids[i], err) < 0)
			return -1;
	return cookie_came(f, e->kind, e->cookie, err);
}

/* The base is not there, or may not be read: told once, tried again, and no reason to leave people and groups. */
static void rules_ended(struct follow *f, const struct sync_event *e)
{
	const char *text = arena_printf(f->events, "%s: the search for rules below %s ended: %s", f->feed.connection->uri,
		f->directory->rules_base, e->text);

	refresh_drop(&f->refreshes[MIRROR_RULES]);
	f->rules_at = clock_monotonic_us() + RULES_AGAIN;
	if (strncmp(text, f->rules_last, sizeof(f->rules_last) - 1) == 0)
		return;
	log_warning("rules cannot be read", "directory", f->directory->name, "detail", text, NULL);
	snprintf(f->rules_last, sizeof(f->rules_last), "%s", text);
	mirror_writer_no_rules(f->writer, text);
}

static int rules_when_due(struct follow *f, struct error *err)
{
	if (!f->rules_at || clock_monotonic_us() < f->rules_at)
		return 0;
	f->rules_at = 0;
	return refresh_begin(f, MIRROR_RULES, err);
}

static int search_ended(struct follow *f, const struct sync_event *e, struct error *err)
{
	if (e->kind == MIRROR_RULES) {
		rules_ended(f, e);
		return 0;
	}
	return error_set(err, REASON_DIRECTORY, "%s: the search for %s ended: %s", f->feed.connection->uri,
		e->kind == MIRROR_PEOPLE ? "people" : "groups", e->text);
}

/* Everything once more, over what we have; who says so of a start that had no cookie is no use. */
static int again(struct follow *f, const struct sync_event *e, struct error *err)
{
	if (!mirror_writer_cookie(f->writer, e->kind).p)
		return search_ended(f, e, err);
	return refresh_from_nothing(f, e->kind, e->text, err);
}

static int handle(struct follow *f, const struct sync_event *e, struct error *err)
{
	int rc = 0;

	switch (e->what) {
	case SYNC_ENTRY:
		rc = entry_came(f, e, err);
		break;
	case SYNC_PRESENT:
		rc = present_came(f, e, err);
		break;
	case SYNC_GONE:
		rc = gone_came(f, e, err);
		break;
	case SYNC_COOKIE:
		rc = cookie_came(f, e->kind, e->cookie, err);
		break;
	case SYNC_PRESENT_PHASE_OVER:
	case SYNC_DELETE_PHASE_OVER:
		rc = phase_over(f, e, err);
		break;
	case SYNC_AGAIN:
		return again(f, e, err);
	case SYNC_ENDED:
		return search_ended(f, e, err);
	case SYNC_OTHER:
		break;
	}
	if (rc == 0)
		heard_of(f);
	return rc;
}

/* ---- one connection ---- */

static int commit_when_due(struct follow *f, bool quiet, struct error *err)
{
	int64_t now = clock_monotonic_us();

	if (!mirror_writer_pending(f->writer)) {
		f->pending_since = 0;
	} else if (!f->pending_since && !quiet) {
		f->pending_since = now;
	} else if (quiet || now - f->pending_since >= COMMIT_AFTER || f->event_count >= COMMIT_EVENTS) {
		if (mirror_writer_commit(f->writer, err) < 0)
			return -1;
		f->pending_since = 0;
	}
	if (!f->pending_since) {
		f->event_count = 0;
		arena_free(f->events);
		f->events = arena_new();
	}
	return 0;
}

static int probe_when_due(struct follow *f, struct error *err)
{
	int64_t now = clock_monotonic_us(), patience = f->feed.connection->seconds * SECOND;
	int64_t every = patience < PROBE_EVERY ? patience : PROBE_EVERY;

	if (f->feed.probing) {
		if (now - f->probed < patience || now - f->heard < patience)
			return 0;
		return error_set(err, REASON_DIRECTORY, "%s: no answer within %lld seconds", f->feed.connection->uri,
			(long long)f->feed.connection->seconds);
	}
	if (now - f->heard < every)
		return 0;
	f->probed = now;
	return f->feed.protocol->probe(&f->feed, err);
}

/* Until the connection is lost (-1) or the end (0). */
static int listen_to(struct follow *f, struct error *err)
{
	struct sync_event event;

	f->heard = clock_monotonic_us();
	while (!must_stop(f)) {
		int rc = f->feed.protocol->next(&f->feed, f->events, f->pending_since ? GATHER_MS : IDLE_MS, &event, err);

		if (rc < 0)
			return -1;
		if (rc == 1) {
			f->heard = clock_monotonic_us();
			f->event_count++;
			if (handle(f, &event, err) < 0)
				return -1;
		}
		if (commit_when_due(f, rc == 0, err) < 0 || probe_when_due(f, err) < 0 || reread_when_due(f, err) < 0 ||
			rules_when_due(f, err) < 0)
			return -1;
	}
	return 0;
}

static int refresh_all(struct follow *f, struct error *err)
{
	for (int kind = 0; kind < MIRROR_KINDS; kind++)
		if (feed_source(f->directory, (enum mirror_kind)kind).base && refresh_begin(f, (enum mirror_kind)kind, err) < 0)
			return -1;
	return 0;
}

static int follow_server(struct follow *f, const char *uri, struct error *err)
{
	const struct feed_protocol *protocol = feed_protocol(f->directory->kind);
	int rc = -1;

	f->feed = (struct feed){.protocol = protocol, .directory = f->directory, .progress = f->progress,
		.person_attributes = f->person_attributes};
	if (connection_open(f->directory, uri, f->progress, &f->feed.connection, err) < 0)
		return -1;
	f->event_count = 0;
	f->pending_since = 0;
	f->rules_at = 0;
	if (protocol->begin(&f->feed, err) == 0 && refresh_all(f, err) == 0)
		rc = listen_to(f, err);
	for (int kind = 0; kind < MIRROR_KINDS; kind++)
		refresh_drop(&f->refreshes[kind]);
	protocol->end(&f->feed);
	connection_close(f->feed.connection);
	return rc;
}

/* ---- again and again ---- */

static int lost(struct follow *f, const struct error *why, struct error *err)
{
	if (strcmp(f->last.detail, why->detail) != 0)
		log_warning("directory lost", "directory", f->directory->name, "detail", why->detail, NULL);
	f->last = *why;
	if (f->progress->lost)
		f->progress->lost(f->progress->context, why->detail);
	mirror_writer_lost(f->writer, why->detail);
	return mirror_writer_commit(f->writer, err);
}

static void wait_for_next(struct follow *f)
{
	const struct timespec nap = {.tv_nsec = 100000000};
	int64_t pause = f->failures < 6 ? SECOND << (f->failures > 0 ? f->failures - 1 : 0) : BACKOFF_MAX;
	int64_t until = clock_monotonic_us() + (pause < BACKOFF_MAX ? pause : BACKOFF_MAX);

	while (!must_stop(f) && clock_monotonic_us() < until)
		nanosleep(&nap, NULL);
}

/* All addresses once.  -1: the file cannot be written. */
static int follow_round(struct follow *f, struct error *err)
{
	for (size_t i = 0; f->directory->uris[i] && !must_stop(f); i++) {
		struct error why = {0};

		f->served = false;
		if (follow_server(f, f->directory->uris[i], &why) == 0)
			return 0;
		if (why.reason != REASON_DIRECTORY) {
			*err = why;
			return -1;
		}
		if (lost(f, &why, err) < 0)
			return -1;
		if (f->served)
			break;          /* it had been well until now: begin with the first again */
	}
	f->failures++;
	return 0;
}

int mirror_follow(const char *path, const struct directory_options *directory, const struct mirror_progress *progress,
	struct error *err)
{
	struct follow f = {.directory = directory, .progress = progress};
	struct arena *settings;
	int rc = 0;

	if (mirror_writer_open(path, directory, &f.writer, err) < 0)
		return -1;
	settings = arena_new();
	f.person_attributes = kept_attributes(settings, directory);
	f.events = arena_new();
	f.reread_at = clock_monotonic_us() + (reread_every(&f) < REREAD_FIRST ? reread_every(&f) : REREAD_FIRST);
	while (rc == 0 && !must_stop(&f)) {
		rc = follow_round(&f, err);
		if (rc == 0)
			wait_for_next(&f);
	}
	if (rc == 0) {
		mirror_writer_lost(f.writer, NULL);
		rc = mirror_writer_commit(f.writer, err);
	}
	mirror_writer_close(f.writer);
	arena_free(settings);
	arena_free(f.events);
	return rc;
}
