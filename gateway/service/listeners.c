/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The listening sockets that the parent keeps open. */
#include "gateway/service/listeners.h"
#include "base/log.h"

#include <errno.h>
#include <grp.h>
#include <unistd.h>

#include <sys/socket.h>

int listeners_access(const struct settings *s, struct listener_access *out, struct error *err)
{
	static const mode_t modes[] = {[SOCKET_MODE_GROUP] = 0660, [SOCKET_MODE_OWNER] = 0600, [SOCKET_MODE_ALL] = 0666};
	struct listener_access access = {.mode = modes[s->socket_mode], .group = (gid_t)-1};
	const struct group *group;

	if (s->socket_group) {
		group = getgrnam(s->socket_group);
		if (!group)
			return error_set(err, REASON_SETTINGS, "%s: socket_group: \"%s\" is not a group of this host", s->file, s->socket_group);
		access.group = group->gr_gid;
	}
	*out = access;
	return 0;
}

static const struct listener *find(const struct listeners *l, const char *address)
{
	size_t i;

	for (i = 0; l && i < l->n; i++) {
		if (strcmp(l->list[i].address, address) == 0)
			return &l->list[i];
	}
	return NULL;
}

static bool holds(const struct listeners *l, int fd)
{
	size_t i;

	for (i = 0; l && i < l->n; i++) {
		if (l->list[i].fd == fd)
			return true;
	}
	return false;
}

static bool is_of_use(const struct listener *l)
{
	socklen_t size = sizeof(int);
	int listens = 0;

	/* all share it: whoever shut it down did so for all */
	if (!l || getsockopt(l->fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0 || !listens)
		return false;
	return !*l->file.path || http_unix_is_there(&l->file);
}

/* Port 0 is the kernel's choice. */
static void note_bound(struct listener *l, const char *address)
{
	const char *colon = strrchr(address, ':');

	if (http_unix_path(address))
		snprintf(l->bound, sizeof(l->bound), "%s", address);
	else
		snprintf(l->bound, sizeof(l->bound), "%.*s:%d", (int)(colon - address), address, http_bound_port(l->fd));
}

static int open_unix(const char *address, const struct listener_access *access, struct listener *out, struct error *err)
{
	struct http_unix_socket *file = &out->file;

	*file = (struct http_unix_socket){.mode = access->mode, .group = access->group};
	snprintf(file->path, sizeof(file->path), "%s", http_unix_path(address));
	return http_unix_listen(file, &out->fd, err);
}

int listeners_open_tcp(const char *address, bool starts, int *fd_out, struct error *err)
{
	int number;

	if (!starts)
		return http_listen(address, fd_out, err);
	if (http_listen_early(address, fd_out, err) < 0)
		return -1;
	if (http_may_listen(address, &number) < 0 && number == EADDRNOTAVAIL)
		log_warning("listening at an address that this host does not have yet: nobody comes until it has", "address", address, NULL);
	return 0;
}

static int open_one(const char *address, const struct listener_access *access, bool starts, struct listener *out, struct error *err)
{
	*out = (struct listener){.fd = -1};
	snprintf(out->address, sizeof(out->address), "%s", address);
	if ((http_unix_path(address) ? open_unix(address, access, out, err) : listeners_open_tcp(address, starts, &out->fd, err)) < 0)
		return -1;
	note_bound(out, address);
	return 0;
}

/* What the settings say now; done by allow. */
static void keep(const struct listener *open, const struct listener_access *access, struct listener *out)
{
	*out = *open;
	if (!*out->file.path)
		return;
	out->file.mode = access->mode;
	if (access->group != (gid_t)-1 || open->file.group != (gid_t)-1)
		out->file.group = access->group == (gid_t)-1 ? getegid() : access->group;
}

static int allow(const struct listeners *l, struct error *err)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (*l->list[i].file.path && http_unix_allow(&l->list[i].file, err) < 0)
			return -1;
	}
	return 0;
}

int listeners_open(const struct listeners *now, const char *const *addresses, const struct listener_access *access,
	struct listeners *out, struct error *err)
{
	struct listeners fresh = {0};

	for (; addresses[fresh.n] && fresh.n < ROLE_SOCKETS_MAX; fresh.n++) {
		const struct listener *open = find(now, addresses[fresh.n]);
		struct listener *made = &fresh.list[fresh.n];

		if (is_of_use(open)) {
			keep(open, access, made);
		} else if (open_one(addresses[fresh.n], access, !now || now->n == 0, made, err) < 0) {
			listeners_close(&fresh, now);
			return -1;
		}
	}
	*out = fresh;
	return 0;
}

void listeners_close(struct listeners *old, const struct listeners *kept)
{
	size_t i;

	for (i = 0; i < old->n; i++) {
		const struct listener *l = &old->list[i];

		if (holds(kept, l->fd))
			continue;
		close(l->fd);
		if (*l->file.path)
			http_unix_remove(&l->file);
	}
	old->n = 0;
}

/* The file of an adopted socket is what stands at its path. */
static struct listener with_file(const struct listener *found)
{
	const char *path = http_unix_path(found->address);
	struct listener l = *found;

	if (path) {
		l.file = (struct http_unix_socket){.mode = 0660, .group = (gid_t)-1};
		snprintf(l.file.path, sizeof(l.file.path), "%s", path);
		http_unix_adopt(&l.file);
	}
	note_bound(&l, l.address);
	return l;
}

static bool adopt(struct listeners *l, const struct listener *found, const char *const *addresses)
{
	for (; *addresses; addresses++) {
		if (strcmp(*addresses, found->address) != 0 || find(l, found->address) || l->n == ROLE_SOCKETS_MAX)
			continue;
		l->list[l->n++] = *found;
		return true;
	}
	return false;
}

#define SINGLE_MOST 2

/* The addresses of roles that have one of their own. */
static void single_addresses(const struct settings *s, const char *out[SINGLE_MOST + 1])
{
	size_t n = 0;

	if (s->metrics_listen)
		out[n++] = s->metrics_listen;
	if (s->scim_listen)
		out[n++] = s->scim_listen;
	out[n] = NULL;
}

void listeners_adopt(struct listeners *browsers, struct listeners *singles, const struct listener *found, size_t n, const struct settings *s)
{
	const char *address[SINGLE_MOST + 1];
	size_t i;

	single_addresses(s, address);

	for (i = 0; i < n; i++) {
		struct listeners one = {.list = {with_file(&found[i])}, .n = 1};

		if (!adopt(browsers, &one.list[0], s->listen) && !adopt(singles, &one.list[0], address))
			listeners_close(&one, NULL);
	}
}

size_t listeners_sockets(const struct listeners *l, int out[ROLE_SOCKETS_MAX])
{
	size_t i;

	for (i = 0; i < l->n; i++)
		out[i] = l->list[i].fd;
	return l->n;
}

size_t listeners_socket_at(const struct listeners *l, const char *address, int out[ROLE_SOCKETS_MAX])
{
	const struct listener *found = find(l, address);

	if (!found)
		return 0;
	out[0] = found->fd;
	return 1;
}

int listeners_renew(struct listeners *browsers, struct listeners *singles, const struct settings *s, struct error *err)
{
	const char *address[SINGLE_MOST + 1];
	struct listeners for_browsers, for_singles;
	struct listener_access access;

	single_addresses(s, address);
	if (listeners_access(s, &access, err) < 0 || listeners_open(browsers, s->listen, &access, &for_browsers, err) < 0)
		return -1;
	if (listeners_open(singles, address, &access, &for_singles, err) < 0) {
		listeners_close(&for_browsers, browsers);
		return -1;
	}
	if (allow(&for_browsers, err) < 0 || allow(&for_singles, err) < 0) {
		listeners_close(&for_browsers, browsers);
		listeners_close(&for_singles, singles);
		return -1;
	}
	listeners_close(browsers, &for_browsers);
	listeners_close(singles, &for_singles);
	*browsers = for_browsers;
	*singles = for_singles;
	return 0;
}
