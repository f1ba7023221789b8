/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An explanation for a person at a terminal. */
#include "gateway/commands/explain.h"

#include "base/encode.h"
#include "gateway/report.h"

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
		printf("Account    %s%s%s%s%s%s%s%s\n", judge_account_word(found), found->account.at ? ", seen at " : "",
			found->account.at ? found->account.at : "", found->account.status ? ", " : "",
			found->account.status ? found->account.status : "",
			found->account.billable == 1 ? ", billed" : found->account.billable == 0 ? ", not billed" : "",
			found->other_at ? "; and one of the other kind at " : "", found->other_at ? found->other_at : "");
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

	printf("%s %s\n", d->link ? "Link      " : "Door      ", d->link ? d->link->name : d->connection ? d->connection->name : "(none is set up yet)");
	if (d->rc < 0) {
		printf("           refused: %s\n           %s\n", reason_word(d->err.reason), d->err.detail);
		print_observed(j);
		printf("           the page says: %s\n", j->decision.sentence ? j->decision.sentence : reason_sentence(d->err.reason));
		return;
	}
	if (!d->link && !d->connection) {
		printf("           an account of kind %s\n", j->decision.outcome == OUTCOME_PORTAL ? "portal" : "managed");
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

	if (e->no_providers)
		return;
	printf("Signed on  by %s", e->provider_count ? "" : "nobody: no identity provider of this directory has the domain of this mail address");
	for (i = 0; i < e->provider_count; i++)
		printf("%s%s", i ? " or " : "", e->providers[i]->name);
	putchar('\n');
}

/* ---- a stored Response ---- */

static bool was_begun(const struct saml_checks *checks, enum saml_check check)
{
	size_t i;

	for (i = 0; i < checks->n && checks->begun[i] != check; i++)
		;
	return i < checks->n;
}

static void print_checks(struct arena *a, const struct explanation *e)
{
	const struct explained_response *r = e->response;
	const char *missing = "";
	size_t i;
	int k;

	for (i = 0; i < r->checks.n; i++) {
		bool refused = r->rc < 0 && i + 1 == r->checks.n;

		printf("%s %s  %-20s %s\n", i ? "          " : "Checks    ", refused ? "NO" : "ok", saml_check_word(r->checks.begun[i]),
			saml_check_what(r->checks.begun[i]));
	}
	if (r->rc < 0)
		printf("           refused: %s\n           %s\n", reason_word(e->err.reason), report_clean(a, e->err.detail));
	for (k = 0; k < SAML_CHECK_COUNT && r->rc < 0; k++) {
		if (!was_begun(&r->checks, (enum saml_check)k) && (k != SAML_CHECK_DECRYPTION || r->peek.is_encrypted))
			missing = arena_printf(a, "%s%s%s", missing, *missing ? ", " : "", saml_check_word((enum saml_check)k));
	}
	if (*missing)
		printf("           not reached: %s\n", missing);
}

static void print_lasso(struct arena *a, const struct explanation *e)
{
	const struct explained_response *r = e->response;
	const struct saml_opinion *o = &r->lasso;

	if (r->lasso_not_asked) {
		printf("lasso      not asked: %s\n", r->lasso_not_asked);
		return;
	}
	printf("lasso      by itself (signature, status, request): %s\n", o->accepts ? "accepts it" : report_clean(a, o->says));
	if (o->asked)
		printf("           what it leaves to its caller (destination, recipient, audience, times): %s\n",
			o->fits ? "all fits" : report_clean(a, o->misfit));
	if (o->name_id)
		printf("           reads the NameID %s%s\n", report_clean(a, o->name_id),
			r->rc == 0 && strcmp(o->name_id, e->identity.name_id) != 0 ? ", WHICH IS NOT OURS" : "");
}

static void print_response(struct arena *a, const struct explanation *e)
{
	const struct explained_response *r = e->response;
	char at[21];

	time_write(e->now, at);
	printf("Response   %s, judged as an answer of %s\n", e->asked, e->provider->name);
	printf("           at %s: %s\n", at, r->at_says);
	printf("           taken from itself: the request that it answers (%s); not known: when that was asked,\n"
	       "           whether it asked for a fresh sign-on or a passive one, whether this answer was used before\n",
		r->peek.in_response_to ? report_clean(a, r->peek.in_response_to) : "none");
	print_checks(a, e);
	print_lasso(a, e);
	if (r->rc < 0)
		return;
	printf("Identity   NameID %s%s%s\n", e->identity.name_id, e->identity.guest ? ", a guest" : "",
		e->identity.mfa ? ", more than one factor" : "");
	printf("           tenant %s, object id %s, assertion %s\n", e->identity.tenant ? e->identity.tenant : "(none)",
		e->identity.object_id ? e->identity.object_id : "(none)", e->identity.assertion_id);
}

/* ---- all ---- */

static void print_notes(const struct explanation *e)
{
	static const char *const passed_over[] = {SAML_CLAIM_GROUPS, SAML_CLAIM_ROLE, SAML_CLAIM_DIRECTORY_ROLES};

	for (size_t i = 0; i < sizeof(passed_over) / sizeof(*passed_over); i++) {
		if (saml_identity_attribute(&e->identity, passed_over[i]))
			printf("Note       the claim %s is not looked at: groups come from the directory\n",
				strrchr(passed_over[i], '/') + 1);
	}
	if (!e->response && !e->audit && !e->identity.mfa && !e->client)
		puts("Note       judged without a second factor and without a client address (--mfa, --client)");
	if (e->response && !e->client)
		puts("Note       judged without a client address (--client)");
	if (e->response)
		puts("Note       judged by the mirror, rules and accounts of today: what they were at that instant is not kept");
	if (e->audit)
		puts("Note       claims are not in the audit: requirements on them are judged as if none had been sent (--claim)");
}

void explain_print_text(struct arena *a, const struct explanation *e)
{
	size_t i;

	if (e->audit)
		explain_print_audit(a, e);
	if (e->response)
		print_response(a, e);
	if (e->response && e->response->rc < 0)
		return;
	if (e->found < 0) {
		printf("Person     %s\n           refused: %s\n           %s\n", e->response ? e->identity.name_id : report_clean(a, e->asked),
			reason_word(e->err.reason), report_clean(a, e->err.detail));
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
	print_notes(e);
}
