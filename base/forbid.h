/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Functions that do not compile here.
 *
 * Included before every file by the build (-include).  Each name below either
 * writes without a bound, keeps hidden state, or cannot report an error.
 * Write with base/text.h, read numbers with base/encode.h.
 */
#ifndef BASE_FORBID_H
#define BASE_FORBID_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#undef strcpy
#undef strcat
#undef sprintf
#undef vsprintf
#undef strtok
#undef atoi
#undef atol
#undef sscanf
#undef scanf
#undef gets
#define strcpy forbidden_strcpy
#define strcat forbidden_strcat
#define sprintf forbidden_sprintf
#define vsprintf forbidden_vsprintf
#define strtok forbidden_strtok
#define atoi forbidden_atoi
#define atol forbidden_atol
#define sscanf forbidden_sscanf
#define scanf forbidden_scanf
#define gets forbidden_gets

#endif
