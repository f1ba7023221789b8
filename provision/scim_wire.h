/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What reading and changing by SCIM share.  Internal to provision/. */
#ifndef PROVISION_SCIM_WIRE_H
#define PROVISION_SCIM_WIRE_H

#include "provision/answer.h"
#include "provision/scim_client.h"

#define SCIM_TYPE "application/scim+json"
#define SCIM_CORE_USER "urn:ietf:params:scim:schemas:core:2.0:User"
#define SCIM_CORE_GROUP "urn:ietf:params:scim:schemas:core:2.0:Group"
#define SCIM_ENTERPRISE "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
#define SCIM_ATLASSIAN "urn:scim:schemas:extension:atlassian-external:1.0"
#define SCIM_PATCH "urn:ietf:params:scim:api:messages:2.0:PatchOp"
#define SCIM_NEEDS "the API key of this very directory (Security, Identity providers), which ends a year after it was made at the latest"

/* r->why tells what is wrong. */
struct world_user scim_user_of(struct answer *r, const json_t *resource);
/* members NULL: the answer does not name any, which need not mean that there are none. */
struct world_group scim_group_of(struct answer *r, const json_t *resource);

/* The one resource of `/Users` or `/Groups` whose `attribute` is `value`: calls `each`.  1 found, 0 there is none, -1 error. */
int scim_find(struct arena *a, struct web *w, const char *endpoint, const char *attribute, const char *value,
	void (*each)(struct answer *r, const json_t *resource, void *context), void *context, unsigned *requests, struct error *err);
int scim_find_user(struct arena *a, struct web *w, const char *attribute, const char *value, struct world_user *out, unsigned *requests,
	struct error *err);
int scim_find_group(struct arena *a, struct web *w, const char *name, struct world_group *out, unsigned *requests, struct error *err);

#endif
