/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The judge: person, facts, decision, account, passage.  No side effects. */
#include "gateway/judge.h"

#include "base/encode.h"
#include "gateway/settings/domains.h"
#include "gateway/settings/mail.h"

#define INVENTORY_AHEAD_MOST 300        /* seconds: clocks differ by so much */

static const struct {
	const char *word, *claim;
} short_names[] = {
	{"objectidentifier", SAML_CLAIM_OBJECT_ID},
	{"tenantid", SAML_CLAIM_TENANT},
	{"upn", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"},
	{"name", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"},
	{"emailaddress", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"},
	{"givenname", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname"},
	{"surname", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname"},
};

const char *judge_claim(const struct saml_identity *identity, const char *claim)
{
	const struct saml_attribute *attribute;
	size_t i;

	if (strcmp(claim, "nameid") == 0)
		return identity->name_id;
	if (strcmp(claim, "identity") == 0)
		return identity->who;
	for (i = 0; i < sizeof(short_names) / sizeof(*short_names); i++) {
		if (strcmp(short_names[i].word, claim) == 0)
			claim = short_names[i].claim;
	}
	attribute = saml_identity_attribute(identity, claim);
	return attribute && attribute->n == 1 ? attribute->values[0] : NULL;
}

/* ---- who ---- */

static size_t claims_of(struct arena *a, const struct settings *s, const struct saml_identity *identity, struct mirror_claim **out)
{
	struct mirror_claim *claims = NULL;
	size_t i, j, n = 0;

	for (i = 0; i < s->directory_count; i++) {
		for (j = 0; j < s->directories[i].join_count; j++) {
			const char *claim = s->directories[i].joins[j].claim, *value = judge_claim(identity, claim);

			if (!value || !*value)
				continue;
			claims = arena_grow(a, claims, n, sizeof(*claims));
			claims[n++] = (struct mirror_claim){claim, value};
		}
	}
	*out = claims;
	return n;
}

/* What goes to Atlassian is the mirror's mail: it must be of a domain that this provider speaks for, whoever was found. */
static int require_own_mail(const struct settings_provider *provider, const struct mirror_person *person, struct error *err)
{
	if (!person->mail || !*person->mail || provider_speaks_for(provider, person->mail))
		return 0;               /* without one nobody is signed on: require_mail */
	return error_set(err, REASON_FOREIGN_DOMAIN, "%s has the mail %.260s, whose domain is not among the domains of %s", person->dn,
		person->mail, provider->name);
}

int judge_person(struct arena *a, const struct gateway *g, const struct settings_provider *provider, const struct saml_identity *identity,
	struct mirror_person *out, struct error *err)
{
	const struct settings *s = g->settings;
	struct mirror_query query = {.source = provider->name, .guest = identity->guest};
	struct mirror_person person;
	struct mirror_claim *claims;

	if (require_own_names(provider, identity, err) < 0)
		return -1;
	if (!g->mirror)
		return error_set(err, REASON_MIRROR_EMPTY, "the mirror file is not there yet");
	query.claim_count = claims_of(a, s, identity, &claims);
	query.claims = claims;
	if (query.claim_count == 0)
		return error_set(err, REASON_NO_OBJECT_ID, "none of the claims that a directory's join names is in the assertion");
	if (mirror_person(a, g->mirror, s->directories, s->directory_count, &query, &person, err) < 0 ||
		require_own_mail(provider, &person, err) < 0)
		return -1;
	*out = person;
	return 0;
}

/* ---- facts ---- */

static struct fact_attribute *facts_of_attributes(struct arena *a, const struct mirror_person *person)
{
	struct fact_attribute *facts = arena_alloc(a, (person->attribute_count + 1) * sizeof(*facts));
	size_t i;

	for (i = 0; i < person->attribute_count; i++)
		facts[i] = (struct fact_attribute){person->attributes[i].name, person->attributes[i].values, person->attributes[i].n};
	return facts;
}

static struct fact_group *facts_of_groups(struct arena *a, const struct mirror_person *person)
{
	struct fact_group *facts = arena_alloc(a, (person->group_count + 1) * sizeof(*facts));
	size_t i;

	for (i = 0; i < person->group_count; i++) {
		const struct mirror_group *g = &person->groups[i];

		facts[i] = (struct fact_group){.directory = g->directory, .dn = g->dn, .dn_key = g->dn_key, .cn = g->cn,
			.cn_shared = g->cn_shared, .through = g->through};
	}
	return facts;
}

static struct fact_attribute *facts_of_claims(struct arena *a, const struct saml_identity *identity)
{
	struct fact_attribute *facts = arena_alloc(a, (identity->attribute_count + 1) * sizeof(*facts));
	size_t i, j;

	for (i = 0; i < identity->attribute_count; i++) {
		const struct saml_attribute *from = &identity->attributes[i];
		struct slice *values = arena_alloc(a, (from->n + 1) * sizeof(*values));

		for (j = 0; j < from->n; j++)
			values[j] = slice_c(from->values[j]);
		facts[i] = (struct fact_attribute){from->name, values, from->n};
	}
	return facts;
}

static const char *const *methods_of(struct arena *a, const struct saml_identity *identity)
{
	const struct saml_attribute *claim = saml_identity_attribute(identity, SAML_CLAIM_AUTHN_METHODS);
	const char **methods;

	if (!claim)
		return NULL;
	methods = arena_alloc(a, (claim->n + 1) * sizeof(*methods));
	memcpy(methods, claim->values, claim->n * sizeof(*methods));
	return methods;
}

/* What names the person alone: the values that its directory joins by, but for those that can change hands. */
static void facts_of_ids(struct arena *a, const struct directory_options *directory, const struct mirror_person *person, struct facts *out)
{
	struct slice *ids = NULL;
	size_t i, j, k, n = 0;

	for (i = 0; directory && i < directory->join_count; i++) {
		const struct directory_join *join = &directory->joins[i];

		for (j = 0; j < person->attribute_count && !join->is_mutable; j++) {
			const struct mirror_attribute *at = &person->attributes[j];

			for (k = 0; k < at->n && strcasecmp(at->name, join->attribute) == 0; k++) {
				ids = arena_grow(a, ids, n, sizeof(*ids));
				ids[n++] = at->values[k];
			}
		}
	}
	out->ids = ids;
	out->id_count = n;
}

static void gather(struct arena *a, const struct settings *s, const struct judge_question *q, const struct mirror_person *person,
	struct facts *out)
{
	*out = (struct facts){
		.directory = person->directory, .dn = person->dn, .mail = person->mail,
		.attributes = facts_of_attributes(a, person), .attribute_count = person->attribute_count,
		.groups = facts_of_groups(a, person), .group_count = person->group_count,
		.age = staleness_age(person->as_of, q->now), .mfa = q->mfa, .client = q->client,
		.link = q->link ? q->link->name : NULL, .now = q->now, .zone = s->zone,
	};
	facts_of_ids(a, settings_directory(s, person->directory), person, out);
	if (dn_normalize(a, person->dn, &out->dn_key) < 0)
		out->dn_key = NULL;     /* conditions on it are then not sure, and refuse */
	if (!q->identity)
		return;
	out->claims = facts_of_claims(a, q->identity);
	out->claim_count = q->identity->attribute_count;
	out->mfa = q->mfa || q->identity->mfa;
	out->guest = q->identity->guest;
	out->tenant = q->identity->tenant;
	out->methods = methods_of(a, q->identity);
	/* above 150 groups Entra leaves out the claim that they were to go into, and an administrator may have given that any name */
	out->claims_left_out = q->identity->groups_overage;
}

/* ---- decision ---- */

static void decide_at(struct arena *a, const struct gateway *g, const struct settings_connection *door, enum policy_trace trace,
	struct judgement *j)
{
	j->door = door;
	j->facts.door = door ? door->name : NULL;
	j->facts.door_kind = door ? door->kind : DOOR_NONE;
	policy_decide(a, gateway_policy(g), &j->facts, trace, &j->decision);
}

/* A link has no door of its own: it is the managed one, unless the outcome lands in a portal. */
static void decide(struct arena *a, const struct gateway *g, const struct judge_question *q, enum policy_trace trace, struct judgement *j)
{
	const char *portal;

	if (q->door) {
		decide_at(a, g, q->door, trace, j);
		return;
	}
	decide_at(a, g, q->link->via ? settings_connection(g->settings, q->link->via) : NULL, trace, j);
	portal = q->link->landing_door[OUTCOME_PORTAL];
	if (j->decision.outcome == OUTCOME_PORTAL && portal)
		decide_at(a, g, settings_connection(g->settings, portal), trace, j);
}

bool judge_in_claimed_domain(const struct settings *s, const char *mail)
{
	const char *at = strrchr(mail, '@');
	size_t i;

	for (i = 0; at && s->claimed_domains && s->claimed_domains[i]; i++) {
		if (strcasecmp(at + 1, s->claimed_domains[i]) == 0)
			return true;
	}
	return false;
}

static int require_mail(const struct settings *s, const struct mirror_person *person, enum outcome outcome, struct error *err)
{
	if (!person->mail || !*person->mail)
		return error_set(err, REASON_PERSON_NO_MAIL, "%s has no mail attribute", person->dn);
	if (!mail_is_plain(person->mail))
		return error_set(err, REASON_UNSENDABLE, "%s has a mail attribute that is not a plain mail address: \"%.260s\"", person->dn,
			person->mail);
	if (outcome == OUTCOME_PORTAL && !s->portal_in_claimed_domains && judge_in_claimed_domain(s, person->mail))
		return error_set(err, REASON_CLAIMED_DOMAIN, "outcome portal for %s, whose domain is claimed", person->mail);
	return 0;
}

const char *judge_passage_word(enum passage passage)
{
	static const char *const words[] = {
		[PASSAGE_REFUSE] = "refuse", [PASSAGE_ASSERT] = "assert", [PASSAGE_TO_MANAGED] = "to-managed", [PASSAGE_TO_PORTAL] = "to-portal",
	};

	return words[passage];
}

const char *judge_account_word(const struct accounts_found *found)
{
	if (found->answer == ACCOUNTS_NO_INVENTORY)
		return "not checked";
	if (found->answer == ACCOUNTS_NOT_LISTED)
		return "not listed";
	return found->account.kind == ACCOUNT_MANAGED ? "managed" : found->account.kind == ACCOUNT_PORTAL ? "portal" : "unknown";
}

bool judge_inventory_is_old(const struct settings *s, int64_t as_of, int64_t now)
{
	return s->accounts_max_age && (now - as_of > s->accounts_max_age || as_of - now > INVENTORY_AHEAD_MOST);
}

int judge_account(const struct settings *s, const struct accounts_found *found, enum outcome outcome, int64_t now, struct error *err)
{
	enum account_kind needed = outcome == OUTCOME_PORTAL ? ACCOUNT_PORTAL : ACCOUNT_MANAGED;

	if (found->answer != ACCOUNTS_NO_INVENTORY && judge_inventory_is_old(s, found->as_of, now))
		return error_set(err, REASON_ACCOUNTS_TOO_OLD, "the inventory is %lld s old, accounts.max_age is %lld",
			(long long)(now - found->as_of), (long long)s->accounts_max_age);
	if (found->answer != ACCOUNTS_LISTED || found->account.kind == needed)
		return 0;
	return error_set(err, REASON_ACCOUNT_KIND, "the outcome %s needs a %s account, but %s has a %s one%s%s", outcome_word(outcome),
		needed == ACCOUNT_PORTAL ? "portal-only" : "managed", found->account.mail, judge_account_word(found), found->account.at ? " at " : "",
		found->account.at ? found->account.at : "");
}

/* ---- where to ---- */

static int go_to_portal(const struct gateway *g, const struct judge_question *q, struct judgement *j, struct error *err)
{
	const struct settings_connection *portal;

	if (q->link) {
		j->to = q->link->landing[OUTCOME_PORTAL];
		return j->to ? 0 : error_set(err, REASON_NO_LANDING, "link %s has no landing for portal", q->link->name);
	}
	portal = settings_connection(g->settings, j->decision.at[0]);
	j->to = portal->home;
	return 0;
}

static const struct settings_connection *managed_way_in(const struct settings *s)
{
	size_t i;

	for (i = 0; i < s->connection_count; i++) {
		if (s->connections[i].kind == DOOR_MANAGED)
			return &s->connections[i];
	}
	return NULL;
}

static int find_way(const struct gateway *g, const struct judge_question *q, struct judgement *j, struct error *err)
{
	struct door door = {j->facts.door, j->facts.door_kind};
	const struct settings_connection *managed;
	enum reason reason = REASON_INTERNAL;

	j->passage = passage_for(&j->decision, &door, &reason);
	/* of a link that lands at its portal there is nobody to assert to: Atlassian asks there itself */
	if (q->link && j->passage == PASSAGE_ASSERT && j->decision.outcome == OUTCOME_PORTAL)
		j->passage = PASSAGE_TO_PORTAL;
	switch (j->passage) {
	case PASSAGE_ASSERT:
		j->to = j->door->acs;
		if (q->link)
			j->landing = q->link->landing[j->decision.outcome];
		return !q->link || j->landing ? 0 :
			error_set(err, REASON_NO_LANDING, "link %s has no landing for %s", q->link->name, outcome_word(j->decision.outcome));
	case PASSAGE_TO_MANAGED:
		managed = managed_way_in(g->settings);
		if (!managed)
			return error_set(err, REASON_NO_LANDING, "no managed connection is configured");
		j->to = managed->start;
		return 0;
	case PASSAGE_TO_PORTAL:
		return go_to_portal(g, q, j, err);
	case PASSAGE_REFUSE:
		break;
	}
	if (reason == REASON_EXCEPTION_ENDED)
		return error_set(err, reason, "exception %s ended, and the rules now say %s (rule %s), which is another kind of account: change the account "
			"at Atlassian, then take the exception away", j->decision.exception, outcome_word(j->decision.outcome), j->decision.rule);
	return error_set(err, reason, "outcome %s at door %s: %s%s", outcome_word(j->decision.outcome), door.name ? door.name : "(none)",
		j->decision.rule ? "rule " : "no rule matched", j->decision.rule ? j->decision.rule : "");
}

/*
 * Before anything that the rules say, since they said it by this data.  No age
 * in the detail: the same sign-on has the same words whenever it is explained.
 */
static int require_known(const struct settings *s, const struct mirror_person *person, struct judgement *j, struct error *err)
{
	char heard[21], end[21];

	j->staleness = staleness_of(s, person->directory, j->facts.age);
	if (j->staleness == STALE_FRESH || j->staleness == STALE_SERVED)
		return 0;
	if (j->facts.age == FACTS_AGE_UNKNOWN)
		return error_set(err, REASON_DIRECTORY_STALE, "when directory %s was last heard of is not known: a clock is, or was, wrong",
			person->directory);
	time_write(person->as_of, heard);
	time_write(staleness_end(s, person->directory, person->as_of), end);
	return error_set(err, REASON_DIRECTORY_STALE, "directory %s was last heard of at %s; stale_after and stale_grace ended at %s",
		person->directory, heard, end);
}

static int find_account(struct arena *a, const struct gateway *g, const char *mail, struct accounts_found *out, struct error *err)
{
	if (g->accounts_fault.reason != REASON_NONE)
		return error_set(err, g->accounts_fault.reason, "%s", g->accounts_fault.detail);
	return accounts_find(a, g->accounts, mail ? mail : "", out, err);
}

/* ---- observing ---- */

/*
 * Only where the managed connection itself asked: a link has no landing for
 * whom the rules give nothing.  And never a guest: that another tenant's people
 * get something only where a rule says so is no matter of trying.
 */
static bool is_observed(const struct judge_question *q, const struct judgement *j)
{
	return q->door && q->door->kind == DOOR_MANAGED && q->door->observe && !j->facts.guest;
}

/* What the rules and requirements said, and nothing else: a list of what is taken back, not of what is not. */
static bool is_word_of_rules(int rc, const struct judgement *j, const struct error *err)
{
	if (rc == 0)
		return j->passage == PASSAGE_TO_PORTAL;
	return err->reason == REASON_DENIED_BY_RULE || err->reason == REASON_DENIED_BY_DEFAULT || err->reason == REASON_REQUIREMENT_FAILED;
}

static int find_way_observed(const struct gateway *g, const struct judge_question *q, struct judgement *j, struct error *err)
{
	int rc = find_way(g, q, j, err);

	if (!is_observed(q, j))
		return rc;
	j->observed = (struct observed){.on = true, .passage = rc < 0 ? PASSAGE_REFUSE : j->passage, .reason = rc < 0 ? err->reason : REASON_NONE};
	if (!is_word_of_rules(rc, j, err))
		return rc;
	j->observed.overruled = true;
	j->passage = PASSAGE_ASSERT;
	j->to = q->door->acs;
	return 0;
}

/* Which account and mail the door needs: an observed one is the managed door, whatever the rules would have given. */
static enum outcome outcome_at_door(const struct judgement *j)
{
	return j->observed.overruled ? OUTCOME_CUSTOMER : j->decision.outcome;
}

const char *observed_word(const struct observed *o)
{
	if (o->passage == PASSAGE_ASSERT)
		return "same";
	return !o->overruled ? "refused" : o->passage == PASSAGE_REFUSE ? "denied" : "elsewhere";
}

int judge(struct arena *a, const struct gateway *g, const struct judge_question *q, const struct mirror_person *person,
	enum policy_trace trace, struct judgement *out, struct error *err)
{
	struct judgement *j = out;

	*j = (struct judgement){0};
	gather(a, g->settings, q, person, &j->facts);
	decide(a, g, q, trace, j);
	if (require_known(g->settings, person, j, err) < 0)
		return -1;
	if (find_account(a, g, person->mail, &j->account, err) < 0)
		return -1;
	if (find_way_observed(g, q, j, err) < 0 || require_mail(g->settings, person, outcome_at_door(j), err) < 0 ||
		judge_account(g->settings, &j->account, outcome_at_door(j), q->now, err) < 0) {
		j->passage = PASSAGE_REFUSE;
		return -1;
	}
	return 0;
}

int judge_standing(struct arena *a, const struct gateway *g, const struct policy *policy, const struct mirror_person *person, int64_t now,
	enum policy_trace trace, struct judgement *out, struct error *err)
{
	const struct judge_question nobody = {.now = now};
	const struct door none = {NULL, DOOR_NONE};
	struct policy rules = *policy;
	enum reason reason = REASON_INTERNAL;
	struct judgement *j = out;

	*j = (struct judgement){0};
	rules.requirement_count = 0;    /* they judge a sign-on, and this is none */
	gather(a, g->settings, &nobody, person, &j->facts);
	j->facts.age = 0;               /* how old the mirror is, is a state of the service, and none of the person's */
	policy_decide(a, &rules, &j->facts, trace, &j->decision);
	if (find_account(a, g, person->mail, &j->account, err) < 0)
		return -1;
	j->passage = passage_for(&j->decision, &none, &reason);
	if (j->passage == PASSAGE_REFUSE)
		return error_set(err, reason, "%s%s", j->decision.rule ? "rule " : "no rule matched", j->decision.rule ? j->decision.rule : "");
	if (require_mail(g->settings, person, j->decision.outcome, err) < 0 ||
		judge_account(g->settings, &j->account, j->decision.outcome, now, err) < 0) {
		j->passage = PASSAGE_REFUSE;
		return -1;
	}
	return 0;
}

void judge_facts(struct arena *a, const struct settings *s, const struct mirror_person *person, int64_t now, struct facts *out)
{
	const struct judge_question nobody = {.now = now};

	gather(a, s, &nobody, person, out);
}

static bool has_decided(const struct decision *d, size_t group)
{
	for (size_t i = 0; i < d->group_count; i++) {
		if ((size_t)d->groups[i] == group)
			return true;
	}
	return false;
}

const char *const *judge_deciding_groups(struct arena *a, const struct judgement *j)
{
	const char **names = arena_alloc(a, (j->decision.group_count + 1) * sizeof(*names));
	size_t i, n = 0;

	/* The facts have them nearest first; the decision as its condition met them. */
	for (i = 0; i < j->facts.group_count; i++) {
		if (has_decided(&j->decision, i))
			names[n++] = j->facts.groups[i].dn;
	}
	return names;
}
