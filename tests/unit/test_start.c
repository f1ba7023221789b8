/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The libraries keep quiet, take no orders from the environment, and can be ended. */
#include "tests/unit/unit.h"

#include "saml/asker.h"
#include "saml/saml.h"

#include "base/log.h"

#include <lasso/lasso.h>
#include <libxml/parser.h>
#include <unistd.h>
#include <xmlsec/xmltree.h>

static struct arena *arena;

static int begin(void **state)
{
	struct error err;

	(void)state;
	arena = arena_new();
	setenv("LASSO_FLAG", "no-verify-signature", 1);
	assert_done(saml_start(&err), err);
	return 0;
}

static int end(void **state)
{
	(void)state;
	saml_stop();
	arena_free(arena);
	return 0;
}

static void make_noise(void)
{
	struct saml_asker *asker = NULL;
	struct error err;
	xmlDocPtr doc;

	assert_refused(asker_new(slice_c("<EntityDescriptor"), "https://a.example.org/", NULL, &asker, &err), err, REASON_METADATA);
	doc = xmlReadMemory("<a>&b;</c>", 10, NULL, NULL, XML_PARSE_NONET);
	xmlFreeDoc(doc);
	xmlSecFindChild(NULL, BAD_CAST "a", NULL);
	g_log("Lasso", G_LOG_LEVEL_CRITICAL, "a value: %s", "anna@example.org");
}

/* What was written to standard error meanwhile. */
static const char *heard(enum log_level most)
{
	FILE *file = tmpfile();
	int before = dup(STDERR_FILENO);
	char *text = arena_alloc(arena, 16384);
	ssize_t n;

	assert_non_null(file);
	fflush(stderr);
	dup2(fileno(file), STDERR_FILENO);
	log_begin("test", most);
	make_noise();
	fflush(stderr);
	dup2(before, STDERR_FILENO);
	close(before);
	n = pread(fileno(file), text, 16383, 0);
	fclose(file);
	assert_in_range(n, 0, 16383);
	return text;
}

static void libraries_say_nothing_above_debug(void **state)
{
	(void)state;
	assert_string_equal(heard(LOG_LEVEL_INFO), "");
}

static void libraries_speak_in_our_log_for_debugging(void **state)
{
	const char *text = heard(LOG_LEVEL_DEBUG);

	(void)state;
	assert_non_null(strstr(text, "glib"));
	assert_non_null(strstr(text, "libxml2"));
	assert_non_null(strstr(text, "xmlsec1"));
	assert_null(strstr(text, "CRITICAL **"));
}

static void environment_does_not_switch_off_signature_checks(void **state)
{
	(void)state;
	assert_null(getenv("LASSO_FLAG"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libraries_say_nothing_above_debug),
		cmocka_unit_test(libraries_speak_in_our_log_for_debugging),
		cmocka_unit_test(environment_does_not_switch_off_signature_checks),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
