/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A SCIM server in a folder of its own, and how the tests ask it.
 *
 * What is asked for and answered last stands in `reply`; answers as JSON live
 * until 64 more were asked for.
 */
#ifndef TESTS_UNIT_SCIM_SERVER_H
#define TESTS_UNIT_SCIM_SERVER_H

#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/text.h"
#include "scim/internal.h"

#include <unistd.h>

#define BASE "https://sso.example.org/scim/v2"
#define ANNA "7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8"
#define ANNA_HEX "7b1c2d3e4f504a618b7293a4b5c6d7e8"
#define BERT "8c1c2d3e-4f50-4a61-8b72-93a4b5c6d7e9"

static char folder[40], path[60], mirror_path[60];
static struct arena *a;
static struct scim *server;
static struct scim_reply reply;
static struct error err;

static inline int make(void **state)
{
	(void)state;
	a = arena_new();
	snprintf(folder, sizeof(folder), "/tmp/test_scim.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/scim.mdb", folder);
	snprintf(mirror_path, sizeof(mirror_path), "%s/mirror.mdb", folder);
	return scim_open(path, BASE, &server, &err);
}

static inline int drop(void **state)
{
	static const char *const names[] = {"scim.mdb", "scim.mdb-lock", "mirror.mdb", "mirror.mdb-lock"};

	(void)state;
	scim_close(server);
	server = NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(arena_printf(a, "%s/%s", folder, names[i]));
	rmdir(folder);
	arena_free(a);
	clock_set(0);
	return 0;
}

/* The reply's body, or NULL; what it holds lives in the arena as text. */
static json_t *asked[64];
static size_t asked_count;

static inline json_t *ask_if(enum scim_method method, const char *target, const char *body, const char *if_match)
{
	const char *mark = strchr(target, '?');
	struct scim_request request = {
		.method = method, .path = mark ? arena_copy(a, slice_of(target, (size_t)(mark - target))) : target, .query = slice_c(mark ? mark + 1 : NULL),
		.body = slice_c(body), .if_match = if_match,
	};
	json_t *answer;

	scim_answer(server, a, &request, &reply);
	assert_true(reply.status >= 200 && reply.status < 500);
	answer = reply.body.n ? json_loadb(reply.body.p, reply.body.n, 0, NULL) : NULL;
	if (reply.body.n)
		assert_non_null(answer);
	json_decref(asked[asked_count % 64]);
	asked[asked_count++ % 64] = answer;
	return answer;
}

static inline json_t *ask(enum scim_method method, const char *target, const char *body)
{
	return ask_if(method, target, body, NULL);
}

static inline const char *user_body(const char *name, const char *object_id)
{
	return arena_printf(a, "{\"schemas\":[\"" URN_USER "\",\"" URN_ENTERPRISE "\"],\"externalId\":\"%s\",\"userName\":\"%s\",\"active\":true,"
		"\"emails\":[{\"primary\":true,\"type\":\"work\",\"value\":\"%s\"}],\"meta\":{\"resourceType\":\"User\"},\"name\":{\"givenName\":\"G\",\"familyName\":\"F\"},"
		"\"roles\":[],\"title\":null,\"password\":\"secret\"}", object_id, name, name);
}

static inline const char *make_user(const char *name, const char *object_id)
{
	json_t *user = ask(SCIM_POST, "/Users", user_body(name, object_id));

	assert_int_equal(reply.status, 201);
	return arena_strdup(a, json_text(user, "id"));
}

static inline const char *make_group(const char *name)
{
	static unsigned made;
	json_t *group = ask(SCIM_POST, "/Groups", arena_printf(a, "{\"schemas\":[\"" URN_GROUP "\","
		"\"http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group\"],\"externalId\":\"8c1c2d3e-4f50-4a61-8b72-%012u\",\"displayName\":\"%s\",\"members\":[],"
		"\"meta\":{\"resourceType\":\"Group\"}}", made++, name));

	assert_int_equal(reply.status, 201);
	return arena_strdup(a, json_text(group, "id"));
}

static inline json_t *patch(const char *where, const char *id, const char *operations)
{
	return ask(SCIM_PATCH, arena_printf(a, "/%s/%s", where, id), arena_printf(a, "{\"schemas\":[\"" URN_PATCH "\"],\"Operations\":%s}", operations));
}

static inline json_int_t total(const char *target)
{
	json_t *list = ask(SCIM_GET, target, NULL);

	assert_int_equal(reply.status, 200);
	return json_integer_value(json_object_get(list, "totalResults"));
}

static inline void refused(int status, const char *type)
{
	json_t *body = asked[(asked_count - 1) % 64];

	assert_int_equal(reply.status, status);
	assert_string_equal(json_string_value(json_array_get(json_object_get(body, "schemas"), 0)), URN_ERROR);
	assert_string_equal(json_text(body, "status"), arena_printf(a, "%d", status));
	if (type)
		assert_string_equal(json_text(body, "scimType"), type);
	assert_true(strlen(json_text(body, "detail")) > 10);
	assert_null(reply.done);
}

static inline size_t member_count(const char *group)
{
	json_t *shown = ask(SCIM_GET, arena_printf(a, "/Groups/%s", group), NULL);

	return json_array_size(json_object_get(shown, "members"));
}

static inline void forget_answers(void)
{
	for (size_t i = 0; i < 64; i++)
		json_decref(asked[i]);
}

#define T(name) cmocka_unit_test_setup_teardown(name, make, drop)

#endif
