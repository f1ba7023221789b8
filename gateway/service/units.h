/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A unit of systemd for each role: what `postern prepare` leaves for them.
 *
 * One folder, /run/postern-units unless said otherwise, that root alone writes:
 *
 *	current -> N.files    a generation: what each role may hold, a snapshot (files.h) each, for LoadCredential=
 *	metrics-LAYOUT        the memory of the counters; the group writes in it, who prepares in the parent's area
 *	limits                that of the limits, for workers alone
 *	started               the units that the last preparation started
 *
 * A generation is written whole and then put in the place of the one before;
 * roles take theirs when they are started.
 *
 * A worker and its keys role are joined by two sockets that systemd keeps:
 * UNITS_LINES/keys-N, where the worker's user alone may write and the keys role
 * reads, and UNITS_LINES/worker-N the other way round.
 */
#ifndef GATEWAY_UNITS_H
#define GATEWAY_UNITS_H

#include "gateway/service/posts.h"

#define UNITS_FOLDER "/run/postern-units"
#define UNITS_SYSTEMD "/run/systemd/system"
#define UNITS_LINES "/run/postern-lines"
/* Among the files of a worker and a keys role: eight bytes that only those of one generation share. */
#define UNITS_GENERATION UNITS_FOLDER "/generation"

/* What systemd takes as a credential. */
#define UNITS_SNAPSHOT_MAX ((size_t)1 << 20)

/* Before anything is changed: an address that is new must be one that can be listened on, and of this host unless all start. */
int units_require(struct arena *a, const char *folder, const struct posts *posts, struct error *err);
/* Writes a generation of all posts, which the files of `posts` then name, and puts it in place.  gid: of the group of the roles. */
int units_write(struct arena *a, const char *folder, const struct posts *posts, gid_t gid, struct error *err);
/*
 * Has systemd run what was written: sockets and folders of the settings as
 * drop-ins of the units, then every role started, or restarted one after
 * another.  Without systemd: REASON_FILE.
 */
int units_run(struct arena *a, const char *folder, const struct posts *posts, struct error *err);
/* Two of these files.  A program that counts otherwise finds none of its own until something is prepared by it. */
const char *units_metrics_path(struct arena *a, const char *folder);
const char *units_limits_path(struct arena *a, const char *folder);
/* In the counters, as the parent counts its reloads. */
void units_count_reload(struct arena *a, const char *folder, bool taken);
/* Whether roles run as units here, by what the last preparation left. */
bool units_are_used(const char *folder);
/* Has systemd prepare anew.  REASON_FILE: it was not taken. */
int units_reload(struct error *err);

#endif
