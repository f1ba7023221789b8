/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What reading and changing by the Organizations API share.  Internal to provision/. */
#ifndef PROVISION_ORGANIZATION_WIRE_H
#define PROVISION_ORGANIZATION_WIRE_H

#include "provision/answer.h"
#include "provision/organization_client.h"

#define ORGANIZATION_NEEDS "an API key of the organisation (Settings, API keys), made by an organisation administrator"

int organization_open(const struct organization *o, struct web **out, struct error *err);

/* The path of the page behind this one; NULL: there is none, or r->why. */
const char *organization_next(struct answer *r, const char *base, const char *list, const char *next);

#endif
