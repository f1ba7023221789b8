/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which message comes next: what is said, how it is signed, what becomes of it. */
#include "tests/differential/generator.h"

#include <libxml/parser.h>

#define ORIGINALS 48                    /* signed messages at hand, each changed many times: signing is what costs */

struct original {
	char *xml;
	size_t n;
	struct arena *arena;            /* of `said` */
	struct saml_identity said;
	char words[GENERATOR_WORDS];
};

struct generator {
	struct dice dice;
	struct original originals[ORIGINALS];
	size_t count;
	struct saml_decryption_keys *keys;
};

/* splitmix64 */
uint64_t dice_roll(struct dice *d)
{
	uint64_t z = d->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

size_t dice_below(struct dice *d, size_t n)
{
	return (size_t)(dice_roll(d) % n);
}

struct generator *generator_new(uint64_t seed)
{
	struct generator *g = calloc(1, sizeof(*g));

	assert_non_null(g);
	g->dice.state = seed;
	g->keys = forge_keys(FORGE_OURS, FORGE_OURS);
	return g;
}

static void forget(struct original *o)
{
	free(o->xml);
	arena_free(o->arena);
	*o = (struct original){0};
}

void generator_free(struct generator *g)
{
	for (size_t i = 0; i < ORIGINALS; i++)
		forget(&g->originals[i]);
	saml_decryption_keys_free(g->keys);
	free(g);
}

struct saml_expect generator_expect(const struct generator *g)
{
	struct saml_expect expect = forge_expect();

	expect.decryption_keys = g->keys;
	return expect;
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool same_identity(const struct saml_identity *a, const struct saml_identity *b)
{
	if (!same(a->name_id, b->name_id) || !same(a->name_id_format, b->name_id_format) || !same(a->session_index,
		b->session_index) ||
		!same(a->assertion_id, b->assertion_id) || !same(a->issuer, b->issuer) || !same(a->tenant, b->tenant) ||
		!same(a->object_id, b->object_id) || !same(a->authn_context, b->authn_context) || a->authn_instant != b->authn_instant ||
		a->attribute_count != b->attribute_count)
		return false;
	for (size_t i = 0; i < a->attribute_count; i++) {
		const struct saml_attribute *x = &a->attributes[i], *y = &b->attributes[i];

		if (!same(x->name, y->name) || x->n != y->n)
			return false;
		for (size_t j = 0; j < x->n; j++) {
			if (!same(x->values[j], y->values[j]))
				return false;
		}
	}
	return true;
}

/* ---- what is said and how it is signed ---- */

static xmlDocPtr parsed(struct slice xml)
{
	return xmlReadMemory(xml.p, (int)xml.n, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
}

/* Two sayings may not go together: one has taken the other's place, or both write one attribute. */
static bool fits(const struct forge *f, size_t n, struct slice left, const struct saying *s)
{
	xmlDocPtr doc;

	for (size_t i = 0; i < n; i++) {
		if (f->before[i].from == s->from && f->before[i].to == s->to)
			return false;
	}
	if (!memmem(left.p, left.n, s->from, strlen(s->from)))
		return false;
	doc = parsed(forge_replace(left, s->from, s->to));
	xmlFreeDoc(doc);
	return doc != NULL;
}

static bool add_saying(struct dice *d, struct forge *f, size_t *n, struct slice *left, bool good, char *words)
{
	const struct saying *s = &sayings[dice_below(d, saying_count)];

	if (s->good != good || !fits(f, *n, *left, s))
		return false;
	*left = forge_replace(*left, s->from, s->to);
	f->before[(*n)++] = (struct forge_edit){s->from, s->to};
	add_word(words, s->name);
	return true;
}

static void choose_method(struct dice *d, struct forge *f, bool *honest, char *words)
{
	static const struct {
		const char *name, *signature, *digest, *transforms;
		bool good;
	} methods[] = {
		{"sha384", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", "http://www.w3.org/2001/04/xmldsig-more#sha384", NULL, true},
		{"sha512", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", "http://www.w3.org/2001/04/xmlenc#sha512", NULL, true},
		{"prefix list", NULL, NULL, "<Transform Algorithm=\"" ALGORITHM_ENVELOPED "\"/><Transform Algorithm=\"" ALGORITHM_C14N "\">"
			"<InclusiveNamespaces xmlns=\"" ALGORITHM_C14N "\" PrefixList=\"xs samlp\"/></Transform>", true},
		{"rsa-sha1", NS_DS "rsa-sha1", NULL, NULL, false},
		{"sha1", NULL, NS_DS "sha1", NULL, false},
		{"one transform", NULL, NULL, "<Transform Algorithm=\"" ALGORITHM_ENVELOPED "\"/>", false},
		{"comments in form", NULL, NULL, "<Transform Algorithm=\"" ALGORITHM_ENVELOPED "\"/><Transform Algorithm=\""
			ALGORITHM_C14N "WithComments\"/>", false},
	};
	size_t i = dice_below(d, 4 * sizeof(methods) / sizeof(*methods));

	if (i >= sizeof(methods) / sizeof(*methods))
		return;
	f->signature_method = methods[i].signature;
	f->digest_method = methods[i].digest;
	f->transforms = methods[i].transforms;
	*honest &= methods[i].good;
	add_word(words, methods[i].name);
}

static void choose_key(struct dice *d, struct forge *f, bool *honest, char *words)
{
	static const char *const names[] = {[FORGE_FOREIGN] = "foreign key", [FORGE_WEAK] = "weak key",
		[FORGE_ENDED] = "key of an ended certificate"};

	f->key = (enum forge_key)dice_below(d, 2);
	if (dice_below(d, 12) == 0)
		f->key = (enum forge_key)(FORGE_FOREIGN + dice_below(d, FORGE_ENDED - FORGE_FOREIGN + 1));
	/* 512 bits do not hold the longer digests */
	if (f->key == FORGE_WEAK)
		f->signature_method = NULL;
	if (f->key > FORGE_SECOND) {
		add_word(words, names[f->key]);
		*honest = false;
	}
}

/*
 * Only what lasso can open as well: the newer key transport and a key elsewhere
 * in the document are left out, and lists of prefixes, since lasso verifies
 * what it decrypted without the namespaces around it.
 */
static void choose_encryption(struct dice *d, struct forge *f, struct forge_seal *how, bool *honest, char *words)
{
	static const char *const methods[] = {AES128_CBC, AES256_CBC, AES128_GCM, AES256_GCM};

	if (f->transforms || dice_below(d, 5) != 0)
		return;
	how->content = methods[dice_below(d, 4)];
	how->place = dice_below(d, 2) ? FORGE_INSIDE : FORGE_BESIDE;
	if (dice_below(d, 12) == 0) {
		how->whom = FORGE_SOMEBODY;
		*honest = false;
	}
	f->seal = forge_seal;
	f->how = how;
	add_word(words, how->whom == FORGE_SOMEBODY ? "encrypted for somebody" : "encrypted");
}

static void sign_one(struct generator *g, struct generated *out)
{
	struct forge_seal how = {0};
	static const char *const signs[] = {[FORGE_ASSERTION] = "assertion signed", [FORGE_RESPONSE] = "Response signed",
		[FORGE_BOTH] = "both signed", [FORGE_NOTHING] = "unsigned"};
	struct slice left = forge_said();
	struct dice *d = &g->dice;
	struct forge f = {0};
	size_t n = 0;

	out->honest = true;
	f.sign = (enum forge_sign)(dice_below(d, 40) == 0 ? FORGE_NOTHING : FORGE_ASSERTION + dice_below(d, 3));
	out->honest &= f.sign != FORGE_NOTHING;
	add_word(out->words, signs[f.sign]);
	choose_method(d, &f, &out->honest, out->words);
	choose_key(d, &f, &out->honest, out->words);
	choose_encryption(d, &f, &how, &out->honest, out->words);
	for (size_t i = dice_below(d, 6); i > 0 && n < 4; i--)
		add_saying(d, &f, &n, &left, true, out->words);
	if (dice_below(d, 4) == 0 && add_saying(d, &f, &n, &left, false, out->words))
		out->honest = false;
	out->xml = forge_text(&f);
	out->base64 = forge_base64(out->xml);
}

/* ---- keeping, and changing ---- */

static void keep(struct generator *g, const struct generated *made)
{
	struct original *o = &g->originals[g->count < ORIGINALS ? g->count++ : dice_below(&g->dice, ORIGINALS)];
	struct saml_expect expect = generator_expect(g);
	struct error err = {0};

	forget(o);
	o->xml = strndup(made->xml.p, made->xml.n);
	o->n = made->xml.n;
	o->arena = arena_new();
	snprintf(o->words, sizeof(o->words), "%s", made->words);
	if (saml_response_read(o->arena, &expect, made->base64, &o->said, &err) < 0)
		o->said = (struct saml_identity){0};
}

static struct slice in_another_tree(struct dice *d, struct slice xml, char *words)
{
	xmlDocPtr doc = parsed(xml);
	xmlBufferPtr buffer = xmlBufferCreate();

	assert_non_null(doc);
	for (size_t i = dice_below(d, 3) + 1; i > 0; i--)
		mutate_tree(d, doc, words);
	xmlNodeDump(buffer, doc, xmlDocGetRootElement(doc), 0, 0);
	xml = arena_slice(forge_arena(), slice_of(xmlBufferContent(buffer), (size_t)xmlBufferLength(buffer)));
	xmlBufferFree(buffer);
	xmlFreeDoc(doc);
	return xml;
}

static void change_one(struct generator *g, struct generated *out)
{
	const struct original *o = &g->originals[dice_below(&g->dice, g->count)];
	struct dice *d = &g->dice;
	size_t what = dice_below(d, 10);

	out->changed = true;
	out->said = o->said;
	snprintf(out->words, sizeof(out->words), "%s", o->words);
	out->xml = slice_of(o->xml, o->n);
	if (what < 6)
		out->xml = in_another_tree(d, out->xml, out->words);
	if (what > 4 && out->xml.n > 1)
		out->xml = mutate_text(d, out->xml, out->words);
	out->base64 = forge_base64(out->xml);
	if (what == 9 && out->base64.n > 1)
		out->base64 = mutate_base64(d, out->base64, out->words);
}

void generator_next(struct generator *g, struct generated *out)
{
	*out = (struct generated){0};
	if (g->count == ORIGINALS && dice_below(&g->dice, 8) != 0) {
		change_one(g, out);
		return;
	}
	sign_one(g, out);
	keep(g, out);
}
