/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Seats as text on a screen, as CSV with a row for each person, and as JSON. */
#include "gateway/seats.h"

#define EXAMPLES 3
#define WAYS_SHOWN 12

static const enum outcome order[] = {OUTCOME_LICENSED, OUTCOME_CUSTOMER, OUTCOME_PORTAL, OUTCOME_DENY};
#define OUTCOMES (sizeof(order) / sizeof(*order))

struct count {
	size_t people, able;            /* able to sign on */
};

static void count_in(struct count *c, const struct seats_person *p)
{
	c->people++;
	c->able += seats_can_sign_on(p);
}

static struct count of_outcome(const struct seats *s, enum outcome o)
{
	struct count c = {0, 0};

	for (size_t i = 0; i < s->people_count; i++) {
		if (s->people[i].outcome == o)
			count_in(&c, &s->people[i]);
	}
	return c;
}

/* policy.rule_count: of whom no rule matched. */
static struct count of_rule(const struct seats *s, size_t rule)
{
	struct count c = {0, 0};

	for (size_t i = 0; i < s->people_count; i++) {
		if (s->people[i].rule == rule)
			count_in(&c, &s->people[i]);
	}
	return c;
}

/* ---- text ---- */

static const char *number(const struct seats *s, size_t n)
{
	return report_number(s->census.arena, n);
}

static const char *clean(const struct seats *s, const char *text)
{
	return report_clean(s->census.arena, text);
}

static void print_count(const struct seats *s, const char *title, const char *name, const char *outcome, struct count c)
{
	printf("%-10s %-28s %-9s %9s %12s\n", title, name, outcome, number(s, c.people), number(s, c.able));
}

static void print_outcomes(const struct seats *s)
{
	size_t i;

	printf("%-10s %-28s %-9s %9s %12s\n", "", "", "", "people", "can sign on");
	for (i = 0; i < OUTCOMES; i++)
		print_count(s, i ? "" : "Outcome", outcome_word(order[i]), "", of_outcome(s, order[i]));
	for (i = 0; i < s->policy->rule_count; i++) {
		const struct rule *rule = &s->policy->rules[i];

		print_count(s, i ? "" : "Rule", clean(s, rule->name), outcome_word(rule->outcome), of_rule(s, i));
	}
	if (s->policy->exception_count)
		print_count(s, "", "(exceptions)", "", of_rule(s, s->policy->rule_count + 1));
	print_count(s, "", "(none matched)", "deny", of_rule(s, s->policy->rule_count));
}

static const char *name_of(const struct seats *s, const struct seats_person *p)
{
	return clean(s, *p->mail ? p->mail : p->dn);
}

/* Whom a rule gives something, and a sign-on would be refused for this reason. */
static bool is_refused_for(const struct seats_person *p, enum reason reason)
{
	return p->outcome != OUTCOME_DENY && p->refusal == reason;
}

static void print_refused_for(const struct seats *s, enum reason reason, bool *titled)
{
	size_t i, n = 0;

	for (i = 0; i < s->people_count; i++)
		n += is_refused_for(&s->people[i], reason);
	if (n == 0)
		return;
	printf("%-10s %-28s %9s   ", *titled ? "" : "Refused", reason_word(reason), number(s, n));
	*titled = true;
	for (i = 0, n = 0; i < s->people_count; i++) {
		if (!is_refused_for(&s->people[i], reason))
			continue;
		if (n == EXAMPLES) {
			printf(" ...");
			break;
		}
		printf("%s%s", n++ ? ", " : "", name_of(s, &s->people[i]));
	}
	putchar('\n');
}

/* ---- by which groups ---- */

struct way {
	const char *path;
	size_t n;
};

static int by_path(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_size(const void *a, const void *b)
{
	const struct way *x = a, *y = b;

	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	return strcmp(x->path, y->path);
}

static size_t find_ways(const struct seats *s, struct way **out)
{
	const char **paths = arena_alloc(s->census.arena, (s->people_count + 1) * sizeof(*paths));
	struct way *ways = arena_alloc(s->census.arena, (s->people_count + 1) * sizeof(*ways));
	size_t i, n = 0, count = 0;

	for (i = 0; i < s->people_count; i++) {
		if (s->people[i].outcome == OUTCOME_LICENSED && seats_can_sign_on(&s->people[i]))
			paths[n++] = s->people[i].path;
	}
	qsort(paths, n, sizeof(*paths), by_path);
	for (i = 0; i < n; i++) {
		if (count == 0 || strcmp(ways[count - 1].path, paths[i]) != 0)
			ways[count++].path = paths[i];
		ways[count - 1].n++;
	}
	qsort(ways, count, sizeof(*ways), by_size);
	*out = ways;
	return count;
}

static void print_ways(const struct seats *s)
{
	struct way *ways;
	size_t i, n = find_ways(s, &ways), rest = 0;

	for (i = 0; i < n && i < WAYS_SHOWN; i++)
		printf("%-10s %9s  %s\n", i ? "" : "Licensed", number(s, ways[i].n), *ways[i].path ? clean(s, ways[i].path) : "(the rule names no group)");
	for (; i < n; i++)
		rest += ways[i].n;
	if (rest)
		printf("%-10s %9s  in %s other ways\n", "", number(s, rest), number(s, n - WAYS_SHOWN));
}

/* ---- what is billed ---- */

static bool is_of(const struct seats_account *account, enum seats_class class, const char *product, bool only_trello)
{
	if (account->class != class || (only_trello && !account->only_trello))
		return false;
	for (size_t i = 0; product && account->products[i]; i++) {
		if (strcmp(account->products[i], product) == 0)
			return true;
	}
	return !product;
}

static void print_accounts_of(const struct seats *s, const char *words, enum seats_class class, const char *product, bool only_trello)
{
	size_t i, n = 0, shown = 0;

	for (i = 0; i < s->account_count; i++)
		n += is_of(&s->accounts[i], class, product, only_trello);
	if (n == 0 && (product || class == SEATS_NOT_SAID))
		return;
	printf("%-10s %-40s %9s", "", words, number(s, n));
	for (i = 0; i < s->account_count && shown < n && shown < EXAMPLES; i++) {
		if (is_of(&s->accounts[i], class, product, only_trello))
			printf("%s%s", shown++ ? ", " : "   ", clean(s, s->accounts[i].mail));
	}
	puts(shown < n ? " ..." : "");
}

/* Each product that an unwanted seat is billed for, in the order of the file's columns. */
static void print_products(const struct seats *s)
{
	const char *const *known;

	for (known = s->read.columns_used; *known; known++)
		print_accounts_of(s, arena_printf(s->census.arena, "    has access to %s", clean(s, *known)), SEATS_BILLED_UNWANTED, *known, false);
}

/* To whom Atlassian sells what nobody wants: what the rules give them instead. */
static void print_givens(const struct seats *s)
{
	size_t given[OUTCOME_COUNT] = {0}, strangers = 0, i;

	for (i = 0; i < s->account_count; i++) {
		if (s->accounts[i].class != SEATS_BILLED_UNWANTED)
			continue;
		if (s->accounts[i].person)
			given[s->accounts[i].person->outcome]++;
		else
			strangers++;
	}
	for (i = 0; i < OUTCOMES; i++) {
		if (given[order[i]])
			printf("%-10s     %-36s %9s\n", "", arena_printf(s->census.arena, "the rules give %s", outcome_word(order[i])),
				number(s, given[order[i]]));
	}
	if (strangers)
		printf("%-10s     %-36s %9s\n", "", "in no directory", number(s, strangers));
}

static void print_missing(const struct seats *s)
{
	size_t i, n = 0, shown = 0;

	for (i = 0; i < s->people_count; i++)
		n += seats_class_of(s, &s->people[i]) == SEATS_WANTED_MISSING;
	printf("%-10s %-40s %9s", "", "wanted, and no such account", number(s, n));
	for (i = 0; i < s->people_count && shown < n && shown < EXAMPLES; i++) {
		if (seats_class_of(s, &s->people[i]) == SEATS_WANTED_MISSING)
			printf("%s%s", shown++ ? ", " : "   ", name_of(s, &s->people[i]));
	}
	puts(shown < n ? " ..." : "");
}

static void print_read(const struct seats *s)
{
	size_t i;

	printf("%-10s %s: %s accounts, %s of them billed\n", "Atlassian", clean(s, s->export), number(s, s->account_count),
		number(s, s->read.billable));
	for (i = 0; i < s->read.problem_count && s->read.problems[i]; i++)
		printf("%-10s %s: %s\n", "", clean(s, s->export), clean(s, s->read.problems[i]));
	if (s->read.problem_count > i)
		printf("%-10s and %s further problems\n", "", number(s, s->read.problem_count - i));
	if (s->twice)
		printf("%-10s %s accounts are there twice; of each, the one that is billed was taken\n", "", number(s, s->twice));
	for (i = 0; s->read.columns_ignored && s->read.columns_ignored[i]; i++)
		printf("%-10s column not understood: %s\n", "", clean(s, s->read.columns_ignored[i]));
}

static void print_accounts(const struct seats *s)
{
	print_read(s);
	print_accounts_of(s, "billed and wanted", SEATS_BILLED_WANTED, NULL, false);
	print_accounts_of(s, "billed, though no rule gives it", SEATS_BILLED_UNWANTED, NULL, false);
	print_givens(s);
	print_products(s);
	print_accounts_of(s, "    billed only because of Trello", SEATS_BILLED_UNWANTED, NULL, true);
	print_accounts_of(s, "billed, wanted, but a sign-on is refused", SEATS_BILLED_REFUSED, NULL, false);
	print_accounts_of(s, "wanted, and there, but not billed yet", SEATS_WANTED_UNBILLED, NULL, false);
	print_missing(s);
	print_accounts_of(s, "not said whether it is billed", SEATS_NOT_SAID, NULL, false);
}

void seats_print_text(const struct seats *s)
{
	bool titled = false;
	int reason;

	census_print_mirror(&s->census);
	print_outcomes(s);
	for (reason = REASON_NONE + 1; reason < REASON_COUNT; reason++)
		print_refused_for(s, (enum reason)reason, &titled);
	printf("%-10s %s: people who are licensed and can sign on\n", "Seats", number(s, of_outcome(s, OUTCOME_LICENSED).able));
	print_ways(s);
	if (s->export)
		print_accounts(s);
	puts("Everybody by name: --csv, --json, postern who licensed");
}

/* ---- CSV ---- */

static const char *yes(bool is)
{
	return is ? "yes" : "no";
}

static void print_account_row(const struct seats_account *account)
{
	const char *fields[] = {NULL, NULL, NULL, NULL, NULL, account->mail, NULL, NULL, NULL, seats_class_word(account->class),
		account->billable < 0 ? NULL : yes(account->billable), account->products_text, yes(account->only_trello)};

	report_csv_row(fields, sizeof(fields) / sizeof(*fields));
}

static void print_person_row(const struct seats *s, const struct seats_person *p)
{
	const struct seats_account *m = p->managed;
	const char *fields[] = {outcome_word(p->outcome), p->rule_name, yes(seats_can_sign_on(p)),
		p->refusal == REASON_NONE ? NULL : reason_word(p->refusal), p->directory, p->mail, p->dn, p->path, p->account,
		seats_class_word(seats_class_of(s, p)), m && m->billable >= 0 ? yes(m->billable) : NULL, m ? m->products_text : NULL,
		m ? yes(m->only_trello) : NULL};

	report_csv_row(fields, s->export ? 13 : 9);
}

void seats_print_csv(const struct seats *s)
{
	static const char *const head[] = {"outcome", "rule", "can_sign_on", "reason", "directory", "mail", "dn", "groups", "account",
		"compared", "billed", "products", "only_trello"};
	size_t i;

	report_csv_row(head, s->export ? 13 : 9);
	for (i = 0; i < s->people_count; i++)
		print_person_row(s, &s->people[i]);
	for (i = 0; i < s->account_count; i++) {
		if (!s->accounts[i].person)
			print_account_row(&s->accounts[i]);
	}
}

/* ---- JSON ---- */

static json_t *count_json(struct count c)
{
	json_t *o = json_object();

	json_object_set_new(o, "people", json_integer((json_int_t)c.people));
	json_object_set_new(o, "can_sign_on", json_integer((json_int_t)c.able));
	return o;
}

static json_t *account_json(const struct seats *s, const struct seats_account *m)
{
	json_t *o = json_object(), *products = json_array();

	report_json(s->census.arena, o, "mail", m->mail);
	json_object_set_new(o, "billed", m->billable < 0 ? json_null() : json_boolean(m->billable));
	for (size_t i = 0; m->products[i]; i++)
		json_array_append_new(products, json_string(report_clean(s->census.arena, m->products[i])));
	json_object_set_new(o, "products", products);
	json_object_set_new(o, "only_trello", json_boolean(m->only_trello));
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
	if (s->export)
		report_json(a, o, "compared", class == SEATS_NOTHING ? NULL : seats_class_word(class));
	if (s->export)
		json_object_set_new(o, "managed_account", p->managed ? account_json(s, p->managed) : json_null());
	return o;
}

static json_t *accounts_json(const struct seats *s)
{
	json_t *o = json_object(), *strangers = json_array();
	size_t counts[SEATS_CLASSES] = {0}, trello = 0, i;

	for (i = 0; i < s->account_count; i++) {
		const struct seats_account *m = &s->accounts[i];

		counts[m->class]++;
		trello += m->only_trello && m->class == SEATS_BILLED_UNWANTED;
		if (!m->person)
			json_array_append_new(strangers, account_json(s, m));
	}
	for (i = 0; i < s->people_count; i++)
		counts[SEATS_WANTED_MISSING] += seats_class_of(s, &s->people[i]) == SEATS_WANTED_MISSING;
	report_json(s->census.arena, o, "file", s->export);
	json_object_set_new(o, "accounts", json_integer((json_int_t)s->account_count));
	for (i = SEATS_NOTHING + 1; i < SEATS_CLASSES; i++)
		json_object_set_new(o, seats_class_word((enum seats_class)i), json_integer((json_int_t)counts[i]));
	json_object_set_new(o, "only_trello_unwanted", json_integer((json_int_t)trello));
	json_object_set_new(o, "not_in_the_mirror", strangers);
	return o;
}

void seats_print_json(const struct seats *s)
{
	json_t *o = json_object(), *outcomes = json_object(), *rules = json_array(), *people = json_array();
	size_t i;

	census_json_mirror(&s->census, o);
	json_object_set_new(o, "seats", json_integer((json_int_t)of_outcome(s, OUTCOME_LICENSED).able));
	for (i = 0; i < OUTCOMES; i++)
		json_object_set_new(outcomes, outcome_word(order[i]), count_json(of_outcome(s, order[i])));
	json_object_set_new(o, "outcomes", outcomes);
	for (i = 0; i <= s->policy->rule_count; i++) {
		json_t *rule = count_json(of_rule(s, i));

		report_json(s->census.arena, rule, "rule", i < s->policy->rule_count ? s->policy->rules[i].name : NULL);
		report_json(s->census.arena, rule, "outcome", outcome_word(i < s->policy->rule_count ? s->policy->rules[i].outcome : OUTCOME_DENY));
		json_array_append_new(rules, rule);
	}
	json_object_set_new(o, "rules", rules);
	json_object_set_new(o, "exceptions", count_json(of_rule(s, s->policy->rule_count + 1)));
	if (s->export)
		json_object_set_new(o, "managed_accounts", accounts_json(s));
	for (i = 0; i < s->people_count; i++)
		json_array_append_new(people, person_json(s, &s->people[i]));
	json_object_set_new(o, "people", people);
	json_dumpf(o, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(o);
}
