/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The record of months: see seats_record.h. */
#include "gateway/census/seats_record.h"

#include "base/encode.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "gateway/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_MOST ((size_t)1 << 20)

static const char *month_of(struct arena *a, int64_t t)
{
	char text[21];

	time_write(t, text);
	return arena_printf(a, "%.7s", text);
}

static bool is_month(const char *text)
{
	return text && strlen(text) == 7 && text[4] == '-' && strspn(text, "0123456789-") == 7;
}

/* ---- which prices ---- */

static void add_price(struct text *t, const char *name, const struct price *price)
{
	text_addf(t, "%s", name);
	for (size_t i = 0; i < price->count; i++)
		text_addf(t, " %zu:%" PRId64, price->tiers[i].upto, price->tiers[i].each);
	text_add_c(t, "\n");
}

static const char *prices_of(struct arena *a, const struct settings_prices *p)
{
	static const unsigned char nothing_secret[HASH_SECRET_SIZE];
	struct text t;

	if (!p->known)
		return NULL;
	text_begin(&t, a, 256);
	text_addf(&t, "%s\n", p->currency);
	for (size_t i = 0; i < p->product_count; i++)
		add_price(&t, p->products[i].word, &p->products[i].price);
	for (int g = 0; g < GUARDS; g++)
		add_price(&t, g == GUARD_PREMIUM ? "premium" : "standard", &p->guard[g]);
	return arena_printf(a, "%016" PRIx64, hash_secretly(nothing_secret, text_slice(&t)));
}

void seats_month_now(const struct seats *s, struct seats_month *out)
{
	struct seats_month m = {
		.month = month_of(s->census.arena, s->census.now), .at = s->census.now, .wanted = seats_of_outcome(s, OUTCOME_LICENSED).able,
		.customers = seats_of_outcome(s, OUTCOME_CUSTOMER).able, .portal = seats_of_outcome(s, OUTCOME_PORTAL).able,
		.wanted_money = bill_cost(&s->bill, &s->wanted), .compared = s->compared, .billed = s->billed_count,
		.billed_money = s->compared ? bill_cost(&s->bill, &s->billed) : MONEY_UNKNOWN,
		.prices = prices_of(s->census.arena, s->bill.prices),
	};

	for (size_t i = 0; i < s->account_count; i++)
		m.unwanted += s->accounts[i].class == SEATS_BILLED_UNWANTED;
	*out = m;
}

/* ---- in words ---- */

static const char *change(struct arena *a, const char *what, size_t before, size_t now)
{
	return arena_printf(a, "%s %s -> %s (%s%s)", what, report_number(a, before), report_number(a, now), now < before ? "-" : "+",
		report_number(a, now < before ? before - now : now - before));
}

static const char *money_change(struct arena *a, const char *what, const char *currency, int64_t before, int64_t now)
{
	if (before == MONEY_UNKNOWN || now == MONEY_UNKNOWN)
		return "";
	return arena_printf(a, "; %s%s %s -> %s (%s%s)", what, currency, money_text(a, before), money_text(a, now), now < before ? "" : "+",
		money_text(a, now - before));
}

const char *seats_since_text(const struct seats *s)
{
	const struct seats_month *was = s->before;
	const char *currency = s->bill.prices->currency, *text;
	struct arena *a = s->census.arena;
	bool same_prices;
	struct seats_month now;
	char day[21];

	if (!was)
		return "No earlier month is recorded: postern seats --record keeps one.";
	seats_month_now(s, &now);
	time_write(was->at, day);
	same_prices = was->prices && now.prices && strcmp(was->prices, now.prices) == 0;
	text = arena_printf(a, "Since %.10s: %s", day, change(a, "licensed", was->wanted, now.wanted));
	if (same_prices)
		text = arena_printf(a, "%s%s", text, money_change(a, "", currency, was->wanted_money, now.wanted_money));
	if (was->compared && now.compared)
		text = arena_printf(a, "%s; %s; %s", text, change(a, "billed", was->billed, now.billed),
			change(a, "of them without a rule", was->unwanted, now.unwanted));
	if (same_prices)
		text = arena_printf(a, "%s%s", text, money_change(a, "billed ", currency, was->billed_money, now.billed_money));
	return same_prices || !now.prices ? text : arena_printf(a, "%s; prices were others then", text);
}

/* ---- the file ---- */

/* NULL: not there, or something that we never write (err filled). */
static json_t *read_months(struct arena *a, const char *path, struct error *err)
{
	struct slice bytes;
	json_t *o, *months;

	if (access(path, F_OK) < 0 && errno == ENOENT)
		return json_array();
	if (file_read(a, path, FILE_PUBLIC, FILE_MOST, &bytes, err) < 0)
		return NULL;
	o = json_loadb(bytes.p, bytes.n, JSON_REJECT_DUPLICATES, NULL);
	months = json_object_get(o, "months");
	months = json_is_array(months) ? json_incref(months) : NULL;
	json_decref(o);
	if (!months)
		error_set(err, REASON_FILE, "%s: is not what `postern seats --record` writes; move it away to begin anew", path);
	return months;
}

static size_t count_of(const json_t *o, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(o, key));

	return n > 0 && n < (json_int_t)USERS_MOST ? (size_t)n : 0;
}

static int64_t money_of(const json_t *o, const char *key)
{
	const json_t *money = json_object_get(o, key);

	return json_is_integer(money) ? (int64_t)json_integer_value(money) : MONEY_UNKNOWN;
}

static void read_month(struct arena *a, const json_t *o, struct seats_month *out)
{
	*out = (struct seats_month){
		.month = arena_strdup(a, json_string_value(json_object_get(o, "month"))), .at = json_integer_value(json_object_get(o, "at")),
		.wanted = count_of(o, "wanted"), .customers = count_of(o, "customers"), .portal = count_of(o, "portal"),
		.wanted_money = money_of(o, "wanted_money"), .compared = json_is_true(json_object_get(o, "compared")),
		.billed = count_of(o, "billed"), .unwanted = count_of(o, "unwanted"), .billed_money = money_of(o, "billed_money"),
		.prices = arena_strdup(a, json_string_value(json_object_get(o, "prices"))),
	};
}

int seats_month_before(struct arena *a, const char *path, int64_t now, struct seats_month *out, struct error *err)
{
	const char *this_month = month_of(a, now), *best = "";
	json_t *months = read_months(a, path, err), *o;
	size_t i;
	int rc = 0;

	if (!months)
		return -1;
	json_array_foreach(months, i, o) {
		const char *month = json_string_value(json_object_get(o, "month"));

		if (!is_month(month) || strcmp(month, this_month) >= 0 || strcmp(month, best) <= 0)
			continue;
		read_month(a, o, out);
		best = out->month;
		rc = 1;
	}
	json_decref(months);
	return rc;
}

static json_t *month_json(const struct seats_month *m)
{
	json_t *o = json_object();

	json_object_set_new(o, "month", json_string(m->month));
	json_object_set_new(o, "at", json_integer(m->at));
	json_object_set_new(o, "wanted", json_integer((json_int_t)m->wanted));
	json_object_set_new(o, "customers", json_integer((json_int_t)m->customers));
	json_object_set_new(o, "portal", json_integer((json_int_t)m->portal));
	if (m->wanted_money != MONEY_UNKNOWN)
		json_object_set_new(o, "wanted_money", json_integer(m->wanted_money));
	json_object_set_new(o, "compared", json_boolean(m->compared));
	json_object_set_new(o, "billed", json_integer((json_int_t)m->billed));
	json_object_set_new(o, "unwanted", json_integer((json_int_t)m->unwanted));
	if (m->billed_money != MONEY_UNKNOWN)
		json_object_set_new(o, "billed_money", json_integer(m->billed_money));
	if (m->prices)
		json_object_set_new(o, "prices", json_string(m->prices));
	return o;
}

/* Records of this month make way, and the oldest beyond the most that are kept. */
static void put_month(json_t *months, const struct seats_month *m)
{
	for (size_t i = json_array_size(months); i-- > 0;) {
		const char *month = json_string_value(json_object_get(json_array_get(months, i), "month"));

		if (!is_month(month) || strcmp(month, m->month) == 0)
			json_array_remove(months, i);
	}
	json_array_append_new(months, month_json(m));
	while (json_array_size(months) > SEATS_MONTHS_MOST)
		json_array_remove(months, 0);
}

int seats_month_record(struct arena *a, const char *path, const struct seats_month *month, struct error *err)
{
	json_t *months = read_months(a, path, err), *o;
	char *text;
	int rc;

	if (!months)
		return -1;
	if (folder_make(arena_printf(a, "%.*s", (int)(strrchr(path, '/') - path), path), 0750, err) < 0) {
		json_decref(months);
		return -1;
	}
	put_month(months, month);
	o = json_object();
	json_object_set_new(o, "months", months);
	text = json_dumps(o, JSON_INDENT(1));
	json_decref(o);
	rc = text ? file_write(path, 0640, slice_c(text), err) : error_set(err, REASON_INTERNAL, "%s: cannot be written as JSON", path);
	free(text);
	return rc;
}

/* ---- by itself ---- */

/* Somebody recorded this month with what Atlassian bills, which is not known here. */
static bool knows_more(const json_t *months, const struct seats_month *m)
{
	const json_t *o;
	size_t i;

	json_array_foreach(months, i, o) {
		const char *month = json_string_value(json_object_get(o, "month"));

		if (month && strcmp(month, m->month) == 0 && json_is_true(json_object_get(o, "compared")) && !m->compared)
			return true;
	}
	return false;
}

int seats_month_keep(struct arena *a, const char *path, const struct seats_month *month, struct error *err)
{
	json_t *months = read_months(a, path, err);
	bool better;

	if (!months)
		return -1;
	better = knows_more(months, month);
	json_decref(months);
	return better ? 0 : seats_month_record(a, path, month, err);
}

int seats_keep_month(struct arena *a, const struct settings *settings, bool (*alive)(void *context), void *context, struct error *err)
{
	const struct slice none = {NULL, 0};
	struct seats s = {.policy = NULL};
	struct seats_month now;
	int rc;

	if (census_begin(a, "seats", settings, &s.census, err) < 0)
		return -1;
	s.census.alive = alive;
	s.census.alive_context = context;
	s.policy = gateway_policy(&s.census.gateway);
	rc = seats_count(&s, NULL, none, 0, err);
	if (rc == 0) {
		seats_month_now(&s, &now);
		rc = seats_month_keep(a, settings_seats_path(a, settings), &now, err);
	}
	census_close(&s.census);
	return rc;
}
