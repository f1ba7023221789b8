/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which organisation signs this person on, where a connection or a link has
 * several identity providers.
 *
 * A hint that names a domain decides silently.  Otherwise the sign-on is kept
 * in a cookie as one that has no provider yet, and a page asks: a link for
 * each, to /choose/ID/NAME.  The name is taken only from those of the
 * connection or link that is in the cookie, so the address leads nowhere else
 * and means nothing to another browser.  What was chosen is not remembered.
 */
#include "gateway/sign_on.h"

#include "base/clock.h"
#include "base/log.h"
#include "gateway/settings/domains.h"
#include "gateway/pages.h"

static const char *const *providers_of(const struct sign_on *s)
{
	return s->connection ? s->connection->providers : s->link->providers;
}

static int ask(struct sign_on *s, const struct settings_provider *chosen, struct error *err)
{
	s->pending.provider = chosen->name;
	if (sign_on_resolve(s, err) < 0 || sign_on_ask(s, err) < 0)
		return -1;
	metrics_time(s->gateway->metrics, METRIC_STEPS, clock_monotonic_us() - s->began_us, "start", NULL);
	return 0;
}

static void ask_person(struct sign_on *s)
{
	const struct gateway *g = s->gateway;
	const char *const *names = providers_of(s);
	struct page_choice *choices = NULL;
	char id[PENDING_ID_SIZE];
	size_t n = 0;

	pending_id(id);
	s->pending.state = PENDING_CHOOSING;
	s->pending.id = arena_strdup(s->arena, id);
	s->pending.host = g->settings->host;
	claims_generation(g->claims, s->pending.generation);
	pending_set(s->x, &g->pending_key, &s->pending, s->now, g->settings->pending_seconds);
	for (; *names; names++) {
		choices = arena_grow(s->arena, choices, n, sizeof(*choices));
		choices[n++] = (struct page_choice){.title = settings_provider(g->settings, *names)->title,
			.to = arena_printf(s->arena, "%s/choose/%s/%s", g->settings->public_url, id, *names)};
	}
	page_choose(s->x, choices, n);
}

int sign_on_choose(struct sign_on *s, struct error *err)
{
	const struct settings_provider *chosen = choose_provider(s->gateway->settings, providers_of(s), s->hint);

	if (chosen)
		return ask(s, chosen, err);
	/* whoever asks must not see a page gets no page (SAML core 3.4.1) */
	if (s->pending.is_passive)
		return error_set(err, REASON_PROVIDER_CHOICE, "several identity providers, and nothing says which, in a passive request");
	ask_person(s);
	log_debug("sign-on asks for the organisation", "id", s->id, NULL);
	return 0;
}

/* ---- what was chosen ---- */

/* "ID/NAME" */
static int read_choice(const char *rest, struct slice *id, const char **name, struct error *err)
{
	const char *slash = strchr(rest, '/');

	if (!slash || !pending_is_id(slice_of(rest, (size_t)(slash - rest))))
		return error_set(err, REASON_NO_SUCH_PAGE, "not an address of a choice");
	*id = slice_of(rest, (size_t)(slash - rest));
	*name = slash + 1;
	return 0;
}

static const struct settings_provider *find_choice(const struct sign_on *s, const char *name)
{
	const char *const *names = providers_of(s);

	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names ? settings_provider(s->gateway->settings, *names) : NULL;
}

/* Whoever comes back to the page afterwards is offered a fresh start: one request is not answered twice. */
static void mark_chosen(struct sign_on *s)
{
	struct pending mark = s->pending;

	mark.state = PENDING_ANSWERED;
	mark.relay_state = (struct slice){0};
	mark.provider = mark.our_request_id = "";
	pending_set(s->x, &s->gateway->pending_key, &mark, s->now, PENDING_MARK_SECONDS);
}

static int choose(struct sign_on *s, struct error *err)
{
	const struct gateway *g = s->gateway;
	const struct settings_provider *chosen;
	const char *name = NULL;
	struct slice id = {0};

	if (sign_on_require_navigation(s->x, err) < 0 || read_choice(s->x->rest, &id, &name, err) < 0 ||
		pending_get(s->x, &g->pending_key, id, s->now, g->settings->pending_seconds, &s->pending, err) < 0 ||
		sign_on_find_asker(s, err) < 0)
		return -1;
	if (s->pending.state != PENDING_CHOOSING) {
		page_continue(s->x, sign_on_fresh_start(s));
		return 0;
	}
	chosen = find_choice(s, name);
	if (!chosen)
		return error_set(err, REASON_PROVIDER_CHOICE, "\"%.40s\" is not one of its identity providers", name);
	mark_chosen(s);
	return ask(s, chosen, err);
}

void sign_on_chosen(struct http_exchange *x, void *gateway)
{
	struct sign_on s;
	struct error err;

	sign_on_begin(&s, x, gateway);
	if (choose(&s, &err) < 0)
		sign_on_refuse(&s, &err);
}
