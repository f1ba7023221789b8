/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A refusal as a SAML Response to whoever asked.
 *
 * Owed to the asker of a passive request: nobody may be shown a page for it
 * (SAML core 3.4.1).  A page nevertheless: over `failures`, where a signature
 * would cost more than that limit spares, and while nobody can sign.  Owed to an asker with `refusals: response`, whose
 * people take it back by a button on our page.  It goes to the connection's
 * own address and nowhere else, and only once it is sure who asked: from its
 * request, after that was found to be its own, or from our own sealed cookie.
 *
 * Everybody who handles it in between can read it, so it says no more than the
 * public sentence of the reason, and the id by which a help desk finds the
 * rest.  It is always signed: some want every Response signed, and nobody
 * minds.
 */
#include "gateway/sign_on.h"

#include "base/log.h"
#include "gateway/keeper.h"

static bool is_owed(const struct sign_on *s)
{
	return s->asker && s->pending.request_id && (s->pending.is_passive || s->asker->refusals == REFUSALS_RESPONSE);
}

/*
 * SAML core 3.2.2.2.  What the rules say is final; everything else of a
 * passive request is what the person can see and do something about when it is
 * asked again without IsPassive.
 */
static enum saml_rejected status_for(const struct sign_on *s, enum reason reason)
{
	return s->pending.is_passive && !sign_on_is_denial(reason) ? SAML_NO_PASSIVE : SAML_REQUEST_DENIED;
}

bool sign_on_write_refusal(struct sign_on *s, enum reason reason, struct saml_issued *out)
{
	const struct keeper *keeper = s->gateway->keeper;
	struct keeper_rejection refusal;
	struct error err;

	if (!is_owed(s))
		return false;
	refusal = (struct keeper_rejection){
		.door = (size_t)(s->asker - s->gateway->settings->connections), .in_response_to = s->pending.request_id, .status = status_for(s, reason),
		.message = arena_printf(s->arena, "%s: %s (%s)", reason_word(reason), reason_sentence(reason), s->id),
	};
	if (keeper->rejection(keeper->context, s->arena, &refusal, out, &err) < 0) {
		log_error("no Response could be written for a refusal", "id", s->id, "detail", err.detail, NULL);
		return false;
	}
	s->audit.status = refusal.status == SAML_NO_PASSIVE ? "NoPassive" : "RequestDenied";
	s->audit.response_out = out->response_id;
	return true;
}
