/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A target that is reached by SCIM, and what its server says by a script. */
#ifndef TESTS_UNIT_SCIM_CLIENT_STAGE_H
#define TESTS_UNIT_SCIM_CLIENT_STAGE_H

#include "tests/unit/doer_fixture.h"

#include "provision/scim_client.h"

#define KEY "kR3y-s3cret"
#define LIST(total, resources) "{\"totalResults\":" total ",\"startIndex\":1,\"itemsPerPage\":100,\"Resources\":[" resources "]}"
#define USER(id, external, mail) \
	"{\"id\":\"" id "\",\"externalId\":\"" external "\",\"userName\":\"" mail "\",\"emails\":[{\"value\":\"old@x\"}," \
	"{\"value\":\"" mail "\",\"type\":\"work\",\"primary\":true}],\"active\":true,\"displayName\":\"Ada L\"," \
	"\"name\":{\"givenName\":\"Ada\",\"familyName\":\"L\"},\"title\":\"\",\"department\":\"R\"," \
	"\"urn:scim:schemas:extension:atlassian-external:1.0\":{\"atlassianAccountId\":\"acc-" id "\"}}"
#define GROUP(id, name, members) "{\"id\":\"" id "\",\"displayName\":\"" name "\",\"members\":[" members "]}"
#define M(id) "{\"value\":\"" id "\",\"type\":\"User\"}"

static const char *const groups[] = {"agents", "customers", NULL};

static inline void open_at(const struct scripted *script)
{
	struct doer_options o = {.targets = &target, .target_count = 1, .instead_of_waiting = pass};

	close_doer();
	target = (struct target){.name = "organisation", .base = scripted_begin(a, script), .key = slice_c(KEY), .groups = groups};
	doer = doer_new(&o);
}

static inline struct world_target read_world(const struct scripted *script)
{
	open_at(script);
	return read_target();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
