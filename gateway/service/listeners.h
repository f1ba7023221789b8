/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The listening sockets, one for each address, opened by the parent and kept
 * open by it.  All workers accept from them, so what waits is served by
 * whoever is there.
 */
#ifndef GATEWAY_LISTENERS_H
#define GATEWAY_LISTENERS_H

#include "gateway/service/role.h"

#define LISTENER_TEXT_SIZE (HTTP_UNIX_PATH_MAX + 8)

struct listener {
	char address[LISTENER_TEXT_SIZE];       /* as in the settings */
	char bound[LISTENER_TEXT_SIZE]; /* with the port that the kernel gave */
	struct http_unix_socket file;   /* of a Unix socket; else its path is "" */
	int fd;
};

/* Who may connect to Unix sockets. */
struct listener_access {
	mode_t mode;
	gid_t group;                    /* (gid_t)-1: that of the process */
};

struct listeners {
	struct listener list[ROLE_SOCKETS_MAX];
	size_t n;
};

/*
 * What `addresses` need: sockets of `now` where it has them, new ones else.
 * All or nothing: on failure those made here are closed again.  Where `now` has
 * none, as at a start, an address need not be of this host yet.  A Unix socket
 * whose file is gone, or is somebody else's by now, counts as one that is not
 * there.
 */
int listeners_open(const struct listeners *now, const char *const *addresses, const struct listener_access *access,
	struct listeners *out, struct error *err);
/* One that is no Unix socket.  starts: it need not be of this host yet, which is logged; later a wrong one would take the place of a good one. */
int listeners_open_tcp(const char *address, bool starts, int *fd_out, struct error *err);
/* The settings' own; the group must be one of this host. */
int listeners_access(const struct settings *s, struct listener_access *out, struct error *err);
/* Closes what `old` has and `kept` (may be NULL) has not, and removes the files of those Unix sockets. */
void listeners_close(struct listeners *old, const struct listeners *kept);
/* All that the settings want, for browsers and for roles with an address of their own (/metrics, SCIM); all or nothing. */
int listeners_renew(struct listeners *browsers, struct listeners *singles, const struct settings *s, struct error *err);
/*
 * Sockets that an earlier program of this process opened: each where the settings have its address, those that they
 * have not are closed.  Both lists are empty.
 */
void listeners_adopt(struct listeners *browsers, struct listeners *singles, const struct listener *found, size_t n, const struct settings *s);
/* The one at this address: 1, or 0. */
size_t listeners_socket_at(const struct listeners *l, const char *address, int out[ROLE_SOCKETS_MAX]);
size_t listeners_sockets(const struct listeners *l, int out[ROLE_SOCKETS_MAX]);

#endif
