/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What ad.c and ad_task.c share: one kind of entries that is followed, and what is to be told of it. */
#ifndef LDAP_AD_SIDE_H
#define LDAP_AD_SIDE_H

#include "ldap/ad_search.h"
#include "ldap/uuid_set.h"

enum stage { NOT_STARTED, NEW_COOKIE, PAGES, POLLS };

enum task_what { TASK_TELL, TASK_READ };
enum task_reason { CHANGED, RENAMED };

struct task {
	enum task_what what;
	enum task_reason reason;        /* TASK_READ; who was renamed may be a container */
	struct sync_event event;        /* TASK_READ: only entry.uuid */
};

struct side {
	enum mirror_kind kind;
	const char *base, *base_key, *filter;   /* base NULL: not wanted */
	const char *root;               /* of its naming context; NULL: the server has none with this base */
	const char *const *wanted;      /* of an entry that is read */
	const char *const *watched;     /* of which DirSync tells */
	bool links;                     /* which values came and went is enough to know of a group */
	enum stage stage;
	bool refreshing;                /* until the first poll from a cookie that was handed in is over */
	struct slice cookie, page;      /* owned */
	int64_t due, compare;           /* monotonic: the next poll, the next reading of everything */
	struct uuid_set *seen;          /* of everything, while it is read by pages; owned */
	unsigned idle;                  /* answers in a row that brought nothing new and said that there is more */
	bool just_read;                 /* everything was read, and no poll was over since */
	struct arena *arena;            /* of the tasks; NULL: there are none */
	struct task *tasks;
	size_t n, at;
	size_t reads, told;             /* of the tasks: those to be read; all of them, and members that came or went */
};

/* What is known of the connection; between begin and end. */
struct ad {
	struct arena *arena;
	struct ad_server server;
	unsigned flags;
	struct side sides[MIRROR_KINDS];
};

/* More entries than that one by one would take longer than all of them by pages. */
#define READS_MAX 1000
/* Nor need more be remembered at once than this. */
#define TOLD_MAX 200000

/*
 * Answers in a row that bring nothing, while there is said to be more.  A page
 * may be empty (RFC 2696 section 3).  DirSync passes over very many entries
 * that its filter leaves out, some thousand with each answer.
 */
#define IDLE_PAGES_MAX 100
#define IDLE_CHANGES_MAX 5000

/* ad.c: the server says no: because it is busy (-1), to this cookie, or to this search (told). */
int refused(struct feed *f, struct side *s, const struct ad_answer *answer, struct error *err);
/* Everything is read next. */
void pages_begin(struct side *s);
/* The server says that there is more; `next` is the cookie to go on with, `from` that of the question.  -1: it would be asked for ever. */
int must_go_on(const struct feed *f, struct side *s, struct slice from, struct slice next, bool brought, struct error *err);

bool ad_must_stop(const struct feed *f);

/* ad_dirsync.c: a cookie of this moment; and what changed since the cookie.  1, 0: refused, and that is told, or stopped; -1. */
int dirsync_now(struct feed *f, struct side *s, struct error *err);
int dirsync_changes(struct feed *f, struct side *s, bool *any, struct error *err);

/*
 * ad_usn.c, where changes are found by their number instead of DirSync: the
 * number of this moment as cookie; and what changed since.  1, 0: refused, and
 * that is told; -1.
 */
bool goes_by_usn(const struct feed *f);
int usn_now(struct feed *f, struct side *s, struct error *err);
int usn_changes(struct feed *f, struct side *s, bool *any, struct error *err);

void tasks_clear(struct side *s);
struct arena *tasks_arena(struct side *s);
/* An event, to be filled; valid until the next one. */
struct sync_event *tell(struct side *s, enum sync_what what);
/* The same of one entry. */
struct sync_event *tell_uuid(struct side *s, enum sync_what what, const unsigned char uuid[UUID_SIZE]);
void must_read(struct side *s, const unsigned char uuid[UUID_SIZE], enum task_reason reason);
/* Instead of all that was to be told. */
void tell_again(struct side *s, const char *why);
bool is_too_much(const struct side *s);         /* that was to be told: reading everything is less */

/* uuids: this one alone. */
void event_name(struct arena *a, struct sync_event *e, const unsigned char uuid[UUID_SIZE]);
/* A copy that lives as long as the arena. */
struct sync_event keep_event(struct arena *a, const struct sync_event *e);

/* NULL: this attribute did not change. */
const struct mirror_attribute *change_of(const struct entry *e, const char *name);
bool change_is_deletion(const struct entry *e);
/* Members that came (range 1-1) and went (0-0), and nothing else.  False: the whole must be read. */
bool change_is_of_links(const struct side *s, const char *member, const struct entry *e, struct sync_event *out);

/* Names of attributes, each once, ended by NULL. */
struct names {
	struct arena *arena;
	const char **list;
	size_t n;
};
void names_add(struct names *names, const char *name);
void names_add_all(struct names *names, const char *const *list);
const char *const *names_end(struct names *names);
bool names_have(const char *const *list, const char *name);

#endif
