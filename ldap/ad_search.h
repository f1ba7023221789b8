/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Searches as Active Directory has to be asked: DNs with their GUIDs, pages,
 * DirSync, attributes in ranges.
 */
#ifndef LDAP_AD_SEARCH_H
#define LDAP_AD_SEARCH_H

#include "ldap/ad_values.h"
#include "ldap/feed.h"

#define DIRSYNC_CONTROL_OID "1.2.840.113556.1.4.841"
#define EXTENDED_DN_CONTROL_OID "1.2.840.113556.1.4.529"
#define PAGED_CONTROL_OID "1.2.840.113556.1.4.319"
#define RIGHTS_CONTROL_OID "1.2.840.113556.1.4.801"

/* MS-ADTS 3.1.1.3.4.1.3 */
#define DIRSYNC_OBJECT_SECURITY 1u
#define DIRSYNC_INCREMENTAL_VALUES 0x80000000u

enum ad_result_code { AD_SUCCESS, AD_NO_SUCH_OBJECT, AD_NO_RIGHT, AD_LATER, AD_REFUSED };

/* AD_RIGHTS: of nTSecurityDescriptor only the list of who may do what, which needs no more right than to read it. */
enum ad_manner { AD_PLAIN, AD_PAGED, AD_DIRSYNC, AD_RIGHTS };

struct ad_search {
	const char *base, *filter;
	enum search_scope scope;
	const char *const *attributes;
	enum ad_manner manner;
	struct slice cookie;            /* of the page, of DirSync; {NULL, 0}: from the beginning */
	unsigned flags;                 /* of DirSync */
	int limit;                      /* of entries; 0: as many as there are */
};

/* Everything lies in the arena. */
struct ad_answer {
	enum ad_result_code result;
	const char *text;               /* what the server said */
	struct entry *entries;          /* uuid from the GUID, dn without what stands in front */
	size_t n;
	struct slice cookie;            /* {NULL, 0}: that was all (pages) */
	bool more;                      /* DirSync: ask again at once */
};

/* 0 when a result came, whichever; -1: the connection is of no further use. */
int ad_search(struct connection *c, struct arena *a, const struct ad_search *search, const struct mirror_progress *progress,
	struct ad_answer *out, struct error *err);

bool entry_has_range(const struct entry *e);
/*
 * The entry of this GUID when the filter matches it, with all values of each
 * attribute, as they were at one time: when it changes while its ranges are
 * asked for, it is asked for once more.  1, 0: none, -1.
 */
int ad_read(struct connection *c, struct arena *a, const unsigned char uuid[UUID_SIZE], const char *filter,
	const char *const *attributes, const struct mirror_progress *progress, struct entry *out, struct error *err);

/* The root of the naming context of this server that holds the DN (normalized); NULL: none does. */
struct ad_server {
	const char *name;               /* host name, for people */
	const char *id;                 /* of this DC and this life of its database */
	const char *const *contexts;    /* naming contexts, NULL-terminated */
	const char *schema;             /* the one of the schema; NULL: not told */
	bool has_dirsync, has_extended_dn, has_pages;
};
int ad_server_read(struct connection *c, struct arena *a, struct ad_server *out, struct error *err);
/* The number of its last change; each domain controller counts for itself. */
int ad_highest_usn(struct connection *c, uint64_t *out, struct error *err);
const char *ad_root_of(struct arena *a, const struct ad_server *server, const char *dn);
/* Whether the DN is the base or below it; both normalized. */
bool dn_is_within(const char *dn_key, const char *base_key);

#endif
