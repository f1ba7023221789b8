/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libxml2 and xmlsec1: started once a process, their messages sent to our log
 * at debug level.  For saml/ and its tests only.
 *
 * lasso_init starts xmlsec1 too.  Whoever needs lasso calls lasso_init first
 * and then this: it starts only what is not started.
 */
#ifndef SAML_LIBRARY_H
#define SAML_LIBRARY_H

#include "base/error.h"

int saml_library_start(struct error *err);      /* REASON_INTERNAL on failure; calling it again is fine */
void saml_library_stop(void);                   /* ends what saml_library_start started itself */

#endif
