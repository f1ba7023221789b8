/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What plans say to people: tasks with what is to be done, and the words of problems. */
#include "provision/plan.h"

struct task_text {
	const char *word, *title, *link;
	const char *steps[7];
};

static const struct task_text tasks[TASK_KINDS] = {
	[TASK_TO_MANAGED] = {
		"to-managed", "Portal-only accounts that have to become Atlassian accounts",
		"https://support.atlassian.com/user-management/docs/migrate-a-portal-only-customer-to-atlassian-account/",
		{
			"Open https://admin.atlassian.com, Apps, the site, Jira Service Management, Portal-only customers.",
			"Find the person by mail; in the menu at the end of the row choose the migration to an Atlassian account. "
				"It is done one at a time, by an organisation administrator.",
			"Requests of the person stay theirs. Do not delete the portal-only account first: they would be lost.",
			"Plan again: the Atlassian account is then found by its mail and adopted.",
		},
	},
	[TASK_TO_PORTAL] = {
		"to-portal", "Atlassian accounts of people who shall be portal-only customers",
		"https://support.atlassian.com/organization-administration/docs/copy-customers-with-mismatched-account-types/",
		{
			"Atlassian has no way back from an Atlassian account to a portal-only one, and plans none.",
			"Simplest: give these people the outcome customer. An Atlassian account without a product costs nothing.",
			"Until then they keep all they have, licensed groups too. Who of them is billed leaves these by "
				"postern apply --release groups, which is tried with one person first.",
			"Otherwise: at https://admin.atlassian.com, Directory, Users, take away every product; "
				"when nothing of theirs is needed any more, delete the account, which takes 14 days.",
			"Import the inventory of accounts again (or wait for its next reading), then plan again.",
		},
	},
	[TASK_MAIL_MOVED] = {
		"mail-moved", "Mails that were another person's",
		"https://developer.atlassian.com/cloud/admin/user-provisioning/email-change",
		{
			"Ask whether both are one human being (a new entry in the directory, a return after years), or two.",
			"One: postern apply --confirm MAIL says that the mail is the new entry's; the account passes to it with all in it.",
			"Two: give the old account another mail first, at https://admin.atlassian.com, Directory, Users, "
				"or delete it; then confirm. Nobody must inherit another person's requests and rights.",
			"Plan again.",
		},
	},
	[TASK_ONE_MAIL] = {
		"one-mail", "Two people of the directory with one mail",
		"https://support.atlassian.com/provisioning-users/docs/understand-user-provisioning/",
		{
			"An account at Atlassian belongs to one mail, so only one of them can have one.",
			"Correct the mail of one of the two entries in the directory; or deny the outcome to the one that is no person.",
		},
	},
	[TASK_TWO_ACCOUNTS] = {
		"two-accounts", "People with more than one account",
		"https://support.atlassian.com/provisioning-users/docs/understand-user-provisioning/",
		{
			"Look at both at https://admin.atlassian.com, Directory, Users: which one is used?",
			"Give the other one another mail, or deactivate it. Accounts cannot be merged.",
			"Plan again: the one that is left is adopted.",
		},
	},
	[TASK_PORTAL_MAIL] = {
		"portal-mail", "Portal-only customers whose mail changed",
		"https://support.atlassian.com/jira-service-management-cloud/docs/configure-settings-to-authenticate-your-customers",
		{
			"The interface of the site cannot change a customer's mail.",
			"Open https://admin.atlassian.com, Apps, the site, Jira Service Management, Portal-only customers, "
				"find the old mail and edit it.",
			"Do it before the person signs on with the new mail: the portal would make a second customer.",
		},
	},
	[TASK_PORTAL_RETURN] = {
		"portal-return", "Portal-only customers whose access was revoked and is wanted again",
		"https://support.atlassian.com/jira-service-management-cloud/docs/configure-settings-to-authenticate-your-customers",
		{
			"The interface of the site cannot give portal access back.",
			"Open https://admin.atlassian.com, Apps, the site, Jira Service Management, Portal-only customers, "
				"find the person and grant access again.",
		},
	},
	[TASK_PRODUCTS] = {
		"products", "People who are billed for a product that no rule gives them",
		"https://support.atlassian.com/subscriptions-and-billing/docs/manage-your-bill-for-atlassian-guard-standard",
		{
			"Open https://admin.atlassian.com, Directory, Users, and find the person by mail.",
			"Take away each product that is named. A product that a group gives: take them out of that group.",
			"Trello is counted while the person is in any workspace, free ones too: an administrator of the workspace removes them.",
			"Somebody else's site counts, too: the person leaves it, or its administrator removes them.",
			"The bill follows with up to a day's delay. Import the inventory again, then look once more.",
		},
	},
	[TASK_GROUP_PRODUCTS] = {
		"group-products", "New groups that need the products of those whose place they take",
		"https://support.atlassian.com/user-management/docs/manage-group-access-to-apps/",
		{
			"postern apply makes the new group, and puts its people in. It gives no access yet, so they stay in the old one, too.",
			"Open https://admin.atlassian.com, Apps, the site, the product, Users, Add groups: "
				"give the new group each product and role of the old one.",
			"postern apply --confirm OLDGROUP says that this was done, or that there is nothing to give: the old group is left, "
				"and deleted where nothing names it.",
		},
	},
	[TASK_MAIL_OUTSIDE] = {
		"mail-outside", "New mails outside of the organisation's domains",
		"https://support.atlassian.com/provisioning-users/docs/understand-user-provisioning/",
		{
			"With that mail the account would be managed no more: single sign-on and provisioning would not reach it, and it stays with whoever "
				"has the mail. So it keeps the old one, and nothing else is done about this person.",
			"The mail is right, and the domain yours: verify it at https://admin.atlassian.com, Settings, Domains, then plan again.",
			"The person shall leave the company's accounts: take the rule away that gives one.",
			"People of other domains shall have accounts of the organisation, as external users: accounts: external_users: yes.",
		},
	},
	[TASK_GROUP_NEW] = {
		"group-new", "New licensed groups that need a product",
		"https://support.atlassian.com/user-management/docs/manage-group-access-to-apps/",
		{
			"postern apply makes the group, and puts its people in. It gives access to nothing yet.",
			"Open https://admin.atlassian.com, Apps, the site, the product, Users, Add groups: add the group, with the role that its people "
				"shall have.",
			"That is asked until the inventory shows that they are billed (accounts: organization), or without an inventory for a day.",
		},
	},
};

const char *plan_task_word(enum plan_task_kind kind)
{
	return tasks[kind].word;
}

const char *plan_task_title(enum plan_task_kind kind)
{
	return tasks[kind].title;
}

const char *const *plan_task_steps(enum plan_task_kind kind)
{
	return tasks[kind].steps;
}

const char *plan_task_link(enum plan_task_kind kind)
{
	return tasks[kind].link;
}

const char *plan_problem_word(enum plan_problem_kind kind)
{
	static const char *const words[PROBLEM_KINDS] = {
		[PROBLEM_TARGET_UNREAD] = "target-unread",
		[PROBLEM_NO_INVENTORY] = "no-inventory",
		[PROBLEM_HELD] = "held",
		[PROBLEM_NO_MAIL] = "no-mail",
		[PROBLEM_PROTECTED] = "protected",
		[PROBLEM_CUSTOMER_LICENSED] = "customer-licensed",
		[PROBLEM_GROUP_BUILTIN] = "group-builtin",
		[PROBLEM_GROUP_FULL] = "group-full",
		[PROBLEM_GROUP_FIXED] = "group-fixed",
		[PROBLEM_GROUP_UNKNOWN] = "group-unknown",
		[PROBLEM_GROUP_KEPT] = "group-kept",
		[PROBLEM_STRANGERS] = "strangers",
		[PROBLEM_DIRECTORY_FULL] = "directory-full",
		[PROBLEM_INVENTORY_OLD] = "inventory-old",
		[PROBLEM_BILLED_LEFT] = "billed-left",
		[PROBLEM_OTHER_KIND_UNREAD] = "other-kind-unread",
		[PROBLEM_DESK_OPEN] = "desk-open",
		[PROBLEM_MAIL_OUTSIDE] = "mail-outside",
		[PROBLEM_GROUP_CASE] = "group-case",
		[PROBLEM_DOMAINS_UNKNOWN] = "domains-unknown",
	};

	return words[kind];
}
