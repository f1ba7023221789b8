/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The file into the mirror, by another process than the one that writes it.
 *
 *	first, and when the file is another one (restored, or begun anew):
 *	all of it, compared with what the mirror has; what would go is judged like
 *	that of any directory, and held when it is too much
 *
 *	then: what its log says since the number that the mirror's cookie holds;
 *	when what it takes away, and went within a day, is too much together, all
 *	of it is compared, so that the rest is held
 *
 * The cookie says where we stand (standing.h).  The file is looked at four times
 * a second, which costs one page; while it can be read, the mirror is as it is.
 */
#include "scim/entry.h"
#include "scim/standing.h"

#include "base/clock.h"
#include "base/log.h"

#include <time.h>

#define LOOK_NS 250000000
#define HEARD_EVERY INT64_C(10000000)
#define HELD_EVERY INT64_C(1000000)
#define HELD_REREAD INT64_C(600000000)
#define PIECES 256                      /* of a table, by an id's first byte */

struct scim_follow {
	const char *path;
	const struct directory_options *directory;
	const struct mirror_progress *progress;
	struct mirror_writer *writer;
	struct store *store;            /* NULL: not open */
	struct standing standing;       /* as the cookie has it, and what went since */
	bool held, accepted;
	uint64_t read_number;           /* while it is held: up to where the log was followed besides */
	int64_t heard_at, accepted_at, reread_at;       /* monotonic */
	char said[300];                 /* so that the log says a thing once */
};

static bool must_stop(const struct scim_follow *f)
{
	f->progress->alive(f->progress->context);
	return f->progress->stop(f->progress->context);
}

/* ---- where we stand ---- */

static void begin_standing(struct scim_follow *f)
{
	struct slice people = mirror_writer_cookie(f->writer, MIRROR_PEOPLE), groups = mirror_writer_cookie(f->writer, MIRROR_GROUPS);

	if (!slice_equal(people, groups) || !standing_read(people, &f->standing))
		f->standing = (struct standing){.number = 0};
}

static int keep_standing(struct scim_follow *f, struct error *err)
{
	char cookie[STANDING_SIZE];

	standing_write(&f->standing, cookie);
	if (mirror_writer_set_cookie(f->writer, MIRROR_PEOPLE, slice_of(cookie, STANDING_SIZE), err) < 0)
		return -1;
	return mirror_writer_set_cookie(f->writer, MIRROR_GROUPS, slice_of(cookie, STANDING_SIZE), err);
}

static void stand_at(struct scim_follow *f, const struct data_place *place, uint64_t number)
{
	memcpy(f->standing.file, place->file, SCIM_ID_SIZE);
	f->standing.number = number;
}

/* To be said before anything is judged. */
static void tell_what_went(struct scim_follow *f)
{
	mirror_writer_went(f->writer, MIRROR_PEOPLE, (size_t)f->standing.went[RESOURCE_USER]);
	mirror_writer_went(f->writer, MIRROR_GROUPS, (size_t)f->standing.went[RESOURCE_GROUP]);
}

static void add_what_went(struct scim_follow *f, enum resource kind, size_t before)
{
	size_t now = mirror_writer_count(f->writer, kind == RESOURCE_USER ? MIRROR_PEOPLE : MIRROR_GROUPS);

	standing_add(&f->standing, kind, before > now ? before - now : 0, clock_now());
	tell_what_went(f);
}

/* ---- one record ---- */

static enum mirror_kind kind_of(enum resource kind)
{
	return kind == RESOURCE_USER ? MIRROR_PEOPLE : MIRROR_GROUPS;
}

/* Whose removal is held stays in the groups that he was in when he went. */
static int keep_held_members(struct scim_follow *f, struct arena *a, struct store_txn *t, const struct id *group, struct data_member **members,
	size_t *n, struct error *err)
{
	unsigned char (*people)[UUID_SIZE];
	struct slice ignored;
	size_t count;

	if (mirror_writer_people_in(f->writer, group->bytes, a, &people, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		int found = store_get(t, DATA_USERS, slice_of(people[i], UUID_SIZE), &ignored, err);

		if (found < 0)
			return -1;
		if (found)
			continue;
		*members = arena_grow(a, *members, *n, sizeof(**members));
		(*members)[*n].kind = RESOURCE_USER;
		memcpy((*members)[(*n)++].id.bytes, people[i], UUID_SIZE);
	}
	return 0;
}

static int put(struct scim_follow *f, struct arena *a, struct store_txn *t, enum resource kind, const struct id *id, const json_t *kept,
	struct error *err)
{
	struct data_member *members = NULL;
	struct entry e;
	size_t n = 0;

	if (kind == RESOURCE_USER) {
		entry_of_user(a, f->directory, id, kept, &e);
	} else {
		if (data_members(a, t, id, &members, &n, err) < 0 || (f->held && keep_held_members(f, a, t, id, &members, &n, err) < 0))
			return -1;
		entry_of_group(a, f->directory, id, kept, members, n, &e);
	}
	if (f->progress->entry)
		f->progress->entry(f->progress->context);
	return mirror_writer_put(f->writer, kind_of(kind), &e, err);
}

enum carry { CARRY_ALL, CARRY_WHAT_IS_THERE };

static int take_away(struct scim_follow *f, const struct data_change *c, struct error *err)
{
	size_t before = mirror_writer_count(f->writer, kind_of(c->kind));

	if (mirror_writer_delete(f->writer, kind_of(c->kind), c->id.bytes, err) < 0)
		return -1;
	add_what_went(f, c->kind, before);
	return 0;
}

/* As it is now, or gone. */
static int carry(struct scim_follow *f, struct store_txn *t, const struct data_change *c, enum carry what, struct error *err)
{
	struct arena *a;
	json_t *kept;
	int rc, found = data_get(t, c->kind, &c->id, &kept, err);

	if (found < 0)
		return -1;
	if (found == 0)
		return what == CARRY_ALL ? take_away(f, c, err) : 0;
	/* of its own: hundreds of groups of 35,000 may have changed */
	a = arena_new();
	rc = put(f, a, t, c->kind, &c->id, kept, err);
	arena_free(a);
	json_decref(kept);
	return rc;
}

/* ---- all of it ---- */

struct piece {
	struct scim_follow *f;
	struct arena *arena;
	struct store_txn *t;
	enum resource kind;
	struct error *err;
};

static int carry_one(struct slice key, struct slice value, void *context)
{
	struct piece *p = context;
	struct id id;
	json_t *kept;
	int rc = data_record(key, value, &id, &kept, p->err);

	if (rc <= 0)
		return rc;
	rc = put(p->f, p->arena, p->t, p->kind, &id, kept, p->err);
	json_decref(kept);
	return rc;
}

/* 1/256 of a kind, in a read transaction of its own: none may last. */
static int carry_piece(struct scim_follow *f, enum resource kind, unsigned char first, struct error *err)
{
	struct piece p = {.f = f, .arena = arena_new(), .kind = kind, .err = err};
	int rc = store_begin_read(f->store, &p.t, err);

	if (rc == 0) {
		rc = store_each(p.t, kind == RESOURCE_USER ? DATA_USERS : DATA_GROUPS, slice_of(&first, 1), carry_one, &p, err);
		store_abort(p.t);
	}
	arena_free(p.arena);
	return rc;
}

static int end_kind(struct scim_follow *f, enum resource kind, struct error *err)
{
	size_t before = mirror_writer_count(f->writer, kind_of(kind));
	int rc = mirror_writer_refresh_end(f->writer, kind_of(kind), REFRESH_NAMED_ALL, err);

	if (rc < 0)
		return -1;
	add_what_went(f, kind, before);
	if (rc == 0) {
		f->held = true;
		f->accepted_at = clock_monotonic_us() + HELD_EVERY;
		f->reread_at = clock_monotonic_us() + HELD_REREAD;
		log_warning("so much is gone from the SCIM file that it is held", "directory", f->directory->name, NULL);
	}
	return 0;
}

static int carry_kind(struct scim_follow *f, enum resource kind, struct error *err)
{
	if (mirror_writer_refresh_begin(f->writer, kind_of(kind), err) < 0)
		return -1;
	for (unsigned i = 0; i < PIECES; i++) {
		if (must_stop(f) || carry_piece(f, kind, (unsigned char)i, err) < 0) {
			mirror_writer_refresh_drop(f->writer, kind_of(kind));
			return must_stop(f) ? 1 : -1;
		}
		if (mirror_writer_commit(f->writer, err) < 0)
			return -1;
	}
	return end_kind(f, kind, err);
}

/* What is held is not known as gone, so the next one begins anew; and what went before counts until somebody has decided. */
static int end_held(struct scim_follow *f, struct error *err)
{
	f->standing.since = STANDING_UNTIL_DECIDED;
	return keep_standing(f, err) < 0 ? -1 : mirror_writer_commit(f->writer, err);
}

/* Somebody has decided: from here on it is counted anew. */
static void forget_what_went(struct scim_follow *f)
{
	standing_forget(&f->standing);
	tell_what_went(f);
}

static int end_whole(struct scim_follow *f, const struct data_place *now, struct error *err)
{
	if (f->accepted)
		forget_what_went(f);
	else if (f->standing.since == STANDING_UNTIL_DECIDED)
		f->standing.since = clock_now();
	stand_at(f, now, now->number);
	if (keep_standing(f, err) < 0)
		return -1;
	mirror_writer_heard(f->writer, clock_now());
	f->heard_at = clock_monotonic_us() + HEARD_EVERY;
	if (f->progress->whole)
		f->progress->whole(f->progress->context, "scim");
	return mirror_writer_commit(f->writer, err);
}

static int carry_all(struct scim_follow *f, const struct data_place *now, struct error *err)
{
	int rc = mirror_writer_accepted(f->writer, err);

	if (rc < 0)
		return -1;
	f->accepted = rc > 0;
	if (f->accepted)
		forget_what_went(f);
	f->held = false;
	f->read_number = now->number;
	log_info("the directory is read from the beginning", "directory", f->directory->name, NULL);
	rc = carry_kind(f, RESOURCE_USER, err);
	if (rc == 0)
		rc = carry_kind(f, RESOURCE_GROUP, err);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	return f->held ? end_held(f, err) : end_whole(f, now, err);
}

/* ---- what is new ---- */

/* 1: done; 0: so many are gone that everything is to be compared and judged; -1. */
static int carry_changes(struct scim_follow *f, struct store_txn *t, const struct data_place *place, const struct data_changes *c, struct error *err)
{
	size_t gone[2];
	int rc = 0;

	if (data_changes_gone(t, c, gone, err) < 0)
		return -1;
	if (gone[RESOURCE_USER] > mirror_writer_allowance(f->writer, MIRROR_PEOPLE) ||
		gone[RESOURCE_GROUP] > mirror_writer_allowance(f->writer, MIRROR_GROUPS))
		return 0;
	for (size_t i = 0; i < c->n && rc == 0; i++)
		rc = carry(f, t, &c->list[i], CARRY_ALL, err);
	stand_at(f, place, c->last);
	return rc < 0 || keep_standing(f, err) < 0 || mirror_writer_commit(f->writer, err) < 0 ? -1 : 1;
}

/* 1: as the file is; 0: everything is to be read; -1. */
static int carry_news(struct scim_follow *f, const struct data_place *now, struct error *err)
{
	struct data_changes *c = malloc(sizeof(*c));
	int rc = 1;

	if (!c)
		abort();
	/* it was opened anew since: under its former id it would not be known after the next time */
	if (memcmp(f->standing.file, now->file, SCIM_ID_SIZE) != 0) {
		stand_at(f, now, f->standing.number);
		rc = keep_standing(f, err) < 0 || mirror_writer_commit(f->writer, err) < 0 ? -1 : 1;
	}
	while (rc == 1 && f->standing.number < now->number && !must_stop(f)) {
		struct store_txn *t;

		rc = store_begin_read(f->store, &t, err);
		if (rc < 0)
			break;
		rc = data_changes_read(t, f->standing.number, now->number, c, err) < 0 ? -1 : carry_changes(f, t, now, c, err);
		store_abort(t);
	}
	free(c);
	return rc;
}

/* While what is gone is held: what is there and changed is carried, so that nobody who was switched off meanwhile stays on. */
static int carry_besides(struct scim_follow *f, uint64_t last, struct error *err)
{
	struct data_changes *c = malloc(sizeof(*c));
	int rc = 0;

	if (!c)
		abort();
	while (rc == 0 && f->read_number < last && !must_stop(f)) {
		struct store_txn *t;

		rc = store_begin_read(f->store, &t, err);
		if (rc == 0) {
			rc = data_changes_read(t, f->read_number, last, c, err);
			for (size_t i = 0; i < c->n && rc == 0; i++)
				rc = carry(f, t, &c->list[i], CARRY_WHAT_IS_THERE, err);
			store_abort(t);
		}
		if (rc == 0)
			rc = mirror_writer_commit(f->writer, err);
		if (rc == 0)
			f->read_number = c->last;
	}
	free(c);
	return rc;
}

/* ---- now and then ---- */

static int heard_when_due(struct scim_follow *f, struct error *err)
{
	int64_t now = clock_monotonic_us();

	if (f->held || now < f->heard_at)
		return 0;
	f->heard_at = now + HEARD_EVERY;
	mirror_writer_heard(f->writer, clock_now());
	return mirror_writer_commit(f->writer, err);
}

/* Whether what is held was accepted, or may have changed.  1: it is to be read again. */
static int is_held_over(struct scim_follow *f, struct error *err)
{
	int64_t now = clock_monotonic_us();
	int rc;

	if (now < f->accepted_at)
		return 0;
	f->accepted_at = now + HELD_EVERY;
	rc = mirror_writer_accepted(f->writer, err);
	return rc != 0 ? rc : now >= f->reread_at;
}

static int look_place(struct scim_follow *f, struct data_place *out, struct error *err)
{
	struct store_txn *t;
	int rc;

	if (store_begin_read(f->store, &t, err) < 0)
		return -1;
	rc = data_place(t, out, err);
	store_abort(t);
	return rc;
}

static int look(struct scim_follow *f, struct error *err)
{
	struct data_place now;
	int rc;

	if (look_place(f, &now, err) < 0)
		return -1;
	standing_age(&f->standing, clock_now());
	tell_what_went(f);
	if (f->held) {
		rc = is_held_over(f, err);
		if (rc < 0)
			return -1;
		return rc > 0 ? carry_all(f, &now, err) : carry_besides(f, now.number, err);
	}
	if (!standing_fits(&f->standing, &now))
		return carry_all(f, &now, err);
	rc = carry_news(f, &now, err);
	if (rc < 0)
		return -1;
	/* what it says is judged together */
	return rc == 0 ? carry_all(f, &now, err) : heard_when_due(f, err);
}

/* ---- the file ---- */

static int lost(struct scim_follow *f, const char *why, struct error *err)
{
	if (strcmp(f->said, why) != 0)
		log_warning("directory lost", "directory", f->directory->name, "detail", why, NULL);
	snprintf(f->said, sizeof(f->said), "%s", why);
	if (f->progress->lost)
		f->progress->lost(f->progress->context, why);
	store_close(f->store);
	f->store = NULL;
	f->heard_at = 0;
	mirror_writer_lost(f->writer, why);
	return mirror_writer_commit(f->writer, err);
}

/* 1: it is open; 0: not, which was told; -1. */
static int open_file(struct scim_follow *f, struct error *err)
{
	struct error why = {0};

	if (f->store && store_is_replaced(f->store))
		return lost(f, "the SCIM file was replaced", err);
	if (f->store)
		return 1;
	if (data_open(f->path, STORE_READ, &f->store, &why) < 0)
		return lost(f, why.detail, err);
	f->said[0] = 0;
	mirror_writer_server(f->writer, "scim");
	return 1;
}

int scim_follow(const char *mirror_path, const char *path, const struct directory_options *directory,
	const struct mirror_progress *progress, struct error *err)
{
	struct scim_follow f = {.path = path, .directory = directory, .progress = progress};
	const struct timespec nap = {.tv_nsec = LOOK_NS};
	int rc = 0;

	if (mirror_writer_open(mirror_path, directory, &f.writer, err) < 0)
		return -1;
	begin_standing(&f);
	while (rc == 0 && !must_stop(&f)) {
		rc = open_file(&f, err);
		if (rc == 1)
			rc = look(&f, err);
		if (rc == 0)
			nanosleep(&nap, NULL);
	}
	if (rc == 0) {
		mirror_writer_lost(f.writer, NULL);
		rc = mirror_writer_commit(f.writer, err);
	}
	mirror_writer_close(f.writer);
	store_close(f.store);
	return rc;
}
