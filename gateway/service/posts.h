/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Posts: the places that must be filled ("worker 2", "mirror corp",
 * "refresh"), and the children that fill them.
 *
 * Each reading of the settings (a generation) makes all posts anew; children
 * of earlier generations are ended as soon as those that come after them can
 * take over.  Nothing else is remembered: every turn compares the posts with
 * the children and does what is missing.  Parent only.
 */
#ifndef GATEWAY_POSTS_H
#define GATEWAY_POSTS_H

#include "gateway/service/child.h"
#include "gateway/service/lines.h"
#include "gateway/service/listeners.h"
#include "gateway/service/loaded.h"

struct pollfd;

/* What roles are given; the parent's. */
struct supply {
	const char *path;               /* of the settings */
	struct loaded loaded;
	struct listeners browsers, single_sockets;
	int metrics_fd;
	struct metrics *metrics;        /* area 0 */
	int limits_fd;                  /* workers alone */
};

struct post {
	const char *role, *instance;    /* in the memory of this reading */
	unsigned audience;
	int64_t silence;
	struct child *child;            /* NULL: empty */
	unsigned failures;              /* deaths in a row before it was ready */
	int64_t start_at;
	size_t line;                    /* worker, keys: which of the lines between them */
};

struct posts {
	const struct supply *supply;
	struct post *list;              /* in the arena of the reading */
	size_t count;
	unsigned long generation;
	struct lines *lines;            /* of this generation, then of earlier ones */
	struct child *children;         /* of all generations */
	bool stopping;                  /* nothing is filled any more */
};

/* The posts of the reading that `supply` holds now.  The list of the one before is not looked at: it may be gone. */
void posts_make(struct posts *p);
/* One turn, `now` in microseconds, monotonic: kills what is stuck, ends predecessors, fills what is empty. */
void posts_turn(struct posts *p, int64_t now);
/* All workers of this generation serve, each with its keys role. */
bool posts_serve(const struct posts *p);
/* Waits for heartbeats, for something on `other`, or until something is due, at most a second; hears who spoke. */
void posts_wait(struct posts *p, int other);
/* Takes leave of who died (waitpid), and has its post filled again. */
void posts_reap(struct posts *p);
/* Children of a program that did not say who they are: they are taken to be those whom the settings name. */
void posts_guess_users(struct posts *p);
/* SIGTERM to all, for good.  A keys role ends when its worker has. */
void posts_stop(struct posts *p);
/* The lines; after the last child has gone. */
void posts_free(struct posts *p);

#endif
