/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One address after another, by libldap's call-backs: see addresses.h. */
#include "ldap/addresses.h"

#include "base/clock.h"

#include <errno.h>
#include <ldap.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#define SECOND ((int64_t)1000000)
#define LEAST (SECOND / 2)              /* for each, however many there are */
#define LOOK_MS 250                     /* how often it is said meanwhile that this process is alive */
#define DOUBTED_MAX 16

struct addresses {
	struct ldap_conncb callback;
	const struct mirror_progress *progress;
	int64_t each;                   /* microseconds: for the first; all together have three times that */
	int64_t began;                  /* 0: none was tried */
	struct sockaddr_in6 reached;    /* or a sockaddr_in; family 0: none was, or it is a path */
	bool is_reached, passed_over;
};

/* Of this process, since a connection is thrown away when it is of no use.  The oldest gives way. */
static struct sockaddr_in6 doubted[DOUBTED_MAX];
static size_t doubted_next;

static struct sockaddr_in6 address_of(const struct sockaddr *from)
{
	struct sockaddr_in6 out = {.sin6_family = 0};

	if (from->sa_family == AF_INET || from->sa_family == AF_INET6)
		memcpy(&out, from, from->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(out));
	return out;
}

static struct sockaddr_in6 *find_doubted(const struct sockaddr_in6 *address)
{
	for (size_t i = 0; address->sin6_family && i < DOUBTED_MAX; i++)
		if (memcmp(&doubted[i], address, sizeof(*address)) == 0)
			return &doubted[i];
	return NULL;
}

/* ---- waiting ---- */

static int64_t end_of_turn(const struct addresses *a, int64_t now)
{
	int64_t left = a->began + 2 * a->each - now, turn = left / 2 > LEAST ? left / 2 : LEAST;
	int64_t last = a->began + 3 * a->each;

	return now + turn < last ? now + turn : last;
}

static bool must_stop(const struct addresses *a)
{
	if (!a->progress)
		return false;
	a->progress->alive(a->progress->context);
	return a->progress->stop(a->progress->context);
}

/* 1: something became of it, 0: nothing until then, -1: that is not to be known. */
static int wait_until(const struct addresses *a, int fd, int64_t end)
{
	struct pollfd one = {.fd = fd, .events = POLLOUT};

	for (;;) {
		int64_t left = end - clock_monotonic_us();
		int ready = poll(&one, 1, left <= 0 ? 0 : left < LOOK_MS * 1000 ? (int)(left / 1000) + 1 : LOOK_MS);

		if (ready > 0 || (ready < 0 && errno != EINTR))
			return ready;
		if (left <= 0 || must_stop(a))
			return 0;
	}
}

/* ---- what libldap calls ---- */

/* 0: this one it is; anything else: the next. */
static int try_one(LDAP *ld, Sockbuf *buffer, LDAPURLDesc *server, struct sockaddr *to, struct ldap_conncb *callback)
{
	struct addresses *a = callback->lc_arg;
	const struct sockaddr_in6 address = address_of(to);
	const int64_t now = clock_monotonic_us();
	int fd, wrong = ETIMEDOUT;
	socklen_t size = sizeof(wrong);

	(void)ld;
	(void)server;
	if (!a->began)
		a->began = now;
	if (find_doubted(&address)) {
		a->passed_over = true;
		return -1;
	}
	if (ber_sockbuf_ctrl(buffer, LBER_SB_OPT_GET_FD, &fd) != 1 || wait_until(a, fd, end_of_turn(a, now)) != 1 ||
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &wrong, &size) < 0 || wrong != 0)
		return -1;
	a->reached = address;
	a->is_reached = true;
	return 0;
}

static void is_closed(LDAP *ld, Sockbuf *buffer, struct ldap_conncb *callback)
{
	(void)ld;
	(void)buffer;
	(void)callback;
}

/* ---- for connections ---- */

struct addresses *addresses_new(int64_t seconds, const struct mirror_progress *progress)
{
	struct addresses *a = calloc(1, sizeof(*a));

	if (!a)
		abort();
	*a = (struct addresses){.callback = {try_one, is_closed, a}, .progress = progress, .each = seconds * SECOND};
	return a;
}

void addresses_free(struct addresses *a)
{
	free(a);
}

void *addresses_callback(struct addresses *a)
{
	return &a->callback;
}

void addresses_doubt(const struct addresses *a)
{
	if (a->is_reached && a->reached.sin6_family && !find_doubted(&a->reached))
		doubted[doubted_next++ % DOUBTED_MAX] = a->reached;
}

bool addresses_forgive(const struct addresses *a)
{
	if (a->is_reached || !a->passed_over)
		return false;
	memset(doubted, 0, sizeof(doubted));
	return true;
}
