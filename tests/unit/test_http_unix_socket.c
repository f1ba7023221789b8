/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Listening Unix sockets: who may connect, what is left over, what is not ours. */
#include "tests/unit/unit.h"

#include "http/http.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[40];

static struct http_unix_socket named(const char *name, mode_t mode)
{
	struct http_unix_socket u = {.mode = mode, .group = (gid_t)-1};

	snprintf(u.path, sizeof(u.path), "%s/%s", folder, name);
	return u;
}

static int connect_to(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	rc = connect(fd, (struct sockaddr *)&to, sizeof(to));
	close(fd);
	return rc;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 0777;
}

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

static void knows_the_form(void **state)
{
	(void)state;
	assert_string_equal(http_unix_path("unix:/run/x.sock"), "/run/x.sock");
	assert_string_equal(http_unix_path("unix:x"), "x");
	assert_null(http_unix_path("127.0.0.1:80"));
	assert_null(http_unix_path("UNIX:/x"));
	assert_false(http_is_loopback("unix:/run/x.sock"));
}

static void listens_with_the_mode_that_is_wanted(void **state)
{
	static const mode_t modes[] = {0600, 0660, 0666};
	struct error err;
	int fd;

	(void)state;
	umask(0077);
	for (size_t i = 0; i < 3; i++) {
		struct http_unix_socket u = named("mode.sock", modes[i]);

		assert_done(http_unix_listen(&u, &fd, &err), err);
		assert_int_equal(mode_of(u.path), modes[i]);
		assert_int_equal(connect_to(u.path), 0);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
		assert_int_equal(http_bound_port(fd), -1);
		u.mode = 0640;
		assert_done(http_unix_allow(&u, &err), err);
		assert_int_equal(mode_of(u.path), 0640);
		http_unix_remove(&u);
		assert_false(is_there(u.path));
		close(fd);
	}
	umask(0022);
}

static void gives_it_to_a_group(void **state)
{
	struct http_unix_socket u = named("group.sock", 0660);
	struct stat st;
	struct error err;
	int fd;

	(void)state;
	u.group = getuid() == 0 ? 12345 : getegid();
	assert_done(http_unix_listen(&u, &fd, &err), err);
	assert_int_equal(lstat(u.path, &st), 0);
	assert_int_equal(st.st_gid, u.group);
	assert_int_equal(st.st_mode & 0777, 0660);
	http_unix_remove(&u);
	close(fd);
}

static void makes_the_folder(void **state)
{
	struct http_unix_socket u = named("new/http.sock", 0600);
	char path[60];
	struct error err;
	int fd;

	(void)state;
	assert_done(http_unix_listen(&u, &fd, &err), err);
	assert_int_equal(connect_to(u.path), 0);
	snprintf(path, sizeof(path), "%s/new", folder);
	assert_int_equal(mode_of(path), 0755);
	http_unix_remove(&u);
	close(fd);
	rmdir(path);
}

static void takes_the_place_of_what_was_left_over(void **state)
{
	struct http_unix_socket old = named("left.sock", 0600), u = named("left.sock", 0600);
	char fresh[HTTP_UNIX_PATH_MAX + 8];
	struct error err;
	int fd;

	(void)state;
	assert_done(http_unix_listen(&old, &fd, &err), err);
	close(fd);
	assert_true(is_there(old.path));
	assert_int_equal(connect_to(old.path), -1);
	/* and of what a process left over that was killed while it made one */
	snprintf(fresh, sizeof(fresh), "%s.new", old.path);
	assert_int_equal(link(old.path, fresh), 0);
	assert_done(http_unix_listen(&u, &fd, &err), err);
	assert_false(is_there(fresh));
	assert_int_equal(connect_to(u.path), 0);
	assert_true(http_unix_is_there(&u));
	assert_false(http_unix_is_there(&old));
	/* who ended late does not take the new one away */
	http_unix_remove(&old);
	assert_true(http_unix_is_there(&u));
	http_unix_remove(&u);
	close(fd);
}

static void refuses_what_is_somebody_elses(void **state)
{
	struct http_unix_socket first = named("taken.sock", 0600), second = named("taken.sock", 0600), file = named("file", 0600);
	struct http_unix_socket folder_there = named("", 0600);
	struct error err;
	int fd, other = -7;

	(void)state;
	assert_done(http_unix_listen(&first, &fd, &err), err);
	assert_refused(http_unix_listen(&second, &other, &err), err, REASON_SETTINGS);
	assert_non_null(strstr(err.detail, "another process listens there"));
	assert_int_equal(connect_to(first.path), 0);
	http_unix_remove(&first);
	close(fd);
	close(open(file.path, O_CREAT | O_WRONLY, 0600));
	assert_refused(http_unix_listen(&file, &other, &err), err, REASON_SETTINGS);
	assert_non_null(strstr(err.detail, "is no socket"));
	unlink(file.path);
	assert_refused(http_unix_listen(&folder_there, &other, &err), err, REASON_SETTINGS);
	assert_int_equal(other, -7);
}

/* It listens, and is too busy to say so. */
static void refuses_a_socket_whose_queue_is_full(void **state)
{
	struct http_unix_socket u = named("busy.sock", 0600);
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int busy = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), waiting[8], other = -7;
	struct error err;

	(void)state;
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", u.path);
	assert_int_equal(bind(busy, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(busy, 0), 0);
	for (size_t i = 0; i < 8; i++) {
		waiting[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		connect(waiting[i], (struct sockaddr *)&at, sizeof(at));
	}
	assert_refused(http_unix_listen(&u, &other, &err), err, REASON_SETTINGS);
	assert_non_null(strstr(err.detail, "another process listens there"));
	for (size_t i = 0; i < 8; i++)
		close(waiting[i]);
	close(busy);
	unlink(u.path);
}

static void follows_no_link_when_it_gives_rights(void **state)
{
	struct http_unix_socket u = named("link.sock", 0666);
	struct http_unix_socket other = named("other", 0600);
	struct error err;
	int fd;

	(void)state;
	assert_done(http_unix_listen(&u, &fd, &err), err);
	close(open(other.path, O_CREAT | O_WRONLY, 0600));
	unlink(u.path);
	assert_int_equal(symlink(other.path, u.path), 0);
	assert_refused(http_unix_allow(&u, &err), err, REASON_SETTINGS);
	assert_int_equal(mode_of(other.path), 0600);
	assert_false(http_unix_is_there(&u));
	http_unix_remove(&u);
	assert_true(is_there(u.path));
	unlink(u.path);
	unlink(other.path);
	close(fd);
}

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/postern-sockets-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_the_form),
		cmocka_unit_test(listens_with_the_mode_that_is_wanted),
		cmocka_unit_test(gives_it_to_a_group),
		cmocka_unit_test(makes_the_folder),
		cmocka_unit_test(takes_the_place_of_what_was_left_over),
		cmocka_unit_test(refuses_what_is_somebody_elses),
		cmocka_unit_test(refuses_a_socket_whose_queue_is_full),
		cmocka_unit_test(follows_no_link_when_it_gives_rights),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
