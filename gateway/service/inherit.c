/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See inherit.h. */
#include "gateway/service/inherit.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#define UNWATCHED ((int64_t)600000000)  /* microseconds; they are replaced long before */

/* ---- numbers that are names: of descriptors, of processes ---- */

static void each_number(const char *folder, void (*each)(int number, void *context), void *context)
{
	DIR *d = opendir(folder);
	const struct dirent *e;
	uint64_t n;

	while (d && (e = readdir(d))) {
		if (number_read(slice_c(e->d_name), 0, INT32_MAX, &n) == 0 && (int)n != dirfd(d))
			each((int)n, context);
	}
	if (d)
		closedir(d);
}

static bool is_kind(int fd, mode_t kind)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == kind;
}

static bool is_listening(int fd)
{
	int yes = 0;
	socklen_t size = sizeof(yes);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &size) == 0 && yes;
}

static bool is_our_child(pid_t pid)
{
	siginfo_t info;

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* ---- what was handed over ---- */

static void keep_what_is_true(struct handover *h)
{
	struct child **at = &h->children, *c;
	size_t i, n = 0;

	if (!is_kind(h->lock, S_IFREG))
		h->lock = -1;
	if (h->layout != metrics_layout() || !is_kind(h->metrics, S_IFREG))
		h->metrics = -1;
	for (i = 0; i < h->socket_count; i++) {
		if (is_listening(h->sockets[i].fd) && strchr(h->sockets[i].address, ':'))
			h->sockets[n++] = h->sockets[i];
	}
	h->socket_count = n;
	while ((c = *at)) {
		c->heard = clock_monotonic_us();
		if (!is_kind(c->heartbeat, S_IFIFO))
			c->heartbeat = -1;
		if (is_our_child(c->pid)) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		free(c);
	}
}

/* ---- what is found ---- */

/* Its name of when it was made: PATH.new (http/unix_socket.c). */
static void write_path(const struct sockaddr_un *a, char *out, size_t size)
{
	size_t n = strnlen(a->sun_path, sizeof(a->sun_path));

	if (n > 4 && memcmp(a->sun_path + n - 4, ".new", 4) == 0)
		snprintf(out, size, "unix:%.*s", (int)n - 4, a->sun_path);
}

/* As the settings write it. */
static void write_address(int fd, char *out, size_t size)
{
	struct sockaddr_storage a = {0};
	const struct sockaddr_in6 *six = (const void *)&a;
	const struct sockaddr_in *four = (const void *)&a;
	socklen_t length = sizeof(a);
	char text[INET6_ADDRSTRLEN] = "";

	*out = '\0';
	if (getsockname(fd, (struct sockaddr *)&a, &length) < 0)
		return;
	if (a.ss_family == AF_INET && inet_ntop(AF_INET, &four->sin_addr, text, sizeof(text)))
		snprintf(out, size, "%s:%d", text, ntohs(four->sin_port));
	else if (a.ss_family == AF_INET6 && inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof(text)))
		snprintf(out, size, "[%s]:%d", text, ntohs(six->sin6_port));
	else if (a.ss_family == AF_UNIX)
		write_path((const void *)&a, out, size);
}

static void find_socket(int fd, void *context)
{
	struct handover *h = context;
	struct listener *l = &h->sockets[h->socket_count];

	if (h->socket_count == HANDOVER_SOCKETS_MAX || !is_listening(fd))
		return;
	write_address(fd, l->address, sizeof(l->address));
	l->fd = fd;
	h->socket_count += *l->address != '\0';
}

static size_t read_cmdline(pid_t pid, char *out, size_t size)
{
	char path[40];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/cmdline", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, out, size - 1);
		close(fd);
	}
	out[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* The next argument, or "". */
static const char *argument(const char **at, const char *end)
{
	const char *it = *at;

	if (it >= end)
		return "";
	*at = it + strlen(it) + 1;
	return it;
}

static void find_child(int pid, void *context)
{
	struct handover *h = context;
	char line[1024];
	const char *at = line, *end, *role, *instance;
	struct child *c;

	if (!is_our_child(pid))
		return;
	end = line + read_cmdline(pid, line, sizeof(line));
	if (strcmp(argument(&at, end), "postern") != 0 || strcmp(argument(&at, end), "role") != 0)
		return;
	role = argument(&at, end);
	instance = argument(&at, end);
	c = calloc(1, sizeof(*c));
	if (!c)
		abort();
	*c = (struct child){.pid = pid, .heartbeat = -1, .ready = true, .area = METRICS_AREAS, .silence = UNWATCHED, .next = h->children};
	c->started = c->heard = clock_monotonic_us();
	snprintf(c->role, sizeof(c->role), "%s", role);
	snprintf(c->instance, sizeof(c->instance), "%s", instance);
	h->children = c;
}

/* ---- what nobody needs ---- */

struct rest {
	const struct handover *h;
	bool pipes_stay;                /* whose is unknown, and a role ends when nobody reads its heartbeat */
	int fds[1024];
	size_t n;
};

static bool is_needed(const struct handover *h, int fd)
{
	const struct child *c;
	size_t i;

	if (fd <= STDERR_FILENO || fd == h->lock || fd == h->metrics)
		return true;
	for (i = 0; i < h->socket_count; i++) {
		if (h->sockets[i].fd == fd)
			return true;
	}
	for (c = h->children; c; c = c->next) {
		if (c->heartbeat == fd)
			return true;
	}
	return false;
}

static void sort_out(int fd, void *context)
{
	struct rest *r = context;

	if (is_needed(r->h, fd) || (r->pipes_stay && is_kind(fd, S_IFIFO))) {
		if (fd > STDERR_FILENO)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
	} else if (r->n < sizeof(r->fds) / sizeof(*r->fds)) {
		r->fds[r->n++] = fd;
	}
}

static void close_the_rest(const struct handover *h, bool pipes_stay)
{
	struct rest r = {.h = h, .pipes_stay = pipes_stay};
	size_t i;

	each_number("/proc/self/fd", sort_out, &r);
	for (i = 0; i < r.n; i++)
		close(r.fds[i]);
}

/* ---- */

/* "PID FD", as upgrade.c writes it: the same process, so it was not somebody's shell. */
static int named_fd(void)
{
	const char *value = getenv(INHERIT_VARIABLE), *blank = value ? strchr(value, ' ') : NULL;
	uint64_t pid, fd;
	int rc = -1;

	if (blank && number_read(slice_of(value, (size_t)(blank - value)), 1, INT32_MAX, &pid) == 0 && (pid_t)pid == getpid() &&
		number_read(slice_c(blank + 1), STDERR_FILENO + 1, 1 << 20, &fd) == 0)
		rc = (int)fd;
	else if (value)
		log_warning(INHERIT_VARIABLE " is set by another process, and is not looked at", NULL);
	unsetenv(INHERIT_VARIABLE);
	return rc;
}

bool inherit(struct handover *out)
{
	struct handover h = {.lock = -1, .metrics = -1};
	struct error err;
	int fd = named_fd();
	bool is_read;

	*out = h;
	if (fd < 0)
		return false;
	is_read = handover_read(fd, &h, &err) == 0;
	if (is_read) {
		keep_what_is_true(&h);
	} else {
		log_warning("what the program before handed over cannot be read: the sockets are kept, all processes are replaced", "detail", err.detail, NULL);
		each_number("/proc/self/fd", find_socket, &h);
		each_number("/proc", find_child, &h);
	}
	close_the_rest(&h, !is_read);
	*out = h;
	return true;
}
