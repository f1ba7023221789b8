/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Seats as text on a screen: nothing of money unless the settings have prices. */
#include "gateway/census/seats.h"

#include "base/encode.h"
#include "gateway/commands/census_command.h"
#include "gateway/commands/seats_print.h"
#include "gateway/report.h"

#define EXAMPLES 3
#define WAYS_SHOWN 12
#define WRAP 100

static const char *number(const struct seats *s, size_t n)
{
	return report_number(s->census.arena, n);
}

static const char *clean(const struct seats *s, const char *text)
{
	return report_clean(s->census.arena, text);
}

static bool priced(const struct seats *s)
{
	return s->bill.prices->known;
}

/* A column of its own, where there is money at all. */
static const char *money(const struct seats *s, int64_t amount)
{
	return priced(s) ? arena_printf(s->census.arena, " %13s", money_text(s->census.arena, amount)) : "";
}

/* ---- outcomes and rules ---- */

static void print_count(const struct seats *s, const char *title, const char *name, const char *outcome, struct seats_count c)
{
	printf("%-10s %-28s %-9s %9s %12s%s\n", title, name, outcome, number(s, c.people), number(s, c.able), money(s, c.money));
}

static void print_outcomes(const struct seats *s)
{
	size_t i;

	printf("%-10s %-28s %-9s %9s %12s", "", "", "", "people", "can sign on");
	if (priced(s))
		printf(" %9s %s", s->bill.prices->currency, "a month");
	putchar('\n');
	for (i = 0; i < SEATS_OUTCOMES; i++)
		print_count(s, i ? "" : "Outcome", outcome_word(seats_outcomes[i]), "", seats_of_outcome(s, seats_outcomes[i]));
	for (i = 0; i < s->policy->rule_count; i++) {
		const struct rule *rule = &s->policy->rules[i];

		print_count(s, i ? "" : "Rule", clean(s, rule->name), outcome_word(rule->outcome), seats_of_rule(s, i));
	}
	if (s->policy->exception_count)
		print_count(s, "", "(exceptions)", "", seats_of_rule(s, s->policy->rule_count + 1));
	print_count(s, "", "(none matched)", "deny", seats_of_rule(s, s->policy->rule_count));
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
		printf("%s%s", n++ ? ", " : "", seats_name_of(s, &s->people[i]));
	}
	putchar('\n');
}

static void print_ways(const struct seats *s)
{
	struct seats_way *ways;
	size_t i, n = seats_ways(s, &ways), rest = 0;

	for (i = 0; i < n && i < WAYS_SHOWN; i++)
		printf("%-10s %9s%s  %s\n", i ? "" : "Licensed", number(s, ways[i].n), money(s, ways[i].money),
			*ways[i].path ? clean(s, ways[i].path) : "(the rule names no group)");
	for (; i < n; i++)
		rest += ways[i].n;
	if (rest)
		printf("%-10s %9s  in %s other ways\n", "", number(s, rest), number(s, n - WAYS_SHOWN));
}

/* ---- the bill by the rules ---- */

static void print_cost(const struct seats *s, const char *title, const char *words, size_t people, int64_t amount)
{
	printf("%-10s %-44s %9s%s\n", title, words, number(s, people), money(s, amount));
}

static int64_t saved(const struct seats *s)
{
	int64_t all = seats_everybody_cost(s);

	return all == MONEY_UNKNOWN ? MONEY_UNKNOWN : all - bill_cost(&s->bill, &s->wanted);
}

static void print_bill(const struct seats *s)
{
	print_cost(s, "Bill", "what the rules want", s->wanted.people, bill_cost(&s->bill, &s->wanted));
	for (size_t i = 0; i < bill_rows(&s->bill); i++) {
		struct bill_row row = bill_row(&s->bill, &s->wanted, i);

		if (row.money != MONEY_UNKNOWN && (row.people || i >= s->bill.count))
			print_cost(s, "", clean(s, arena_printf(s->census.arena, "    %s", row.title)), row.people, row.money);
	}
	if (seats_everybody_cost(s) == MONEY_UNKNOWN)
		return;
	print_cost(s, "", "everybody let in, managed and licensed", s->everybody.people, seats_everybody_cost(s));
	print_cost(s, "", "    saved", s->everybody.people - s->wanted.people, saved(s));
}

/* ---- what Atlassian counts ---- */

static void print_source(const struct seats *s)
{
	char as_of[21];

	if (s->export) {
		printf("%-10s %s", "Atlassian", clean(s, s->export));
	} else {
		time_write(s->as_of, as_of);
		printf("%-10s inventory as of %s", "Atlassian", as_of);
	}
	printf(": %s, %s of them billed\n", report_count(s->census.arena, s->account_count, "account", "accounts"), number(s, s->billed_count));
}

static void print_read(const struct seats *s)
{
	size_t i;

	print_source(s);
	for (i = 0; i < s->read.problem_count && s->read.problems[i]; i++)
		printf("%-10s %s: %s\n", "", clean(s, s->export), clean(s, s->read.problems[i]));
	if (s->read.problem_count > i)
		printf("%-10s and %s further problems\n", "", number(s, s->read.problem_count - i));
	if (s->twice)
		printf("%-10s %s accounts are there twice; of each, the one that is billed was taken\n", "", number(s, s->twice));
	for (i = 0; s->read.columns_ignored && s->read.columns_ignored[i]; i++)
		printf("%-10s column not understood: %s\n", "", clean(s, s->read.columns_ignored[i]));
}

static void print_line(const struct seats *s, const struct seats_line *line)
{
	size_t i;

	printf("%-10s %s%-*s %9s%s", "", line->part ? "    " : "", line->part ? 40 : 44, line->words, number(s, line->people),
		money(s, line->money));
	for (i = 0; i < line->people && i < EXAMPLES; i++)
		printf("%s%s", i ? ", " : "   ", line->names[i]);
	puts(i < line->people ? " ..." : "");
}

/* Folded at blanks, below the first line's words. */
static void print_folded(const char *text, int indent)
{
	size_t room = (size_t)(WRAP - indent);

	while (strlen(text) > room) {
		size_t n = room;

		while (n && text[n] != ' ')
			n--;
		if (n == 0)
			break;
		printf("%.*s\n%*s", (int)n, text, indent, "");
		text += n + 1;
	}
	puts(text);
}

static void print_todo(const struct seats *s)
{
	bool titled = false;

	for (size_t i = 0; i < s->line_count; i++) {
		const struct seats_line *line = &s->lines[i];

		if (!line->todo || !line->people)
			continue;
		printf("%-10s ", titled ? "" : "To do");
		print_folded(arena_printf(s->census.arena, "%s (%s): %s", line->words, number(s, line->people), line->todo), 11);
		titled = true;
	}
}

static void print_accounts(const struct seats *s)
{
	size_t i;

	print_read(s);
	if (priced(s))
		print_cost(s, "", "what Atlassian bills, by these prices", s->billed.people, bill_cost(&s->bill, &s->billed));
	for (i = 0; i < s->line_count; i++)
		print_line(s, &s->lines[i]);
	print_todo(s);
}

void seats_print_text(const struct seats *s)
{
	bool titled = false;
	int reason;

	census_print_mirror(&s->census);
	print_outcomes(s);
	for (reason = REASON_NONE + 1; reason < REASON_COUNT; reason++)
		print_refused_for(s, (enum reason)reason, &titled);
	printf("%-10s %s: people who are licensed and can sign on\n", "Seats", number(s, seats_of_outcome(s, OUTCOME_LICENSED).able));
	print_ways(s);
	if (priced(s))
		print_bill(s);
	if (s->compared)
		print_accounts(s);
	printf("%-10s ", "Last month");
	print_folded(seats_since_text(s), 11);
	puts("Everybody by name: --csv, --json, postern who licensed");
}
