/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Randomness from OpenSSL; a failure ends the process, since no id that follows could be trusted. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>

#define RANDOM_ID_SIZE 34               /* "_", 32 hex digits, NUL */

void random_bytes(void *out, size_t n);
/* 128 bits as an xs:ID: begins with `_`, as SAML core 1.3.4 and Entra (AADSTS7500529) want. */
void random_id(char out[RANDOM_ID_SIZE]);

#define RANDOM_SPOKEN_SIZE 15
/* "k7qf-2m9x-w4ta": 60 bits in letters and digits that nobody mistakes for one another when reading aloud. */
void random_spoken(char out[RANDOM_SPOKEN_SIZE]);

#endif
