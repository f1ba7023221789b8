/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What entra_saml.c and entra_logout.c share: lasso's server and the applications registered. */
#ifndef TESTS_DEMO_ENTRA_IDP_H
#define TESTS_DEMO_ENTRA_IDP_H

#include "tests/demo/entra_saml.h"

#include <lasso/lasso.h>

#define APPLICATIONS_MAX 8

struct entra_application {
	char *entity_id;
	char *acs_urls;                 /* with a comma between */
	char *logout_url;               /* NULL: none */
};

struct entra_idp {
	LassoServer *server;
	char *tenant, *issuer;
	bool sign_assertion, sign_response;
	char *encrypt_for;              /* certificate, base64 without line breaks; NULL: nothing is encrypted */
	struct entra_application applications[APPLICATIONS_MAX];
	size_t application_count;
};

/* NULL: not registered. */
const struct entra_application *entra_idp_application(const struct entra_idp *idp, const char *entity_id);

#endif
