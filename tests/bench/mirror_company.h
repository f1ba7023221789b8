/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The directory that `make bench-mirror` makes up: any number of people, each
 * in 25 groups, nested six deep.
 *
 * Groups stand in columns of one width.  Level 1 of a column holds people,
 * level l holds the group below it; so a column's depth is the number of
 * groups that it gives to a person.  One more group holds everybody.
 */
#ifndef TESTS_BENCH_MIRROR_COMPANY_H
#define TESTS_BENCH_MIRROR_COMPANY_H

#include "ldap/mirror_write.h"

#define COMPANY_SUFFIX "dc=example,dc=org"
#define COMPANY_ROOT "cn=admin," COMPANY_SUFFIX
#define COMPANY_PASSWORD "bench"
#define COMPANY_GROUPS_EACH 25

struct company {
	size_t people, groups;          /* groups: as many as were asked for, down to a multiple, and everybody's */
	size_t width;                   /* groups of one level of a column */
};

/* False: too small for 25 groups each. */
bool company_make(size_t people, size_t groups, struct company *out);
/* i < people, g < groups; in the arena, but for the ids. */
void company_person(struct arena *a, size_t i, struct entry *out);
void company_group(struct arena *a, const struct company *c, size_t g, struct entry *out);
/* The claim that finds person i. */
void company_object_id(size_t i, char out[37]);
size_t company_everybody(const struct company *c);      /* the group that holds all people */

/* uris NULL: nowhere. */
struct directory_options company_options(const char *name, const char *const *uris);

/* Of this process, what it has used and had to wait for. */
struct usage {
	double cpu_us;
	long waits;                     /* times it gave its core away by itself: a lock, a disk, a nap */
};
struct usage usage_now(void);

void must(int rc, const struct error *err);     /* says what and ends */
int by_number(const void *a, const void *b);    /* for qsort of int64_t */

#endif
