/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When the next request may be sent: the rate of the target, what an endpoint
 * has complained of, and what an answer asks for.  No I/O, and no clock: times
 * are handed in, in microseconds.  Internal to provision/.
 */
#ifndef PROVISION_WEB_PACE_H
#define PROVISION_WEB_PACE_H

#include "base/slice.h"

#include <stdint.h>

#define PACE_ENDPOINTS 24

struct pace_endpoint {
	const char *name;               /* fixed text */
	int method;
	int64_t gap;                    /* between two of its requests; 0: no more than the target's */
	int64_t next;                   /* not before */
};

struct pace {
	int64_t gap, next;              /* of the target */
	struct pace_endpoint endpoints[PACE_ENDPOINTS];
	size_t n;
};

/* What an answer says of when to come again; -1: does not say. */
struct pace_hint {
	int64_t retry_after;            /* seconds from the answer on */
	int64_t reset;                  /* likewise */
	int64_t remaining;              /* requests left until then */
};

/* rate 0: as fast as answers come. */
void pace_begin(struct pace *p, unsigned rate);
struct pace_endpoint *pace_endpoint(struct pace *p, const char *name, int method);
/* How long to wait before a request to this endpoint; takes the turn. */
int64_t pace_turn(struct pace *p, struct pace_endpoint *e, int64_t now);
/* 429: this endpoint goes at half its speed from here on … */
void pace_slower(const struct pace *p, struct pace_endpoint *e);
/* … and gets a little faster again with each answer that is none. */
void pace_faster(const struct pace *p, struct pace_endpoint *e);

/* Retry-After (RFC 9110 section 10.2.3: seconds, or a date) and the Date of the same answer ({NULL, 0}: our clock, `now`). */
int64_t pace_retry_after(struct slice value, struct slice date, int64_t now);
/* X-RateLimit-Reset: ISO 8601, seconds since 1970, or seconds from now. */
int64_t pace_reset(struct slice value, int64_t now);
/*
 * Microseconds before the same is tried again; tried: how often it was.  The larger of the hint and 1, 2, 4 … 32 s, with up to a third
 * more: Atlassian gives the reset to the minute, so it often lies in the past, and "in 0 seconds" tells of no time at all.
 */
int64_t pace_again(const struct pace_hint *hint, unsigned tried, uint32_t random);

#endif
