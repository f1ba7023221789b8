/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of `postern check` share. */
#ifndef GATEWAY_CHECK_H
#define GATEWAY_CHECK_H

#include "gateway/settings/keyring.h"
#include "gateway/settings/settings.h"

struct check {
	struct arena *arena;
	struct files *files;
	const struct settings *settings;
	struct keyring keyring;
	bool offline;
	bool stepped_down;              /* root's rights were given up */
	size_t errors, warnings;
};

enum finding { FINDING_OK, FINDING_WARNING, FINDING_ERROR };

/* One line of the report, counted. */
void say(struct check *c, enum finding finding, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define SOON_SECONDS ((int64_t)30 * 86400)

/* When something ends: an error from then on, a warning SOON_SECONDS before. */
void check_until(struct check *c, const char *what, int64_t until);

void check_listen(struct check *c);
void check_providers(struct check *c);

/* Conditions were parsed by settings_read; here is what they mean that an administrator may not expect. */
void check_rules(struct check *c);
/* The inventory, and where accounts were seen.  Gives up root's rights. */
void check_accounts(struct check *c);
/* Whether exceptions end, and what follows; by the mirror, so after root's rights were given up. */
void check_exceptions(struct check *c, struct mirror *mirror);
/* How old the mirror is.  After root's rights were given up. */
void check_mirror(struct check *c);
/* Tokens, and when Entra ID was last heard.  The same. */
void check_scim(struct check *c);
/* Whether accounts are kept of a connection that is none.  The same. */
void check_ledger(struct check *c);
/* Traps among the people of the mirror, where there is one.  After the last step that needs root's rights. */
void check_people(struct check *c);

#endif
