/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What people, groups and rules lie in: the units below their bases, by entryUUID, in the memory of the process that follows.
 *
 * A server tells of a unit that was renamed or moved, but of nothing below it.  So the units are followed beside, and where
 * one has another DN, is gone, or came with children, everything has to be read again.  The list outlives the connection:
 * what happened between two is seen by the next one.
 */
#ifndef LDAP_CONTAINERS_H
#define LDAP_CONTAINERS_H

#include "ldap/container_list.h"

/* Entries of these classes; whatever else has children waits for the reading of everything. */
extern const char container_filter[];

/* What needs more memory is not followed; while all are read anew there are two lists. */
#define CONTAINERS_MOST ((size_t)32 << 20)

struct sync_event;

/* Below one base; no two lie in one another. */
struct branch {
	const char *base;
	int search;                     /* message id; 0: none */
	int64_t again_at;               /* monotonic: when to search; 0: no need */
	struct container_list known, reading;   /* reading: since the search began */
	size_t still_count;             /* in both */
	bool is_known;                  /* was read once, whole */
	bool is_being_read;
	char warned[300];               /* so that the log says a thing once */
};

struct containers {
	struct branch branches[MIRROR_KINDS];
	size_t n;
};

struct containers *containers_new(const struct directory_options *d);
void containers_free(struct containers *c);     /* NULL is fine */

void branch_begin(struct branch *b);            /* a search for all of them */
/* What it told.  True: what lies below one may be another, or elsewhere. */
bool branch_event(struct branch *b, const struct sync_event *e);
void branch_drop(struct branch *b);             /* also when none was begun */
bool branch_is_full(const struct branch *b);
void branch_forget(struct branch *b);           /* and drop */

#endif
