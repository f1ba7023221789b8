/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For how long it is heeded that Atlassian asked for nothing to be sent, in this process and after a restart. */
#ifndef PROVISION_LEFT_ALONE_H
#define PROVISION_LEFT_ALONE_H

#include <stdbool.h>
#include <stdint.h>

#define LEFT_ALONE_MOST ((int64_t)86400)        /* seconds that are heeded of what an answer asks for */
#define LEFT_ALONE_CLOCKS_DIFFER 300            /* seconds */

/* Whether that time, of now or of a run before, is still to be waited for.  One further away than any is was noted while a clock was ahead. */
static inline bool left_alone_still(int64_t until, int64_t now)
{
	return until > now && until - now <= LEFT_ALONE_MOST + LEFT_ALONE_CLOCKS_DIFFER;
}

#endif
