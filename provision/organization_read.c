/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The managed accounts of an organisation: see organization_client.h. */
#include "provision/organization_wire.h"

#include "base/clock.h"
#include "base/encode.h"
#include "provision/left_alone.h"

#include <stdlib.h>

#define READS 3                         /* of a list that changes meanwhile */
#define PAGES_MOST 20000
#define PRODUCTS_MOST 200

int organization_open(const struct organization *o, struct web **out, struct error *err)
{
	struct web_options options = {
		.name = "Organizations API", .base = o->base, .key = o->key, .ca_pem = o->ca_pem, .proxy = o->proxy, .rate = o->rate,
		.go_on = o->go_on, .instead_of_waiting = o->instead_of_waiting, .answered = o->answered, .context = o->context,
	};

	char until[21];

	if (o->left_alone && left_alone_still(*o->left_alone, clock_now())) {
		time_write(*o->left_alone, until);
		return error_set(err, REASON_PROVISION_STOP, "Organizations API asked to be left alone until %s; nothing is sent before", until);
	}
	if (!o->id || !answer_id_is_good(o->id))
		return error_set(err, REASON_PROVISION_STOP, "Organizations API: `%.60s` is no id of an organisation", o->id ? o->id : "");
	return web_open(&options, out, err);
}

/* ---- one account ---- */

static void read_products(struct answer *r, const json_t *value, struct account *out)
{
	const json_t *list = answer_array(r, value, "product_access"), *one;
	size_t n = json_array_size(list), i;
	const char **names = arena_alloc(r->arena, (n + 1) * sizeof(*names)), **active = arena_alloc(r->arena, (n + 1) * sizeof(*active));

	if (n > PRODUCTS_MOST)
		answer_wrong(r, "an account has %zu products", n);
	json_array_foreach(list, i, one) {
		if (!json_is_object(one))
			answer_wrong(r, "a product is no object");
		if (r->why)
			return;
		names[i] = answer_text(r, one, "name");
		if (!names[i])
			names[i] = answer_text_needed(r, one, "key");
		active[i] = answer_text(r, one, "last_active");
		if (!active[i])
			active[i] = "";
	}
	out->products = names;
	out->products_active = active;
}

static struct account account_of(struct answer *r, const json_t *value)
{
	struct account account = {
		.id = answer_id(r, value, "account_id"),
		.mail = answer_text(r, value, "email"),
		.name = answer_text(r, value, "name"),
		.kind = ACCOUNT_MANAGED,
		.status = answer_text_needed(r, value, "account_status"),
		.last_active = answer_text(r, value, "last_active"),
		.billable = -1,
	};

	if (json_object_get(value, "access_billable"))
		account.billable = answer_bool(r, value, "access_billable", false);
	read_products(r, value, &account);
	return account;
}

/* ---- the list ---- */

struct listing {
	struct web *web;
	const char *list;               /* path of the first page */
	const char *next;               /* of the next one; NULL: that was the last */
	struct account *accounts;
	size_t n;
	size_t seen;                    /* those that are left out among them */
	int64_t total, now;             /* total -1: not said */
	bool moved;
	struct organization_accounts *out;
};

static void put_account(struct answer *r, struct listing *l, const json_t *value)
{
	const char *type = answer_text_needed(r, value, "account_type");
	struct account account = account_of(r, value);

	account.as_of = l->now;
	l->seen++;
	if (strcmp(type, "atlassian") != 0) {
		l->out->others++;
		return;
	}
	if (strcmp(account.status, "closed") == 0) {
		l->out->closed++;
		return;
	}
	l->accounts = arena_grow(r->arena, l->accounts, l->n, sizeof(*l->accounts));
	l->accounts[l->n++] = account;
}

/* A whole address must be of this very list; anything else is a cursor. */
const char *organization_next(struct answer *r, const char *base, const char *list, const char *next)
{
	size_t n = strlen(base), path = strlen(list);

	if (!next)
		return NULL;
	if (!strstr(next, "://"))
		return arena_printf(r->arena, "%s?cursor=%s", list, path_escaped(r->arena, next));
	if (strncmp(next, base, n) != 0 || strncmp(next + n, list, path) != 0 || next[n + path] != '?') {
		answer_wrong(r, "the next page would be at `%.200s`, which is not this list", next);
		return NULL;
	}
	next += n;
	for (const char *p = next; *p; p++)
		if (*p <= ' ' || *p > '~' || *p == '#') {
			answer_wrong(r, "the address of the next page is none");
			return NULL;
		}
	return next;
}

static void read_values(struct answer *r, struct listing *l, const char *base, const json_t *body)
{
	const json_t *data = answer_array(r, body, "data"), *meta = answer_sub(r, body, "meta"), *one;
	const char *before = l->next, *next = answer_text(r, answer_sub(r, body, "links"), "next");
	size_t i;

	if (!data)
		answer_wrong(r, "`data` is missing");
	if (json_object_get(meta, "total")) {
		int64_t total = answer_number(r, meta, "total", 0, INT32_MAX);

		l->moved |= l->total >= 0 && l->total != total;
		l->total = total;
	}
	json_array_foreach(data, i, one) {
		if (!json_is_object(one))
			answer_wrong(r, "an account is no object");
		if (r->why)
			return;
		put_account(r, l, one);
	}
	l->next = organization_next(r, base, l->list, next);
	if (l->next && strcmp(l->next, before) == 0)
		answer_wrong(r, "the next page is the same page");
}

static int read_page(struct arena *a, struct listing *l, const char *base, struct error *err)
{
	struct arena *scratch = arena_new();
	struct web_call call = {.endpoint = "/users", .path = l->next, .needs = ORGANIZATION_NEEDS};
	struct answer r = {.arena = a};
	struct web_answer answer;
	json_t *body;
	int rc = web_do(scratch, l->web, &call, &answer, err);

	if (rc == 0 && answer.status != 200)
		rc = web_refused(l->web, &call, &answer, err);
	if (rc == 0) {
		body = answer_object(&r, answer.body);
		if (body)
			read_values(&r, l, base, body);
		json_decref(body);
		if (r.why)
			rc = web_nonsense(l->web, &call, r.why, err);
	}
	arena_free(scratch);
	return rc;
}

static int by_id(const void *x, const void *y)
{
	return strcmp(((const struct account *)x)->id, ((const struct account *)y)->id);
}

static bool has_twins(struct listing *l)
{
	if (l->n)
		qsort(l->accounts, l->n, sizeof(*l->accounts), by_id);
	for (size_t i = 1; i < l->n; i++)
		if (by_id(&l->accounts[i - 1], &l->accounts[i]) == 0)
			return true;
	return false;
}

/* 1 read, 0 it changed meanwhile, -1 error. */
static int read_once(struct arena *a, struct web *w, const struct organization *o, int64_t now, struct organization_accounts *out, struct error *err)
{
	struct listing l = {.web = w, .list = arena_printf(a, "/admin/v1/orgs/%s/users", o->id), .total = -1, .now = now, .out = out};

	*out = (struct organization_accounts){0};
	l.next = l.list;
	for (int page = 0; l.next && !l.moved; page++) {
		if (page == PAGES_MOST)
			return error_set(err, REASON_PROVISION_STOP, "Organizations API: the list of accounts does not end after %d pages", page);
		if (read_page(a, &l, o->base, err) < 0)
			return -1;
	}
	if (l.moved || (l.total >= 0 && (size_t)l.total != l.seen) || has_twins(&l))
		return 0;
	out->accounts = l.accounts;
	out->count = l.n;
	return 1;
}

int organization_read(struct arena *a, const struct organization *o, int64_t now, struct organization_accounts *out, struct error *err)
{
	struct organization_accounts read = {0};
	struct web *w = NULL;
	int rc;

	if (organization_open(o, &w, err) < 0)
		return -1;
	for (int i = rc = 0; i < READS && rc == 0; i++)
		rc = read_once(a, w, o, now, &read, err);
	if (rc == 0)
		error_set(err, REASON_PROVISION_STEP, "Organizations API: the list of accounts changed while it was read, %d times", READS);
	read.requests = web_requests(w);
	if (o->left_alone)              /* what was asked for before is over, or it would not have been opened */
		*o->left_alone = web_left_alone(w);
	web_close(w);
	if (rc <= 0)
		return -1;
	*out = read;
	return 0;
}
