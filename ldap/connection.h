/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One connection to one directory server: connected, encrypted, bound.
 *
 * Everything here blocks, each step at most network_seconds, connecting to a
 * name with several addresses three times that, twice over (name look-ups
 * excepted: the resolver has time-outs of its own).  A connection has one owner
 * and is thrown away when anything went wrong with it.
 */
#ifndef LDAP_CONNECTION_H
#define LDAP_CONNECTION_H

#include "ldap/mirror_write.h"

struct ldap;                            /* libldap's own names, so that ldap.h stays out of here */
struct ldapmsg;
struct addresses;

struct connection {
	struct ldap *ld;
	const char *uri;
	int64_t seconds;                /* for each answer */
	struct addresses *addresses;    /* of the server's name */
	int pems[2];                    /* memory files of the client certificate and its key; -1: none */
};

/* REASON_DIRECTORY.  progress may be NULL. */
int connection_open(const struct directory_options *d, const char *uri, const struct mirror_progress *progress,
	struct connection **out, struct error *err);
void connection_close(struct connection *c);    /* NULL is fine */
/* Where the server took the connection and was of no use: another address of its name is tried first from now on. */
void connection_close_useless(struct connection *c);

/*
 * One message, of whichever search: 1 with *out, for ldap_msgfree; 0: none within the time; -1: the connection is of no
 * further use.
 */
int connection_message(struct connection *c, int milliseconds, struct ldapmsg **out, struct error *err);

enum search_scope { SEARCH_BASE, SEARCH_CHILDREN, SEARCH_SUBTREE };

struct search {
	const char *base, *filter;      /* filter NULL: any entry */
	enum search_scope scope;
	const char *const *attributes;  /* NULL-terminated */
	int limit;                      /* entries; more is no error.  0: as many as the server gives */
};
/* `each` gets every entry (uuid is zero); the entry dies with the call.  SEARCH_BASE of what is not there: no entry. */
int connection_search(struct connection *c, const struct search *search, void (*each)(const struct entry *e, void *context),
	void *context, struct error *err);

/* For those who hold libldap's own objects.  Values lie in the message, the lists in the arena. */
int entry_take(struct connection *c, struct arena *a, struct ldapmsg *message, struct entry *out, struct error *err);
/* Copies the values into the arena, too: the entry outlives its message. */
void entry_keep(struct arena *a, struct entry *e);
/* REASON_DIRECTORY with the URI, what was done, libldap's word and the server's; returns -1. */
int connection_error(const struct connection *c, const char *what, int code, struct error *err);

#endif
