/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Responses as posted (XML, without its base64), under the provider and the
 * moment of the corpus; and of refusals, which anybody may have written, what
 * of their text would be shown.
 */
#include "tests/fuzz/forged_provider.h"

#include "base/text.h"

static void require_letters(const char *text, const char *letters)
{
	if (text[strspn(text, letters)])
		abort();
}

static void show(const char *text)
{
	struct saml_refusal r;

	saml_refusal_read(text, &r);
	require_letters(r.code, "0123456789");
	require_letters(r.trace, "0123456789abcdefABCDEF-");
	require_letters(r.time, "0123456789-: TZ");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct saml_expect expect = {
		.provider = forged_provider(), .entity_id = FORGED_ENTITY, .acs_url = FORGED_ACS, .request_id = FORGED_REQUEST,
		.now = FORGED_NOW, .requested_at = FORGED_NOW,
	};
	struct arena *a = arena_new();
	struct saml_identity identity;
	struct error err;
	struct text base64;

	text_begin(&base64, a, size * 2);
	text_add_base64(&base64, slice_of(data, size));
	if (saml_response_read(a, &expect, text_slice(&base64), &identity, &err) == 0)
		fuzz_succeeded(0);
	else
		show(err.detail);
	show(arena_copy(a, slice_of(data, strnlen((const char *)data, size))));
	arena_free(a);
	return 0;
}
