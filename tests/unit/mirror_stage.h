/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A mirror without any server: entries are put by the writing side's own functions. */
#ifndef TESTS_MIRROR_STAGE_H
#define TESTS_MIRROR_STAGE_H

#include "tests/unit/unit.h"

#include "ldap/mirror_write.h"
#include "ldap/tables.h"

#include "base/text.h"

#include <unistd.h>

static const struct directory_join joins[] = {
	{"objectidentifier", "employeeNumber", false}, {"immutableid", "carLicense", false}, {"mail", "mail", true}};
static const char *const kept[] = {"department", NULL};
static const char *const no_uris[] = {NULL};

static const struct directory_options directories[2] = {
	{.name = "corp", .uris = no_uris, .people_base = "ou=people,dc=x", .people_filter = "(a=b)",
		.groups_base = "ou=groups,dc=x",
		.groups_filter = "(a=b)", .member_attribute = "member", .group_name_attribute = "cn", .mail_attribute = "mail",
		.disabled_filter_attribute = "nsAccountLock", .disabled_value = "true", .joins = joins, .join_count = 3,
		.attributes = kept},
	{.name = "daughter", .uris = no_uris, .people_base = "dc=y", .people_filter = "(a=b)", .groups_base = "dc=y",
		.groups_filter = "(a=b)", .member_attribute = "member", .group_name_attribute = "cn", .mail_attribute = "mail",
		.joins = joins, .join_count = 3},
};

struct fixture {
	char folder[40], path[60];
	struct arena *arena;
	struct mirror_writer *writer;
	const struct directory_options *directory;
	struct mirror *mirror;
	size_t count;                   /* directories that are read */
};

/* ---- writing ---- */

static inline void begin(struct fixture *f, const struct directory_options *d)
{
	struct error err;

	mirror_close(f->mirror);
	f->mirror = NULL;
	f->directory = d;
	assert_done(mirror_writer_open(f->path, d, &f->writer, &err), err);
}

static inline void finish(struct fixture *f)
{
	struct error err;

	mirror_writer_whole(f->writer, MIRROR_PEOPLE);
	mirror_writer_whole(f->writer, MIRROR_GROUPS);
	mirror_writer_heard(f->writer, 1700000000);
	assert_done(mirror_writer_commit(f->writer, &err), err);
	mirror_writer_close(f->writer);
	f->writer = NULL;
	assert_done(mirror_open(f->path, &f->mirror, &err), err);
}

static inline int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	*f = (struct fixture){.folder = "/tmp/postern-mirror-XXXXXX", .count = 1};
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/mirror", f->folder);
	f->arena = arena_new();
	begin(f, &directories[0]);
	*state = f;
	return 0;
}

static inline int tear_down(void **state)
{
	struct fixture *f = *state;
	char lock[80];

	mirror_writer_close(f->writer);
	mirror_close(f->mirror);
	arena_free(f->arena);
	snprintf(lock, sizeof(lock), "%s-lock", f->path);
	unlink(f->path);
	unlink(lock);
	rmdir(f->folder);
	free(f);
	return 0;
}

static inline void uuid_of(const char *name, unsigned char out[UUID_SIZE])
{
	memset(out, 0, UUID_SIZE);
	memcpy(out, name, strnlen(name, UUID_SIZE));
}

/* id names the entryUUID; text is "name=value" lines: one attribute a line, values of one name in a row. */
static inline void put_in(struct fixture *f, enum mirror_kind kind, const char *id, const char *dn, const char *const *lines)
{
	struct mirror_attribute list[16];
	struct slice values[64];
	struct entry e = {.dn = dn, .attributes = list};
	struct error err;

	uuid_of(id, e.uuid);
	for (size_t i = 0; lines[i]; i++) {
		size_t n = strcspn(lines[i], "=");
		char *name = arena_copy(f->arena, slice_of(lines[i], n));

		values[i] = slice_c(lines[i] + n + 1);
		if (e.attribute_count && strcmp(list[e.attribute_count - 1].name, name) == 0)
			list[e.attribute_count - 1].n++;
		else
			list[e.attribute_count++] = (struct mirror_attribute){name, &values[i], 1};
	}
	assert_done(mirror_writer_put(f->writer, kind, &e, &err), err);
}

#define person(f, id, dn, ...) put_in(f, MIRROR_PEOPLE, id, dn, (const char *const[]){__VA_ARGS__, NULL})
#define group(f, id, dn, ...) put_in(f, MIRROR_GROUPS, id, dn, (const char *const[]){__VA_ARGS__, NULL})

static inline void gone(struct fixture *f, enum mirror_kind kind, const char *id)
{
	unsigned char uuid[UUID_SIZE];
	struct error err;

	uuid_of(id, uuid);
	assert_done(mirror_writer_delete(f->writer, kind, uuid, &err), err);
}

/* ---- reading ---- */

static inline int by_claims(struct fixture *f, const struct mirror_claim *claims, size_t n, bool guest, struct mirror_person *out,
	struct error *err)
{
	const struct mirror_query query = {.claims = claims, .claim_count = n, .guest = guest};

	return mirror_person(f->arena, f->mirror, directories, f->count, &query, out, err);
}

static inline int by_number(struct fixture *f, const char *number, struct mirror_person *out, struct error *err)
{
	const struct mirror_claim claim = {"objectidentifier", number};

	return by_claims(f, &claim, 1, false, out, err);
}

static inline int named(struct fixture *f, const char *name, struct mirror_person *out, struct error *err)
{
	return mirror_person_named(f->arena, f->mirror, directories, f->count, name, out, err);
}

static inline const char *names(struct fixture *f, const struct mirror_person *p)
{
	struct text t;

	text_begin(&t, f->arena, 100);
	for (size_t i = 0; i < p->group_count; i++) {
		text_addf(&t, "%s%s", i ? " " : "", p->groups[i].cn ? p->groups[i].cn : "?");
		if (p->groups[i].through >= 0) {
			assert_true(p->groups[i].through < (int)i);
			text_addf(&t, "<%s", p->groups[p->groups[i].through].cn);
		}
	}
	return arena_copy(f->arena, text_slice(&t));
}

static inline void groups_are(struct fixture *f, const char *number, const char *expected)
{
	struct mirror_person p;
	struct error err;

	assert_done(by_number(f, number, &p, &err), err);
	assert_string_equal(names(f, &p), expected);
}

#endif
