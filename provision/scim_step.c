/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which step is which change by SCIM. */
#include "provision/scim_steps.h"

int scim_step(struct arena *a, struct web *w, const struct step *s, struct step_result *out, struct error *err)
{
	struct wanted wanted = {.fields = s->fields, .active = -1};
	struct wanted active = {.active = 1};
	struct step_result done = {0};
	int rc;

	switch (s->kind) {
	case STEP_USER_CREATE:
		rc = scim_user_create(a, w, &s->fields, &done, err);
		break;
	case STEP_USER_UPDATE:
		rc = scim_user_update(a, w, s->user, &wanted, &done, err);
		break;
	case STEP_USER_ACTIVATE:
		rc = scim_user_update(a, w, s->user, &active, &done, err);
		break;
	case STEP_USER_DEACTIVATE:
		rc = scim_user_deactivate(a, w, s->user, &done, err);
		break;
	case STEP_USER_DELETE:
		rc = scim_delete(a, w, "/Users/", s->user, &done, err);
		break;
	case STEP_GROUP_CREATE:
		rc = scim_group_create(a, w, s->name, &done, err);
		break;
	case STEP_GROUP_DELETE:
		rc = scim_delete(a, w, "/Groups/", s->group, &done, err);
		break;
	case STEP_MEMBERS_ADD:
	case STEP_MEMBERS_REMOVE:
		rc = scim_members(a, w, s, &done, err);
		break;
	default:
		return error_set(err, REASON_PROVISION_STEP, "%s: not by SCIM", step_kind_word(s->kind));
	}
	*out = done;            /* of a failed step, too: the ledger tells what was answered, and what was refused for sure */
	return rc;
}
