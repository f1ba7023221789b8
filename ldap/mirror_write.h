/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The writing side of the mirror's file: entries in, transactions out.
 *
 * Knows nothing of LDAP: whoever has an entry (a server, a test) puts it.
 * Changes gather in one transaction until mirror_writer_commit; the cookie and
 * the state go with them.  A writer whose call failed with REASON_STORE is of
 * no further use.
 */
#ifndef LDAP_MIRROR_WRITE_H
#define LDAP_MIRROR_WRITE_H

#include "ldap/record.h"
#include "ldap/uuid_set.h"

/* An entry as a directory sends it. */
struct entry {
	unsigned char uuid[UUID_SIZE];
	const char *dn;
	const struct mirror_attribute *attributes;      /* names as the server writes them */
	size_t attribute_count;
};

struct mirror_writer;

/* Attributes of people that are kept, which is what to ask a server for: lower case, sorted, ended by NULL. */
const char *const *kept_attributes(struct arena *a, const struct directory_options *d);

/* Other settings than those the file was filled under: cookies are forgotten and nothing counts as whole. */
int mirror_writer_open(const char *path, const struct directory_options *directory, struct mirror_writer **out,
	struct error *err);
void mirror_writer_close(struct mirror_writer *w);      /* drops what is not committed; NULL is fine */

/* A new entry, or the new state of one, wherever it now stands.  What is not a DN is logged and left out. */
int mirror_writer_put(struct mirror_writer *w, enum mirror_kind kind, const struct entry *entry, struct error *err);
int mirror_writer_delete(struct mirror_writer *w, enum mirror_kind kind, const unsigned char uuid[UUID_SIZE],
	struct error *err);
/* The group gets and loses members, whoever had them; of a group that is not there nothing happens. */
int mirror_writer_links(struct mirror_writer *w, const unsigned char uuid[UUID_SIZE], const struct mirror_attribute *added,
	const struct mirror_attribute *removed, struct error *err);

/* Those right in a group, as it stands here; in the arena. */
int mirror_writer_people_in(struct mirror_writer *w, const unsigned char group[UUID_SIZE], struct arena *a, unsigned char (**out)[UUID_SIZE],
	size_t *n_out, struct error *err);

/*
 * Between a refresh's begin and end, what the directory lacks is gathered only,
 * and judged at the end: no refresh takes away more than removal_limit allows,
 * or everything, unless an administrator accepted it (mirror_refresh.c).
 */
enum refresh_extent {
	REFRESH_NAMED_GONE,             /* who was not named is unchanged */
	REFRESH_NAMED_ALL               /* who was not named, or put, is gone */
};

int mirror_writer_refresh_begin(struct mirror_writer *w, enum mirror_kind kind, struct error *err);
void mirror_writer_refresh_drop(struct mirror_writer *w, enum mirror_kind kind);        /* ended before its end */
void mirror_writer_present(struct mirror_writer *w, enum mirror_kind kind, const unsigned char uuid[UUID_SIZE]);
/*
 * 1: what is gone is gone, and the kind is whole.  0: held; nothing was taken
 * away, mirror_state names the error and what is pending.  Either way the
 * refresh is over: what is put and deleted from now on is news.
 */
int mirror_writer_refresh_end(struct mirror_writer *w, enum mirror_kind kind, enum refresh_extent extent, struct error *err);
/* DNs of at most `most` entries that the refresh under way has not named yet, in the arena. */
int mirror_writer_unseen(struct mirror_writer *w, enum mirror_kind kind, size_t most, struct arena *a, const char **out,
	size_t *n_out, struct error *err);
/* How many entries may be taken away unasked now. */
size_t mirror_writer_allowance(const struct mirror_writer *w, enum mirror_kind kind);
/*
 * Who follows a source where what is deleted comes one after the other adds it
 * up, and says how much of a kind went lately: it counts with what a refresh
 * would take away.
 */
void mirror_writer_went(struct mirror_writer *w, enum mirror_kind kind, size_t n);
size_t mirror_writer_count(const struct mirror_writer *w, enum mirror_kind kind);
/* 1: what is pending was accepted since, and a refresh would be given it; 0: not. */
int mirror_writer_accepted(struct mirror_writer *w, struct error *err);

/* {NULL, 0}: none.  Valid until the next mirror_writer_set_cookie of that kind. */
struct slice mirror_writer_cookie(const struct mirror_writer *w, enum mirror_kind kind);
/* A copy of its own in *kept, whose old one is freed; {NULL, 0} only frees. */
void cookie_keep(struct slice *kept, struct slice cookie);
int mirror_writer_set_cookie(struct mirror_writer *w, enum mirror_kind kind, struct slice cookie, struct error *err);

/* For mirror_state; written with the next commit. */
void mirror_writer_whole(struct mirror_writer *w, enum mirror_kind kind);
void mirror_writer_heard(struct mirror_writer *w, int64_t as_of);       /* connected, no error */
void mirror_writer_server(struct mirror_writer *w, const char *uri);    /* the one that is listened to */
void mirror_writer_lost(struct mirror_writer *w, const char *error);    /* not connected; NULL: stopped, no error */
const char *mirror_writer_error(const struct mirror_writer *w);         /* "": none */

/* The search for rules failed, and nothing else: what is kept of them stays. */
void mirror_writer_no_rules(struct mirror_writer *w, const char *error);

bool mirror_writer_pending(const struct mirror_writer *w);              /* something to commit */
int mirror_writer_commit(struct mirror_writer *w, struct error *err);

#endif
