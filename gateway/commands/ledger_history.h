/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern ledger calls`: what was last asked of Atlassian. */
#ifndef GATEWAY_LEDGER_HISTORY_H
#define GATEWAY_LEDGER_HISTORY_H

#include "gateway/report.h"
#include "provision/ledger.h"

struct ledger_history {
	struct arena *arena;
	size_t last;                    /* so many of those that are asked for */
	bool failed;                    /* only those */
	const char *mail;               /* only those about who has, or had, this mail; NULL: about anybody */
	bool json;
};

int ledger_history_print(const struct ledger_history *asked, struct ledger *ledger, struct error *err);

#endif
