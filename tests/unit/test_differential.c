/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two readers of one family of messages.  Whatever Postern accepts, lasso with
 * our conditions accepts with the same identity; what was changed after it was
 * signed gives the identity that was signed, or nothing; what the honest
 * generator made, both accept.
 *
 *	make differential [COUNT=1000000] [SEED=7]
 *
 * Without COUNT as many as fit into some seconds of CPU time, at most 20,000.
 */
#include "tests/differential/generator.h"
#include "tests/differential/second_reader.h"

#include <time.h>

#define COUNT_USUAL 20000
#define SECONDS_USUAL 20
#define LEAST 1000                      /* fewer tell nothing */

static struct {
	unsigned long made, honest, honest_accepted, changed, changed_accepted, wrong, refused[REASON_COUNT];
} counts;

static unsigned long number_of(const char *name, unsigned long usual)
{
	const char *text = getenv(name);

	return text && *text ? strtoul(text, NULL, 10) : usual;
}

/* With everything that is needed to see it again. */
static void differ(unsigned long seed, const struct generated *m, const char *what, const char *detail)
{
	/* not by print_message, which ends at a kilobyte */
	fprintf(stderr, "%.*s\n", (int)m->base64.n, m->base64.p);
	fail_msg("SEED=%lu, message %lu (%s): %s: %s", seed, counts.made, m->words, what, detail);
}

static void compare(unsigned long seed, const struct generator *g, const struct generated *m)
{
	struct saml_expect expect = generator_expect(g);
	struct saml_identity ours = {0}, theirs = {0};
	struct error err = {0};
	const char *why = NULL;

	if (saml_response_read(forge_arena(), &expect, m->base64, &ours, &err) < 0) {
		counts.refused[err.reason]++;
		if (m->honest)
			differ(seed, m, "honest, and refused", err.detail);
		return;
	}
	if (second_reader_read(m->base64, &theirs, &why) < 0)
		differ(seed, m, "accepted here, and lasso does not accept it", why);
	if (!same_identity(&ours, &theirs))
		differ(seed, m, "another identity than lasso reads", theirs.name_id);
	if (m->changed && m->said.name_id && !same_identity(&ours, &m->said))
		differ(seed, m, "another identity than was signed", ours.name_id);
	if (!m->honest && !m->changed)
		differ(seed, m, "says something wrong, and is accepted", ours.name_id);
	counts.honest_accepted += m->honest;
	counts.changed_accepted += m->changed;
}

static void report(unsigned long seed)
{
	print_message("seed %lu: %lu messages; honest %lu, accepted by both %lu; changed after signing %lu, accepted by both %lu; "
		"wrongly said %lu\n", seed, counts.made, counts.honest, counts.honest_accepted, counts.changed,
			counts.changed_accepted, counts.wrong);
	for (int i = 0; i < REASON_COUNT; i++) {
		if (counts.refused[i])
			print_message("  %-24s %8lu\n", reason_word((enum reason)i), counts.refused[i]);
	}
}

static void both_readers_agree(void **state)
{
	unsigned long seed = number_of("SEED", 1), count = number_of("COUNT", 0), reasons = 0;
	struct generator *g = generator_new(seed);
	struct generated m;

	(void)state;
	assert_int_equal(second_reader_begin(), 0);
	for (counts.made = 0; counts.made < (count ? count : COUNT_USUAL); counts.made++) {
		if (!count && counts.made >= LEAST && clock() > SECONDS_USUAL * CLOCKS_PER_SEC)
			break;
		generator_next(g, &m);
		counts.honest += m.honest;
		counts.changed += m.changed;
		counts.wrong += !m.honest && !m.changed;
		compare(seed, g, &m);
		forge_reset(NULL);
	}
	report(seed);
	for (int i = 0; i < REASON_COUNT; i++)
		reasons += counts.refused[i] > 0;
	/* a test that looked at nothing would pass as well */
	assert_true(counts.honest_accepted == counts.honest && counts.honest > counts.made / 50);
	assert_true(counts.changed_accepted > counts.changed / 100);
	assert_true(counts.wrong > 0 && reasons > 15);
	second_reader_end();
	generator_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(both_readers_agree, forge_reset)};

	return cmocka_run_group_tests(tests, forge_encryption_begin, forge_encryption_end);
}
