/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `postern mirror` prints: for people, or as JSON. */
#ifndef GATEWAY_MIRROR_PRINT_H
#define GATEWAY_MIRROR_PRINT_H

#include "gateway/settings/settings.h"
#include "ldap/mirror.h"

struct mirror_status {
	const char *name;
	struct mirror_state state;
	int64_t now, age;               /* age: FACTS_AGE_UNKNOWN when it was never read whole */
	const char *staleness;
	const char *const *examples;    /* DNs of what is held */
	size_t example_count;
};

void mirror_print_status(const struct mirror_status *list, size_t n, const char *path, int64_t bytes, bool json);
void mirror_print_accepted(const struct mirror_status *held, bool json);

/* One JSON list around all entries, or nothing around them. */
void mirror_print_begin(bool json);
void mirror_print_entry(struct arena *a, const struct mirror_entry *e, const struct mirror_status *of, bool json);
void mirror_print_end(bool json);

/* One JSON object a line; directory NULL: all.  The exit status. */
int mirror_dump(struct mirror *copy, const struct settings *s, const char *directory);

#endif
