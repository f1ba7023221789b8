/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern accounts`: the inventory of Atlassian accounts, filled and looked at. */
#include "base/clock.h"
#include "base/encode.h"
#include "gateway/commands/commands.h"
#include "gateway/host_user.h"
#include "gateway/settings/settings.h"
#include "gateway/service/folders.h"
#include "gateway/provisioning/provisioning.h"
#include "provision/accounts.h"

#define CSV_MAX ((size_t)256 << 20)

static int fail(const struct error *err)
{
	fprintf(stderr, "postern accounts: %s\n", err->detail);
	return 1;
}

static void print_list(const char *title, const char *const *list)
{
	size_t i;

	if (!list || !list[0])
		return;
	printf("%s", title);
	for (i = 0; list[i]; i++)
		printf("%s%s", i ? ", " : "", list[i]);
	putchar('\n');
}

static void print_problems(const char *of, const struct accounts_import *done)
{
	size_t i;

	for (i = 0; done->problems && done->problems[i]; i++)
		printf("%s: %s\n", of, done->problems[i]);
	if (done->problem_count > i)
		printf("%s: and %zu further problems\n", of, done->problem_count - i);
}

static int import(struct arena *a, const struct settings *s, const char *path)
{
	struct accounts_import done;
	struct slice csv;
	struct error err;

	/* the file read as who asks, the inventory written as the user whose roles read it */
	if (file_read(a, path, FILE_PUBLIC, CSV_MAX, &csv, &err) < 0 || folders_enter(a, s, settings_accounts_path(a, s), &err) < 0)
		return fail(&err);
	if (accounts_import_csv(a, settings_accounts_path(a, s), csv, clock_now(), &done, &err) < 0)
		return error_prefix(&err, "%s: ", path), fail(&err);
	if (done.managed)
		printf("%zu rows read; the inventory holds %zu managed accounts (before: %zu), %zu of them billed\n", done.rows, done.managed,
			done.before, done.billable);
	else
		printf("%zu rows read; no managed account is among them, so the inventory stays as it was\n", done.rows);
	if (done.portal)
		printf("%zu portal-only customers are known by it, too\n", done.portal);
	print_list("columns used:           ", done.columns_used);
	print_list("columns not needed:     ", done.columns_unneeded);
	print_list("columns not understood: ", done.columns_ignored);
	print_problems(path, &done);
	return 0;
}

/* By the organisation's interface, as the provision role does by itself. */
static int refresh(struct arena *a, struct files *files, const struct settings *s)
{
	struct accounts_import done;
	struct organization o;
	struct error err;
	int lock, rc = provisioning_organization(files, s, &o, &err);

	if (rc == 0)
		return error_set(&err, REASON_SETTINGS, "%s: accounts name no organization, so postern accounts import is the way", s->file), fail(&err);
	if (rc < 0 || folders_step_down(s, settings_accounts_path(a, s), &err) < 0 || provisioning_lock(a, s, &lock, &err) < 0)
		return fail(&err);
	if (provisioning_inventory(a, s, &o, &done, &err) < 0)
		return fail(&err);
	printf("%zu accounts read; the inventory holds %zu managed accounts (before: %zu), %zu of them billed\n", done.rows, done.managed,
		done.before, done.billable);
	print_problems("the list", &done);
	return 0;
}

static void print_account(const struct account *account)
{
	static const char *const kinds[] = {"unknown", "managed", "portal"};
	static const char *const billed[] = {"not said", "no", "yes"};

	printf("mail         %s\n", account->mail);
	if (account->name)
		printf("name         %s\n", account->name);
	if (account->id)
		printf("account id   %s\n", account->id);
	printf("kind         %s\n", kinds[account->kind]);
	if (account->status)
		printf("status       %s\n", account->status);
	printf("billed       %s\n", billed[account->billable + 1]);
	if (account->last_active)
		printf("last active  %s\n", account->last_active);
	print_list("products     ", account->products);
	if (account->at)
		printf("seen at      %s\n", account->at);
}

static int show(struct arena *a, const struct settings *s, const char *mail)
{
	struct accounts *accounts = NULL;
	struct accounts_found found = {0};
	struct error err;
	char as_of[21];
	int rc = 1;

	if (host_user_step_down(s->user, &err) < 0 || accounts_open(settings_accounts_path(a, s), &accounts, &err) < 0 ||
		accounts_find(a, accounts, mail, &found, &err) < 0) {
		fail(&err);
		goto out;
	}
	time_write(found.as_of, as_of);
	switch (found.answer) {
	case ACCOUNTS_NO_INVENTORY:
		puts("no inventory: postern accounts import FILE.csv makes one");
		break;
	case ACCOUNTS_NOT_LISTED:
		printf("%s is not listed (inventory of %s), and was seen nowhere; an export of managed accounts knows no others\n", mail, as_of);
		break;
	case ACCOUNTS_LISTED:
		print_account(&found.account);
		if (found.other_at)
			printf("besides      an account of the other kind at %s: requests of one person are split between them\n", found.other_at);
		if (found.account.at)
			time_write(found.account.as_of, as_of);
		printf("as of        %s\n", as_of);
		rc = 0;
		break;
	}
out:
	accounts_close(accounts);
	return rc;
}

int command_accounts(struct arena *a, const char *settings_path, int argc, char **argv)
{
	struct files *files = files_from_disk(a);
	const struct settings *s;
	struct error err;
	bool is_refresh = argc == 2 && strcmp(argv[1], "refresh") == 0;

	if (!is_refresh && (argc != 3 || (strcmp(argv[1], "import") != 0 && strcmp(argv[1], "show") != 0)))
		return CALLED_WRONGLY;
	if (settings_read_for(SETTINGS_TO_ANSWER, a, files, settings_path, &s, NULL, &err) < 0)
		return fail(&err);
	if (is_refresh)
		return refresh(a, files, s);
	return strcmp(argv[1], "import") == 0 ? import(a, s, argv[2]) : show(a, s, argv[2]);
}
