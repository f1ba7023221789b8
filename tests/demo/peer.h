/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the demo's two programs share: a small web server on loopback with
 * pages a person can click, and what SAML's metadata has in common.
 *
 * They stand for Entra ID and Atlassian in the quickstart and in the tests.
 * They are no part of Postern and take nothing from it: they speak SAML by
 * lasso alone, so that both sides of a sign-on are read by other code.
 *
 * One thread, one event loop.  A program ends with its parent: it watches its
 * standard input and stops when that closes.
 */
#ifndef TESTS_DEMO_PEER_H
#define TESTS_DEMO_PEER_H

#include <stdbool.h>
#include <stddef.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#define PEER_ID_SIZE 36                 /* "_", 32 hexadecimal digits, NUL, rounded up */

/* Ends the program with a sentence: these programs have nothing to mend. */
void peer_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* "_" and 128 random bits: an ID that SAML takes (it must not begin with a digit). */
void peer_random_id(char id[PEER_ID_SIZE]);
/* A whole file with a NUL after it; dies without it.  Caller frees. */
char *peer_read_file(const char *path);
/* The base64 of a PEM certificate, as metadata carries it.  Caller frees. */
char *peer_certificate_body(const char *pem);

/* ---- requests ---- */

/* Value of a cookie, or false. */
bool peer_cookie(struct evhttp_request *req, const char *name, char *value, size_t size);
/* The form of a POST or the query of a GET, decoded; caller clears it with evhttp_clear_headers. */
void peer_form(struct evhttp_request *req, struct evkeyvalq *form);
/* The raw query, "" without one; lives as long as the request. */
const char *peer_query(struct evhttp_request *req);
const char *peer_path(struct evhttp_request *req);
/* Whether the request's Host is this one: each program answers to names of its own only. */
bool peer_host_is(struct evhttp_request *req, const char *host);
bool peer_is_post(struct evhttp_request *req);

/* ---- pages ---- */

/*
 * Appends a template to a page.  {name} is replaced by the value that follows
 * that name in the arguments (name, value, …, NULL), escaped for HTML; {=name}
 * by the value as it is.
 */
void peer_add(struct evbuffer *page, const char *template, ...) __attribute__((sentinel));
/* class: what the style sheet colours it by, "entra", "managed", "portal". */
struct evbuffer *peer_page(const char *title, const char *class, const char *brand);
/* Ends the page, sends it, frees it. */
void peer_send_page(struct evhttp_request *req, int status, struct evbuffer *page);
void peer_send(struct evhttp_request *req, int status, const char *type, const char *body, size_t n);
/* 303: the browser goes on with a GET. */
void peer_redirect(struct evhttp_request *req, const char *url);
void peer_set_cookie(struct evhttp_request *req, const char *name, const char *value, const char *attributes);

/* ---- the loop ---- */

typedef void peer_handler(struct evhttp_request *req, void *context);
/* Listens on "127.0.0.1:8080" and answers until standard input closes or SIGTERM or SIGINT comes. */
void peer_serve(const char *address, peer_handler *handle, void *context);

#endif
