/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a Response costs over the RSA signature in it, in CPU time of one run:
 * bench_issue [ROUNDS].
 */
#include "saml/key.h"
#include "tests/unit/keys.h"

#include "base/encode.h"

#include <time.h>

static struct arena *lasting;
static struct saml_key *key;

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void sign_only(struct error *err)
{
	struct arena *a = arena_new();
	struct slice signature;

	if (key_sign(key, a, slice_c("the floor"), &signature, err) < 0)
		abort();
	arena_free(a);
}

static void issue(struct error *err, enum saml_sign sign)
{
	static const char *const groups[] = {
		"jira-users", "jira-agents", "jira-desk-1", "jira-desk-2", "jira-a", "jira-b", "jira-c", "jira-d",
	};
	static const char *const name[] = {"Jürgen"};
	static const struct saml_attribute attributes[] = {
		{"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname", name, 1},
		{"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname", name, 1},
		{"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", name, 1},
		{"groups", groups, 8},
	};
	const struct saml_answer answer = {
		.entity_id = "https://sso.example.org/saml/idp", .audience = "https://auth.atlassian.com/saml/1234",
		.acs_url = "https://auth.atlassian.com/login/callback?connection=saml-1234", .in_response_to = "_1234567890",
		.name_id = "juergen@example.org", .name_id_format = SAML_FORMAT_EMAIL,
		.attributes = attributes, .attribute_count = 4,
		.authn_instant = 1795526356, .now = 1795526356, .sign = sign,
	};
	struct arena *a = arena_new();
	struct saml_issued issued;

	if (saml_response_write(a, key, &answer, &issued, err) < 0)
		abort();
	arena_free(a);
}

static void issue_one(struct error *err)
{
	issue(err, SAML_SIGN_ASSERTION);
}

static void issue_both(struct error *err)
{
	issue(err, SAML_SIGN_BOTH);
}

/* In turns, so that a machine that slows down slows down all three. */
static void measure(uint64_t rounds, double us[3])
{
	static void (*const what[3])(struct error *err) = {sign_only, issue_one, issue_both};
	struct error err;

	for (uint64_t i = 0; i < rounds; i++) {
		for (size_t w = 0; w < 3; w++) {
			double began = cpu_us();

			what[w](&err);
			us[w] += (cpu_us() - began) / (double)rounds;
		}
	}
}

int main(int argc, char **argv)
{
	uint64_t rounds = 2000;
	struct test_pair pair;
	struct error err;
	double warm[3] = {0}, us[3] = {0};

	if (argc > 1 && number_read(slice_c(argv[1]), 1, 10000000, &rounds) < 0)
		return 2;
	lasting = arena_new();
	pair = test_rsa(lasting, 2048);
	if (saml_key_read(pair.key, pair.certificate, &key, &err) < 0) {
		fprintf(stderr, "%s\n", err.detail);
		return 1;
	}
	measure(rounds / 10 + 1, warm);
	measure(rounds, us);
	printf("signature %.1f us; response with one %.1f us (%.1f us more); with two %.1f us (%.1f us more)\n", us[0], us[1],
		us[1] - us[0], us[2], us[2] - 2 * us[0]);
	saml_key_free(key);
	arena_free(lasting);
	return 0;
}
