/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who may ask: bearer tokens and clients' secrets of 256 random bits, of which
 * only the SHA-256 is kept.  Nobody guesses one, so one hash without salt is
 * enough, and comparing hashes tells nothing of one that is nearly right.
 */
#include "scim/scim.h"

#include "base/encode.h"
#include "base/random.h"
#include "base/text.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#define PREFIX "postern_scim_"          /* so that scanners for leaked secrets can know it */
#define HASH_SIZE 32
#define TOKEN_LONGEST 512
#define SECRET "secret"

static void hash_of(struct slice token, unsigned char out[HASH_SIZE])
{
	unsigned n = HASH_SIZE;

	if (EVP_Digest(token.p, token.n, out, &n, EVP_sha256(), NULL) != 1)
		abort();
}

bool scim_token_name_is_good(const char *name)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	size_t n = strlen(name);

	return n && n <= SCIM_TOKEN_NAME_MAX && strspn(name, good) == n;
}

void scim_token_make(enum scim_token_kind kind, const char *name, int64_t now, char text_out[SCIM_TOKEN_SIZE], struct scim_token *out)
{
	unsigned char secret[32];
	struct arena *a = arena_new();

	random_bytes(secret, sizeof(secret));
	snprintf(text_out, SCIM_TOKEN_SIZE, PREFIX "%s", base64url_encode(a, slice_of(secret, sizeof(secret))));
	arena_free(a);
	OPENSSL_cleanse(secret, sizeof(secret));
	out->kind = kind;
	out->name = name;
	out->made = now;
	hash_of(slice_c(text_out), out->hash);
}

const struct scim_token *scim_token_find(const struct scim_token *list, size_t n, enum scim_token_kind kind, struct slice text)
{
	const struct scim_token *found = NULL;
	unsigned char hash[HASH_SIZE];

	if (!text.n || text.n > TOKEN_LONGEST)
		return NULL;
	hash_of(text, hash);
	for (size_t i = 0; i < n; i++)
		if (CRYPTO_memcmp(hash, list[i].hash, HASH_SIZE) == 0 && list[i].kind == kind)
			found = &list[i];
	return found;
}

/* ---- the file ---- */

static struct slice next_word(struct slice *line)
{
	struct slice word;
	size_t n = 0;

	while (line->n && (*line->p == ' ' || *line->p == '\t'))
		*line = slice_of(line->p + 1, line->n - 1);
	while (n < line->n && line->p[n] != ' ' && line->p[n] != '\t')
		n++;
	word = slice_of(line->p, n);
	*line = slice_of(line->p + n, line->n - n);
	return word;
}

static bool read_hash(struct slice text, unsigned char out[HASH_SIZE])
{
	if (text.n != 2 * (size_t)HASH_SIZE)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (hex_value(text.p[i]) < 0)
			return false;
		out[i / 2] = (unsigned char)(out[i / 2] << 4 | hex_value(text.p[i]));
	}
	return true;
}

static int read_line(struct arena *a, struct slice line, struct scim_token *out)
{
	struct slice name = next_word(&line), hash = next_word(&line), made = next_word(&line), kind = next_word(&line);

	if (next_word(&line).n || !name.n || memchr(name.p, 0, name.n) || (kind.n && !slice_is(kind, SECRET)))
		return -1;
	*out = (struct scim_token){.kind = kind.n ? SCIM_SECRET : SCIM_TOKEN, .name = arena_copy(a, name)};
	return scim_token_name_is_good(out->name) && read_hash(hash, out->hash) && time_read(made, &out->made) == 0 ? 0 : -1;
}

/* Beside those that were read. */
static int require_place(const struct scim_token *token, const struct scim_token *list, size_t n, size_t line, struct error *err)
{
	size_t same = 0;

	for (size_t i = 0; i < n; i++) {
		same += list[i].kind == token->kind;
		if (strcmp(list[i].name, token->name) == 0)
			return error_set(err, REASON_SETTINGS, "line %zu: there are two tokens of this name", line);
	}
	if (same < SCIM_TOKENS_OF_KIND)
		return 0;
	return error_set(err, REASON_SETTINGS, "line %zu: there are more than %d %s", line, SCIM_TOKENS_OF_KIND,
		token->kind == SCIM_TOKEN ? "tokens" : "client secrets");
}

int scim_tokens_read(struct arena *a, struct slice text, struct scim_token out[SCIM_TOKENS_MAX], size_t *n_out, struct error *err)
{
	size_t n = 0, number = 0;

	while (text.n) {
		const char *end = memchr(text.p, '\n', text.n);
		struct slice line = slice_of(text.p, end ? (size_t)(end - text.p) : text.n);
		struct scim_token token;

		text = slice_of(text.p + line.n, text.n - line.n);
		if (end)
			text = slice_of(text.p + 1, text.n - 1);
		number++;
		if (!line.n || *line.p == '#')
			continue;
		if (read_line(a, line, &token) < 0)
			return error_set(err, REASON_SETTINGS, "line %zu is not NAME, SHA-256 and time, with `secret` behind or nothing", number);
		if (require_place(&token, out, n, number, err) < 0)
			return -1;
		out[n++] = token;
	}
	*n_out = n;
	return 0;
}

struct slice scim_tokens_write(struct arena *a, const struct scim_token *list, size_t n)
{
	struct text t;

	text_begin(&t, a, 512);
	text_add_c(&t, "# Entra ID's provisioning, bearer tokens and client secrets: name, SHA-256, when it was made.  Written by `postern scim`.\n");
	for (size_t i = 0; i < n; i++) {
		char hash[2 * HASH_SIZE + 1], made[21];

		hex_encode(list[i].hash, HASH_SIZE, hash);
		time_write(list[i].made, made);
		text_addf(&t, "%s %s %s%s\n", list[i].name, hash, made, list[i].kind == SCIM_SECRET ? " " SECRET : "");
	}
	return text_slice(&t);
}
