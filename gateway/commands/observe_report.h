/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `postern observe report` counts, line by line of the audit, and how it is printed. */
#ifndef GATEWAY_OBSERVE_REPORT_H
#define GATEWAY_OBSERVE_REPORT_H

#include "gateway/report.h"
#include "gateway/settings/settings.h"

/* One person with one word of the rules: it may change while it is tried, so a person can have several. */
struct observe_person {
	const char *key;                /* of all that follows up to `reason` */
	const char *mail, *dn, *door;
	const char *verdict;            /* "same", "denied", "elsewhere", "refused" */
	const char *outcome, *rule, *requirement, *reason;      /* NULL: none */
	size_t count;
	int64_t first, last;
};

struct observe_report {
	struct arena *arena;
	const struct settings *settings;
	const char *door;               /* NULL: all */
	int64_t since;
	void *tree;                     /* of struct observe_person, by key (tsearch) */
	struct observe_person **people; /* in the order in which they were met */
	size_t person_count;
	size_t lines, observed, unreadable;     /* lines seen; that count here; that have "observed" and are no JSON */
	int64_t first, last;
};

struct observe_report *observe_report_new(struct arena *a, const struct settings *s, const char *door, int64_t since);
void observe_report_line(struct observe_report *r, struct slice line);
/* Ends it: the tree is gone afterwards. */
void observe_report_print(struct observe_report *r, enum report_form form);

#endif
