/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What Entra ID sends: a line that is a filter and a path, and a body, which is
 * a user, a group or operations on one.  What is kept of it must be fit to be
 * read again, be in its normal form, and hold no name of ours that was not there.
 * The same line is an Authorization header, and the body a form for the token
 * endpoint: nobody gets in by it.
 */
#include "tests/fuzz/fuzz.h"

#include "scim/internal.h"

static const char person[] =
	"{\"userName\":\"anna@example.org\",\"externalId\":\"7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8\",\"active\":true,\"name\":{\"givenName\":\"Anna\"},"
	"\"emails\":[{\"type\":\"work\",\"value\":\"anna@example.org\",\"primary\":true},{\"type\":\"home\",\"value\":\"a@home.example\"}],\"age\":42,"
	"\"" URN_ENTERPRISE "\":{\"department\":\"Sales\",\"manager\":{\"value\":\"m1\"}},\"$version\":3}";

static void require_fit(const json_t *kept)
{
	char *text = json_dumps(kept, 0);
	struct fault f = {0};
	json_t *again = text ? json_read(slice_c(text), &f) : NULL, *value;
	const char *key;

	if (!again)
		abort();
	json_object_foreach(again, key, value) {
		if (*key == '$' && (strcmp(key, KEPT_VERSION) != 0 || json_integer_value(value) != 3))
			abort();
	}
	if (value_normalize(&again, &f) < 0 || !json_equal(again, (json_t *)kept))
		abort();
	json_decref(again);
	free(text);
}

static void ask(struct arena *a, struct slice line, const json_t *resource)
{
	const struct filter *filter;
	struct fault f = {0};
	struct path path;

	if (filter_read(a, line, &filter, &f) == 0) {
		filter_matches(filter, resource);
		filter_wants(filter, "emails", "value");
	}
	path_read(a, line, &path, &f);
}

static void knock(struct arena *a, struct slice line, struct slice form)
{
	const struct scim_callers callers = {.list = {{.kind = SCIM_TOKEN, .name = "one"}, {.kind = SCIM_SECRET, .name = "two"}}, .n = 2};
	const char *authorization = line.n && !memchr(line.p, 0, line.n) ? arena_copy(a, line) : NULL;
	const struct scim_grant_request request = {
		.authorization = authorization, .content_type = "application/x-www-form-urlencoded", .body = form,
	};
	struct scim_grant grant;

	scim_grant(a, &callers, &request, &grant);
	if (scim_caller(a, &callers, authorization) || grant.name || (grant.status != 400 && grant.status != 401))
		abort();
}

static int change(struct arena *a, const json_t *resource, const json_t *body, bool is_group)
{
	struct members members = {.arena = a};
	json_t *after = json_deep_copy(resource);
	struct fault f = {0};
	int rc = patch_apply(a, after, body, is_group ? &members : NULL, &f);

	if (rc == 0)
		rc = value_normalize(&after, &f);
	if (rc == 0)
		rc = value_require_size(after, &f);
	if (rc == 0)
		require_fit(after);
	json_decref(after);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice_of(data, size), line = all;
	const char *end = size ? memchr(all.p, '\n', all.n) : NULL;
	json_t *resource = json_loads(person, 0, NULL), *body = NULL;
	struct arena *a = arena_new();
	struct fault f = {0};

	if (end)
		line.n = (size_t)(end - all.p);
	ask(a, line, resource);
	knock(a, line, end ? slice_of(end + 1, all.n - line.n - 1) : slice_of(NULL, 0));
	if (end)
		body = json_read(slice_of(end + 1, all.n - line.n - 1), &f);
	if (body) {
		fuzz_succeeded(change(a, resource, body, false));
		change(a, resource, body, true);
		value_strip(body);
		if (value_normalize(&body, &f) == 0 && value_require_size(body, &f) == 0)
			require_fit(body);
	}
	json_decref(body);
	json_decref(resource);
	arena_free(a);
	return 0;
}
