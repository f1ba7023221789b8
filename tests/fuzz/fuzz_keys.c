/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A packet to the keys role, from a worker that may be anybody's.  Behind the
 * reader stands a keeper that signs nothing, and looks at every byte it is
 * handed: what reaches it must be whole.
 */
#include "tests/fuzz/fuzz.h"

#include "gateway/keys/keys_wire.h"

static size_t seen;

static void look_at(const char *text)
{
	seen += text ? strlen(text) : 0;
}

static int assertion(void *context, struct arena *a, const struct keeper_assertion *what, struct saml_issued *out, struct error *err)
{
	(void)context;
	(void)a;
	look_at(what->in_response_to);
	look_at(what->name_id);
	look_at(what->authn_context);
	for (size_t i = 0; i < what->attribute_count; i++) {
		if (!what->attributes[i].name)
			abort();
		look_at(what->attributes[i].name);
		for (size_t k = 0; k < what->attributes[i].n; k++) {
			if (!what->attributes[i].values[k])
				abort();
			look_at(what->attributes[i].values[k]);
		}
	}
	if (what->door)
		return error_set(err, REASON_KEYS_REFUSED, "only the first");
	*out = (struct saml_issued){.assertion_id = "_a", .response_id = "_r", .xml = slice_c("<x></x>")};
	return 0;
}

static int rejection(void *context, struct arena *a, const struct keeper_rejection *what, struct saml_issued *out, struct error *err)
{
	(void)context;
	(void)a;
	(void)err;
	look_at(what->in_response_to);
	look_at(what->message);
	if (what->status != SAML_REQUEST_DENIED && what->status != SAML_NO_PASSIVE)
		abort();
	*out = (struct saml_issued){.response_id = "_r", .xml = slice_c("<x></x>")};
	return 0;
}

static int sign_query(void *context, struct arena *a, struct slice query, struct slice *signature_out, struct error *err)
{
	(void)context;
	(void)err;
	*signature_out = arena_slice(a, query);
	return 0;
}

static int unwrap(void *context, const struct saml_wrapped *wrapped, unsigned char key_out[SAML_CONTENT_KEY_MAX], struct error *err)
{
	(void)context;
	(void)err;
	if (!wrapped->digest || !wrapped->mgf_digest || !wrapped->bytes.p || wrapped->key_size > SAML_CONTENT_KEY_MAX)
		abort();
	memset(key_out, wrapped->bytes.n ? wrapped->bytes.p[wrapped->bytes.n - 1] : 1, SAML_CONTENT_KEY_MAX);
	return wrapped->bytes.n & 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct keeper keeper = {.assertion = assertion, .rejection = rejection, .holder = {.sign_query = sign_query, .unwrap = unwrap}};
	struct arena *a = arena_new();
	struct slice question = arena_slice(a, slice_of(data, size)), answer;
	struct wire w = {.arena = a};
	struct keys_head head, asked;

	if (keys_answer(a, &keeper, question, &answer) == 0) {
		memcpy(&asked, data, sizeof(asked));
		w.rest = answer;
		if (!wire_take_head(&w, &head) || head.id != asked.id || head.what > KEYS_NONE_OPENS || answer.n > KEYS_PACKET_MAX)
			abort();
		if (head.what == KEYS_DONE)
			fuzz_succeeded(0);
	}
	arena_free(a);
	return 0;
}
