/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings files as trees. */
#include "tests/fuzz/fuzz.h"

#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct yaml_node *root;
	struct error err;

	fuzz_succeeded(yaml_read(a, "fuzz", slice_of(data, size), &root, &err));
	arena_free(a);
	return 0;
}
