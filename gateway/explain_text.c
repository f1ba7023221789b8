/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An explanation for a person at a terminal. */
#include "gateway/explain.h"

#include "base/encode.h"

static const char *passage_sentence(enum passage passage)
{
	static const char *const sentences[] = {
		[PASSAGE_REFUSE] = "no entry", [PASSAGE_ASSERT] = "an assertion, posted to", [PASSAGE_TO_MANAGED] = "sent to the managed way in,",
		[PASSAGE_TO_PORTAL] = "sent to the portal,",
	};

	return sentences[passage];
}

/* How old what follows is, and what that means. */
static void print_age(const struct explanation *e)
{
	char until[21];

	if (e->age == FACTS_AGE_UNKNOWN) {
		puts("           data of an age that is not known: a clock is, or was, wrong");
		return;
	}
	printf("           data %lld s old", (long long)e->age);
	time_write(e->stale_end, until);
	if (e->staleness == STALE_SERVED)
		printf(": stale, people are signed on by it until %s", until);
	else if (e->staleness == STALE_DENIED)
		printf(": stale, people have been refused since %s", until);
	putchar('\n');
}

static void print_person(const struct explanation *e)
{
	const struct mirror_person *p = &e->person;

	printf("Person     %s\n", p->mail ? p->mail : "(no mail address)");
	printf("           %s\n", p->dn);
	printf("           directory %s, found by %s\n", p->directory, p->joined_by ? p->joined_by : "name");
	print_age(e);
}

/* As a rule may name it: directory:cn, or the DN where that would not be clear. */
static void print_group_name(const char *before, const struct mirror_group *g)
{
	if (g->cn && !g->cn_shared)
		printf("%s%s:%s", before, g->directory, g->cn);
	else
		printf("%s%s", before, g->dn);
}

static void print_groups(const struct explanation *e)
{
	const struct mirror_person *p = &e->person;
	size_t i;

	printf("Groups     %zu%s\n", p->group_count, p->group_count ? "" : " (none)");
	for (i = 0; i < p->group_count; i++) {
		const struct mirror_group *g = &p->groups[i];

		print_group_name("           ", g);
		if (g->through >= 0)
			print_group_name("   through ", &p->groups[g->through]);
		printf("%s\n", g->cn_shared ? "   (another group has this name: rules must use its DN)" : "");
	}
}

static void print_trace(const char *title, const struct trace_rule *rules, size_t n)
{
	size_t i, k;

	for (i = 0; i < n; i++) {
		printf("%-10s %s %s\n", i == 0 ? title : "", rules[i].matched ? "yes" : "no ", rules[i].name);
		for (k = 0; k < rules[i].step_count; k++) {
			const struct trace_step *step = &rules[i].steps[k];

			printf("               %*s%s %s%s%s\n", step->depth * 2, "", step->matched ? "+" : "-", step->text,
				step->why && *step->why ? ": " : "", step->why ? step->why : "");
		}
	}
}

static void print_account(const struct accounts_found *found)
{
	switch (found->answer) {
	case ACCOUNTS_NO_INVENTORY:
		printf("Account    accounts not checked: there is no inventory (postern accounts import)\n");
		return;
	case ACCOUNTS_NOT_LISTED:
		printf("Account    none known\n");
		return;
	case ACCOUNTS_LISTED:
		printf("Account    %s%s%s%s\n", judge_account_word(found), found->account.status ? ", " : "",
			found->account.status ? found->account.status : "",
			found->account.billable == 1 ? ", billed" : found->account.billable == 0 ? ", not billed" : "");
		return;
	}
}

static void print_decision(const struct decision *d)
{
	print_trace("Rules", d->rules, d->rule_count);
	printf("Outcome    %s%s%s\n", outcome_word(d->outcome), d->exception && !d->exception_ended ? ", by exception " :
		d->rule ? ", by rule " : ", because no rule matched", d->rule ? d->rule : "");
	if (d->exception_ended)
		printf("Exception  %s ended, and gave another kind of account: somebody has to change it at Atlassian, then take the exception away\n",
			d->exception);
	if (d->guest_denied)
		printf("Guest      no: rule %s does not say guests: yes\n", d->rule);
	if (d->stale)
		printf("Stale      no: rule %s gives nothing by data that is this old (stale_after)\n", d->rule);
	print_trace("Require", d->requirements, d->requirement_count);
}

static void print_observed(const struct judgement *j)
{
	const struct observed *o = &j->observed;

	if (!o->on)
		return;
	printf("           observed only (observe: yes): ");
	if (o->passage == PASSAGE_ASSERT)
		puts("the rules say the same");
	else if (!o->overruled)
		printf("but %s keeps the person out all the same\n", reason_word(o->reason));
	else if (o->passage == PASSAGE_REFUSE)
		printf("the rules would have refused, with %s\n", reason_word(o->reason));
	else
		puts("the rules would have sent the person to the portal");
}

static void print_door(const struct explained_door *d)
{
	const struct judgement *j = &d->judgement;
	size_t i, k;

	printf("%s %s\n", d->link ? "Link      " : "Door      ", d->link ? d->link->name : d->connection->name);
	if (d->rc < 0) {
		printf("           refused: %s\n           %s\n", reason_word(d->err.reason), d->err.detail);
		print_observed(j);
		printf("           the page says: %s\n", j->decision.sentence ? j->decision.sentence : reason_sentence(d->err.reason));
		return;
	}
	printf("           %s %s\n", passage_sentence(j->passage), j->to);
	print_observed(j);
	if (j->landing)
		printf("           from there to %s\n", j->landing);
	for (i = 0; i < d->attribute_count; i++) {
		printf("           %s =", d->attributes[i].name);
		for (k = 0; k < d->attributes[i].n; k++)
			printf("%s %s", k ? "," : "", d->attributes[i].values[k]);
		printf("\n");
	}
}

static void print_providers(const struct explanation *e)
{
	size_t i;

	printf("Signed on  by %s", e->provider_count ? "" : "nobody: no identity provider of this directory has the domain of this mail address");
	for (i = 0; i < e->provider_count; i++)
		printf("%s%s", i ? " or " : "", e->providers[i]->name);
	putchar('\n');
}

void explain_print_text(const struct explanation *e)
{
	size_t i;

	if (e->found < 0) {
		printf("Person     %s\n           refused: %s\n           %s\n", e->asked, reason_word(e->err.reason), e->err.detail);
		return;
	}
	print_person(e);
	print_providers(e);
	print_groups(e);
	for (i = 0; i < e->door_count; i++) {
		const struct explained_door *d = &e->doors[i];

		/* rules know no door: they are printed once; requirements may, and are printed where they differ */
		if (i == 0) {
			print_decision(&d->judgement.decision);
			print_account(&d->judgement.account);
		} else {
			print_trace("Require", d->judgement.decision.requirements, d->judgement.decision.requirement_count);
		}
		print_door(d);
	}
	if (saml_identity_attribute(e->identity, SAML_CLAIM_GROUPS))
		printf("Note       groups of the identity provider are not looked at: they come from the directory\n");
	if (!e->identity->mfa && !e->client)
		printf("Note       judged without a second factor and without a client address (--mfa, --client)\n");
}
