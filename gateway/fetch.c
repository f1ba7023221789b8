/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One document over HTTP. */
#include "gateway/fetch.h"
#include "base/encode.h"
#include "base/transfer.h"

/* RFC 9111 section 5.2.2: max-age in seconds, unless it must not be kept at all. */
static int64_t max_age_of(const char *directives)
{
	uint64_t age = 0;

	for (const char *p = directives; *p; p += strcspn(p, ","), p += *p == ',') {
		struct slice one;

		p += strspn(p, " \t");
		one = slice_of(p, strcspn(p, ", \t"));
		if (slice_is_nocase(one, "no-store") || slice_is_nocase(one, "no-cache"))
			return 0;
		if (one.n > 8 && strncasecmp(one.p, "max-age=", 8) == 0 && number_read(slice_of(one.p + 8, one.n - 8), 0, INT32_MAX, &age) < 0)
			return 0;
	}
	return (int64_t)age;
}

static CURLcode prepare(struct arena *a, CURL *curl, struct transfer *t, struct curl_slist *headers)
{
	CURLcode rc = transfer_begin(a, curl, t);

#define SET(option, value) rc = rc ? rc : curl_easy_setopt(curl, option, value)
	SET(CURLOPT_REDIR_PROTOCOLS_STR, "https");
	SET(CURLOPT_FOLLOWLOCATION, 1L);
	SET(CURLOPT_MAXREDIRS, (long)FETCH_REDIRECTS);
	SET(CURLOPT_HTTPHEADER, headers);
#undef SET
	return rc;
}

static int perform(CURL *curl, struct transfer *t, bool was_asked, struct error *err)
{
	CURLcode rc = transfer_perform(curl, t);

	if (t->too_large)
		return error_set(err, REASON_FETCH, "%s: is larger than %zu bytes", t->url, FETCH_LIMIT);
	if (rc != CURLE_OK)
		return error_set(err, REASON_FETCH, "%s: %s", t->url, t->problem);
	if (t->status != 200 && !(t->status == 304 && was_asked))
		return error_set(err, REASON_FETCH, "%s: was answered with status %ld", t->url, t->status);
	return 0;
}

static const char *kept(struct arena *a, const char *field)
{
	return *field ? arena_strdup(a, field) : NULL;
}

int fetch(struct arena *a, const struct fetch *what, struct fetched *out, struct error *err)
{
	struct transfer t = {
		.url = what->url, .ca_pem = what->ca_pem, .proxy = what->proxy, .seconds = what->seconds ? what->seconds : FETCH_SECONDS,
		.body_most = FETCH_LIMIT, .go_on = what->go_on, .context = what->context,
	};
	struct curl_slist *headers = NULL;
	CURL *curl = curl_easy_init();
	int rc;

	if (what->etag)
		headers = curl_slist_append(headers, arena_printf(a, "If-None-Match: %s", what->etag));
	if (what->modified)
		headers = curl_slist_append(headers, arena_printf(a, "If-Modified-Since: %s", what->modified));
	if (!curl || prepare(a, curl, &t, headers) != CURLE_OK)
		rc = error_set(err, REASON_FETCH, "%s: libcurl cannot be used", what->url);
	else
		rc = perform(curl, &t, headers != NULL, err);
	if (rc == 0)
		*out = (struct fetched){
			.unchanged = t.status == 304, .body = text_slice(&t.body), .etag = kept(a, transfer_field(curl, "ETag")),
			.modified = kept(a, transfer_field(curl, "Last-Modified")),
			.max_age = max_age_of(transfer_field(curl, "Cache-Control")),
		};
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	return rc;
}
