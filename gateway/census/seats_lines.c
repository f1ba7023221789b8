/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The comparison, line by line: how many people, how much money a month, what to do.
 *
 * Money of a line is the difference of two bills, that of Atlassian and what
 * it would be once the line is dealt with.  So the lines need not add up: the
 * same account may be on several, and with tiers the last users are cheapest.
 */
#include "gateway/census/seats.h"
#include "gateway/report.h"

/* Whom a line is about: an account, or a person without one. */
struct ask {
	enum seats_class class;
	const char *column;             /* access to this product, by its name in the source */
	product_set product;               /* idle in it */
	enum outcome outcome;           /* of the person; with `given` */
};

struct asking {
	bool (*is)(const struct seats_account *account, const struct ask *ask);
	/* what the account would have, once it is dealt with */
	product_set (*left)(const struct seats_account *account, const struct ask *ask);
};

/* ---- who ---- */

static bool of_class(const struct seats_account *account, const struct ask *ask)
{
	return account->class == ask->class;
}

static bool only_trello(const struct seats_account *account, const struct ask *ask)
{
	return account->class == ask->class && account->only_trello;
}

static bool with_column(const struct seats_account *account, const struct ask *ask)
{
	for (size_t i = 0; account->class == ask->class && account->products[i]; i++) {
		if (strcmp(account->products[i], ask->column) == 0)
			return true;
	}
	return false;
}

static bool given(const struct seats_account *account, const struct ask *ask)
{
	return account->class == ask->class && account->person && account->person->outcome == ask->outcome;
}

static bool stranger(const struct seats_account *account, const struct ask *ask)
{
	return account->class == ask->class && !account->person;
}

static bool idle(const struct seats_account *account, const struct ask *ask)
{
	return (account->idle & ask->product) != 0;
}

/* A product that the rule does not give, of whom it gives another one; where rules give none, nobody knows. */
static bool besides(const struct seats_account *account, const struct ask *ask)
{
	return account->class == ask->class && account->person->wants && (account->has & ~account->person->wants & ask->product);
}

static bool two_kinds(const struct seats_account *account, const struct ask *ask)
{
	(void)ask;
	return account->two_kinds;
}

/* ---- what is left ---- */

static product_set nothing(const struct seats_account *account, const struct ask *ask)
{
	(void)account;
	(void)ask;
	return 0;
}

static product_set without(const struct seats_account *account, const struct ask *ask)
{
	return account->has & ~ask->product;
}

static product_set as_wanted(const struct seats_account *account, const struct ask *ask)
{
	(void)ask;
	return account->person ? account->person->wants : 0;
}

static product_set as_it_is(const struct seats_account *account, const struct ask *ask)
{
	(void)ask;
	return account->has;
}

/* ---- one line ---- */

static struct seats_line *add_line(struct seats *s, const struct seats_line *line)
{
	s->lines = arena_grow(s->census.arena, s->lines, s->line_count, sizeof(*s->lines));
	s->lines[s->line_count] = *line;
	return &s->lines[s->line_count++];
}

/* Between what Atlassian bills and what it would bill. */
static int64_t difference(const struct seats *s, const struct bill_users *then)
{
	int64_t now = bill_cost(&s->bill, &s->billed), later = bill_cost(&s->bill, then);

	return now == MONEY_UNKNOWN ? MONEY_UNKNOWN : now > later ? now - later : later - now;
}

/* Of the one product of a set.  Without one nothing is known of what it costs: 0 would say that it is free. */
static bool has_price(const struct seats *s, product_set product)
{
	size_t i = 0;

	while (i < s->bill.count && product != (product_set)1 << i)
		i++;
	return bill_price(&s->bill, i) != NULL;
}

static void count_line(struct seats *s, struct seats_line *line, const struct asking *asking, const struct ask *ask)
{
	struct arena *a = s->census.arena;
	struct bill_users then = s->billed;
	const char **names = NULL;

	for (size_t i = 0; i < s->account_count; i++) {
		const struct seats_account *account = &s->accounts[i];

		if (!asking->is(account, ask))
			continue;
		names = arena_grow(a, names, line->people++, sizeof(*names));
		names[line->people - 1] = report_clean(a, account->mail);
		bill_take(&s->bill, &then, account->has);
		bill_add(&s->bill, &then, asking->left(account, ask));
	}
	line->names = names;
	line->money = asking->left == as_it_is ? MONEY_UNKNOWN : difference(s, &then);
	if (line->money == 0 && ask->product && !has_price(s, ask->product))
		line->money = MONEY_UNKNOWN;
	if (!line->hidden || line->people)
		add_line(s, line);
}

/* ---- all lines ---- */

static const char todo_unwanted[] = "Take the product access away at Atlassian, or write the rule that gives it.";

/* This line is a part of what is spent, not something that could go. */
static int64_t wanted_money(const struct seats *s)
{
	struct bill_users part = {0};

	for (size_t i = 0; i < s->account_count; i++) {
		if (s->accounts[i].class == SEATS_BILLED_WANTED)
			bill_add(&s->bill, &part, s->accounts[i].has);
	}
	return bill_share(&s->bill, &s->billed, &part);
}

static void add_wanted(struct seats *s)
{
	static const struct asking asking = {of_class, nothing}, beside = {besides, without};
	struct seats_line line = {.key = seats_class_word(SEATS_BILLED_WANTED), .words = "billed and wanted"};
	struct arena *a = s->census.arena;

	count_line(s, &line, &asking, &(struct ask){.class = SEATS_BILLED_WANTED});
	s->lines[s->line_count - 1].money = wanted_money(s);
	for (size_t i = 0; i < s->bill.count; i++) {
		struct seats_line more = {.key = arena_printf(a, "besides-%s", s->bill.words[i]), .part = true, .hidden = true,
			.words = arena_printf(a, "wanted, with %s beside what is given", report_clean(a, product_title(s->bill.words[i]))),
			.todo = "Take the access to this product away, or name it under prices: rules."};

		count_line(s, &more, &beside, &(struct ask){.class = SEATS_BILLED_WANTED, .product = (product_set)1 << i});
	}
}

/* To whom Atlassian sells what nobody wants: what the rules give them instead. */
static void add_givens(struct seats *s)
{
	static const struct asking by_outcome = {given, nothing}, strangers = {stranger, nothing};
	struct arena *a = s->census.arena;

	for (size_t i = 0; i < SEATS_OUTCOMES; i++) {
		const char *word = outcome_word(seats_outcomes[i]);
		struct seats_line line = {.key = arena_printf(a, "unwanted-%s", word), .words = arena_printf(a, "the rules give %s", word),
			.part = true, .hidden = true};

		count_line(s, &line, &by_outcome, &(struct ask){.class = SEATS_BILLED_UNWANTED, .outcome = seats_outcomes[i]});
	}
	count_line(s, &(struct seats_line){.key = "unwanted-stranger", .words = "in no directory", .part = true, .hidden = true}, &strangers,
		&(struct ask){.class = SEATS_BILLED_UNWANTED});
}

/* Each product that an unwanted seat is billed for, in the order of the source. */
static void add_products(struct seats *s)
{
	static const struct asking asking = {with_column, without};
	struct arena *a = s->census.arena;

	for (const char *const *column = s->columns; *column; column++) {
		struct seats_line line = {.key = arena_printf(a, "unwanted-product-%s", product_word(a, *column)),
			.words = arena_printf(a, "has access to %s", report_clean(a, *column)), .part = true, .hidden = true};

		count_line(s, &line, &asking,
			&(struct ask){.class = SEATS_BILLED_UNWANTED, .column = *column, .product = bill_product(&s->bill, *column)});
	}
}

static void add_unwanted(struct seats *s)
{
	static const struct asking all = {of_class, nothing}, trello = {only_trello, nothing};
	static const struct ask ask = {.class = SEATS_BILLED_UNWANTED};

	count_line(s, &(struct seats_line){.key = seats_class_word(ask.class), .words = "billed, though no rule gives it", .todo = todo_unwanted},
		&all, &ask);
	add_givens(s);
	add_products(s);
	count_line(s, &(struct seats_line){.key = "only-trello", .words = "billed only because of Trello", .part = true,
		.todo = "Have them leave their Trello workspaces, or remove Trello access: it is all they have."}, &trello, &ask);
}

/* Wanted, and without any account: what they would cost comes on top. */
static void add_missing(struct seats *s)
{
	struct seats_line line = {.key = seats_class_word(SEATS_WANTED_MISSING), .words = "wanted, and no such account", .adds = true,
		.todo = "Nothing: the account comes with the first sign-on; or the mail at Atlassian is another one."};
	struct arena *a = s->census.arena;
	struct bill_users then = s->billed;
	const char **names = NULL;

	for (size_t i = 0; i < s->people_count; i++) {
		const struct seats_person *p = &s->people[i];

		if (seats_class_of(s, p) != SEATS_WANTED_MISSING)
			continue;
		names = arena_grow(a, names, line.people++, sizeof(*names));
		names[line.people - 1] = seats_name_of(s, p);
		bill_add(&s->bill, &then, p->wants);
	}
	line.names = names;
	line.money = difference(s, &then);
	add_line(s, &line);
}

static void add_others(struct seats *s)
{
	static const struct asking refused = {of_class, nothing}, unbilled = {of_class, as_wanted}, unsaid = {of_class, as_it_is},
		kinds = {two_kinds, as_it_is};

	count_line(s, &(struct seats_line){.key = seats_class_word(SEATS_BILLED_REFUSED), .words = "billed, wanted, but a sign-on is refused",
		.todo = "See the reason (--csv): put the person's entry right, or take the access away."}, &refused,
		&(struct ask){.class = SEATS_BILLED_REFUSED});
	count_line(s, &(struct seats_line){.key = seats_class_word(SEATS_WANTED_UNBILLED), .words = "wanted, and there, but not billed yet",
		.adds = true, .todo = "Give the product access: put them into the licensed group at Atlassian."}, &unbilled,
		&(struct ask){.class = SEATS_WANTED_UNBILLED});
	add_missing(s);
	count_line(s, &(struct seats_line){.key = seats_class_word(SEATS_BILLED_MUTE), .words = "billed, mail not told", .hidden = true,
		.todo = "Look them up at Atlassian by their id: Directory, Managed accounts. Nobody knows whether a rule gives it."}, &refused,
		&(struct ask){.class = SEATS_BILLED_MUTE});
	count_line(s, &(struct seats_line){.key = seats_class_word(SEATS_NOT_SAID), .words = "not said whether it is billed", .hidden = true,
		.todo = "Export the managed accounts once more, with the column Billable."}, &unsaid, &(struct ask){.class = SEATS_NOT_SAID});
	count_line(s, &(struct seats_line){.key = "two-kinds", .words = "accounts of two kinds on one mail", .hidden = true,
		.todo = "Keep one: move the portal-only customer to the Atlassian account, one by one, at Atlassian."}, &kinds, &(struct ask){0});
}

static void add_idle(struct seats *s)
{
	static const struct asking asking = {idle, without};
	struct arena *a = s->census.arena;

	for (size_t i = 0; i < s->bill.count; i++) {
		const char *word = s->bill.words[i];
		struct seats_line line = {.key = arena_printf(a, "idle-%s", word), .hidden = true,
			.words = arena_printf(a, "idle for %lld days in %s", (long long)(s->idle_after / 86400), report_clean(a, product_title(word))),
			.todo = "Ask whether it is still needed, or take the access away until it is asked for."};

		count_line(s, &line, &asking, &(struct ask){.product = (product_set)1 << i});
	}
}

void seats_make_lines(struct seats *s)
{
	add_wanted(s);
	add_unwanted(s);
	add_others(s);
	add_idle(s);
}
