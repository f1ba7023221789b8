/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Seats as one page for a manager: numbers, a chart, what to do.
 *
 * Self-contained and without script, so that it can be mailed and printed: one
 * sheet of A4.  What has no room is counted and not shown.  Everything of the
 * directory and of Atlassian goes through `put`, which escapes it.
 */
#include "gateway/census/seats_record.h"

#include "base/encode.h"
#include "base/text.h"
#include "gateway/commands/seats_print.h"
#include "gateway/report.h"

#define TODO_MOST 9
#define PRODUCTS_SHOWN 7
#define RULES_SHOWN 7
#define WAYS_SHOWN 5
#define NAMES_MOST 46                   /* bytes of the names of a line: with how many more there are, they fill its column */
#define NAME_MOST 36                    /* bytes of one name */
#define BAR_WIDTH 560
#define BAR_LEFT 170

struct page {
	const struct seats *s;
	struct text t;
	bool names;
};

static const char style[] =
	"@page{size:A4;margin:11mm 13mm}"
	":root{color-scheme:light;--ink:#172b4d;--soft:#5e6c84;--line:#dfe1e6;--good:#1f7a5c;--bad:#c9372c;--blue:#1d5fbf}"
	"*{box-sizing:border-box}"
	"html{background:#fff}"
	"body{font:13px/1.4 system-ui,\"Segoe UI\",Roboto,\"Helvetica Neue\",\"DejaVu Sans\",sans-serif;color:var(--ink);margin:24px auto;max-width:900px;"
	"padding:0 16px;print-color-adjust:exact;-webkit-print-color-adjust:exact}"
	"header{border-bottom:2px solid var(--ink);padding-bottom:8px}"
	"h1{font-size:22px;margin:0}"
	"h2{font-size:13px;margin:16px 0 4px;color:var(--soft);font-weight:600}"
	"header p,footer{color:var(--soft);margin:2px 0 0;font-size:12px}"
	".tiles{display:flex;gap:10px;margin:14px 0 2px}"
	".tile{flex:1;border:1px solid var(--line);border-top:3px solid var(--blue);border-radius:4px;padding:8px 10px}"
	".tile.good{border-top-color:var(--good)}.tile.bad{border-top-color:var(--bad)}"
	".tile b{display:block;font-size:24px;line-height:1.2;font-variant-numeric:tabular-nums}"
	".tile span{display:block;color:var(--soft);font-size:12px}.tile em{display:block;font-style:normal;font-weight:600}"
	"table{border-collapse:collapse;width:100%;table-layout:fixed}"
	"th{font-weight:600;text-align:start;color:var(--soft);font-size:11px;border-bottom:1px solid var(--ink);padding:2px 6px 2px 0}"
	"td{border-bottom:1px solid var(--line);padding:3px 6px 3px 0;vertical-align:top;overflow:hidden;text-overflow:ellipsis}"
	".n{text-align:end;white-space:nowrap;font-variant-numeric:tabular-nums}"
	".one{white-space:nowrap}.who{color:var(--soft);font-size:11px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis;display:block}"
	".two{display:flex;gap:24px}.two>div{flex:1;min-width:0}"
	"svg{display:block;width:100%;height:auto}svg text{font:12px system-ui,\"Segoe UI\",Roboto,\"DejaVu Sans\",sans-serif;fill:var(--ink)}"
	"td:only-child{border:0}"
	"footer{margin-top:12px;border-top:1px solid var(--line);padding-top:6px;font-size:11px}"
	"@media screen and (max-width:640px){.tiles,.two{flex-wrap:wrap}.tile{flex:1 1 40%}.two>div{flex:1 1 100%}.who,.one{white-space:normal;"
	"overflow-wrap:anywhere}}"
	"@media print{body{margin:0;max-width:none;padding:0;font-size:10px;line-height:1.3}h1{font-size:18px}h2{font-size:11px;margin:9px 0 2px}"
	"td{padding-top:1.5px;padding-bottom:1.5px}th{font-size:9px}header p,.tile span{font-size:10px}.tile b{font-size:20px}.tile{padding:5px 8px}"
	".tiles{margin-top:9px}.who{font-size:9px}footer{font-size:9px;margin-top:8px}svg{max-height:88px}}";

/* ---- pieces ---- */

static void raw(struct page *p, const char *markup)
{
	text_add_c(&p->t, markup);
}

static void put(struct page *p, const char *text)
{
	text_add_html(&p->t, slice_c(report_clean(p->s->census.arena, text)));
}

static const char *number(const struct page *p, size_t n)
{
	return report_number(p->s->census.arena, n);
}

static bool priced(const struct page *p)
{
	return p->s->bill.prices->known;
}

/* "EUR 1,222.56"; "" without prices. */
static const char *money(const struct page *p, int64_t amount)
{
	if (!priced(p) || amount == MONEY_UNKNOWN)
		return "";
	return arena_printf(p->s->census.arena, "%s %s", p->s->bill.prices->currency, money_text(p->s->census.arena, amount));
}

static void cell(struct page *p, const char *class, const char *text)
{
	raw(p, "<td class=\"");
	raw(p, class);
	raw(p, "\">");
	put(p, text);
	raw(p, "</td>");
}

static void money_cell(struct page *p, int64_t amount)
{
	if (priced(p))
		cell(p, "n", amount == MONEY_UNKNOWN ? "" : money_text(p->s->census.arena, amount));
}

static void money_head(struct page *p)
{
	if (!priced(p))
		return;
	raw(p, "<th class=n style=\"width:92px\">");
	put(p, p->s->bill.prices->currency);
	raw(p, " a month</th>");
}

/* What had no room in a table. */
static void rest(struct page *p, size_t n, const char *words)
{
	if (!n)
		return;
	raw(p, "<tr><td class=who>and ");
	put(p, number(p, n));
	raw(p, " ");
	put(p, words);
	raw(p, "</td></tr>");
}

static const struct seats_line *line_of(const struct seats *s, const char *key)
{
	for (size_t i = 0; i < s->line_count; i++) {
		if (strcmp(s->lines[i].key, key) == 0)
			return &s->lines[i];
	}
	return NULL;
}

/* ---- the head ---- */

static void head(struct page *p)
{
	const struct seats *s = p->s;
	char now[21], as_of[21];

	time_write(s->census.now, now);
	raw(p, "<!doctype html>\n<html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width\">"
		"<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'\">"
		"<title>Atlassian seats</title><style>");
	raw(p, style);
	raw(p, "</style></head><body>\n<header><h1>Atlassian seats</h1><p>");
	put(p, arena_printf(s->census.arena, "%.10s, %s people in the directories", now, number(p, s->people_count)));
	if (s->compared) {
		time_write(s->as_of, as_of);
		put(p, arena_printf(s->census.arena, "; Atlassian's own count %s %.10s", s->export ? "by an export, read" : "as of", as_of));
	}
	raw(p, "</p></header>\n");
}

static void tile(struct page *p, const char *class, size_t n, const char *words, const char *below)
{
	raw(p, "<div class=\"tile ");
	raw(p, class);
	raw(p, "\"><b>");
	put(p, number(p, n));
	raw(p, "</b><span>");
	put(p, words);
	raw(p, "</span><em>");
	put(p, below);
	raw(p, "</em></div>");
}

static const char *a_month(const struct page *p, int64_t amount, const char *what)
{
	const char *text = money(p, amount);

	return *text ? arena_printf(p->s->census.arena, "%s %s", text, what) : "";
}

static void tiles(struct page *p)
{
	const struct seats *s = p->s;
	const struct seats_line *unwanted = line_of(s, "billed-unwanted");
	int64_t wanted = bill_cost(&s->bill, &s->wanted), all = seats_everybody_cost(s);
	size_t seats = seats_of_outcome(s, OUTCOME_LICENSED).able;

	raw(p, "<div class=tiles>");
	tile(p, "", seats, "licences by the rules", a_month(p, wanted, "a month"));
	if (s->compared)
		tile(p, "", s->billed_count, "billed by Atlassian", a_month(p, bill_cost(&s->bill, &s->billed), "a month"));
	if (unwanted)
		tile(p, unwanted->people ? "bad" : "good", unwanted->people, "billed without a rule",
			unwanted->people ? a_month(p, unwanted->money, "to save") : "");
	tile(p, "good", seats_let_in(s) - seats, "people without a licence",
		all == MONEY_UNKNOWN ? "" : a_month(p, all - wanted, "saved"));
	raw(p, "</div>\n");
}

/* ---- the chart ---- */

struct bar {
	const char *words;
	int64_t part, whole;            /* part: what is wanted of it */
	const char *value;
};

static void draw(struct page *p, const struct bar *bar, int y, int64_t most)
{
	int part = most ? (int)(bar->part * BAR_WIDTH / most) : 0, whole = most ? (int)(bar->whole * BAR_WIDTH / most) : 0;

	text_addf(&p->t, "<text x=\"0\" y=\"%d\">", y + 15);
	put(p, bar->words);
	text_addf(&p->t, "</text><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"22\" fill=\"#1d5fbf\"/>"
		"<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"22\" fill=\"#f0a58f\"/><text x=\"%d\" y=\"%d\">",
		BAR_LEFT, y, part, BAR_LEFT + part, y, whole - part, BAR_LEFT + whole + 8, y + 15);
	put(p, bar->value);
	raw(p, "</text>");
}

static void draw_all(struct page *p, const struct bar *bars, size_t n)
{
	int64_t most = 0;

	for (size_t i = 0; i < n; i++)
		most = bars[i].whole > most ? bars[i].whole : most;
	text_addf(&p->t, "<h2>%s</h2><svg viewBox=\"0 0 860 %d\" preserveAspectRatio=xMinYMin role=img aria-label=\"",
		priced(p) ? "A month" : "People", (int)n * 30 + 22);
	for (size_t i = 0; i < n; i++)
		put(p, arena_printf(p->s->census.arena, "%s%s: %s", i ? "; " : "", bars[i].words, bars[i].value));
	raw(p, "\">");
	for (size_t i = 0; i < n; i++)
		draw(p, &bars[i], (int)i * 30, most);
	text_addf(&p->t, "<rect x=\"%d\" y=\"%d\" width=\"10\" height=\"10\" fill=\"#1d5fbf\"/><text x=\"%d\" y=\"%d\">wanted by the rules</text>"
		"<rect x=\"%d\" y=\"%d\" width=\"10\" height=\"10\" fill=\"#f0a58f\"/><text x=\"%d\" y=\"%d\">more than that</text></svg>\n",
		BAR_LEFT, (int)n * 30 + 7, BAR_LEFT + 16, (int)n * 30 + 16, BAR_LEFT + 170, (int)n * 30 + 7, BAR_LEFT + 186, (int)n * 30 + 16);
}

static void chart(struct page *p)
{
	const struct seats *s = p->s;
	const struct seats_line *wanted_billed = line_of(s, "billed-wanted");
	bool known = priced(p) && seats_everybody_cost(s) != MONEY_UNKNOWN;
	int64_t wanted = priced(p) ? bill_cost(&s->bill, &s->wanted) : (int64_t)seats_of_outcome(s, OUTCOME_LICENSED).able;
	int64_t all = known ? seats_everybody_cost(s) : (int64_t)seats_let_in(s);
	struct bar bars[3];
	size_t n = 0;

	if (known || !priced(p))
		bars[n++] = (struct bar){"if all were licensed", wanted < all ? wanted : all, all, known ? money(p, all) : number(p, (size_t)all)};
	if (s->compared && wanted_billed) {
		int64_t billed = priced(p) ? bill_cost(&s->bill, &s->billed) : (int64_t)s->billed_count;
		int64_t part = priced(p) ? wanted_billed->money : (int64_t)wanted_billed->people;

		bars[n++] = (struct bar){"billed by Atlassian", part, billed, priced(p) ? money(p, billed) : number(p, s->billed_count)};
	}
	bars[n++] = (struct bar){"wanted by the rules", wanted, wanted, priced(p) ? money(p, wanted) : number(p, (size_t)wanted)};
	draw_all(p, bars, n);
}

/* ---- what to do ---- */

static bool needs_names(const struct seats_line *line)
{
	return strcmp(line->key, "wanted-missing") != 0 && strcmp(line->key, "wanted-unbilled") != 0 && strcmp(line->key, "not-said") != 0;
}

/* A name that is too long for the line is cut at a whole character. */
static const char *cut(struct page *p, const char *name)
{
	size_t n = strlen(name);

	if (n <= NAME_MOST)
		return name;
	for (n = NAME_MOST; n && ((unsigned char)name[n] & 0xc0) == 0x80; n--)
		;
	return arena_printf(p->s->census.arena, "%.*s...", (int)n, name);
}

/* As many as have room, then how many more. */
static void put_names(struct page *p, const struct seats_line *line)
{
	size_t shown = 0, used = 0;

	if (!p->names || !needs_names(line))
		return;
	raw(p, "<span class=who>");
	do {
		const char *name = cut(p, line->names[shown]);

		used += strlen(name) + strlen(", ");
		if (shown && used > NAMES_MOST)
			break;
		put(p, shown ? ", " : "");
		put(p, name);
	} while (++shown < line->people);
	if (shown < line->people)
		put(p, arena_printf(p->s->census.arena, " and %s more", number(p, line->people - shown)));
	raw(p, "</span>");
}

static void todo(struct page *p)
{
	const struct seats *s = p->s;
	size_t shown = 0, left = 0;

	if (!s->compared)
		return;
	raw(p, "<h2>What to do</h2><table><tr><th style=\"width:38%\">What Atlassian counts</th><th class=n style=\"width:56px\">people</th>");
	money_head(p);
	raw(p, "<th style=\"padding-inline-start:16px\">what to do</th></tr>");
	for (size_t i = 0; i < s->line_count; i++) {
		const struct seats_line *line = &s->lines[i];

		if (!line->todo || !line->people)
			continue;
		if (shown == TODO_MOST) {
			left++;
			continue;
		}
		shown++;
		raw(p, "<tr><td>");
		put(p, line->words);
		put_names(p, line);
		raw(p, "</td>");
		cell(p, "n", number(p, line->people));
		if (priced(p))
			cell(p, "n", line->money == MONEY_UNKNOWN ? "" : arena_printf(s->census.arena, "%s%s", line->adds ? "+ " : "",
				money_text(s->census.arena, line->money)));
		raw(p, "<td style=\"padding-inline-start:16px\">");
		put(p, line->todo);
		raw(p, "</td></tr>");
	}
	if (!shown)
		raw(p, "<tr><td class=who>nothing: what is billed is what the rules want</td></tr>");
	rest(p, left, "further lines: postern seats");
	raw(p, "</table>\n");
}

/* ---- by product, rule and group ---- */

static void product_row(struct page *p, size_t i)
{
	const struct seats *s = p->s;
	struct bill_row wanted = bill_row(&s->bill, &s->wanted, i), billed = bill_row(&s->bill, &s->billed, i);

	raw(p, "<tr>");
	cell(p, "one", wanted.title);
	cell(p, "n", number(p, wanted.people));
	if (s->compared)
		cell(p, "n", number(p, billed.people));
	money_cell(p, s->compared ? billed.money : wanted.money);
	raw(p, "</tr>");
}

static void by_product(struct page *p)
{
	const struct seats *s = p->s;
	const struct bill *b = &s->bill;
	size_t shown = 0, left = 0;

	raw(p, "<div><h2>By product</h2><table><tr><th>product</th><th class=n style=\"width:56px\">wanted</th>");
	if (s->compared)
		raw(p, "<th class=n style=\"width:56px\">billed</th>");
	money_head(p);
	raw(p, "</tr>");
	for (size_t i = b->count; i < bill_rows(b); i++)
		product_row(p, i);
	for (size_t i = 0; i < b->count; i++) {
		if (!s->wanted.of[i] && !s->billed.of[i])
			continue;
		if (shown++ < PRODUCTS_SHOWN)
			product_row(p, i);
		else
			left++;
	}
	rest(p, left, "more products");
	raw(p, "</table></div>");
}

static void rule_row(struct page *p, const char *name, const char *outcome, struct seats_count c)
{
	raw(p, "<tr>");
	cell(p, "one", name);
	cell(p, "one", outcome);
	cell(p, "n", number(p, c.able));
	money_cell(p, c.money);
	raw(p, "</tr>");
}

static void by_rule(struct page *p)
{
	const struct seats *s = p->s;
	size_t i, n = s->policy->rule_count;

	raw(p, "<div><h2>By rule</h2><table><tr><th>rule</th><th style=\"width:72px\">outcome</th><th class=n style=\"width:56px\">people</th>");
	money_head(p);
	raw(p, "</tr>");
	for (i = 0; i < n && i < RULES_SHOWN; i++)
		rule_row(p, s->policy->rules[i].name, outcome_word(s->policy->rules[i].outcome), seats_of_rule(s, i));
	rest(p, n - i, "more rules");
	if (s->policy->exception_count)
		rule_row(p, "(exceptions)", "", seats_of_rule(s, n + 1));
	raw(p, "</table></div>");
}

static void by_group(struct page *p)
{
	const struct seats *s = p->s;
	struct seats_way *ways;
	size_t i, n = seats_ways(s, &ways);

	raw(p, "<h2>Licensed through these groups</h2><table><tr><th>groups</th><th class=n style=\"width:56px\">people</th>");
	money_head(p);
	raw(p, "</tr>");
	for (i = 0; i < n && i < WAYS_SHOWN; i++) {
		raw(p, "<tr>");
		cell(p, "one", *ways[i].path ? ways[i].path : "(the rule names no group)");
		cell(p, "n", number(p, ways[i].n));
		money_cell(p, ways[i].money);
		raw(p, "</tr>");
	}
	rest(p, n - i, "other ways");
	raw(p, "</table>\n");
}

/* ---- since last month, and the foot ---- */

static void since(struct page *p)
{
	raw(p, "<p class=since>");
	put(p, seats_since_text(p->s));
	raw(p, "</p>\n");
}

static void foot(struct page *p)
{
	raw(p, "<footer>");
	if (priced(p))
		put(p, "Money is by the prices of the settings, without tax: a report, not an invoice. What could be saved is the difference of two "
			"bills; the lines do not add up, since one person can be on several. ");
	put(p, "Customers of the portal are never billed. Made by Postern " PACKAGE_VERSION ".");
	raw(p, "</footer></body></html>\n");
}

struct slice seats_html(const struct seats *s, bool names)
{
	struct page p = {.s = s, .names = names};

	text_begin(&p.t, s->census.arena, 16384);
	head(&p);
	tiles(&p);
	since(&p);
	chart(&p);
	todo(&p);
	raw(&p, "<div class=two>");
	by_product(&p);
	by_rule(&p);
	raw(&p, "</div>");
	by_group(&p);
	foot(&p);
	return text_slice(&p.t);
}
