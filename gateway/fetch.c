/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One document over HTTP. */
#include "gateway/fetch.h"
#include "base/encode.h"
#include "base/text.h"

#include <curl/curl.h>

#define HEADER_MOST 300                 /* bytes of a field that is looked at */

struct transfer {
	const struct fetch *what;
	struct arena *arena;
	struct text body;
	const char *etag, *modified;
	int64_t max_age;
	bool too_large;
};

static size_t on_body(char *p, size_t size, size_t n, void *context)
{
	struct transfer *t = context;

	if (t->body.n + size * n > FETCH_LIMIT) {
		t->too_large = true;
		return 0;
	}
	text_add(&t->body, slice_of(p, size * n));
	return size * n;
}

static struct slice trimmed(struct slice s)
{
	while (s.n && (*s.p == ' ' || *s.p == '\t'))
		s = slice_of(s.p + 1, s.n - 1);
	while (s.n && (s.p[s.n - 1] == '\r' || s.p[s.n - 1] == '\n' || s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* The value when `line` is a field of this name, which comes with its colon; else {NULL, 0}. */
static struct slice value_of(struct slice line, const char *name)
{
	size_t n = strlen(name);

	if (line.n < n || line.n > HEADER_MOST || strncasecmp(line.p, name, n) != 0)
		return (struct slice){NULL, 0};
	return trimmed(slice_of(line.p + n, line.n - n));
}

/* RFC 9111 section 5.2.2: max-age, unless it must not be kept at all. */
static int64_t max_age_of(struct slice directives)
{
	uint64_t age = 0;
	size_t n;

	for (; directives.n; directives = slice_of(directives.p + n, directives.n - n)) {
		const char *comma = memchr(directives.p, ',', directives.n);
		struct slice one;

		n = comma ? (size_t)(comma - directives.p) + 1 : directives.n;
		one = trimmed(slice_of(directives.p, comma ? n - 1 : n));
		if (slice_is_nocase(one, "no-store") || slice_is_nocase(one, "no-cache"))
			return 0;
		if (one.n > 8 && strncasecmp(one.p, "max-age=", 8) == 0 && number_read(slice_of(one.p + 8, one.n - 8), 0, INT32_MAX, &age) < 0)
			return 0;
	}
	return (int64_t)age;
}

/* Of several answers, after redirects, the last one counts: each begins with its status line. */
static size_t on_header(char *p, size_t size, size_t n, void *context)
{
	struct transfer *t = context;
	struct slice line = slice_of(p, size * n), value;

	if (slice_begins(line, "HTTP/")) {
		t->etag = t->modified = NULL;
		t->max_age = 0;
	}
	value = value_of(line, "etag:");
	if (value.n)
		t->etag = arena_copy(t->arena, value);
	value = value_of(line, "last-modified:");
	if (value.n)
		t->modified = arena_copy(t->arena, value);
	value = value_of(line, "cache-control:");
	if (value.n)
		t->max_age = max_age_of(value);
	return size * n;
}

static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct transfer *t = context;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return t->what->go_on && !t->what->go_on(t->what->context) ? 1 : 0;
}

static int set_options(CURL *curl, struct transfer *t, struct curl_slist *headers, char *problem)
{
	const struct fetch *f = t->what;
	/* libcurl takes a copy and writes to nothing of ours */
	struct curl_blob ca = {.data = (void *)f->ca_pem.p, .len = f->ca_pem.n, .flags = CURL_BLOB_COPY};
	const char *protocol = strncmp(f->url, "http:", 5) == 0 ? "http" : "https";
	CURLcode rc = curl_easy_setopt(curl, CURLOPT_URL, f->url);

#define SET(option, value) rc = rc ? rc : curl_easy_setopt(curl, option, value)
	SET(CURLOPT_ERRORBUFFER, problem);
	SET(CURLOPT_PROTOCOLS_STR, protocol);
	SET(CURLOPT_REDIR_PROTOCOLS_STR, "https");
	SET(CURLOPT_FOLLOWLOCATION, 1L);
	SET(CURLOPT_MAXREDIRS, (long)FETCH_REDIRECTS);
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROXY, f->proxy ? f->proxy : "");   /* "": not even the environment's */
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_CONNECTTIMEOUT, 15L);
	SET(CURLOPT_TIMEOUT, (long)(f->seconds ? f->seconds : FETCH_SECONDS));
	SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)FETCH_LIMIT);
	SET(CURLOPT_ACCEPT_ENCODING, "");
	SET(CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
	SET(CURLOPT_HTTPHEADER, headers);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, t);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, t);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(CURLOPT_XFERINFODATA, t);
	if (f->ca_pem.p)
		SET(CURLOPT_CAINFO_BLOB, &ca);
#undef SET
	return rc ? -1 : 0;
}

static int perform(CURL *curl, struct transfer *t, const char *problem, long *status_out, struct error *err)
{
	CURLcode rc = curl_easy_perform(curl);

	if (rc == CURLE_FILESIZE_EXCEEDED || t->too_large)
		return error_set(err, REASON_FETCH, "%s: is larger than %zu bytes", t->what->url, FETCH_LIMIT);
	if (rc != CURLE_OK)
		return error_set(err, REASON_FETCH, "%s: %s", t->what->url, *problem ? problem : curl_easy_strerror(rc));
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status_out);
	if (*status_out != 200 && !(*status_out == 304 && (t->what->etag || t->what->modified)))
		return error_set(err, REASON_FETCH, "%s: was answered with status %ld", t->what->url, *status_out);
	return 0;
}

int fetch(struct arena *a, const struct fetch *what, struct fetched *out, struct error *err)
{
	struct transfer t = {.what = what, .arena = a};
	char problem[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = NULL;
	CURL *curl = curl_easy_init();
	long status = 0;
	int rc = -1;

	text_begin(&t.body, a, 65536);
	if (what->etag)
		headers = curl_slist_append(headers, arena_printf(a, "If-None-Match: %s", what->etag));
	if (what->modified)
		headers = curl_slist_append(headers, arena_printf(a, "If-Modified-Since: %s", what->modified));
	if (!curl || set_options(curl, &t, headers, problem) < 0) {
		error_set(err, REASON_FETCH, "%s: libcurl cannot be used", what->url);
		goto out;
	}
	rc = perform(curl, &t, problem, &status, err);
	if (rc == 0)
		*out = (struct fetched){
			.unchanged = status == 304, .body = text_slice(&t.body), .etag = t.etag, .modified = t.modified, .max_age = t.max_age,
		};
out:
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	return rc;
}
