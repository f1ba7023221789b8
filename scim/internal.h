/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of scim/ say to each other; no other folder includes this.
 *
 *	answer.c                path and method -> what is to be done; errors
 *	resource.c              one user, one group: read, created, replaced, patched, deleted
 *	user.c, group.c         what is special to one
 *	common.c                what those share
 *	list.c                  many: filter, paging
 *	discovery.c             Schemas, ResourceTypes, ServiceProviderConfig
 *	patch.c, value.c        operations on a resource as JSON; what is made of values
 *	filter.c, match.c       filters and paths: read, and held against a resource
 *	json.c                  JSON with names in any case
 *	data.c, changes.c       the file, and what changed in it
 *	reindex.c               by what things are found, where an older version wrote it otherwise
 *	tokens.c, access.c      who may ask
 *	follow.c, entry.c, standing.c   the file -> the mirror
 */
#ifndef SCIM_INTERNAL_H
#define SCIM_INTERNAL_H

#include "scim/scim.h"
#include "store/store.h"

#include <jansson.h>

#define SCIM_SCHEMA 1
#define SCIM_ID_SIZE 16
#define SCIM_ID_TEXT 37                 /* with its NUL */
#define SCIM_NAMES_MAX 200              /* attributes of one object, which are held against each other */
#define SCIM_LIST_MAX 200               /* values of one attribute, which are held against each other; members are no such list */
#define SCIM_MEMBERS_SHOWN 20000        /* of all groups of a page, and those of the last one more */
#define SCIM_MEMBERS_OF_ONE 200000      /* of a group that is shown with them: half a kilobyte each */
#define SCIM_RECORD_MAX 65536           /* bytes of one user or group as it is kept, without members */
#define SCIM_NAME_MAX 500               /* bytes of what is looked for, which is a key: userName, a mail, a group's name (256 characters in Entra ID) */

#define URN_USER "urn:ietf:params:scim:schemas:core:2.0:User"
#define URN_GROUP "urn:ietf:params:scim:schemas:core:2.0:Group"
#define URN_ENTERPRISE "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
#define URN_LIST "urn:ietf:params:scim:api:messages:2.0:ListResponse"
#define URN_PATCH "urn:ietf:params:scim:api:messages:2.0:PatchOp"
#define URN_ERROR "urn:ietf:params:scim:api:messages:2.0:Error"

/* What is kept beside the attributes; no client can set a name that begins so. */
#define KEPT_CREATED "$created"
#define KEPT_MODIFIED "$modified"
#define KEPT_VERSION "$version"
#define KEPT_TOMBSTONE "$tombstone"     /* the userName under which Entra knows one that it deleted softly */

enum resource { RESOURCE_USER, RESOURCE_GROUP };

/* Why a request is refused. */
struct fault {
	int status;
	const char *type;               /* scimType; NULL: none */
	char detail[500];
};

#define fault_set(f, status, type, ...) (fault_fill((f), (status), (type), __VA_ARGS__), error_result())
void fault_fill(struct fault *f, int status, const char *type, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Our file failed: told to the log. */
#define fault_store(f, err) (fault_fill_store((f), (err)), error_result())
void fault_fill_store(struct fault *f, const struct error *err);

/* ---- json.c ---- */

/* An attribute's name as the schemas write it; `name` itself where none has it. */
const char *name_canonical(const char *name);
/* Borrowed; NULL: not there.  Names in any case. */
json_t *json_find(const json_t *object, const char *name);
const char *json_text(const json_t *object, const char *name);  /* NULL: not there, or no text */
void json_remove(json_t *object, const char *name);
void json_put(json_t *object, const char *name, json_t *value) __attribute__((nonnull(2)));     /* takes value; under the name that is there, else the canonical one */
bool is_multi_valued(const char *name);
/* An object, without doubled names, not nested deeper than ten, all text clean; NULL: fault. */
json_t *json_read(struct slice text, struct fault *f);
bool text_same(const char *a, const char *b);           /* but for the case of letters (base/fold.h) */
char *text_fold(struct arena *a, const char *s);

/* ---- filter.c, match.c ---- */

enum filter_kind { FILTER_AND, FILTER_OR, FILTER_NOT, FILTER_COMPARE };
enum filter_operator { FILTER_EQ, FILTER_NE, FILTER_CO, FILTER_SW, FILTER_EW, FILTER_GT, FILTER_GE, FILTER_LT, FILTER_LE, FILTER_PR,
	FILTER_HAS /* attribute[…] alone */ };

struct filter;

struct path {
	const char *urn;                /* of an extension; NULL: the resource's own schema */
	const char *name;               /* NULL: the extension itself */
	const struct filter *within;    /* name[within]; NULL: none */
	const char *sub;                /* NULL: none */
};

struct filter {
	enum filter_kind kind;
	const struct filter *left, *right;      /* and, or; not: left */
	struct path path;               /* compare */
	enum filter_operator op;
	const char *value;              /* as text, whatever it was; NULL: null */
};

int filter_read(struct arena *a, struct slice text, const struct filter **out, struct fault *f);
int path_read(struct arena *a, struct slice text, struct path *out, struct fault *f);
bool filter_matches(const struct filter *filter, const json_t *resource);
/* A value that the attribute (of `sub`, or NULL) must have for the filter to match; NULL: it does not say. */
const char *filter_wants(const struct filter *filter, const char *name, const char *sub);
/* Whether it is nothing but eq's joined by and. */
bool filter_is_plain(const struct filter *filter);
/* Calls `each` for every eq of a plain filter. */
void filter_each_eq(const struct filter *filter, void (*each)(const struct filter *eq, void *context), void *context);

/* ---- value.c: what is made of what comes in ---- */

/*
 * The attributes of a resource in our form: known names as the schemas write
 * them, booleans that came as text, single values of what has many, nulls and
 * empty lists gone; id, meta, groups and passwords are taken away.
 */
int value_normalize(json_t **resource, struct fault *f);
/* Of a body: what no client can set goes away (id, meta, names that begin with a dollar …). */
void value_strip(json_t *body);
/* Entra renames whom it deletes softly to the object id without dashes and the old name: the old one within `name`, or NULL. */
const char *value_tombstone(const char *name, const char *external_id);
/* However it grew: not more than is kept. */
int value_require_size(const json_t *resource, struct fault *f);
/* externalId must be there and be an object id; userName; lengths. */
int value_require_user(const json_t *user, struct fault *f);
int value_require_group(const json_t *group, struct fault *f);

/* ---- patch.c ---- */

enum member_change { MEMBER_ADD, MEMBER_REMOVE, MEMBER_CLEAR };

/* What operations want of a group's members, in order. */
struct members {
	struct arena *arena;
	struct member_edit {
		enum member_change change;
		const char *id;         /* of CLEAR: NULL */
	} *list;
	size_t n;
};

/* Changes `resource` (a normalized one) in place; members NULL: it is a user. */
int patch_apply(struct arena *a, json_t *resource, const json_t *body, struct members *members, struct fault *f);
/* Of a body's `members`: value NULL does nothing. */
int members_take(struct members *m, enum member_change change, const json_t *value, struct fault *f);

/* ---- data.c ---- */

enum { DATA_USERS, DATA_GROUPS, DATA_INDEX, DATA_MEMBERS, DATA_MEMBER_OF, DATA_LOG, DATA_CHANGED, DATA_META };

extern const char *const data_tables[];

struct id {
	unsigned char bytes[SCIM_ID_SIZE];
};

/* What is found by a value. */
enum data_key { KEY_USER_NAME = 'u', KEY_USER_EXTERNAL = 'e', KEY_MAIL = 'm', KEY_GROUP_NAME = 'g', KEY_GROUP_EXTERNAL = 'x' };

void id_make(struct id *out);
bool id_read(const char *text, struct id *out);
void id_write(const struct id *id, char out[SCIM_ID_TEXT]);
struct slice id_slice(const struct id *id);

int data_open(const char *path, enum store_use use, struct store **out, struct error *err);
/* 1 and a new reference, 0, -1. */
int data_get(struct store_txn *t, enum resource kind, const struct id *id, json_t **out, struct error *err);
/* The same of what store_each gives of users or groups; 0: it is no record. */
int data_record(struct slice key, struct slice value, struct id *id, json_t **out, struct error *err);
/* Written, and told to who follows. */
int data_put(struct store_txn *t, enum resource kind, const struct id *id, const json_t *resource, struct error *err);
int data_delete(struct store_txn *t, enum resource kind, const struct id *id, struct error *err);
/* The first that has it: 1, 0, -1. */
int data_find(struct store_txn *t, enum data_key key, const char *value, struct id *out, struct error *err);
int data_index(struct store_txn *t, enum data_key key, const char *before, const char *after, const struct id *id, struct error *err);
/* All that have it, at most `most`. */
int data_find_all(struct arena *a, struct store_txn *t, enum data_key key, const char *value, size_t most, struct id **out, size_t *n_out,
	struct error *err);

struct data_member {
	enum resource kind;
	struct id id;
};
int data_members(struct arena *a, struct store_txn *t, const struct id *group, struct data_member **out, size_t *n_out, struct error *err);
/* 1: it was not so before, 0: it was, -1. */
int data_member_add(struct store_txn *t, const struct id *group, const struct data_member *m, struct error *err);
int data_member_remove(struct store_txn *t, const struct id *group, const struct data_member *m, struct error *err);
/* Out of all groups, which are told of. */
int data_leave_groups(struct arena *a, struct store_txn *t, const struct data_member *m, struct error *err);

/*
 * What a follower compares itself with.  Each opening for writing gives the
 * file another id, and keeps the former one with the number that it had come
 * to: whoever stands beyond that has seen what is in no history of this file,
 * since an older copy was put in its place.
 */
struct data_place {
	unsigned char file[SCIM_ID_SIZE];
	uint64_t number;                /* of the last change */
	bool has_former;
	unsigned char former[SCIM_ID_SIZE];
	uint64_t former_number;
};
int data_place(struct store_txn *t, struct data_place *out, struct error *err);
/* A time or a number that the file keeps; 0: it is not there. */
int data_meta_get(struct store_txn *t, const char *name, int64_t *out, struct error *err);
int data_meta_put(struct store_txn *t, const char *name, int64_t value, struct error *err);
#define DATA_HEARD "heard"
#define DATA_CHANGED_AT "changed"
#define DATA_FOLDING "folding"          /* by which rules the index was written */

/* ---- reindex.c ---- */

/* Writes the index anew where it was written by other rules of folding. */
int reindex_if_needed(struct store *s, struct error *err);

/* ---- changes.c ---- */

#define DATA_CHANGES_AT_ONCE 500

struct data_changes {
	struct data_change {
		enum resource kind;
		struct id id;
	} list[DATA_CHANGES_AT_ONCE];
	size_t n;
	uint64_t last;                  /* the number up to which it was read */
};

/* What changed after number `known`, up to `last`. */
int data_changes_read(struct store_txn *t, uint64_t known, uint64_t last, struct data_changes *out, struct error *err);
/* How many of them are there no more, by enum resource. */
int data_changes_gone(struct store_txn *t, const struct data_changes *c, size_t gone[2], struct error *err);

/* ---- resource.c, user.c, group.c, list.c, discovery.c ---- */

struct scim {
	struct store *store;
	char *base;
	int64_t heard;                  /* last written */
};

struct work {
	struct scim *scim;
	struct arena *arena;
	const struct scim_request *request;
	struct scim_reply *reply;
	struct store_txn *t;
	struct fault fault;
};

/* One user or group, from what it was to what it will be. */
struct revision {
	struct id id;
	json_t *before, *after;         /* owned; NULL: there was none, there is none yet */
	struct members members;         /* what is to be done to a group's */
	bool moved;                     /* some came or went */
};

/* What a user has other than a group.  Each hook returns -1 with w->fault. */
struct resource_kind {
	enum resource kind;
	const char *urn, *created, *changed, *deleted;
	enum data_key external;                                   /* finds it by externalId, which is unique */
	int (*take)(struct work *w, struct revision *r);          /* a whole one came as `after`; NULL: nothing is to be done */
	int (*settle)(struct work *w, struct revision *r);        /* makes `after` what is kept, or refuses it */
	int (*index)(struct store_txn *t, const json_t *before, const json_t *after, const struct id *id, struct error *err);
	int (*empty)(struct work *w, struct revision *r);         /* before it is deleted; NULL: nothing is to be done */
	bool patched_quietly;
};

extern const struct resource_kind user_kind, group_kind;

/* Each fills in w->reply, or w->fault and -1. */
int resource_create(struct work *w, const struct resource_kind *k);
int resource_read(struct work *w, const struct resource_kind *k, const struct id *id);
int resource_replace(struct work *w, const struct resource_kind *k, const struct id *id);
int resource_patch(struct work *w, const struct resource_kind *k, const struct id *id);
int resource_delete(struct work *w, const struct resource_kind *k, const struct id *id);
int list_answer(struct work *w, enum resource kind);
/* name NULL: all of them; `rest` of the path. */
int discovery_answer(struct work *w, const char *what, const char *name);

/* Shared by the above. */
int require_match(struct work *w, const json_t *kept);  /* If-Match */
int found_or_404(struct work *w, enum resource kind, const struct id *id, json_t **out);
/* By which value of an attribute it is found, or NULL: a tombstone by Entra's userName, so that the old one is free. */
const char *name_found(const json_t *kept, const char *name);
/* Nobody else has what `name` becomes.  What does not change is not looked at: of two that share it in an older file, each can be changed. */
int require_unique(struct work *w, const struct revision *r, enum data_key key, const char *name);
const char *etag_of(struct arena *a, const json_t *kept);
bool etag_fits(struct arena *a, const char *list, const json_t *kept);  /* If-Match, If-None-Match */
const char *location_of(const struct work *w, enum resource kind, const char *id);
/* `$modified`, `$version` one on, or 1. */
void stamp(json_t *resource, const json_t *before);
/* Besides its stamp, which `after` then has. */
bool is_unchanged(const json_t *before, json_t *after);
/* As a client sees it: a new reference.  Members are put in by the caller. */
json_t *resource_shown(const struct work *w, enum resource kind, const json_t *kept, const char *id, const char *urn);
int group_members_shown(struct work *w, json_t *shown, const struct id *id);
/* attributes and excludedAttributes of the query. */
struct selection {
	const char *const *only, *const *without;       /* NULL-terminated; only NULL: all */
};
int selection_read(struct work *w, struct selection *out);
bool selection_wants(const struct selection *s, const char *name);
void selection_cut(const struct selection *s, json_t *shown);
int reply_json(struct work *w, int status, json_t *body);       /* takes body */
/* A parameter of the query, decoded; NULL: not there.  Twice: fault. */
int query_text(struct work *w, const char *name, const char **out);

#endif
