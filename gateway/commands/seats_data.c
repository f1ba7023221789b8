/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Seats for other programs: CSV with a row for each person, and JSON. */
#include "gateway/census/seats_record.h"
#include "gateway/commands/census_command.h"
#include "gateway/commands/seats_print.h"
#include "gateway/report.h"

/* ---- CSV ---- */

static const char *yes(bool is)
{
	return is ? "yes" : "no";
}

enum column {
	COLUMN_OUTCOME, COLUMN_RULE, COLUMN_CAN_SIGN_ON, COLUMN_REASON, COLUMN_DIRECTORY, COLUMN_MAIL, COLUMN_DN, COLUMN_GROUPS, COLUMN_ACCOUNT,
	COLUMN_COMPARED, COLUMN_BILLED, COLUMN_PRODUCTS, COLUMN_ONLY_TRELLO, COLUMN_IDLE, COLUMN_TWO_KINDS, COLUMN_MONTH, COLUMNS
};

static const char *const column_names[COLUMNS] = {
	[COLUMN_OUTCOME] = "outcome", [COLUMN_RULE] = "rule", [COLUMN_CAN_SIGN_ON] = "can_sign_on", [COLUMN_REASON] = "reason",
	[COLUMN_DIRECTORY] = "directory", [COLUMN_MAIL] = "mail", [COLUMN_DN] = "dn", [COLUMN_GROUPS] = "groups", [COLUMN_ACCOUNT] = "account",
	[COLUMN_COMPARED] = "compared", [COLUMN_BILLED] = "billed", [COLUMN_PRODUCTS] = "products", [COLUMN_ONLY_TRELLO] = "only_trello",
	[COLUMN_IDLE] = "idle", [COLUMN_TWO_KINDS] = "two_kinds", [COLUMN_MONTH] = "month",
};

/* Those of the comparison, and of money, where there is one. */
static void print_row(const struct seats *s, const char *const fields[COLUMNS])
{
	const char *row[COLUMNS];
	size_t n = 0;

	for (int i = 0; i < COLUMNS; i++) {
		if ((i < COLUMN_COMPARED || s->compared || i == COLUMN_MONTH) && (i != COLUMN_MONTH || s->bill.prices->known))
			row[n++] = fields[i];
	}
	report_csv_row(row, n);
}

static const char *idle_text(const struct seats *s, const struct seats_account *m)
{
	const char *text = "";

	for (size_t i = 0; i < s->bill.count; i++) {
		if (m->idle & ((product_set)1 << i))
			text = arena_printf(s->census.arena, "%s%s%s", text, *text ? ", " : "", product_title(s->bill.words[i]));
	}
	return text;
}

static void fill_account(const struct seats *s, const struct seats_account *m, const char *fields[COLUMNS])
{
	fields[COLUMN_BILLED] = m->billable < 0 ? NULL : yes(m->billable);
	fields[COLUMN_PRODUCTS] = m->products_text;
	fields[COLUMN_ONLY_TRELLO] = yes(m->only_trello);
	fields[COLUMN_IDLE] = idle_text(s, m);
	fields[COLUMN_TWO_KINDS] = yes(m->two_kinds);
}

static void print_account_row(const struct seats *s, const struct seats_account *account)
{
	const char *fields[COLUMNS] = {[COLUMN_MAIL] = account->mail, [COLUMN_COMPARED] = seats_class_word(account->class)};

	fill_account(s, account, fields);
	print_row(s, fields);
}

static void print_person_row(const struct seats *s, const struct seats_person *p)
{
	const char *fields[COLUMNS] = {
		outcome_word(p->outcome), p->rule_name, yes(seats_can_sign_on(p)), p->refusal == REASON_NONE ? NULL : reason_word(p->refusal),
		p->directory, p->mail, p->dn, p->path, p->account, seats_class_word(seats_class_of(s, p)),
		[COLUMN_MONTH] = s->bill.prices->known ? money_exact(s->census.arena, seats_cost(s, p)) : NULL,
	};

	if (p->managed)
		fill_account(s, p->managed, fields);
	print_row(s, fields);
}

void seats_print_csv(const struct seats *s)
{
	print_row(s, column_names);
	for (size_t i = 0; i < s->people_count; i++)
		print_person_row(s, &s->people[i]);
	for (size_t i = 0; i < s->account_count; i++) {
		if (!s->accounts[i].person || s->accounts[i].second)
			print_account_row(s, &s->accounts[i]);
	}
}

/* ---- JSON ---- */

static json_t *money_json(const struct seats *s, int64_t money)
{
	return money == MONEY_UNKNOWN ? json_null() : json_string(money_exact(s->census.arena, money));
}

static json_t *count_json(struct seats_count c)
{
	json_t *o = json_object();

	json_object_set_new(o, "people", json_integer((json_int_t)c.people));
	json_object_set_new(o, "can_sign_on", json_integer((json_int_t)c.able));
	return o;
}

static json_t *account_json(const struct seats *s, const struct seats_account *m)
{
	json_t *o = json_object(), *products = json_array(), *idle = json_array();

	for (size_t i = 0; i < s->bill.count; i++) {
		if (m->idle & ((product_set)1 << i))
			json_array_append_new(idle, json_string(s->bill.words[i]));
	}
	report_json(s->census.arena, o, "mail", m->mute ? NULL : m->mail);
	report_json(s->census.arena, o, "account_id", m->id);
	json_object_set_new(o, "billed", m->billable < 0 ? json_null() : json_boolean(m->billable));
	for (size_t i = 0; m->products[i]; i++)
		json_array_append_new(products, json_string(report_clean(s->census.arena, m->products[i])));
	json_object_set_new(o, "products", products);
	json_object_set_new(o, "only_trello", json_boolean(m->only_trello));
	json_object_set_new(o, "idle", idle);
	json_object_set_new(o, "two_kinds", json_boolean(m->two_kinds));
	report_json(s->census.arena, o, "compared", m->class == SEATS_NOTHING ? NULL : seats_class_word(m->class));
	return o;
}

static json_t *person_json(const struct seats *s, const struct seats_person *p)
{
	struct arena *a = s->census.arena;
	enum seats_class class = seats_class_of(s, p);
	json_t *o = json_object();

	report_json(a, o, "directory", p->directory);
	report_json(a, o, "dn", p->dn);
	report_json(a, o, "mail", *p->mail ? p->mail : NULL);
	report_json(a, o, "outcome", outcome_word(p->outcome));
	report_json(a, o, "rule", p->rule_name);
	json_object_set_new(o, "can_sign_on", json_boolean(seats_can_sign_on(p)));
	report_json(a, o, "reason", p->refusal == REASON_NONE ? NULL : reason_word(p->refusal));
	report_json(a, o, "detail", p->detail);
	report_json(a, o, "groups", *p->path ? p->path : NULL);
	report_json(a, o, "account", p->account);
	if (s->compared)
		report_json(a, o, "compared", class == SEATS_NOTHING ? NULL : seats_class_word(class));
	if (s->bill.prices->known)
		json_object_set_new(o, "month", money_json(s, seats_cost(s, p)));
	if (s->compared)
		json_object_set_new(o, "managed_account", p->managed ? account_json(s, p->managed) : json_null());
	return o;
}

static json_t *sum_json(const struct seats *s, size_t people, int64_t money)
{
	json_t *o = json_object();

	json_object_set_new(o, "people", json_integer((json_int_t)people));
	json_object_set_new(o, "month", money_json(s, money));
	return o;
}

static json_t *lines_json(const struct seats *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->line_count; i++) {
		const struct seats_line *line = &s->lines[i];
		json_t *o = sum_json(s, line->people, line->money), *names = json_array();

		report_json(s->census.arena, o, "line", line->key);
		report_json(s->census.arena, o, "words", line->words);
		report_json(s->census.arena, o, "todo", line->todo);
		json_object_set_new(o, "part", json_boolean(line->part));
		for (size_t j = 0; j < line->people; j++)
			json_array_append_new(names, json_string(line->names[j]));
		json_object_set_new(o, "names", names);
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *accounts_json(const struct seats *s)
{
	json_t *o = json_object(), *strangers = json_array();
	size_t counts[SEATS_CLASSES] = {0}, trello = 0, i;

	for (i = 0; i < s->account_count; i++) {
		const struct seats_account *m = &s->accounts[i];

		counts[m->class]++;
		trello += m->only_trello && m->class == SEATS_BILLED_UNWANTED;
		if (!m->person || m->second)
			json_array_append_new(strangers, account_json(s, m));
	}
	for (i = 0; i < s->people_count; i++)
		counts[SEATS_WANTED_MISSING] += seats_class_of(s, &s->people[i]) == SEATS_WANTED_MISSING;
	report_json(s->census.arena, o, "file", s->export);
	json_object_set_new(o, "as_of", json_integer(s->as_of));
	json_object_set_new(o, "billed", sum_json(s, s->billed_count, bill_cost(&s->bill, &s->billed)));
	json_object_set_new(o, "accounts", json_integer((json_int_t)s->account_count));
	for (i = SEATS_NOTHING + 1; i < SEATS_CLASSES; i++)
		json_object_set_new(o, seats_class_word((enum seats_class)i), json_integer((json_int_t)counts[i]));
	json_object_set_new(o, "only_trello_unwanted", json_integer((json_int_t)trello));
	json_object_set_new(o, "not_in_the_mirror", strangers);
	json_object_set_new(o, "lines", lines_json(s));
	return o;
}

/* One product, or Guard. */
static json_t *row_json(const struct seats *s, size_t i)
{
	struct bill_row wanted = bill_row(&s->bill, &s->wanted, i), billed = bill_row(&s->bill, &s->billed, i);
	json_t *o = json_object();

	report_json(s->census.arena, o, "product", wanted.word);
	json_object_set_new(o, "wanted", sum_json(s, wanted.people, wanted.money));
	if (s->compared)
		json_object_set_new(o, "billed", sum_json(s, billed.people, billed.money));
	return o;
}

static json_t *ways_json(const struct seats *s)
{
	json_t *list = json_array();
	struct seats_way *ways;
	size_t n = seats_ways(s, &ways);

	for (size_t i = 0; i < n; i++) {
		json_t *o = sum_json(s, ways[i].n, ways[i].money);

		report_json(s->census.arena, o, "groups", *ways[i].path ? ways[i].path : NULL);
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *bill_json(const struct seats *s)
{
	const struct bill *b = &s->bill;
	json_t *o = json_object(), *list = json_array();
	int64_t wanted = bill_cost(b, &s->wanted), all = seats_everybody_cost(s);

	report_json(s->census.arena, o, "currency", b->prices->currency);
	json_object_set_new(o, "wanted", sum_json(s, s->wanted.people, wanted));
	json_object_set_new(o, "everybody", all == MONEY_UNKNOWN ? json_null() : sum_json(s, s->everybody.people, all));
	json_object_set_new(o, "saved", all == MONEY_UNKNOWN ? json_null() : money_json(s, all - wanted));
	for (size_t i = 0; i < bill_rows(b); i++)
		json_array_append_new(list, row_json(s, i));
	json_object_set_new(o, "products", list);
	json_object_set_new(o, "groups", ways_json(s));
	return o;
}

/* Of the last recorded month; null: none is recorded. */
static json_t *before_json(const struct seats *s)
{
	const struct seats_month *m = s->before;
	json_t *o;

	if (!m)
		return json_null();
	o = json_object();
	report_json(s->census.arena, o, "month", m->month);
	json_object_set_new(o, "recorded", json_integer(m->at));
	json_object_set_new(o, "licensed", sum_json(s, m->wanted, m->wanted_money));
	json_object_set_new(o, "customer", json_integer((json_int_t)m->customers));
	json_object_set_new(o, "portal", json_integer((json_int_t)m->portal));
	json_object_set_new(o, "billed", m->compared ? sum_json(s, m->billed, m->billed_money) : json_null());
	json_object_set_new(o, "billed-unwanted", m->compared ? json_integer((json_int_t)m->unwanted) : json_null());
	return o;
}

static json_t *rules_json(const struct seats *s)
{
	json_t *rules = json_array();

	for (size_t i = 0; i <= s->policy->rule_count; i++) {
		struct seats_count c = seats_of_rule(s, i);
		json_t *rule = count_json(c);

		report_json(s->census.arena, rule, "rule", i < s->policy->rule_count ? s->policy->rules[i].name : NULL);
		report_json(s->census.arena, rule, "outcome", outcome_word(i < s->policy->rule_count ? s->policy->rules[i].outcome : OUTCOME_DENY));
		if (s->bill.prices->known)
			json_object_set_new(rule, "month", money_json(s, c.money));
		json_array_append_new(rules, rule);
	}
	return rules;
}

void seats_print_json(const struct seats *s)
{
	json_t *o = json_object(), *outcomes = json_object(), *people = json_array();
	size_t i;

	census_json_mirror(&s->census, o);
	json_object_set_new(o, "seats", json_integer((json_int_t)seats_of_outcome(s, OUTCOME_LICENSED).able));
	for (i = 0; i < SEATS_OUTCOMES; i++)
		json_object_set_new(outcomes, outcome_word(seats_outcomes[i]), count_json(seats_of_outcome(s, seats_outcomes[i])));
	json_object_set_new(o, "outcomes", outcomes);
	json_object_set_new(o, "rules", rules_json(s));
	json_object_set_new(o, "exceptions", count_json(seats_of_rule(s, s->policy->rule_count + 1)));
	if (s->bill.prices->known)
		json_object_set_new(o, "bill", bill_json(s));
	json_object_set_new(o, "before", before_json(s));
	if (s->compared)
		json_object_set_new(o, "managed_accounts", accounts_json(s));
	for (i = 0; i < s->people_count; i++)
		json_array_append_new(people, person_json(s, &s->people[i]));
	json_object_set_new(o, "people", people);
	json_dumpf(o, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(o);
}
