/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of several readings of the settings: each goes when it is closed, and what its generation held with the last of them. */
#include "tests/unit/unit.h"

#include "gateway/service/lines.h"

#include <fcntl.h>
#include <unistd.h>

#include <sys/socket.h>

static struct error err;

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void a_line_leads_from_one_end_to_the_other_until_it_is_closed(void **state)
{
	struct lines *all = NULL;
	struct line line;
	char got[8];

	(void)state;
	lines_make(&all, 2, 1);
	assert_done(lines_open(all, 1, &err), err);
	line = all->list[1];
	assert_done(lines_open(all, 1, &err), err);
	assert_memory_equal(&line, &all->list[1], sizeof(line));
	assert_int_equal(all->list[0].ends[0], -1);
	assert_int_equal(send(line.ends[0], "sign", 4, 0), 4);
	assert_int_equal(recv(line.ends[1], got, sizeof(got), MSG_DONTWAIT), 4);
	assert_int_not_equal(fcntl(line.ends[0], F_GETFD) & FD_CLOEXEC, 0);
	lines_close(all, 1);
	lines_close(all, 1);
	assert_false(is_open(line.ends[0]) || is_open(line.ends[1]));
	lines_free(&all);
	assert_null(all);
}

static void a_generation_stays_until_its_last_line_is_closed(void **state)
{
	struct lines *all = NULL, *first;
	int files;

	(void)state;
	lines_make(&all, 2, 1);
	first = all;
	assert_done(lines_open(all, 0, &err), err);
	assert_done(lines_open(all, 1, &err), err);
	files = all->files = open("/dev/null", O_RDONLY | O_CLOEXEC);
	lines_make(&all, 1, 2);
	lines_make(&all, 1, 3);
	assert_ptr_equal(lines_of(all, 1), first);
	lines_close(first, 0);
	lines_forget(&all, 3);
	assert_ptr_equal(lines_of(all, 1), first);
	assert_null(lines_of(all, 2));                  /* nothing of it was ever open */
	assert_int_equal(all->generation, 3);           /* nor of this one, but it is the one that runs */
	assert_true(is_open(files));
	lines_close(first, 1);
	lines_forget(&all, 3);
	assert_null(lines_of(all, 1));
	assert_false(is_open(files));
	lines_free(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_leads_from_one_end_to_the_other_until_it_is_closed),
		cmocka_unit_test(a_generation_stays_until_its_last_line_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
