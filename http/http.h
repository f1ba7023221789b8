/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The front: evhttp behind a strict gate, and an exchange as plain data.
 *
 * A handler sees a request that passed the gate (one Host that is ours, or `by_address`, one
 * Content-Length of digits or exactly `chunked`, field names of token
 * characters, a known route, a method the route allows, a body within the
 * route's limit) and fills in a reply.  It runs to its end on the event loop;
 * the reply is sent when it returns.  Nothing here knows SAML, LDAP or rules.
 *
 * The bytes of a connection are read twice: by reader.c, which knows only the
 * strict form and stops at the first byte outside it, and by evhttp, which is
 * lax.  A handler runs only for what both took for one request; what the
 * reader refuses never reaches evhttp, and the connection ends with the page.
 *
 * A reply of 429 ends the connection, unless that is a trusted proxy's.
 *
 * Everything in an exchange lives in its arena, which is wiped and freed after
 * the reply was handed to the socket.
 *
 * A worker process holds one server.  Only http/ sees event2/http.h.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/arena.h"
#include "base/network.h"

#include <stdint.h>
#include <sys/types.h>

struct event_base;
struct http_server;

/* Another than the first three is known only to a server that has a route for it. */
enum http_method { HTTP_GET = 1, HTTP_HEAD = 2, HTTP_POST = 4, HTTP_PUT = 8, HTTP_PATCH = 16, HTTP_DELETE = 32 };

#define HTTP_WITH_BODY (HTTP_POST | HTTP_PUT | HTTP_PATCH)

struct http_cookie {
	struct slice name, value;
};

struct http_exchange {
	struct arena *arena;
	/* request */
	enum http_method method;
	const char *path;               /* decoded? no: as sent, without the query; "/saml/idp/sso" */
	const char *rest;               /* of a route that ends in `*`: what follows its prefix, as sent; "" else */
	struct slice query;             /* raw, byte for byte, without `?`; n 0: none */
	struct slice body;              /* of a method that has one */
	const char *content_type;       /* lower case, without parameters; NULL: none */
	const char *client;             /* numeric address: the peer, or from a trusted proxy's header; "unknown": that says nothing sure; HTTP_UNIX_PEER */
	const struct http_cookie *cookies;      /* in the order sent; broken pairs are left out */
	size_t cookie_count;
	const char *fetch_dest;         /* Sec-Fetch-Dest; NULL: the browser does not say */
	const char *fetch_mode;         /* Sec-Fetch-Mode */
	const char *accept_language;
	const char *authorization;      /* NULL: none; never logged */
	const char *if_match, *if_none_match;
	/* reply: filled in by the handler; status 0 becomes a 500 page */
	int status;
	const char *reply_type;         /* Content-Type */
	struct slice reply_body;
	const char *location;           /* Location header; refused (500, logged) when it holds a control character or blank */
	const char *form_action;        /* CSP form-action sources instead of 'none': "https:" */
	const char *frame_ancestors;    /* CSP sources that may frame this reply, instead of none at all */
	const char *style_hash;         /* CSP style source, "'sha256-…'", or NULL: 'none' */
	const char *image_source;       /* CSP image source: "data:"; NULL: 'none' */
	const char *script_hash;        /* likewise for the one script a page has, or NULL */
	const char *retry_after;
	const char *etag;
	const char *www_authenticate;   /* of 401 */
	struct http_set_cookie *set_cookies;
	const char *allow;              /* of a 405: set by the server before `refuse` */
	void *context;                  /* the handler's own; the server leaves it alone */
};

struct http_set_cookie {
	const char *name;               /* with its `__Host-` */
	const char *value;
	int64_t max_age;                /* seconds; 0 deletes it */
	struct http_set_cookie *next;
};

/*
 * Path=/; Secure; HttpOnly; SameSite=None: the POST that returns from the
 * identity provider is cross-site, and Lax would drop the cookie there.
 */
void http_set_cookie(struct http_exchange *x, const char *name, const char *value, int64_t max_age);

/* The Content-Security-Policy that goes along with this reply. */
const char *http_content_security_policy(const struct http_exchange *x);

struct http_route {
	const char *path;               /* "/health/live"; "/go/ *" written without the blank matches what begins so */
	unsigned methods;               /* HTTP_GET | HTTP_POST …; GET implies HEAD */
	size_t body_limit;              /* bytes of a body */
	void (*handle)(struct http_exchange *x, void *context);
	bool always;                    /* `admit` is not asked */
	bool by_address;                /* answered under a numeric Host or "localhost", and without one, as well */
	/* Other than REASON_NONE: why a body of more than HTTP_STRANGERS_BODY, or of a length that is not said, is not read of whom `knows` does not know. */
	enum reason stranger;
};

#define HTTP_STRANGERS_BODY 16384

/* Who may connect: networks, and whoever comes by a Unix socket. */
struct http_peers {
	const struct network *networks;
	size_t count;
	bool unix_sockets;
};

#define HTTP_UNIX_PEER "unix"           /* what stands for the address of who comes by a Unix socket */

struct http_options {
	const char *public_host;        /* "sso.example.org" or with ":8443"; any other Host is 400 but `by_address`; NULL: see `hosts` */
	const char *const *hosts;       /* without public_host: names that may be a Host, besides numeric addresses and "localhost"; NULL: none */
	/*
	 * Who must send a PROXY header ahead of everything else; from others it is no request.  The address in it then stands
	 * for the peer's, also where `trusted` is asked.
	 */
	struct http_peers proxy_protocol;
	struct http_peers trusted;      /* whose Forwarded and X-Forwarded-For are believed */
	const struct http_route *routes;        /* ends with path NULL */
	/* Fills in the page for a refusal of the gate or a route that does not exist. */
	void (*refuse)(struct http_exchange *x, enum reason reason, void *context);
	/* Before a handler runs, and for a path without one: REASON_NONE, or why it may not; NULL: it may.  Sets retry_after. */
	enum reason (*admit)(struct http_exchange *x, void *context);
	/* Ahead of a body, of an Authorization field: is it somebody's?  NULL: nobody's is, where a route asks. */
	bool (*knows)(struct slice authorization, void *context);
	/* Of a TLS connection, before any of its work is done: false ends it.  NULL: all are welcome. */
	bool (*welcome)(const char *peer, void *context);
	/* A peer's network has more connections than it may: one was ended. */
	void (*crowded)(const char *peer, void *context);
	void *context;
	int64_t header_seconds;         /* to receive a request's head and body, and again to take the reply; 0: 20 */
	int64_t idle_seconds;           /* between requests of a connection; 0: 60 */
	size_t header_limit;            /* bytes; 0: 16384 */
	int64_t hsts_seconds;           /* Strict-Transport-Security; 0: none, as it must be when the public address is http */
	/*
	 * Of several processes that accept from the same sockets: told how many connections there are, whenever one came
	 * or went, and whether more are accepted.  True: another process should take the next one; it is given a moment.
	 * NULL: there is no other.
	 */
	bool (*share)(size_t connections, bool accepts, void *context);
	size_t connection_limit;        /* at once; 0: 4096, or what the hard limit of descriptors allows; the longest idle makes room */
	/*
	 * Connections of one network at once; 0: no limit.  A newcomer beyond it ends the longest idle of that network, or the
	 * slowest, or is ended itself.  At most three quarters of connection_limit.  Proxies and Unix sockets are not counted, nor are the networks in `exempt`.
	 */
	size_t network_limit;
	int ipv4_prefix, ipv6_prefix;   /* bits of an address that are its network; 0: all 32, 64 */
	const struct network *exempt;
	size_t exempt_count;
	size_t input_limit;             /* bytes received and not yet handled, of all connections; of one network a quarter; 0: 64 MiB */
};

/*
 * An event loop that tells the kernel only what changed at the end of a turn: a third less CPU for each request.  However much
 * there is to do in a turn (4,000 handshakes take longer than a parent waits for a sign of life), events of the priority
 * HTTP_EVENT_FIRST are looked after in between.
 */
#define HTTP_EVENT_FIRST 0
struct event_base *http_event_base(void);

/*
 * tls_certificate, tls_key: PEM; both {NULL, 0} for plain HTTP.  TLS 1.2 and 1.3.
 * Does not listen yet.
 */
int http_server_new(struct event_base *base, const struct http_options *options, struct slice tls_certificate,
	struct slice tls_key, struct http_server **out, struct error *err);
/* Whether that pair would be taken: all of the chain, the key's strength, that they belong together. */
int http_tls_check(struct slice certificate, struct slice key, struct error *err);
/* Accepts on a socket that is bound and listening, opened by the parent; the descriptor stays the caller's. */
int http_server_accept(struct http_server *s, int fd, struct error *err);
/* Stops accepting, answers what is under way with `Connection: close`; `drained` is called once none is left. */
void http_server_drain(struct http_server *s, void (*drained)(void *context), void *context);
void http_server_free(struct http_server *s);

/*
 * A listening socket for the parent: SO_REUSEPORT, close-on-exec, non-blocking; "127.0.0.1:8080", "[::1]:8080".
 * Port 0: the kernel's, see http_bound_port.
 */
int http_listen(const char *address, int *fd_out, struct error *err);
/* The same at an address that this host need not have yet: it may come with the network, or from another host that fails. */
int http_listen_early(const char *address, int *fd_out, struct error *err);
/* Whether nobody listens there and the address is one of this host, without listening; -1 with errno's number. */
int http_may_listen(const char *address, int *error_number);
int http_bound_port(int fd);
bool http_is_loopback(const char *address);

/* ---- Unix sockets ---- */

#define HTTP_UNIX_PATH_MAX 100          /* bytes: sun_path holds 108, and the socket is made under a longer name */

/* "/run/x.sock" of "unix:/run/x.sock"; NULL: not of that form. */
const char *http_unix_path(const char *address);

struct http_unix_socket {
	char path[HTTP_UNIX_PATH_MAX + 1];
	mode_t mode;
	gid_t group;                    /* (gid_t)-1: that of the process */
	dev_t device;                   /* of the file, so that nobody else's is taken for it */
	ino_t inode;
};

/*
 * A listening socket at u->path, with its mode and group from the first moment on; makes the folder where it is missing.
 * The file of a process that ended takes its place; that of one which listens, and what is no socket, is refused.
 * Fills in device and inode.
 */
int http_unix_listen(struct http_unix_socket *u, int *fd_out, struct error *err);
/* Of a socket that was handed over: the file at u->path is taken for its own. */
void http_unix_adopt(struct http_unix_socket *u);
bool http_unix_is_there(const struct http_unix_socket *u);     /* that very file, at that path */
int http_unix_allow(const struct http_unix_socket *u, struct error *err);       /* its mode and group, anew */
void http_unix_remove(const struct http_unix_socket *u);        /* only that very file */

#endif
