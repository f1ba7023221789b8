/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Texts in the plain text of a sealed cookie: each behind its length, "not there" apart from "empty". */
#ifndef GATEWAY_PACKED_H
#define GATEWAY_PACKED_H

#include "base/arena.h"

#define PACKED_MAX 0xfffe               /* bytes of one text */

/* Bytes that packed_put writes. */
size_t packed_size(struct slice s);
/* Moves *at behind what it wrote. */
void packed_put(char **at, struct slice s);
/* A copy, with a NUL behind it; `from` moves behind it.  0, or -1: cut off. */
int packed_take(struct arena *a, struct slice *from, struct slice *out);

#endif
