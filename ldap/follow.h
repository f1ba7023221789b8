/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What follow.c and refresh.c share; nobody else includes this. */
#ifndef LDAP_FOLLOW_H
#define LDAP_FOLLOW_H

#include "ldap/feed.h"

#include <sys/types.h>

#define SECOND INT64_C(1000000)

struct refresh {
	bool going_on;
	bool held;                      /* going on, but judged: it would take away too much.  What comes is news */
	bool from_cookie;               /* what is not mentioned may be unchanged */
	bool all_named;                 /* a present phase is over: what was not mentioned is gone */
	struct slice cookie;            /* the newest one of this refresh; owned */
};

struct follow {
	const struct directory_options *directory;
	const struct mirror_progress *progress;
	struct mirror_writer *writer;
	struct feed feed;
	struct containers *containers;
	struct refresh refreshes[MIRROR_KINDS];
	const char *const *person_attributes;
	struct arena *events;           /* of one transaction */
	size_t event_count;
	int64_t pending_since;          /* 0: nothing waits */
	int64_t accepted_at, held_reread_at;    /* monotonic: when to look, while something is held */
	int64_t reread_at;              /* monotonic: when everything is read again */
	bool moved;                     /* a unit was, and what lies below it was not read since */
	int64_t moved_at;               /* monotonic: not before is it read again */
	int64_t rules_at;               /* monotonic: when to search for rules again; 0: no need */
	int64_t heard, probed;          /* monotonic: last message, last probe sent */
	int failures;                   /* in a row, without a refresh between them */
	size_t at;                      /* the server's place in the list */
	pid_t scout;                    /* looks whether one before it serves; 0: none */
	int64_t scout_at, scout_until;  /* monotonic: when to send one, how long it may take */
	int64_t return_wait;            /* between two of them */
	bool is_better_there;           /* one does: this connection is given up for it … */
	size_t better;                  /* … at this place */
	bool is_last;                   /* no other server is left to ask in this round */
	bool served;                    /* this connection came to the end of its refresh */
	struct error last;              /* so that the log says a thing once */
	char rules_last[400];
};

/* ---- refresh.c ---- */

int refresh_begin(struct follow *f, enum mirror_kind kind, struct error *err);
int refresh_from_nothing(struct follow *f, enum mirror_kind kind, const char *why, struct error *err);
void refresh_drop(struct follow *f, enum mirror_kind kind);
/* What is gone goes at the end of the whole refresh, or is held. */
int phase_over(struct follow *f, const struct sync_event *e, struct error *err);
/* Kept, or kept back until the refresh is over. */
int cookie_came(struct follow *f, enum mirror_kind kind, struct slice cookie, struct error *err);
/* From now on the mirror is known to be as the directory is. */
void heard_of(struct follow *f);
/* In the loop: begins again when it is time. */
int reread_when_due(struct follow *f, struct error *err);
int moved_when_due(struct follow *f, struct error *err);
int held_when_due(struct follow *f, struct error *err);
/* The end of the process: the next one begins with what this one did not come to. */
int moved_remember(struct follow *f, struct error *err);
int64_t reread_every(const struct follow *f);

/* ---- scout.c ---- */

/* A connection was made: when to look for a better server. */
void scout_plan(struct follow *f);
/* In the loop.  True: a server that stands before this one serves, and where. */
bool scout_came_back(struct follow *f, size_t *better_out);
/* The connection is over, and so is the look. */
void scout_end(struct follow *f);
/* A way back that led to nothing: the next one later. */
void scout_was_wrong(struct follow *f);
void scout_was_right(struct follow *f);

#endif
