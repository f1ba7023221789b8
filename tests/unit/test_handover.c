/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a parent hands to the program that takes its place: all of it comes over, and nothing that is not as it must be. */
#include "tests/unit/unit.h"

#include "gateway/service/handover.h"

#include <fcntl.h>
#include <unistd.h>

#include <sys/mman.h>

static struct error err;

#define HEAD "postern handover 2\ngeneration 3\n"
#define HEAD_BEFORE "postern handover 1\ngeneration 3\n"

static void all_of_it_comes_over(void **state)
{
	struct child second = {.pid = 4001, .heartbeat = -1, .role = "mirror", .instance = "corp", .ending = true, .kill_at = 99, .area = 2};
	struct child first = {.pid = 4000, .heartbeat = 11, .role = "worker", .instance = "1", .ready = true, .area = 1, .generation = 7, .uid = 990,
		.started = 5, .silence = 5000000, .next = &second};
	struct handover h = {.generation = 7, .lock = 3, .metrics = 4, .layout = (uint64_t)1 << 56, .socket_count = 2, .children = &first};
	struct handover got;
	const struct child *c;
	int fd;

	(void)state;
	h.sockets[0] = (struct listener){.address = "127.0.0.1:8080", .fd = 5};
	h.sockets[1] = (struct listener){.address = "[::1]:8080", .fd = 6};
	assert_done(handover_write(&h, &fd, &err), err);
	assert_int_equal(write(fd, "x", 1), -1);                /* sealed */
	assert_done(handover_read(fd, &got, &err), err);
	close(fd);
	assert_int_equal(got.generation, 7);
	assert_int_equal(got.lock, 3);
	assert_int_equal(got.metrics, 4);
	assert_true(got.layout == h.layout);
	assert_int_equal(got.socket_count, 2);
	assert_string_equal(got.sockets[1].address, "[::1]:8080");
	assert_int_equal(got.sockets[1].fd, 6);
	c = got.children;                                       /* in whichever order */
	assert_int_equal(c->pid, 4001);
	assert_int_equal(c->heartbeat, -1);
	assert_string_equal(c->role, "mirror");
	assert_true(c->ending && !c->ready && c->kill_at == 99);
	c = c->next;
	assert_int_equal(c->pid, 4000);
	assert_int_equal(c->heartbeat, 11);
	assert_string_equal(c->instance, "1");
	assert_true(got.knows_users && c->uid == 990);
	assert_true(c->ready && !c->ending && c->generation == 7 && c->area == 1 && c->started == 5 && c->silence == 5000000);
	assert_null(c->next);
	handover_free(&got);
}

/* As whom they run is not in it: parent.c guesses. */
static void what_the_version_before_hands_over_is_taken(void **state)
{
	struct handover h;

	(void)state;
	assert_done(handover_parse(slice_c(HEAD_BEFORE "child 4000 11 1 3 1 0 5 6 7 worker 1\nend\n"), &h, &err), err);
	assert_false(h.knows_users);
	assert_int_equal(h.children->kill_at, 7);
	assert_string_equal(h.children->role, "worker");
	handover_free(&h);
}

static void takes_nothing_of_what_is_not_as_it_must_be(void **state)
{
	static const char *const bad[] = {
		"", "postern handover 3\ngeneration 3\nend\n", "postern handover 10\ngeneration 3\nend\n", "postern handover 2", HEAD, HEAD "end",
		HEAD "end\n\n", HEAD "end \n", HEAD "end\nend\n", "postern handover 2\nend\n", "postern handover 2\ngeneration -3\nend\n",
		"postern handover 2\ngeneration 3 4\nend\n", "postern handover 2\ngeneration  3\nend\n", HEAD "generation 3\nend\n",
		HEAD "lock 2\nend\n", HEAD "lock 3\nlock 4\nend\n", HEAD "metrics 4\nend\n", HEAD "metrics 4 1 \nend\n",
		HEAD "metrics 4 1\nlock 3\nend\n", HEAD "socket 5\nend\n", HEAD "socket 5 \nend\n", HEAD "socket 1 127.0.0.1:1\nend\n",
		HEAD "child 4000 11 1 3 1 0 5 6 7 990 worker\nend\n", HEAD "child 1 11 1 3 1 0 5 6 7 990 worker 1\nend\n",
		HEAD "child 4000 2 1 3 1 0 5 6 7 990 worker 1\nend\n", HEAD "child 4000 11 1 3 2 0 5 6 7 990 worker 1\nend\n",
		HEAD "child 4000 11 257 3 1 0 5 6 7 990 worker 1\nend\n", HEAD "child 4000 11 1 3 1 0 5 6 7 990 a-role-with-too-long-a-name 1\nend\n",
		HEAD "child 4000 11 1 3 1 0 5 6 99999999999999999999 990 worker 1\nend\n", HEAD "chill 1\nend\n",
		HEAD "child 4000 11 1 3 1 0 5 6 7 990 worker 1\nsocket 5 127.0.0.1:1\nend\n",
		HEAD "child 4000 11 1 3 1 0 5 6 7 990 worker 1\nchild 4000 12 1 3 1 0 5 6 7 990 worker 2\nend\n",
		HEAD "child 4000 11 1 3 1 0 5 6 7 worker 1\nend\n", HEAD "child 4000 11 1 3 1 0 5 6 7 4294967295 worker 1\nend\n",
	};
	struct handover h;
	size_t i;

	(void)state;
	assert_done(handover_parse(slice_c(HEAD "end\n"), &h, &err), err);
	assert_int_equal(h.lock, -1);
	assert_int_equal(h.metrics, -1);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (handover_parse(slice_c(bad[i]), &h, &err) == 0)
			fail_msg("taken: %s", bad[i]);
	}
	assert_refused(handover_parse(slice_of(HEAD "socket 5 a\0b\nend\n", sizeof(HEAD "socket 5 a\0b\nend\n") - 1), &h, &err), err, REASON_FILE);
}

static void more_sockets_than_there_can_be_are_not_taken(void **state)
{
	char text[2048] = HEAD;
	struct handover h;
	int i;

	(void)state;
	for (i = 0; i <= HANDOVER_SOCKETS_MAX; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "socket %d 127.0.0.1:%d\n", i + 3, i + 1);
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "end\n");
	assert_refused(handover_parse(slice_c(text), &h, &err), err, REASON_FILE);
}

static void a_file_that_could_change_is_not_read(void **state)
{
	static const char text[] = HEAD "end\n";
	struct handover h;
	int fd = memfd_create("other", MFD_ALLOW_SEALING);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	assert_refused(handover_read(fd, &h, &err), err, REASON_FILE);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 0);
	assert_done(handover_read(fd, &h, &err), err);
	close(fd);
	assert_refused(handover_read(fd, &h, &err), err, REASON_FILE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it_comes_over),
		cmocka_unit_test(what_the_version_before_hands_over_is_taken),
		cmocka_unit_test(takes_nothing_of_what_is_not_as_it_must_be),
		cmocka_unit_test(more_sockets_than_there_can_be_are_not_taken),
		cmocka_unit_test(a_file_that_could_change_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
