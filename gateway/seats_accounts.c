/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What Atlassian says that it bills, beside what the rules give.
 *
 * Guard bills whoever has access to one of its products, and one of them is
 * Trello, which people give themselves: an account that has nothing else is a
 * seat that nobody decided on.
 */
#include "gateway/seats.h"

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

static void keep(const struct account *account, void *context)
{
	struct seats *s = context;
	struct arena *a = s->census.arena;
	struct seats_account *kept;
	const char **products;
	struct text t;
	size_t i, n = 0;

	while (account->products[n])
		n++;
	products = arena_alloc(a, (n + 1) * sizeof(*products));
	text_begin(&t, a, 32);
	for (i = 0; i < n; i++) {
		products[i] = arena_strdup(a, account->products[i]);
		text_add_c(&t, i ? ", " : "");
		text_add_c(&t, products[i]);
	}
	s->accounts = arena_grow(a, s->accounts, s->account_count, sizeof(*s->accounts));
	kept = &s->accounts[s->account_count++];
	*kept = (struct seats_account){
		.mail = arena_strdup(a, account->mail), .billable = account->billable, .products = products, .products_text = n ? t.p : "",
		.only_trello = is_only_trello(account),
	};
}

/* Of accounts of one mail the one that is billed comes first, and stays. */
static int by_mail(const void *a, const void *b)
{
	const struct seats_account *x = a, *y = b;
	int d = strcasecmp(x->mail, y->mail);

	if (d == 0)
		d = y->billable - x->billable;
	return d ? d : strcmp(x->products_text, y->products_text);
}

static void drop_second_ones(struct seats *s)
{
	size_t i, n = 0;

	for (i = 0; i < s->account_count; i++) {
		if (n && strcasecmp(s->accounts[n - 1].mail, s->accounts[i].mail) == 0)
			s->twice++;
		else
			s->accounts[n++] = s->accounts[i];
	}
	s->account_count = n;
}

/* ---- beside the people ---- */

static bool is_wanted(const struct seats_person *p)
{
	return p && p->outcome == OUTCOME_LICENSED && seats_can_sign_on(p);
}

static enum seats_class class_of(const struct seats_account *account)
{
	const struct seats_person *p = account->person;

	if (account->billable < 0)
		return SEATS_NOT_SAID;
	if (account->billable == 0)
		return is_wanted(p) ? SEATS_WANTED_UNBILLED : SEATS_NOTHING;
	if (is_wanted(p))
		return SEATS_BILLED_WANTED;
	return p && p->outcome == OUTCOME_LICENSED ? SEATS_BILLED_REFUSED : SEATS_BILLED_UNWANTED;
}

enum seats_class seats_class_of(const struct seats *s, const struct seats_person *p)
{
	if (!s->export)
		return SEATS_NOTHING;
	if (p->managed)
		return p->managed->person == p ? p->managed->class : SEATS_NOTHING;
	return is_wanted(p) ? SEATS_WANTED_MISSING : SEATS_NOTHING;
}

static int find_mail(const void *key, const void *account)
{
	return strcasecmp(key, ((const struct seats_account *)account)->mail);
}

/* Of several people with one mail, all of whom are refused, the first in the list's order stands for the account. */
static void join_people(struct seats *s)
{
	struct seats_account *account;
	size_t i;

	for (i = 0; i < s->people_count && s->account_count; i++) {
		struct seats_person *p = &s->people[i];

		account = *p->mail ? bsearch(p->mail, s->accounts, s->account_count, sizeof(*s->accounts), find_mail) : NULL;
		p->managed = account;
		if (account && !account->person)
			account->person = p;
	}
	for (i = 0; i < s->account_count; i++)
		s->accounts[i].class = class_of(&s->accounts[i]);
}

int seats_read_accounts(struct seats *s, struct slice csv, struct error *err)
{
	struct error why;

	if (accounts_read_csv(s->census.arena, csv, s->census.now, keep, s, &s->read, &why) < 0)
		return error_set(err, why.reason, "%s: %s", s->export, why.detail);
	qsort(s->accounts, s->account_count, sizeof(*s->accounts), by_mail);
	drop_second_ones(s);
	join_people(s);
	return 0;
}
