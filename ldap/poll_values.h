/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What polling must understand of a directory that it knows nothing of: ids
 * that stay with an entry, stamps of time, and where it stopped.
 *
 * Functions of bytes: nothing here knows a connection.
 */
#ifndef LDAP_POLL_VALUES_H
#define LDAP_POLL_VALUES_H

#include "ldap/record.h"

/* Attributes that servers number their entries by, the first one that is there counts; ended by NULL. */
extern const char *const poll_id_attributes[];

/*
 * An id of any kind as the 16 bytes that the mirror keeps: those of a UUID or
 * of nsUniqueId where it is written as one, AD's GUIDs in the order of their
 * text, and a hash of whatever else somebody may number entries by.
 * -1: no value at all.
 */
int poll_id(const char *attribute, struct slice value, unsigned char uuid[UUID_SIZE]);

#define STAMP_SIZE 16                   /* 20261128221500Z and a NUL */

/* generalizedTime (RFC 4517 section 3.3.13) with seconds, fractions dropped; seconds since 1970.  0 or -1. */
int stamp_read(struct slice value, int64_t *out);
void stamp_write(int64_t t, char out[STAMP_SIZE]);

/* Where a poll stands. */
struct poll_place {
	int64_t known;                  /* the server's clock: what changed before is in the mirror; 0: nothing is known */
	int64_t compared;               /* our clock: when everything was last read */
	struct slice uri;               /* at which server */
};
/* -1: none that we wrote. */
int poll_place_read(struct slice cookie, struct poll_place *out);
struct slice poll_place_write(struct arena *a, const struct poll_place *place);

/*
 * The server's clock, of which we only see the stamps that it leaves in
 * entries.  When a stamp is seen, the clock cannot be behind it; and it goes on
 * as ours does.  A stamp of the future is somebody's mistake and not looked at:
 * believed, it would hide all changes until then.
 */
struct server_clock {
	int64_t stamp;                  /* 0: none was seen */
	int64_t at;                     /* monotonic, microseconds: when it was this time there, or later */
};
void server_clock_saw(struct server_clock *c, int64_t stamp, int64_t at, int64_t now);
/* A time that the server's clock had at least reached then; 0: not known. */
int64_t server_clock_at(const struct server_clock *c, int64_t at);

#endif
