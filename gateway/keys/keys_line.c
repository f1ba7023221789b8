/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets over a pair of sockets, or between two sockets with names: see keys_line.h. */
#include "gateway/keys/keys_line.h"

#include <errno.h>
#include <fcntl.h>

#include <sys/socket.h>
#include <sys/time.h>

#define BUFFER (512 << 10)              /* more than KEYS_PACKET_MAX */

static int unusable(struct error *err)
{
	return error_set(err, REASON_INTERNAL, "the line between worker and keys role: %s", strerror(errno));
}

int keys_line_open(const struct keys_end *end, int wait, struct keys_line *out, struct error *err)
{
	const struct timeval timeout = {.tv_sec = wait / 1000, .tv_usec = wait % 1000 * 1000};
	struct keys_line l = {.fd = end->fd, .named = end->to, .generation = end->generation, .to = {.sun_family = AF_UNIX}};
	int flags = fcntl(l.fd, F_GETFL);
	const int size = BUFFER;

	if (l.named && (size_t)snprintf(l.to.sun_path, sizeof(l.to.sun_path), "%s", end->to) >= sizeof(l.to.sun_path))
		return error_set(err, REASON_INTERNAL, "%s: too long for the name of a socket", end->to);
	/* systemd hands over sockets that do not wait, as those of browsers must not */
	if (flags < 0 || fcntl(l.fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
		return unusable(err);
	/* as far as the kernel allows: what is too large then is refused by itself */
	setsockopt(l.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (setsockopt(l.fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0)
		return unusable(err);
	*out = l;
	return 0;
}

ssize_t keys_line_send(const struct keys_line *l, struct slice packet)
{
	uint64_t generation = l->generation;
	struct sockaddr_un to = l->to;
	struct iovec parts[] = {{&generation, sizeof(generation)}, {(void *)packet.p, packet.n}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2, .msg_name = &to, .msg_namelen = sizeof(to)};

	if (!l->named)
		return send(l->fd, packet.p, packet.n, MSG_DONTWAIT | MSG_NOSIGNAL);
	return sendmsg(l->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

ssize_t keys_line_receive(const struct keys_line *l, void *packet, size_t size)
{
	uint64_t generation = 0;
	struct iovec parts[] = {{&generation, sizeof(generation)}, {packet, size}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	ssize_t n;

	if (!l->named)
		return recv(l->fd, packet, size, MSG_TRUNC);
	n = recvmsg(l->fd, &message, MSG_TRUNC);
	if (n < 0)
		return n;
	if (n > (ssize_t)sizeof(generation) && generation == l->generation)
		return n - (ssize_t)sizeof(generation);
	errno = EAGAIN;         /* of other settings, or nonsense: as if nothing had come */
	return -1;
}
