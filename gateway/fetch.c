/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One document over HTTP. */
#include "gateway/fetch.h"
#include "base/text.h"

#include <curl/curl.h>

struct transfer {
	const struct fetch *what;
	struct arena *arena;
	struct text body;
	const char *etag;
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

static size_t on_header(char *p, size_t size, size_t n, void *context)
{
	struct transfer *t = context;
	struct slice line = slice_of(p, size * n);

	if (line.n > 5 && line.n < 300 && strncasecmp(p, "etag:", 5) == 0) {
		line = slice_of(p + 5, line.n - 5);
		while (line.n && (*line.p == ' ' || *line.p == '\t'))
			line = slice_of(line.p + 1, line.n - 1);
		while (line.n && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == '\n' || line.p[line.n - 1] == ' '))
			line.n--;
		t->etag = line.n ? arena_copy(t->arena, line) : NULL;
	}
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
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROXY, f->proxy ? f->proxy : "");   /* "": not even the environment's */
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_CONNECTTIMEOUT, 15L);
	SET(CURLOPT_TIMEOUT, (long)FETCH_SECONDS);
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
	if (*status_out != 200 && !(*status_out == 304 && t->what->etag))
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
		headers = curl_slist_append(NULL, arena_printf(a, "If-None-Match: %s", what->etag));
	if (!curl || set_options(curl, &t, headers, problem) < 0) {
		error_set(err, REASON_FETCH, "%s: libcurl cannot be used", what->url);
		goto out;
	}
	rc = perform(curl, &t, problem, &status, err);
	if (rc == 0)
		*out = (struct fetched){.unchanged = status == 304, .body = text_slice(&t.body), .etag = t.etag};
out:
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	return rc;
}
