/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The strict reading of a connection's bytes, ahead of evhttp.
 *
 * Of RFC 9112 it takes the narrow form that browsers and proxies send, and
 * stops at the first byte outside it:
 *
 *	method SP target SP HTTP/1.(0|1) CRLF           single blanks, visible ASCII
 *	*( token ":" value CRLF )                       no folding, no bare LF or CR, no NUL
 *	CRLF
 *	Content-Length: one, digits | Transfer-Encoding: one, exactly `chunked` | neither
 *	chunks without extensions, no trailers
 *
 * All of it means the same to evhttp 2.1.12 (that is the rule for widening
 * anything here), which takes much more: two lengths, `xchunked`, a blank
 * before the colon, a line that begins with NUL as the end of the head, trailers
 * as if they were fields of the head.  Such requests are refused here before
 * evhttp sees their bytes, so the rest can never become a second request.
 */
#include "http/internal.h"

#include "base/encode.h"

enum state {
	AT_START, IN_METHOD, IN_TARGET, IN_VERSION, VERSION_LF,
	FIELD_START, IN_NAME, VALUE_START, IN_VALUE, VALUE_LF, HEAD_LF,
	IN_BODY,
	IN_CHUNK_SIZE, CHUNK_SIZE_LF, IN_CHUNK, CHUNK_CR, CHUNK_LF, LAST_CR, LAST_LF,
	STOPPED
};

#define CHUNK_DIGITS 8

/* The fields whose meaning decides where a request ends, who is meant, and, of the last one, who may send a large body. */
static const char *const fields[] = {"host", "content-length", "transfer-encoding", "expect", "authorization"};
enum { FIELD_HOST, FIELD_LENGTH, FIELD_ENCODING, FIELD_EXPECT, FIELD_AUTHORIZATION, FIELD_COUNT, FIELD_OTHER = -1 };

void reader_begin(struct reader *r, size_t header_limit, struct judge judge)
{
	*r = (struct reader){.header_limit = header_limit, .judge = judge, .state = AT_START};
}

bool reader_is_idle(const struct reader *r)
{
	return r->state == AT_START;
}

static int refuse(struct reader *r, enum reason why)
{
	r->bad = why;
	return STOPPED;
}

void reader_stop(struct reader *r, enum reason why)
{
	r->state = refuse(r, why);
}

static int next_request(struct reader *r)
{
	r->complete++;
	r->method = 0;
	r->target_size = r->host_size = r->word_size = r->head_size = 0;
	r->minor = 0;
	r->hosts = r->lengths = r->encodings = r->authorizations = r->fields = 0;
	r->known = false;
	r->length = r->left = r->body_size = 0;
	return AT_START;
}

/* Keeps c in the word; one that is too long is cut, and fills it. */
static void keep(struct reader *r, char c)
{
	if (r->word_size < sizeof(r->word))
		r->word[r->word_size++] = c;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static struct slice word(const struct reader *r)
{
	return slice_of(r->word, r->word_size);
}

static int method_end(struct reader *r)
{
	static const struct {
		const char *name;
		enum http_method method;
	} methods[] = {
		{"GET", HTTP_GET}, {"HEAD", HTTP_HEAD}, {"POST", HTTP_POST}, {"PUT", HTTP_PUT}, {"PATCH", HTTP_PATCH}, {"DELETE", HTTP_DELETE},
	};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (slice_is(word(r), methods[i].name))
			r->method = methods[i].method;
	return IN_TARGET;
}

static int target_byte(struct reader *r, unsigned char c)
{
	if (c == ' ' && r->target_size) {
		r->word_size = 0;
		return IN_VERSION;
	}
	if (c <= 0x20 || c >= 0x7f || c == '#')
		return refuse(r, REASON_BAD_REQUEST);
	if (r->target_size < sizeof(r->target))
		r->target[r->target_size] = (char)c;
	r->target_size++;
	return IN_TARGET;
}

static int version_byte(struct reader *r, unsigned char c)
{
	enum reason why;

	if (c != '\r') {
		keep(r, (char)c);
		return r->word_size > 8 ? refuse(r, REASON_BAD_REQUEST) : IN_VERSION;
	}
	if (!slice_is(word(r), "HTTP/1.1") && !slice_is(word(r), "HTTP/1.0"))
		return refuse(r, REASON_BAD_REQUEST);
	r->minor = r->word[7] - '0';
	/* asked now, not with the head: at the line feed evhttp parses the line, and would refuse some by itself */
	why = r->judge.line(r, r->judge.context);
	return why == REASON_NONE ? VERSION_LF : refuse(r, why);
}

static int name_end(struct reader *r)
{
	if (++r->fields > READER_FIELDS)
		return refuse(r, REASON_HEAD_TOO_LARGE);
	r->field = FIELD_OTHER;
	for (int i = 0; i < FIELD_COUNT; i++)
		if (slice_is_nocase(word(r), fields[i]))
			r->field = i;
	r->word_size = 0;
	return VALUE_START;
}

static int name_byte(struct reader *r, unsigned char c)
{
	if (c == ':' && r->word_size)
		return name_end(r);
	if (!http_is_token(c))
		return refuse(r, REASON_BAD_REQUEST);
	keep(r, (char)c);
	return IN_NAME;
}

static int host_end(struct reader *r, struct slice value)
{
	if (++r->hosts > 1)
		return refuse(r, REASON_BAD_REQUEST);
	memcpy(r->host, value.p, value.n);
	r->host_size = value.n;
	return VALUE_LF;
}

/* Of the fields above those that must be understood, or the request is none. */
static bool is_decisive(const struct reader *r)
{
	return r->field != FIELD_OTHER && r->field != FIELD_AUTHORIZATION;
}

static int value_end(struct reader *r)
{
	struct slice value = word(r);
	bool whole = value.n < sizeof(r->word);

	/* it may have been cut: what is left of it, and trimmed, could be a good value */
	if (is_decisive(r) && !whole)
		return refuse(r, REASON_BAD_REQUEST);
	while (value.n && (value.p[value.n - 1] == ' ' || value.p[value.n - 1] == '\t'))
		value.n--;
	switch (r->field) {
	case FIELD_HOST:
		return host_end(r, value);
	case FIELD_LENGTH:
		if (++r->lengths > 1 || number_read(value, 0, INT64_MAX, &r->length) < 0)
			return refuse(r, REASON_BAD_REQUEST);
		break;
	case FIELD_ENCODING:
		if (++r->encodings > 1 || !slice_is(value, "chunked"))
			return refuse(r, REASON_BAD_REQUEST);
		break;
	case FIELD_EXPECT:
		if (!slice_is_nocase(value, "100-continue"))
			return refuse(r, REASON_BAD_REQUEST);
		break;
	case FIELD_AUTHORIZATION:
		/* two of them are nobody's */
		r->known = ++r->authorizations == 1 && whole && r->judge.knows && r->judge.knows(value, r->judge.context);
		break;
	}
	return VALUE_LF;
}

static int value_byte(struct reader *r, unsigned char c)
{
	if (c == '\r')
		return value_end(r);
	if ((c < 0x20 && c != '\t') || c == 0x7f)
		return refuse(r, REASON_BAD_REQUEST);
	/* evhttp does not skip a tab in front of a value, so `Transfer-Encoding:<tab>chunked` means nothing to it */
	if (r->state == VALUE_START && c == '\t' && is_decisive(r))
		return refuse(r, REASON_BAD_REQUEST);
	if (r->state == VALUE_START && (c == ' ' || c == '\t'))
		return VALUE_START;
	keep(r, (char)c);
	return IN_VALUE;
}

static int head_end(struct reader *r)
{
	enum reason why;

	/* RFC 9112 section 6.1: both, or chunks in HTTP/1.0, is an attack or a fault */
	if (r->encodings && (r->lengths || r->minor == 0))
		return refuse(r, REASON_BAD_REQUEST);
	/* a body that GET, HEAD and DELETE have by the letter, nobody sends, and evhttp reads for one of them only */
	if (!(r->method & HTTP_WITH_BODY) && r->method && (r->encodings || r->length))
		return refuse(r, REASON_BAD_REQUEST);
	r->body_limit = 0;
	why = r->judge.head(r, r->judge.context);
	if (why != REASON_NONE)
		return refuse(r, why);
	if (r->length > r->body_limit)
		return refuse(r, REASON_TOO_LARGE);
	r->left = r->length;
	r->word_size = 0;
	if (r->encodings)
		return IN_CHUNK_SIZE;
	return r->left ? IN_BODY : next_request(r);
}

static int chunk_size_byte(struct reader *r, unsigned char c)
{
	int digit = hex_value(c);

	if (c == '\r' && r->word_size) {
		r->word_size = 0;
		r->body_size += r->left;
		return r->body_size > r->body_limit ? refuse(r, REASON_TOO_LARGE) : CHUNK_SIZE_LF;
	}
	if (digit < 0 || r->word_size == CHUNK_DIGITS)
		return refuse(r, REASON_BAD_REQUEST);
	keep(r, (char)c);
	r->left = r->left << 4 | (uint64_t)digit;
	return IN_CHUNK_SIZE;
}

/* The state after c, where exactly `wanted` must stand. */
static int only(struct reader *r, unsigned char c, unsigned char wanted, int then)
{
	return c == wanted ? then : refuse(r, REASON_BAD_REQUEST);
}

static int chunk_byte(struct reader *r, unsigned char c)
{
	switch (r->state) {
	case IN_CHUNK_SIZE:
		return chunk_size_byte(r, c);
	case CHUNK_SIZE_LF:
		return only(r, c, '\n', r->left ? IN_CHUNK : LAST_CR);
	case CHUNK_CR:
		return only(r, c, '\r', CHUNK_LF);
	case CHUNK_LF:
		return only(r, c, '\n', IN_CHUNK_SIZE);
	case LAST_CR:
		return only(r, c, '\r', LAST_LF);
	default:
		return c == '\n' ? next_request(r) : refuse(r, REASON_BAD_REQUEST);
	}
}

static int head_byte(struct reader *r, unsigned char c)
{
	switch (r->state) {
	case AT_START:
	case IN_METHOD:
		if (c == ' ' && r->state == IN_METHOD)
			return method_end(r);
		if (!http_is_token(c) || r->word_size == 32)
			return refuse(r, REASON_BAD_REQUEST);
		keep(r, (char)c);
		return IN_METHOD;
	case IN_TARGET:
		return target_byte(r, c);
	case IN_VERSION:
		return version_byte(r, c);
	case VERSION_LF:
	case VALUE_LF:
		return only(r, c, '\n', FIELD_START);
	case FIELD_START:
		r->word_size = 0;
		return c == '\r' ? HEAD_LF : name_byte(r, c);
	case IN_NAME:
		return name_byte(r, c);
	case VALUE_START:
	case IN_VALUE:
		return value_byte(r, c);
	default:
		return c == '\n' ? head_end(r) : refuse(r, REASON_BAD_REQUEST);
	}
}

/* Of the next n bytes those of a target or a value that mean nothing by themselves, as far as the head may reach. */
static size_t plain_bytes(const struct reader *r, const unsigned char *p, size_t n)
{
	size_t i = 0, room = r->header_limit - r->head_size;

	if (n > room)
		n = room;
	if (r->state == IN_TARGET)
		while (i < n && p[i] > 0x20 && p[i] < 0x7f && p[i] != '#')
			i++;
	else if (r->state == IN_VALUE)
		while (i < n && p[i] >= 0x20 && p[i] != 0x7f)
			i++;
	return i;
}

/* In one step what target_byte or value_byte would do with each of these. */
static void take_plain(struct reader *r, const char *p, size_t n)
{
	r->head_size += n;
	if (r->state == IN_TARGET) {
		if (r->target_size < sizeof(r->target))
			memcpy(r->target + r->target_size, p, least(n, sizeof(r->target) - r->target_size));
		r->target_size += n;
	} else {
		n = least(n, sizeof(r->word) - r->word_size);
		memcpy(r->word + r->word_size, p, n);
		r->word_size += n;
	}
}

/* Body bytes are skipped in one step. */
static size_t skip(struct reader *r, size_t n)
{
	if (n > r->left)
		n = (size_t)r->left;
	r->left -= n;
	if (r->left == 0)
		r->state = r->state == IN_CHUNK ? CHUNK_CR : next_request(r);
	return n;
}

void reader_feed(struct reader *r, const char *p, size_t n)
{
	while (n > 0 && r->state != STOPPED) {
		size_t step = 1, plain;

		if (r->state == IN_BODY || r->state == IN_CHUNK)
			step = skip(r, n);
		else if (r->state > IN_BODY)
			r->state = chunk_byte(r, (unsigned char)*p);
		else if ((plain = plain_bytes(r, (const unsigned char *)p, n)) > 0)
			take_plain(r, p, step = plain);
		else if (++r->head_size > r->header_limit)
			r->state = refuse(r, REASON_HEAD_TOO_LARGE);
		else
			r->state = head_byte(r, (unsigned char)*p);
		p += step;
		n -= step;
	}
}
