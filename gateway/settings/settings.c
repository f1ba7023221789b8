/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The settings file as a whole: its top level, the order of reading, looking up by name, paths. */
#include "gateway/settings/settings.h"
#include "base/encode.h"
#include "gateway/settings/settings_reader.h"

#include <ctype.h>
#include <unistd.h>

#define SETTINGS_MAX_BYTES (1u << 20)

/* ---- the top level ---- */

static void require_public_url(struct settings_reader *r, struct settings *s)
{
	const struct yaml_node *node = yaml_get(r->root, "public_url");
	struct url_parts u;

	if (!node || !s->public_url || url_split(s->public_url, &u) < 0)
		return;
	if (u.rest.n && !slice_is(u.rest, "/")) {
		settings_problem(r, node, "\"%s\" must not have a path or query: the cookies of a sign-on (__Host-) are those of a whole host, "
			"so this service needs a host of its own, as https://%.*s", s->public_url, (int)(u.rest.p - strstr(s->public_url, "://") - 3),
			strstr(s->public_url, "://") + 3);
		return;
	}
	s->public_url = arena_printf(r->arena, "%.*s", (int)(strlen(s->public_url) - u.rest.n), s->public_url);
	s->public_host = strstr(s->public_url, "://") + 3;
	if (strpbrk(s->public_host, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
		settings_problem(r, node, "\"%s\" must be in lower case, as browsers send it", s->public_url);
}

static void require_host(struct settings_reader *r, const struct settings *s)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

	if (strspn(s->host, good) != strlen(s->host) || strlen(s->host) > 64 || *s->host == '.')
		settings_problem(r, yaml_get(r->root, "host"), "\"%.70s\" is not a name (letters, digits, -, _ and ., at most 64)", s->host);
}

/* "127.0.0.1:8080", "[::1]:8080" */
static bool is_listen_address(const char *address)
{
	const char *colon = strrchr(address, ':');
	struct network network;
	uint64_t port;
	char host[64];
	size_t n;

	if (!colon || number_read(slice_c(colon + 1), 0, 65535, &port) < 0)
		return false;
	n = (size_t)(colon - address);
	if (*address == '[' && n > 2 && colon[-1] == ']') {
		address++;
		n -= 2;
	} else if (memchr(address, ':', n)) {
		return false;
	}
	if (n == 0 || n >= sizeof(host))
		return false;
	memcpy(host, address, n);
	host[n] = 0;
	return !strchr(host, '/') && network_read(host, &network, NULL) == 0;
}

/* NULL: none. */
const char *settings_listen_fault(const struct settings *s, const char *address)
{
	const char *path = http_unix_path(address);

	if (path && *path != '/')
		return "is not a Unix socket by its whole path (unix:/run/postern-proxy/http.sock)";
	if (path)
		return strlen(path) > HTTP_UNIX_PATH_MAX ? "has a path of more than 100 bytes" : NULL;
	if (!is_listen_address(address))
		return "is neither a numeric address with a port (127.0.0.1:8080, [::1]:8080) nor unix:PATH";
	if (!s->tls_key_file && !http_is_loopback(address))
		return "is outside loopback, where plain HTTP is not accepted: set tls_certificate and tls_key, "
			"or listen at 127.0.0.1 behind a proxy";
	return NULL;
}

/* Any process of this host could say on whose behalf it comes. */
static void require_socket_mode(struct settings_reader *r, const struct settings *s)
{
	if (s->socket_mode == SOCKET_MODE_ALL && (s->trusted_proxies.unix_sockets || s->proxy_protocol.unix_sockets))
		settings_problem(r, yaml_get(r->root, "socket_mode"), "\"0666\" lets everybody on this host connect, and %s believes whoever does",
			s->trusted_proxies.unix_sockets ? "trusted_proxies" : "proxy_protocol");
}

static void require_listen(struct settings_reader *r, const struct settings *s)
{
	const struct yaml_node *node = yaml_get(r->root, "listen");
	const char *fault;
	size_t i, j;

	for (i = 0; node && s->listen[i]; i++) {
		if (i >= 8)
			settings_problem(r, node, "holds more than 8 addresses");
		else if ((fault = settings_listen_fault(s, s->listen[i])))
			settings_problem(r, node, "\"%.120s\" %s", s->listen[i], fault);
		for (j = 0; j < i; j++) {
			if (strcmp(s->listen[i], s->listen[j]) == 0)
				settings_problem(r, node, "\"%.60s\" is there twice", s->listen[i]);
		}
	}
	if (!s->tls_certificate_file != !s->tls_key_file)
		settings_problem(r, yaml_get(r->root, s->tls_key_file ? "tls_key" : "tls_certificate"),
			"tls_certificate and tls_key belong together; the other one is missing");
}

/* True when `path` is `folder` or below it, as both are written. */
static bool is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	while (n > 1 && folder[n - 1] == '/')
		n--;
	return strncmp(path, folder, n) == 0 && (path[n] == 0 || path[n] == '/');
}

/* The roles' user owns state_dir and runtime_dir: a process of his could put a key of its own there. */
static void require_keys(struct settings_reader *r, const struct settings *s)
{
	const struct yaml_node *node = yaml_get(r->root, "keys_dir");

	if (!s->key_file != !s->certificate_file)
		settings_problem(r, yaml_get(r->root, s->key_file ? "key" : "certificate"),
			"key and certificate belong together; the other one is missing");
	if (is_below(s->keys_dir, s->state_dir) || is_below(s->keys_dir, s->runtime_dir) || strstr(s->keys_dir, "/../"))
		settings_problem_key(r, node ? node : r->root, "keys_dir",
			"\"%.200s\" must be a path without .. and outside of state_dir and runtime_dir, where the roles may write", s->keys_dir);
}

static void require_domains(struct settings_reader *r, struct settings *s)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";
	const struct yaml_node *node = yaml_get(r->root, "claimed_domains");
	static const char *const none[] = {NULL};
	const char *const *d;

	if (!s->claimed_domains)
		s->claimed_domains = none;
	for (d = s->claimed_domains; *d; d++) {
		if (strpbrk(*d, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
			settings_problem(r, node, "\"%.200s\" must be in lower case", *d);
		else if (strspn(*d, good) != strlen(*d) || !strchr(*d, '.') || **d == '.')
			settings_problem(r, node, "\"%.200s\" is not a mail domain (example.org)", *d);
	}
}

size_t settings_read_networks(struct settings_reader *r, const struct yaml_node *node, const struct network **out, bool *unix_out)
{
	const struct yaml_node *n;
	struct network *networks;
	size_t count = 0;
	const char *why;

	if (!node)
		return 0;
	networks = arena_alloc(r->arena, (yaml_children(node) + 1) * sizeof(*networks));
	for (n = node->kind == YAML_NODE_SCALAR ? node : node->child; n; n = node->kind == YAML_NODE_SCALAR ? NULL : n->next) {
		if (n->kind != YAML_NODE_SCALAR)
			settings_problem_key(r, n, node->key, "must be a list of networks");
		else if (unix_out && strcmp(n->text, HTTP_UNIX_PEER) == 0)
			*unix_out = true;
		else if (network_read(n->text, &networks[count], &why) < 0)
			settings_problem_key(r, n, node->key, "\"%.60s\" %s; networks are written as 10.0.0.0/8 or 192.0.2.7%s", n->text, why,
				unix_out ? ", Unix sockets as unix" : "");
		else
			count++;
	}
	*out = networks;
	return count;
}

static void read_peers(struct settings_reader *r, const char *key, struct http_peers *out)
{
	out->count = settings_read_networks(r, yaml_get(r->root, key), &out->networks, &out->unix_sockets);
}

/* A port of its own: two listeners on one port would share what comes to it, and browsers would meet the wrong one. */
static void require_metrics(struct settings_reader *r, const struct settings *s)
{
	const struct yaml_node *node = yaml_get(r->root, "metrics_listen");
	const char *port;
	size_t i;

	if (!node || !s->metrics_listen)
		return;
	if (!is_listen_address(s->metrics_listen)) {
		settings_problem(r, node, "\"%.60s\" is not a numeric address with a port (127.0.0.1:9464, [::1]:9464)", s->metrics_listen);
		return;
	}
	port = strrchr(s->metrics_listen, ':');
	for (i = 0; s->listen && s->listen[i]; i++) {
		const char *other = strrchr(s->listen[i], ':');

		if (other && strcmp(other, port) == 0 && strcmp(port, ":0") != 0)
			settings_problem(r, node, "\"%s\" must have a port of its own, not that of listen", s->metrics_listen);
	}
	if (!http_is_loopback(s->metrics_listen) && !s->metrics_network_count)
		settings_problem(r, node, "\"%s\" is outside loopback: metrics_networks must say who may ask there", s->metrics_listen);
}

/* A map with rows that stand in struct settings itself. */
static void read_part(struct settings_reader *r, enum setting_section section, const char *key)
{
	static const struct yaml_node nothing = {.kind = YAML_NODE_MAP};
	const struct yaml_node *node = yaml_get(r->root, key);

	section_read(r, section, node ? node : &nothing, r->settings);
}

static size_t processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > 64 ? 64 : (size_t)n;
}

static void fill_in_cookie_secrets(struct settings_reader *r, struct settings *s)
{
	const char **made = arena_alloc(r->arena, 2 * sizeof(*made));

	s->cookie_secret_made = made[0] = arena_printf(r->arena, "%s/cookie.secret", s->state_dir);
	s->cookie_secret_is_made = !s->cookie_secrets;
	s->cookie_secrets = s->cookie_secrets ? settings_paths(r, s->cookie_secrets) : made;
	if (!s->cookie_secrets[0] || (s->cookie_secrets[1] && s->cookie_secrets[2]))
		settings_problem(r, yaml_get(r->root, "cookie_secret"), "one file, or while it is changed two: the new one, which seals, and the old");
}

static void fill_in(struct settings_reader *r, struct settings *s)
{
	struct arena *a = r->arena;

	if (!s->workers)
		s->workers = processors();
	if (!s->audit_file)
		s->audit_file = arena_printf(a, "%s/audit/audit.jsonl", s->state_dir);
	if (!s->accounts.audit_file)
		s->accounts.audit_file = arena_printf(a, "%s/provision/audit.jsonl", s->state_dir);
	fill_in_cookie_secrets(r, s);
	if (!s->public_url)             /* a problem was noted */
		return;
	s->acs_url = arena_printf(a, "%s/saml/sp/acs/%s", s->public_url, s->host);
	s->slo_url = arena_printf(a, "%s/saml/sp/slo", s->public_url);
	if (!s->sp_entity_id)
		s->sp_entity_id = arena_printf(a, "%s/saml/sp/metadata", s->public_url);
	if (!s->idp_entity_id)
		s->idp_entity_id = arena_printf(a, "%s/saml/idp/metadata", s->public_url);
}

static void read_top(struct settings_reader *r)
{
	struct settings *s = r->settings;

	if (section_read(r, SECTION_top, r->root, s) < 0)
		return;
	require_public_url(r, s);
	require_host(r, s);
	require_listen(r, s);
	require_keys(r, s);
	require_domains(r, s);
	read_peers(r, "trusted_proxies", &s->trusted_proxies);
	read_peers(r, "proxy_protocol", &s->proxy_protocol);
	require_socket_mode(r, s);
	s->health_network_count = settings_read_networks(r, yaml_get(r->root, "health_networks"), &s->health_networks, NULL);
	s->metrics_network_count = settings_read_networks(r, yaml_get(r->root, "metrics_networks"), &s->metrics_networks, NULL);
	require_metrics(r, s);
	settings_read_scim(r);
	read_part(r, SECTION_otherwise, "otherwise");
	read_part(r, SECTION_accounts, "accounts");
	fill_in(r, s);
	settings_read_limits(r);
	settings_read_decryption_keys(r);
	settings_read_providers(r);
	settings_read_directories(r);
	settings_require_scim(r);
	settings_read_connections(r);
	settings_read_conditions(r);
	settings_read_rules(r);
	settings_read_exceptions(r);
	settings_read_ldap_rules(r);
	settings_read_accounts(r);
	settings_read_links(r);
	settings_read_prices(r);
	settings_read_directory_attributes(r);
	settings_read_claims(r);
}

int settings_read_tree(struct settings_reader *r, struct error *err)
{
	struct yaml_node *root;
	struct slice bytes;

	r->problems = arena_alloc(r->arena, (SETTINGS_PROBLEMS_MAX + 1) * sizeof(*r->problems));
	if (files_get(r->files, r->file, FILE_PUBLIC, FILES_ALL, &bytes, err) < 0 || yaml_read(r->arena, r->file, bytes, &root, err) < 0) {
		r->problems[0] = arena_strdup(r->arena, err->detail);
		return -1;
	}
	if (bytes.n > SETTINGS_MAX_BYTES)
		return error_set(err, REASON_SETTINGS, "%s:1: is larger than %u bytes", r->file, SETTINGS_MAX_BYTES);
	r->root = root;
	r->settings = arena_alloc(r->arena, sizeof(*r->settings));
	return 0;
}

int settings_read_for(enum settings_use use, struct arena *a, struct files *files, const char *path, const struct settings **out,
	const char *const **problems, struct error *err)
{
	struct settings_reader r = {.arena = a, .files = files, .file = arena_strdup(a, path), .use = use};
	int rc = settings_read_tree(&r, err);

	if (problems)
		*problems = r.problems;
	if (rc < 0)
		return -1;
	r.settings->file = r.file;
	read_top(&r);
	if (r.problem_count) {
		*err = r.first;
		return -1;
	}
	*out = r.settings;
	return 0;
}

int settings_read(struct arena *a, struct files *files, const char *path, const struct settings **out,
	const char *const **problems, struct error *err)
{
	return settings_read_for(SETTINGS_TO_SERVE, a, files, path, out, problems, err);
}

/* ---- by name ---- */

const struct settings_connection *settings_connection(const struct settings *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->connection_count; i++) {
		if (strcmp(s->connections[i].name, name) == 0)
			return &s->connections[i];
	}
	return NULL;
}

const struct settings_connection *settings_connection_by_entity(const struct settings *s, const char *entity_id)
{
	size_t i;

	for (i = 0; i < s->connection_count; i++) {
		if (strcmp(s->connections[i].entity_id, entity_id) == 0)
			return &s->connections[i];
	}
	return NULL;
}

const struct settings_provider *settings_provider(const struct settings *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->provider_count; i++) {
		if (strcmp(s->providers[i].name, name) == 0)
			return &s->providers[i];
	}
	return NULL;
}

const struct settings_link *settings_link(const struct settings *s, struct slice name)
{
	size_t i;

	for (i = 0; i < s->link_count; i++) {
		if (slice_is(name, s->links[i].name))
			return &s->links[i];
	}
	return NULL;
}

bool settings_demands_signed_requests(const struct settings *s)
{
	size_t i;

	for (i = 0; i < s->connection_count; i++) {
		if (s->connections[i].requests != REQUESTS_SIGNED)
			return false;
	}
	return s->connection_count > 0;
}

bool settings_sign_requests(const struct settings *s)
{
	size_t i;

	for (i = 0; i < s->provider_count; i++) {
		if (s->providers[i].sign_requests)
			return true;
	}
	return false;
}

const struct directory_options *settings_directory(const struct settings *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->directory_count; i++) {
		if (strcmp(s->directories[i].name, name) == 0)
			return &s->directories[i];
	}
	return NULL;
}

/* ---- paths ---- */

const char *settings_mirror_path(struct arena *a, const struct settings *s)
{
	return arena_printf(a, "%s/mirror/mirror.mdb", s->state_dir);
}

const char *settings_ldap_rules_path(struct arena *a, const struct settings *s)
{
	return arena_printf(a, "%s/rules/ldap-rules.json", s->state_dir);
}

const char *settings_ldap_rules_status_path(struct arena *a, const struct settings *s)
{
	return arena_printf(a, "%s/rules/ldap-rules.status", s->state_dir);
}

const char *settings_ldap_rules_accept_path(struct arena *a, const struct settings *s)
{
	return arena_printf(a, "%s/rules/ldap-rules.accept", s->state_dir);
}

const char *settings_ldap_rules_running_path(struct arena *a, const struct settings *s)
{
	return arena_printf(a, "%s/ldap-rules", s->runtime_dir);
}

const char *settings_accounts_path(struct arena *a, const struct settings *s)
{
	return arena_printf(a, "%s/accounts/accounts.mdb", s->state_dir);
}

const char *settings_seats_path(struct arena *a, const struct settings *s)
{
	return arena_printf(a, "%s/accounts/seats.json", s->state_dir);
}

const char *settings_claims_path(struct arena *a, const struct settings *s)
{
	return arena_printf(a, "%s/claims.mdb", s->runtime_dir);
}

const char *settings_metadata_path(struct arena *a, const struct settings *s, const char *provider)
{
	return arena_printf(a, "%s/metadata/%s.xml", s->state_dir, provider);
}

const char *settings_metadata_status_path(struct arena *a, const struct settings *s, const char *provider)
{
	return arena_printf(a, "%s/metadata/%s.status", s->state_dir, provider);
}

const char *settings_metadata_key_path(struct arena *a, const struct settings *s, const char *provider)
{
	return arena_printf(a, "%s/seen/%s.key", s->state_dir, provider);
}
