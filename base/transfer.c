/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One transfer over libcurl, with what all of ours have in common: see transfer.h. */
#include "base/transfer.h"

static size_t on_body(char *p, size_t size, size_t n, void *context)
{
	struct transfer *t = context;

	if (t->body.n + size * n > t->body_most) {
		t->too_large = true;
		return 0;
	}
	text_add(&t->body, slice_of(p, size * n));
	return size * n;
}

static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct transfer *t = context;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	t->stopped = t->go_on && !t->go_on(t->context);
	return t->stopped ? 1 : 0;
}

CURLcode transfer_begin(struct arena *a, CURL *curl, struct transfer *t)
{
	/* libcurl takes a copy and writes to nothing of ours */
	struct curl_blob ca = {.data = (void *)t->ca_pem.p, .len = t->ca_pem.n, .flags = CURL_BLOB_COPY};
	CURLcode rc = curl_easy_setopt(curl, CURLOPT_URL, t->url);

	text_begin(&t->body, a, 4096);
	t->status = 0;
	t->too_large = t->stopped = false;
	*t->problem = '\0';
#define SET(option, value) rc = rc ? rc : curl_easy_setopt(curl, option, value)
	SET(CURLOPT_ERRORBUFFER, t->problem);
	SET(CURLOPT_PROTOCOLS_STR, strncmp(t->url, "http:", 5) == 0 ? "http" : "https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROXY, t->proxy ? t->proxy : "");   /* "": not even the environment's */
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_CONNECTTIMEOUT, 15L);
	SET(CURLOPT_TIMEOUT, (long)t->seconds);
	SET(CURLOPT_ACCEPT_ENCODING, "");
	SET(CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
	SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)t->body_most);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, t);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(CURLOPT_XFERINFODATA, t);
	if (t->ca_pem.p)
		SET(CURLOPT_CAINFO_BLOB, &ca);
#undef SET
	return rc;
}

CURLcode transfer_perform(CURL *curl, struct transfer *t)
{
	CURLcode rc = curl_easy_perform(curl);

	t->too_large = t->too_large || rc == CURLE_FILESIZE_EXCEEDED;
	if (rc == CURLE_OK)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &t->status);
	else if (!*t->problem)
		snprintf(t->problem, sizeof(t->problem), "%s", curl_easy_strerror(rc));
	return rc;
}

const char *transfer_field(CURL *curl, const char *name)
{
	struct curl_header *field;

	if (curl_easy_header(curl, name, 0, CURLH_HEADER, -1, &field) != CURLHE_OK)
		return "";
	if (field->amount > 1 && curl_easy_header(curl, name, field->amount - 1, CURLH_HEADER, -1, &field) != CURLHE_OK)
		return "";
	return strlen(field->value) <= TRANSFER_FIELD_MOST ? field->value : "";
}
