/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words for targets, people and steps: in plans, ledger and audit, so none ever changes. */
#include "provision/step.h"

const char *target_kind_word(enum target_kind kind)
{
	static const char *const words[] = {
		[TARGET_ORGANIZATION] = "organization",
		[TARGET_PORTAL_SCIM] = "portal-scim",
		[TARGET_PORTAL_REST] = "portal-rest",
	};

	return words[kind];
}

const char *desired_kind_word(enum desired_kind kind)
{
	static const char *const words[] = {
		[DESIRED_NOTHING] = "nothing",
		[DESIRED_LICENSED] = "licensed",
		[DESIRED_CUSTOMER] = "customer",
		[DESIRED_PORTAL] = "portal",
	};

	return words[kind];
}

const char *step_kind_word(enum step_kind kind)
{
	static const char *const words[STEP_KINDS] = {
		[STEP_USER_CREATE] = "user-create",
		[STEP_USER_UPDATE] = "user-update",
		[STEP_USER_ACTIVATE] = "user-activate",
		[STEP_USER_DEACTIVATE] = "user-deactivate",
		[STEP_GROUP_CREATE] = "group-create",
		[STEP_MEMBERS_ADD] = "members-add",
		[STEP_MEMBERS_REMOVE] = "members-remove",
		[STEP_GROUP_DELETE] = "group-delete",
		[STEP_CUSTOMER_CREATE] = "customer-create",
		[STEP_CUSTOMER_REVOKE] = "customer-revoke",
		[STEP_DESK_ADD] = "desk-add",
		[STEP_DESK_REMOVE] = "desk-remove",
		[STEP_ORGANIZATION_CREATE] = "organization-create",
		[STEP_ORGANIZATION_ADD] = "organization-add",
		[STEP_ORGANIZATION_REMOVE] = "organization-remove",
		[STEP_UNLINK] = "unlink",
		[STEP_USER_DELETE] = "user-delete",
		[STEP_RESTORE] = "restore",
		[STEP_ADOPT] = "adopt",
		[STEP_DESK_ATTACH] = "desk-attach",
		[STEP_DESK_DETACH] = "desk-detach",
	};

	return kind < STEP_KINDS ? words[kind] : "unknown";
}
