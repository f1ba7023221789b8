/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Randomness from OpenSSL; a failure ends the process, since no id that follows could be trusted. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>

#define RANDOM_ID_SIZE 34               /* "_", 32 hex digits, NUL */

void random_bytes(void *out, size_t n);
/* 128 bits as an xs:ID: begins with `_`, as SAML core 1.3.4 and Entra (AADSTS7500529) want. */
void random_id(char out[RANDOM_ID_SIZE]);

#endif
