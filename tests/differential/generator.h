/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A family of Responses without end, each made from a number: honest ones in
 * many shapes, ones that an identity provider signed although they say
 * something wrong, and ones that somebody changed after the signature; some
 * of each encrypted.
 *
 * The same seed gives the same messages in the same order, but for the keys.
 */
#ifndef TESTS_DIFFERENTIAL_GENERATOR_H
#define TESTS_DIFFERENTIAL_GENERATOR_H

#include "tests/unit/forge_encryption.h"

#define GENERATOR_WORDS 400

struct generator;

struct generated {
	struct slice base64;            /* as posted; in the forge's arena */
	struct slice xml;               /* the same before base64 */
	bool honest;                    /* must be accepted */
	bool changed;                   /* after it was signed */
	struct saml_identity said;      /* what the signed original says; name_id NULL: it is refused */
	char words[GENERATOR_WORDS];    /* what was done to it */
};

struct generator *generator_new(uint64_t seed);
/* What the messages are made for; its keys live as long as the generator. */
struct saml_expect generator_expect(const struct generator *g);
void generator_free(struct generator *g);
void generator_next(struct generator *g, struct generated *out);

/* Whether both say the same about the person. */
bool same_identity(const struct saml_identity *a, const struct saml_identity *b);

/* ---- for the parts of the generator ---- */

struct dice {
	uint64_t state;
};

uint64_t dice_roll(struct dice *d);
size_t dice_below(struct dice *d, size_t n);            /* n > 0 */

/* One change to the tree, or to the text; adds what it did to `words`. */
void mutate_tree(struct dice *d, xmlDocPtr doc, char *words);
struct slice mutate_text(struct dice *d, struct slice text, char *words);
struct slice mutate_base64(struct dice *d, struct slice base64, char *words);
void add_word(char *words, const char *word);

/* What an identity provider says in other words, or wrongly. */
struct saying {
	const char *name, *from, *to;
	bool good;
};

extern const struct saying sayings[];
extern const size_t saying_count;

#endif
