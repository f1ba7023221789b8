/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the mirror makes of the SCIM server's file. */
#include "tests/unit/scim_server.h"

#include "base/file.h"
#include "scim/standing.h"

#include <sys/wait.h>
#include <time.h>

/* Nobody waits here: a look follows the other. */
int nanosleep(const struct timespec *time, struct timespec *left)
{
	(void)time;
	(void)left;
	return 0;
}

static int turns;
static bool is_whole;

static void alive(void *context)
{
	(void)context;
}

/* Done by another process, as the server is one, when so many turns are left. */
static void (*meanwhile)(void);
static int meanwhile_at;

static bool stop(void *context)
{
	(void)context;
	if (meanwhile && turns == meanwhile_at) {
		pid_t child = fork();
		int status;

		assert_true(child >= 0);
		if (child == 0) {
			meanwhile();
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
	}
	return turns-- <= 0;
}

static void whole(void *context, const char *uri)
{
	(void)context;
	(void)uri;
	is_whole = true;
}

static struct directory_options entra(void)
{
	static const char *const attributes[] = {"department", "displayName", "externalId", NULL};
	struct directory_options d = {.name = "entra", .kind = DIRECTORY_SCIM, .attributes = attributes};

	scim_directory_options(a, &d);
	return d;
}

enum { NEWS = 4, ALL = 2 * 256 + 3 };     /* how often it asks whether to stop, until a few looks later */

/* The process that follows, for some looks. */
static void follow(int looks)
{
	const struct mirror_progress progress = {.alive = alive, .stop = stop, .whole = whole};
	struct directory_options d = entra();

	turns = looks;
	is_whole = false;
	/* the file must not be open twice in one process */
	scim_close(server);
	assert_done(scim_follow(mirror_path, path, &d, &progress, &err), err);
	assert_done(scim_open(path, BASE, &server, &err), err);
}

static int person_by(const char *object_id, struct mirror_person *out)
{
	const struct mirror_claim claim = {"http://schemas.microsoft.com/identity/claims/objectidentifier", object_id};
	const struct mirror_query query = {.claims = &claim, .claim_count = 1};
	struct directory_options d = entra();
	struct mirror *m;
	int rc;

	assert_done(mirror_open(mirror_path, &m, &err), err);
	rc = mirror_person(a, m, &d, 1, &query, out, &err);
	mirror_close(m);
	return rc;
}

static void the_mirror_has_people_and_groups(void **state)
{
	const char *anna = make_user("anna@example.org", "7B1C2D3E-4f50-4a61-8b72-93a4b5c6d7e8"), *group = make_group("Agents"), *all = make_group("All");
	struct mirror_person p;

	(void)state;
	patch("Users", anna, "[{\"op\":\"add\",\"value\":{\"" URN_ENTERPRISE ":department\":\"Sales\",\"emails\":[{\"type\":\"home\",\"value\":\"a@home\"}]}}]");
	patch("Groups", group, arena_printf(a, "[{\"op\":\"Add\",\"path\":\"members\",\"value\":[{\"value\":\"%s\"}]}]", anna));
	patch("Groups", all, arena_printf(a, "[{\"op\":\"Add\",\"path\":\"members\",\"value\":[{\"value\":\"%s\"}]}]", group));
	follow(ALL);
	assert_true(is_whole);
	assert_int_equal(person_by(ANNA, &p), 0);
	assert_string_equal(p.mail, "anna@example.org");
	assert_string_equal(p.dn, arena_printf(a, "scimid=%s,ou=people,scimdirectory=entra", anna));
	assert_string_equal(p.entry_uuid, anna);
	assert_int_equal(p.group_count, 2);
	assert_string_equal(p.groups[0].cn, "Agents");
	assert_string_equal(p.groups[1].cn, "All");
	assert_string_equal(p.groups[0].directory, "entra");
	/* what changes comes by the log */
	patch("Users", anna, "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"False\"}]");
	follow(NEWS);
	assert_false(is_whole);
	assert_refused(person_by(ANNA, &p), err, REASON_PERSON_DISABLED);
	patch("Users", anna, "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"True\"}]");
	patch("Groups", group, arena_printf(a, "[{\"op\":\"Remove\",\"path\":\"members\",\"value\":[{\"value\":\"%s\"}]}]", anna));
	follow(NEWS);
	assert_int_equal(person_by(ANNA, &p), 0);
	assert_int_equal(p.group_count, 0);
	ask(SCIM_DELETE, arena_printf(a, "/Users/%s", anna), NULL);
	follow(NEWS);
	assert_refused(person_by(ANNA, &p), err, REASON_PERSON_NOT_FOUND);
}

/* A file that was lost and begun anew must not lock everybody out unasked. */
static void what_an_empty_file_lacks_is_held(void **state)
{
	struct mirror_state m_state;
	struct mirror_person p;
	struct mirror *m;

	(void)state;
	for (int i = 0; i < 25; i++)
		make_user(arena_printf(a, "u%d@example.org", i), arena_printf(a, "7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7%02x", i));
	follow(ALL);
	scim_close(server);
	unlink(path);
	unlink(arena_printf(a, "%s-lock", path));
	assert_done(scim_open(path, BASE, &server, &err), err);
	follow(ALL);
	assert_int_equal(person_by("7b1c2d3e-4f50-4a61-8b72-93a4b5c6d703", &p), 0);
	assert_done(mirror_open(mirror_path, &m, &err), err);
	assert_done(mirror_state(a, m, "entra", &m_state, &err), err);
	mirror_close(m);
	assert_int_equal(m_state.people_held.n, 25);
}

static const char *who_is_switched_off;

static void switch_off(void)
{
	if (scim_open(path, BASE, &server, &err) < 0)
		_exit(2);
	patch("Users", who_is_switched_off, "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"False\"}]");
	if (reply.status != 200)
		_exit(3);
	scim_close(server);
}

/* So much is gone that it waits for somebody; who is switched off does not. */
static void who_is_switched_off_while_a_removal_is_held_is_off(void **state)
{
	struct mirror_person p;
	const char *ids[25];

	(void)state;
	for (int i = 0; i < 25; i++)
		ids[i] = make_user(arena_printf(a, "u%d@example.org", i), arena_printf(a, "7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7%02x", i));
	follow(ALL);
	for (int i = 1; i < 25; i++)
		ask(SCIM_DELETE, arena_printf(a, "/Users/%s", ids[i]), NULL);
	who_is_switched_off = ids[0];
	meanwhile = switch_off;
	meanwhile_at = NEWS;
	follow(ALL + 2 * NEWS);
	meanwhile = NULL;
	assert_int_equal(person_by("7b1c2d3e-4f50-4a61-8b72-93a4b5c6d703", &p), 0);
	assert_refused(person_by("7b1c2d3e-4f50-4a61-8b72-93a4b5c6d700", &p), err, REASON_PERSON_DISABLED);
}

/* ---- what goes one after the other ---- */

enum { MANY = 25 };                     /* of whom five may go within a day */

static const char *object_id(int i)
{
	return arena_printf(a, "7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7%02x", i);
}

static void make_many(const char *ids[MANY])
{
	for (int i = 0; i < MANY; i++)
		ids[i] = make_user(arena_printf(a, "u%d@example.org", i), object_id(i));
	follow(ALL);
}

static void delete_and_follow(const char *kind, const char *const *ids, int n, int looks)
{
	for (int i = 0; i < n; i++) {
		ask(SCIM_DELETE, arena_printf(a, "/%s/%s", kind, ids[i]), NULL);
		assert_int_equal(reply.status, 204);
	}
	follow(looks);
}

static bool is_there(int i)
{
	struct mirror_person p;
	int rc = person_by(object_id(i), &p);

	if (rc < 0)
		assert_int_equal(err.reason, REASON_PERSON_NOT_FOUND);
	return rc == 0;
}

static struct mirror_state state_now(void)
{
	struct mirror_state s;
	struct mirror *m;

	assert_done(mirror_open(mirror_path, &m, &err), err);
	assert_done(mirror_state(a, m, "entra", &s, &err), err);
	mirror_close(m);
	return s;
}

/* Entra ID deletes one after the other: whoever took all of them away must not be obeyed only because it takes a while. */
static void removals_that_trickle_in_add_up(void **state)
{
	struct mirror_removal people, groups;
	const char *ids[MANY], *group = make_group("Agents");
	struct mirror_person p;

	(void)state;
	clock_set(1795867200);
	make_many(ids);
	delete_and_follow("Users", ids, 3, NEWS);
	delete_and_follow("Users", ids + 3, 2, NEWS);
	assert_false(is_there(4));
	patch("Groups", group, arena_printf(a, "[{\"op\":\"Add\",\"path\":\"members\",\"value\":[{\"value\":\"%s\"},{\"value\":\"%s\"}]}]", ids[5], ids[6]));
	follow(NEWS);
	delete_and_follow("Users", ids + 5, 1, ALL);
	assert_true(is_there(5));
	/* and is in the groups where he was */
	assert_int_equal(person_by(object_id(5), &p), 0);
	assert_int_equal(p.group_count, 1);
	assert_int_equal(member_count(group), 1);
	assert_int_equal(state_now().people_held.n, 1);
	/* it waits for somebody, however long, and over a restart */
	clock_set(1795867200 + 10 * STANDING_DAY);
	follow(ALL);
	assert_true(is_there(5));
	assert_done(mirror_accept(mirror_path, "entra", &people, &groups, &err), err);
	assert_int_equal(people.n, 1);
	follow(ALL);
	assert_false(is_there(5));
	assert_int_equal(state_now().people_held.n, 0);
	/* and what is gone by then was decided */
	delete_and_follow("Users", ids + 6, 1, NEWS);
	assert_false(is_there(6));
}

static void a_day_later_it_is_counted_anew(void **state)
{
	const char *ids[MANY];

	(void)state;
	clock_set(1795867200);
	make_many(ids);
	delete_and_follow("Users", ids, 5, NEWS);
	clock_set(1795867200 + STANDING_DAY);
	delete_and_follow("Users", ids + 5, 1, NEWS);
	assert_false(is_there(5));
	assert_int_equal(state_now().people_held.n, 0);
}

static void groups_that_go_are_counted_beside_people(void **state)
{
	const char *ids[7], *anna = make_user("anna@example.org", ANNA);

	(void)state;
	make_user("bert@example.org", BERT);
	for (int i = 0; i < 7; i++)
		ids[i] = make_group(arena_printf(a, "Group %d", i));
	follow(ALL);
	ask(SCIM_DELETE, arena_printf(a, "/Users/%s", anna), NULL);
	delete_and_follow("Groups", ids, 5, NEWS);
	assert_int_equal(state_now().groups_held.n, 0);
	delete_and_follow("Groups", ids + 5, 1, ALL);
	assert_int_equal(state_now().groups_held.n, 1);
}

/* ---- an older copy ---- */

static void copy(const char *from, const char *to)
{
	struct slice bytes;

	assert_done(file_read(a, from, FILE_PUBLIC, (size_t)64 << 20, &bytes, &err), err);
	assert_done(file_write(to, 0640, bytes, &err), err);
}

/* It goes on to a higher number than the mirror knows, by other changes than those that the mirror saw. */
static void an_older_copy_is_compared_whatever_its_number(void **state)
{
	const char *ids[MANY], *saved = arena_printf(a, "%s/saved", folder);
	struct mirror_person p;

	(void)state;
	make_many(ids);
	/* of the running service */
	copy(path, saved);
	make_user("anna@example.org", ANNA);
	patch("Users", ids[3], "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"False\"}]");
	follow(NEWS);
	assert_refused(person_by(object_id(3), &p), err, REASON_PERSON_DISABLED);
	assert_int_equal(person_by(ANNA, &p), 0);
	/* restored, and written to before anybody looked */
	scim_close(server);
	copy(saved, path);
	unlink(saved);
	unlink(arena_printf(a, "%s-lock", path));
	assert_done(scim_open(path, BASE, &server, &err), err);
	for (int i = 0; i < 5; i++)
		patch("Users", ids[10 + i], "[{\"op\":\"Replace\",\"path\":\"title\",\"value\":\"t\"}]");
	follow(ALL);
	assert_true(is_whole);
	assert_true(is_there(3));
	assert_refused(person_by(ANNA, &p), err, REASON_PERSON_NOT_FOUND);
	/* and a start is no other copy */
	follow(NEWS);
	follow(NEWS);
	make_user("bert@example.org", BERT);
	follow(NEWS);
	assert_false(is_whole);
	assert_int_equal(person_by(BERT, &p), 0);
}

static void a_place_beyond_the_former_file_fits_nothing(void **state)
{
	const struct data_place place = {.file = {2}, .number = 30, .has_former = true, .former = {1}, .former_number = 20};
	static const struct {
		struct standing standing;
		bool fits;
	} rows[] = {
		{{.file = {2}, .number = 30}, true}, {{.file = {2}, .number = 31}, false}, {{.file = {1}, .number = 20}, true},
		{{.file = {1}, .number = 21}, false}, {{.file = {3}, .number = 1}, false}, {{.number = 0}, false},
	};
	struct data_place first = place;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(standing_fits(&rows[i].standing, &place), rows[i].fits);
	first.has_former = false;
	assert_false(standing_fits(&rows[2].standing, &first));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_mirror_has_people_and_groups), T(what_an_empty_file_lacks_is_held), T(who_is_switched_off_while_a_removal_is_held_is_off),
		T(removals_that_trickle_in_add_up), T(a_day_later_it_is_counted_anew), T(groups_that_go_are_counted_beside_people),
		T(an_older_copy_is_compared_whatever_its_number), T(a_place_beyond_the_former_file_fits_nothing),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	forget_answers();
	return rc;
}
