/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Audit lines as JSON. */
#include "gateway/audit.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"
#include "base/text.h"
#include "gateway/audit_file.h"

struct audit {
	struct audit_file *file;
	struct metrics *metrics;
	int64_t room_us;                /* of lines that name nobody: each takes its part of a second */
	int64_t room_at;                /* when that was so */
	unsigned long left_out;         /* since the log was last told */
};

#define NAMELESS_US (1000000 / AUDIT_NAMELESS_PER_SECOND)
#define NAMELESS_MOST_US ((int64_t)AUDIT_NAMELESS_BURST * NAMELESS_US)

struct audit *audit_open(const char *path, struct metrics *metrics)
{
	struct audit *a = calloc(1, sizeof(*a));

	if (!a)
		abort();
	a->file = audit_file_open(path);
	a->metrics = metrics;
	a->room_us = NAMELESS_MOST_US;
	a->room_at = clock_monotonic_us();
	metrics_audit_fails(metrics, audit_file_failing(a->file));
	return a;
}

void audit_close(struct audit *a)
{
	if (!a)
		return;
	audit_file_close(a->file);
	free(a);
}

bool audit_has_room(struct audit *a, int64_t now_us)
{
	char count[24];

	a->room_us += now_us > a->room_at ? now_us - a->room_at : 0;
	a->room_at = now_us;
	if (a->room_us > NAMELESS_MOST_US)
		a->room_us = NAMELESS_MOST_US;
	if (a->room_us < NAMELESS_US) {
		a->left_out++;
		metrics_count(a->metrics, METRIC_AUDIT_LINES, "left-out", NULL);
		return false;
	}
	a->room_us -= NAMELESS_US;
	if (a->left_out > 0 && a->room_us > NAMELESS_MOST_US / 50) {
		snprintf(count, sizeof(count), "%lu", a->left_out);
		log_warning("refusals that named nobody were too many to be written", "left_out", count, NULL);
		a->left_out = 0;
	}
	return true;
}

void audit_look_again(struct audit *a)
{
	audit_file_look_again(a->file);
	metrics_audit_fails(a->metrics, audit_file_failing(a->file));
}

/* ---- one object a line, flat but for `observed`, written as text: json_t would take an allocation for each value and each key ---- */

static void add_name(struct text *o, const char *key)
{
	text_add_c(o, o->p[o->n - 1] == '{' ? "\"" : ",\"");
	text_add_c(o, key);
	text_add_c(o, "\":");
}

static void add_string(struct text *o, const char *value)
{
	struct slice s = slice_c(value);

	text_add_c(o, "\"");
	text_add_json(o, utf8_is_valid(s) ? s : slice_c("(not text)"));
	text_add_c(o, "\"");
}

static void add(struct text *o, const char *key, const char *value)
{
	if (!value)
		return;
	add_name(o, key);
	add_string(o, value);
}

static void add_number(struct text *o, const char *key, int64_t value)
{
	if (value < 0)
		return;
	add_name(o, key);
	text_addf(o, "%lld", (long long)value);
}

static void add_list(struct text *o, const char *key, const char *const *values)
{
	add_name(o, key);
	text_add_c(o, "[");
	for (; values && *values; values++) {
		add_string(o, *values);
		if (values[1])
			text_add_c(o, ",");
	}
	text_add_c(o, "]");
}

static void add_observed(struct text *o, const char *key, const struct audit_observed *observed)
{
	if (!observed)
		return;
	add_name(o, key);
	text_add_c(o, "{");
	add(o, "verdict", observed->verdict);
	add(o, "outcome", observed->outcome);
	add(o, "rule", observed->rule);
	add(o, "requirement", observed->requirement);
	add(o, "reason", observed->reason);
	add(o, "passage", observed->passage);
	text_add_c(o, "}");
}

/* What is decided, and by what; no time, no ids of ours, nothing that differs when the same is judged once more. */
static void write_decision(struct text *o, const struct audit_line *l)
{
	add(o, "event", l->event);
	add(o, "reason", l->reason);
	add(o, "detail", l->detail);
	add(o, "provider_code", l->provider_code);
	add(o, "provider_trace", l->provider_trace);
	add(o, "client", l->client);
	add(o, "door", l->door);
	add(o, "link", l->link);
	add(o, "provider", l->provider);
	add(o, "tenant", l->tenant);
	add(o, "object_id", l->object_id);
	add(o, "name_id", l->name_id);
	add(o, "guest", l->guest);
	add(o, "mfa", l->mfa);
	add(o, "groups_claim", l->groups_claim);
	add(o, "roles_claim", l->roles_claim);
	add(o, "directory", l->directory);
	add(o, "dn", l->dn);
	add(o, "mail", l->mail);
	add(o, "stale", l->stale);
	add(o, "outcome", l->outcome);
	add(o, "rule", l->rule);
	add(o, "requirement", l->requirement);
	add_list(o, "groups", l->groups);
	add_observed(o, "observed", l->observed);
	add(o, "account", l->account);
	add(o, "passage", l->passage);
	add(o, "to", l->to);
	add(o, "assertion_in", l->assertion_in);
}

struct slice audit_decision(struct arena *a, const struct audit_line *line)
{
	struct text text;

	text_begin(&text, a, 2048);
	text_add_c(&text, "{");
	write_decision(&text, line);
	text_add_c(&text, "}");
	return text_slice(&text);
}

static void write_line(struct text *o, const struct audit_line *l)
{
	char time[21];

	text_add_c(o, "{");
	time_write(clock_now(), time);
	add(o, "time", time);
	add(o, "id", l->id);
	write_decision(o, l);
	add(o, "assertion_out", l->assertion_out);
	add(o, "answer", l->answer);
	add(o, "status", l->status);
	add(o, "response_out", l->response_out);
	add_number(o, "mirror_age_s", l->mirror_age);
	add_number(o, "read_us", l->read_us);
	add_number(o, "person_us", l->person_us);
	add_number(o, "decide_us", l->decide_us);
	add_number(o, "write_us", l->write_us);
	add_number(o, "total_us", l->total_us);
	text_add_c(o, "}\n");
}

/* What every line has (schema/audit.schema.json) and an account's has nothing to say to is there, and empty. */
static void write_account(struct text *o, const struct audit_account *l)
{
	char time[21];

	text_add_c(o, "{");
	time_write(clock_now(), time);
	add(o, "time", time);
	add(o, "id", l->id);
	add(o, "event", l->event);
	add(o, "reason", l->reason);
	add(o, "detail", l->detail);
	add(o, "change", l->change);
	add(o, "door", l->door);
	add(o, "person", l->person);
	add(o, "user", l->user);
	add(o, "account_id", l->account_id);
	add(o, "directory", l->directory);
	add(o, "dn", l->dn);
	add(o, "mail", l->mail);
	add(o, "mail_before", l->mail_before);
	add(o, "group", l->group);
	add(o, "desk", l->desk);
	if (l->fields)
		add_list(o, "fields", l->fields);
	add(o, "outcome", l->outcome);
	add(o, "rule", l->rule);
	add(o, "why", l->why);
	add_list(o, "groups", NULL);
	add(o, "plan", l->plan);
	add(o, "ran", l->ran);
	add(o, "by", l->by);
	add(o, "accepted", l->accepted);
	add_number(o, "http_status", l->status > 0 ? l->status : -1);
	add_number(o, "total_us", l->total_us);
	text_add_c(o, "}\n");
}

/* Ends the arena that the line was written in, too. */
static int append(struct audit *a, struct arena *arena, const struct text *line, struct error *err)
{
	int rc = audit_file_append(a->file, text_slice(line), err);

	metrics_count(a->metrics, METRIC_AUDIT_LINES, rc == 0 ? "written" : "failed", NULL);
	metrics_audit_fails(a->metrics, audit_file_failing(a->file));
	arena_free(arena);
	return rc;
}

int audit_write(struct audit *a, const struct audit_line *line, struct error *err)
{
	struct arena *arena = arena_new();
	struct text text;

	text_begin(&text, arena, 2048);
	write_line(&text, line);
	return append(a, arena, &text, err);
}

int audit_write_account(struct audit *a, const struct audit_account *line, struct error *err)
{
	struct arena *arena = arena_new();
	struct text text;

	text_begin(&text, arena, 1024);
	write_account(&text, line);
	return append(a, arena, &text, err);
}

int64_t audit_failing(const struct audit *a)
{
	return audit_file_failing(a->file);
}
