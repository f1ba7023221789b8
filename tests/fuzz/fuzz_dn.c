/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Distinguished names; a normalized one must be its own normal form. */
#include "tests/fuzz/fuzz.h"

#include "ldap/mirror.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	const char *text, *key, *again;
	struct error err;

	if (arena_cstr(a, slice_of(data, size), REASON_RULE, &text, &err) == 0 && dn_normalize(a, text, &key) == 0) {
		fuzz_succeeded(0);
		if (dn_normalize(a, key, &again) < 0 || strcmp(key, again) != 0)
			abort();
	}
	arena_free(a);
	return 0;
}
