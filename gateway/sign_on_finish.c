/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The second request of a sign-on: the identity provider's answer comes back.
 *
 * Read `finish` from top to bottom: each step refuses by itself, and nothing
 * leaves before the audit line is written.
 */
#include "gateway/sign_on.h"

#include "base/clock.h"
#include "base/log.h"
#include "gateway/decision.h"
#include "gateway/keeper.h"
#include "gateway/logout.h"
#include "gateway/pages.h"
#include "gateway/release.h"

#define RESTARTS_MOST 3

enum step { STEP_REFUSED = -1, STEP_GO_ON, STEP_ANSWERED };

/* Microseconds since *mark, which moves on. */
static int64_t lap(int64_t *mark)
{
	int64_t now = clock_monotonic_us(), took = now - *mark;

	*mark = now;
	return took;
}

/* ---- the pending sign-on in the browser ---- */

static void record(struct sign_on *s, const char *event, const char *why)
{
	struct error err;

	sign_on_count(s, event);
	if (!sign_on_is_recorded(s))
		return;
	s->audit.event = event;
	s->audit.detail = why;
	if (sign_on_record(s, &err) < 0)
		log_error("not in the audit file", "event", event, "id", s->id, "detail", err.detail, NULL);
	log_info("sign-on started again", "event", event, "id", s->id, "why", why, NULL);
}

/* Again at the provider, silently, as if it had just been asked: nothing that came with this request is trusted. */
static enum step start_again(struct sign_on *s, const char *cause, const char *why, struct error *err)
{
	const char *old = s->pending.id;

	if (s->pending.hops >= RESTARTS_MOST)
		return (enum step)error_set(err, REASON_LOOP, "started again %u times: %s", s->pending.hops, why);
	s->pending.hops++;
	pending_drop(s->x, old);
	if (sign_on_ask(s, err) < 0)
		return STEP_REFUSED;
	metrics_count(s->gateway->metrics, METRIC_AGAIN, s->audit.door ? s->audit.door : "", cause, NULL);
	record(s, "restart", why);
	return STEP_ANSWERED;
}

/*
 * An answer that nobody asked for proves nothing, and may be somebody else's:
 * it is not even looked at.  But whoever brings one has come by a tile of My
 * Apps, perhaps, and where the settings name a link, it is started as if they
 * had opened it.  The worst that a hostile page gets by posting here is what
 * it gets by a link to us: a fresh sign-on of this person as themself.
 */
static enum step start_default_link(struct sign_on *s, struct error *err)
{
	const struct settings *settings = s->gateway->settings;
	const char *link = settings->default_link;
	unsigned n;

	if (!link)
		return (enum step)error_set(err, REASON_UNSOLICITED, "the relay state names no sign-on of ours");
	if (sign_on_require_navigation(s->x, err) < 0)
		return STEP_REFUSED;
	n = pending_starts(s->x, &s->gateway->pending_key, link, s->now);
	if (n >= PENDING_LOOP_MOST)
		return (enum step)error_set(err, REASON_LOOP, "%u sign-ons by %s begun within %d s, and an answer to none of them", n, link,
			PENDING_LOOP_SECONDS);
	s->audit.link = link;
	s->x->status = 303;
	s->x->location = arena_printf(s->arena, "%s/go/%s", settings->public_url, link);
	record(s, "unsolicited", "the relay state names no sign-on of ours: the default link was started instead");
	return STEP_ANSWERED;
}

/* Also of a sign-on that took too long: our own seal says who asked, and it may be told. */
static int find_pending(struct sign_on *s, struct slice relay_state, struct error *err)
{
	const struct gateway *g = s->gateway;
	struct error ignored;
	int rc = pending_get(s->x, &g->pending_key, relay_state, s->now, g->settings->pending_seconds, &s->pending, err);

	if (rc < 0 && err->reason != REASON_PENDING_EXPIRED)
		return -1;
	return sign_on_find_asker(s, rc < 0 ? &ignored : err) < 0 ? -1 : rc;
}

/* Opens the cookie that the relay state names; an ended sign-on is answered here. */
static enum step open_pending(struct sign_on *s, struct slice relay_state, struct error *err)
{
	if (!pending_is_id(relay_state))
		return start_default_link(s, err);
	if (find_pending(s, relay_state, err) < 0)
		return STEP_REFUSED;
	if (s->pending.state == PENDING_ANSWERED || s->pending.state == PENDING_REDIRECTED) {
		if (s->pending.is_passive)
			return (enum step)error_set(err, REASON_ALREADY_ANSWERED, "the answer to a passive request came once more");
		page_continue(s->x, sign_on_fresh_start(s));
		return STEP_ANSWERED;
	}
	return sign_on_resolve(s, err) < 0 ? STEP_REFUSED : STEP_GO_ON;
}

/*
 * Replay is known to the claims file that was alive when the request was made,
 * and to no other.  What was asked by a host that has died arrives here by the
 * path of that host.
 */
static bool is_elsewhere(const struct sign_on *s)
{
	const char *host = s->gateway->settings->host;
	unsigned char generation[CLAIMS_GENERATION_SIZE];

	claims_generation(s->gateway->claims, generation);
	return strcmp(s->pending.host, host) != 0 || strcmp(s->x->rest, host) != 0 ||
		memcmp(s->pending.generation, generation, sizeof(generation)) != 0;
}

/* ---- the identity ---- */

/* Whoever goes over a limit is told no by a page, which costs less than a signed Response. */
static int require_room_for_answer(struct sign_on *s, struct error *err)
{
	if (limits_answer(s->gateway, s->x, s->pending.id) == REASON_NONE)
		return 0;
	s->asker = NULL;
	return error_set(err, REASON_TOO_MANY, "one more answer to this sign-on, and the network has used up its failures");
}

static int require_room_for_person(struct sign_on *s, struct error *err)
{
	if (limits_person(s->gateway, s->x, sign_on_person(s)) == REASON_NONE)
		return 0;
	return error_set(err, REASON_TOO_MANY, "more than %zu sign-ons of this person within a minute", s->gateway->settings->limits.sign_ons);
}

static int read_identity(struct sign_on *s, struct slice response, struct error *err)
{
	struct saml_expect expect = {
		.provider = s->provider, .entity_id = s->gateway->settings->sp_entity_id, .acs_url = s->gateway->settings->acs_url,
		.request_id = s->pending.our_request_id, .signed_part = s->provider_settings->signed_part,
		.encrypted = s->provider_settings->encrypted, .decryption_keys = s->gateway->decryption_keys,
		.force_authn = s->pending.force_authn, .requested_at = s->pending.started, .now = s->now, .skew = s->provider_settings->skew,
		.claims = s->gateway->settings->claims,
	};

	if (saml_response_read(s->arena, &expect, response, &s->identity, err) < 0)
		return -1;
	decision_identity(s->arena, &s->audit, &s->identity);
	if (s->audit.groups_claim || s->audit.roles_claim)
		log_debug("groups and roles of the identity provider are not looked at: groups come from the directory", "id", s->id, "groups",
			s->audit.groups_claim, "roles", s->audit.roles_claim, NULL);
	return 0;
}

/*
 * 1 ours alone, 0 used before, -1 error.  Only after the signature verified:
 * nobody else can fill the file.  The id claimed is that of our request: what
 * is signed names it (InResponseTo), so an assertion that comes again claims
 * it again, and so does a second assertion for the same request.  It is kept
 * for as long as any setting lets the cookie live, and not for as long as the
 * assertion says: the oldest claim is swept first, and one that lasted for
 * years would hold up all behind it.
 */
static int claim(struct sign_on *s, struct error *err)
{
	int64_t skew = saml_skew(s->provider_settings->skew);
	int64_t until = s->pending.started + PENDING_SECONDS_MOST;

	return claims_take(s->gateway->claims, slice_c(s->pending.our_request_id), s->pending.started, s->now, until + skew + 1, err);
}

/* ---- the person and the decision ---- */

static int find_person(struct sign_on *s, struct error *err)
{
	if (judge_person(s->arena, s->gateway, s->provider_settings, &s->identity, &s->person, err) < 0)
		return -1;
	decision_person(&s->audit, &s->person);
	return 0;
}

static int decide(struct sign_on *s, struct error *err)
{
	struct judge_question question = {
		.door = s->connection, .link = s->link, .provider = s->pending.provider, .is_passive = s->pending.is_passive,
		.identity = &s->identity, .client = s->x->client, .now = s->now,
	};
	int rc = judge(s->arena, s->gateway, &question, &s->person, TRACE_NO, &s->judgement, err);

	decision_judgement(s->arena, &s->audit, &s->judgement);
	return rc < 0 ? -1 : judge_way(&question, &s->judgement, err);
}

/* ---- the answer ---- */

static int write_assertion(struct sign_on *s, struct error *err)
{
	const struct settings_connection *door = s->judgement.door;
	const struct keeper *keeper = s->gateway->keeper;
	struct keeper_assertion what = {
		.door = (size_t)(door - s->gateway->settings->connections), .in_response_to = s->pending.request_id, .name_id = s->person.mail,
		.authn_instant = s->identity.authn_instant, .authn_context = s->identity.authn_context,
	};

	what.attribute_count = release_attributes(s->arena, s->gateway, door, &s->identity, &s->person, &what.attributes);
	if (keeper->assertion(keeper->context, s->arena, &what, &s->issued, err) < 0)
		return -1;
	s->audit.assertion_out = s->issued.assertion_id;
	return 0;
}

static int write_audit(struct sign_on *s, struct error *err)
{
	s->audit.event = decision_event(&s->judgement);
	if (sign_on_record(s, err) == 0)
		return 0;
	if (s->gateway->settings->audit_failure == AUDIT_REFUSE)
		return -1;
	log_error("sign-on not in the audit file", "id", s->id, "detail", err->detail, NULL);
	return 0;
}

/* By this mark the back button and a second click are known: what was answered is never answered twice. */
static void leave_mark(struct sign_on *s, enum pending_state state)
{
	s->pending.state = state;
	s->pending.relay_state = (struct slice){0};
	pending_set(s->x, &s->gateway->pending_key, &s->pending, s->now, PENDING_MARK_SECONDS);
}

static void answer(struct sign_on *s)
{
	const struct judgement *j = &s->judgement;
	struct slice relay_state = j->landing ? slice_c(j->landing) : s->pending.relay_state;
	bool asserted = j->passage == PASSAGE_ASSERT;

	leave_mark(s, asserted ? PENDING_ANSWERED : PENDING_REDIRECTED);
	sign_on_count(s, s->audit.event);
	logout_remember(s);
	if (j->observed.on)
		metrics_count(s->gateway->metrics, METRIC_OBSERVED, s->connection->name, s->audit.observed->verdict, NULL);
	if (asserted) {
		page_post(s->x, PAGE_SIGNED_ON, &(struct page_post){j->to, s->issued.base64, relay_state});
	} else {
		s->x->status = 303;
		s->x->location = j->to;
	}
	log_info("signed on", "id", s->id, "event", s->audit.event, "door", s->audit.door, "outcome",
		j->observed.overruled ? "observed" : s->audit.outcome, NULL);
}

static enum step finish(struct sign_on *s, struct error *err)
{
	struct slice response, relay_state;
	int64_t mark = s->began_us;
	enum step step;
	int claimed;

	if (saml_response_find(s->arena, s->x->body, &response, &relay_state, err) < 0)
		return STEP_REFUSED;
	step = open_pending(s, relay_state, err);
	if (step != STEP_GO_ON)
		return step;
	if (is_elsewhere(s))
		return start_again(s, "elsewhere", "another host or another life of this host asked the provider", err);
	if (require_room_for_answer(s, err) < 0 || read_identity(s, response, err) < 0 || require_room_for_person(s, err) < 0)
		return STEP_REFUSED;
	claimed = claim(s, err);
	if (claimed == 0)
		return start_again(s, "replay", "this answer was used before", err);
	if (claimed < 0)
		return STEP_REFUSED;
	providers_note_key(s->gateway->providers, s->provider_settings->name, s->now);
	s->audit.read_us = lap(&mark);
	if (find_person(s, err) < 0)
		return STEP_REFUSED;
	s->audit.person_us = lap(&mark);
	if (decide(s, err) < 0)
		return STEP_REFUSED;
	s->audit.decide_us = lap(&mark);
	if (s->judgement.passage == PASSAGE_ASSERT && write_assertion(s, err) < 0)
		return STEP_REFUSED;
	s->audit.write_us = lap(&mark);
	if (write_audit(s, err) < 0)
		return STEP_REFUSED;
	answer(s);
	return STEP_ANSWERED;
}

void sign_on_finish(struct http_exchange *x, void *gateway)
{
	struct sign_on s;
	struct error err;

	gateway_look_for_mirror(gateway);
	gateway_look_at_rules(gateway);
	sign_on_begin(&s, x, gateway);
	if (finish(&s, &err) == STEP_REFUSED) {
		sign_on_refuse(&s, &err);
		if (s.identity.assertion_id)
			leave_mark(&s, PENDING_ANSWERED);
	}
}
