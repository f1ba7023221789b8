/* SPDX-License-Identifier: GPL-3.0-or-later */
/* "Did you mean": which of some words was written with a typing error or two. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

struct nearest {
	const char *written;
	const char *word;               /* of those considered so far; NULL: none is near */
	size_t distance;
};

struct nearest nearest_begin(const char *written);
void nearest_consider(struct nearest *n, const char *word);

#endif
