/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A directory's people and groups in a mirror, and refreshes that send fewer of them. */
#ifndef TESTS_UNIT_REMOVALS_STAGE_H
#define TESTS_UNIT_REMOVALS_STAGE_H

#include "tests/unit/unit.h"

#include "ldap/mirror_write.h"

#include <unistd.h>

static const struct directory_join joins[] = {{"objectidentifier", "employeeNumber", false}, {"mail", "mail", true}};
static const char *const no_uris[] = {NULL}, *const title[] = {"title", NULL};

struct fixture {
	char folder[40], path[60];
	struct arena *arena;
	struct directory_options options;
	struct mirror_writer *writer;
	struct mirror *mirror;
};

/* ---- writing ---- */

static inline void open_writer(struct fixture *f)
{
	struct error err;

	mirror_close(f->mirror);
	f->mirror = NULL;
	if (!f->writer)
		assert_done(mirror_writer_open(f->path, &f->options, &f->writer, &err), err);
}

static inline void close_writer(struct fixture *f)
{
	struct error err;

	if (f->writer)
		assert_done(mirror_writer_commit(f->writer, &err), err);
	mirror_writer_close(f->writer);
	f->writer = NULL;
}

static inline int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	*f = (struct fixture){.folder = "/tmp/postern-removals-XXXXXX"};
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/mirror", f->folder);
	f->arena = arena_new();
	f->options = (struct directory_options){.name = "corp", .uris = no_uris, .people_base = "dc=x", .people_filter = "(a=b)",
		.groups_base = "dc=x", .groups_filter = "(a=b)", .member_attribute = "member", .group_name_attribute = "cn",
		.mail_attribute = "mail", .disabled_filter_attribute = "locked", .joins = joins, .join_count = 2};
	*state = f;
	return 0;
}

static inline int tear_down(void **state)
{
	struct fixture *f = *state;

	mirror_writer_close(f->writer);
	mirror_close(f->mirror);
	unlink(f->path);
	unlink(arena_printf(f->arena, "%s-lock", f->path));
	arena_free(f->arena);
	rmdir(f->folder);
	free(f);
	return 0;
}

static inline void uuid_of(const char *what, int number, unsigned char out[UUID_SIZE])
{
	char text[UUID_SIZE + 1] = "";

	snprintf(text, sizeof(text), "%s%d", what, number);
	memcpy(out, text, UUID_SIZE);
}

/* What a person or group is sent with, for tests that leave something out. */
enum sent { ALL, WITHOUT_NUMBER, WITHOUT_MEMBERS, HALF_OF_MEMBERS, LOCKED };

static inline void person(struct fixture *f, int number, enum sent how)
{
	struct slice id = slice_c(arena_printf(f->arena, "%d", number)), yes = slice_c("yes");
	const struct mirror_attribute mail = {"mail", &id, 1};
	struct mirror_attribute list[3] = {mail};
	struct entry e = {.dn = arena_printf(f->arena, "uid=u%d,dc=x", number), .attributes = list, .attribute_count = 1};
	struct error err;

	if (how != WITHOUT_NUMBER)
		list[e.attribute_count++] = (struct mirror_attribute){"employeeNumber", &id, 1};
	if (how == LOCKED)
		list[e.attribute_count++] = (struct mirror_attribute){"locked", &yes, 1};
	uuid_of("u", number, e.uuid);
	assert_done(mirror_writer_put(f->writer, MIRROR_PEOPLE, &e, &err), err);
}

static inline void group(struct fixture *f, int number, int members, enum sent how)
{
	struct slice *values = arena_alloc(f->arena, (size_t)members * sizeof(*values) + 1), name = slice_c("g");
	size_t n = how == WITHOUT_MEMBERS ? 0 : how == HALF_OF_MEMBERS ? (size_t)members / 2 - 1 : (size_t)members;
	const struct mirror_attribute list[] = {{"cn", &name, 1}, {"member", values, n}};
	const struct entry e = {.dn = arena_printf(f->arena, "cn=g%d,dc=x", number), .attributes = list, .attribute_count = 2};
	struct entry with = e;
	struct error err;

	for (int i = 0; i < members; i++)
		values[i] = slice_c(arena_printf(f->arena, "uid=u%d,dc=x", i));
	uuid_of("g", number, with.uuid);
	assert_done(mirror_writer_put(f->writer, MIRROR_GROUPS, &with, &err), err);
}

static inline void refresh(struct fixture *f, enum mirror_kind kind)
{
	struct error err;

	open_writer(f);
	assert_done(mirror_writer_refresh_begin(f->writer, kind, &err), err);
}

static inline int judged(struct fixture *f, enum mirror_kind kind, enum refresh_extent extent)
{
	struct error err;
	int rc = mirror_writer_refresh_end(f->writer, kind, extent, &err);

	if (rc < 0)
		fail_msg("%s", err.detail);
	return rc;
}

static inline void people_from(struct fixture *f, int first, int last, enum sent how)
{
	for (int i = first; i <= last; i++)
		person(f, i, how);
}

/* So many people, and groups of so many members each. */
static inline void fill(struct fixture *f, int people, int groups, int members)
{
	refresh(f, MIRROR_PEOPLE);
	people_from(f, 1, people, ALL);
	assert_int_equal(judged(f, MIRROR_PEOPLE, REFRESH_NAMED_ALL), 1);
	refresh(f, MIRROR_GROUPS);
	for (int i = 1; i <= groups; i++)
		group(f, i, members, ALL);
	assert_int_equal(judged(f, MIRROR_GROUPS, REFRESH_NAMED_ALL), 1);
	mirror_writer_heard(f->writer, 1000);
}

static inline void accept(struct fixture *f)
{
	struct mirror_removal people, groups;
	struct error err;

	close_writer(f);
	assert_done(mirror_accept(f->path, "corp", &people, &groups, &err), err);
	assert_true(people.n + groups.n > 0);
}

/* ---- reading ---- */

static inline struct mirror_state state_of(struct fixture *f)
{
	struct mirror_state s;
	struct error err;

	close_writer(f);
	if (!f->mirror)
		assert_done(mirror_open(f->path, &f->mirror, &err), err);
	assert_done(mirror_state(f->arena, f->mirror, "corp", &s, &err), err);
	return s;
}

static inline bool is_found(struct fixture *f, int number)
{
	const struct mirror_claim claim = {"objectidentifier", arena_printf(f->arena, "%d", number)};
	const struct mirror_query query = {.claims = &claim, .claim_count = 1};
	struct mirror_person p;
	struct error err;
	int rc;

	state_of(f);
	rc = mirror_person(f->arena, f->mirror, &f->options, 1, &query, &p, &err);
	if (rc < 0 && err.reason != REASON_PERSON_NOT_FOUND)
		fail_msg("%s", err.detail);
	return rc == 0;
}

#define removal_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
