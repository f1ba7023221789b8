/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What Atlassian says that it bills, beside what the rules give.
 *
 * Guard bills whoever has access to one of its products, and one of them is
 * Trello, which people give themselves: an account that has nothing else is a
 * seat that nobody decided on.
 */
#include "gateway/census/seats.h"

#include "base/text.h"

const char *seats_class_word(enum seats_class class)
{
	static const char *const words[SEATS_CLASSES] = {
		[SEATS_NOTHING] = "",
		[SEATS_BILLED_WANTED] = "billed-wanted",
		[SEATS_BILLED_UNWANTED] = "billed-unwanted",
		[SEATS_BILLED_REFUSED] = "billed-refused",
		[SEATS_WANTED_UNBILLED] = "wanted-unbilled",
		[SEATS_WANTED_MISSING] = "wanted-missing",
		[SEATS_NOT_SAID] = "not-said",
		[SEATS_BILLED_MUTE] = "billed-mail-not-told",
	};

	return words[class];
}

/* ---- the file ---- */

static bool is_trello(const char *product)
{
	return strncasecmp(product, "trello", 6) == 0;
}

static bool is_only_trello(const struct account *account)
{
	size_t i;

	if (account->billable != 1 || !account->products[0])
		return false;
	for (i = 0; account->products[i]; i++) {
		if (!is_trello(account->products[i]))
			return false;
	}
	return true;
}

/* 1 it was not used for so long, 0 it was, -1 that is not known.  Of a source that says it of no product, what it says of the account counts. */
static int is_idle(const struct seats *s, const struct account *account, size_t product)
{
	const char *said = account->products_active ? account->products_active[product] : account->last_active;
	int64_t last = 0;
	int rc = account_active(said, &last);

	if (rc < 0)
		return -1;
	return rc == 0 || account->as_of - last >= s->idle_after;
}

/* A product that is there on several sites is idle when it is on all of them. */
static void look_at_products(struct seats *s, const struct account *account, struct seats_account *out)
{
	product_set used = 0, unknown = 0;

	for (size_t i = 0; account->products[i]; i++) {
		product_set one = bill_product(&s->bill, account->products[i]);
		int idle = is_idle(s, account, i);

		out->has |= one;
		used |= idle == 0 ? one : 0;
		unknown |= idle < 0 ? one : 0;
	}
	out->idle_known = used | (out->has & ~unknown);
	out->idle = out->has & ~used & ~unknown;
}

struct keeping {
	struct seats *seats;
	const char **columns;           /* NULL-terminated, or NULL */
	size_t count;
};

/* Names in the order in which they come up. */
static void note_column(struct keeping *k, const char *product)
{
	struct arena *a = k->seats->census.arena;

	for (size_t i = 0; i < k->count; i++) {
		if (strcmp(k->columns[i], product) == 0)
			return;
	}
	k->columns = arena_grow(a, k->columns, k->count, sizeof(*k->columns));
	k->columns[k->count++] = product;
	k->columns = arena_grow(a, k->columns, k->count, sizeof(*k->columns));
	k->columns[k->count] = NULL;
}

static void keep(const struct account *account, void *context)
{
	struct keeping *keeping = context;
	struct seats *s = keeping->seats;
	struct arena *a = s->census.arena;
	struct seats_account *kept;
	const char **names;
	struct text t;
	size_t i, n = 0;

	while (account->products[n])
		n++;
	names = arena_alloc(a, (n + 1) * sizeof(*names));
	text_begin(&t, a, 32);
	for (i = 0; i < n; i++) {
		names[i] = arena_strdup(a, account->products[i]);
		text_add_c(&t, i ? ", " : "");
		text_add_c(&t, names[i]);
		note_column(keeping, names[i]);
	}
	s->accounts = arena_grow(a, s->accounts, s->account_count, sizeof(*s->accounts));
	kept = &s->accounts[s->account_count++];
	*kept = (struct seats_account){
		.mail = account->mail ? arena_strdup(a, account->mail) : arena_printf(a, "account %s", account->id),
		.id = arena_strdup(a, account->id), .mute = !account->mail, .kind = account->kind, .billable = account->billable, .products = names,
		.products_text = n ? t.p : "", .only_trello = is_only_trello(account),
	};
	/* who is not billed is a customer at most, whatever the list of products says */
	if (account->billable == 1)
		look_at_products(s, account, kept);
}

/* Of accounts of one mail the managed one, and of those the one that is billed comes first, and stays. */
static int by_mail(const void *a, const void *b)
{
	const struct seats_account *x = a, *y = b;
	int d = x->second - y->second;

	if (d == 0)
		d = strcasecmp(x->mail, y->mail);
	if (d == 0)
		d = (y->kind == ACCOUNT_MANAGED) - (x->kind == ACCOUNT_MANAGED);
	if (d == 0)
		d = y->billable - x->billable;
	return d ? d : strcmp(x->products_text, y->products_text);
}

/* Two accounts, and not one that is listed twice: both are on the bill. */
static bool is_billed_besides(const struct seats_account *first, const struct seats_account *one)
{
	return one->billable == 1 && one->kind == ACCOUNT_MANAGED && first->id && one->id && strcmp(first->id, one->id) != 0;
}

static void drop_second_ones(struct seats *s)
{
	size_t i, first = 0, n = 0;

	for (i = 0; i < s->account_count; i++) {
		struct seats_account *kept = n ? &s->accounts[first] : NULL, *one = &s->accounts[i];
		bool same = kept && strcasecmp(kept->mail, one->mail) == 0;

		if (same && kept->kind != one->kind) {
			kept->two_kinds = true;
		} else if (same && !is_billed_besides(kept, one)) {
			s->twice++;
		} else {
			one->second = same;
			s->second_count += same;
			first = same ? first : n;
			s->accounts[n++] = *one;
		}
	}
	s->account_count = n;
	if (s->second_count)
		qsort(s->accounts, n, sizeof(*s->accounts), by_mail);
}

/* ---- beside the people ---- */

static bool is_wanted(const struct seats_person *p)
{
	return p && p->outcome == OUTCOME_LICENSED && seats_can_sign_on(p);
}

static enum seats_class class_of(const struct seats_account *account)
{
	const struct seats_person *p = account->person;

	/* a portal-only customer is never billed; it is the other account that is missing */
	if (account->kind == ACCOUNT_PORTAL)
		return SEATS_NOTHING;
	if (account->billable < 0)
		return SEATS_NOT_SAID;
	if (account->billable == 0)
		return is_wanted(p) ? SEATS_WANTED_UNBILLED : SEATS_NOTHING;
	if (account->mute)
		return SEATS_BILLED_MUTE;
	if (account->second)            /* one is enough */
		return SEATS_BILLED_UNWANTED;
	if (is_wanted(p))
		return SEATS_BILLED_WANTED;
	return p && p->outcome == OUTCOME_LICENSED ? SEATS_BILLED_REFUSED : SEATS_BILLED_UNWANTED;
}

enum seats_class seats_class_of(const struct seats *s, const struct seats_person *p)
{
	if (!s->compared)
		return SEATS_NOTHING;
	if (p->managed && p->managed->kind != ACCOUNT_PORTAL)
		return p->managed->person == p ? p->managed->class : SEATS_NOTHING;
	return is_wanted(p) ? SEATS_WANTED_MISSING : SEATS_NOTHING;
}

static int find_mail(const void *key, const void *account)
{
	return strcasecmp(key, ((const struct seats_account *)account)->mail);
}

static struct seats_account *account_of(const struct seats *s, const char *mail)
{
	size_t n = s->account_count - s->second_count;

	return n && *mail ? bsearch(mail, s->accounts, n, sizeof(*s->accounts), find_mail) : NULL;
}

/* Of several people with one mail, all of whom are refused, the first in the list's order stands for the account. */
static void join_people(struct seats *s)
{
	struct seats_account *account;
	size_t i;

	for (i = 0; i < s->people_count; i++) {
		struct seats_person *p = &s->people[i];

		account = account_of(s, p->mail);
		p->managed = account;
		if (account && !account->person)
			account->person = p;
	}
	for (i = s->account_count - s->second_count; i < s->account_count; i++)
		s->accounts[i].person = account_of(s, s->accounts[i].mail)->person;
	for (i = 0; i < s->account_count; i++)
		s->accounts[i].class = class_of(&s->accounts[i]);
}

static void compare(struct seats *s)
{
	if (s->account_count)
		qsort(s->accounts, s->account_count, sizeof(*s->accounts), by_mail);
	drop_second_ones(s);
	join_people(s);
	s->compared = true;
}

int seats_read_export(struct seats *s, struct slice csv, struct error *err)
{
	struct keeping keeping = {.seats = s};
	struct error why;

	if (accounts_read_csv(s->census.arena, csv, s->census.now, keep, &keeping, &s->read, &why) < 0)
		return error_set(err, why.reason, "%s: %s", s->export, why.detail);
	s->as_of = s->census.now;
	/* the order of the file, which that of its first accounts need not be */
	s->columns = s->read.columns_used;
	compare(s);
	return 0;
}

/* The inventory proper lists no portal-only customers; of those who were seen elsewhere only who has an account besides is of interest here. */
static void note_portal(const struct account *account, void *context)
{
	struct seats *s = context;
	struct seats_account *known;

	if (account->kind != ACCOUNT_PORTAL || !s->account_count)
		return;
	known = bsearch(account->mail, s->accounts, s->account_count, sizeof(*s->accounts), find_mail);
	if (known && known->kind != ACCOUNT_PORTAL)
		known->two_kinds = true;
}

int seats_read_inventory(struct seats *s, struct error *err)
{
	static const char *const none[] = {NULL};
	struct keeping keeping = {.seats = s};
	size_t count;
	int rc = accounts_inventory(s->census.gateway.accounts, &s->as_of, &count, err);

	if (rc <= 0)
		return rc;
	if (accounts_each(s->census.gateway.accounts, keep, &keeping, err) < 0)
		return -1;
	s->columns = keeping.columns ? keeping.columns : none;
	compare(s);
	return accounts_each_seen(s->census.gateway.accounts, note_portal, s, err);
}
