/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mail domains that an organisation has verified: only people of these get managed accounts. */
#include "provision/organization_wire.h"

#include "provision/ledger_record.h"
#include "provision/sorted.h"

#define PAGES_MOST 1000

struct domains {
	struct web *web;
	const char *base, *list, *next;
	const char **names;
	size_t n;
};

static void put_domain(struct answer *r, struct domains *d, const json_t *value)
{
	const json_t *attributes = answer_sub(r, value, "attributes");
	const char *name = answer_text_needed(r, attributes, "name"), *status = answer_text(r, answer_sub(r, attributes, "claim"), "status");

	if (r->why || !status || strcmp(status, "verified") != 0)
		return;
	d->names = arena_grow(r->arena, d->names, d->n, sizeof(*d->names));
	d->names[d->n++] = lower_case(r->arena, name);
}

static void read_values(struct answer *r, struct domains *d, const json_t *body)
{
	const json_t *data = answer_array(r, body, "data"), *one;
	const char *before = d->next;
	size_t i;

	if (!data)
		answer_wrong(r, "`data` is missing");
	json_array_foreach(data, i, one) {
		if (!json_is_object(one))
			answer_wrong(r, "a domain is no object");
		if (r->why)
			return;
		put_domain(r, d, one);
	}
	d->next = organization_next(r, d->base, d->list, answer_text(r, answer_sub(r, body, "links"), "next"));
	if (d->next && strcmp(d->next, before) == 0)
		answer_wrong(r, "the next page is the same page");
}

static int read_page(struct arena *a, struct domains *d, struct error *err)
{
	struct web_call call = {.endpoint = "/domains", .path = d->next, .needs = ORGANIZATION_NEEDS};
	struct answer r = {.arena = a};
	struct web_answer answer;
	json_t *body;

	if (web_do(a, d->web, &call, &answer, err) < 0)
		return -1;
	if (answer.status != 200)
		return web_refused(d->web, &call, &answer, err);
	body = answer_object(&r, answer.body);
	if (body)
		read_values(&r, d, body);
	json_decref(body);
	return r.why ? web_nonsense(d->web, &call, r.why, err) : 0;
}

int organization_domains(struct arena *a, const struct organization *o, struct organization_domain_list *out, struct error *err)
{
	struct domains d = {.base = o->base, .list = arena_printf(a, "/admin/v1/orgs/%s/domains", o->id)};
	int rc = 0;

	if (organization_open(o, &d.web, err) < 0)
		return -1;
	d.next = d.list;
	for (int page = 0; d.next && rc == 0; page++)
		rc = page < PAGES_MOST ? read_page(a, &d, err) :
			error_set(err, REASON_PROVISION_STOP, "Organizations API: the list of domains does not end after %d pages", page);
	if (rc == 0) {
		d.names = arena_grow(a, d.names, d.n, sizeof(*d.names));
		*out = (struct organization_domain_list){.requests = web_requests(d.web), .count = sort_texts(d.names, d.n), .names = d.names};
	}
	web_close(d.web);
	return rc;
}
