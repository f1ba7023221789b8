/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A SCIM 2.0 server (RFC 7643, 7644) for Entra ID's provisioning service, as
 * plain data: a request in, a reply out.
 *
 * What comes in is source data: it is kept in one LMDB file of its own, durable,
 * written by one process (scim_open), and cannot be had again but by a restart
 * of the provisioning in Entra ID.  scim_follow is another process: it carries
 * the file into the mirror, as one more directory, about twice a second.
 *
 * Entra's requests differ from the RFC, and from themselves: two dialects of
 * PATCH, booleans as strings, names in any case, a `Remove` whose value names
 * the members that go.  What is understood is said where it is (patch.c,
 * user.c, filter.c).
 *
 * This folder knows neither HTTP nor settings nor rules, and nothing of
 * Atlassian.  jansson is used here for JSON; its objects never leave a request.
 */
#ifndef SCIM_SCIM_H
#define SCIM_SCIM_H

#include "base/seal.h"
#include "ldap/mirror.h"

#define SCIM_BODY_LIMIT ((size_t)2 * 1024 * 1024)
#define SCIM_TYPE "application/scim+json; charset=utf-8"

/* ---- the server ---- */

struct scim;

enum scim_method { SCIM_GET, SCIM_POST, SCIM_PUT, SCIM_PATCH, SCIM_DELETE };

struct scim_request {
	enum scim_method method;
	const char *path;               /* as sent, behind the base address: "/Users/6f9b…" */
	struct slice query;             /* raw */
	struct slice body;
	const char *if_match, *if_none_match;   /* NULL: none */
};

struct scim_reply {
	int status;
	struct slice body;              /* JSON; n 0: none, as 204 has none */
	const char *etag;               /* NULL: none */
	const char *location;           /* of what was created */
	const char *allow;              /* of 405 */
	const char *done;               /* for the log, a fixed text: "user created"; NULL: nothing changed */
	const char *id;                 /* of what was changed */
	const char *remark;             /* for the log, a fixed text; NULL: nothing is remarkable */
	const char *type;               /* scimType of a refusal; NULL: none */
};

/* `base` is the address of this service as Entra ID knows it, without a slash at the end: "https://sso.example.org/scim/v2". */
int scim_open(const char *path, const char *base, struct scim **out, struct error *err);
void scim_close(struct scim *s);                        /* NULL is fine */
/* Always fills in a reply: its fault is 4xx, ours 5xx.  All in the arena.  The caller knows who asks. */
void scim_answer(struct scim *s, struct arena *a, const struct scim_request *request, struct scim_reply *out);
/* A body in the form of RFC 7644 section 3.12. */
struct slice scim_error_body(struct arena *a, int status, const char *type, const char *detail);

/* ---- what is in it, for commands ---- */

struct scim_state {
	size_t users, disabled, groups;
	int64_t heard;                  /* when a request with a good token last came, to the minute; 0: never */
	int64_t changed;                /* when something last changed; 0: never */
};
/* 1; 0: there is no file yet; -1. */
int scim_state(const char *path, struct scim_state *out, struct error *err);

/* ---- who may ask: only the SHA-256 of what they know is kept ---- */

/* A token is sent with each request; a client's secret buys an access token, which is. */
enum scim_token_kind { SCIM_TOKEN, SCIM_SECRET };

#define SCIM_TOKENS_OF_KIND 2           /* one, and while it is changed its successor */
#define SCIM_TOKENS_MAX (2 * SCIM_TOKENS_OF_KIND)
#define SCIM_TOKEN_SIZE 64
#define SCIM_TOKEN_NAME_MAX 32

struct scim_token {
	enum scim_token_kind kind;
	const char *name;               /* unique among all */
	unsigned char hash[32];
	int64_t made;
};

/* The text of a file: lines `NAME SHA-256 TIME`, of a client's secret with ` secret` behind, and comments.  REASON_SETTINGS with the line. */
int scim_tokens_read(struct arena *a, struct slice text, struct scim_token out[SCIM_TOKENS_MAX], size_t *n_out, struct error *err);
struct slice scim_tokens_write(struct arena *a, const struct scim_token *list, size_t n);
bool scim_token_name_is_good(const char *name);
/* A new one, 256 bits: its text is shown once and kept nowhere. */
void scim_token_make(enum scim_token_kind kind, const char *name, int64_t now, char text_out[SCIM_TOKEN_SIZE], struct scim_token *out);
/* The one of this text, or NULL; takes as long whichever it is. */
const struct scim_token *scim_token_find(const struct scim_token *list, size_t n, enum scim_token_kind kind, struct slice text);

/* ---- OAuth 2.0 client credentials (access.c) ---- */

#define SCIM_CLIENT "postern"           /* client_id: there is one client, and its id is no secret */
#define SCIM_ACCESS_SECONDS 3600        /* Entra ID takes one hour to six */
#define SCIM_GRANT_TYPE "application/json"

/* Whoever may ask. */
struct scim_callers {
	struct scim_token list[SCIM_TOKENS_MAX];
	size_t n;
	struct seal_key key;            /* of access tokens; the server's own */
};

/* The key is derived from the file at `path`, which is made where it is missing: access tokens outlive a restart. */
int scim_access_key(struct arena *a, const char *path, struct seal_key *out, struct error *err);

struct scim_grant_request {
	const char *authorization;      /* NULL: none */
	const char *content_type;
	struct slice body;              /* a form */
};

struct scim_grant {
	int status;
	struct slice body;              /* JSON: the access token, or an error of RFC 6749 section 5.2 */
	const char *name;               /* of the secret that was good; NULL: the client did not prove who it is */
	const char *error;              /* a fixed word; NULL: granted */
};

/* What the token endpoint answers. */
void scim_grant(struct arena *a, const struct scim_callers *c, const struct scim_grant_request *request, struct scim_grant *out);
/* Of `Bearer TOKEN`, a token or an access token: the name of the token, or of the secret that bought it.  NULL: neither. */
const char *scim_caller(struct arena *a, const struct scim_callers *c, const char *authorization);
/* Whether it is an access token of ours whose time is over: no guess. */
bool scim_access_ended(struct arena *a, const struct scim_callers *c, const char *authorization);

/* ---- into the mirror ---- */

/*
 * The options of a directory of kind DIRECTORY_SCIM that the settings do not
 * give: bases, names of attributes, which one says that somebody is switched
 * off.  The arena must live as long as they.
 */
void scim_directory_options(struct arena *a, struct directory_options *d);
/* Follows the file at `path` into the mirror until progress->stop; 0, or -1 when the mirror cannot be written. */
int scim_follow(const char *mirror_path, const char *path, const struct directory_options *directory,
	const struct mirror_progress *progress, struct error *err);

#endif
