/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From what entries say to rules, within the bounds of the settings. */
#include "gateway/ldap_rules.h"

#include "base/builtin_groups.h"
#include "base/encode.h"

#define SENTENCE_MAX 500
#define NAME_MAX_BYTES 64
#define PLACE_MAX_BYTES 200             /* of an Atlassian group, customer organization or desk */
#define DESK_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-:"
#define ORDER_MAX 1000000000

struct compiling {
	struct arena *arena;
	const struct settings *s;
	struct mirror *mirror;
	const struct ldap_rule_entry *entry;
	struct ldap_rule *rule;
	struct ldap_rules *out;
	bool unknown;                   /* by what the mirror keeps, the condition cannot be judged */
};

/* The first of a rule is its fault; all are told. */
static void problem(struct compiling *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void problem(struct compiling *c, const char *format, ...)
{
	char text[700];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!c->rule->fault)
		c->rule->fault = arena_strdup(c->arena, text);
	c->out->problems = arena_grow(c->arena, c->out->problems, c->out->problem_count, sizeof(*c->out->problems));
	c->out->problems[c->out->problem_count++] = arena_printf(c->arena, "%s: %s", c->entry->dn, text);
}

static const char *attribute(const struct compiling *c, enum ldap_rule_field field)
{
	return ldap_rule_attribute(c->s, c->entry->is_mark, field);
}

/* The only value; NULL: there is none. */
static const char *one(struct compiling *c, enum ldap_rule_field field)
{
	const struct ldap_rule_values *v = &c->entry->says[field];

	if (v->n > 1)
		problem(c, "%s has %zu values, and only one can be meant", attribute(c, field), v->n);
	return v->n == 1 && *v->list[0] ? v->list[0] : NULL;
}

static const char *required(struct compiling *c, enum ldap_rule_field field)
{
	const char *value = one(c, field);

	if (!value && c->entry->says[field].n <= 1)
		problem(c, "%s is missing", attribute(c, field));
	return value;
}

/* ---- one thing that an entry says ---- */

static void read_order(struct compiling *c)
{
	const char *text = required(c, LDAP_RULE_ORDER);

	if (text && number_read(slice_c(text), 0, ORDER_MAX, &c->rule->order) < 0)
		problem(c, "%s: \"%.40s\" is not a number from 0 to %d", attribute(c, LDAP_RULE_ORDER), text, ORDER_MAX);
}

static void read_name(struct compiling *c)
{
	const char *name = required(c, LDAP_RULE_NAME);

	if (name && strlen(name) > NAME_MAX_BYTES) {
		problem(c, "%s: a name has at most %d bytes", attribute(c, LDAP_RULE_NAME), NAME_MAX_BYTES);
		name = NULL;
	}
	c->rule->rule.name = name ? arena_printf(c->arena, "ldap:%s", name) : "ldap:(without a name)";
	for (size_t i = 0; name && i < c->out->n; i++) {
		if (strcmp(c->out->list[i].rule.name, c->rule->rule.name) == 0)
			problem(c, "%s: \"%s\" is also the name of %s", attribute(c, LDAP_RULE_NAME), name, c->out->list[i].entry->dn);
	}
}

static void require_kept(const char *name, void *context)
{
	struct compiling *c = context;

	for (size_t i = 0; i < c->s->directory_count; i++) {
		const struct directory_options *d = &c->s->directories[i];
		size_t k;

		for (k = 0; d->attributes && d->attributes[k] && strcasecmp(d->attributes[k], name) != 0; k++)
			;
		if ((d->attributes && d->attributes[k]) || strcasecmp(name, "uid") == 0)
			continue;
		c->unknown = true;
		problem(c, "%s: the attribute %.100s is not kept: add it to attributes of directory %s in the settings",
			attribute(c, LDAP_RULE_WHEN), name, d->name);
	}
}

/* "directory:cn" or a DN; found is how many there are of it. */
static int find_group(const struct compiling *c, const char *written, size_t *found, struct error *err)
{
	const char *colon = strchr(written, ':'), *key;
	bool by_dn = dn_normalize(c->arena, written, &key) == 0;

	*found = 0;
	for (size_t i = 0; i < c->s->directory_count; i++) {
		const char *name = c->s->directories[i].name;
		struct mirror_group_found group = {0};

		if (!by_dn && (!colon || strncmp(written, name, (size_t)(colon - written)) != 0 || name[colon - written]))
			continue;
		if (mirror_group(c->arena, c->mirror, name, by_dn ? key : NULL, by_dn ? NULL : colon + 1, &group, err) < 0)
			return -1;
		*found += group.count;
	}
	return 0;
}

static void require_group(const char *written, void *context)
{
	struct compiling *c = context;
	struct error err;
	size_t found;

	if (!c->mirror)
		return;
	if (find_group(c, written, &found, &err) < 0)
		problem(c, "%s: whether there is a group %.200s is not known: %.200s", attribute(c, LDAP_RULE_WHEN), written, err.detail);
	else if (found == 0)
		problem(c, "%s: there is no group %.200s, so the rule can never match", attribute(c, LDAP_RULE_WHEN), written);
	else if (found > 1)
		problem(c, "%s: %zu groups have the name %.200s, so nobody is sure to be in it: name one by its DN", attribute(c, LDAP_RULE_WHEN),
			found, written);
}

static void read_when(struct compiling *c)
{
	const char *text = required(c, LDAP_RULE_WHEN);
	struct error err;

	c->rule->rule.when_text = text ? text : "";
	if (!text)
		return;
	if (condition_parse(c->arena, text, CONDITION_RULE, &c->s->names, &c->rule->rule.when, &err) < 0) {
		problem(c, "%s: %.500s", attribute(c, LDAP_RULE_WHEN), err.detail);
		return;
	}
	condition_attributes(c->rule->rule.when, require_kept, c);
	condition_groups(c->rule->rule.when, require_group, c);
}

static void require_site(struct compiling *c, const char *name)
{
	const struct settings_connection *site = settings_connection(c->s, name);

	if (!c->s->connection_count)    /* none is set up yet, and a command asks */
		return;
	if (!site)
		problem(c, "%s: \"%.60s\" is not a connection", attribute(c, LDAP_RULE_AT), name);
	else if (site->kind != DOOR_PORTAL)
		problem(c, "%s: \"%.60s\" is a managed connection; portal people need a portal one", attribute(c, LDAP_RULE_AT), name);
}

static void read_outcome(struct compiling *c)
{
	const char *word = required(c, LDAP_RULE_OUTCOME);
	const struct ldap_rule_values *at = &c->entry->says[LDAP_RULE_AT];
	enum outcome o;

	if (!word)
		return;
	if (outcome_read(word, &o) < 0) {
		problem(c, "%s: \"%.40s\" must be one of: licensed customer portal deny", attribute(c, LDAP_RULE_OUTCOME), word);
		return;
	}
	c->rule->rule.outcome = o;
	if (!c->s->ldap_rules.may_give[o])
		problem(c, "%s: %s is not among the outcomes that ldap_rules allows", attribute(c, LDAP_RULE_OUTCOME), word);
	if (o == OUTCOME_PORTAL && at->n == 0)
		problem(c, "%s is missing: outcome portal needs the portal connections that may be used", attribute(c, LDAP_RULE_AT));
	if (o != OUTCOME_PORTAL && at->n)
		problem(c, "%s belongs to outcome portal only", attribute(c, LDAP_RULE_AT));
	for (size_t i = 0; o == OUTCOME_PORTAL && i < at->n; i++)
		require_site(c, at->list[i]);
	c->rule->rule.at = o == OUTCOME_PORTAL && at->n ? at->list : NULL;
}

static const char *read_sentence(struct compiling *c, enum ldap_rule_field field)
{
	const char *text = one(c, field);

	if (text && strlen(text) > SENTENCE_MAX) {
		problem(c, "%s has more than %d bytes", attribute(c, field), SENTENCE_MAX);
		return NULL;
	}
	return text;
}

static void read_words(struct compiling *c)
{
	const char *guests = one(c, LDAP_RULE_GUESTS);
	struct rule *rule = &c->rule->rule;

	rule->because = read_sentence(c, LDAP_RULE_BECAUSE);
	rule->ask = read_sentence(c, LDAP_RULE_ASK);
	rule->guests = guests && strcmp(guests, "TRUE") == 0;
	if (guests && !rule->guests && strcmp(guests, "FALSE") != 0)
		problem(c, "%s: \"%.40s\" must be TRUE or FALSE", attribute(c, LDAP_RULE_GUESTS), guests);
	if (rule->because && rule->outcome != OUTCOME_DENY)
		problem(c, "%s belongs to outcome deny only", attribute(c, LDAP_RULE_BECAUSE));
	if (rule->guests && rule->outcome == OUTCOME_DENY)
		problem(c, "%s belongs to rules that give something; deny is for everybody", attribute(c, LDAP_RULE_GUESTS));
}

/* RFC 4517 section 3.3.13, in UTC: YYYYMMDDHH, minutes, seconds, a fraction (dropped), Z. */
static int generalized_time(struct arena *a, const char *text, int64_t *out)
{
	size_t n = strspn(text, "0123456789");
	const char *end = text + n, *minute, *second;

	if (n != 10 && n != 12 && n != 14)
		return -1;
	if (*end == '.' || *end == ',')
		end += 1 + strspn(end + 1, "0123456789");
	if (strcmp(end, "Z") != 0)
		return -1;
	minute = n >= 12 ? text + 10 : "00";
	second = n == 14 ? text + 12 : "00";
	return time_read(slice_c(arena_printf(a, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", text, text + 4, text + 6, text + 8, minute, second)), out);
}

static int64_t read_time(struct compiling *c, enum ldap_rule_field field)
{
	const char *text = one(c, field);
	int64_t t = 0;

	if (text && (generalized_time(c->arena, text, &t) < 0 || t <= 0)) {
		problem(c, "%s: \"%.40s\" is not a time in UTC, as 20270101000000Z", attribute(c, field), text);
		return 0;
	}
	return t;
}

static void read_times(struct compiling *c)
{
	c->rule->from = read_time(c, LDAP_RULE_FROM);
	c->rule->until = read_time(c, LDAP_RULE_UNTIL);
	if (c->rule->from && c->rule->until && c->rule->from >= c->rule->until)
		problem(c, "%s is not after %s, so the rule can never match", attribute(c, LDAP_RULE_UNTIL), attribute(c, LDAP_RULE_FROM));
}

/* ---- what people are put in besides ---- */

/* Those of one kind, within their patterns; NULL: none is named. */
static const char *const *read_names(struct compiling *c, enum ldap_rule_field field, const char *const *patterns, const char *what)
{
	const struct ldap_rule_values *names = &c->entry->says[field];
	size_t k;

	for (size_t i = 0; i < names->n; i++) {
		const char *name = names->list[i];

		for (k = 0; patterns && patterns[k] && !policy_like(patterns[k], slice_c(name)); k++)
			;
		if (field == LDAP_RULE_GROUP && group_is_builtin(name))
			problem(c, "%s: \"%.100s\" is a group of Atlassian's own, which nobody is given from here", attribute(c, field), name);
		else if (!patterns || !patterns[k])
			problem(c, "%s: \"%.100s\" is not among the %s that ldap_rules allows", attribute(c, field), name, what);
		else if (strlen(name) > PLACE_MAX_BYTES)
			problem(c, "%s: \"%.40s...\" is longer than %d bytes", attribute(c, field), name, PLACE_MAX_BYTES);
		else if (strpbrk(name, "\t\r\n"))
			problem(c, "%s: a name with a line end or a tab", attribute(c, field));
		/* it becomes a part of an address */
		else if (field == LDAP_RULE_DESK && name[strspn(name, DESK_LETTERS)])
			problem(c, "%s: \"%.100s\" is neither the number nor the project key of a desk", attribute(c, field), name);
	}
	return names->n ? names->list : NULL;
}

static void read_places(struct compiling *c, struct ldap_given *out)
{
	const struct settings_ldap_rules *bounds = &c->s->ldap_rules;

	out->groups = read_names(c, LDAP_RULE_GROUP, bounds->groups, "groups");
	out->organizations = read_names(c, LDAP_RULE_ORGANIZATION, bounds->organizations, "organizations");
	out->desks = read_names(c, LDAP_RULE_DESK, bounds->desks, "desks");
}

/* An outcome that is wrong was told of already. */
static void require_portal(struct compiling *c, const struct ldap_given *given)
{
	if (c->rule->fault || c->rule->rule.outcome == OUTCOME_PORTAL)
		return;
	if (given->organizations)
		problem(c, "%s belongs to outcome portal only", attribute(c, LDAP_RULE_ORGANIZATION));
	if (given->desks)
		problem(c, "%s belongs to outcome portal only", attribute(c, LDAP_RULE_DESK));
}

/* Else it would look as if something were given. */
static void require_desks(struct compiling *c, const struct ldap_given *given)
{
	size_t i;

	if (!given->desks || !given->at || !c->s->connection_count)
		return;
	for (i = 0; given->at[i]; i++) {
		const struct settings_connection *site = settings_connection(c->s, given->at[i]);

		if (!site || (site->accounts && site->accounts->kind == TARGET_PORTAL_REST))
			return;
	}
	problem(c, "%s: no portal connection of %s has accounts with a site, where the desks are", attribute(c, LDAP_RULE_DESK),
		attribute(c, LDAP_RULE_AT));
}

static void read_rule_places(struct compiling *c)
{
	struct ldap_given places = {.at = c->rule->rule.at};
	struct rule *rule = &c->rule->rule;

	read_places(c, &places);
	require_portal(c, &places);
	require_desks(c, &places);
	if (places.groups && !c->rule->fault && rule->outcome != OUTCOME_LICENSED && rule->outcome != OUTCOME_CUSTOMER)
		problem(c, "%s belongs to outcomes licensed and customer", attribute(c, LDAP_RULE_GROUP));
	rule->groups = places.groups;
	rule->organizations = places.organizations;
	rule->desks = places.desks;
}

/* ---- marks ---- */

/* Of that directory alone; a quote in a text that stands in quotes is written twice. */
static const char *members_of(struct arena *a, const char *directory, const char *dn)
{
	char *quoted = arena_alloc(a, 2 * strlen(dn) + 1), *p = quoted;

	for (; *dn; dn++) {
		if (*dn == '\'')
			*p++ = '\'';
		*p++ = *dn;
	}
	return arena_printf(a, "directory is %s and member of '%s'", directory, quoted);
}

static void read_mark_rule(struct compiling *c)
{
	const struct ldap_rule_values *order = &c->entry->says[LDAP_RULE_ORDER];
	struct rule *rule = &c->rule->rule;
	struct error err;

	rule->when_text = members_of(c->arena, c->s->ldap_rules.directory, c->entry->dn);
	if (condition_parse(c->arena, rule->when_text, CONDITION_RULE, &c->s->names, &rule->when, &err) < 0)
		problem(c, "its members cannot be named: %.300s", err.detail);
	if (order->n)
		read_order(c);
	else
		c->rule->order = ORDER_MAX + 1;
	read_outcome(c);
}

/* Of a mark that leaves the outcome to other rules: where it gives something, not where people may go. */
static void read_mark_sites(struct compiling *c, struct ldap_given *given)
{
	const struct ldap_rule_values *at = &c->entry->says[LDAP_RULE_AT];

	if (c->entry->says[LDAP_RULE_OUTCOME].n) {
		given->at = c->rule->rule.at;
		return;
	}
	if (at->n && !given->organizations && !given->desks)
		problem(c, "%s belongs to outcome portal, customer organizations and desks only", attribute(c, LDAP_RULE_AT));
	for (size_t i = 0; i < at->n; i++)
		require_site(c, at->list[i]);
	given->at = at->n ? at->list : NULL;
}

static void read_mark(struct compiling *c)
{
	struct ldap_given given = {.entry = c->entry};
	struct ldap_rules *out = c->out;
	bool gives, decides = c->entry->says[LDAP_RULE_OUTCOME].n > 0;

	read_places(c, &given);
	gives = given.groups || given.organizations || given.desks;
	if (decides)
		read_mark_rule(c);
	else if (!gives)
		problem(c, "the mark says nothing: it has none of %s, %s, %s and %s", attribute(c, LDAP_RULE_OUTCOME), attribute(c, LDAP_RULE_GROUP),
			attribute(c, LDAP_RULE_ORGANIZATION), attribute(c, LDAP_RULE_DESK));
	if (decides)
		require_portal(c, &given);
	read_mark_sites(c, &given);
	require_desks(c, &given);
	if (!gives || c->rule->fault)
		return;
	out->given = arena_grow(c->arena, out->given, out->given_count, sizeof(*out->given));
	out->given[out->given_count++] = given;
}

/* Of nobody, whatever the day: tests of today that are over are no mistake. */
static void require_possible(struct compiling *c)
{
	const struct policy one = {.rules = &c->rule->rule, .rule_count = 1};
	const struct policy_note *notes;

	if (policy_review(c->arena, &one, 0, NULL, &notes))
		problem(c, "%s can never match: %s", attribute(c, LDAP_RULE_WHEN), notes[0].text);
}

/* ---- all of them ---- */

static void read_entry(struct compiling *c)
{
	c->unknown = false;
	c->rule->entry = c->entry;
	c->rule->rule.origin = c->entry->dn;
	if (c->entry->is_mark)
		c->rule->rule.name = arena_printf(c->arena, "mark:%s", c->entry->dn);
	else
		read_name(c);
	if (c->entry->fault) {
		problem(c, "%s", c->entry->fault);
	} else if (c->entry->is_mark) {
		read_mark(c);
	} else {
		read_order(c);
		read_when(c);
		read_outcome(c);
		read_words(c);
		read_times(c);
		read_rule_places(c);
		if (!c->rule->fault)
			require_possible(c);
	}
	if (!c->rule->fault)
		return;
	c->rule->rule.outcome = OUTCOME_DENY;
	c->rule->rule.at = c->rule->rule.groups = c->rule->rule.organizations = c->rule->rule.desks = NULL;
	c->rule->rule.because = NULL;
	c->rule->rule.guests = false;
	if (c->unknown)
		c->rule->rule.when = NULL;      /* not sure of anybody */
}

/* Those that deny first where the order says nothing; then by DN, so that it is the same everywhere. */
static int by_order(const void *a, const void *b)
{
	const struct ldap_rule *x = a, *y = b;
	bool denies_x = x->rule.outcome == OUTCOME_DENY, denies_y = y->rule.outcome == OUTCOME_DENY;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	if (denies_x != denies_y)
		return denies_x ? -1 : 1;
	if (x->order > ORDER_MAX && x->rule.outcome != y->rule.outcome)
		return x->rule.outcome < y->rule.outcome ? -1 : 1;
	return strcmp(x->entry->dn_key, y->entry->dn_key);
}

void ldap_rules_compile(struct arena *a, const struct settings *s, struct mirror *mirror, const struct ldap_rule_set *set,
	struct ldap_rules *out)
{
	struct compiling c = {.arena = a, .s = s, .mirror = mirror, .out = out};

	*out = (struct ldap_rules){.list = arena_alloc(a, (set->n + 1) * sizeof(*out->list))};
	if (set->n > LDAP_RULES_MAX) {
		/* none is looked at: somebody may have written very many */
		c.entry = &set->entries[0];
		c.rule = &out->list[0];
		*c.rule = (struct ldap_rule){0};
		problem(&c, "there are %zu rules, at most %d are taken", set->n, LDAP_RULES_MAX);
		return;
	}
	for (size_t i = 0; i < set->n; i++) {
		c.entry = &set->entries[i];
		c.rule = &out->list[out->n];
		*c.rule = (struct ldap_rule){0};
		read_entry(&c);
		/* a mark may leave the outcome to other rules */
		out->n += !c.entry->is_mark || c.entry->says[LDAP_RULE_OUTCOME].n > 0;
	}
	if (out->n)
		qsort(out->list, out->n, sizeof(*out->list), by_order);
}
