/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an encrypted assertion costs, and how far apart the ways are in which
 * one is refused, in CPU time of one run, each in turn:
 * bench_decrypt [ROUNDS [SIGNING KEYS [DECRYPTION KEYS [MORE VALUES]]]].
 *
 * All refusals say the same to the browser; what is printed here is what is
 * left for whoever has a clock and much patience.
 */
#include "tests/unit/forge_encryption.h"

#include "base/encode.h"
#include "base/text.h"

#include <time.h>

static void spoil_padding(unsigned char *content, size_t n)
{
	content[n - 17] ^= 0x40;
}

static void spoil_last(unsigned char *content, size_t n)
{
	content[n - 1] ^= 1;
}

static void spoil_start(unsigned char *content, size_t n)
{
	(void)n;
	content[16] ^= 1;
}

static const struct row {
	const char *what;
	bool plain, late;               /* late: judged when the assertion has ended */
	enum forge_key key;
	struct forge_seal how;
} rows[] = {
	{.what = "accepted, plain", .plain = true},
	{.what = "accepted, AES-256-CBC"},
	{.what = "accepted, AES-256-GCM", .how = {.content = AES256_GCM}},
	{.what = "refused: encrypted key", .how = {.spoil_key = spoil_last}},
	{.what = "refused: padding", .how = {.spoil = spoil_padding}},
	{.what = "refused: GCM tag", .how = {.content = AES256_GCM, .spoil = spoil_last}},
	{.what = "refused: no XML from the start", .how = {.spoil = spoil_start}},
	{.what = "refused: no XML at its end", .how = {.inside = {{"</AuthnStatement>", "</AuthnStatement <"}}}},
	{.what = "refused: unsigned", .how = {.inside = {{"<Signature", "<Signaturf"}, {"</Signature>", "</Signaturf>"}}}},
	{.what = "refused: signature's algorithm", .how = {.inside = {{ALGORITHM_RSA_SHA256, "x"}}}},
	{.what = "refused: digest differs", .how = {.inside = {{"Anna Meier", "Otto Meier"}}}},
	{.what = "refused: signed by another", .key = FORGE_FOREIGN},
	{.what = "refused: signature too long", .how = {.inside = {{"<SignatureValue>", "<SignatureValue>AAAA"}}}},
	{.what = "refused: signature no base64", .how = {.inside = {{"<SignatureValue>", "<SignatureValue>-"}}}},
	{.what = "refused: verified, and ended", .late = true},
};
#define ROWS (sizeof(rows) / sizeof(*rows))

struct load {
	uint64_t rounds, signing, decryption, more;     /* more: values of an attribute, as of groups, beside the usual ones */
	struct saml_provider *provider;
	struct saml_decryption_keys *keys;
};

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double read_once(const struct load *load, struct slice posted, const struct row *row)
{
	struct saml_expect expect = forge_expect();
	double began = cpu_us(), took;
	struct saml_identity who = {0};
	struct arena *a = arena_new();
	struct error err = {0};

	expect.provider = load->provider;
	expect.decryption_keys = load->keys;
	if (row->late)
		expect.now += 86400;
	saml_response_read(a, &expect, posted, &who, &err);
	took = cpu_us() - began;
	if (!who.name_id != (strncmp(row->what, "refused", 7) == 0)) {
		fprintf(stderr, "%s: %s: %s\n", row->what, reason_word(err.reason), err.detail);
		exit(1);
	}
	arena_free(a);
	return took;
}

static int compare(const void *a, const void *b)
{
	double d = *(const double *)a - *(const double *)b;

	return d < 0 ? -1 : d > 0;
}

static int read_load(struct load *load, int argc, char **argv)
{
	struct {
		uint64_t *to, least, most;
	} wanted[] = {{&load->rounds, 10, 1000000}, {&load->signing, 1, 3}, {&load->decryption, 1, 2}, {&load->more, 0, 1000}};

	for (int i = 1; i < argc; i++) {
		if (i > 4 || number_read(slice_c(argv[i]), wanted[i - 1].least, wanted[i - 1].most, wanted[i - 1].to) < 0) {
			fprintf(stderr, "usage: bench_decrypt [ROUNDS [SIGNING KEYS (1-3) [DECRYPTION KEYS (1-2) [MORE VALUES]]]]\n");
			return -1;
		}
	}
	return 0;
}

static void open_load(struct load *load)
{
	enum forge_key list[] = {FORGE_FIRST, FORGE_SECOND, FORGE_ENDED, FORGE_KEYS};

	list[load->signing] = FORGE_KEYS;
	load->provider = forge_provider("signing", list);
	load->keys = forge_keys(FORGE_OURS, load->decryption == 1 ? FORGE_OURS : FORGE_OURS_TOO);
}

static struct slice post(const struct load *load, const struct row *row)
{
	struct forge f = {.key = row->key, .seal = row->plain ? NULL : forge_seal, .how = &row->how};
	struct text t;

	text_begin(&t, forge_arena(), 256);
	text_add_c(&t, "<AttributeStatement><Attribute Name=\"" SAML_CLAIM_GROUPS "\">");
	for (uint64_t i = 0; i < load->more; i++)
		text_addf(&t, "<AttributeValue>7b1c2d3e-4f50-4a61-8b72-%012d</AttributeValue>", (int)i);
	text_add_c(&t, "</Attribute>");
	if (load->more)
		f.before[0] = (struct forge_edit){"<AttributeStatement>", t.p};
	return forge_base64(forge_text(&f));
}

int main(int argc, char **argv)
{
	struct load load = {.rounds = 2000, .signing = 2, .decryption = 1};
	struct slice posted[ROWS];
	uint64_t rounds;
	double *us[ROWS];
	void *state = NULL;

	if (read_load(&load, argc, argv) < 0 || forge_encryption_begin(&state) < 0)
		return 2;
	open_load(&load);
	rounds = load.rounds;
	for (size_t r = 0; r < ROWS; r++) {
		posted[r] = post(&load, &rows[r]);
		us[r] = calloc(rounds, sizeof(**us));
		if (!us[r])
			return 2;
	}
	for (uint64_t i = 0; i < rounds; i++) {
		for (size_t r = 0; r < ROWS; r++)
			us[r][i] = read_once(&load, posted[r], &rows[r]);
	}
	for (size_t r = 0; r < ROWS; r++) {
		qsort(us[r], rounds, sizeof(**us), compare);
		printf("%-32s median %7.1f us, quartiles %7.1f and %7.1f\n", rows[r].what, us[r][rounds / 2], us[r][rounds / 4],
			us[r][rounds * 3 / 4]);
		free(us[r]);
	}
	saml_provider_free(load.provider);
	saml_decryption_keys_free(load.keys);
	return forge_encryption_end(&state);
}
