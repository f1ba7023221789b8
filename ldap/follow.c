/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The life of a directory process: connect, refresh, persist, and again.
 *
 *	connect     each address in the order of the settings, always from the first;
 *	            from a later one back to an earlier as soon as that serves (scout.c)
 *	refresh     people and groups, each from its cookie; what changed is put at
 *	            once, what is gone goes at the end, and only then counts the cookie
 *	persist     each change is committed with its cookie within a second
 *	held        when what is gone is too much to be believed, it stays, and the
 *	            mirror ages, until an administrator accepts it or the directory
 *	            is as before: looked for at the next server and every ten minutes
 *	moved       servers tell nothing of entries whose subtree was renamed or
 *	            moved away: where the feed tells of the unit above them (for
 *	            OpenLDAP containers.c), everything is read from the beginning,
 *	            over what we have; a minute between two such readings
 *	reread      the same once a day, for what nobody tells of
 *	rules       follow beside, where the settings want them: what is wrong with
 *	            them harms nothing else, and what was read of them stays
 *	lost        the mirror keeps what it has; wait 1, 2, 4 … 30 s
 *
 * Which protocol tells of changes is the feed's affair (feed.h).
 *
 * A silent server is noticed by a probe: whoever does not answer it within
 * network_seconds is lost.  The answer is also what says "no change".
 */
#include "ldap/follow.h"

#include "base/clock.h"
#include "base/log.h"

#include <time.h>

#define BACKOFF_MAX (30 * SECOND)
#define PROBE_EVERY (10 * SECOND)
#define IDLE_MS 250
#define RULES_AGAIN (5 * SECOND)
/* After a start, where it is not known when everything was last read. */
#define REREAD_FIRST (3600 * SECOND)
/* While something waits for its commit: long enough to gather what comes together, short enough not to be felt. */
#define GATHER_MS 20
#define COMMIT_AFTER (SECOND / 2)
#define COMMIT_EVENTS 20000

static bool must_stop(const struct follow *f)
{
	f->progress->alive(f->progress->context);
	return f->progress->stop(f->progress->context);
}

/* ---- events ---- */

static int entry_came(struct follow *f, const struct sync_event *e, struct error *err)
{
	if (mirror_writer_put(f->writer, e->kind, &e->entry, err) < 0)
		return -1;
	if (f->progress->entry)
		f->progress->entry(f->progress->context);
	return cookie_came(f, e->kind, e->cookie, err);
}

static int present_came(struct follow *f, const struct sync_event *e, struct error *err)
{
	for (size_t i = 0; i < e->uuid_count; i++)
		mirror_writer_present(f->writer, e->kind, e->uuids[i]);
	return cookie_came(f, e->kind, e->cookie, err);
}

static int links_came(struct follow *f, const struct sync_event *e, struct error *err)
{
	if (mirror_writer_links(f->writer, e->uuids[0], &e->added, &e->removed, err) < 0)
		return -1;
	return cookie_came(f, e->kind, e->cookie, err);
}

static int gone_came(struct follow *f, const struct sync_event *e, struct error *err)
{
	/* one set that takes away a part of the directory: everything is compared, and judged, before it is believed */
	if (!f->refreshes[e->kind].going_on && e->uuid_count > mirror_writer_allowance(f->writer, e->kind))
		return refresh_from_nothing(f, e->kind, "it says of a great many at once that they are gone", err);
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

	refresh_drop(f, MIRROR_RULES);
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

/*
 * Everything once more, over what we have; who says so of a start that had no
 * cookie is no use.  A server that is behind what is known is none either, as
 * long as there is another: who was locked out meanwhile would be let in again.
 */
static int again(struct follow *f, const struct sync_event *e, struct error *err)
{
	/* the cookie of what is held was not kept */
	if (!f->refreshes[e->kind].held && !mirror_writer_cookie(f->writer, e->kind).p)
		return search_ended(f, e, err);
	if (e->is_behind && !f->is_last && e->kind != MIRROR_RULES)
		return error_set(err, REASON_DIRECTORY, "%s: is behind what is known already, the next server is asked: %s",
			f->feed.connection->uri, e->text);
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
	case SYNC_LINKS:
		rc = links_came(f, e, err);
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
	case SYNC_MOVED:
		log_info("a unit was renamed or moved", "directory", f->directory->name, "detail", e->text, NULL);
		f->moved = true;
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

/* Until the connection is lost (-1), the end (0), or a better server is there (1). */
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
		f->is_better_there = scout_came_back(f, &f->better);
		if (f->is_better_there)
			return 1;
		if (commit_when_due(f, rc == 0, err) < 0 || probe_when_due(f, err) < 0 || moved_when_due(f, err) < 0 ||
			reread_when_due(f, err) < 0 || rules_when_due(f, err) < 0 || held_when_due(f, err) < 0)
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
		.person_attributes = f->person_attributes, .containers = f->containers};
	if (connection_open(f->directory, uri, f->progress, &f->feed.connection, err) < 0)
		return -1;
	mirror_writer_server(f->writer, uri);
	scout_plan(f);
	f->event_count = 0;
	f->pending_since = 0;
	f->rules_at = 0;
	if (protocol->begin(&f->feed, err) == 0 && refresh_all(f, err) == 0)
		rc = listen_to(f, err);
	scout_end(f);
	for (int kind = 0; kind < MIRROR_KINDS; kind++)
		refresh_drop(f, (enum mirror_kind)kind);
	protocol->end(&f->feed);
	if (rc < 0 && !f->served)
		connection_close_useless(f->feed.connection);
	else
		connection_close(f->feed.connection);
	return rc;
}

/* ---- again and again ---- */

static int lost(struct follow *f, const struct error *why, struct error *err)
{
	/* told once, until it is back; what else is tried in vain meanwhile is news, but no other trouble */
	if (!f->last.detail[0])
		log_warning("directory lost", "directory", f->directory->name, "detail", why->detail, NULL);
	else if (strcmp(f->last.detail, why->detail) != 0)
		log_info("directory still lost", "directory", f->directory->name, "detail", why->detail, NULL);
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

/* The server at f->at.  1: its turn is over, 0: stopped, -1: the file cannot be written. */
static int follow_one(struct follow *f, bool came_back, struct error *err)
{
	const char *uri = f->directory->uris[f->at];
	struct error why = {0};
	int rc;

	f->served = false;
	f->is_last = !f->directory->uris[f->at + 1];
	rc = follow_server(f, uri, &why);
	if (rc >= 0)
		return rc;
	if (came_back && !f->served)
		scout_was_wrong(f);
	if (why.reason != REASON_DIRECTORY) {
		*err = why;
		return -1;
	}
	return lost(f, &why, err) < 0 ? -1 : 1;
}

/* All addresses once, or more often when an earlier one is back.  -1: the file cannot be written. */
static int follow_round(struct follow *f, struct error *err)
{
	bool came_back = false;

	for (f->at = 0; f->directory->uris[f->at] && !must_stop(f); f->at++) {
		int rc = follow_one(f, came_back, err);

		if (rc <= 0)
			return rc;
		came_back = f->is_better_there;
		f->is_better_there = false;
		if (came_back) {
			log_info("an earlier server is back", "directory", f->directory->name, "server", f->directory->uris[f->better], NULL);
			if (mirror_writer_commit(f->writer, err) < 0)
				return -1;
			f->at = f->better - 1;  /* and one on */
		} else if (f->served) {
			break;          /* it had been well until now: begin with the first again */
		}
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
	f.containers = containers_new(directory);
	f.reread_at = clock_monotonic_us() + (reread_every(&f) < REREAD_FIRST ? reread_every(&f) : REREAD_FIRST);
	while (rc == 0 && !must_stop(&f)) {
		rc = follow_round(&f, err);
		if (rc == 0)
			wait_for_next(&f);
	}
	if (rc == 0)
		rc = moved_remember(&f, err);
	if (rc == 0) {
		mirror_writer_lost(f.writer, NULL);
		rc = mirror_writer_commit(f.writer, err);
	}
	mirror_writer_close(f.writer);
	arena_free(settings);
	arena_free(f.events);
	containers_free(f.containers);
	return rc;
}
