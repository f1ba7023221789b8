/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The part of `postern check` about accounts that Postern answers for, and connections that are called otherwise now. */
#include "gateway/commands/check.h"
#include "gateway/provisioning/provisioning.h"
#include "gateway/report.h"

static int look(struct check *c, struct ledger *ledger, struct error *err)
{
	const struct settings *s = c->settings;
	struct target *targets = arena_alloc(c->arena, (s->connection_count + 1) * sizeof(*targets));
	struct ledger_view view;
	const char *orphan;
	size_t n = 0, accounts;

	if (ledger_load(c->arena, ledger, &view, err) < 0)
		return -1;
	for (size_t i = 0; i < s->connection_count; i++)
		if (s->connections[i].accounts)
			targets[n++] = (struct target){.name = s->connections[i].name};
	orphan = ledger_orphan(&view, targets, n, &accounts);
	if (orphan)
		say(c, FINDING_WARNING, "connections: the ledger has %zu accounts of %.200s, and no connection with accounts is called that, so nothing is "
			"planned any more: postern ledger rename %.200s NAME, or postern ledger forget %.200s", accounts, orphan, orphan, orphan);
	else
		say(c, FINDING_OK, "%s at Atlassian looked after", report_count(c->arena, view.count, "account", "accounts"));
	return 0;
}

void check_ledger(struct check *c)
{
	struct ledger *ledger = NULL;
	struct error err;

	if (c->settings->provision == PROVISION_OFF || !c->stepped_down)        /* which was said */
		return;
	if (ledger_open(provisioning_ledger_path(c->arena, c->settings), LEDGER_READ, &ledger, &err) < 0 || look(c, ledger, &err) < 0)
		say(c, FINDING_ERROR, "%s", err.detail);
	ledger_close(ledger);
}
