/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Counters of all processes, for /metrics.
 *
 * The parent makes one memory file of areas and hands it to each role.  A
 * process writes to the area that it was given and to no other, so there are
 * no locks; the metrics role reads them all and adds up.  An area outlives its
 * process and is given on with what it holds, so a counter never goes back
 * while the service runs.
 *
 * Counting must never be in the way of a sign-on: without memory for it (a
 * command, a unit test, no area left) `struct metrics` is NULL and nothing is
 * counted; more label values than there are rows for are counted as "other".
 * A reader believes nothing that stands in an area but numbers and bounded
 * text.
 *
 * An area also says how many connections its worker has.  Workers accept from
 * the same sockets; who has more than another lets that one go first, for a few
 * milliseconds.  And it says whether its worker can write the audit.  Nothing
 * else is decided by what stands here.
 */
#ifndef GATEWAY_METRICS_H
#define GATEWAY_METRICS_H

#include "base/arena.h"

#include <stdint.h>
#include <sys/types.h>

enum metric {
#define METRIC(name, kind, text, labels, help) METRIC_##name,
#include "gateway/metrics.def"
#undef METRIC
	METRIC_COUNT
};

enum metric_kind { COUNTER, GAUGE, HISTOGRAM };

struct metric_row {
	enum metric_kind kind;
	const char *name;               /* "postern_sign_ons_total" */
	const char *labels;             /* their names, with a blank between */
	const char *help;
};
extern const struct metric_row metrics_table[METRIC_COUNT];

struct metrics;

/* ---- writing ---- */

/*
 * One more.  A text for each label of the metric, then NULL as the end; a text
 * of "" where there is nothing to say.  Values must come from the settings or
 * from a table of ours, never from a browser: their number is what bounds the
 * memory.
 */
void metrics_count(struct metrics *m, enum metric metric, ...) __attribute__((sentinel));
/* A duration for a HISTOGRAM; below 0: it was not measured, nothing is counted. */
void metrics_time(struct metrics *m, enum metric metric, int64_t microseconds, ...) __attribute__((sentinel));

/* None yet, but it is there. */
void metrics_zero(struct metrics *m, enum metric metric, ...) __attribute__((sentinel));
struct settings;
/* In the parent, at each reading of the settings: what somebody waits for the first of, and the steps. */
void metrics_begin(struct metrics *m, const struct settings *s);

/* ---- who accepts next ---- */

/* How many connections this process has, and whether it accepts more.  True: another that accepts has fewer. */
bool metrics_connections(struct metrics *m, size_t n, bool accepts);
/* Of all that accept. */
uint64_t metrics_open_connections(const struct metrics *m);
/* In the parent: the process of this area is gone, and so is what it had and could not do. */
void metrics_forget(struct metrics *m, unsigned area);

/* ---- what does not work now ---- */

/* Since when this process cannot write the audit; 0: it can. */
void metrics_audit_fails(struct metrics *m, int64_t since);
/* The earliest of all processes. */
int64_t metrics_audit_failing(const struct metrics *m);

/* ---- the memory ---- */

#define METRICS_AREAS 256               /* processes at once; area 0 is the parent's own */

/* In the parent.  The file cannot change its size: a role that cuts it would end the others. */
int metrics_make(int *fd_out, struct error *err);
/*
 * Without a parent, in a file with a name: an area that nobody has, for as long
 * as the process keeps the descriptor.  Who may write it could cut it
 * and end the others by that, as with LMDB's lock files.
 */
unsigned metrics_take_area(int fd);
/* Area METRICS_AREAS: none is left, *out is NULL.  The descriptor stays the caller's. */
int metrics_open(int fd, unsigned area, struct metrics **out, struct error *err);
void metrics_close(struct metrics *m);
/* A copy of what stands in it now, to be read only; also of a descriptor that may not be written. */
int metrics_copy(int fd, struct metrics **out, struct error *err);
/* A number below 2^56 that is another one where the memory means something else: for a program that finds the memory of another. */
uint64_t metrics_layout(void);

/* ---- reading ---- */

/* What all areas hold, added up. */
struct metrics_sample {
	enum metric metric;
	const char *const *values;      /* one for each label, clean UTF-8 */
	uint64_t count;                 /* COUNTER */
	const uint64_t *buckets;        /* HISTOGRAM: METRICS_BUCKETS of them, not yet cumulated, the last without bound */
	uint64_t microseconds;          /* HISTOGRAM: all durations together */
};
#define METRICS_BUCKETS 13
extern const int64_t metrics_bounds[METRICS_BUCKETS - 1];       /* microseconds, ascending */

/* By metric, then by value. */
size_t metrics_read(struct arena *a, const struct metrics *m, const struct metrics_sample **out);

#endif
