/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a follower stands, and what went lately: the cookie that the mirror
 * keeps in the transaction of what it stands for.
 *
 * What Entra ID deletes comes one after the other, some at each look, whether
 * two people left or somebody took the assignment of all away.  So it is added
 * up: from the first one on for a day, and while so much has gone that the rest
 * is held, until that is over.
 */
#ifndef SCIM_STANDING_H
#define SCIM_STANDING_H

#include "scim/internal.h"

#define STANDING_SIZE (SCIM_ID_SIZE + 4 * 8)
#define STANDING_DAY ((int64_t)86400)
#define STANDING_UNTIL_DECIDED INT64_MAX        /* of `since` */

struct standing {
	unsigned char file[SCIM_ID_SIZE];       /* all zero: at no file's */
	uint64_t number;
	int64_t since;                  /* when the first of them went; 0: none did */
	uint64_t went[2];               /* by enum resource */
};

void standing_write(const struct standing *s, char out[STANDING_SIZE]);
bool standing_read(struct slice cookie, struct standing *out);
/* Whether the file goes on from there.  False: it is another one, or an older copy, whatever was written to it since. */
bool standing_fits(const struct standing *s, const struct data_place *now);
/* So many of a kind went. */
void standing_add(struct standing *s, enum resource kind, size_t n, int64_t now);
/* What went more than a day ago counts no more. */
void standing_age(struct standing *s, int64_t now);
void standing_forget(struct standing *s);

#endif
