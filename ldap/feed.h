/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A feed: what a directory server tells, one event at a time, whichever
 * protocol tells it.
 *
 * follow.c lives on events and knows no protocol; a protocol is a table of
 * functions that knows no mirror.  What a server cannot tell (AD's DirSync
 * names no children of a renamed container, a poll no deletions) its feed must
 * find out by asking, until it can put it as one of these events.
 *
 * People and groups are two feeds on one connection, rules a third where the
 * settings want them, each with a cookie of its own: where it stands in the
 * server's history, of the protocol's own making, kept in the mirror in the
 * same transaction as what led up to it.  A refresh is what a feed tells
 * between its start and the first event that says that it is over; after that
 * come news.
 */
#ifndef LDAP_FEED_H
#define LDAP_FEED_H

#include "ldap/connection.h"
#include "ldap/containers.h"

enum sync_what {
	SYNC_OTHER,                     /* nothing for us; the server is there */
	SYNC_ENTRY,                     /* entry: new or changed, whole */
	SYNC_PRESENT,                   /* uuids: unchanged */
	SYNC_LINKS,                     /* members that the group in uuids got (added) and lost (removed); unknown ones do no harm */
	SYNC_GONE,                      /* uuids: deleted, or no longer ours; unknown ones do no harm */
	SYNC_COOKIE,                    /* only a cookie */
	SYNC_PRESENT_PHASE_OVER,        /* who was not named since the start is gone */
	SYNC_DELETE_PHASE_OVER,         /* who was not named is unchanged, when there was a cookie */
	SYNC_MOVED,                     /* a unit was renamed or moved, and the server tells of nothing below it; text says which */
	SYNC_AGAIN,                     /* the cookie is worth nothing (any more), text says why: start without */
	SYNC_ENDED                      /* the server ends the search; text says why */
};

struct sync_event {
	enum sync_what what;
	enum mirror_kind kind;
	struct entry entry;
	const unsigned char (*uuids)[UUID_SIZE];
	size_t uuid_count;
	struct mirror_attribute added, removed;
	struct slice cookie;            /* {NULL, 0}: none.  It holds for everything up to this event */
	bool refresh_done;              /* with …_PHASE_OVER: what follows is news */
	const char *text;
	bool is_behind;                 /* with SYNC_AGAIN: its data is older than what was read before, elsewhere or here */
};

struct feed;

/* All return -1 (REASON_DIRECTORY) when the connection is of no further use. */
struct feed_protocol {
	/* Once for each connection, before the first start. */
	int (*begin)(struct feed *f, struct error *err);
	void (*end)(struct feed *f);    /* also after a begin that failed */
	/* Begins, or begins again, with one kind; no cookie: everything is told. */
	int (*start)(struct feed *f, enum mirror_kind kind, struct slice cookie, struct error *err);
	/* Asks for an answer, whichever: f->probing until one came, of which `next` tells, if only by SYNC_OTHER. */
	int (*probe)(struct feed *f, struct error *err);
	/* 1: an event, in the arena; 0: none within the time.  Calls f->progress where it takes longer. */
	int (*next)(struct feed *f, struct arena *a, int milliseconds, struct sync_event *out, struct error *err);
	/* The server may take no notice of a cookie without a word: some of what it then did not tell is looked for. */
	bool cookie_is_doubtful;
};

struct feed {
	const struct feed_protocol *protocol;
	struct connection *connection;
	const struct directory_options *directory;
	const struct mirror_progress *progress;         /* NULL: nobody waits */
	const char *const *person_attributes;
	struct containers *containers;  /* of the process, not of the connection; NULL: not followed */
	bool probing;
	void *own;                      /* the protocol's, between begin and end */
};

/* Where a kind is; base NULL: the settings want none of it. */
struct feed_source {
	const char *base, *filter;
};
struct feed_source feed_source(const struct directory_options *d, enum mirror_kind kind);

/* Name, members and marks; ended by NULL. */
void feed_group_attributes(const struct directory_options *d, const char *out[GROUP_ATTRIBUTES_MAX + 3]);

const struct feed_protocol *feed_protocol(enum directory_kind kind);

#endif
