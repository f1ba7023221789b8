/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the facts of one sign-on, for `require`. */
#include "policies/parser.h"

#include "base/encode.h"

int parse_mfa(struct parser *p, struct condition *out)
{
	(void)p;
	out->kind = CONDITION_MFA;
	return 0;
}

/* A short name, or a URI; any other word would never be said of anybody, and its `not` of all. */
int parse_method(struct parser *p, struct condition *out)
{
	static const char *const words[] = {
#define METHOD(word, uri, meaning) #word,
#include "policies/words.def"
		NULL
	};
	static const char *const uris[] = {
#define METHOD(word, uri, meaning) uri,
#include "policies/words.def"
	};
	int column;
	const char *name;

	out->kind = CONDITION_METHOD;
	if (parser_expect_word(p, "is") < 0)
		return -1;
	column = p->now.column;
	if (parser_take_value(p, "a way of signing on", &name) < 0)
		return -1;
	out->name = name;
	for (size_t i = 0; words[i]; i++)
		if (slice_is_nocase(slice_c(name), words[i]))
			out->name = uris[i];
	if (slice_is_nocase(slice_c(name), "mfa"))
		out->kind = CONDITION_MFA;
	return strchr(out->name, ':') ? 0 : parser_refuse_name(p, column, "way of signing on", name, words);
}

int parse_guest(struct parser *p, struct condition *out)
{
	(void)p;
	out->kind = CONDITION_GUEST;
	return 0;
}

int parse_door(struct parser *p, struct condition *out)
{
	out->kind = CONDITION_DOOR;
	if (!parser_at_word(p, "kind")) {
		if (!parser_at_word(p, "is"))
			return parser_expected(p, "`is` and a connection, or `kind is managed` or `kind is portal`");
		if (parser_advance(p) < 0)
			return -1;
		return parser_take_name(p, "connection", p->names->doors, &out->name);
	}
	out->kind = CONDITION_DOOR_KIND;
	if (parser_advance(p) < 0 || parser_expect_word(p, "is") < 0)
		return -1;
	if (!parser_at_word(p, "managed") && !parser_at_word(p, "portal"))
		return parser_expected(p, "`managed` or `portal`");
	out->door_kind = parser_at_word(p, "managed") ? DOOR_MANAGED : DOOR_PORTAL;
	return parser_advance(p);
}

int parse_user(struct parser *p, struct condition *out)
{
	out->kind = CONDITION_USER;
	if (parser_expect_word(p, "is") < 0)
		return -1;
	if (!parser_at_word(p, "guest") && !parser_at_word(p, "member"))
		return parser_expected(p, "`guest` or `member`");
	out->guest = parser_at_word(p, "guest");
	return parser_advance(p);
}

/* 8-4-4-4-12 hexadecimal digits: a name or domain would never be the one that Entra sends, and its `not` true of all. */
static bool is_tenant(const char *id)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	size_t i;

	for (i = 0; form[i] && id[i]; i++)
		if (form[i] == '-' ? id[i] != '-' : !strchr("0123456789abcdefABCDEF", id[i]))
			return false;
	return !form[i] && !id[i];
}

int parse_tenant(struct parser *p, struct condition *out)
{
	int column;

	out->kind = CONDITION_TENANT;
	if (parser_expect_word(p, "is") < 0)
		return -1;
	column = p->now.column;
	if (parser_take_value(p, "a tenant ID", &out->name) < 0)
		return -1;
	if (!is_tenant(out->name))
		return error_set(p->err, REASON_RULE, "column %d: `%.80s` is not a tenant ID like 7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8", column,
			out->name);
	return 0;
}

int parse_link(struct parser *p, struct condition *out)
{
	out->kind = CONDITION_LINK;
	if (parser_expect_word(p, "is") < 0)
		return -1;
	return parser_take_name(p, "link", p->names->links, &out->name);
}

/* ---- networks ---- */

static int keep_network(struct parser *p, int column, const char *text, struct condition *out)
{
	struct network *networks = arena_grow(p->arena, (void *)out->networks, out->network_count, sizeof(*networks));
	const char *why;

	if (network_read(text, &networks[out->network_count], &why) < 0)
		return error_set(p->err, REASON_RULE,
			"column %d: `%.80s` %s; expected a network like 10.0.0.0/8 or 2001:db8::/32",
			column, text, why);
	out->networks = networks;
	out->network_count++;
	return 0;
}

static int take_network(struct parser *p, struct condition *out)
{
	int column = p->now.column;
	const char *text;

	return parser_take_value(p, "a network like 10.0.0.0/8", &text) < 0 ? -1 : keep_network(p, column, text, out);
}

static int take_network_set(struct parser *p, struct condition *out)
{
	const struct policy_set *set;
	int column;

	if (parser_take_set(p, &column, &set) < 0)
		return -1;
	for (size_t i = 0; set->values[i]; i++)
		if (keep_network(p, column, set->values[i], out) < 0)
			return -1;
	return 0;
}

/* One or more, with commas between them, from the token behind `in` on. */
static int take_row(struct parser *p, int (*take)(struct parser *, struct condition *), struct condition *out)
{
	if (take(p, out) < 0)
		return -1;
	while (p->now.kind == TOKEN_COMMA)
		if (parser_advance(p) < 0 || take(p, out) < 0)
			return -1;
	return 0;
}

int parse_client(struct parser *p, struct condition *out)
{
	out->kind = CONDITION_CLIENT;
	if (parser_expect_word(p, "in") < 0)
		return -1;
	return parser_at_word(p, "set") ? take_network_set(p, out) : take_row(p, take_network, out);
}

/* ---- time and weekday ---- */

/* "07:30", 24:00 only where it ends */
static int read_clock(struct slice in, int64_t *minute_out)
{
	uint64_t hour, minute;

	if (in.n != 5 || in.p[2] != ':' || number_read(slice_of(in.p, 2), 0, 24, &hour) < 0 ||
		number_read(slice_of(in.p + 3, 2), 0, hour == 24 ? 0 : 59, &minute) < 0)
		return -1;
	*minute_out = (int64_t)(hour * 60 + minute);
	return 0;
}

static int take_span(struct parser *p, struct condition *out)
{
	struct span *spans = arena_grow(p->arena, (void *)out->spans, out->span_count, sizeof(*spans)), *s = &spans[out->span_count];
	struct slice raw = p->now.raw;

	if (p->now.kind != TOKEN_WORD || raw.n != 11 || raw.p[5] != '-' || read_clock(slice_of(raw.p, 5), &s->from) < 0 ||
		read_clock(slice_of(raw.p + 6, 5), &s->to) < 0 || s->from == s->to || s->from == 1440)
		return parser_expected(p, "a span of time like 07:00-19:00, or 22:00-06:00 over midnight");
	out->spans = spans;
	out->span_count++;
	return parser_advance(p);
}

int parse_time(struct parser *p, struct condition *out)
{
	out->kind = CONDITION_TIME;
	return parser_expect_word(p, "in") < 0 ? -1 : take_row(p, take_span, out);
}

/* 0: Monday; -1: none */
static int read_weekday(struct slice in)
{
	static const char *const days[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};

	for (int i = 0; i < 7; i++)
		if (slice_is_nocase(in, days[i]) || (in.n == 3 && strncasecmp(in.p, days[i], 3) == 0))
			return i;
	return -1;
}

static int take_weekday(struct parser *p, struct condition *out)
{
	struct slice raw = p->now.raw;
	const char *dash = p->now.kind == TOKEN_WORD ? memchr(raw.p, '-', raw.n) : NULL;
	struct slice first = dash ? slice_of(raw.p, (size_t)(dash - raw.p)) : raw;
	int from = p->now.kind == TOKEN_WORD ? read_weekday(first) : -1;
	int to = dash ? read_weekday(slice_of(dash + 1, raw.n - first.n - 1)) : from;

	if (from < 0 || to < 0)
		return parser_expected(p, "a day of the week like mon or monday, or mon-fri");
	for (int day = from;; day = (day + 1) % 7) {
		out->weekdays |= 1u << day;
		if (day == to)
			break;
	}
	return parser_advance(p);
}

int parse_weekday(struct parser *p, struct condition *out)
{
	out->kind = CONDITION_WEEKDAY;
	return parser_expect_word(p, "in") < 0 ? -1 : take_row(p, take_weekday, out);
}

/* ---- claims ---- */

int parse_claim(struct parser *p, struct condition *out)
{
	out->kind = CONDITION_CLAIM;
	if (parser_take_value(p, "the name of a claim in quotes", &out->name) < 0)
		return -1;
	return parser_take_comparison(p, "claim", out);
}
