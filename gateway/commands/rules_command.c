/* SPDX-License-Identifier: GPL-3.0-or-later */
/* postern rules: which rules decide, what LDAP holds, and the administrator's yes to it. */
#include "gateway/commands/commands.h"
#include "gateway/settings/settings.h"

#include "base/clock.h"
#include "base/encode.h"
#include "gateway/service/folders.h"
#include "gateway/ldap_rules_live.h"
#include "gateway/ldap_rules_status.h"
#include "gateway/service/running.h"

#include <jansson.h>
#include <time.h>

#define ACCEPT_SECONDS 15

struct asked {
	struct arena *arena;
	const struct settings *s;
	bool json;
	const char *version;            /* accept */
};

static int fail(const struct error *err)
{
	fprintf(stderr, "postern rules: %s\n", err->detail);
	return 1;
}

/* What stands in a directory may hold line ends, which would look like lines of ours. */
static const char *line_of(struct arena *a, const char *text)
{
	char *copy = arena_strdup(a, text), *p;

	for (p = copy; *p; p++)
		*p = *p == '\n' || *p == '\r' || *p == '\t' ? ' ' : *p;
	return utf8_is_clean(slice_c(copy)) ? copy : "(no text)";
}

static const char *instant(struct arena *a, int64_t t)
{
	char text[21];

	time_write(t, text);
	return arena_strdup(a, text);
}

static const char *version_or_none(const char *version)
{
	return *version ? version : "none";
}

/* ---- list ---- */

struct listing {
	const struct asked *q;
	struct ldap_rule_set set;
	struct ldap_rules rules;
	int64_t now;
	size_t n;                       /* printed so far */
	json_t *json;
};

static const char *outcome_text(struct arena *a, const struct rule *rule)
{
	const char *text = outcome_word(rule->outcome);

	for (size_t i = 0; rule->at && rule->at[i]; i++)
		text = arena_printf(a, "%s%s%s", text, i ? ", " : " at ", rule->at[i]);
	return rule->guests ? arena_printf(a, "%s, guests too", text) : text;
}

/* NULL: it counts, and no date is given. */
static const char *dates_text(struct arena *a, const struct ldap_rule *rule, int64_t now)
{
	const char *text = "";

	if (rule->from)
		text = arena_printf(a, "from %s ", instant(a, rule->from));
	if (rule->until)
		text = arena_printf(a, "%suntil %s ", text, instant(a, rule->until));
	if (!*text)
		return NULL;
	return arena_printf(a, "%s(%s)", text, now < rule->from ? "does not count yet" : ldap_rule_counts(rule, now) ? "counts" : "is over");
}

static json_t *names_json(const struct listing *l, const char *const *names)
{
	json_t *list = json_array();

	for (; names && *names; names++)
		json_array_append_new(list, json_string(line_of(l->q->arena, *names)));
	return list;
}

/* What accounts are put in, for provisioning. */
static void places_json(const struct listing *l, json_t *o, const struct ldap_given *places)
{
	json_object_set_new(o, "atlassian_groups", names_json(l, places->groups));
	json_object_set_new(o, "organizations", names_json(l, places->organizations));
	json_object_set_new(o, "desks", names_json(l, places->desks));
}

static void print_names(const struct listing *l, const char *what, const char *const *names)
{
	if (!names || !*names)
		return;
	printf("       %s", what);
	for (size_t i = 0; names[i]; i++)
		printf("%s%s", i ? ", " : " ", line_of(l->q->arena, names[i]));
	putchar('\n');
}

static void print_places(const struct listing *l, const struct ldap_given *places)
{
	print_names(l, "Atlassian groups", places->groups);
	print_names(l, "customer organizations", places->organizations);
	print_names(l, "customer of desks", places->desks);
}

static struct ldap_given places_of(const struct rule *rule)
{
	return (struct ldap_given){.groups = rule->groups, .organizations = rule->organizations, .desks = rule->desks};
}

static void list_json(struct listing *l, const struct rule *rule, const struct ldap_rule *of_ldap, const char *origin)
{
	const struct ldap_given places = places_of(rule);
	json_t *o = json_object();

	json_object_set_new(o, "name", json_string(rule->name));
	json_object_set_new(o, "when", json_string(line_of(l->q->arena, rule->when_text)));
	json_object_set_new(o, "outcome", json_string(outcome_word(rule->outcome)));
	json_object_set_new(o, "at", names_json(l, rule->at));
	json_object_set_new(o, "guests", json_boolean(rule->guests));
	places_json(l, o, &places);
	json_object_set_new(o, "origin", json_string(origin));
	json_object_set_new(o, "counts", json_boolean(!of_ldap || ldap_rule_counts(of_ldap, l->now)));
	if (of_ldap && of_ldap->from)
		json_object_set_new(o, "from", json_string(instant(l->q->arena, of_ldap->from)));
	if (of_ldap && of_ldap->until)
		json_object_set_new(o, "until", json_string(instant(l->q->arena, of_ldap->until)));
	if (of_ldap && of_ldap->fault)
		json_object_set_new(o, "fault", json_string(line_of(l->q->arena, of_ldap->fault)));
	json_array_append_new(l->json, o);
}

static void list_one(struct listing *l, const struct rule *rule, const struct ldap_rule *of_ldap)
{
	struct arena *a = l->q->arena;
	const char *origin = rule->origin ? line_of(a, rule->origin) : arena_printf(a, "%s:%d", l->q->s->file, rule->line);
	const char *dates = of_ldap ? dates_text(a, of_ldap, l->now) : NULL;
	const struct ldap_given places = places_of(rule);

	l->n++;
	if (l->q->json) {
		list_json(l, rule, of_ldap, origin);
		return;
	}
	printf("%3zu  %-28s %s\n     when  %s\n     in    %s\n", l->n, line_of(a, rule->name), outcome_text(a, rule),
		line_of(a, rule->when_text), origin);
	if (dates)
		printf("     %s\n", dates);
	print_places(l, &places);
	if (of_ldap && of_ldap->fault)
		printf("     DENIES: the settings no longer allow it: %s\n", line_of(a, of_ldap->fault));
}

/* Beside the rules: whichever of them decides, members are given these. */
static void list_given(const struct listing *l, const struct ldap_given *given)
{
	const char *dn = line_of(l->q->arena, given->entry->dn);
	json_t *o;

	if (!l->q->json) {
		printf("     members of %s\n", dn);
		print_places(l, given);
		print_names(l, "at", given->at);
		return;
	}
	o = json_object();
	json_object_set_new(o, "origin", json_string(dn));
	places_json(l, o, given);
	json_object_set_new(o, "at", names_json(l, given->at));
	json_array_append_new(l->json, o);
}

/* Those that come before all rules. */
static void list_exceptions(const struct listing *l)
{
	const struct policy *policy = &l->q->s->policy;

	if (policy->exception_count && !l->q->json)
		printf("Before them come %zu exceptions for one person each, of %s.\n", policy->exception_count, l->q->s->file);
}

static void list_head(const struct listing *l)
{
	const struct settings *s = l->q->s;

	if (l->q->json)
		return;
	puts("The first rule that matches decides; nobody else gets anything.");
	if (!s->ldap_rules.directory)
		return;
	printf("Rules of LDAP: %s, version %s", s->ldap_rules.base, version_or_none(l->set.version));
	if (l->set.taken)
		printf(", in force since %s", instant(l->q->arena, l->set.taken));
	printf(".\nThey stand behind %zu of the %zu rules of %s.\n", s->ldap_rules.place, s->policy.rule_count, s->file);
}

static int list(const struct asked *q)
{
	struct listing l = {.q = q, .now = clock_now(), .json = q->json ? json_array() : NULL};
	const struct settings *s = q->s;
	size_t place = s->ldap_rules.directory ? s->ldap_rules.place : s->policy.rule_count;

	if (s->ldap_rules.directory) {
		ldap_rules_in_force(q->arena, s, &l.set);
		ldap_rules_compile(q->arena, s, NULL, &l.set, &l.rules);
	}
	list_head(&l);
	list_exceptions(&l);
	for (size_t i = 0; i < place; i++)
		list_one(&l, &s->policy.rules[i], NULL);
	for (size_t i = 0; i < l.rules.n; i++)
		list_one(&l, &l.rules.list[i].rule, &l.rules.list[i]);
	for (size_t i = place; i < s->policy.rule_count; i++)
		list_one(&l, &s->policy.rules[i], NULL);
	for (size_t i = 0; i < l.rules.given_count; i++)
		list_given(&l, &l.rules.given[i]);
	if (q->json) {
		json_dumpf(l.json, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	json_decref(l.json);
	return 0;
}

/* ---- status ---- */

static json_t *status_json(const struct asked *q, const struct ldap_rule_set *set, const struct ldap_rules_status *status,
	const struct ldap_rules_running *running, size_t n)
{
	json_t *o = json_object(), *told = json_array(), *processes = json_array();

	for (size_t i = 0; i < status->told_count; i++)
		json_array_append_new(told, json_string(line_of(q->arena, status->told[i])));
	for (size_t i = 0; i < n; i++)
		json_array_append_new(processes, json_pack("{s:I, s:s, s:I}", "pid", (json_int_t)running[i].pid, "version", running[i].version,
			"since", (json_int_t)running[i].since));
	json_object_set_new(o, "version", json_string(set->version));
	json_object_set_new(o, "rules", json_integer((json_int_t)set->n));
	json_object_set_new(o, "taken", json_integer(set->taken));
	json_object_set_new(o, "state", json_string(ldap_rules_state_word(status->state)));
	json_object_set_new(o, "ldap_version", json_string(status->version));
	json_object_set_new(o, "since", json_integer(status->since));
	json_object_set_new(o, "detail", status->detail ? json_string(status->detail) : json_null());
	json_object_set_new(o, "changed", json_integer((json_int_t)status->changed));
	json_object_set_new(o, "told", told);
	json_object_set_new(o, "processes", processes);
	return o;
}

static void print_ldap(const struct asked *q, const struct ldap_rules_status *status)
{
	struct arena *a = q->arena;

	if (status->state == LDAP_RULES_CURRENT)
		printf("in LDAP    %s: in force\n", version_or_none(status->version));
	else
		printf("in LDAP    %s: %s since %s\n", *status->version ? status->version : "not known", ldap_rules_state_word(status->state),
			instant(a, status->since));
	if (status->detail)
		printf("           %s\n", line_of(a, status->detail));
	else if (status->state == LDAP_RULES_UNREAD)
		puts("           a directory was not read whole yet");
	for (size_t i = 0; i < status->told_count; i++) {
		if (status->state == LDAP_RULES_PENDING || i > 0)
			printf("             %s\n", line_of(a, status->told[i]));
	}
	if (status->state == LDAP_RULES_PENDING && status->changed > status->told_count)
		printf("             and %zu more\n", status->changed - status->told_count);
	if (status->state == LDAP_RULES_PENDING)
		printf("           it comes into force by: postern rules accept %s\n", status->version);
}

static void print_status(const struct asked *q, const struct ldap_rule_set *set, const struct ldap_rules_status *status,
	const struct ldap_rules_running *running, size_t n)
{
	printf("in force   %s", version_or_none(set->version));
	if (set->taken)
		printf(" (%zu rule%s, since %s)", set->n, set->n == 1 ? "" : "s", instant(q->arena, set->taken));
	putchar('\n');
	print_ldap(q, status);
	for (size_t i = 0; i < n; i++)
		printf("%-10s process %lld runs %s since %s%s\n", i ? "" : "workers", (long long)running[i].pid, version_or_none(running[i].version),
			instant(q->arena, running[i].since), strcmp(running[i].version, set->version) == 0 ? "" : ", NOT the one in force");
	if (!n)
		puts("workers    none runs, or none can be seen from here");
}

static void read_status(const struct asked *q, struct ldap_rules_status *out)
{
	if (ldap_rules_status_read(q->arena, q->s, out) < 0)
		*out = (struct ldap_rules_status){.version = "", .since = clock_now(), .detail = "postern serve has not looked at them yet"};
}

static int status(const struct asked *q)
{
	struct ldap_rules_running *running;
	struct ldap_rules_status status;
	struct ldap_rule_set set;
	size_t n = ldap_rules_running(q->arena, q->s, &running);

	ldap_rules_in_force(q->arena, q->s, &set);
	read_status(q, &status);
	if (q->json) {
		json_t *o = status_json(q, &set, &status, running, n);

		json_dumpf(o, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(o);
	} else {
		print_status(q, &set, &status, running, n);
	}
	return status.state == LDAP_RULES_CURRENT ? 0 : 1;
}

/* ---- accept ---- */

static int wait_until_taken(const struct asked *q, const char *version)
{
	const struct timespec nap = {.tv_nsec = 50000000};
	int64_t end = clock_monotonic_us() + ACCEPT_SECONDS * INT64_C(1000000);
	struct ldap_rule_set set;

	do {
		ldap_rules_in_force(q->arena, q->s, &set);
		if (strcmp(set.version, version) == 0) {
			printf("in force   %s (%zu rule%s)\n", version, set.n, set.n == 1 ? "" : "s");
			return 0;
		}
		nanosleep(&nap, NULL);
	} while (clock_monotonic_us() < end);
	fprintf(stderr, "postern rules: accepted, but not in force within %d seconds; see postern rules status and the log\n", ACCEPT_SECONDS);
	return 1;
}

static int accept_set(const struct asked *q)
{
	struct ldap_rules_status status;
	struct running service;
	struct error err;

	read_status(q, &status);
	if (status.state != LDAP_RULES_PENDING) {
		fprintf(stderr, "postern rules: nothing waits to be accepted: %s%s%s\n", ldap_rules_state_word(status.state), status.detail ? ": " : "",
			status.detail ? line_of(q->arena, status.detail) : "");
		return 1;
	}
	if (q->version && strcmp(q->version, status.version) != 0) {
		fprintf(stderr, "postern rules: version %.40s is not what waits; that is %s\n", q->version, status.version);
		return 1;
	}
	print_ldap(q, &status);
	if (ldap_rules_accept(q->arena, q->s, status.version, &err) < 0)
		return fail(&err);
	running_look(q->s, &service);
	if (service.pid)
		return wait_until_taken(q, status.version);
	puts("accepted   no service runs here: it comes into force when one does");
	return 0;
}

/* ---- the command ---- */

/* The file of the rules role that is written, if any. */
static const char *written(const struct asked *q, int (*run)(const struct asked *))
{
	return run == accept_set ? settings_ldap_rules_accept_path(q->arena, q->s) : NULL;
}

int command_rules(struct arena *a, const char *settings_path, int argc, char **argv)
{
	static const struct { const char *word; int (*run)(const struct asked *q); } words[] = {
		{"list", list}, {"status", status}, {"accept", accept_set},
	};
	struct asked q = {.arena = a};
	struct error err;
	size_t i;

	if (argc < 2 || argc > 3)
		return CALLED_WRONGLY;
	for (i = 0; i < sizeof(words) / sizeof(*words) && strcmp(words[i].word, argv[1]) != 0; i++)
		;
	if (i == sizeof(words) / sizeof(*words))
		return CALLED_WRONGLY;
	if (argc == 3 && words[i].run == accept_set)
		q.version = argv[2];
	else if (argc == 3 && strcmp(argv[2], "--json") == 0)
		q.json = true;
	else if (argc == 3)
		return CALLED_WRONGLY;
	if (settings_read(a, files_from_disk(a), settings_path, &q.s, NULL, &err) < 0 || folders_step_down(q.s, written(&q, words[i].run), &err) < 0)
		return fail(&err);
	if (words[i].run != list && !q.s->ldap_rules.directory) {
		fprintf(stderr, "postern rules: %s has no ldap_rules: all rules are in the file\n", q.s->file);
		return 1;
	}
	return words[i].run(&q);
}
