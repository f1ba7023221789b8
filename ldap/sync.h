/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The consumer's side of content synchronization (RFC 4533), refreshAndPersist.
 *
 * One feed is one connection with a search for people and one for groups, each
 * with a cookie of its own, and now and then a probe that shows whether the
 * server is still there.  sync_next gives one message at a time as an event;
 * what it means for the mirror is follow.c's job.
 */
#ifndef LDAP_SYNC_H
#define LDAP_SYNC_H

#include "ldap/connection.h"

#define SYNC_CONTROL_OID "1.3.6.1.4.1.4203.1.9.1.1"

/* Result codes that follow.c must know (RFC 4511, RFC 4533 section 2.5). */
#define SYNC_CODE_SUCCESS 0
#define SYNC_CODE_UNWILLING 53          /* slapd: the cookie is newer than the server's data */
#define SYNC_CODE_REFRESH_REQUIRED 4096

enum sync_what {
	SYNC_OTHER,                     /* nothing for us; the server is there */
	SYNC_ENTRY,                     /* entry: new or changed */
	SYNC_PRESENT,                   /* uuids: unchanged */
	SYNC_GONE,                      /* uuids: deleted */
	SYNC_COOKIE,                    /* only a cookie */
	SYNC_PRESENT_PHASE_OVER,        /* who was not named is gone */
	SYNC_DELETE_PHASE_OVER,
	SYNC_ENDED                      /* the search is over: code and text */
};

struct sync_event {
	enum sync_what what;
	enum mirror_kind kind;
	struct entry entry;
	const unsigned char (*uuids)[UUID_SIZE];
	size_t uuid_count;
	struct slice cookie;            /* {NULL, 0}: none */
	bool refresh_done;              /* with …_PHASE_OVER: what follows is news */
	int code;
	const char *text;
};

struct sync_feed {
	struct connection *connection;
	const struct directory_options *directory;
	const char *const *person_attributes;
	int searches[MIRROR_KINDS];     /* message ids; 0: none */
	int probe;                      /* 0: none under way */
};

/* Begins (or begins again) the search of one kind; no cookie: everything is sent. */
int sync_start(struct sync_feed *f, enum mirror_kind kind, struct slice cookie, struct error *err);
/* Asks for an answer, whichever: f->probe is 0 again when it came. */
int sync_probe(struct sync_feed *f, struct error *err);
/* 1: an event, in the arena; 0: none within the time; -1: the connection is of no further use. */
int sync_next(struct sync_feed *f, struct arena *a, int milliseconds, struct sync_event *out, struct error *err);

#endif
