/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pages with the languages that are compiled in, and nothing else. */
#ifndef TESTS_UNIT_START_PAGES_H
#define TESTS_UNIT_START_PAGES_H

#include "gateway/pages.h"

static inline void start_pages(struct arena *a)
{
	struct languages *languages = arena_alloc(a, sizeof(*languages));

	languages_start(a, languages);
	pages_start(&(struct pages_options){.form_action = "https:", .languages = languages});
}

#endif
