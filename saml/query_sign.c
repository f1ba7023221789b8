/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For whoever holds the key: what is signed of the HTTP-Redirect binding.
 *
 * Who asks is a process that parses what strangers send, and may have been
 * taken over.  So the query is read back before it is signed.  No XML parser is
 * needed for that: the messages are ours, and what the first element is called
 * says what the other side can take it for.
 */
#include "saml/binding.h"
#include "saml/key.h"

#include "base/encode.h"

#define QUERY_MESSAGE_MAX 8192          /* bytes, inflated; ours have some hundred */
#define QUERY_ID_MAX 64

/* No Response among them: an assertion leaves by saml_response_write alone. */
static const struct kind {
	const char *parameter, *element, *name;
} kinds[] = {
	{"SAMLRequest", "<samlp:AuthnRequest ", "AuthnRequest"},
	{"SAMLRequest", "<samlp:LogoutRequest ", "LogoutRequest"},
	{"SAMLResponse", "<samlp:LogoutResponse ", "LogoutResponse"},
};

/* MESSAGE=…[&RelayState=…]&SigAlg=RSA-SHA256, in this order and no more. */
static int require_parts(struct slice query, const char *parameter, struct error *err)
{
	static const char state[] = "&RelayState=", algorithm[] = "&SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256";
	size_t n = sizeof(algorithm) - 1, i;
	const char *p;

	if (query.n < n || memcmp(query.p + query.n - n, algorithm, n) != 0)
		return error_set(err, REASON_KEYS_REFUSED, "a query that does not end in SigAlg for RSA-SHA256");
	query.n -= n;
	i = strlen(parameter) + 1;
	p = memchr(query.p + i, '&', query.n > i ? query.n - i : 0);
	if (!p)
		return 0;
	query = slice_of(p, query.n - (size_t)(p - query.p));
	if (!slice_begins(query, state) || memchr(query.p + 1, '&', query.n - 1))
		return error_set(err, REASON_KEYS_REFUSED, "a query that holds more than a message and a RelayState");
	return 0;
}

/* Ours are letters and a colon: with others the tag may have ended, or another blank hides the name that an XML parser sees. */
static bool is_name(struct slice name)
{
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (c != ':' && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z'))
			return false;
	}
	return name.n > 0;
}

/* The value of ` NAME="`, in the start tag and nowhere behind it. */
static bool take_attribute(struct arena *a, struct slice message, const char *name, const char **out)
{
	const char *at = memchr(message.p, ' ', message.n), *end = message.p + message.n;
	size_t n = strlen(name);

	while (at && at < end && *at == ' ') {
		const char *equals = memchr(at, '=', (size_t)(end - at)), *value = equals ? equals + 2 : NULL, *quote;

		if (!value || value >= end || equals[1] != '"' || !is_name(slice_of(at + 1, (size_t)(equals - at - 1))))
			return false;
		quote = memchr(value, '"', (size_t)(end - value));
		if (!quote)
			return false;
		if ((size_t)(equals - at) == n + 1 && memcmp(at + 1, name, n) == 0) {
			*out = arena_copy(a, slice_of(value, (size_t)(quote - value)));
			return true;
		}
		at = quote + 1;
	}
	return false;
}

static bool is_id(const char *id)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
	size_t n = strlen(id);

	return n && n <= QUERY_ID_MAX && strspn(id, good) == n;
}

static int read_query(struct arena *a, struct slice query, struct saml_query *out, struct error *err)
{
	const char *parameter = slice_begins(query, "SAMLResponse=") ? "SAMLResponse" : "SAMLRequest";
	const struct binding_message limits = {
		parameter, QUERY_MESSAGE_MAX, REASON_KEYS_REFUSED, REASON_KEYS_REFUSED, REASON_KEYS_REFUSED, REASON_KEYS_REFUSED,
	};
	struct slice message, relay_state;
	const char *id = NULL;

	if (!slice_begins(query, "SAMLRequest=") && !slice_begins(query, "SAMLResponse="))
		return error_set(err, REASON_KEYS_REFUSED, "what is to be signed is no query with a message");
	if (require_parts(query, parameter, err) < 0 || binding_read(a, &limits, SAML_REDIRECT, query, &message, &relay_state, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(kinds[i].parameter, parameter) != 0 || !slice_begins(message, kinds[i].element))
			continue;
		if (!take_attribute(a, message, "ID", &id) || !is_id(id))
			return error_set(err, REASON_KEYS_REFUSED, "a %s without an id of ours", kinds[i].name);
		*out = (struct saml_query){kinds[i].name, id};
		return 0;
	}
	return error_set(err, REASON_KEYS_REFUSED, "a message in %s of a kind that is not signed", parameter);
}

int saml_query_sign(struct arena *a, const struct saml_key *k, struct slice query, struct saml_query *seen_out, struct slice *signature_out,
	struct error *err)
{
	struct saml_query seen;

	if (read_query(a, query, &seen, err) < 0 || key_sign(k, a, query, signature_out, err) < 0)
		return -1;
	*seen_out = seen;
	return 0;
}
