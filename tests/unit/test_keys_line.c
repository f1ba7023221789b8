/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The line of two units of systemd: sockets with names, which stay while who reads them comes and goes. */
#include "tests/unit/unit.h"

#include "gateway/keys/keys_line.h"
#include "gateway/keys/keys_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <sys/socket.h>

static struct error err;
static char folder[40], names[2][60];
static int sockets[2];                  /* worker's, keys role's; systemd's, in a way */

static int listen_at(const char *name)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(strlen(name) < sizeof(a.sun_path));
	memcpy(a.sun_path, name, strlen(name) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static int begin(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/postern-keys-line-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	for (int i = 0; i < 2; i++) {
		snprintf(names[i], sizeof(names[i]), "%s/%s", folder, i ? "keys-1" : "worker-1");
		sockets[i] = listen_at(names[i]);
	}
	return 0;
}

static int end(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		close(sockets[i]);
		unlink(names[i]);
	}
	return rmdir(folder);
}

/* End 0 is the worker's, as started with that generation of the settings. */
static struct keys_line line(int i, uint64_t generation)
{
	const struct keys_end end = {.fd = sockets[i], .to = names[!i], .generation = generation};
	struct keys_line l;

	assert_done(keys_line_open(&end, 20, &l, &err), err);
	return l;
}

static void what_nobody_took_waits_for_whoever_comes(void **state)
{
	struct keys_line worker = line(0, 7), keys;
	char got[32];

	(void)state;
	assert_int_equal(fcntl(sockets[0], F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(keys_line_receive(&worker, got, sizeof(got)), -1);
	assert_int_equal(errno, EAGAIN);
	assert_true(keys_line_send(&worker, slice_c("sign this")) > 0);
	keys = line(1, 7);
	assert_int_equal(keys_line_receive(&keys, got, sizeof(got)), 9);
	assert_memory_equal(got, "sign this", 9);
	assert_true(keys_line_send(&keys, slice_c("signed")) > 0);
	worker = line(0, 7);
	assert_int_equal(keys_line_receive(&worker, got, sizeof(got)), 6);
	assert_memory_equal(got, "signed", 6);
}

/* While a reload goes from one to the other, one of the two may have the settings before. */
static void nothing_is_taken_from_who_has_other_settings(void **state)
{
	struct keys_line worker = line(0, 7), keys = line(1, 8), newer = line(0, 8);
	char got[32];

	(void)state;
	assert_true(keys_line_send(&worker, slice_c("sign for door 1")) > 0);
	assert_true(keys_line_send(&newer, slice_c("sign for door 2")) > 0);
	assert_int_equal(keys_line_receive(&keys, got, sizeof(got)), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(keys_line_receive(&keys, got, sizeof(got)), 15);
	assert_memory_equal(got, "sign for door 2", 15);
}

static void nonsense_is_nothing_and_a_long_packet_is_known_by_its_length(void **state)
{
	struct keys_line worker = line(0, 7), keys = line(1, 7);
	static char large[KEYS_PACKET_MAX / 4];
	char got[32];

	(void)state;
	assert_int_equal(sendto(sockets[0], "", 0, 0, (struct sockaddr *)&worker.to, sizeof(worker.to)), 0);
	assert_int_equal(keys_line_receive(&keys, got, sizeof(got)), -1);       /* not 0, which would be the end of a pair */
	assert_int_equal(sendto(sockets[0], "1234567", 7, 0, (struct sockaddr *)&worker.to, sizeof(worker.to)), 7);
	assert_int_equal(keys_line_receive(&keys, got, sizeof(got)), -1);
	assert_true(keys_line_send(&worker, slice_of(large, sizeof(large))) > 0);
	assert_int_equal(keys_line_receive(&keys, got, sizeof(got)), sizeof(large));
}

static void a_name_without_a_socket_is_an_error_of_sending(void **state)
{
	const struct keys_end end = {.fd = sockets[0], .to = folder};
	char name[200] = "/";
	const struct keys_end too_long = {.fd = sockets[0], .to = memset(name, '/', sizeof(name) - 1)};
	struct keys_line l;

	(void)state;
	assert_done(keys_line_open(&end, 20, &l, &err), err);
	assert_int_equal(keys_line_send(&l, slice_c("sign this")), -1);
	assert_int_equal(errno, ECONNREFUSED);
	assert_refused(keys_line_open(&too_long, 20, &l, &err), err, REASON_INTERNAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_nobody_took_waits_for_whoever_comes, begin, end),
		cmocka_unit_test_setup_teardown(nothing_is_taken_from_who_has_other_settings, begin, end),
		cmocka_unit_test_setup_teardown(nonsense_is_nothing_and_a_long_packet_is_known_by_its_length, begin, end),
		cmocka_unit_test_setup_teardown(a_name_without_a_socket_is_an_error_of_sending, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
