/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The beginning of a parent that was executed in the place of another one:
 * what it finds in its process.
 *
 * The children serve on meanwhile.  What was handed over is looked at piece by
 * piece, and what is not what it is said to be is left.  When it cannot be
 * read at all (another version of handover.h), the listening sockets are found
 * among the descriptors and the children among the processes, so that nobody
 * is refused: all processes are then replaced as after a reload, without being
 * watched until they are.
 */
#ifndef GATEWAY_INHERIT_H
#define GATEWAY_INHERIT_H

#include "gateway/service/handover.h"

/* Names the memory file to the program that is executed; it is taken away at once, so no child has it. */
#define INHERIT_VARIABLE "POSTERN_HANDOVER"

/*
 * False, with everything empty: this process was started, not taken over.
 * Closes what nobody needs any more.  The children belong to the caller.
 */
bool inherit(struct handover *out);

#endif
