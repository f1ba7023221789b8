/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs a fuzz target over its corpus, or over the files named: the target's own program, named replay_NAME. */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/unit.h"

#include "base/file.h"

#include <dirent.h>

static int succeeded;
static const char *target;

void fuzz_success(void)
{
	succeeded++;
}

static void replay_file(struct arena *a, const char *path)
{
	struct slice bytes;
	struct error err;

	assert_done(file_read(a, path, FILE_PUBLIC, 1 << 22, &bytes, &err), err);
	LLVMFuzzerTestOneInput((const uint8_t *)bytes.p, bytes.n);
}

static void replays_its_corpus(void **state)
{
	struct arena *a = arena_new();
	const char *folder = fuzz_path(a, arena_printf(a, "corpus/%s", target));
	DIR *dir = opendir(folder);
	struct dirent *e;
	int files = 0;

	(void)state;
	if (!dir)
		fail_msg("%s cannot be opened", folder);
	while ((e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		replay_file(a, arena_printf(a, "%s/%s", folder, e->d_name));
		files++;
	}
	closedir(dir);
	assert_true(files > 1);
	assert_true(succeeded > 0);
	arena_free(a);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(replays_its_corpus)};
	const char *name = strrchr(argv[0], '/');
	struct arena *a = arena_new();
	int i;

	target = strstr(name ? name : argv[0], "replay_") + strlen("replay_");
	for (i = 1; i < argc; i++) {
		succeeded = 0;
		replay_file(a, argv[i]);
		printf("%s: %s\n", argv[i], succeeded ? "succeeds" : "is refused");
	}
	arena_free(a);
	return argc > 1 ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}
