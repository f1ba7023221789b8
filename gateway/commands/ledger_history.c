/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which calls of the ledger are meant, and how they are shown. */
#include "gateway/commands/ledger_history.h"

#include "base/encode.h"

#include <jansson.h>

#define CALLS_MOST 100000

struct history {
	const struct ledger_history *asked;
	struct ledger_view view;
	const char *key;                /* the mail as the ledger has it; NULL */
	size_t found, skip;             /* calls that are asked for: all, and those of them that are too old */
	json_t *list;
};

/* ---- who ---- */

/* As the ledger knows them: the mail that their account was last given; NULL: it does not. */
static const char *mail_of(const struct history *h, const struct ledger_call *c, const char *person)
{
	const struct ledger_person *p = person ? ledger_person_of(&h->view, c->target, person) : NULL;

	return p && p->mail ? p->mail : NULL;
}

static const char *who(const struct history *h, const struct ledger_call *c)
{
	const char *mail = mail_of(h, c, c->step.person);

	return mail ? mail : c->step.fields.mail ? c->step.fields.mail : c->step.before.mail ? c->step.before.mail : c->step.person;
}

static bool has_mail(const struct history *h, const struct ledger_call *c, const char *person)
{
	const struct ledger_mail *was = ledger_mail_of(&h->view, c->target, h->key);
	const char *mail = mail_of(h, c, person);

	return person && ((mail && strcasecmp(mail, h->asked->mail) == 0) || (was && strcmp(was->person, person) == 0));
}

static bool is_about(const struct history *h, const struct ledger_call *c)
{
	const char *const mails[] = {c->step.fields.mail, c->step.before.mail};

	for (size_t i = 0; i < sizeof(mails) / sizeof(*mails); i++)
		if (mails[i] && strcasecmp(mails[i], h->asked->mail) == 0)
			return true;
	for (size_t i = 0; i < c->step.member_count; i++)
		if (has_mail(h, c, c->step.members[i]))
			return true;
	return has_mail(h, c, c->step.person);
}

static bool is_asked_for(const struct history *h, const struct ledger_call *c)
{
	return (!h->asked->failed || c->state == CALL_FAILED) && (!h->asked->mail || is_about(h, c));
}

/* ---- printing ---- */

static void print_line(const struct history *h, const struct ledger_call *c)
{
	struct arena *a = h->asked->arena;
	const struct step *s = &c->step;
	char at[21];

	time_write(c->at, at);
	printf("%s  %-6s  %-12s %s", at, call_state_word(c->state), report_clean(a, c->target), step_kind_word(s->kind));
	if (who(h, c))
		printf(" %s", report_clean(a, who(h, c)));
	if (s->name)
		printf(" %s", report_clean(a, s->name));
	if (s->member_count)
		printf(" (%zu people)", s->member_count);
	if (c->answer)
		printf("  %s", report_clean(a, c->answer));
	putchar('\n');
}

static json_t *time_json(int64_t t)
{
	char text[21];

	time_write(t, text);
	return t ? json_string(text) : json_null();
}

static void add_json(const struct history *h, const struct ledger_call *c)
{
	struct arena *a = h->asked->arena;
	json_t *o = json_object(), *members = json_array();
	const struct step *s = &c->step;

	json_object_set_new(o, "number", json_integer((json_int_t)c->number));
	json_object_set_new(o, "at", time_json(c->at));
	json_object_set_new(o, "ended", time_json(c->ended));
	json_object_set_new(o, "state", json_string(call_state_word(c->state)));
	report_json(a, o, "connection", c->target);
	json_object_set_new(o, "step", json_string(step_kind_word(s->kind)));
	report_json(a, o, "person", s->person);
	report_json(a, o, "mail", s->person ? who(h, c) : NULL);
	report_json(a, o, "user", s->user);
	report_json(a, o, "name", s->name);
	for (size_t i = 0; i < s->member_count; i++)
		json_array_append_new(members, json_string(s->members[i]));
	json_object_set_new(o, "members", members);
	report_json(a, o, "plan", c->run);
	json_object_set_new(o, "status", c->status ? json_integer(c->status) : json_null());
	json_object_set_new(o, "requests", json_integer(c->requests));
	report_json(a, o, "answer", c->answer);
	json_array_append_new(h->list, o);
}

static int count(const struct ledger_call *c, void *context)
{
	struct history *h = context;

	h->found += is_asked_for(h, c);
	return 0;
}

static int show(const struct ledger_call *c, void *context)
{
	struct history *h = context;

	if (!is_asked_for(h, c))
		return 0;
	if (h->skip > 0)
		h->skip--;
	else if (h->list)
		add_json(h, c);
	else
		print_line(h, c);
	return 0;
}

/* Not where lines stand, which programs read: nothing is said there. */
static void say_none(const struct ledger_history *asked)
{
	fprintf(stderr, "postern ledger: no change%s%s was asked for%s\n", asked->mail ? " of " : "",
		asked->mail ? report_clean(asked->arena, asked->mail) : "", asked->failed ? " that failed" : "");
}

/* Letters of ASCII, as the ledger lowers them. */
static const char *key_of(struct arena *a, const char *mail)
{
	char *key = arena_strdup(a, mail);

	for (char *p = key; p && *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return key;
}

/* Which ones are the last is known when all were looked at; there are 100,000 of them at most. */
int ledger_history_print(const struct ledger_history *asked, struct ledger *ledger, struct error *err)
{
	struct history h = {.asked = asked, .key = key_of(asked->arena, asked->mail)};

	if (ledger_load(asked->arena, ledger, &h.view, err) < 0 || ledger_calls(ledger, CALLS_MOST, count, &h, err) < 0)
		return -1;
	h.skip = h.found > asked->last ? h.found - asked->last : 0;
	h.list = asked->json ? json_array() : NULL;
	if (ledger_calls(ledger, CALLS_MOST, show, &h, err) < 0) {
		json_decref(h.list);
		return -1;
	}
	if (h.list) {
		json_dumpf(h.list, stdout, JSON_INDENT(1));
		putchar('\n');
		json_decref(h.list);
	} else if (h.found == 0) {
		say_none(asked);
	}
	return 0;
}
