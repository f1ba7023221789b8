/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What reading and changing by Jira Service Management's REST share.  Internal to provision/. */
#ifndef PROVISION_JSM_WIRE_H
#define PROVISION_JSM_WIRE_H

#include "provision/answer.h"
#include "provision/jsm_client.h"

#define JSM "/rest/servicedeskapi"
#define JSM_NEEDS "the token of a Jira administrator who administers the desk, too (scope manage:servicedesk-customer)"

struct world_user jsm_user_of(struct answer *r, const json_t *value);
void jsm_organization_of(struct answer *r, const json_t *value, struct world_group *out);

struct jsm_list {
	struct web *web;
	const char *endpoint;           /* fixed text, for the pace */
	const char *path;               /* without start and limit; has a query already when it holds `?` */
	bool experimental;
	void (*put)(struct answer *r, const json_t *value, void *context);
	void *context;
	unsigned requests;
	bool may_be_missing, is_missing;        /* what it is the list of is not there, or hidden from us (404): is that no failure; was it so */
};

/* Calls `put` for each value of every page.  0, also when it is missing, or -1. */
int jsm_each(struct arena *a, struct jsm_list *list, struct error *err);

#endif
