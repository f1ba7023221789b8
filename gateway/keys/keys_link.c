/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asks the keys role beside this worker, and waits. */
#include "gateway/keys/keys_link.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "gateway/keys/keys_line.h"
#include "gateway/keys/keys_wire.h"

#include <errno.h>

#define MILLISECOND ((int64_t)1000)
#define WAIT_MOST (8000 * MILLISECOND)  /* longer than it takes to replace one that hangs */
#define WAIT_LOST (100 * MILLISECOND)   /* when nobody answered before */
#define LOOK 100                        /* milliseconds: so often a wait looks about */
#define ASK_AGAIN (500 * MILLISECOND)   /* who had the question may have died with it */
#define ALIVE (1000 * MILLISECOND)

struct keys_link {
	struct keys_line line;
	void (*alive)(const void *context);
	const void *context;
	struct keeper keeper;
	uint64_t last_id;
	bool lost;
	char packet[KEYS_PACKET_MAX];
};

/* ---- one question, one answer ---- */

struct asking {
	struct keys_link *link;
	struct slice question;
	uint64_t id;
	int64_t until;
};

static int unavailable(struct error *err, const char *why)
{
	return error_set(err, REASON_KEYS_UNAVAILABLE, "the keys role: %s", why);
}

/* 0, or -1 when there is no sense in waiting. */
static int send_question(const struct asking *q, struct error *err)
{
	bool fits = q->question.n <= KEYS_PACKET_MAX;

	if (fits && (keys_line_send(&q->link->line, q->question) >= 0 || errno == EAGAIN || errno == EINTR))
		return 0;
	if (!fits || errno == EMSGSIZE)
		return error_set(err, REASON_UNSENDABLE, "a Response of %zu bytes is more than the keys role can be told", q->question.n);
	return unavailable(err, strerror(errno));
}

/* Whether what came is the answer; what was meant for somebody before us is passed over. */
static bool is_answer(const struct asking *q, ssize_t n, struct wire *w, struct keys_head *head)
{
	w->rest = slice_of(q->link->packet, (size_t)n);
	w->bad = false;
	return n <= (ssize_t)sizeof(q->link->packet) && wire_take_head(w, head) && head->id == q->id;
}

static int wait_for_answer(const struct asking *q, struct wire *w, struct keys_head *head, struct error *err)
{
	int64_t now = clock_monotonic_us(), again = now + ASK_AGAIN, alive = now + ALIVE;

	while (now < q->until) {
		ssize_t n = keys_line_receive(&q->link->line, q->link->packet, sizeof(q->link->packet));

		if (n > 0 && is_answer(q, n, w, head))
			return 0;
		if (n == 0)
			return unavailable(err, "is gone");
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return unavailable(err, strerror(errno));
		now = clock_monotonic_us();
		if (now >= alive) {
			q->link->alive(q->link->context);
			alive = now + ALIVE;
		}
		if (now >= again) {
			if (send_question(q, err) < 0)
				return -1;
			again = now + ASK_AGAIN;
		}
	}
	return unavailable(err, "does not answer");
}

static void remember(struct keys_link *l, bool answered, const struct error *err)
{
	if (l->lost && answered)
		log_info("the keys role answers again", NULL);
	if (!l->lost && !answered)
		log_error("nothing can be signed", "detail", err->detail, NULL);
	l->lost = !answered;
}

/* A refusal by the keys role, in its words.  Of reasons only those that it has. */
static int refused(struct wire *w, struct error *err)
{
	uint64_t reason = wire_take_number(w);
	const char *detail = wire_take_text(w);

	if (!wire_is_done(w) || !detail || (reason != REASON_UNSENDABLE && reason != REASON_AUDIT && reason != REASON_INTERNAL))
		reason = REASON_KEYS_REFUSED;
	return error_set(err, (enum reason)reason, "the keys role: %s", detail ? detail : "no");
}

/* What is to be asked, up to its fields; finish with ask. */
static void begin(struct text *t, struct arena *a, struct keys_link *l, enum keys_question what, struct asking *q)
{
	struct keys_head head = {.magic = KEYS_MAGIC, .what = what, .id = ++l->last_id};

	q->link = l;
	q->id = head.id;
	q->until = head.until = clock_monotonic_us() + (l->lost ? WAIT_LOST : WAIT_MOST);
	text_begin(t, a, 4096);
	wire_head(t, &head);
}

/* The keys_answer, above KEYS_NO, with its fields in *w, which stay until forget; or -1. */
static int ask(struct asking *q, struct arena *a, const struct text *t, struct wire *w, struct error *err)
{
	struct keys_head head = {0};
	bool answered;

	*w = (struct wire){.arena = a};
	q->question = text_slice(t);
	answered = send_question(q, err) == 0 && wait_for_answer(q, w, &head, err) == 0;
	if (answered || err->reason == REASON_KEYS_UNAVAILABLE)
		remember(q->link, answered, err);
	if (!answered)
		return -1;
	if (head.what == KEYS_DONE || head.what == KEYS_NONE_OPENS)
		return (int)head.what;
	return refused(w, err);
}

static void forget(struct keys_link *l, const struct wire *w)
{
	explicit_bzero(l->packet, (size_t)(w->rest.p + w->rest.n - l->packet));
}

static int garbled(struct error *err)
{
	return error_set(err, REASON_INTERNAL, "the keys role gave an answer that is not built as it must be");
}

/* ---- what a keeper does ---- */

static int take_issued(struct keys_link *l, struct wire *w, bool with_assertion, struct saml_issued *out, struct error *err)
{
	struct saml_issued issued = {.assertion_id = wire_take_text(w), .response_id = wire_take_text(w)};
	struct slice xml = wire_take_bytes(w);
	bool good = wire_is_done(w) && issued.response_id && xml.n && !!issued.assertion_id == with_assertion;
	struct text base64;

	if (good) {
		text_begin(&base64, w->arena, xml.n * 4 / 3 + 8);
		text_add_base64(&base64, xml);
		issued.xml = arena_slice(w->arena, xml);
		issued.base64 = base64.p;
		*out = issued;
	}
	forget(l, w);
	return good ? 0 : garbled(err);
}

static int ask_assertion(void *context, struct arena *a, const struct keeper_assertion *what, struct saml_issued *out, struct error *err)
{
	struct keys_link *l = context;
	struct asking q;
	struct wire w;
	struct text t;

	begin(&t, a, l, KEYS_ASSERTION, &q);
	wire_number(&t, what->door);
	wire_bytes(&t, slice_c(what->in_response_to));
	wire_bytes(&t, slice_c(what->name_id));
	wire_bytes(&t, slice_c(what->authn_context));
	wire_number(&t, (uint64_t)what->authn_instant);
	wire_number(&t, what->attribute_count);
	for (size_t i = 0; i < what->attribute_count; i++) {
		const struct saml_attribute *at = &what->attributes[i];

		wire_bytes(&t, slice_c(at->name));
		wire_number(&t, at->n);
		for (size_t k = 0; k < at->n; k++)
			wire_bytes(&t, slice_c(at->values[k]));
	}
	return ask(&q, a, &t, &w, err) < 0 ? -1 : take_issued(l, &w, true, out, err);
}

static int ask_rejection(void *context, struct arena *a, const struct keeper_rejection *what, struct saml_issued *out, struct error *err)
{
	struct keys_link *l = context;
	struct asking q;
	struct wire w;
	struct text t;

	begin(&t, a, l, KEYS_REJECTION, &q);
	wire_number(&t, what->door);
	wire_bytes(&t, slice_c(what->in_response_to));
	wire_number(&t, what->status);
	wire_bytes(&t, slice_c(what->message));
	return ask(&q, a, &t, &w, err) < 0 ? -1 : take_issued(l, &w, false, out, err);
}

static int ask_query(void *context, struct arena *a, struct slice query, struct slice *signature_out, struct error *err)
{
	struct keys_link *l = context;
	struct slice signature;
	struct asking q;
	struct wire w;
	struct text t;

	begin(&t, a, l, KEYS_QUERY, &q);
	wire_bytes(&t, query);
	if (ask(&q, a, &t, &w, err) < 0)
		return -1;
	signature = wire_take_bytes(&w);
	if (!wire_is_done(&w) || !signature.n)
		return garbled(err);
	*signature_out = arena_slice(a, signature);
	return 0;
}

static int ask_unwrap(void *context, const struct saml_wrapped *wrapped, unsigned char key_out[SAML_CONTENT_KEY_MAX], struct error *err)
{
	struct arena *a = arena_new();
	struct keys_link *l = context;
	int rc = -1, answer;
	struct slice key;
	struct asking q;
	struct wire w;
	struct text t;

	begin(&t, a, l, KEYS_UNWRAP, &q);
	wire_bytes(&t, wrapped->bytes);
	wire_number(&t, wire_digest_number(wrapped->digest));
	wire_number(&t, wire_digest_number(wrapped->mgf_digest));
	wire_number(&t, wrapped->key_size);
	answer = ask(&q, a, &t, &w, err);
	if (answer < 0)
		goto out;
	key = wire_take_bytes(&w);
	if (!wire_is_done(&w) || key.n != SAML_CONTENT_KEY_MAX) {
		garbled(err);
	} else {
		memcpy(key_out, key.p, key.n);
		rc = answer == KEYS_DONE;
	}
	forget(l, &w);
out:
	arena_free(a);
	return rc;
}

/* ---- open, close ---- */

int keys_link_open(const struct keys_link_options *o, struct keys_link **out, struct error *err)
{
	struct keys_link *l = calloc(1, sizeof(*l));

	if (!l)
		return error_set(err, REASON_INTERNAL, "out of memory");
	l->alive = o->alive;
	l->context = o->context;
	l->keeper = (struct keeper){
		.assertion = ask_assertion, .rejection = ask_rejection, .holder = {.sign_query = ask_query, .unwrap = ask_unwrap, .context = l},
		.context = l,
	};
	/* an answer that was meant for the worker before must not look like ours */
	random_bytes(&l->last_id, sizeof(l->last_id));
	if (keys_line_open(&o->end, LOOK, &l->line, err) < 0) {
		keys_link_close(l);
		return -1;
	}
	*out = l;
	return 0;
}

void keys_link_close(struct keys_link *l)
{
	free(l);
}

const struct keeper *keys_link_keeper(struct keys_link *l)
{
	return &l->keeper;
}
