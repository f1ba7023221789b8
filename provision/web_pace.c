/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See web_pace.h. */
#include "provision/web_pace.h"

#include "base/calendar.h"
#include "base/encode.h"

#define SECOND ((int64_t)1000000)
#define GAP_MOST (10 * SECOND)
#define GAP_LEAST (SECOND / 20)         /* an endpoint that complained goes at 20 a second at most, until it recovers */

void pace_begin(struct pace *p, unsigned rate)
{
	*p = (struct pace){.gap = rate ? SECOND / rate : 0};
}

struct pace_endpoint *pace_endpoint(struct pace *p, const char *name, int method)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->endpoints[i].method == method && strcmp(p->endpoints[i].name, name) == 0)
			return &p->endpoints[i];
	if (p->n < PACE_ENDPOINTS)
		p->n++;                 /* the last one is shared by what there is no room for */
	p->endpoints[p->n - 1] = (struct pace_endpoint){.name = name, .method = method};
	return &p->endpoints[p->n - 1];
}

int64_t pace_turn(struct pace *p, struct pace_endpoint *e, int64_t now)
{
	int64_t at = now;

	if (p->next > at)
		at = p->next;
	if (e->next > at)
		at = e->next;
	p->next = at + p->gap;
	e->next = at + e->gap;
	return at - now;
}

void pace_slower(const struct pace *p, struct pace_endpoint *e)
{
	int64_t least = p->gap > GAP_LEAST ? p->gap : GAP_LEAST;

	e->gap = (e->gap > least ? e->gap : least) * 2;
	if (e->gap > GAP_MOST)
		e->gap = GAP_MOST;
}

void pace_faster(const struct pace *p, struct pace_endpoint *e)
{
	e->gap -= e->gap / 20;
	if (e->gap <= p->gap || e->gap < GAP_LEAST)
		e->gap = 0;
}

/* ---- what answers say ---- */

static int two_digits(const char *p)
{
	return p[0] >= '0' && p[0] <= '9' && p[1] >= '0' && p[1] <= '9' ? (p[0] - '0') * 10 + p[1] - '0' : -1;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", the one form that RFC 9110 section 5.6.7 lets a server send.  0 or -1. */
static int date_read(struct slice in, int64_t *out)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char instant[21] = "0000-00-00T00:00:00Z";

	if (in.n != 29 || memcmp(in.p + 3, ", ", 2) != 0 || memcmp(in.p + 25, " GMT", 4) != 0)
		return -1;
	for (size_t month = 0; month < 12; month++) {
		if (memcmp(in.p + 8, months + 3 * month, 3) != 0)
			continue;
		if (two_digits(in.p + 5) < 1)
			return -1;
		memcpy(instant, in.p + 12, 4);
		instant[5] = (char)('0' + (month + 1) / 10);
		instant[6] = (char)('0' + (month + 1) % 10);
		memcpy(instant + 8, in.p + 5, 2);
		memcpy(instant + 11, in.p + 17, 8);
		return calendar_read_instant(slice_of(instant, 20), out);
	}
	return -1;
}

int64_t pace_retry_after(struct slice value, struct slice date, int64_t now)
{
	uint64_t seconds;
	int64_t until;

	if (number_read(value, 0, INT32_MAX, &seconds) == 0)
		return (int64_t)seconds;
	if (date_read(value, &until) < 0)
		return -1;
	(void)date_read(date, &now);    /* the server's clock, where it tells, since ours may differ */
	return until > now ? until - now : 0;
}

int64_t pace_reset(struct slice value, int64_t now)
{
	uint64_t number;
	int64_t until;

	if (number_read(value, 0, INT64_MAX, &number) == 0) {
		if (number < 1000000000)
			return (int64_t)number;
		until = (int64_t)number;
	} else if (calendar_read_instant(value, &until) < 0) {
		return -1;
	}
	return until > now ? until - now : 0;
}

int64_t pace_again(const struct pace_hint *hint, unsigned tried, uint32_t random)
{
	int64_t us = SECOND << (tried < 6 ? tried - 1 : 5), asked = (hint->retry_after >= 0 ? hint->retry_after : hint->reset) * SECOND;

	if (us < asked)
		us = asked;
	return us + (us > 30 * SECOND ? 10 * SECOND : us / 3) / 1000 * (random % 1000);
}
