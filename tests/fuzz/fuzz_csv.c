/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Comma-separated files, row by row. */
#include "tests/fuzz/fuzz.h"

#include "provision/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct csv_row row;
	struct error err;
	struct csv csv;
	int rc = csv_begin(&csv, slice_of(data, size), &err);

	if (rc == 0) {
		while ((rc = csv_next(a, &csv, &row, &err)) == 1)
			;
		fuzz_succeeded(rc);
	}
	arena_free(a);
	return 0;
}
