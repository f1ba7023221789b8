/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a plan was made of, and what is in it, as SHA-256.
 *
 * Only what a plan looks at counts: not when something was read, not the
 * mirror's generation, not when somebody was active last, nor since when an
 * account is not wanted: a plan is applied with the time it was made at.
 */
#include "provision/plan_parts.h"
#include "provision/step_json.h"

#include "base/encode.h"

#include <openssl/evp.h>
#include <stdlib.h>

static EVP_MD_CTX *begin_sum(void)
{
	EVP_MD_CTX *sum = EVP_MD_CTX_new();

	if (!sum || EVP_DigestInit_ex(sum, EVP_sha256(), NULL) != 1)
		abort();
	return sum;
}

static const char *end_sum(EVP_MD_CTX *sum, struct arena *a)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	char *hex;

	if (EVP_DigestFinal_ex(sum, bytes, &n) != 1)
		abort();
	EVP_MD_CTX_free(sum);
	hex = arena_alloc(a, 2 * (size_t)n + 1);
	hex_encode(bytes, n, hex);
	return hex;
}

/* Each text with its NUL, so that two of them never run together; "not there" is another byte. */
static void add(EVP_MD_CTX *sum, const char *s)
{
	if (EVP_DigestUpdate(sum, s ? s : "\1", s ? strlen(s) + 1 : 1) != 1)
		abort();
}

static void add_number(EVP_MD_CTX *sum, uint64_t n)
{
	if (EVP_DigestUpdate(sum, &n, sizeof(n)) != 1)
		abort();
}

static void add_list(EVP_MD_CTX *sum, const char *const *list)
{
	uint64_t n = 0;

	for (; list && list[n]; n++)
		add(sum, list[n]);
	add_number(sum, n);
}

static void add_desired(EVP_MD_CTX *sum, const struct desired *d)
{
	for (size_t i = 0; i < d->target_count; i++) {
		const struct target *t = &d->targets[i];

		add(sum, t->name);
		add(sum, target_kind_word(t->kind));
		add(sum, t->base);
		add_list(sum, t->groups);
		add_list(sum, t->licensed);
		add_list(sum, t->desks);
		for (size_t k = 0; k < t->attach_count; k++) {
			add(sum, t->attach[k].organization);
			add(sum, t->attach[k].desk);
		}
	}
	for (size_t i = 0; i < d->count; i++) {
		const struct desired_person *p = &d->people[i];
		const char *const texts[] = {p->id, p->mail, p->display_name, p->given_name, p->family_name, p->title, p->department, p->held};

		for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++)
			add(sum, texts[k]);
		add_number(sum, (uint64_t)p->kind * 2 + p->disabled);
		add_number(sum, p->target);
		add_list(sum, p->groups);
		for (size_t k = 0; k < p->place_count; k++) {
			add_number(sum, p->places[k].target);
			add_list(sum, p->places[k].organizations);
			add_list(sum, p->places[k].desks);
		}
	}
	add_number(sum, d->count);
	add_number(sum, (uint64_t)(d->stale != NULL) * 2 + d->groups_unsure);
	add_list(sum, d->nameless);
}

static void add_groups(EVP_MD_CTX *sum, const struct world_group *groups, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		add(sum, groups[i].id);
		add(sum, groups[i].name);
		add_number(sum, groups[i].fixed);
		for (size_t k = 0; k < groups[i].member_count; k++)
			add(sum, groups[i].members[k]);
		add_number(sum, groups[i].member_count);
		for (size_t k = 0; k < groups[i].attached_count; k++)
			add(sum, groups[i].attached[k]);
	}
	add_number(sum, n);
}

static void add_world(EVP_MD_CTX *sum, const struct world *w)
{
	for (size_t i = 0; i < w->target_count; i++) {
		const struct world_target *t = &w->targets[i];

		add_number(sum, t->complete);
		for (size_t k = 0; k < t->user_count; k++) {
			const struct world_user *u = &t->users[k];
			const char *const texts[] = {u->id, u->external_id, u->user_name, u->mail, u->display_name, u->given_name, u->family_name,
				u->title, u->department};

			for (size_t m = 0; m < sizeof(texts) / sizeof(texts[0]); m++)
				add(sum, texts[m]);
			add_number(sum, u->active);
		}
		add_number(sum, t->user_count);
		add_groups(sum, t->groups, t->group_count);
		add_groups(sum, t->desks, t->desk_count);
	}
	for (size_t i = 0; i < w->account_count; i++) {
		add(sum, w->accounts[i].mail);
		add(sum, w->accounts[i].id);
		add(sum, w->accounts[i].status);
		add_number(sum, (uint64_t)w->accounts[i].kind * 2 + (w->accounts[i].billable == 1));
	}
}

static void add_domains(EVP_MD_CTX *sum, const struct world *w)
{
	for (size_t i = 0; i < w->domain_count; i++)
		add(sum, w->domains[i]);
	add_number(sum, w->domain_count);
}

static void add_ledger(EVP_MD_CTX *sum, const struct ledger_view *v)
{
	for (size_t i = 0; i < v->count; i++) {
		add(sum, v->people[i].target);
		add(sum, v->people[i].person);
		add(sum, v->people[i].user);
		add(sum, v->people[i].mail);
	}
	for (size_t i = 0; i < v->group_count; i++) {
		add(sum, v->groups[i].target);
		add(sum, v->groups[i].name);
		add(sum, v->groups[i].id);
	}
	for (size_t i = 0; i < v->mail_count; i++) {
		add(sum, v->mails[i].target);
		add(sum, v->mails[i].mail);
		add(sum, v->mails[i].person);
	}
	for (size_t i = 0; i < v->open_desk_count; i++) {
		add(sum, v->open_desks[i].target);
		add(sum, v->open_desks[i].desk);
	}
}

const char *plan_fingerprint(struct planning *p)
{
	const struct plan_limits *l = p->limits;
	EVP_MD_CTX *sum = begin_sum();

	add_desired(sum, p->desired);
	add_world(sum, p->world);
	add_domains(sum, p->world);
	add_ledger(sum, p->ledger);
	add_number(sum, (uint64_t)l->grace);
	add_list(sum, l->protect);
	add_list(sum, l->protect_groups);
	add_list(sum, l->administrators);
	add_number(sum, l->external_users);
	return end_sum(sum, p->arena);
}

const char *plan_id(struct arena *a, const struct plan *plan)
{
	struct arena *scratch = arena_new();
	EVP_MD_CTX *sum = begin_sum();
	struct text t;

	text_begin(&t, scratch, 8192);
	add(sum, plan->fingerprint);
	for (size_t i = 0; i < plan->step_count; i++) {
		t.n = 0;
		step_write(&t, &plan->steps[i], plan->targets[plan->steps[i].target]);
		add(sum, t.p);
	}
	arena_free(scratch);
	return end_sum(sum, a);
}
