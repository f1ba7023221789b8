/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The AuthnRequest to the identity provider (SAML core 3.4.1, bindings 3.4),
 * written by lasso from the metadata it holds: once for each provider, as a
 * form, whose blanks are filled for each sign-on.  lasso needs about 50 us and
 * some hundred allocations for a request, filling a form needs a few.
 *
 * Deflating would need ten more, most of it for the trees of so short a text.
 * What is the same in each request is therefore deflated once, in two pieces;
 * id and time, which lie together, stand between them as they are (a stored
 * block, RFC 1951 section 3.2.4).
 *
 * What Entra wants, and what is left out for its sake: no NameIDPolicy unless
 * it is asked for (a requested format beats the application's setting), no
 * RequestedAuthnContext (AADSTS75011), no Scoping, no Subject (a hint goes
 * into the query as login_hint, behind what is signed).  The ids of lasso come
 * from an ordinary random generator, so the request gets ours, and our time.
 */
#include "saml/asker.h"
#include "saml/redirect.h"

#include "base/encode.h"
#include "base/text.h"

#include <lasso/lasso.h>
#include <lasso/xml/saml-2.0/samlp2_authn_request.h>
#include <lasso/xml/saml-2.0/samlp2_name_id_policy.h>
#include <zlib.h>

#define MESSAGE "SAMLRequest="
#define ID_MAX 64
#define FLUSH_MARK 16                   /* more than zlib writes behind what it flushes */
#define RELAY_STATE_SENT_MAX 80         /* bytes: SAML bindings 3.4.3 */

/* What is filled in, and what lasso writes there meanwhile: text that needs no escape and stands nowhere else. */
enum blank { BLANK_ID, BLANK_TIME, BLANK_ISSUER, BLANK_ACS, BLANKS };

static const char *const blanks[BLANKS] = {
	"_blank-for-the-id", "0001-01-01T00:00:00Z", "urn:blank:issuer", "urn:blank:acs",
};

struct form {
	char *xml;
	struct hole {
		enum blank blank;
		size_t at;
	} holes[BLANKS];                /* as they stand in xml: id, time, the others */
	struct pieces {
		struct arena *arena;    /* of these pieces; NULL: nothing was asked yet */
		const char *entity_id, *acs_url;        /* that the end was filled with */
		struct slice begin, end;        /* deflated: up to the id, and behind the time */
	} pieces;
};

struct saml_asker {
	char *entity_id, *name_id_format;
	char *address;                  /* of the endpoint, to the `=` behind SAMLRequest */
	struct form forms[2][2];        /* [ForceAuthn][IsPassive] */
};

/*
 * lasso wants metadata of its own side.  Issuer and ACS are given anew in each
 * request, so this names nobody.
 */
static const char nobody[] =
	"<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"urn:postern:asker\">"
	"<SPSSODescriptor AuthnRequestsSigned=\"false\" protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">"
	"<AssertionConsumerService index=\"0\" isDefault=\"true\" Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\""
	" Location=\"https://asker.invalid/acs\"/></SPSSODescriptor></EntityDescriptor>";

static char *text_of(struct slice s)
{
	return g_strndup(s.p ? s.p : "", s.n);
}

static int require_endpoint(LassoServer *server, const char *entity_id, struct error *err)
{
	LassoProvider *provider = lasso_server_get_provider(server, entity_id);
	char *url = provider ? lasso_provider_get_metadata_one(provider, "SingleSignOnService HTTP-Redirect") : NULL;

	if (!provider)
		return error_set(err, REASON_METADATA, "lasso does not find %s in the metadata", entity_id);
	if (!url)
		return error_set(err, REASON_METADATA, "lasso finds no HTTP-Redirect endpoint for %s", entity_id);
	g_free(url);
	return 0;
}

static void replace(char **field, const char *value)
{
	g_free(*field);
	*field = g_strdup(value);
}

/* SAML core 3.4.1.1; whoever asks for a format wants names made in it. */
static void leave_policy(LassoSamlp2AuthnRequest *request, const char *format)
{
	g_clear_object(&request->NameIDPolicy);
	if (!format)
		return;
	request->NameIDPolicy = LASSO_SAMLP2_NAME_ID_POLICY(lasso_samlp2_name_id_policy_new());
	request->NameIDPolicy->Format = g_strdup(format);
	request->NameIDPolicy->AllowCreate = TRUE;
}

static void leave_blanks(LassoSamlp2AuthnRequest *request, const char *name_id_format, bool force_authn, bool is_passive)
{
	LassoSamlp2RequestAbstract *general = &request->parent;

	replace(&general->ID, blanks[BLANK_ID]);
	replace(&general->IssueInstant, blanks[BLANK_TIME]);
	replace(&general->Issuer->content, blanks[BLANK_ISSUER]);
	replace(&request->ProtocolBinding, LASSO_SAML2_METADATA_BINDING_POST);
	replace(&request->AssertionConsumerServiceURL, blanks[BLANK_ACS]);
	leave_policy(request, name_id_format);
	request->ForceAuthn = force_authn;
	request->IsPassive = is_passive;
}

static int by_place(const void *a, const void *b)
{
	const struct hole *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

static int find_holes(struct form *form, struct error *err)
{
	for (int i = 0; i < BLANKS; i++) {
		const char *at = strstr(form->xml, blanks[i]);

		if (!at || strstr(at + 1, blanks[i]))
			return error_set(err, REASON_INTERNAL, "lasso's AuthnRequest has no place of its own for %s", blanks[i]);
		form->holes[i] = (struct hole){(enum blank)i, (size_t)(at - form->xml)};
	}
	qsort(form->holes, BLANKS, sizeof(form->holes[0]), by_place);
	if (form->holes[0].blank != BLANK_ID || form->holes[1].blank != BLANK_TIME)
		return error_set(err, REASON_INTERNAL, "lasso's AuthnRequest does not begin with id and time");
	return 0;
}

/* lasso's address begins with the endpoint and ends in the message. */
static int keep_address(struct saml_asker *asker, const char *url, struct error *err)
{
	const char *at = url ? strstr(url, MESSAGE) : NULL;

	if (!at)
		return error_set(err, REASON_INTERNAL, "lasso gives no address to ask at");
	g_free(asker->address);
	asker->address = g_strndup(url, (size_t)(at - url) + strlen(MESSAGE));
	return 0;
}

static int make_form(struct saml_asker *asker, LassoServer *server, bool force_authn, bool is_passive, struct error *err)
{
	struct form *form = &asker->forms[force_authn][is_passive];
	LassoLogin *login = lasso_login_new(server);
	int rc, result = -1;

	if (!login)
		return error_set(err, REASON_INTERNAL, "lasso makes no login");
	lasso_profile_set_signature_hint(LASSO_PROFILE(login), LASSO_PROFILE_SIGNATURE_HINT_FORBID);
	rc = lasso_login_init_authn_request(login, asker->entity_id, LASSO_HTTP_METHOD_REDIRECT);
	if (rc == 0) {
		leave_blanks(LASSO_SAMLP2_AUTHN_REQUEST(LASSO_PROFILE(login)->request), asker->name_id_format, force_authn, is_passive);
		rc = lasso_login_build_authn_request_msg(login);
	}
	if (rc != 0) {
		error_set(err, REASON_INTERNAL, "lasso writes no AuthnRequest: %s", lasso_strerror(rc));
		goto out;
	}
	form->xml = lasso_node_export_to_xml(LASSO_NODE(LASSO_PROFILE(login)->request));
	if (!form->xml) {
		error_set(err, REASON_INTERNAL, "lasso exports no AuthnRequest");
		goto out;
	}
	if (keep_address(asker, LASSO_PROFILE(login)->msg_url, err) == 0 && find_holes(form, err) == 0)
		result = 0;
out:
	lasso_login_destroy(login);
	return result;
}

static int load(struct saml_asker *asker, const char *metadata, struct error *err)
{
	LassoServer *server = lasso_server_new_from_buffers(nobody, NULL, NULL, NULL);
	int rc, result = -1;

	if (!server)
		return error_set(err, REASON_INTERNAL, "lasso makes no server");
	rc = lasso_server_add_provider_from_buffer(server, LASSO_PROVIDER_ROLE_IDP, metadata, NULL, NULL);
	if (rc != 0)
		error_set(err, REASON_METADATA, "lasso cannot load the metadata: %s", lasso_strerror(rc));
	else if (require_endpoint(server, asker->entity_id, err) == 0 && make_form(asker, server, false, false, err) == 0 &&
		make_form(asker, server, false, true, err) == 0 && make_form(asker, server, true, false, err) == 0 &&
		make_form(asker, server, true, true, err) == 0)
		result = 0;
	lasso_server_destroy(server);
	return result;
}

int asker_new(struct slice metadata, const char *entity_id, const char *name_id_format, struct saml_asker **out, struct error *err)
{
	struct saml_asker *asker;
	char *text;
	int rc;

	if (metadata.n == 0 || memchr(metadata.p, '\0', metadata.n))
		return error_set(err, REASON_METADATA, "the metadata is empty or holds a NUL");
	asker = g_new0(struct saml_asker, 1);
	asker->entity_id = g_strdup(entity_id);
	asker->name_id_format = g_strdup(name_id_format);
	text = text_of(metadata);
	rc = load(asker, text, err);
	g_free(text);
	if (rc < 0) {
		asker_free(asker);
		return -1;
	}
	*out = asker;
	return 0;
}

void asker_free(struct saml_asker *asker)
{
	if (!asker)
		return;
	for (int i = 0; i < 4; i++) {
		g_free(asker->forms[i / 2][i % 2].xml);
		arena_free(asker->forms[i / 2][i % 2].pieces.arena);
	}
	g_free(asker->address);
	g_free(asker->name_id_format);
	g_free(asker->entity_id);
	g_free(asker);
}

/* From hole `from` up to hole `to` (BLANKS: the end), with what fills `from` first.  Attribute escapes hold in text too. */
static void add_part(struct text *t, const struct form *form, int from, int to, const char *const values[BLANKS])
{
	for (int i = from; i < to; i++) {
		const struct hole *hole = &form->holes[i];
		const char *text = form->xml + hole->at + strlen(blanks[hole->blank]);

		text_add_xml_attribute(t, slice_c(values[hole->blank]));
		text_add(t, slice_of(text, i + 1 < BLANKS ? (size_t)(form->xml + form->holes[i + 1].at - text) : strlen(text)));
	}
}

/* Raw (bindings 3.4.4.1).  Z_SYNC_FLUSH: another piece may follow; Z_FINISH: none may. */
static struct slice deflated(struct arena *a, struct slice in, int flush)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)in.p, .avail_in = (uInt)in.n};
	size_t most;

	if (in.n > INT32_MAX / 2 ||
		deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	most = deflateBound(&z, in.n) + FLUSH_MARK;
	z.next_out = arena_alloc(a, most);
	z.avail_out = (uInt)most;
	if (deflate(&z, flush) != (flush == Z_FINISH ? Z_STREAM_END : Z_OK) || z.avail_in > 0 || z.avail_out == 0)
		abort();
	deflateEnd(&z);
	return slice_of(z.next_out - z.total_out, z.total_out);
}

/* Once: what a process calls itself does not change. */
static void prepare(struct form *form, const struct saml_ask *ask)
{
	struct pieces *p = &form->pieces;
	const char *const values[BLANKS] = {NULL, "", ask->entity_id, ask->acs_url};
	struct text end;

	if (p->arena && strcmp(p->entity_id, ask->entity_id) == 0 && strcmp(p->acs_url, ask->acs_url) == 0)
		return;
	arena_free(p->arena);
	p->arena = arena_new();
	p->entity_id = arena_strdup(p->arena, ask->entity_id);
	p->acs_url = arena_strdup(p->arena, ask->acs_url);
	p->begin = deflated(p->arena, slice_of(form->xml, form->holes[0].at), Z_SYNC_FLUSH);
	text_begin(&end, p->arena, 1024);
	add_part(&end, form, 1, BLANKS, values);
	p->end = deflated(p->arena, text_slice(&end), Z_FINISH);
}

static void add_stored(struct text *t, struct slice s)
{
	const unsigned char head[] = {0, s.n & 255, s.n >> 8 & 255, ~s.n & 255, ~s.n >> 8 & 255};

	if (s.n > UINT16_MAX)
		abort();
	text_add(t, slice_of(head, sizeof(head)));
	text_add(t, s);
}

static struct slice message(struct arena *a, const struct form *form, const struct saml_ask *ask)
{
	const char *const values[BLANKS] = {ask->id};
	struct text own, all;
	char now[21];

	time_write(ask->now, now);
	text_begin(&own, a, 256);
	add_part(&own, form, 0, 1, values);
	text_add_c(&own, now);
	text_begin(&all, a, 1024);
	text_add(&all, form->pieces.begin);
	add_stored(&all, text_slice(&own));
	text_add(&all, form->pieces.end);
	return text_slice(&all);
}

static int require_ask(const struct saml_ask *ask, struct error *err)
{
	if (!ask->id || strlen(ask->id) > ID_MAX || !ask->entity_id || !ask->acs_url || ask->now <= 0)
		return error_set(err, REASON_INTERNAL, "an AuthnRequest without id, entity ID, ACS or time");
	if (ask->relay_state && strlen(ask->relay_state) > RELAY_STATE_SENT_MAX)
		return error_set(err, REASON_INTERNAL, "a RelayState of more than %d bytes", RELAY_STATE_SENT_MAX);
	return 0;
}

static void add_parameter(struct text *t, const char *name, const char *value)
{
	text_add_c(t, name);
	text_add_url(t, slice_c(value));
}

int asker_write(struct arena *a, struct saml_asker *asker, const struct saml_ask *ask, const char **url_out, struct error *err)
{
	struct text base64, url;
	struct form *form;

	if (require_ask(ask, err) < 0)
		return -1;
	form = &asker->forms[ask->force_authn][ask->is_passive];
	prepare(form, ask);
	text_begin(&base64, a, 1024);
	text_add_base64(&base64, message(a, form, ask));
	text_begin(&url, a, 2048);
	text_add_c(&url, asker->address);
	text_add_url(&url, text_slice(&base64));
	if (ask->relay_state)
		add_parameter(&url, "&RelayState=", ask->relay_state);
	if (ask->key && redirect_sign(&url, strlen(asker->address) - strlen(MESSAGE), ask->key, err) < 0)
		return -1;
	if (ask->login_hint && *ask->login_hint)
		add_parameter(&url, "&login_hint=", ask->login_hint);
	*url_out = url.p;
	return 0;
}
