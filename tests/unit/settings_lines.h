/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A settings file that is good, one setting a line, and what is said when one
 * line of it is another: for the tests that know lines by their number.
 */
#ifndef TESTS_UNIT_SETTINGS_LINES_H
#define TESTS_UNIT_SETTINGS_LINES_H

#include "tests/unit/unit.h"

#include "base/text.h"
#include "gateway/settings/settings.h"

#define SETTINGS_FOLDER "/etc/postern/"

struct settings_case {
	size_t number;                  /* of the line, from 1; 0: none */
	const char *line;               /* what stands there instead, perhaps several */
	const char *problem;            /* how the error begins, behind the folder */
};

static inline struct slice settings_lines(struct arena *a, const char *const *good, size_t n, size_t number, const char *line)
{
	struct text t;

	text_begin(&t, a, 2048);
	for (size_t i = 0; i < n; i++) {
		text_add_c(&t, i + 1 == number ? line : good[i]);
		text_add_c(&t, "\n");
	}
	return text_slice(&t);
}

/* settings_read of these bytes. */
static inline int settings_of(struct arena *a, struct slice bytes, const struct settings **out, const char *const **problems, struct error *err)
{
	struct files *files = files_from_disk(a);

	files_put(files, SETTINGS_FOLDER "p.yaml", FILES_ALL, bytes);
	return settings_read(a, files, SETTINGS_FOLDER "p.yaml", out, problems, err);
}

/* Each is refused, with its own words; all that are not are told. */
static inline void assert_settings_refused(const char *const *good, size_t n, const struct settings_case *cases, size_t how_many)
{
	const size_t folder = strlen(SETTINGS_FOLDER);
	size_t bad = 0;

	for (size_t i = 0; i < how_many; i++) {
		const struct settings_case *c = &cases[i];
		struct arena *a = arena_new();
		const struct settings *s = NULL;
		struct error err = {0};
		int rc = settings_of(a, settings_lines(a, good, n, c->number, c->line), &s, NULL, &err);

		if (rc != -1 || err.reason != REASON_SETTINGS || strncmp(err.detail, SETTINGS_FOLDER, folder) != 0 ||
			strncmp(err.detail + folder, c->problem, strlen(c->problem)) != 0) {
			print_error("%s\n\twanted %s\n\tgot    %s\n", c->line, c->problem, rc ? err.detail : "no error");
			bad++;
		}
		arena_free(a);
	}
	assert_int_equal(bad, 0);
}

#endif
