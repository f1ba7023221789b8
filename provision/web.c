/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HTTP to one of Atlassian's interfaces: see web.h. */
#include "provision/web.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/random.h"
#include "base/transfer.h"
#include "provision/answer.h"
#include "provision/left_alone.h"
#include "provision/web_pace.h"

#include <stdlib.h>
#include <time.h>

#define SECOND ((int64_t)1000000)
#define STEP_US (SECOND / 2)            /* how long is slept without asking whether to go on */
#define KEY_MOST 4000

struct web {
	struct arena *arena;
	struct web_options o;
	const char *authorization, *credentials;        /* the header field, and of it what is secret */
	CURL *curl;
	struct pace pace;
	int64_t skipped;                /* microseconds that were not waited */
	unsigned requests;
	int64_t left_alone;             /* seconds since 1970 */
};

static const char *const methods[] = {
	[WEB_GET] = "GET", [WEB_POST] = "POST", [WEB_PUT] = "PUT", [WEB_PATCH] = "PATCH", [WEB_DELETE] = "DELETE",
};

/* ---- opening ---- */

static bool is_printable(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x21 || s.p[i] > 0x7e)
			return false;
	return s.n > 0 && s.n <= KEY_MOST;
}

/* https to anywhere, http to this host by a number; a name could be answered by somebody else. */
static bool address_is_good(const char *base)
{
	char *scheme = NULL, *host = NULL, *user = NULL, *query = NULL;
	CURLU *url = curl_url();
	bool good = false;
	size_t n = strlen(base);

	if (url && n && base[n - 1] != '/' && curl_url_set(url, CURLUPART_URL, base, 0) == CURLUE_OK &&
	    curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK && curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_NO_USER && curl_url_get(url, CURLUPART_QUERY, &query, 0) == CURLUE_NO_QUERY)
		good = strcmp(scheme, "https") == 0 ||
			(strcmp(scheme, "http") == 0 && (strcmp(host, "127.0.0.1") == 0 || strcmp(host, "[::1]") == 0));
	curl_free(scheme);
	curl_free(host);
	curl_free(user);
	curl_free(query);
	curl_url_cleanup(url);
	return good;
}

static void write_authorization(struct web *w)
{
	struct text t, pair;

	text_begin(&t, w->arena, 256);
	text_add_c(&t, "Authorization: ");
	if (!w->o.login) {
		text_add_c(&t, "Bearer ");
		text_add(&t, w->o.key);
	} else {
		text_begin(&pair, w->arena, 256);
		text_addf(&pair, "%s:", w->o.login);
		text_add(&pair, w->o.key);
		text_add_c(&t, "Basic ");
		text_add_base64(&t, text_slice(&pair));
	}
	w->authorization = t.p;
	w->credentials = strrchr(t.p, ' ') + 1;
}

int web_open(const struct web_options *options, struct web **out, struct error *err)
{
	struct web *w;

	if (!options->base || !address_is_good(options->base))
		return error_set(err, REASON_PROVISION_STOP, "%s: `%s` is no address that a key may be sent to: it must begin with https://",
			options->name, options->base ? options->base : "");
	if (!is_printable(options->key))
		return error_set(err, REASON_PROVISION_STOP, "%s: the key is empty, or is not one line of printable characters", options->name);
	if (options->login && (!is_printable(slice_c(options->login)) || strchr(options->login, ':')))
		return error_set(err, REASON_PROVISION_STOP, "%s: `%s` is no mail address to log in with", options->name, options->login);
	w = calloc(1, sizeof(*w));
	if (!w)
		abort();
	w->arena = arena_new();
	w->o = *options;
	w->o.name = arena_strdup(w->arena, options->name);
	w->o.base = arena_strdup(w->arena, options->base);
	w->o.login = arena_strdup(w->arena, options->login);
	w->o.key = slice_c(arena_copy(w->arena, options->key));
	if (options->ca_pem.p)
		w->o.ca_pem = arena_slice(w->arena, options->ca_pem);
	w->o.proxy = arena_strdup(w->arena, options->proxy);
	write_authorization(w);
	arena_hide(w->arena);
	pace_begin(&w->pace, options->rate);
	w->curl = curl_easy_init();
	if (!w->curl)
		abort();
	*out = w;
	return 0;
}

void web_close(struct web *w)
{
	if (!w)
		return;
	curl_easy_cleanup(w->curl);
	arena_free(w->arena);
	free(w);
}

int64_t web_left_alone(const struct web *w)
{
	return w->left_alone;
}

unsigned web_requests(const struct web *w)
{
	return w->requests;
}

static const char *without(struct arena *a, const char *secret, const char *text)
{
	const char *at;
	struct text t;

	if (!strstr(text, secret))
		return text;
	text_begin(&t, a, strlen(text));
	for (; (at = strstr(text, secret)) != NULL; text = at + strlen(secret)) {
		text_add(&t, slice_of(text, (size_t)(at - text)));
		text_add_c(&t, "(key)");
	}
	text_add_c(&t, text);
	return t.p;
}

const char *web_without_key(struct arena *a, const struct web *w, const char *text)
{
	return without(a, w->credentials, without(a, w->o.key.p, text));
}

/* ---- waiting ---- */

static int64_t now_us(const struct web *w)
{
	return clock_monotonic_us() + w->skipped;
}

static bool goes_on(const struct web *w)
{
	return !w->o.go_on || w->o.go_on(w->o.context);
}

/* false: told to stop. */
static bool wait_us(struct web *w, int64_t us)
{
	if (w->o.instead_of_waiting) {
		if (us > 0)
			w->o.instead_of_waiting(us, w->o.context);
		w->skipped += us > 0 ? us : 0;
		return goes_on(w);
	}
	for (int64_t step; us > 0; us -= step) {
		step = us < STEP_US ? us : STEP_US;
		if (!goes_on(w))
			return false;
		nanosleep(&(struct timespec){.tv_sec = step / SECOND, .tv_nsec = step % SECOND * 1000}, NULL);
	}
	return goes_on(w);
}

/* ---- one request ---- */

static struct curl_slist *make_headers(struct arena *a, const struct web *w, const struct web_call *call)
{
	const char *type = call->type ? call->type : "application/json";
	struct curl_slist *list = curl_slist_append(NULL, w->authorization);

	list = curl_slist_append(list, arena_printf(a, "Accept: %s", call->type ? arena_printf(a, "%s, application/json", type) : type));
	list = curl_slist_append(list, "Expect:");
	if (call->body.p)
		list = curl_slist_append(list, arena_printf(a, "Content-Type: %s", type));
	if (call->experimental)
		list = curl_slist_append(list, "X-ExperimentalApi: opt-in");
	return list;
}

static void free_headers(struct curl_slist *list)
{
	for (struct curl_slist *l = list; l; l = l->next)
		explicit_bzero(l->data, strlen(l->data));
	curl_slist_free_all(list);
}

static CURLcode set_options(struct arena *a, const struct web *w, const struct web_call *call, struct transfer *t)
{
	bool writes = call->method != WEB_GET && call->method != WEB_DELETE;
	CURLcode rc;

	curl_easy_reset(w->curl);       /* connections stay */
	rc = transfer_begin(a, w->curl, t);
#define SET(option, value) rc = rc ? rc : curl_easy_setopt(w->curl, option, value)
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	SET(CURLOPT_CUSTOMREQUEST, methods[call->method]);
	if (call->body.p || writes) {
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.n);
		SET(CURLOPT_POSTFIELDS, call->body.p ? call->body.p : "");
	}
#undef SET
	return rc;
}

static CURLcode send_once(struct arena *a, struct web *w, const struct web_call *call, struct transfer *t)
{
	const struct web_options *o = &w->o;
	struct curl_slist *headers = make_headers(a, w, call);
	CURLcode rc;

	*t = (struct transfer){
		.url = arena_printf(a, "%s%s", o->base, call->path), .ca_pem = o->ca_pem, .proxy = o->proxy,
		.seconds = o->seconds ? o->seconds : WEB_SECONDS, .body_most = WEB_BODY_MOST, .go_on = o->go_on, .context = o->context,
	};
	rc = set_options(a, w, call, t);
	rc = rc ? rc : curl_easy_setopt(w->curl, CURLOPT_HTTPHEADER, headers);
	if (rc == CURLE_OK) {
		w->requests++;
		rc = transfer_perform(w->curl, t);
		if (o->answered)
			o->answered(o->name, (int)t->status, o->context);
	}
	curl_easy_setopt(w->curl, CURLOPT_HTTPHEADER, NULL);
	free_headers(headers);
	return rc;
}

/* ---- a call ---- */

static const char *named(struct arena *a, const struct web_call *call)
{
	return arena_printf(a, "%s %s", methods[call->method], call->path);
}

/* Trying once more cannot help. */
static bool is_final(CURLcode rc)
{
	return rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_SSL_CACERT_BADFILE || rc == CURLE_SSL_ISSUER_ERROR ||
		rc == CURLE_URL_MALFORMAT || rc == CURLE_UNSUPPORTED_PROTOCOL || rc == CURLE_SSL_CERTPROBLEM ||
		rc == CURLE_BAD_FUNCTION_ARGUMENT || rc == CURLE_UNKNOWN_OPTION || rc == CURLE_NOT_BUILT_IN;
}

static bool is_again(long status)
{
	return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

/* What the last answer says about when to come again. */
static struct pace_hint hint_of(const struct web *w)
{
	struct slice retry_after = slice_c(transfer_field(w->curl, "Retry-After")), date = slice_c(transfer_field(w->curl, "Date"));
	int64_t now = clock_now();
	uint64_t remaining;

	return (struct pace_hint){
		.retry_after = pace_retry_after(retry_after, date, now),
		.reset = pace_reset(slice_c(transfer_field(w->curl, "X-RateLimit-Reset")), now),
		.remaining = number_read(slice_c(transfer_field(w->curl, "X-RateLimit-Remaining")), 0, INT64_MAX, &remaining) == 0 ?
			(int64_t)remaining : -1,
	};
}

/* The key is taken out before the text is cut: half a key is one, too. */
static const char *says(struct arena *a, const struct web *w, const struct transfer *t)
{
	return answer_cut(a, web_without_key(a, w, answer_says(a, text_slice(&t->body))));
}

/* What cannot be waited for, or tried again. */
static int give_up(struct arena *a, const struct web *w, const struct web_call *call, const struct transfer *t, const char *why, struct error *err)
{
	enum reason reason = t->status == 500 ? REASON_PROVISION_STEP : REASON_PROVISION_STOP;
	const char *said = t->status ? says(a, w, t) : t->problem;

	return error_set(err, reason, "%s: %s: %s%s%s%s%s", w->o.name, named(a, call), why, t->status ? arena_printf(a, ", %ld", t->status) : "",
		*said ? ": " : "", said, reason == REASON_PROVISION_STOP ? "; nothing more is done there" : "");
}

/* After a request that may be tried again: waits.  0 go on, -1 error. */
static int wait_again(struct arena *a, struct web *w, const struct web_call *call, const struct transfer *t, unsigned tried, struct error *err)
{
	struct pace_hint hint = hint_of(w);
	int64_t us, asked = hint.retry_after >= 0 ? hint.retry_after : hint.reset;
	uint32_t random;

	if (asked > WEB_WAIT_MOST) {
		w->left_alone = clock_now() + (asked < LEFT_ALONE_MOST ? asked : LEFT_ALONE_MOST);
		return give_up(a, w, call, t, arena_printf(a, "asks to be left alone for %lld seconds", (long long)asked), err);
	}
	if (tried >= WEB_TRIES)
		return give_up(a, w, call, t, arena_printf(a, "no success after %u tries", tried), err);
	random_bytes(&random, sizeof(random));
	us = pace_again(&hint, tried, random);
	if (!wait_us(w, us))
		return error_set(err, REASON_PROVISION_STOP, "%s: %s: told to stop", w->o.name, named(a, call));
	return 0;
}

/* Answers that end everything.  0, or -1 with the error. */
static int require_sound(struct arena *a, const struct web *w, const struct web_call *call, const struct transfer *t, struct error *err)
{
	if (t->status == 401)
		return error_set(err, REASON_PROVISION_STOP,
			"%s: %s: 401, the key is not accepted: it has ended, was revoked, or belongs to something else; nothing more is done with it",
			w->o.name, named(a, call));
	if (t->status < 200 || (t->status >= 300 && t->status < 400))
		return web_nonsense(w, call, arena_printf(a, "status %ld; redirects are not followed", t->status), err);
	return 0;
}

static void fill(struct arena *a, const struct web *w, const struct web_call *call, struct transfer *t, unsigned tried, struct web_answer *out)
{
	const char *said = t->status >= 400 ? says(a, w, t) : "";

	*out = (struct web_answer){
		.status = (int)t->status, .body = text_slice(&t->body), .requests = tried,
		.line = arena_printf(a, "%s: %ld%s%s", named(a, call), t->status, *said ? " " : "", said),
	};
}

/* 1 there is an answer, 0 once more, -1 error. */
static int try_once(struct arena *a, struct web *w, const struct web_call *call, unsigned tried, struct transfer *t, struct error *err)
{
	struct pace_endpoint *e = pace_endpoint(&w->pace, call->endpoint, (int)call->method);
	CURLcode rc;

	if (!wait_us(w, pace_turn(&w->pace, e, now_us(w))))
		return error_set(err, REASON_PROVISION_STOP, "%s: %s: told to stop", w->o.name, named(a, call));
	rc = send_once(a, w, call, t);
	if (t->stopped)
		return error_set(err, REASON_PROVISION_STOP, "%s: %s: told to stop", w->o.name, named(a, call));
	if (t->too_large && call->too_large)
		return 1;
	if (t->too_large)
		return web_nonsense(w, call, arena_printf(a, "is larger than %zu bytes", WEB_BODY_MOST), err);
	if (rc != CURLE_OK && is_final(rc))
		return give_up(a, w, call, t, "no connection", err);
	if (t->status == 429)
		pace_slower(&w->pace, e);
	if (rc != CURLE_OK || is_again(t->status))
		return wait_again(a, w, call, t, tried, err);
	pace_faster(&w->pace, e);
	return require_sound(a, w, call, t, err) < 0 ? -1 : 1;
}

/* No request is left in this window: the next one to the endpoint comes after it. */
static void heed_remaining(struct web *w, const struct web_call *call)
{
	struct pace_endpoint *e = pace_endpoint(&w->pace, call->endpoint, (int)call->method);
	struct pace_hint hint = hint_of(w);

	if (hint.remaining == 0 && hint.reset > 0 && hint.reset <= WEB_WAIT_MOST && e->next < now_us(w) + hint.reset * SECOND)
		e->next = now_us(w) + hint.reset * SECOND;
}

int web_do(struct arena *a, struct web *w, const struct web_call *call, struct web_answer *out, struct error *err)
{
	struct transfer t;
	unsigned tried = 0;
	int rc;

	do {
		tried++;
		rc = try_once(a, w, call, tried, &t, err);
	} while (rc == 0);
	if (rc < 0)
		return -1;
	if (call->too_large)
		*call->too_large = t.too_large;
	heed_remaining(w, call);
	fill(a, w, call, &t, tried, out);
	return 0;
}

int web_refused(const struct web *w, const struct web_call *call, const struct web_answer *answer, struct error *err)
{
	if (answer->status == 403)
		return error_set(err, REASON_PROVISION_STEP, "%s: %s; the key may not do that%s%s", w->o.name, answer->line,
			call->needs ? ": it needs " : "", call->needs ? call->needs : "");
	return error_set(err, REASON_PROVISION_STEP, "%s: %s", w->o.name, answer->line);
}

int web_nonsense(const struct web *w, const struct web_call *call, const char *why, struct error *err)
{
	struct arena *scratch = arena_new();

	error_set(err, REASON_PROVISION_STOP, "%s: %s %s: the answer makes no sense: %s; nothing more is done there", w->o.name,
		methods[call->method], call->path, web_without_key(scratch, w, why));
	arena_free(scratch);
	return -1;
}
