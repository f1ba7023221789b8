/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The other reader: lasso's verdict on a Response, and the conditions that
 * lasso leaves to its caller, asked of the objects that lasso read and not of
 * anything of ours.
 */
#ifndef TESTS_DIFFERENTIAL_SECOND_READER_H
#define TESTS_DIFFERENTIAL_SECOND_READER_H

#include "tests/unit/forge_encryption.h"

int second_reader_begin(void);
void second_reader_end(void);

/* 0 and the identity (in the forge's arena), or -1 and why not. */
int second_reader_read(struct slice base64, struct saml_identity *out, const char **why_out);

#endif
