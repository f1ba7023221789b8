/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The header line of Atlassian's export of managed accounts.
 *
 * Its columns changed over the years and differ between the exports of an
 * organisation and of a domain, so a column is known by its header, compared
 * without case and with blanks, `_` and `-` as the same.
 */
#include "provision/account_columns.h"

#include "base/text.h"

#define UNNEEDED COLUMN_COUNT           /* known, and of no use here */

static const struct {
	const char *header;
	enum column column;
} headers[] = {
	{"email", COLUMN_MAIL},
	{"e mail", COLUMN_MAIL},
	{"email address", COLUMN_MAIL},
	{"e mail address", COLUMN_MAIL},
	{"mail", COLUMN_MAIL},
	{"user email", COLUMN_MAIL},
	{"name", COLUMN_NAME},
	{"full name", COLUMN_NAME},
	{"display name", COLUMN_NAME},
	{"user name", COLUMN_NAME},
	{"account id", COLUMN_ID},
	{"atlassian account id", COLUMN_ID},
	{"atlassian id", COLUMN_ID},
	{"user id", COLUMN_ID},
	{"status", COLUMN_STATUS},
	{"account status", COLUMN_STATUS},
	{"user status", COLUMN_STATUS},
	{"billable", COLUMN_BILLABLE},
	{"billable status", COLUMN_BILLABLE},
	{"is billable", COLUMN_BILLABLE},
	{"billed", COLUMN_BILLABLE},
	{"last active", COLUMN_LAST_ACTIVE},
	{"last active date", COLUMN_LAST_ACTIVE},
	{"last seen", COLUMN_LAST_ACTIVE},
	{"account type", COLUMN_TYPE},
	{"user type", COLUMN_TYPE},
	{"policy name", UNNEEDED},
	{"policy type", UNNEEDED},
	{"authentication policy", UNNEEDED},
	{"saml single sign on", UNNEEDED},
	{"single sign on", UNNEEDED},
	{"two step verification", UNNEEDED},
	{"created", UNNEEDED},
	{"created date", UNNEEDED},
	{"added to org", UNNEEDED},
	{"org role", UNNEEDED},
	{"email verified", UNNEEDED},
	{"verified", UNNEEDED},
	{"managed by", UNNEEDED},
	{"groups", UNNEEDED},
};

/* A header that is one of these, or begins with one and a blank ("Jira - example.atlassian.net"), is a product's. */
static const char *const products[] = {
	"jira", "confluence", "trello", "bitbucket", "opsgenie", "statuspage", "loom", "compass", "atlas", "atlassian guard",
	"atlassian access", "atlassian analytics", "goals", "projects", "focus", "talent", "assets", "rovo", "team central",
	"guard",
	"stride", "hipchat", "halp", "home", "customer service management",
};

char *account_trimmed(struct arena *a, const char *text)
{
	size_t n;

	text += strspn(text, " \t\r\n");
	for (n = strlen(text); n > 0 && strchr(" \t\r\n", text[n - 1]); n--)
		;
	return arena_copy(a, slice_of(text, n));
}

/* Lower case, and each run of blanks, `_` and `-` one blank. */
static const char *plain(struct arena *a, const char *header)
{
	char *out = account_trimmed(a, header);
	size_t n = 0;

	for (const char *p = out; *p; p++) {
		if (!strchr(" \t\r\n_-", *p))
			out[n++] = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
		else if (n > 0 && out[n - 1] != ' ')
			out[n++] = ' ';
	}
	out[n] = '\0';
	return out;
}

static bool is_product(const char *header)
{
	size_t n;

	for (size_t i = 0; i < sizeof(products) / sizeof(products[0]); i++) {
		n = strlen(products[i]);
		if (strncmp(header, products[i], n) == 0 && (header[n] == '\0' || header[n] == ' ' || header[n] == '('))
			return true;
	}
	return false;
}

struct list {
	const char **items;
	size_t n;
};

/* Kept NULL-terminated. */
static void list_add(struct arena *a, struct list *l, const char *item)
{
	l->items = arena_grow(a, l->items, l->n, sizeof(*l->items));
	l->items[l->n++] = item;
	l->items = arena_grow(a, l->items, l->n, sizeof(*l->items));
	l->items[l->n] = NULL;
}

static struct list list_new(struct arena *a)
{
	return (struct list){.items = arena_alloc(a, 4 * sizeof(char *))};
}

/* "last seen in jira": what is behind the beginning of a column of its own; NULL: it is none. */
static const char *active_in(const char *header)
{
	static const char *const begins[] = {"last seen in ", "last active in "};

	for (size_t i = 0; i < sizeof(begins) / sizeof(*begins); i++)
		if (slice_begins(slice_c(header), begins[i]))
			return header + strlen(begins[i]);
	return NULL;
}

/* A column of its own ("Last seen in Jira", "Two-step verification enforced") that is known by its beginning. */
static bool is_unneeded(const char *header)
{
	return active_in(header) || slice_begins(slice_c(header), "two step verification ");
}

/* Plain, and without the site that stands behind a dash: both are blanks in a plain header. */
static const char *without_site(struct arena *a, const char *header)
{
	const char *site = strstr(header, " - ");

	return plain(a, site ? arena_printf(a, "%.*s", (int)(site - header), header) : header);
}

/* Which column says of a product's column when it was used: that of the same site, else of the same product. */
static size_t find_active(struct arena *a, const struct csv_row *header, size_t product)
{
	const char *whole = plain(a, header->fields[product]), *part = without_site(a, header->fields[product]), *in;
	size_t found = COLUMN_NONE;

	for (size_t i = 0; i < header->n; i++) {
		in = active_in(plain(a, header->fields[i]));
		if (in && strcmp(in, whole) == 0)
			return i;
		in = active_in(without_site(a, header->fields[i]));
		if (in && found == COLUMN_NONE && strcmp(in, part) == 0)
			found = i;
	}
	return found;
}

/* Of all products; what such a column says is needed then. */
static const size_t *find_actives(struct arena *a, const struct csv_row *header, const char *const *products_of, bool *needed)
{
	size_t *active = arena_alloc(a, (header->n + 1) * sizeof(*active));

	for (size_t i = 0; i < header->n; i++) {
		active[i] = products_of[i] ? find_active(a, header, i) : COLUMN_NONE;
		if (active[i] != COLUMN_NONE)
			needed[active[i]] = true;
	}
	return active;
}

/* Finds a meaning for one header: a column, UNNEEDED, or -1. */
static int meaning(const char *header)
{
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (strcmp(headers[i].header, header) == 0)
			return (int)headers[i].column;
	return is_unneeded(header) ? UNNEEDED : -1;
}

static int refuse_twice(const struct csv_row *header, size_t first, size_t second, struct error *err)
{
	return error_set(err, REASON_FILE, "line %d: the columns `%.60s` and `%.60s` mean the same; take one of them out",
		header->line, header->fields[first], header->fields[second]);
}

static int refuse_no_mail(struct arena *a, const struct csv_row *header, struct error *err)
{
	struct text t;

	text_begin(&t, a, 256);
	for (size_t i = 0; i < header->n && t.n < 400; i++) {
		text_add_c(&t, i ? ", " : "");
		text_add_c(&t, account_trimmed(a, header->fields[i]));
	}
	return error_set(err, REASON_FILE, "line %d: no column `Email` or `Email address`; there is: %.400s", header->line,
		t.p);
}

/* What stands in the report: used, known and not needed, not understood. */
static void list_columns(struct arena *a, const struct csv_row *header, const struct account_columns *c, const bool *needed,
	struct account_columns *out)
{
	struct list used = list_new(a), unneeded = list_new(a), unknown = list_new(a);

	for (size_t i = 0; i < header->n; i++) {
		const char *shown = account_trimmed(a, header->fields[i]);
		int column = meaning(plain(a, header->fields[i]));

		if (!*shown)
			continue;
		if (needed[i] || c->products[i] || (column >= 0 && column != UNNEEDED))
			list_add(a, &used, shown);
		else
			list_add(a, column == UNNEEDED ? &unneeded : &unknown, shown);
	}
	out->used = used.items;
	out->unneeded = unneeded.items;
	out->unknown = unknown.items;
}

int account_columns_read(struct arena *a, const struct csv_row *header, struct account_columns *out, struct error *err)
{
	struct account_columns c = {.n = header->n};
	const char **names = arena_alloc(a, (header->n + 1) * sizeof(*names)), *key;
	bool *needed = arena_alloc(a, header->n + 1);
	int column;

	for (size_t i = 0; i < COLUMN_COUNT; i++)
		c.at[i] = COLUMN_NONE;
	for (size_t i = 0; i < header->n; i++) {
		key = plain(a, header->fields[i]);
		column = meaning(key);
		if (column < 0 && is_product(key))
			names[i] = account_trimmed(a, header->fields[i]);
		if (column >= 0 && column != UNNEEDED) {
			if (c.at[column] != COLUMN_NONE)
				return refuse_twice(header, c.at[column], i, err);
			c.at[column] = i;
		}
	}
	if (c.at[COLUMN_MAIL] == COLUMN_NONE)
		return refuse_no_mail(a, header, err);
	c.products = names;
	c.active = find_actives(a, header, names, needed);
	list_columns(a, header, &c, needed, &c);
	*out = c;
	return 0;
}
