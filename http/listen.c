/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Listening sockets, opened by the parent.
 *
 * One socket an address, from which all workers accept: what waits is served
 * by whoever is there.  SO_REUSEPORT only lets a reload open 0.0.0.0:8080 while
 * 127.0.0.1:8080 is still served.  It does not spread connections evenly: of
 * eight, six may hash to one worker (turns.c does better).
 */
#include "http/internal.h"

#include "base/encode.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096                    /* the kernel cuts it to net.core.somaxconn */

struct place {
	struct sockaddr_storage address;
	socklen_t size;
	bool has_port;
};

/* "127.0.0.1:8080" and "[::1]:8080", and both without a port */
static int place_read(const char *text, struct place *out)
{
	const char *colon = strrchr(text, ':'), *end = strchr(text, ']');
	bool six = text[0] == '[';
	struct place place = {.size = 0, .has_port = false};
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&place.address;
	struct sockaddr_in *in = (struct sockaddr_in *)&place.address;
	unsigned char bytes[16];
	struct slice address;
	uint64_t port = 0;

	if (colon && end && colon < end)
		colon = NULL;
	place.has_port = colon != NULL;
	if (colon && number_read(slice_c(colon + 1), 0, 65535, &port) < 0)
		return -1;
	address = slice_of(text, colon ? (size_t)(colon - text) : strlen(text));
	if (six) {
		if (!end || end != address.p + address.n - 1)
			return -1;
		address = slice_of(address.p + 1, address.n - 2);
	}
	if (network_address_read(address, bytes) < 0 || (memchr(address.p, ':', address.n) != NULL) != six)
		return -1;
	if (six) {
		*in6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
		memcpy(&in6->sin6_addr, bytes, sizeof(bytes));
		place.size = sizeof(*in6);
	} else {
		*in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
		memcpy(&in->sin_addr, bytes + 12, 4);
		place.size = sizeof(*in);
	}
	*out = place;
	return 0;
}

static int bind_at(int fd, const struct place *place, bool early)
{
	const struct sockaddr *address = (const struct sockaddr *)&place->address;
	int on = 1;

	if (bind(fd, address, place->size) == 0)
		return 0;
	if (!early || errno != EADDRNOTAVAIL || setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on)) < 0)
		return -1;
	return bind(fd, address, place->size);
}

static int listen_at(const char *address, bool early, int *fd_out, struct error *err)
{
	struct place place;
	int fd = -1, on = 1;

	if (place_read(address, &place) < 0 || !place.has_port)
		return error_set(err, REASON_SETTINGS, "%s: not of the form 127.0.0.1:8080 or [::1]:8080", address);
	fd = socket(place.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set(err, REASON_SETTINGS, "%s: %s", address, strerror(errno));
	/* an accepted socket inherits TCP_NODELAY; without it TLS waits 40 ms for every reply */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0 ||
	    (place.address.ss_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0) ||
	    bind_at(fd, &place, early) < 0 || listen(fd, BACKLOG) < 0) {
		error_set(err, REASON_SETTINGS, "%s: %s", address, strerror(errno));
		close(fd);
		return -1;
	}
	*fd_out = fd;
	return 0;
}

int http_listen(const char *address, int *fd_out, struct error *err)
{
	return listen_at(address, false, fd_out, err);
}

int http_listen_early(const char *address, int *fd_out, struct error *err)
{
	return listen_at(address, true, fd_out, err);
}

int http_may_listen(const char *address, int *error_number)
{
	struct place place;
	int fd, on = 1, rc;

	*error_number = EINVAL;
	if (place_read(address, &place) < 0)
		return -1;
	fd = socket(place.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* without SO_REUSEPORT, so that nobody else's is shared; with the other, which does not mind connections that have just ended */
	rc = fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
		(place.address.ss_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0) ||
		bind(fd, (struct sockaddr *)&place.address, place.size) < 0 ? -1 : 0;
	*error_number = rc < 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
	return rc;
}

int http_bound_port(int fd)
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		return -1;
	if (address.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
	return address.ss_family == AF_INET ? ntohs(((struct sockaddr_in *)&address)->sin_port) : -1;
}

bool http_is_loopback(const char *address)
{
	struct place place;

	if (place_read(address, &place) < 0)
		return false;
	if (place.address.ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)&place.address)->sin6_addr);
	return ntohl(((struct sockaddr_in *)&place.address)->sin_addr.s_addr) >> 24 == 127;
}
