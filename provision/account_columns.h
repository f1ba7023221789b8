/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which column of an export means what.  Internal to provision/. */
#ifndef PROVISION_ACCOUNT_COLUMNS_H
#define PROVISION_ACCOUNT_COLUMNS_H

#include "provision/accounts.h"
#include "provision/csv.h"

enum column {
	COLUMN_MAIL,
	COLUMN_NAME,
	COLUMN_ID,
	COLUMN_STATUS,
	COLUMN_BILLABLE,
	COLUMN_LAST_ACTIVE,
	COLUMN_TYPE,
	COLUMN_COUNT
};

#define COLUMN_NONE ((size_t)-1)

struct account_columns {
	size_t at[COLUMN_COUNT];        /* COLUMN_NONE: not in this file */
	const char *const *products;    /* by column: the product it stands for, or NULL */
	const size_t *active;           /* by column of a product: that which says when it was last used, or COLUMN_NONE */
	size_t n;
	const char *const *used, *const *unneeded, *const *unknown;     /* headers, NULL-terminated */
};

/* REASON_FILE without a mail column, or with two of one meaning. */
int account_columns_read(struct arena *a, const struct csv_row *header, struct account_columns *out, struct error *err);

/* A copy without blanks at both ends. */
char *account_trimmed(struct arena *a, const char *text);

#endif
