/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A worker's question, read strictly, put to whoever has the keys, and the answer. */
#include "gateway/keys/keys_wire.h"

struct exchange {
	struct arena *arena;
	const struct keeper *keeper;
	struct wire wire;
	struct text *answer;            /* behind the head */
};

static int nonsense(struct error *err)
{
	return error_set(err, REASON_KEYS_REFUSED, "a question that is not built as it must be");
}

/* name, count, values; as many as the packet has room for. */
static size_t take_attributes(struct exchange *x, struct saml_attribute **out)
{
	struct wire *w = &x->wire;
	uint64_t n = wire_take_number(w), i, k;
	struct saml_attribute *list;

	if (n > w->rest.n / (2 * sizeof(n)))
		w->bad = true;
	list = arena_alloc(x->arena, w->bad ? sizeof(*list) : (n + 1) * sizeof(*list));
	for (i = 0; i < n && !w->bad; i++) {
		const char *name = wire_take_text(w), **values;
		uint64_t count = wire_take_number(w);

		if (!name || count > w->rest.n / sizeof(count)) {
			w->bad = true;
			break;
		}
		values = arena_alloc(x->arena, (count + 1) * sizeof(*values));
		for (k = 0; k < count; k++) {
			values[k] = wire_take_text(w);
			w->bad |= !values[k];
		}
		list[i] = (struct saml_attribute){name, values, count};
	}
	*out = list;
	return w->bad ? 0 : n;
}

static void put_issued(struct text *t, const struct saml_issued *issued)
{
	wire_bytes(t, slice_c(issued->assertion_id));
	wire_bytes(t, slice_c(issued->response_id));
	wire_bytes(t, issued->xml);
}

static int answer_assertion(struct exchange *x, struct error *err)
{
	struct saml_attribute *attributes;
	struct keeper_assertion what = {.door = wire_take_number(&x->wire)};
	struct saml_issued issued;

	what.in_response_to = wire_take_text(&x->wire);
	what.name_id = wire_take_text(&x->wire);
	what.authn_context = wire_take_text(&x->wire);
	what.authn_instant = (int64_t)wire_take_number(&x->wire);
	what.attribute_count = take_attributes(x, &attributes);
	what.attributes = attributes;
	if (!wire_is_done(&x->wire))
		return nonsense(err);
	if (x->keeper->assertion(x->keeper->context, x->arena, &what, &issued, err) < 0)
		return -1;
	put_issued(x->answer, &issued);
	return KEYS_DONE;
}

static int answer_rejection(struct exchange *x, struct error *err)
{
	struct keeper_rejection what = {.door = wire_take_number(&x->wire)};
	struct saml_issued issued;
	uint64_t status;

	what.in_response_to = wire_take_text(&x->wire);
	status = wire_take_number(&x->wire);
	what.message = wire_take_text(&x->wire);
	if (!wire_is_done(&x->wire) || status > SAML_NO_PASSIVE)
		return nonsense(err);
	what.status = (enum saml_rejected)status;
	if (x->keeper->rejection(x->keeper->context, x->arena, &what, &issued, err) < 0)
		return -1;
	put_issued(x->answer, &issued);
	return KEYS_DONE;
}

static int answer_query(struct exchange *x, struct error *err)
{
	const struct saml_holder *holder = &x->keeper->holder;
	struct slice query = wire_take_bytes(&x->wire), signature;

	if (!wire_is_done(&x->wire) || !query.p)
		return nonsense(err);
	if (holder->sign_query(holder->context, x->arena, query, &signature, err) < 0)
		return -1;
	wire_bytes(x->answer, signature);
	return KEYS_DONE;
}

/* Found or not, the answer has the same length. */
static int answer_unwrap(struct exchange *x, struct error *err)
{
	const struct saml_holder *holder = &x->keeper->holder;
	unsigned char key[SAML_CONTENT_KEY_MAX] = {0};
	struct saml_wrapped wrapped = {.bytes = wire_take_bytes(&x->wire)};
	int found;

	wrapped.digest = wire_digest_name(wire_take_number(&x->wire));
	wrapped.mgf_digest = wire_digest_name(wire_take_number(&x->wire));
	wrapped.key_size = wire_take_number(&x->wire);
	if (!wire_is_done(&x->wire) || !wrapped.bytes.p || !wrapped.digest || !wrapped.mgf_digest || wrapped.key_size > sizeof(key))
		return nonsense(err);
	found = holder->unwrap(holder->context, &wrapped, key, err);
	if (found >= 0)
		wire_bytes(x->answer, slice_of(key, sizeof(key)));
	explicit_bzero(key, sizeof(key));
	return found < 0 ? -1 : found ? KEYS_DONE : KEYS_NONE_OPENS;
}

static int answer(struct exchange *x, uint32_t question, struct error *err)
{
	static int (*const answers[])(struct exchange *, struct error *) = {
		[KEYS_ASSERTION] = answer_assertion, [KEYS_REJECTION] = answer_rejection, [KEYS_QUERY] = answer_query, [KEYS_UNWRAP] = answer_unwrap,
	};

	if (question >= sizeof(answers) / sizeof(*answers) || !answers[question])
		return nonsense(err);
	return answers[question](x, err);
}

struct slice keys_refusal(struct arena *a, uint64_t id, const struct error *why)
{
	const struct keys_head head = {.magic = KEYS_MAGIC, .what = KEYS_NO, .id = id};
	struct text t;

	text_begin(&t, a, 1024);
	wire_head(&t, &head);
	wire_number(&t, why->reason);
	wire_bytes(&t, slice_c(why->detail));
	return text_slice(&t);
}

int keys_answer(struct arena *a, const struct keeper *keeper, struct slice question, struct slice *answer_out)
{
	struct exchange x = {.arena = a, .keeper = keeper, .wire = {.arena = a, .rest = question}};
	struct keys_head head;
	struct text body, whole;
	struct error err;
	int status;

	if (!wire_take_head(&x.wire, &head))
		return -1;
	text_begin(&body, a, 8192);
	x.answer = &body;
	status = answer(&x, head.what, &err);
	if (status > 0 && body.n > KEYS_PACKET_MAX - sizeof(head))
		status = error_set(&err, REASON_UNSENDABLE, "what was signed has %zu bytes", body.n);
	if (status < 0) {
		*answer_out = keys_refusal(a, head.id, &err);
		return 0;
	}
	text_begin(&whole, a, sizeof(head) + body.n);
	head.what = (uint32_t)status;
	head.until = 0;
	wire_head(&whole, &head);
	text_add(&whole, text_slice(&body));
	*answer_out = text_slice(&whole);
	return 0;
}
