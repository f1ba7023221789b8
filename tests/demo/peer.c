/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The web server and the pages of the demo's programs. */
#include "tests/demo/peer.h"
#include "tests/demo/style.h"

#include <errno.h>
#include <signal.h>
#include <sys/queue.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <event2/listener.h>
#include <event2/util.h>
#include <openssl/rand.h>

#define BODY_MAX (1024 * 1024)

void peer_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "demo: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	exit(1);
}

void peer_random_id(char id[PEER_ID_SIZE])
{
	unsigned char bits[16];

	if (RAND_bytes(bits, sizeof bits) != 1)
		peer_die("no random numbers");
	id[0] = '_';
	for (size_t i = 0; i < sizeof bits; i++)
		snprintf(id + 1 + 2 * i, 3, "%02x", bits[i]);
}

char *peer_read_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t size = 1024 * 1024, n;
	char *text = malloc(size);

	if (!f || !text)
		peer_die("%s: %s", path, strerror(errno));
	n = fread(text, 1, size - 1, f);
	if (ferror(f) || !feof(f))
		peer_die("%s: cannot be read, or is larger than 1 MiB", path);
	fclose(f);
	text[n] = '\0';
	return text;
}

char *peer_certificate_body(const char *pem)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	const char *from = strstr(pem, begin), *to = strstr(pem, "-----END CERTIFICATE-----");
	char *body, *p;

	if (!from || !to)
		peer_die("not a certificate in PEM");
	p = body = malloc((size_t)(to - from) + 1);
	if (!body)
		peer_die("out of memory");
	for (from += sizeof begin - 1; from < to; from++) {
		if (*from > ' ')
			*p++ = *from;
	}
	*p = '\0';
	return body;
}

/* ---- requests ---- */

bool peer_cookie(struct evhttp_request *req, const char *name, char *value, size_t size)
{
	const char *p = evhttp_find_header(evhttp_request_get_input_headers(req), "Cookie");
	size_t n = strlen(name);

	while (p) {
		p += strspn(p, "; ");
		if (strncmp(p, name, n) == 0 && p[n] == '=') {
			size_t length = strcspn(p + n + 1, ";");

			if (length >= size)
				return false;
			memcpy(value, p + n + 1, length);
			value[length] = '\0';
			return true;
		}
		p = strchr(p, ';');
	}
	return false;
}

bool peer_is_post(struct evhttp_request *req)
{
	return evhttp_request_get_command(req) == EVHTTP_REQ_POST;
}

const char *peer_query(struct evhttp_request *req)
{
	const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(req));

	return query ? query : "";
}

const char *peer_path(struct evhttp_request *req)
{
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));

	return path && *path ? path : "/";
}

void peer_form(struct evhttp_request *req, struct evkeyvalq *form)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(req);

	TAILQ_INIT(form);
	if (!peer_is_post(req)) {
		evhttp_parse_query_str(peer_query(req), form);
		return;
	}
	evbuffer_add(body, "", 1);
	evhttp_parse_query_str((const char *)evbuffer_pullup(body, -1), form);
}

bool peer_host_is(struct evhttp_request *req, const char *host)
{
	const char *asked = evhttp_find_header(evhttp_request_get_input_headers(req), "Host");

	return asked && strcasecmp(asked, host) == 0;
}

/* ---- pages ---- */

static void add_value(struct evbuffer *page, const char *name, size_t n, va_list args)
{
	bool raw = n > 0 && name[0] == '=';
	const char *key, *value;

	name += raw;
	n -= raw;
	while ((key = va_arg(args, const char *)) != NULL) {
		value = va_arg(args, const char *);
		if (strlen(key) != n || memcmp(key, name, n) != 0)
			continue;
		if (raw) {
			evbuffer_add(page, value, strlen(value));
		} else if (value) {
			char *escaped = evhttp_htmlescape(value);

			evbuffer_add(page, escaped, strlen(escaped));
			free(escaped);
		}
		return;
	}
	peer_die("a page's template names {%.*s}, which is not given", (int)n, name);
}

void peer_add(struct evbuffer *page, const char *template, ...)
{
	for (;;) {
		size_t n = strcspn(template, "{");
		const char *end;
		va_list args;

		evbuffer_add(page, template, n);
		template += n;
		if (!*template)
			return;
		end = strchr(template, '}');
		if (!end)
			peer_die("a page's template has a { without a }");
		va_start(args, template);
		add_value(page, template + 1, (size_t)(end - template - 1), args);
		va_end(args);
		template = end + 1;
	}
}

struct evbuffer *peer_page(const char *title, const char *class, const char *brand)
{
	struct evbuffer *page = evbuffer_new();

	if (!page)
		peer_die("out of memory");
	peer_add(page, "<!DOCTYPE html>\n<html lang=\"en\" class=\"{class}\"><head><meta charset=\"utf-8\">"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title><style>{=style}</style></head>\n"
		"<body><header><p><b>{brand}</b> · a demo on this machine, not the real service</p></header>\n<main>\n<h1>{title}</h1>\n",
		"class", class, "title", title, "style", PEER_STYLE, "brand", brand, NULL);
	return page;
}

static void send_buffer(struct evhttp_request *req, int status, const char *type, struct evbuffer *body)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(req);

	evhttp_add_header(headers, "Content-Type", type);
	evhttp_add_header(headers, "Cache-Control", "no-store");
	evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
	evhttp_send_reply(req, status, NULL, body);
}

void peer_send_page(struct evhttp_request *req, int status, struct evbuffer *page)
{
	peer_add(page, "</main></body></html>\n", NULL);
	send_buffer(req, status, "text/html; charset=utf-8", page);
	evbuffer_free(page);
}

void peer_send(struct evhttp_request *req, int status, const char *type, const char *body, size_t n)
{
	struct evbuffer *buffer = evbuffer_new();

	if (!buffer || evbuffer_add(buffer, body, n) < 0)
		peer_die("out of memory");
	send_buffer(req, status, type, buffer);
	evbuffer_free(buffer);
}

void peer_redirect(struct evhttp_request *req, const char *url)
{
	evhttp_add_header(evhttp_request_get_output_headers(req), "Location", url);
	peer_send(req, 303, "text/plain", "", 0);
}

void peer_set_cookie(struct evhttp_request *req, const char *name, const char *value, const char *attributes)
{
	char line[512];

	snprintf(line, sizeof line, "%s=%s; Path=/; HttpOnly; %s", name, value, attributes);
	evhttp_add_header(evhttp_request_get_output_headers(req), "Set-Cookie", line);
}

/* ---- the loop ---- */

static void stop_on_signal(evutil_socket_t fd, short what, void *base)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(base);
}

static void stop_with_parent(evutil_socket_t fd, short what, void *base)
{
	char c;

	(void)what;
	if (read(fd, &c, 1) <= 0)
		event_base_loopbreak(base);
}

void peer_serve(const char *address, peer_handler *handle, void *context)
{
	struct event_base *base = event_base_new();
	struct evhttp *server = base ? evhttp_new(base) : NULL;
	struct event *terminate, *interrupt, *parent;
	struct sockaddr_storage where;
	int length = sizeof where;
	struct evconnlistener *listener;

	if (!server || evutil_parse_sockaddr_port(address, (struct sockaddr *)&where, &length) < 0)
		peer_die("%s: not an address with a port", address);
	listener = evconnlistener_new_bind(base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_EXEC, 128,
		(struct sockaddr *)&where, length);
	if (!listener || !evhttp_bind_listener(server, listener))
		peer_die("%s: %s", address, strerror(errno));
	evhttp_set_allowed_methods(server, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST);
	evhttp_set_max_body_size(server, BODY_MAX);
	evhttp_set_gencb(server, handle, context);
	signal(SIGPIPE, SIG_IGN);
	terminate = evsignal_new(base, SIGTERM, stop_on_signal, base);
	interrupt = evsignal_new(base, SIGINT, stop_on_signal, base);
	parent = event_new(base, STDIN_FILENO, EV_READ | EV_PERSIST, stop_with_parent, base);
	event_add(terminate, NULL);
	event_add(interrupt, NULL);
	/* epoll refuses plain files and /dev/null: then there is no parent to watch. */
	if (event_add(parent, NULL) < 0)
		fprintf(stderr, "demo: standard input cannot be watched; SIGTERM ends this program\n");
	event_base_dispatch(base);
	event_free(parent);
	event_free(interrupt);
	event_free(terminate);
	evhttp_free(server);
	event_base_free(base);
}
