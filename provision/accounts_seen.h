/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Accounts that Postern saw itself where it keeps accounts: SCIM users,
 * customers of the sites and desks, and those that it made; and portal-only
 * customers that an import lists.  So who has an account of the other kind is
 * known without any export, and accounts_find (accounts.h) tells of it.
 *
 * A second file beside the inventory, since that one is replaced as a whole by
 * what lists managed accounts.  Each account is there under its source: the
 * name of the connection.  A source is replaced only by a list that was read
 * to its end, and not by one of fewer than half as many, which may have been
 * cut; until then what it held stays, with its time.  Who is not in the
 * file is not known to have no account: nothing that is read here ever gives
 * anything.
 *
 * Written by the provision role and by commands as its user, never while the
 * same process has the inventory open.  Losing the file costs a look, and the
 * customers of imports; whoever writes makes a damaged one anew, and says so.
 */
#ifndef PROVISION_ACCOUNTS_SEEN_H
#define PROVISION_ACCOUNTS_SEEN_H

#include "provision/accounts.h"
#include "provision/ledger.h"

enum seen_trust {
	SEEN_DOUBTED,                   /* nobody looked */
	SEEN_TRUSTED                    /* somebody says that what is listed is all there is */
};

/*
 * What a look at the world taught, and what the ledger knows that Postern made: the accounts of each target that was read whole
 * replace what stood there; those of a target that was not stay; those of connections that are no more go.  path: of the inventory.
 */
int accounts_seen_note(const char *path, const struct desired *desired, const struct world *world, const struct ledger_view *ledger,
	enum seen_trust trust, struct error *err);
/* The portal-only customers that a file lists, in place of those of the file before. */
int accounts_seen_import(const char *path, const struct account *accounts, size_t n, int64_t now, struct error *err);
/* Makes a file anew that cannot be read as a whole: without that nobody is signed on, and nothing is planned.  None there is none to mend. */
int accounts_seen_mend(const char *path, struct error *err);

#endif
