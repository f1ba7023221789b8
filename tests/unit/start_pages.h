/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pages with the languages that are compiled in, and nothing else. */
#ifndef TESTS_UNIT_START_PAGES_H
#define TESTS_UNIT_START_PAGES_H

#include "gateway/pages.h"

static inline void start_pages(struct arena *a)
{
	struct brand *brand = arena_alloc(a, sizeof(*brand));

	languages_start(a, &brand->languages);
	pages_start(a, &(struct pages_options){.form_action = "https:", .brand = brand});
}

#endif
