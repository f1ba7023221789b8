/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading and changing Atlassian, target by target. */
#include "provision/doer.h"

#include "base/clock.h"
#include "base/encode.h"
#include "provision/jsm_client.h"
#include "provision/left_alone.h"
#include "provision/scim_client.h"
#include "provision/step_check.h"

#include <stdlib.h>

struct place {
	const struct target *target;
	struct web *web;                /* NULL: not opened yet */
	bool stopped;
	struct error why;               /* stopped: what the first one said */
	int64_t left_alone;             /* until then it asked for nothing to be sent; 0 */
};

struct doer {
	struct doer_options o;
	struct organization organization;       /* with the functions of the options */
	bool organization_stopped;
	struct error organization_why;
	unsigned organization_requests;
	struct place *places;
	struct step_doer steps;
};

/* ---- targets ---- */

static int open_place(const struct doer *d, struct place *p, struct error *err)
{
	const struct target *t = p->target;
	struct web_options o = {
		.name = t->name, .base = t->base, .login = t->login, .key = t->key, .ca_pem = t->ca_pem, .proxy = t->proxy, .rate = t->rate,
		.go_on = d->o.go_on, .instead_of_waiting = d->o.instead_of_waiting, .answered = d->o.answered,
		.context = d->o.context,
	};

	char until[21];

	if (p->stopped) {
		*err = p->why;
		return -1;
	}
	if (left_alone_still(p->left_alone, clock_now())) {
		time_write(p->left_alone, until);
		return error_set(err, REASON_PROVISION_STOP, "%s asked to be left alone until %s; nothing is sent before", t->name, until);
	}
	return p->web ? 0 : web_open(&o, &p->web, err);
}

static bool told_to_stop(const struct doer *d)
{
	return d->o.go_on && !d->o.go_on(d->o.context);
}

/* The longest that it asked for; a time that was noted while a clock was ahead hides none. */
static void note_wait(struct place *p)
{
	int64_t asked = p->web ? web_left_alone(p->web) : 0;

	if (asked && (asked > p->left_alone || !left_alone_still(p->left_alone, clock_now())))
		p->left_alone = asked;
}

/* A key that was refused once is not shown again, to whichever target it belongs. */
static void stop_places(struct doer *d, const struct place *at, const struct error *why)
{
	for (size_t i = 0; i < d->o.target_count; i++)
		note_wait(&d->places[i]);
	if (why->reason != REASON_PROVISION_STOP || told_to_stop(d))
		return;
	for (size_t i = 0; i < d->o.target_count; i++) {
		struct place *p = &d->places[i];

		if (p->stopped || !slice_equal(p->target->key, at->target->key))
			continue;
		p->stopped = true;
		p->why = *why;
	}
}

/* ---- reading ---- */

static int read_target(struct arena *a, struct place *p, struct world_target *out, struct error *err)
{
	return p->target->kind == TARGET_PORTAL_REST ? jsm_read(a, p->web, p->target, out, err) : scim_read(a, p->web, p->target, out, err);
}

static void read_place(struct arena *a, struct doer *d, struct place *p, struct world_target *out)
{
	struct world_target read = {.read = clock_now()};
	struct error err = {0};

	if (open_place(d, p, &err) == 0 && read_target(a, p, &read, &err) == 0) {
		read.complete = true;
		*out = read;
		return;
	}
	stop_places(d, p, &err);
	*out = (struct world_target){.fault = arena_strdup(a, err.detail), .read = read.read};
}

static bool has_organization(const struct doer *d)
{
	for (size_t i = 0; i < d->o.target_count; i++)
		if (d->places[i].target->kind == TARGET_ORGANIZATION)
			return d->o.organization != NULL;
	return false;
}

/* What cannot be read is not known, and nothing else is worse for it. */
static void read_domains(struct arena *a, struct doer *d, struct world *out)
{
	struct organization_domain_list list;
	struct error err = d->organization_why;

	if (!has_organization(d))
		return;
	if (!d->organization_stopped && organization_domains(a, &d->organization, &list, &err) == 0) {
		d->organization_requests += list.requests;
		out->domains = list.names;
		out->domain_count = list.count;
		return;
	}
	out->domains_fault = arena_strdup(a, err.detail);
	if (err.reason == REASON_PROVISION_STOP && !told_to_stop(d)) {
		d->organization_stopped = true;
		d->organization_why = err;
	}
}

static int read_world(struct arena *a, void *context, struct world *out, struct error *err)
{
	struct doer *d = context;
	struct world_target *targets = arena_alloc(a, (d->o.target_count + 1) * sizeof(*targets));

	for (size_t i = 0; i < d->o.target_count; i++) {
		if (told_to_stop(d))
			return error_set(err, REASON_PROVISION_STOP, "told to stop while Atlassian was read");
		read_place(a, d, &d->places[i], &targets[i]);
	}
	*out = (struct world){
		.targets = targets, .target_count = d->o.target_count, .accounts = d->o.accounts, .account_count = d->o.account_count,
		.inventory_as_of = d->o.inventory_as_of,
	};
	read_domains(a, d, out);
	return 0;
}

/* ---- steps ---- */

static int send_step(struct arena *a, struct place *p, const struct step *step, struct step_result *out, struct error *err)
{
	if (p->target->kind == TARGET_PORTAL_REST)
		return jsm_step(a, p->web, p->target, step, out, err);
	return scim_step(a, p->web, step, out, err);
}

/* Steps that the key of the organisation does, whichever target the user is in. */
static int do_organization_step(struct arena *a, struct doer *d, const struct step *step, struct step_result *out, struct error *err)
{
	if (!d->o.organization)
		return error_set(err, REASON_PROVISION_STEP, "%s: there is no key of the organisation", step_kind_word(step->kind));
	if (d->organization_stopped) {
		*err = d->organization_why;
		return -1;
	}
	if (organization_step(a, &d->organization, d->places[step->target].target, step, out, err) == 0) {
		d->organization_requests += out->requests;
		return 0;
	}
	if (err->reason == REASON_PROVISION_STOP && !told_to_stop(d)) {
		d->organization_stopped = true;
		d->organization_why = *err;
	}
	return -1;
}

static int do_step(struct arena *a, void *context, const struct step *step, struct step_result *out, struct error *err)
{
	struct doer *d = context;
	struct place *p;
	unsigned before;

	if (step->target >= d->o.target_count)
		return error_set(err, REASON_PROVISION_STEP, "%s: there is no target %zu", step_kind_word(step->kind), step->target);
	p = &d->places[step->target];
	if (step_check(step, err) < 0)
		return -1;
	if (step->kind == STEP_UNLINK || step->kind == STEP_RESTORE)
		return do_organization_step(a, d, step, out, err);
	if (open_place(d, p, err) < 0)
		return -1;
	before = web_requests(p->web);
	if (send_step(a, p, step, out, err) == 0)
		return 0;
	out->requests = web_requests(p->web) - before;  /* also where no answer came */
	stop_places(d, p, err);
	return -1;
}

/* ---- the doer ---- */

struct doer *doer_new(const struct doer_options *options)
{
	struct doer *d = calloc(1, sizeof(*d));

	if (!d || !(d->places = calloc(options->target_count + 1, sizeof(*d->places))))
		abort();
	d->o = *options;
	if (options->organization) {
		d->organization = *options->organization;
		d->organization.go_on = options->go_on;
		d->organization.instead_of_waiting = options->instead_of_waiting;
		d->organization.answered = options->answered;
		d->organization.context = options->context;
	}
	for (size_t i = 0; i < options->target_count; i++)
		d->places[i] = (struct place){.target = &options->targets[i], .left_alone = options->left_alone ? options->left_alone[i] : 0};
	d->steps = (struct step_doer){.read = read_world, .step = do_step, .context = d};
	return d;
}

void doer_free(struct doer *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->o.target_count; i++)
		web_close(d->places[i].web);
	free(d->places);
	free(d);
}

const struct step_doer *doer_steps(struct doer *d)
{
	return &d->steps;
}

int64_t doer_left_alone(const struct doer *d, size_t target)
{
	return d->places[target].left_alone;
}

unsigned doer_requests(const struct doer *d)
{
	unsigned n = d->organization_requests;

	for (size_t i = 0; i < d->o.target_count; i++)
		n += d->places[i].web ? web_requests(d->places[i].web) : 0;
	return n;
}
