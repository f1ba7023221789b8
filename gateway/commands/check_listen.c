/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The part of `postern check` about listeners: what the settings allow, and this host or its proxies may not. */
#include "gateway/commands/check.h"
#include "gateway/report.h"
#include "gateway/service/listeners.h"
#include "gateway/service/running.h"

#include <errno.h>

#include <sys/stat.h>

/* The first folder above `path` that a member of the group cannot enter; NULL: none that is there. */
static const char *closed_folder(struct arena *a, const char *path, gid_t group)
{
	const char *slash;
	struct stat st;

	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		const char *folder = arena_printf(a, "%.*s", (int)(slash - path), path);

		if (stat(folder, &st) == 0 && !(st.st_mode & S_IXOTH) && !(st.st_gid == group && (st.st_mode & S_IXGRP)))
			return folder;
	}
	return NULL;
}

/* It belongs to the roles, and is made so that nobody else can enter it; it need not be there yet. */
static bool is_in_runtime_dir(const struct settings *s, const char *path)
{
	size_t n = strlen(s->runtime_dir);

	return strncmp(path, s->runtime_dir, n) == 0 && path[n] == '/';
}

static void check_socket(struct check *c, const char *address, const struct listener_access *access)
{
	const struct settings *s = c->settings;
	const char *path = http_unix_path(address);
	const char *folder = is_in_runtime_dir(s, path) ? s->runtime_dir : closed_folder(c->arena, path, access->group);

	if (s->socket_group && folder)
		say(c, FINDING_WARNING, "listen: %s: group %s cannot enter %s; choose a folder of its own for the socket, which is made where it is "
			"missing", address, s->socket_group, folder);
	if (!s->socket_group && s->socket_mode == SOCKET_MODE_GROUP)
		say(c, FINDING_WARNING, "listen: %s: without socket_group only the user and group who start the service can connect", address);
	if (!s->trusted_proxies.unix_sockets && !s->proxy_protocol.unix_sockets)
		say(c, FINDING_WARNING, "listen: %s: neither trusted_proxies nor proxy_protocol names unix, so nobody's address is known: audit lines "
			"say unix, and `client in` is never sure", address);
}

/* Browsers reach it by a proxy on this host, then, which may say for whom it asks. */
static void check_loopback(struct check *c)
{
	const struct settings *s = c->settings;

	/* http: only this host is meant to */
	if (s->trusted_proxies.count || s->proxy_protocol.count || strncmp(s->public_url, "https:", 6) != 0)
		return;
	for (size_t i = 0; s->listen[i]; i++)
		if (http_unix_path(s->listen[i]) || !http_is_loopback(s->listen[i]))
			return;
	say(c, FINDING_WARNING, "listen: only this host can connect, and trusted_proxies names no proxy on it, so nobody's address is known: audit "
		"lines say 127.0.0.1, `client in` means the proxy, and networks have no limits%s",
		s->health_network_count ? "; what health_networks says of 127.0.0.1 it says of everybody" : "");
}

static void check_tls(struct check *c)
{
	const char *file = c->settings->tls_certificate_file;
	const char *base64;
	struct slice pem;
	struct error err;
	int64_t until;

	/* what is wrong with it, is said among keys and files */
	if (file && files_get(c->files, file, FILE_PUBLIC, FILES_ALL, &pem, &err) == 0 &&
		saml_certificate_read(c->arena, pem, &base64, &until, &err) == 0)
		check_until(c, arena_printf(c->arena, "%s: the certificate of TLS", file), until);
}

/* What serve would find out only when it is started, or share with another service of the same user. */
static void check_address(struct check *c, const char *setting, const char *address)
{
	int number;

	if (!address || http_unix_path(address) || http_may_listen(address, &number) == 0)
		return;
	if (number == EADDRNOTAVAIL)
		say(c, FINDING_WARNING, "%s: %s is no address of this host now, so nobody comes there until it is; a reload that brings it is refused",
			setting, address);
	else if (number == EADDRINUSE)
		say(c, FINDING_WARNING, "%s: %s is taken, and no service with these settings can be seen from here: see who listens there by ss -ltnp",
			setting, address);
}

static void check_addresses(struct check *c)
{
	const struct settings *s = c->settings;
	struct running running;

	running_look(s, &running);
	if (c->offline || running.pid || running.units)         /* offline: maybe not even on the host that it is for */
		return;
	for (size_t i = 0; s->listen[i]; i++)
		check_address(c, "listen", s->listen[i]);
	check_address(c, "metrics_listen", s->metrics_listen);
	check_address(c, "scim_listen", s->scim_listen);
}

void check_listen(struct check *c)
{
	const struct settings *s = c->settings;
	struct listener_access access;
	struct error err;
	size_t warnings = c->warnings, errors = c->errors, i;

	puts("listeners");
	if (listeners_access(s, &access, &err) < 0) {
		say(c, FINDING_ERROR, "%s", err.detail);
		return;
	}
	check_tls(c);
	for (i = 0; s->listen[i]; i++) {
		if (http_unix_path(s->listen[i]))
			check_socket(c, s->listen[i], &access);
	}
	check_loopback(c);
	check_addresses(c);
	if (c->warnings == warnings && c->errors == errors)
		say(c, FINDING_OK, "%s to listen at, %s", report_count(c->arena, i, "address", "addresses"), s->tls_key_file ? "with TLS" : "without TLS");
}
