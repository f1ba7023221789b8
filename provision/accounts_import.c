/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Atlassian's CSV export of managed accounts into the inventory.
 *
 * All or nothing in one transaction.  What must never happen is an inventory
 * that got emptier by mistake: who is not listed signs on as if no account
 * were known.  So a file that is mostly not understood changes nothing.
 */
#include "provision/account_columns.h"
#include "provision/account_record.h"
#include "provision/accounts_news.h"
#include "provision/accounts_seen.h"

#include <inttypes.h>

#define PROBLEMS_KEPT 20

struct import {
	struct arena *arena;            /* the caller's: for the report */
	struct csv csv;
	struct account_columns columns;
	const char *path;               /* of the inventory */
	struct accounts_before *before; /* what it held */
	struct store_txn *txn;          /* of the inventory; NULL: accounts are shown, not kept */
	void (*show)(const struct account *account, void *context);
	void *context;
	int64_t now;
	size_t unusable;
	const char **problems;
	struct account *customers;      /* portal-only ones, report.portal of them */
	struct accounts_import report;
};

static void problem(struct import *im, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void problem(struct import *im, int line, const char *format, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, format);
	if (vsnprintf(text, sizeof(text), format, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	if (im->report.problem_count < PROBLEMS_KEPT)
		im->problems[im->report.problem_count] = arena_printf(im->arena, "line %d: %s", line, text);
	im->report.problem_count++;
}

/* ---- one row ---- */

/* The trimmed field of a column; NULL when the file has no such column or the field is empty. */
static const char *field(struct arena *a, const struct import *im, const struct csv_row *row, enum column column)
{
	size_t at = im->columns.at[column];
	const char *text = at == COLUMN_NONE ? "" : account_trimmed(a, row->fields[at]);

	return *text ? text : NULL;
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcasecmp(text, *words) == 0)
			return true;
	return false;
}

static const char *const words_yes[] = {"yes", "true", "billable", "billed", "y", "1", NULL};
static const char *const words_no[] = {"no", "false", "non-billable", "not billable", "not billed", "none", "n", "0", "-",
	"n/a", NULL};

static bool is_mail(const char *text)
{
	const char *at = strchr(text, '@');

	return at && at != text && at[1] && !strchr(at + 1, '@') && !strpbrk(text, " \t\r\n,;<>\"") &&
		strlen(text) <= ACCOUNT_MAIL_MAX;
}

static int read_billable(struct import *im, int line, const char *text)
{
	if (!text)
		return -1;
	if (is_one_of(text, words_yes))
		return 1;
	if (is_one_of(text, words_no))
		return 0;
	problem(im, line, "`%.60s` does not say whether the account is billed", text);
	return -1;
}

/* The cell of a product's column holds the sites, or a word. */
static void read_products(struct arena *a, const struct import *im, const struct csv_row *row, struct account *out)
{
	const char **products = arena_alloc(a, (row->n + 1) * sizeof(*products)), *cell;
	const char **active = arena_alloc(a, (row->n + 1) * sizeof(*active));
	bool said = false;
	size_t n = 0;

	for (size_t i = 0; i < row->n; i++) {
		cell = im->columns.products[i] ? account_trimmed(a, row->fields[i]) : "";
		if (!*cell || is_one_of(cell, words_no))
			continue;
		active[n] = im->columns.active[i] == COLUMN_NONE ? "" : account_trimmed(a, row->fields[im->columns.active[i]]);
		said = said || *active[n];
		products[n++] = im->columns.products[i];
	}
	out->products = products;
	out->products_active = said ? active : NULL;
}

/* Exports of a domain or a site may list other accounts beside managed ones. */
static enum account_kind read_kind(const char *type)
{
	static const char *const portal[] = {"customer", "portal-only", "portal only", "portal-only customer", "portal customer", NULL};
	static const char *const none[] = {"app", "service", NULL};

	if (!type || (!is_one_of(type, portal) && !is_one_of(type, none)))
		return ACCOUNT_MANAGED;
	return is_one_of(type, portal) ? ACCOUNT_PORTAL : ACCOUNT_UNKNOWN;
}

/* 1 used, 0 left out with a problem. */
static int read_account(struct arena *a, struct import *im, const struct csv_row *row, struct account *out)
{
	const char *mail, *type;

	if (row->n != im->columns.n) {
		problem(im, row->line, "%zu fields where the header has %zu", row->n, im->columns.n);
		return 0;
	}
	mail = field(a, im, row, COLUMN_MAIL);
	if (!mail || !is_mail(mail)) {
		problem(im, row->line, mail ? "`%.80s` is not a mail address" : "no mail address", mail);
		return 0;
	}
	type = field(a, im, row, COLUMN_TYPE);
	if (read_kind(type) == ACCOUNT_UNKNOWN) {
		problem(im, row->line, "%.80s: an account of type `%.40s` is nobody's", mail, type);
		return 0;
	}
	*out = (struct account){
		.mail = mail,
		.name = field(a, im, row, COLUMN_NAME),
		.id = field(a, im, row, COLUMN_ID),
		.kind = read_kind(type),
		.status = field(a, im, row, COLUMN_STATUS),
		.billable = read_billable(im, row->line, field(a, im, row, COLUMN_BILLABLE)),
		.last_active = field(a, im, row, COLUMN_LAST_ACTIVE),
		.as_of = im->now,
	};
	read_products(a, im, row, out);
	return 1;
}

/* They are no part of the inventory proper, which would say by them that there are no further ones. */
static void keep_customer(struct import *im, const struct account *account)
{
	im->customers = arena_grow(im->arena, im->customers, im->report.portal, sizeof(*im->customers));
	im->customers[im->report.portal++] = (struct account){.mail = arena_strdup(im->arena, account->mail), .kind = ACCOUNT_PORTAL,
		.id = arena_strdup(im->arena, account->id), .status = arena_strdup(im->arena, account->status), .billable = -1};
}

static int keep_account(struct arena *a, struct import *im, int line, const struct account *account, struct error *err)
{
	const char *why = NULL;
	int rc = 1;

	if (im->txn && account->kind == ACCOUNT_PORTAL) {
		keep_customer(im, account);
		return 0;
	}
	if (im->txn)
		rc = account_put(a, im->txn, account, &why, err);
	else
		im->show(account, im->context);
	if (rc < 0)
		return -1;
	if (why)
		problem(im, line, "%.80s: %s", account->mail, why);
	if (rc == 0)
		return 0;
	if (im->txn)
		accounts_before_compare(im->before, account);
	im->report.managed += rc == 1 && account->kind == ACCOUNT_MANAGED;
	im->report.billable += account->billable == 1;
	return 0;
}

/* ---- the file ---- */

/* 1 a row, 0 the end, -1 error. */
static int import_row(struct arena *a, struct import *im, struct error *err)
{
	struct account account;
	struct csv_row row;
	int rc = csv_next(a, &im->csv, &row, err);

	if (rc <= 0)
		return rc;
	if (row.n == 1 && row.fields[0][0] == '\0')
		return 1;
	im->report.rows++;
	if (!read_account(a, im, &row, &account)) {
		im->unusable++;
		return 1;
	}
	return keep_account(a, im, row.line, &account, err) < 0 ? -1 : 1;
}

static int import_rows(struct import *im, struct error *err)
{
	struct arena *scratch;
	int rc;

	do {
		scratch = arena_new();
		rc = import_row(scratch, im, err);
		arena_free(scratch);
	} while (rc == 1);
	return rc;
}

static int require_accounts(const struct import *im, struct error *err)
{
	const char *so = im->txn ? ", so the inventory stays as it was" : "";
	const struct accounts_import *r = &im->report;

	if (r->portal && r->managed == 0 && im->unusable <= r->rows - im->unusable)
		return 0;
	if (r->managed == 0 && r->problem_count == 0)
		return error_set(err, REASON_FILE, "the file lists no account%s", so);
	if (r->managed == 0)
		return error_set(err, REASON_FILE, "the file lists no account that can be used%s; %s", so, im->problems[0]);
	if (im->unusable > r->rows - im->unusable)
		return error_set(err, REASON_FILE, "%zu of %zu rows cannot be used%s; %s", im->unusable, r->rows, so, im->problems[0]);
	if (im->txn && r->portal && accounts_are_cut(r->before, r->managed))
		return error_set(err, REASON_FILE, "a list of customers, %zu managed accounts among them where the inventory holds %zu%s; take the rows of "
			"managed ones out, or import an export of all of these", r->managed, r->before, so);
	return 0;
}

static int put_as_of(struct import *im, struct error *err)
{
	struct slice now = slice_c(arena_printf(im->arena, "%" PRId64, im->now));

	return store_put(im->txn, ACCOUNTS_IMPORTED, accounts_as_of_key, now, err);
}

static int replace(struct import *im, struct store *store, struct error *err)
{
	if (store_begin_write(store, &im->txn, err) < 0)
		return -1;
	if (store_count(im->txn, ACCOUNTS_MANAGED, &im->report.before, err) < 0 ||
		accounts_before_read(im->arena, im->txn, &im->before, err) < 0 || store_clear(im->txn, ACCOUNTS_MANAGED, err) < 0 ||
		import_rows(im, err) < 0 || require_accounts(im, err) < 0)
		goto abort;
	if (im->report.managed == 0) {  /* a list of customers alone */
		store_abort(im->txn);
		return 0;
	}
	if (put_as_of(im, err) < 0 || store_generation_next(im->txn, err) < 0 || accounts_before_tell(im->before, im->path, im->now, err) < 0)
		goto abort;
	return store_commit(im->txn, err);
abort:
	store_abort(im->txn);
	return -1;
}

static int read_header(struct import *im, struct slice bytes, struct error *err)
{
	struct csv_row header;
	int rc;

	if (csv_begin(&im->csv, bytes, err) < 0)
		return -1;
	rc = csv_next(im->arena, &im->csv, &header, err);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return error_set(err, REASON_FILE, "the file is empty");
	return account_columns_read(im->arena, &header, &im->columns, err);
}

static void report(struct import *im, struct accounts_import *out)
{
	im->report.columns_used = im->columns.used;
	im->report.columns_unneeded = im->columns.unneeded;
	im->report.columns_ignored = im->columns.unknown;
	im->report.problems = im->problems;
	*out = im->report;
}

int accounts_import_csv(struct arena *a, const char *path, struct slice csv, int64_t now, struct accounts_import *out,
	struct error *err)
{
	struct store_options options = {
		.path = path,
		.use = STORE_WRITE,
		.schema = ACCOUNTS_SCHEMA,
		.cure = accounts_cure,
		.map_size = ACCOUNTS_MAP_SIZE,
		.tables = accounts_tables,
	};
	struct import im = {.arena = a, .now = now, .path = path};
	struct store *store;
	int rc;

	im.problems = arena_alloc(a, (PROBLEMS_KEPT + 1) * sizeof(*im.problems));
	if (read_header(&im, csv, err) < 0)
		return -1;
	if (store_open(&options, &store, err) < 0)
		return -1;
	rc = replace(&im, store, err);
	store_close(store);
	if (rc < 0)
		return -1;
	rc = im.report.portal ? accounts_seen_import(path, im.customers, im.report.portal, now, err) : accounts_seen_mend(path, err);
	if (rc < 0)
		return -1;
	report(&im, out);
	return 0;
}

int accounts_read_csv(struct arena *a, struct slice csv, int64_t now, void (*each)(const struct account *account, void *context),
	void *context, struct accounts_import *out, struct error *err)
{
	struct import im = {.arena = a, .now = now, .show = each, .context = context};

	im.problems = arena_alloc(a, (PROBLEMS_KEPT + 1) * sizeof(*im.problems));
	if (read_header(&im, csv, err) < 0 || import_rows(&im, err) < 0 || require_accounts(&im, err) < 0)
		return -1;
	report(&im, out);
	return 0;
}
