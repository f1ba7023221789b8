/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a parent hands to the program that takes its place: text in a sealed
 * memory file.
 *
 *	postern handover 2
 *	generation NUMBER
 *	lock FD                         (running.h)
 *	metrics FD LAYOUT
 *	socket FD ADDRESS
 *	child PID HEARTBEAT AREA GENERATION READY ENDING STARTED SILENCE KILL_AT UID ROLE INSTANCE
 *	end
 *
 * Lines in this order; lock and metrics at most once, socket and child as
 * often as there are any; one blank between fields, nothing behind `end`.
 * Descriptors are those of the process, which executes the new program and so
 * stays who it is.  The two programs may be of different versions: whoever
 * changes anything here counts the number up, and a reader that knows another
 * one takes nothing of it (upgrade.h says what happens then).  1, which had no
 * UID, is still read.
 */
#ifndef GATEWAY_HANDOVER_H
#define GATEWAY_HANDOVER_H

#include "gateway/service/child.h"
#include "gateway/service/listeners.h"

#define HANDOVER_SOCKETS_MAX (2 * ROLE_SOCKETS_MAX)

struct handover {
	unsigned long generation;       /* of the last reading of the settings */
	int lock, metrics;              /* -1: none */
	uint64_t layout;                /* of the metrics' memory: metrics_layout() */
	struct listener sockets[HANDOVER_SOCKETS_MAX];  /* their address and descriptor */
	size_t socket_count;
	struct child *children;
	bool knows_users;               /* their uid is what they were started as */
};

int handover_write(const struct handover *h, int *fd_out, struct error *err);
/* The descriptor is not believed to be one of ours, and not closed. */
int handover_read(int fd, struct handover *out, struct error *err);
/* The reader's strict half: looks at no descriptor. */
int handover_parse(struct slice text, struct handover *out, struct error *err);
void handover_free(struct handover *h); /* the children alone */

#endif
