/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the steps of a sign-on share: its id, asking the provider, refusing. */
#include "gateway/sign_on.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "gateway/decision.h"
#include "gateway/pages.h"

void sign_on_begin(struct sign_on *s, struct http_exchange *x, const struct gateway *g)
{
	*s = (struct sign_on){.arena = x->arena, .gateway = g, .x = x, .now = clock_now(), .began_us = clock_monotonic_us()};
	random_spoken(s->id);
	s->audit = (struct audit_line){.id = s->id, .client = x->client, .mirror_age = -1, .read_us = -1, .person_us = -1,
		.decide_us = -1, .write_us = -1, .total_us = -1};
}

int sign_on_find_asker(struct sign_on *s, struct error *err)
{
	const struct settings *settings = s->gateway->settings;

	if (s->pending.connection)
		s->connection = settings_connection(settings, s->pending.connection);
	else
		s->link = settings_link(settings, slice_c(s->pending.link));
	if (!s->connection && !s->link)
		return error_set(err, REASON_PENDING_INVALID, "the settings no longer know %s",
			s->pending.connection ? s->pending.connection : s->pending.link);
	s->asker = s->connection;
	s->audit.door = s->pending.connection;
	s->audit.link = s->pending.link;
	return 0;
}

int sign_on_resolve(struct sign_on *s, struct error *err)
{
	const struct settings *settings = s->gateway->settings;
	const char *why;

	if (sign_on_find_asker(s, err) < 0)
		return -1;
	if (!s->pending.provider)
		return error_set(err, REASON_PENDING_INVALID, "no identity provider was asked yet");
	s->provider_settings = settings_provider(settings, s->pending.provider);
	if (!s->provider_settings)
		return error_set(err, REASON_PENDING_INVALID, "the settings no longer know the provider %s", s->pending.provider);
	s->audit.provider = s->pending.provider;
	s->provider = providers_get(s->gateway->providers, s->pending.provider, &why);
	if (!s->provider) {
		/* fetched within this second, perhaps: another worker may have said "ready" already */
		providers_look_again(s->gateway->providers);
		s->provider = providers_get(s->gateway->providers, s->pending.provider, &why);
	}
	if (!s->provider)
		return error_set(err, REASON_NOT_READY, "no usable metadata of %s: %s", s->pending.provider, why);
	return 0;
}

int sign_on_require_navigation(const struct http_exchange *x, struct error *err)
{
	if (!x->fetch_dest || strcmp(x->fetch_dest, "document") == 0)
		return 0;
	return error_set(err, REASON_BAD_REQUEST, "a sign-on is a navigation, but the browser fetches a %s", x->fetch_dest);
}

int sign_on_ask(struct sign_on *s, struct error *err)
{
	const struct gateway *g = s->gateway;
	char id[PENDING_ID_SIZE], request_id[RANDOM_ID_SIZE];
	struct saml_ask ask = {
		.id = request_id, .entity_id = g->settings->sp_entity_id, .acs_url = g->settings->acs_url, .relay_state = id,
		.login_hint = s->hint, .key = s->provider_settings->sign_requests ? g->request_key : NULL,
		.force_authn = s->pending.force_authn, .is_passive = s->pending.is_passive, .now = s->now,
	};
	const char *url;

	pending_id(id);
	random_id(request_id);
	if (saml_request_write(s->arena, s->provider, &ask, &url, err) < 0)
		return -1;
	s->pending.state = PENDING_OPEN;
	s->pending.id = arena_strdup(s->arena, id);
	s->pending.host = g->settings->host;
	s->pending.our_request_id = arena_strdup(s->arena, request_id);
	claims_generation(g->claims, s->pending.generation);
	pending_set(s->x, &g->pending_key, &s->pending, s->now, g->settings->pending_seconds);
	s->x->status = 302;
	s->x->location = url;
	metrics_count(g->metrics, METRIC_STARTS, s->audit.door ? s->audit.door : "", s->pending.provider, NULL);
	return 0;
}

const char *sign_on_fresh_start(const struct sign_on *s)
{
	if (s->link)
		return arena_printf(s->arena, "%s/go/%s", s->gateway->settings->public_url, s->link->name);
	return s->connection->start ? s->connection->start : s->connection->home;
}

/* ---- refusing ---- */

static const char *way_back(const struct sign_on *s)
{
	return s->connection || s->link ? sign_on_fresh_start(s) : NULL;
}

/* Group names only when the administrator wants it, and only for somebody who was found. */
static const char *const *groups_to_show(const struct sign_on *s)
{
	const char **names;
	size_t i;

	if (!s->gateway->settings->show_groups || !s->person.dn)
		return NULL;
	names = arena_alloc(s->arena, (s->person.group_count + 1) * sizeof(*names));
	for (i = 0; i < s->person.group_count; i++)
		names[i] = s->person.groups[i].cn ? s->person.groups[i].cn : s->person.groups[i].dn;
	return names;
}

void sign_on_count(const struct sign_on *s, const char *event)
{
	const struct audit_line *line = &s->audit;

	metrics_count(s->gateway->metrics, METRIC_SIGN_ONS, line->door ? line->door : "", line->outcome ? line->outcome : "", event,
		line->reason && strcmp(event, "refusal") == 0 ? line->reason : "", NULL);
	metrics_time(s->gateway->metrics, METRIC_STEPS, line->read_us, "read", NULL);
	metrics_time(s->gateway->metrics, METRIC_STEPS, line->person_us, "person", NULL);
	metrics_time(s->gateway->metrics, METRIC_STEPS, line->decide_us, "decide", NULL);
	metrics_time(s->gateway->metrics, METRIC_STEPS, line->write_us, "write", NULL);
	metrics_time(s->gateway->metrics, METRIC_STEPS, line->read_us < 0 ? -1 : line->total_us, "total", NULL);
}

int sign_on_record(struct sign_on *s, struct error *err)
{
	int64_t before = clock_monotonic_us();
	int rc;

	s->audit.total_us = before - s->began_us;
	rc = audit_write(s->gateway->audit, &s->audit, err);
	metrics_time(s->gateway->metrics, METRIC_STEPS, clock_monotonic_us() - before, "audit", NULL);
	return rc;
}

bool sign_on_is_denial(enum reason reason)
{
	return reason == REASON_DENIED_BY_RULE || reason == REASON_DENIED_BY_DEFAULT || reason == REASON_GUEST_DENIED ||
		reason == REASON_REQUIREMENT_FAILED ||
		reason == REASON_ACCOUNT_KIND || reason == REASON_WRONG_SITE || reason == REASON_CLAIMED_DOMAIN;
}

bool sign_on_is_recorded(const struct sign_on *s)
{
	return s->identity.assertion_id || audit_has_room(s->gateway->audit, clock_monotonic_us());
}

/* Before the answer is written, which may show what the provider said: anybody may have, so only its form makes it fit to be shown. */
static const struct saml_refusal *note_refusal(struct sign_on *s, const struct error *err)
{
	const struct saml_refusal *r = decision_refusal(s->arena, &s->audit, err);

	if (r)
		metrics_count(s->gateway->metrics, METRIC_STATUSES, s->pending.provider ? s->pending.provider : "",
			!*r->code ? "none" : page_code_sentence(r->code) ? s->audit.provider_code : "other", NULL);
	return r;
}

/* Nobody may be shown a page for a passive request; else the page, which may hold the Response to take back. */
static void answer_refusal(struct sign_on *s, const struct error *err)
{
	const char *ask = sign_on_is_denial(err->reason) ? s->judgement.decision.ask : NULL;
	struct page_refusal page = {
		.reason = err->reason, .id = s->id, .back = way_back(s), .ask = ask ? ask : s->gateway->settings->ask,
		.groups = groups_to_show(s),
		.sentence = sign_on_is_denial(err->reason) && !s->judgement.observed.overruled ? s->judgement.decision.sentence : NULL,
		.provider = note_refusal(s, err),
	};
	struct saml_issued answer;

	s->audit.answer = "page";
	if (sign_on_write_refusal(s, err->reason, &answer)) {
		s->audit.answer = s->pending.is_passive ? "response" : "page-and-response";
		page.post = (struct page_post){s->asker->acs, answer.base64, s->pending.relay_state};
	}
	if (page.post.response && s->pending.is_passive)
		page_post(s->x, PAGE_NOT_SIGNED_ON, &page.post);
	else
		page_refusal(s->x, &page);
}

/* One line a minute says that somebody is over a limit; what is more is in the metrics. */
static bool is_told(const struct sign_on *s, enum reason reason)
{
	if (reason != REASON_TOO_MANY)
		return sign_on_is_recorded(s);
	return limits_tells(s->gateway, s->identity.assertion_id ? sign_on_person(s) : s->x->client);
}

const char *sign_on_person(const struct sign_on *s)
{
	const struct saml_identity *i = &s->identity;

	return arena_printf(s->arena, "%s %s", s->pending.provider, i->who ? i->who : i->object_id ? i->object_id : i->name_id);
}

void sign_on_refuse(struct sign_on *s, const struct error *err)
{
	struct error audit_err;
	bool recorded;

	if (!s->identity.assertion_id)
		limits_failed(s->gateway, s->x, err->reason);
	answer_refusal(s, err);
	s->audit.total_us = clock_monotonic_us() - s->began_us;
	metrics_count(s->gateway->metrics, METRIC_REFUSALS, s->audit.reason, NULL);
	sign_on_count(s, s->audit.event);
	if (!is_told(s, err->reason))
		return;
	recorded = sign_on_record(s, &audit_err) == 0;
	log_warning("refused", "id", s->id, "reason", reason_word(err->reason), "detail", err->detail, recorded ? NULL : "audit", "not written", NULL);
}
