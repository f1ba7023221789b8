/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The worker's end of the line to its keys role.
 *
 * The worker waits for each answer: a sign-on stays one straight function.
 * Either side may be replaced meanwhile, since the parent keeps both ends: a
 * question that nobody took is answered by the next one, and one that died
 * with who was at it is asked again.  While it waits, the worker goes on saying that it is alive, so
 * a keys role that hangs is replaced (after five seconds) before the worker
 * gives up.  From then on, until somebody answers, it gives up at once.
 */
#ifndef GATEWAY_KEYS_LINK_H
#define GATEWAY_KEYS_LINK_H

#include "gateway/keeper.h"
#include "gateway/keys/keys_line.h"

struct keys_link;

struct keys_link_options {
	struct keys_end end;
	void (*alive)(const void *context);     /* once a second while it waits for an answer */
	const void *context;
};

int keys_link_open(const struct keys_link_options *o, struct keys_link **out, struct error *err);
void keys_link_close(struct keys_link *l);      /* NULL is fine */
const struct keeper *keys_link_keeper(struct keys_link *l);

#endif
