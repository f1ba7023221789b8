/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is known of accounts at Atlassian, and since when. */
#include "gateway/api_keys.h"
#include "gateway/commands/check.h"

#include "base/clock.h"
#include "base/encode.h"
#include "gateway/host_user.h"
#include "gateway/judge.h"
#include "gateway/report.h"
#include "provision/accounts.h"

struct sources {
	struct check *check;
	bool alone;                     /* there is no inventory, so who was seen there is judged by this age */
};

static void say_source(const char *at, int64_t as_of, void *context)
{
	const struct sources *sources = context;
	struct check *c = sources->check;
	char read[21];

	time_write(as_of, read);
	if (sources->alone && judge_inventory_is_old(c->settings, as_of, clock_now()))
		say(c, FINDING_ERROR, "%s: accounts: max_age: what was seen at %s as of %s is too old, sign-ons of those people are refused",
			c->settings->file, at, read);
	else
		say(c, FINDING_OK, "seen at %s as of %s", at, read);
}

/* Nothing else tells when one ends, and then accounts stay as they are. */
static void check_key_ends(struct check *c)
{
	const struct api_key *keys;
	size_t n = c->settings->provision == PROVISION_OFF && !c->settings->accounts.organization ? 0 : api_keys_look(c->arena, c->settings, &keys);
	char ends[21];

	for (size_t i = 0; i < n; i++) {
		if (keys[i].ends && !keys[i].written)
			continue;
		time_write(keys[i].ends, ends);
		say(c, FINDING_WARNING, "%s is not set, so nobody knows when the key of %s ends: %s%.10s; look it up at Atlassian", keys[i].setting,
			keys[i].of, keys[i].ends ? "by the age of its file at the latest on " : "a year after it was made at the latest",
			keys[i].ends ? ends : "");
	}
}

void check_accounts(struct check *c)
{
	const struct settings *s = c->settings;
	struct sources sources = {.check = c};
	struct accounts *accounts = NULL;
	struct error err;
	char as_of[21];
	int64_t at = 0;
	size_t count = 0;
	int rc = -1;

	puts("accounts");
	/* from here on without root's rights */
	c->stepped_down = host_user_step_down(s->user, &err) == 0;
	if (c->stepped_down && accounts_open(settings_accounts_path(c->arena, s), &accounts, &err) == 0)
		rc = accounts ? accounts_inventory(accounts, &at, &count, &err) : 0;
	time_write(at, as_of);
	if (rc < 0)
		say(c, FINDING_ERROR, "%s", err.detail);
	else if (rc == 0)
		say(c, FINDING_WARNING, "no inventory, so kinds of accounts are known where one was seen at a connection, at most: postern accounts %s",
			s->accounts.organization ? "refresh" : "import FILE.csv");
	else if (judge_inventory_is_old(s, at, clock_now()))
		say(c, FINDING_ERROR, "%s: accounts: max_age: the inventory of %s is too old, sign-ons are refused", s->file, as_of);
	else
		say(c, FINDING_OK, "%s as of %s", report_count(c->arena, count, "account", "accounts"), as_of);
	sources.alone = rc == 0;
	if (accounts && rc >= 0 && accounts_each_source(accounts, say_source, &sources, &err) < 0)
		say(c, FINDING_ERROR, "%s", err.detail);
	accounts_close(accounts);
	check_key_ends(c);
}
