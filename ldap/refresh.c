/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A refresh of one kind: from its start to its judgement (mirror_refresh.c), or
 * until what it would take away is accepted.
 */
#include "ldap/follow.h"

#include "base/clock.h"
#include "base/log.h"

#define REREAD_EVERY (86400 * SECOND)
#define MOVED_EVERY (60 * SECOND)
/* While something is held: whether it was accepted, and whether the directory is still so. */
#define ACCEPTED_EVERY SECOND
#define HELD_REREAD (600 * SECOND)
/* Entries looked for after a refresh that did not send them; one that is found is enough. */
#define SAMPLES 3

void refresh_drop(struct follow *f, enum mirror_kind kind)
{
	struct refresh *r = &f->refreshes[kind];

	mirror_writer_refresh_drop(f->writer, kind);
	cookie_keep(&r->cookie, (struct slice){NULL, 0});
	*r = (struct refresh){0};
}

int refresh_begin(struct follow *f, enum mirror_kind kind, struct error *err)
{
	struct refresh *r = &f->refreshes[kind];
	struct slice cookie = mirror_writer_cookie(f->writer, kind);

	refresh_drop(f, kind);
	*r = (struct refresh){.going_on = true, .from_cookie = cookie.p != NULL};
	if (mirror_writer_refresh_begin(f->writer, kind, err) < 0)
		return -1;
	return f->feed.protocol->start(&f->feed, kind, cookie, err);
}

/* People and groups; rules are followed beside. */
static bool is_refreshed(const struct follow *f)
{
	return !f->refreshes[MIRROR_PEOPLE].going_on && !f->refreshes[MIRROR_GROUPS].going_on;
}

/* From now on the mirror is known to be as the directory is, unless something is known not to be. */
void heard_of(struct follow *f)
{
	if (is_refreshed(f) && !f->moved)
		mirror_writer_heard(f->writer, clock_now());
}

int cookie_came(struct follow *f, enum mirror_kind kind, struct slice cookie, struct error *err)
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
	refresh_drop(f, kind);
	if (kind == MIRROR_RULES)
		f->rules_last[0] = '\0';
	if (kind == MIRROR_RULES || !is_refreshed(f))
		return 0;
	f->failures = 0;
	f->served = true;
	if (f->at == 0)
		scout_was_right(f);
	f->last.detail[0] = '\0';
	/* also when a unit was moved meanwhile: units that never rest must not make a mirror old */
	mirror_writer_heard(f->writer, clock_now());
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

	if (mirror_writer_unseen(f->writer, kind, SAMPLES, f->events, dns, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n && !found; i++) {
		const struct search search = {.base = dns[i], .scope = SEARCH_BASE, .attributes = nothing,
			.filter = feed_source(d, kind).filter};

		if (connection_search(f->feed.connection, &search, note, &found, err) < 0)
			return -1;
	}
	return n == 0 || found;
}

int refresh_from_nothing(struct follow *f, enum mirror_kind kind, const char *why, struct error *err)
{
	log_info("the directory is read from the beginning", "directory", f->directory->name, "detail", why, NULL);
	if (mirror_writer_set_cookie(f->writer, kind, (struct slice){NULL, 0}, err) < 0)
		return -1;
	return refresh_begin(f, kind, err);
}

int64_t reread_every(const struct follow *f)
{
	return f->directory->reread_seconds > 0 ? f->directory->reread_seconds * SECOND : REREAD_EVERY;
}

static int reread(struct follow *f, const char *why, struct error *err)
{
	f->reread_at = clock_monotonic_us() + reread_every(f);
	for (int kind = 0; kind < MIRROR_KINDS; kind++)
		if (feed_source(f->directory, (enum mirror_kind)kind).base &&
			refresh_from_nothing(f, (enum mirror_kind)kind, why, err) < 0)
			return -1;
	return 0;
}

int reread_when_due(struct follow *f, struct error *err)
{
	if (clock_monotonic_us() < f->reread_at || !is_refreshed(f))
		return 0;
	return reread(f, "as it is from time to time", err);
}

/*
 * A refresh that goes on may have read the unit before it was moved: its end is waited for, but not that of one that is held,
 * for what was moved away may be back.
 */
int moved_when_due(struct follow *f, struct error *err)
{
	int64_t now = clock_monotonic_us(), pause = f->directory->moved_seconds > 0 ? f->directory->moved_seconds * SECOND : MOVED_EVERY;

	if (!f->moved || now < f->moved_at)
		return 0;
	for (int kind = MIRROR_PEOPLE; kind <= MIRROR_GROUPS; kind++)
		if (f->refreshes[kind].going_on && !f->refreshes[kind].held)
			return 0;
	f->moved = false;
	f->moved_at = now + pause;
	return reread(f, "a unit was renamed or moved", err);
}

int moved_remember(struct follow *f, struct error *err)
{
	for (int kind = 0; kind < MIRROR_KINDS && f->moved; kind++)
		if (mirror_writer_set_cookie(f->writer, (enum mirror_kind)kind, (struct slice){NULL, 0}, err) < 0)
			return -1;
	return 0;
}

/* Another server may know better; with the last one it is waited for who decides. */
static int held(struct follow *f, enum mirror_kind kind, struct error *err)
{
	int64_t now = clock_monotonic_us();

	f->refreshes[kind].held = true;
	f->accepted_at = now + ACCEPTED_EVERY;
	f->held_reread_at = now + HELD_REREAD;
	if (f->is_last) {
		if (f->progress->lost)
			f->progress->lost(f->progress->context, mirror_writer_error(f->writer));
		return 0;
	}
	return error_set(err, REASON_DIRECTORY, "%s: so much is gone from its %s that the next server is asked", f->feed.connection->uri,
		kind == MIRROR_PEOPLE ? "people" : "groups");
}

int held_when_due(struct follow *f, struct error *err)
{
	int64_t now = clock_monotonic_us();
	bool accepted;
	int rc;

	if ((!f->refreshes[MIRROR_PEOPLE].held && !f->refreshes[MIRROR_GROUPS].held) || now < f->accepted_at)
		return 0;
	f->accepted_at = now + ACCEPTED_EVERY;
	rc = mirror_writer_accepted(f->writer, err);
	if (rc < 0 || (rc == 0 && now < f->held_reread_at))
		return rc;
	accepted = rc == 1;
	/* the other servers, too, may have changed their minds */
	if (!accepted && f->directory->uris[1])
		return error_set(err, REASON_DIRECTORY, "%s: what it lacks is held; all servers are asked again", f->feed.connection->uri);
	for (int kind = 0; kind < MIRROR_KINDS; kind++) {
		if (f->refreshes[kind].held && refresh_from_nothing(f, (enum mirror_kind)kind,
			accepted ? "what was held is accepted" : "something is held", err) < 0)
			return -1;
	}
	return 0;
}

/* What is gone goes when the whole refresh is over, not after its first phase: judged together, it is what it is. */
int phase_over(struct follow *f, const struct sync_event *e, struct error *err)
{
	struct refresh *r = &f->refreshes[e->kind];
	int rc;

	if (!r->going_on || r->held)
		return error_set(err, REASON_DIRECTORY, "%s: the end of a refresh that was over", f->feed.connection->uri);
	r->all_named = r->all_named || e->what == SYNC_PRESENT_PHASE_OVER || (e->refresh_done && !r->from_cookie);
	if (cookie_came(f, e->kind, e->cookie, err) < 0)
		return -1;
	if (!e->refresh_done)
		return 0;
	if (!r->all_named && f->feed.protocol->cookie_is_doubtful) {
		int understood = cookie_was_understood(f, e->kind, err);

		if (understood <= 0)
			return understood < 0 ? -1 : refresh_from_nothing(f, e->kind, "it did not understand the cookie", err);
	}
	rc = mirror_writer_refresh_end(f->writer, e->kind, r->all_named ? REFRESH_NAMED_ALL : REFRESH_NAMED_GONE, err);
	if (rc < 0)
		return -1;
	return rc == 1 ? refresh_end(f, e->kind, err) : held(f, e->kind, err);
}
