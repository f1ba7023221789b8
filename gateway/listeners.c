/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The listening sockets that the parent keeps open. */
#include "gateway/listeners.h"

#include <unistd.h>

static const struct listener *find(const struct listeners *l, const char *address)
{
	size_t i;

	for (i = 0; l && i < l->n; i++) {
		if (strcmp(l->list[i].address, address) == 0)
			return &l->list[i];
	}
	return NULL;
}

/* Port 0 is the kernel's choice. */
static void note_bound(struct listener *l, const char *address)
{
	const char *colon = strrchr(address, ':');

	snprintf(l->bound, sizeof(l->bound), "%.*s:%d", (int)(colon - address), address, http_bound_port(l->fd));
}

static int open_one(const char *address, struct listener *out, struct error *err)
{
	if (http_listen(address, &out->fd, err) < 0)
		return -1;
	snprintf(out->address, sizeof(out->address), "%s", address);
	note_bound(out, address);
	return 0;
}

int listeners_open(const struct listeners *now, const char *const *addresses, struct listeners *out, struct error *err)
{
	struct listeners fresh = {0};

	for (; addresses[fresh.n] && fresh.n < ROLE_SOCKETS_MAX; fresh.n++) {
		const struct listener *open = find(now, addresses[fresh.n]);

		if (open) {
			fresh.list[fresh.n] = *open;
		} else if (open_one(addresses[fresh.n], &fresh.list[fresh.n], err) < 0) {
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
		if (!find(kept, old->list[i].address))
			close(old->list[i].fd);
	}
	old->n = 0;
}

static bool adopt(struct listeners *l, const struct listener *found, const char *const *addresses)
{
	for (; *addresses; addresses++) {
		if (strcmp(*addresses, found->address) != 0 || find(l, found->address) || l->n == ROLE_SOCKETS_MAX)
			continue;
		l->list[l->n] = *found;
		note_bound(&l->list[l->n++], found->address);
		return true;
	}
	return false;
}

void listeners_adopt(struct listeners *browsers, struct listeners *metrics, const struct listener *found, size_t n, const struct settings *s)
{
	const char *const address[] = {s->metrics_listen, NULL};
	size_t i;

	for (i = 0; i < n; i++) {
		if (!adopt(browsers, &found[i], s->listen) && !adopt(metrics, &found[i], address))
			close(found[i].fd);
	}
}

size_t listeners_sockets(const struct listeners *l, int out[ROLE_SOCKETS_MAX])
{
	size_t i;

	for (i = 0; i < l->n; i++)
		out[i] = l->list[i].fd;
	return l->n;
}

int listeners_renew(struct listeners *browsers, struct listeners *metrics, const struct settings *s, struct error *err)
{
	const char *const address[] = {s->metrics_listen, NULL};
	struct listeners for_browsers, for_metrics;

	if (listeners_open(browsers, s->listen, &for_browsers, err) < 0)
		return -1;
	if (listeners_open(metrics, address, &for_metrics, err) < 0) {
		listeners_close(&for_browsers, browsers);
		return -1;
	}
	listeners_close(browsers, &for_browsers);
	listeners_close(metrics, &for_metrics);
	*browsers = for_browsers;
	*metrics = for_metrics;
	return 0;
}
