/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SipHash-2-4 (Aumasson and Bernstein): where in a table of fixed size a key
 * of a stranger's choice stands.  Who does not know the secret finds no two
 * keys that meet.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/slice.h"

#include <stdint.h>

#define HASH_SECRET_SIZE 16

uint64_t hash_secretly(const unsigned char secret[HASH_SECRET_SIZE], struct slice bytes);

#endif
