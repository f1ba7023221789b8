/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * OAuth 2.0 client credentials (RFC 6749 section 4.4), which Entra ID can be
 * given in the place of a bearer token that never ends.
 *
 * An access token is the time at which it ends, sealed, and nothing is kept of
 * it.  It is bound to the secret that bought it: when that is known no more,
 * the token opens under none that is.  The key of the seal stands in a file of
 * the server's own, which neither the hashes nor what is provisioned can be
 * read from, nor the other way round: whoever may read those makes no tokens.
 */
#include "scim/scim.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/random.h"
#include "base/text.h"

#include <endian.h>
#include <unistd.h>

#define KEY_SIZE 32
#define PURPOSE "scim access token"
#define PREFIX "postern_access_"        /* so that scanners for leaked secrets can know it */
#define TOKEN_LONGEST 512
#define PARAMETER_LONGEST 1024

/* ---- the key ---- */

int scim_access_key(struct arena *a, const char *path, struct seal_key *out, struct error *err)
{
	unsigned char made[KEY_SIZE];
	struct slice bytes;

	if (access(path, F_OK) < 0) {
		random_bytes(made, sizeof(made));
		if (file_write_new(path, 0600, slice_of(made, sizeof(made)), err) < 0)
			return -1;
	}
	if (file_read(a, path, FILE_SECRET_UNLINKED, KEY_SIZE, &bytes, err) < 0)
		return -1;
	if (bytes.n != KEY_SIZE || seal_derive(bytes, PURPOSE, out) < 0)
		return error_set(err, REASON_FILE, "%s: is not a key of %d bytes: take it away, and another one is made", path, KEY_SIZE);
	return 0;
}

/* ---- access tokens ---- */

static struct slice bound_to(struct arena *a, const struct scim_token *secret)
{
	struct text t;

	text_begin(&t, a, 128);
	text_addf(&t, "%s ", secret->name);
	text_add(&t, slice_of(secret->hash, sizeof(secret->hash)));
	return text_slice(&t);
}

static const char *access_make(struct arena *a, const struct scim_callers *c, const struct scim_token *secret)
{
	uint64_t ends = htobe64((uint64_t)(clock_now() + SCIM_ACCESS_SECONDS));
	struct slice sealed = seal(a, &c->key, bound_to(a, secret), slice_of(&ends, sizeof(ends)));

	return arena_printf(a, PREFIX "%s", base64url_encode(a, sealed));
}

/* One that ends later than any that is made now was made under another clock. */
static bool is_live(int64_t ends)
{
	int64_t now = clock_now();

	return now < ends && ends - now <= SCIM_ACCESS_SECONDS;
}

/* The secret that bought it, and when it ends; NULL: none that is known. */
static const struct scim_token *access_open(struct arena *a, const struct scim_callers *c, struct slice token, int64_t *ends)
{
	struct slice sealed, plain;
	uint64_t big;

	if (!slice_begins(token, PREFIX) || token.n > TOKEN_LONGEST ||
		base64url_decode(a, slice_of(token.p + strlen(PREFIX), token.n - strlen(PREFIX)), &sealed) < 0)
		return NULL;
	for (size_t i = 0; i < c->n; i++) {
		const struct scim_token *secret = &c->list[i];

		if (secret->kind != SCIM_SECRET || seal_open(a, &c->key, bound_to(a, secret), sealed, &plain) < 0 || plain.n != sizeof(big))
			continue;
		memcpy(&big, plain.p, sizeof(big));
		*ends = (int64_t)be64toh(big);
		return secret;
	}
	return NULL;
}

/* What follows the scheme and blanks; n 0: it is another scheme, or nothing follows. */
static struct slice credentials(const char *authorization, const char *scheme)
{
	size_t n = strlen(scheme);

	if (!authorization || strncasecmp(authorization, scheme, n) != 0 || authorization[n] != ' ')
		return slice_of(NULL, 0);
	return slice_c(authorization + n + strspn(authorization + n, " "));
}

const char *scim_caller(struct arena *a, const struct scim_callers *c, const char *authorization)
{
	struct slice token = credentials(authorization, "Bearer");
	const struct scim_token *known = scim_token_find(c->list, c->n, SCIM_TOKEN, token);
	int64_t ends;

	if (known)
		return known->name;
	known = access_open(a, c, token, &ends);
	return known && is_live(ends) ? known->name : NULL;
}

bool scim_access_ended(struct arena *a, const struct scim_callers *c, const char *authorization)
{
	int64_t ends;

	return access_open(a, c, credentials(authorization, "Bearer"), &ends) && !is_live(ends);
}

/* ---- the token endpoint ---- */

struct granting {
	struct arena *arena;
	const struct scim_grant_request *request;
	const char *id, *secret, *grant_type;   /* NULL: not said */
	struct scim_grant *out;
};

static int refuse(struct granting *g, int status, const char *error, const char *description)
{
	struct text t;

	text_begin(&t, g->arena, 200);
	text_addf(&t, "{\"error\":\"%s\",\"error_description\":\"%s\"}", error, description);
	*g->out = (struct scim_grant){.status = status, .body = text_slice(&t), .error = error};
	return -1;
}

static int refuse_client(struct granting *g)
{
	return refuse(g, 401, "invalid_client", "The client id or its secret is not known: postern scim secret new makes one, and a reload of the "
		"service makes it known.");
}

static int decode(struct arena *a, struct slice raw, const char **out)
{
	struct slice text;

	if (raw.n > PARAMETER_LONGEST || form_decode(a, raw, &text) < 0 || !utf8_is_clean(text))
		return -1;
	*out = arena_copy(a, text);
	return 0;
}

/* RFC 6749 section 3.2: a parameter without a value is none, and none may be there twice. */
static int read_parameter(struct granting *g, const char *name, const char **out)
{
	struct slice raw;
	int found = form_find(g->request->body, name, &raw);

	if (found < 0 || (found && raw.n && decode(g->arena, raw, out) < 0))
		return refuse(g, 400, "invalid_request", "A parameter is there twice, is too long, or is not encoded as a form must be.");
	return 0;
}

static int read_form(struct granting *g)
{
	const char *type = g->request->content_type;

	if (!type || strcmp(type, "application/x-www-form-urlencoded") != 0)
		return refuse(g, 400, "invalid_request", "The body is not of type application/x-www-form-urlencoded.");
	if (read_parameter(g, "grant_type", &g->grant_type) < 0 || read_parameter(g, "client_id", &g->id) < 0)
		return -1;
	return read_parameter(g, "client_secret", &g->secret);
}

/* Section 2.3.1: both parts are encoded like a form ahead of base64.  One way of proving who one is, not two. */
static int read_basic(struct granting *g)
{
	struct slice encoded = credentials(g->request->authorization, "Basic"), pair;
	const char *colon, *id = NULL;

	if (g->secret)
		return refuse(g, 400, "invalid_request", "The client's secret comes in a header and in the body: one is enough.");
	if (!encoded.n || encoded.n > 4 * PARAMETER_LONGEST || base64_decode(g->arena, encoded, &pair) < 0 || !pair.n)
		return refuse_client(g);
	colon = memchr(pair.p, ':', pair.n);
	if (!colon || decode(g->arena, slice_of(pair.p, (size_t)(colon - pair.p)), &id) < 0 ||
		decode(g->arena, slice_of(colon + 1, pair.n - (size_t)(colon + 1 - pair.p)), &g->secret) < 0)
		return refuse_client(g);
	if (g->id && strcmp(g->id, id) != 0)
		return refuse(g, 400, "invalid_request", "The client's id in the header is not that in the body.");
	g->id = id;
	return 0;
}

static int require_client(struct granting *g, const struct scim_callers *c, const struct scim_token **out)
{
	if (g->request->authorization && read_basic(g) < 0)
		return -1;
	*out = scim_token_find(c->list, c->n, SCIM_SECRET, slice_c(g->secret));
	return *out && g->id && strcmp(g->id, SCIM_CLIENT) == 0 ? 0 : refuse_client(g);
}

/* Only to who is known: everybody else is told that first. */
static int require_grant_type(struct granting *g, const struct scim_token *secret)
{
	int rc = 0;

	if (!g->grant_type)
		rc = refuse(g, 400, "invalid_request", "grant_type is missing; it must be client_credentials.");
	else if (strcmp(g->grant_type, "client_credentials") != 0)
		rc = refuse(g, 400, "unsupported_grant_type", "grant_type must be client_credentials.");
	g->out->name = secret->name;
	return rc;
}

void scim_grant(struct arena *a, const struct scim_callers *c, const struct scim_grant_request *request, struct scim_grant *out)
{
	struct granting g = {.arena = a, .request = request, .out = out};
	const struct scim_token *secret;
	struct text t;

	*out = (struct scim_grant){.status = 0};
	if (read_form(&g) < 0 || require_client(&g, c, &secret) < 0 || require_grant_type(&g, secret) < 0)
		return;
	text_begin(&t, a, 256);
	text_addf(&t, "{\"access_token\":\"%s\",\"token_type\":\"Bearer\",\"expires_in\":%d}", access_make(a, c, secret), SCIM_ACCESS_SECONDS);
	out->status = 200;
	out->body = text_slice(&t);
}
