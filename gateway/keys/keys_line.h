/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One end of the line between a worker and its keys role: one packet at a time.
 *
 * Beside a parent it is one of a socketpair.  As units of systemd each of the
 * two has a datagram socket with a name, which systemd keeps while they come
 * and go and which the other's user alone may write to (units.h).  There
 * nothing but a name joins them, so each packet begins with the generation of
 * the settings, and one of another is not taken: a connection is known by its
 * place in them.
 */
#ifndef GATEWAY_KEYS_LINE_H
#define GATEWAY_KEYS_LINE_H

#include "base/error.h"
#include "base/slice.h"

#include <stdint.h>

#include <sys/un.h>

struct keys_end {
	int fd;
	const char *to;                 /* as a unit of systemd: the name of the other end; else NULL */
	uint64_t generation;            /* as a unit of systemd: of the settings; else 0 */
};

struct keys_line {
	int fd;
	bool named;
	struct sockaddr_un to;          /* named: where the other one listens */
	uint64_t generation;
};

/* wait: how long receiving waits, in milliseconds. */
int keys_line_open(const struct keys_end *end, int wait, struct keys_line *out, struct error *err);
/* Does not wait.  Below 0: errno says why it was not sent. */
ssize_t keys_line_send(const struct keys_line *l, struct slice packet);
/* How long the packet is, which may be more than `size`; 0: the pair's other end is gone, or an empty packet; below 0: none, as errno says. */
ssize_t keys_line_receive(const struct keys_line *l, void *packet, size_t size);

#endif
