/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `postern check` finds among the people of the mirror: traps that no
 * look at the settings alone shows, each counted, with examples and with what
 * to do.
 */
#include "gateway/commands/check.h"

#include "gateway/census/census.h"
#include "gateway/group_name.h"
#include "gateway/report.h"

#define EXAMPLES 3

struct trap {
	size_t n;
	const char *examples[EXAMPLES];
};

struct mail {
	const char *mail, *dn;
};

/* What a rule or requirement names, and whether anybody has it. */
struct named {
	const char *rule, *text;        /* of the first that names it */
	int line;
	size_t people;
	struct group_name group;        /* of a group */
};

struct people {
	struct check *check;
	struct census census;
	struct arena *arena;
	struct trap refused[REASON_COUNT];      /* of whom the rules give something */
	struct trap no_join, upn, portal_claimed, outside;
	bool gives_managed;             /* accounts of the organisation are made, and which domains it has is said */
	size_t upn_compared;
	struct mail *mails, *twice;     /* twice: who is refused because others have a value too; mail may be NULL */
	size_t mail_count, twice_count;
	struct named *groups, *attributes;
	size_t group_count, attribute_count;
};

static void add(struct people *p, struct trap *t, const char *example)
{
	if (t->n < EXAMPLES)
		t->examples[t->n] = arena_strdup(p->arena, report_clean(p->arena, example));
	t->n++;
}

/* ", for example a, b, c" */
static const char *examples(struct people *p, const struct trap *t)
{
	const char *text = "";

	for (size_t i = 0; i < t->n && i < EXAMPLES; i++)
		text = arena_printf(p->arena, "%s%s%.200s", text, i ? ", " : "", t->examples[i]);
	return arena_printf(p->arena, "%s%s", text, t->n > EXAMPLES ? " ..." : "");
}

/* ---- what rules name ---- */

struct use {
	struct people *people;
	const char *rule;
	int line;
};

static void use_group(const char *text, void *context)
{
	const struct use *u = context;
	struct people *p = u->people;
	struct named n = {.rule = u->rule, .text = text, .line = u->line};
	struct error err;

	for (size_t i = 0; i < p->group_count; i++) {
		if (strcmp(p->groups[i].text, text) == 0)
			return;
	}
	if (group_name_read(p->arena, p->check->settings, text, &n.group, &err) < 0)
		return;                 /* the condition was parsed, so it is one */
	p->groups = arena_grow(p->arena, p->groups, p->group_count, sizeof(*p->groups));
	p->groups[p->group_count++] = n;
}

static void use_attribute(const char *text, void *context)
{
	const struct use *u = context;
	struct people *p = u->people;

	for (size_t i = 0; i < p->attribute_count; i++) {
		if (strcasecmp(p->attributes[i].text, text) == 0)
			return;
	}
	p->attributes = arena_grow(p->arena, p->attributes, p->attribute_count, sizeof(*p->attributes));
	p->attributes[p->attribute_count++] = (struct named){.rule = u->rule, .text = text, .line = u->line};
}

static void use_all(struct people *p)
{
	const struct policy *policy = &p->check->settings->policy;
	size_t i;

	for (i = 0; i < policy->rule_count; i++) {
		struct use u = {p, policy->rules[i].name, policy->rules[i].line};

		condition_groups(policy->rules[i].when, use_group, &u);
		condition_attributes(policy->rules[i].when, use_attribute, &u);
	}
	for (i = 0; i < policy->requirement_count; i++) {
		struct use u = {p, policy->requirements[i].name, policy->requirements[i].line};

		condition_groups(policy->requirements[i].when, use_group, &u);
		condition_attributes(policy->requirements[i].when, use_attribute, &u);
	}
}

/* ---- each person ---- */

static const struct mirror_attribute *attribute(const struct mirror_person *person, const char *name)
{
	for (size_t i = 0; i < person->attribute_count; i++) {
		if (strcasecmp(person->attributes[i].name, name) == 0 && person->attributes[i].n)
			return &person->attributes[i];
	}
	return NULL;
}

/* Where the directory has the name that people sign on with at Entra ID: what the claim upn is joined to, else its usual one. */
static const char *upn_attribute(const struct directory_options *d)
{
	for (size_t i = 0; i < d->join_count; i++) {
		if (strcmp(d->joins[i].claim, SAML_CLAIM_UPN) == 0)
			return d->joins[i].attribute;
	}
	return "userPrincipalName";
}

static void compare_upn(struct people *p, const struct mirror_person *person)
{
	const struct directory_options *d = settings_directory(p->check->settings, person->directory);
	const struct mirror_attribute *upn = d ? attribute(person, upn_attribute(d)) : NULL;
	const char *name;

	if (!upn || !person->mail)
		return;
	name = arena_copy(p->arena, upn->values[0]);
	if (strstr(name, "#EXT#"))      /* a guest's name is never the mail */
		return;
	p->upn_compared++;
	if (strcasecmp(name, person->mail) != 0)
		add(p, &p->upn, arena_printf(p->arena, "%.100s (UPN %.100s)", person->mail, name));
}

static void count_named(struct people *p, const struct mirror_person *person)
{
	size_t i, j;

	for (i = 0; i < p->group_count; i++) {
		for (j = 0; j < person->group_count && !group_name_fits(&p->groups[i].group, &person->groups[j]); j++)
			;
		p->groups[i].people += j < person->group_count;
	}
	for (i = 0; i < p->attribute_count; i++)
		p->attributes[i].people += attribute(person, p->attributes[i].text) != NULL;
}

static void note_mails(struct people *p, const struct mirror_one *one)
{
	const struct mirror_person *person = one->person;
	struct mail m = {arena_strdup(p->arena, person->mail), arena_strdup(p->arena, person->dn)};

	if (m.mail) {
		p->mails = arena_grow(p->arena, p->mails, p->mail_count, sizeof(*p->mails));
		p->mails[p->mail_count++] = m;
	}
	if (one->refusal->reason == REASON_PERSON_FOUND_TWICE) {
		p->twice = arena_grow(p->arena, p->twice, p->twice_count, sizeof(*p->twice));
		p->twice[p->twice_count++] = m;
	}
}

static int look_at(struct arena *one_arena, const struct mirror_one *one, void *context)
{
	struct people *p = context;
	const struct mirror_person *person = one->person;
	const char *who = person->mail ? person->mail : person->dn;
	struct standing standing;
	enum outcome outcome;

	census_judge(one_arena, &p->census, gateway_policy(&p->census.gateway), one, &standing);
	outcome = standing.judgement.decision.outcome;
	count_named(p, person);
	if (person->disabled)
		return 0;
	if (one->refusal->reason == REASON_PERSON_NOT_FOUND)
		add(p, &p->no_join, who);
	compare_upn(p, person);
	note_mails(p, one);
	if (outcome == OUTCOME_DENY)
		return 0;
	if (p->gives_managed && (outcome == OUTCOME_LICENSED || outcome == OUTCOME_CUSTOMER) && person->mail &&
		!judge_in_claimed_domain(p->check->settings, person->mail))
		add(p, &p->outside, who);
	if (outcome == OUTCOME_PORTAL && person->mail && judge_in_claimed_domain(p->check->settings, person->mail))
		add(p, &p->portal_claimed, who);
	if (standing.refusal.reason != REASON_NONE)
		add(p, &p->refused[standing.refusal.reason], who);
	return 0;
}

/* ---- what was found ---- */

static int by_mail(const void *a, const void *b)
{
	const struct mail *x = a, *y = b;
	int d = strcasecmp(x->mail, y->mail);

	return d ? d : strcmp(x->dn, y->dn);
}

/* Sorts the list, too. */
static void say_shared_mails(struct people *p)
{
	struct trap shared = {0};
	size_t i, j, in_it = 0;

	if (p->mail_count)
		qsort(p->mails, p->mail_count, sizeof(*p->mails), by_mail);
	for (i = 0; i < p->mail_count; i = j) {
		for (j = i + 1; j < p->mail_count && strcasecmp(p->mails[i].mail, p->mails[j].mail) == 0; j++)
			;
		if (j - i < 2)
			continue;
		in_it += j - i;
		add(p, &shared, arena_printf(p->arena, "%.80s (%.100s and %.100s)", p->mails[i].mail, p->mails[i].dn, p->mails[i + 1].dn));
	}
	if (shared.n)
		say(p->check, FINDING_WARNING, "%zu people have a mail address that others have too, and all of them are refused "
			"(person-found-twice): %s; give each their own, or switch the old entry off", in_it, examples(p, &shared));
}

static void say_upn(struct people *p)
{
	if (p->upn.n)
		say(p->check, FINDING_WARNING, "%zu of %zu people have a mail address other than their user principal name: %s; Atlassian gets the "
			"mail address: SCIM and the accounts that are there must have it too, or one person becomes two accounts", p->upn.n,
			p->upn_compared, examples(p, &p->upn));
	else if (p->upn_compared)
		say(p->check, FINDING_OK, "the mail address of %zu people is their user principal name", p->upn_compared);
	else
		say(p->check, FINDING_OK, "mail addresses were not compared with user principal names: nobody in the mirror has one "
			"(attributes: [userPrincipalName] of a directory keeps it)");
}

static void say_no_join(struct people *p)
{
	if (p->no_join.n)
		say(p->check, FINDING_WARNING, "%zu people have none of the attributes of join, so no sign-on finds them: %s; fill in what the "
			"identity provider sends, or leave them out by the filter of people", p->no_join.n, examples(p, &p->no_join));
}

/* Of whom the rules give something; those without a join and with a shared mail were told already. */
static void say_refused(struct people *p)
{
	static const struct {
		enum reason reason;
		const char *what;
	} rows[] = {
		{REASON_ACCOUNT_KIND, "would be given an account of another kind than the one that is known: %s; Atlassian cannot change the kind "
			"back: move the account by hand, or change the rule"},
		{REASON_CLAIMED_DOMAIN, "are given outcome portal inside a claimed domain: %s; Atlassian may make them a second account: give them "
			"customer, or see allow_portal_in_claimed_domains"},
		{REASON_PERSON_NO_MAIL, "are given something, but have no mail address: %s; Atlassian knows people by it"},
		{REASON_UNSENDABLE, "are given something, but their mail address is none that can be sent: %s"},
		{REASON_FOREIGN_DOMAIN, "are given something, but no identity provider has the domain of their mail address: %s; add it to domains of "
			"the provider"},
		{REASON_TOO_MANY_GROUPS, "are in more groups than are looked through: %s"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct trap *t = &p->refused[rows[i].reason];
		const char *format = rows[i].what, *at = strstr(format, "%s");

		if (t->n)
			say(p->check, FINDING_WARNING, "%zu people %.*s%s%s (%s)", t->n, (int)(at - format), format, examples(p, t), at + 2,
				reason_word(rows[i].reason));
	}
	if (p->portal_claimed.n && !p->refused[REASON_CLAIMED_DOMAIN].n)
		say(p->check, FINDING_WARNING, "%zu people inside the claimed domains are given outcome portal, as allow_portal_in_claimed_domains "
			"allows: %s", p->portal_claimed.n, examples(p, &p->portal_claimed));
}

/* By claimed_domains: which domains are verified Atlassian tells to plans alone. */
static void say_outside(struct people *p)
{
	const struct settings *s = p->check->settings;

	if (p->outside.n && !s->accounts.external_users)
		say(p->check, FINDING_WARNING, "%zu people shall have an account of the organisation with a mail outside of claimed_domains: %s; Atlassian "
			"makes no managed account of it: verify the domain there, or see accounts: external_users%s", p->outside.n, examples(p, &p->outside),
			s->accounts.organization ? "" : "; plans do not notice it without accounts: organization");
}

static bool is_shared(const struct people *p, const char *mail)
{
	const struct mail key = {mail, ""};
	size_t low = 0, high = p->mail_count;

	/* the first that is not before it */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_mail(&p->mails[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low + 1 < p->mail_count && strcasecmp(p->mails[low + 1].mail, mail) == 0;
}

/* Those found twice by what join names: of shared mails it was told already. */
static void say_twice(struct people *p)
{
	struct trap t = {0};

	for (size_t i = 0; i < p->twice_count; i++) {
		if (!p->twice[i].mail || !is_shared(p, p->twice[i].mail))
			add(p, &t, p->twice[i].mail ? p->twice[i].mail : p->twice[i].dn);
	}
	if (t.n)
		say(p->check, FINDING_WARNING, "%zu people have what a join names in common with others, and all of them are refused "
			"(person-found-twice): %s; remove the old entry, or its value", t.n, examples(p, &t));
}

static int say_group(struct people *p, const struct named *n, struct error *err)
{
	const struct settings *s = p->check->settings;
	struct mirror_group_found found;

	if (group_name_look(p->arena, p->census.gateway.mirror, s, &n->group, &found, err) < 0)
		return -1;
	if (found.count == 0)
		say(p->check, FINDING_WARNING, "%s:%d: %s: there is no group %s in the mirror: misspelled, or outside of base and filter of groups?",
			s->file, n->line, n->rule, n->text);
	else if (found.count > 1 && n->group.cn)
		say(p->check, FINDING_WARNING, "%s:%d: %s: %zu groups are called %s, and so the name means none of them: write the DN, as %s",
			s->file, n->line, n->rule, found.count, n->text, report_clean(p->arena, found.dn));
	else if (n->people == 0)
		say(p->check, FINDING_WARNING, "%s:%d: %s: nobody is in group %s%s", s->file, n->line, n->rule, n->text,
			found.members ? ": its members are not people or groups of the mirror" : ", which has no members");
	return 0;
}

static int say_named(struct people *p, struct error *err)
{
	const struct settings *s = p->check->settings;
	size_t i;

	for (i = 0; i < p->group_count; i++) {
		if (say_group(p, &p->groups[i], err) < 0)
			return -1;
	}
	for (i = 0; i < p->attribute_count; i++) {
		const struct named *n = &p->attributes[i];

		if (n->people == 0)
			say(p->check, FINDING_WARNING, "%s:%d: %s: nobody has the attribute %s: misspelled, or not readable for bind_dn?", s->file, n->line,
				n->rule, n->text);
	}
	return 0;
}

static int look_at_all(struct people *p, struct error *err)
{
	size_t before = p->check->warnings;

	use_all(p);
	if (census_each(&p->census, look_at, p, err) < 0)
		return -1;
	say_shared_mails(p);
	say_twice(p);
	say_no_join(p);
	say_refused(p);
	say_outside(p);
	if (say_named(p, err) < 0)
		return -1;
	say_upn(p);
	if (p->check->warnings == before)
		say(p->check, FINDING_OK, "no trap was found among %zu people; postern seats says what they are given", p->census.people);
	return 0;
}

static bool makes_managed_accounts(const struct settings *s)
{
	for (size_t i = 0; i < s->connection_count; i++)
		if (s->connections[i].accounts && s->connections[i].accounts->kind == TARGET_ORGANIZATION)
			return s->provision != PROVISION_OFF;
	return false;
}

void check_people(struct check *c)
{
	struct people *p = arena_alloc(c->arena, sizeof(*p));
	struct error err;
	int rc = -1;

	if (!c->stepped_down)           /* which was said */
		return;
	puts("people");
	p->check = c;
	p->arena = c->arena;
	p->gives_managed = makes_managed_accounts(c->settings) && c->settings->claimed_domains[0];
	if (census_begin(c->arena, "check", c->settings, &p->census, &err) == 0) {
		rc = look_at_all(p, &err);
		census_close(&p->census);
	}
	if (rc < 0 && err.reason == REASON_MIRROR_EMPTY)
		say(c, FINDING_OK, "not looked at: %s; postern fill reads the directories without the service", err.detail);
	else if (rc < 0)
		say(c, FINDING_ERROR, "%s", err.detail);
}
