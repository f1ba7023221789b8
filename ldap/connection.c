/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Connecting with libldap 2.5, whose time-outs must be combined to hold.
 *
 * NETWORK_TIMEOUT alone bounds the TCP connect only, and then a silent TLS peer
 * hangs the caller and burns CPU (ITS#8047, mended in 2.6.9); with
 * CONNECT_ASYNC the handshake ends in time, but of a name's addresses only the
 * first would be tried (addresses.h).  TIMEOUT bounds what is answered
 * synchronously (StartTLS).  TLS settings count only after TLS_NEWCTX.
 */
#include "ldap/connection.h"

#include "ldap/addresses.h"

#include <errno.h>
#include <ldap.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#define SECONDS_DEFAULT 10
#define SYSTEM_CA_FILE "/etc/ssl/certs/ca-certificates.crt"

int connection_error(const struct connection *c, const char *what, int code, struct error *err)
{
	char *said = NULL;

	if (c->ld)
		ldap_get_option(c->ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &said);
	error_set(err, REASON_DIRECTORY, "%s: %s: %s%s%s", c->uri, what, ldap_err2string(code), said && *said ? ": " : "",
		said ? said : "");
	ldap_memfree(said);
	return -1;
}

/* ---- options: one function a type, since libldap takes any pointer and reads nonsense from a wrong one ---- */

struct switches {
	const char *what;
	int rc;
};

static void set_number(struct connection *c, int option, int value, const char *what, struct switches *failed)
{
	int rc = ldap_set_option(c->ld, option, &value);

	if (rc != LDAP_OPT_SUCCESS && !failed->what)
		*failed = (struct switches){what, rc};
}

static void set_switch(struct connection *c, int option, const void *on_or_off, const char *what, struct switches *failed)
{
	int rc = ldap_set_option(c->ld, option, on_or_off);

	if (rc != LDAP_OPT_SUCCESS && !failed->what)
		*failed = (struct switches){what, rc};
}

static void set_seconds(struct connection *c, int option, int64_t seconds, const char *what, struct switches *failed)
{
	const struct timeval t = {.tv_sec = (time_t)seconds};
	int rc = ldap_set_option(c->ld, option, &t);

	if (rc != LDAP_OPT_SUCCESS && !failed->what)
		*failed = (struct switches){what, rc};
}

static void set_text(struct connection *c, int option, const char *text, const char *what, struct switches *failed)
{
	int rc = ldap_set_option(c->ld, option, text);

	if (rc != LDAP_OPT_SUCCESS && !failed->what)
		*failed = (struct switches){what, rc};
}

/*
 * libldap takes names of files only, and the key lies where this process may
 * not read: it was handed its bytes.
 */
static int pem_file(struct slice pem, int *fd_out)
{
	int fd = memfd_create("pem", MFD_CLOEXEC);

	for (size_t at = 0; fd >= 0 && at < pem.n;) {
		ssize_t n = write(fd, pem.p + at, pem.n - at);

		if (n <= 0) {
			close(fd);
			return -1;
		}
		at += (size_t)n;
	}
	*fd_out = fd;
	return fd < 0 ? -1 : 0;
}

static int set_client_certificate(struct connection *c, const struct directory_options *d, struct switches *failed, struct error *err)
{
	const struct slice pems[2] = {d->client_certificate, d->client_key};
	static const int options[2] = {LDAP_OPT_X_TLS_CERTFILE, LDAP_OPT_X_TLS_KEYFILE};
	char path[40];

	for (int i = 0; i < 2 && d->client_certificate.n && d->client_key.n; i++) {
		if (pem_file(pems[i], &c->pems[i]) < 0)
			return error_set(err, REASON_DIRECTORY, "%s: the client certificate: %s", c->uri, strerror(errno));
		snprintf(path, sizeof(path), "/proc/self/fd/%d", c->pems[i]);
		set_text(c, options[i], path, "client certificate", failed);
	}
	return 0;
}

/*
 * libldap 2.5 loses the key and the certificates that it read for each new
 * context (15 kB), and a directory that is away is tried for days: with a
 * client certificate the context is made once, as long as it is of these bytes.
 */
static struct {
	const char *key, *certificate, *ca_file;
	void *context;
} kept;

static bool is_kept(const struct directory_options *d)
{
	return kept.context && d->client_key.n && kept.key == d->client_key.p && kept.certificate == d->client_certificate.p &&
		kept.ca_file == d->ca_file;
}

static void make_context(struct connection *c, const struct directory_options *d, struct switches *failed)
{
	if (is_kept(d)) {
		set_switch(c, LDAP_OPT_X_TLS_CTX, kept.context, "TLS set-up", failed);
		return;
	}
	set_number(c, LDAP_OPT_X_TLS_NEWCTX, 0, "TLS set-up (is the CA file readable, and the client key that of its certificate?)", failed);
	if (failed->what || !d->client_key.n)
		return;
	/* a reference of our own, which is never given back */
	if (ldap_get_option(c->ld, LDAP_OPT_X_TLS_CTX, &kept.context) != LDAP_OPT_SUCCESS)
		kept.context = NULL;
	kept.key = d->client_key.p;
	kept.certificate = d->client_certificate.p;
	kept.ca_file = d->ca_file;
}

static int set_options(struct connection *c, const struct directory_options *d, struct error *err)
{
	struct switches failed = {NULL, 0};

	set_number(c, LDAP_OPT_PROTOCOL_VERSION, LDAP_VERSION3, "protocol version", &failed);
	set_number(c, LDAP_OPT_DEREF, LDAP_DEREF_NEVER, "aliases", &failed);
	set_switch(c, LDAP_OPT_REFERRALS, LDAP_OPT_OFF, "referrals", &failed);
	set_switch(c, LDAP_OPT_RESTART, LDAP_OPT_ON, "restart", &failed);
	set_switch(c, LDAP_OPT_CONNECT_ASYNC, LDAP_OPT_ON, "asynchronous connect", &failed);
	set_switch(c, LDAP_OPT_CONNECT_CB, addresses_callback(c->addresses), "addresses", &failed);
	set_seconds(c, LDAP_OPT_NETWORK_TIMEOUT, c->seconds, "time-out of the network", &failed);
	set_seconds(c, LDAP_OPT_TIMEOUT, c->seconds, "time-out of answers", &failed);
	set_number(c, LDAP_OPT_X_TLS_REQUIRE_CERT, LDAP_OPT_X_TLS_DEMAND, "certificate check", &failed);
	set_number(c, LDAP_OPT_X_TLS_PROTOCOL_MIN, LDAP_OPT_X_TLS_PROTOCOL_TLS1_2, "TLS version", &failed);
	set_text(c, LDAP_OPT_X_TLS_CACERTFILE, d->ca_file ? d->ca_file : SYSTEM_CA_FILE, "CA file", &failed);
	if (set_client_certificate(c, d, &failed, err) < 0)
		return -1;
	/* a server that vanished without a word is noticed by the system too, not only by our own probes */
	set_number(c, LDAP_OPT_X_KEEPALIVE_IDLE, 60, "keep-alive", &failed);
	set_number(c, LDAP_OPT_X_KEEPALIVE_INTERVAL, 10, "keep-alive", &failed);
	set_number(c, LDAP_OPT_X_KEEPALIVE_PROBES, 3, "keep-alive", &failed);
	if (failed.what)
		return connection_error(c, failed.what, failed.rc, err);
	if (d->starttls || strncasecmp(c->uri, "ldaps:", 6) == 0)
		make_context(c, d, &failed);
	return failed.what ? connection_error(c, failed.what, failed.rc, err) : 0;
}

/* ---- steps ---- */

static int last_code(struct connection *c)
{
	int code = LDAP_OTHER;

	ldap_get_option(c->ld, LDAP_OPT_RESULT_CODE, &code);
	return code;
}

static int start_tls(struct connection *c, struct error *err)
{
	int rc = ldap_start_tls_s(c->ld, NULL, NULL);

	return rc == LDAP_SUCCESS ? 0 : connection_error(c, "StartTLS (is it the CA's certificate, for this host name?)", rc,
		err);
}

/* GnuTLS's own words ("unknown error code") help nobody. */
static const char *connecting(const struct connection *c)
{
	if (strncasecmp(c->uri, "ldaps:", 6) == 0)
		return "connect (with TLS: is it the CA's certificate, for this host name?)";
	return "connect";
}

static int bind_result(struct connection *c, int id, const char *who, struct error *err)
{
	struct timeval wait = {.tv_sec = (time_t)c->seconds};
	LDAPMessage *message = NULL;
	int code = LDAP_OTHER, rc = ldap_result(c->ld, id, LDAP_MSG_ALL, &wait, &message);

	if (rc == 0)
		return connection_error(c, "connect and bind", LDAP_TIMEOUT, err);
	if (rc < 0)
		return connection_error(c, connecting(c), last_code(c), err);
	rc = ldap_parse_result(c->ld, message, &code, NULL, NULL, NULL, NULL, 1);
	if (rc != LDAP_SUCCESS || code != LDAP_SUCCESS)
		return connection_error(c, who, rc != LDAP_SUCCESS ? rc : code, err);
	return 0;
}

static int bind_simple(struct connection *c, const struct directory_options *d, struct error *err)
{
	struct berval password = {d->bind_dn ? d->password.n : 0, (char *)d->password.p};
	int id, rc;

	/* RFC 4513 section 5.1.2: a name with an empty password is taken for nobody, and succeeds */
	if (d->bind_dn && password.bv_len == 0)
		return error_set(err, REASON_DIRECTORY, "%s: the password of %s is empty", c->uri, d->bind_dn);
	rc = ldap_sasl_bind(c->ld, d->bind_dn ? d->bind_dn : "", LDAP_SASL_SIMPLE, &password, NULL, NULL, &id);
	if (rc != LDAP_SUCCESS)
		return connection_error(c, connecting(c), rc, err);
	return bind_result(c, id, d->bind_dn ? d->bind_dn : "anonymous bind", err);
}

/* RFC 4422 appendix A: one message, and no name but the one that the connection proves. */
static int bind_external(struct connection *c, struct error *err)
{
	struct berval nobody = {0, (char *)""};
	int id, rc = ldap_sasl_bind(c->ld, NULL, "EXTERNAL", &nobody, NULL, NULL, &id);

	if (rc != LDAP_SUCCESS)
		return connection_error(c, connecting(c), rc, err);
	return bind_result(c, id, "bind by SASL EXTERNAL", err);
}

/* One try.  *again_out: another one has addresses that this one passed over. */
static int open_once(const struct directory_options *d, const char *uri, const struct mirror_progress *progress, struct connection **out,
	bool *again_out, struct error *err)
{
	struct connection *c = calloc(1, sizeof(*c));
	int rc;

	if (!c)
		abort();
	c->uri = uri;
	c->pems[0] = c->pems[1] = -1;
	c->seconds = d->network_seconds > 0 ? d->network_seconds : SECONDS_DEFAULT;
	c->addresses = addresses_new(c->seconds, progress);
	/* neither ldap.conf nor LDAPTLS_… of whoever started us may loosen what is set here */
	setenv("LDAPNOINIT", "1", 1);
	rc = ldap_initialize(&c->ld, uri);
	if (rc != LDAP_SUCCESS) {
		connection_error(c, "address", rc, err);
		goto fail;
	}
	if (set_options(c, d, err) < 0)
		goto fail;
	if (d->starttls && start_tls(c, err) < 0)
		goto fail;
	if (progress)
		progress->alive(progress->context);
	if (d->bind == DIRECTORY_BIND_EXTERNAL ? bind_external(c, err) < 0 : bind_simple(c, d, err) < 0)
		goto fail;
	*out = c;
	return 0;
fail:
	*again_out = addresses_forgive(c->addresses);
	connection_close_useless(c);
	return -1;
}

int connection_open(const struct directory_options *d, const char *uri, const struct mirror_progress *progress,
	struct connection **out, struct error *err)
{
	bool again = false;

	if (open_once(d, uri, progress, out, &again, err) == 0)
		return 0;
	return again ? open_once(d, uri, progress, out, &again, err) : -1;
}

void connection_close(struct connection *c)
{
	if (!c)
		return;
	if (c->ld)
		ldap_unbind_ext(c->ld, NULL, NULL);
	for (int i = 0; i < 2; i++)
		if (c->pems[i] >= 0)
			close(c->pems[i]);
	addresses_free(c->addresses);
	free(c);
}

void connection_close_useless(struct connection *c)
{
	if (c)
		addresses_doubt(c->addresses);
	connection_close(c);
}

/* ---- entries ---- */

static void take_values(struct arena *a, struct berval *values, struct mirror_attribute *m)
{
	struct slice *list;
	size_t n = 0;

	while (values && values[n].bv_val)
		n++;
	list = arena_alloc(a, n * sizeof(*list) + 1);
	for (size_t i = 0; i < n; i++)
		list[i] = slice_of(values[i].bv_val, values[i].bv_len);
	m->values = list;
	m->n = n;
}

int entry_take(struct connection *c, struct arena *a, struct ldapmsg *message, struct entry *out, struct error *err)
{
	struct mirror_attribute *list = NULL;
	struct entry e = {.dn = NULL};
	BerElement *ber = NULL;
	struct berval dn, name, *values = NULL;
	int rc = ldap_get_dn_ber(c->ld, message, &ber, &dn);

	while (rc == LDAP_SUCCESS) {
		rc = ldap_get_attribute_ber(c->ld, message, ber, &name, &values);
		if (rc != LDAP_SUCCESS || !name.bv_val)
			break;
		list = arena_grow(a, list, e.attribute_count, sizeof(*list));
		list[e.attribute_count].name = arena_copy(a, slice_of(name.bv_val, name.bv_len));
		take_values(a, values, &list[e.attribute_count++]);
		ber_memfree(values);
		values = NULL;
	}
	if (ber)
		ber_free(ber, 0);
	if (rc != LDAP_SUCCESS)
		return connection_error(c, "an entry that cannot be read", rc, err);
	if (memchr(dn.bv_val, '\0', dn.bv_len))
		return error_set(err, REASON_DIRECTORY, "%s: an entry's name holds a NUL", c->uri);
	e.dn = arena_copy(a, slice_of(dn.bv_val, dn.bv_len));
	e.attributes = list;
	*out = e;
	return 0;
}

void entry_keep(struct arena *a, struct entry *e)
{
	for (size_t i = 0; i < e->attribute_count; i++) {
		struct slice *values = (struct slice *)e->attributes[i].values;

		for (size_t j = 0; j < e->attributes[i].n; j++)
			values[j] = arena_slice(a, values[j]);
	}
}

static bool is_good_end(const struct search *search, int code)
{
	return code == LDAP_SUCCESS || code == LDAP_SIZELIMIT_EXCEEDED ||
		(search->scope == SEARCH_BASE && code == LDAP_NO_SUCH_OBJECT);
}

/* One message of a search.  1: the search is over, 0: go on, -1. */
static int search_message(struct connection *c, const struct search *search, LDAPMessage *message,
	void (*each)(const struct entry *e, void *context), void *context, struct error *err)
{
	struct arena *a;
	struct entry e;
	int code, rc = 0;

	switch (ldap_msgtype(message)) {
	case LDAP_RES_SEARCH_ENTRY:
		a = arena_new();
		rc = entry_take(c, a, message, &e, err);
		if (rc == 0)
			each(&e, context);
		arena_free(a);
		return rc;
	case LDAP_RES_SEARCH_RESULT:
		rc = ldap_parse_result(c->ld, message, &code, NULL, NULL, NULL, NULL, 0);
		if (rc != LDAP_SUCCESS || !is_good_end(search, code))
			return connection_error(c, "search", rc != LDAP_SUCCESS ? rc : code, err);
		return 1;
	default:
		return 0;       /* continuation references lead to other servers: not followed */
	}
}

int connection_message(struct connection *c, int milliseconds, struct ldapmsg **out, struct error *err)
{
	struct timeval wait = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
	int code = LDAP_SERVER_DOWN, type = ldap_result(c->ld, LDAP_RES_ANY, LDAP_MSG_ONE, &wait, out);

	if (type >= 0)
		return type > 0;
	ldap_get_option(c->ld, LDAP_OPT_RESULT_CODE, &code);
	return connection_error(c, "connection lost", code, err);
}

int connection_search(struct connection *c, const struct search *search, void (*each)(const struct entry *e, void *context),
	void *context, struct error *err)
{
	int scope = search->scope == SEARCH_BASE ? LDAP_SCOPE_BASE : LDAP_SCOPE_SUBTREE;
	int id, rc = ldap_search_ext(c->ld, search->base, scope, search->filter, (char **)search->attributes, 0, NULL, NULL,
		NULL, search->limit, &id);

	if (rc != LDAP_SUCCESS)
		return connection_error(c, "search", rc, err);
	for (rc = 0; rc == 0;) {
		struct timeval wait = {.tv_sec = (time_t)c->seconds};
		LDAPMessage *message = NULL;
		int type = ldap_result(c->ld, id, LDAP_MSG_ONE, &wait, &message);

		if (type <= 0) {
			rc = connection_error(c, "search", type == 0 ? LDAP_TIMEOUT : last_code(c), err);
			break;
		}
		rc = search_message(c, search, message, each, context, err);
		ldap_msgfree(message);
	}
	if (rc < 0) {
		error_prefix(err, "%s: ", search->base);
		ldap_abandon_ext(c->ld, id, NULL, NULL);
	}
	return rc < 0 ? -1 : 0;
}
