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

/* Port 0 is the kernel's choice: the first socket gets one, the others take the same. */
static void note_bound(struct listener *l, const char *address, int fd)
{
	const char *colon = strrchr(address, ':');

	snprintf(l->bound, sizeof(l->bound), "%.*s:%d", (int)(colon - address), address, http_bound_port(fd));
}

static int open_one(const struct listener *now, const char *address, size_t workers, struct listener *out, struct error *err)
{
	snprintf(out->address, sizeof(out->address), "%s", address);
	if (now) {
		memcpy(out->bound, now->bound, sizeof(out->bound));
		for (; out->n < now->n && out->n < workers; out->n++)
			out->fds[out->n] = now->fds[out->n];
	}
	for (; out->n < workers; out->n++) {
		if (http_listen(*out->bound ? out->bound : address, &out->fds[out->n], err) < 0)
			return -1;
		if (!*out->bound)
			note_bound(out, address, out->fds[out->n]);
	}
	return 0;
}

int listeners_open(const struct listeners *now, const char *const *addresses, size_t workers, struct listeners *out, struct error *err)
{
	struct listeners fresh = {0};

	for (; addresses[fresh.n] && fresh.n < ROLE_SOCKETS_MAX; fresh.n++) {
		if (open_one(find(now, addresses[fresh.n]), addresses[fresh.n], workers, &fresh.list[fresh.n], err) < 0) {
			fresh.n++;
			listeners_close(&fresh, now);
			return -1;
		}
	}
	*out = fresh;
	return 0;
}

static bool holds(const struct listeners *l, int fd)
{
	size_t i, j;

	for (i = 0; l && i < l->n; i++) {
		for (j = 0; j < l->list[i].n; j++) {
			if (l->list[i].fds[j] == fd)
				return true;
		}
	}
	return false;
}

void listeners_close(struct listeners *old, const struct listeners *kept)
{
	size_t i, j;

	for (i = 0; i < old->n; i++) {
		for (j = 0; j < old->list[i].n; j++) {
			if (!holds(kept, old->list[i].fds[j]))
				close(old->list[i].fds[j]);
		}
	}
	old->n = 0;
}

size_t listeners_of_worker(const struct listeners *l, size_t worker, int out[ROLE_SOCKETS_MAX])
{
	size_t i, n = 0;

	for (i = 0; i < l->n; i++) {
		if (worker < l->list[i].n)
			out[n++] = l->list[i].fds[worker];
	}
	return n;
}

int listeners_renew(struct listeners *browsers, struct listeners *metrics, const struct settings *s, struct error *err)
{
	const char *const address[] = {s->metrics_listen, NULL};
	struct listeners for_browsers, for_metrics;

	if (listeners_open(browsers, s->listen, s->workers, &for_browsers, err) < 0)
		return -1;
	if (listeners_open(metrics, address, 1, &for_metrics, err) < 0) {
		listeners_close(&for_browsers, browsers);
		return -1;
	}
	listeners_close(browsers, &for_browsers);
	listeners_close(metrics, &for_metrics);
	*browsers = for_browsers;
	*metrics = for_metrics;
	return 0;
}
