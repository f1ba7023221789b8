/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "gateway/settings/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
	struct arena *arena;
	char folder[64];
	struct error err;
};

static int begin(void **state)
{
	struct place *t = calloc(1, sizeof(*t));

	t->arena = arena_new();
	snprintf(t->folder, sizeof(t->folder), "/tmp/postern-files-XXXXXX");
	assert_non_null(mkdtemp(t->folder));
	*state = t;
	return 0;
}

static const char *path_of(struct place *t, const char *name)
{
	return arena_printf(t->arena, "%s/%s", t->folder, name);
}

static const char *put(struct place *t, const char *name, mode_t mode, const char *bytes)
{
	const char *path = path_of(t, name);

	assert_done(file_write(path, mode, slice_c(bytes), &t->err), t->err);
	return path;
}

static int end(void **state)
{
	struct place *t = *state;
	static const char *const names[] = {"a", "b", "c", "d", "a.x", "b.x", ".x"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(path_of(t, names[i]));
	assert_int_equal(rmdir(t->folder), 0);
	arena_free(t->arena);
	free(t);
	return 0;
}

static void reads_each_file_once(void **state)
{
	struct place *t = *state;
	struct files *f = files_from_disk(t->arena);
	const char *path = put(t, "a", 0644, "first");
	struct slice s;

	assert_done(files_get(f, path, FILE_PUBLIC, FILES_ALL, &s, &t->err), t->err);
	put(t, "a", 0644, "second");
	assert_done(files_get(f, path, FILE_PUBLIC, FILES_ALL, &s, &t->err), t->err);
	assert_slice_is(s, "first");
}

static void hands_each_role_only_what_is_its_business(void **state)
{
	struct place *t = *state;
	struct files *f = files_from_disk(t->arena), *worker, *mirror;
	const char *all = put(t, "a", 0644, "settings"), *key = put(t, "b", 0600, "key"), *password = put(t, "c", 0600, "password");
	const char *other = put(t, "d", 0600, "other password");
	struct slice s;
	int fd;

	assert_done(files_get(f, all, FILE_PUBLIC, FILES_ALL, &s, &t->err), t->err);
	assert_done(files_get(f, key, FILE_SECRET, FILES_WORKER, &s, &t->err), t->err);
	assert_done(files_get(f, password, FILE_SECRET, FILES_MIRROR_OF(0), &s, &t->err), t->err);
	assert_done(files_get(f, other, FILE_SECRET, FILES_MIRROR_OF(1), &s, &t->err), t->err);

	assert_done(files_snapshot(f, FILES_WORKER, &fd, &t->err), t->err);
	assert_done(files_from_snapshot(t->arena, fd, &worker, &t->err), t->err);
	assert_done(files_get(worker, all, FILE_PUBLIC, FILES_ALL, &s, &t->err), t->err);
	assert_slice_is(s, "settings");
	assert_done(files_get(worker, key, FILE_SECRET, FILES_WORKER, &s, &t->err), t->err);
	assert_slice_is(s, "key");
	assert_refused(files_get(worker, password, FILE_SECRET, FILES_MIRROR_OF(0), &s, &t->err), t->err, REASON_FILE);

	assert_done(files_snapshot(f, FILES_MIRROR | FILES_MIRROR_OF(0), &fd, &t->err), t->err);
	assert_done(files_from_snapshot(t->arena, fd, &mirror, &t->err), t->err);
	assert_done(files_get(mirror, password, FILE_SECRET, FILES_MIRROR_OF(0), &s, &t->err), t->err);
	assert_slice_is(s, "password");
	assert_refused(files_get(mirror, other, FILE_SECRET, FILES_MIRROR_OF(1), &s, &t->err), t->err, REASON_FILE);
	assert_refused(files_get(mirror, key, FILE_SECRET, FILES_WORKER, &s, &t->err), t->err, REASON_FILE);
}

static void takes_nothing_from_the_disk_behind_a_snapshot(void **state)
{
	struct place *t = *state;
	struct files *f = files_from_disk(t->arena), *role;
	const char *path = put(t, "a", 0644, "on disk");
	struct slice s;
	int fd;

	assert_done(files_snapshot(f, FILES_WORKER, &fd, &t->err), t->err);
	assert_done(files_from_snapshot(t->arena, fd, &role, &t->err), t->err);
	assert_refused(files_get(role, path, FILE_PUBLIC, FILES_ALL, &s, &t->err), t->err, REASON_FILE);
	assert_non_null(strstr(t->err.detail, path));
}

static void keeps_bytes_that_hold_anything(void **state)
{
	struct place *t = *state;
	struct files *f = files_from_disk(t->arena), *role;
	struct slice s;
	int fd;

	files_put(f, "/secret", FILES_WORKER, slice_of("a\0b\n", 4));
	files_put(f, "/empty", FILES_ALL, slice_of("", 0));
	files_put(f, "/secret", FILES_WORKER, slice_of("new\0", 4));
	assert_done(files_snapshot(f, FILES_WORKER, &fd, &t->err), t->err);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
	assert_done(files_from_snapshot(t->arena, fd, &role, &t->err), t->err);
	assert_done(files_get(role, "/secret", FILE_SECRET, FILES_WORKER, &s, &t->err), t->err);
	assert_int_equal(s.n, 4);
	assert_memory_equal(s.p, "new\0", 4);
	assert_done(files_get(role, "/empty", FILE_PUBLIC, FILES_ALL, &s, &t->err), t->err);
	assert_int_equal(s.n, 0);
}

static void refuses_to_start_with_readable_key(void **state)
{
	struct place *t = *state;
	struct files *f = files_from_disk(t->arena);
	const char *path = put(t, "a", 0640, "key");
	struct slice s;

	assert_refused(files_get(f, path, FILE_SECRET, FILES_WORKER, &s, &t->err), t->err, REASON_FILE);
	assert_non_null(strstr(t->err.detail, "0640"));
}

static void refuses_a_secret_that_is_also_something_public(void **state)
{
	struct place *t = *state;
	struct files *f = files_from_disk(t->arena);
	const char *path = put(t, "a", 0600, "key and certificate");
	struct slice s;

	assert_done(files_get(f, path, FILE_PUBLIC, FILES_ALL, &s, &t->err), t->err);
	assert_refused(files_get(f, path, FILE_SECRET, FILES_WORKER, &s, &t->err), t->err, REASON_FILE);
}

/* As certificates for other programs are kept, with their key before or behind them. */
static void refuses_a_public_file_that_holds_a_private_key(void **state)
{
	struct place *t = *state;
	struct files *f = files_from_disk(t->arena);
	const char *both = put(t, "a", 0600, "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n-----BEGIN RSA PRIVATE KEY-----\nx\n");
	struct slice s;

	assert_refused(files_get(f, both, FILE_PUBLIC, FILES_ALL, &s, &t->err), t->err, REASON_FILE);
	assert_non_null(strstr(t->err.detail, "private key"));
	assert_done(files_get(f, both, FILE_SECRET, FILES_WORKER, &s, &t->err), t->err);
}

static void seals_the_snapshot(void **state)
{
	struct place *t = *state;
	struct files *f = files_from_disk(t->arena);
	int fd;

	files_put(f, "/a", FILES_ALL, slice_c("x"));
	assert_done(files_snapshot(f, FILES_WORKER, &fd, &t->err), t->err);
	assert_int_equal(write(fd, "y", 1), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	close(fd);
}

static int snapshot_of(struct arena *a, const char *bytes, size_t n, struct error *err)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	struct files *f = NULL;

	assert_int_equal(write(fd, bytes, n), n);
	return files_from_snapshot(a, fd, &f, err);
}

#define HEAD "Postern1"
#define RECORD(kind, path_n, bytes_n) kind "\0\0\0" "\0\0\0\0" path_n "\0\0\0" bytes_n "\0\0\0"

static void reads_snapshots_strictly(void **state)
{
	struct place *t = *state;
	static const struct { const char *bytes; size_t n; const char *detail; } bad[] = {
#define CASE(bytes, detail) {bytes, sizeof(bytes) - 1, detail}
		CASE("", "is not a snapshot"),
		CASE("Postern2", "is not a snapshot"),
		CASE(HEAD "x", "ends within a record"),
		CASE(HEAD RECORD("\1", "\2", "\0"), "broken"),
		CASE(HEAD RECORD("\1", "\1", "\2") "/x", "broken"),
		CASE(HEAD RECORD("\7", "\1", "\1") "/x", "broken"),
		CASE(HEAD RECORD("\0", "\0", "\1") "x", "broken"),
		CASE(HEAD RECORD("\0", "\2", "\0") "a\0", "NUL"),
		CASE(HEAD RECORD("\0", "\1", "\0") "a" RECORD("\0", "\1", "\0") "a", "twice"),
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_refused(snapshot_of(t->arena, bad[i].bytes, bad[i].n, &t->err), t->err, REASON_FILE);
		if (!strstr(t->err.detail, bad[i].detail))
			fail_msg("%zu: wanted \"%s\", got \"%s\"", i, bad[i].detail, t->err.detail);
	}
	assert_int_equal(snapshot_of(t->arena, HEAD RECORD("\0", "\1", "\1") "ab", 8 + 16 + 2, &t->err), 0);
}

static void lists_a_folder_of_our_own_in_order(void **state)
{
	struct place *t = *state;
	struct files *f = files_from_disk(t->arena), *role;
	const char *const *names = NULL;
	struct slice s;
	int fd;

	assert_done(files_list(f, path_of(t, "none"), ".x", &names, &t->err), t->err);
	assert_null(names[0]);
	put(t, "b.x", 0644, "b");
	put(t, "a.x", 0644, "a");
	put(t, ".x", 0644, "");
	put(t, "c", 0644, "c");
	assert_done(files_list(f, t->folder, ".x", &names, &t->err), t->err);
	assert_string_equal(names[0], "a");
	assert_string_equal(names[1], "b");
	assert_null(names[2]);
	/* a role: what it was handed, and nothing of a folder whose name begins alike */
	assert_done(files_get(f, path_of(t, "b.x"), FILE_PUBLIC, FILES_ALL, &s, &t->err), t->err);
	files_put(f, arena_printf(t->arena, "%s2/z.x", t->folder), FILES_ALL, slice_c("z"));
	files_put(f, path_of(t, "deeper/z.x"), FILES_ALL, slice_c("z"));
	assert_done(files_snapshot(f, FILES_REFRESH, &fd, &t->err), t->err);
	assert_done(files_from_snapshot(t->arena, fd, &role, &t->err), t->err);
	assert_done(files_list(role, t->folder, ".x", &names, &t->err), t->err);
	assert_string_equal(names[0], "b");
	assert_null(names[1]);
	assert_int_equal(chmod(t->folder, 0722), 0);
	names = NULL;
	assert_refused(files_list(f, t->folder, ".x", &names, &t->err), t->err, REASON_FILE);
	assert_null(names);
	assert_int_equal(chmod(t->folder, 0700), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lists_a_folder_of_our_own_in_order, begin, end),
		cmocka_unit_test_setup_teardown(reads_each_file_once, begin, end),
		cmocka_unit_test_setup_teardown(hands_each_role_only_what_is_its_business, begin, end),
		cmocka_unit_test_setup_teardown(takes_nothing_from_the_disk_behind_a_snapshot, begin, end),
		cmocka_unit_test_setup_teardown(keeps_bytes_that_hold_anything, begin, end),
		cmocka_unit_test_setup_teardown(refuses_to_start_with_readable_key, begin, end),
		cmocka_unit_test_setup_teardown(refuses_a_secret_that_is_also_something_public, begin, end),
		cmocka_unit_test_setup_teardown(refuses_a_public_file_that_holds_a_private_key, begin, end),
		cmocka_unit_test_setup_teardown(seals_the_snapshot, begin, end),
		cmocka_unit_test_setup_teardown(reads_snapshots_strictly, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
