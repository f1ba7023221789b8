/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who could put something else where a path leads. */
#include "tests/unit/unit.h"

#include "base/file.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static struct arena *a;
static char top[] = "/tmp/postern-path-XXXXXX";

static const char *in_top(const char *name)
{
	return arena_printf(a, "%s/%s", top, name);
}

/* TOP/way/folder, all of it ours, in /tmp. */
static int make(void **state)
{
	struct error err;

	(void)state;
	a = arena_new();
	return mkdtemp(top) ? folder_make(in_top("way/folder"), 0755, &err) : -1;
}

static int take_away(void **state)
{
	(void)state;
	rmdir(in_top("way/folder"));
	rmdir(in_top("way"));
	rmdir(top);
	arena_free(a);
	return 0;
}

static void takes_a_way_that_only_we_can_change(void **state)
{
	struct error err;

	(void)state;
	assert_done(path_require_own(in_top("way/folder/x.sock"), &err), err);
	assert_done(path_require_own(in_top("way/not/there/yet/x.sock"), &err), err);
	assert_done(path_require_own("/x.sock", &err), err);
}

static void refuses_a_folder_on_the_way_that_others_can_write(void **state)
{
	static const mode_t modes[] = {0775, 0757, 0777};
	static const char *const folders[] = {"way/folder", "way"};
	struct error err;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		const char *folder = in_top(folders[i % 2]);

		assert_int_equal(chmod(folder, modes[i / 2]), 0);
		assert_refused(path_require_own(in_top("way/folder/x.sock"), &err), err, REASON_FILE);
		assert_non_null(strstr(err.detail, arena_printf(a, "%s: its mode", folder)));
		assert_int_equal(chmod(folder, 0755), 0);
	}
}

/* Others can take nothing away there, but could be the first to make what is not there. */
static void a_sticky_folder_keeps_what_is_in_it_and_nothing_else(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(chmod(in_top("way"), 01777), 0);
	assert_done(path_require_own(in_top("way/folder/x.sock"), &err), err);
	assert_refused(path_require_own(in_top("way/x.sock"), &err), err, REASON_FILE);
	assert_refused(path_require_own(in_top("way/new/x.sock"), &err), err, REASON_FILE);
	assert_refused(path_require_own("/tmp/postern-x.sock", &err), err, REASON_FILE);
	assert_int_equal(chmod(in_top("way"), 0755), 0);
}

static void follows_links_and_judges_where_they_lead(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(symlink("way", in_top("link")), 0);
	assert_done(path_require_own(in_top("link/folder/x.sock"), &err), err);
	assert_int_equal(chmod(in_top("way"), 0777), 0);
	assert_refused(path_require_own(in_top("link/folder/x.sock"), &err), err, REASON_FILE);
	assert_int_equal(chmod(in_top("way"), 0755), 0);
	unlink(in_top("link"));
	assert_int_equal(symlink("nowhere", in_top("link")), 0);
	assert_refused(path_require_own(in_top("link/x.sock"), &err), err, REASON_FILE);
	unlink(in_top("link"));
	assert_int_equal(symlink("link", in_top("link")), 0);
	assert_refused(path_require_own(in_top("link/x.sock"), &err), err, REASON_FILE);
	unlink(in_top("link"));
}

/* A link to a link is only as good as the folder in which the second one stands. */
static void judges_each_link_of_a_chain_where_it_stands(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(mkdir(in_top("open"), 0755), 0);
	assert_int_equal(symlink("../way", in_top("open/inner")), 0);
	assert_int_equal(symlink("open/inner", in_top("link")), 0);
	assert_done(path_require_own(in_top("link/folder/x.sock"), &err), err);
	assert_int_equal(chmod(in_top("open"), 0777), 0);
	assert_refused(path_require_own(in_top("link/folder/x.sock"), &err), err, REASON_FILE);
	assert_non_null(strstr(err.detail, "/open: its mode"));
	unlink(in_top("link"));
	assert_int_equal(symlink(in_top("open/inner/folder"), in_top("link")), 0);
	assert_refused(path_require_own(in_top("link/x.sock"), &err), err, REASON_FILE);
	unlink(in_top("link"));
	unlink(in_top("open/inner"));
	rmdir(in_top("open"));
}

static void refuses_what_belongs_to_somebody_else(void **state)
{
	struct error err;

	(void)state;
	if (geteuid() != 0)     /* only root can give something away; the tests of CI run as root */
		return;
	assert_int_equal(chmod(top, 0711), 0);
	assert_int_equal(chown(in_top("way"), 12345, (gid_t)-1), 0);
	assert_refused(path_require_own(in_top("way/folder/x.sock"), &err), err, REASON_FILE);
	assert_non_null(strstr(err.detail, "belongs to user 12345"));
	assert_int_equal(seteuid(12345), 0);
	assert_done(path_require_own(in_top("way/folder/x.sock"), &err), err);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(chown(in_top("way"), 0, (gid_t)-1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_way_that_only_we_can_change),
		cmocka_unit_test(refuses_a_folder_on_the_way_that_others_can_write),
		cmocka_unit_test(a_sticky_folder_keeps_what_is_in_it_and_nothing_else),
		cmocka_unit_test(follows_links_and_judges_where_they_lead),
		cmocka_unit_test(judges_each_link_of_a_chain_where_it_stands),
		cmocka_unit_test(refuses_what_belongs_to_somebody_else),
	};

	return cmocka_run_group_tests(tests, make, take_away);
}
