/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A mirror of a real slapd with four people and nested groups, and questions that are asked until the answer is right. */
#ifndef TESTS_INTEGRATION_MIRROR_SLAPD_STAGE_H
#define TESTS_INTEGRATION_MIRROR_SLAPD_STAGE_H

#include "tests/integration/slapd.h"

#include "base/clock.h"
#include "base/text.h"
#include "ldap/mirror_write.h"

#include <time.h>

#define SECOND INT64_C(1000000)

static const char base_ldif[] =
	"dn: dc=example,dc=org\nobjectClass: organization\nobjectClass: dcObject\no: Example\ndc: example\n\n"
	"dn: ou=people,dc=example,dc=org\nobjectClass: organizationalUnit\nou: people\n\n"
	"dn: ou=groups,dc=example,dc=org\nobjectClass: organizationalUnit\nou: groups\n\n";

#define PERSON(uid, number) \
	"dn: uid=" uid ",ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: " uid "\ncn: " uid "\nsn: " uid \
	"\nmail: " uid "@example.org\nemployeeNumber: " number "\n\n"
#define GROUP(cn, member) \
	"dn: cn=" cn ",ou=groups,dc=example,dc=org\nobjectClass: groupOfNames\ncn: " cn "\nmember: " member "\n\n"
#define DN(uid) "uid=" uid ",ou=people,dc=example,dc=org"
#define GDN(cn) "cn=" cn ",ou=groups,dc=example,dc=org"

static const char people_ldif[] = PERSON("anna", "1") PERSON("bert", "2") PERSON("cleo", "3") PERSON("dora", "4")
	GROUP("agents", "UID=Anna, OU=People, DC=example, DC=org") GROUP("staff", GDN("agents")) GROUP("all", GDN("staff"))
	GROUP("ring1", GDN("ring2")) GROUP("ring2", GDN("ring1"));

static const struct directory_join joins[] = {{"objectidentifier", "employeeNumber", false}, {"mail", "mail", true}};
static const char *const title_too[] = {"title", NULL};

struct fixture {
	struct slapd slapd;
	const char *uris[4];
	struct directory_options options;
	struct arena *arena;
	struct mirror *mirror;
};

static inline void fixture_make(struct fixture *f, const char *database_settings)
{
	*f = (struct fixture){0};
	slapd_make(&f->slapd, database_settings);
	slapd_load(&f->slapd, base_ldif);
	slapd_load(&f->slapd, people_ldif);
	f->uris[0] = f->slapd.uri;
	f->options = (struct directory_options){.name = "corp", .uris = f->uris, .bind_dn = SLAPD_ROOT,
		.password = {SLAPD_PASSWORD, strlen(SLAPD_PASSWORD)}, .people_base = "ou=people," SLAPD_SUFFIX,
		.people_filter = "(objectClass=inetOrgPerson)", .groups_base = "ou=groups," SLAPD_SUFFIX,
		.groups_filter = "(objectClass=groupOfNames)", .member_attribute = "member", .group_name_attribute = "cn",
		.mail_attribute = "mail", .joins = joins, .join_count = 2, .network_seconds = 1};
	f->arena = arena_new();
	slapd_start(&f->slapd);
}

static inline void fixture_end(struct fixture *f)
{
	mirror_close(f->mirror);
	arena_free(f->arena);
	slapd_end(&f->slapd);
}

static inline void nap_ms(int milliseconds)
{
	const struct timespec t = {milliseconds / 1000, milliseconds % 1000 * 1000000L};

	nanosleep(&t, NULL);
}

/* ---- questions, asked until the answer is right ---- */

static inline bool open_mirror(struct fixture *f)
{
	struct error err;

	return f->mirror || mirror_open(f->slapd.mirror, &f->mirror, &err) == 0;
}

static inline struct mirror_state state_of(struct fixture *f)
{
	struct mirror_state s = {0};
	struct error err;

	if (open_mirror(f))
		assert_done(mirror_state(f->arena, f->mirror, "corp", &s, &err), err);
	return s;
}

static inline int look_up(struct fixture *f, const char *number, struct mirror_person *p, struct error *err)
{
	const struct mirror_claim claim = {"objectidentifier", number};
	const struct mirror_query query = {&claim, 1, false};

	*err = (struct error){0};
	if (!open_mirror(f))
		return error_set(err, REASON_MIRROR_EMPTY, "not there");
	return mirror_person(f->arena, f->mirror, &f->options, 1, &query, p, err);
}

typedef bool question(struct fixture *f);

/* Generous: a back-off may have come to 8 s, and the machine may be busy. */
#define PATIENCE_SECONDS 60

static inline int64_t until_named(struct fixture *f, question *q, const char *name)
{
	int64_t begin = clock_monotonic_us();

	while (!q(f)) {
		if (clock_monotonic_us() - begin > PATIENCE_SECONDS * SECOND) {
			struct mirror_state s = state_of(f);

			fail_msg("not within %d s: %s (error: %s)", PATIENCE_SECONDS, name, s.error ? s.error : "none");
		}
		nap_ms(5);
	}
	return clock_monotonic_us() - begin;
}

#define until(f, q) until_named(f, q, #q)

static inline bool connected(struct fixture *f)
{
	return state_of(f).connected;
}

static inline bool disconnected(struct fixture *f)
{
	struct mirror_state s = state_of(f);

	return s.filled && !s.connected && s.error;
}

static inline bool groups_are(struct fixture *f, const char *number, const char *expected)
{
	struct mirror_person p;
	struct error err;
	struct text t;

	if (look_up(f, number, &p, &err) < 0)
		return false;
	text_begin(&t, f->arena, 100);
	for (size_t i = 0; i < p.group_count; i++)
		text_addf(&t, "%s%s", i ? " " : "", p.groups[i].cn);
	return strcmp(text_slice(&t).p ? text_slice(&t).p : "", expected) == 0;
}

static inline bool mail_is(struct fixture *f, const char *number, const char *mail)
{
	struct mirror_person p;
	struct error err;

	return look_up(f, number, &p, &err) == 0 && p.mail && strcmp(p.mail, mail) == 0;
}

/* ---- changes ---- */

static inline bool anna_has_new_mail(struct fixture *f)
{
	return mail_is(f, "1", "anna.new@example.org");
}

static const char new_mail[] = "dn: " DN("anna") "\nchangetype: modify\nreplace: mail\nmail: anna.new@example.org\n\n";
static const char new_person[] =
	"dn: " DN("emil") "\nchangetype: add\nobjectClass: inetOrgPerson\nuid: emil\ncn: emil\nsn: emil\n"
	"mail: emil@example.org\nemployeeNumber: 5\n\n";
static const char no_bert[] = "dn: " DN("bert") "\nchangetype: delete\n\n";
static const char no_cleo[] = "dn: " DN("cleo") "\nchangetype: delete\n\n";

static inline int64_t change_and_see(struct fixture *f, const char *ldif, question *q, const char *name)
{
	int64_t took;

	slapd_change(&f->slapd, ldif);
	took = until_named(f, q, name);
	print_message("  seen after %lld ms: %s\n", (long long)took / 1000, name);
	return took;
}

#define change(f, ldif, q) change_and_see(f, ldif, q, #q)

static int64_t heard_before;

#endif
