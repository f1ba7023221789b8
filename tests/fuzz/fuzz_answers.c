/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What Atlassian's interfaces answer: the first byte says which list is read (of
 * a SCIM directory, of a site, of an organisation), NUL bytes part the answers
 * to one call after another, and the first byte of each says its status.  The
 * functions of provision/web.h stand here instead of HTTP.
 */
#include "tests/fuzz/fuzz.h"

#include "provision/jsm_client.h"
#include "provision/organization_client.h"
#include "provision/answer.h"
#include "provision/scim_client.h"

#define NOW 1795526356

struct web {
	struct slice left;              /* answers that were not asked for yet */
};

static struct slice given;              /* to the web that is opened next */

int web_open(const struct web_options *options, struct web **out, struct error *err)
{
	static struct web w;

	(void)options;
	(void)err;
	w.left = given;
	*out = &w;
	return 0;
}

void web_close(struct web *w)
{
	(void)w;
}

int web_do(struct arena *a, struct web *w, const struct web_call *call, struct web_answer *out, struct error *err)
{
	const char *end = w->left.n ? memchr(w->left.p, 0, w->left.n) : NULL;
	size_t n = end ? (size_t)(end - w->left.p) : w->left.n;

	/* it goes into a request: not a byte that would end the line */
	for (const char *p = call->path; *p; p++) {
		if (*p <= ' ' || *p > '~')
			abort();
	}
	if (n == 0)
		return error_set(err, REASON_PROVISION_STOP, "there are no more answers");
	*out = (struct web_answer){.status = 200, .body = slice_of(w->left.p + 1, n - 1), .requests = 1, .line = ""};
	if (*w->left.p != '{') {
		out->status = *w->left.p == '4' ? 404 : 409;
	} else {
		out->body = slice_of(w->left.p, n);
	}
	n += end != NULL;
	w->left = slice_of(w->left.p + n, w->left.n - n);
	answer_cut(a, answer_says(a, out->body));
	return 0;
}

int web_refused(const struct web *w, const struct web_call *call, const struct web_answer *answer, struct error *err)
{
	(void)w;
	return error_set(err, REASON_PROVISION_STEP, "%s: %d", call->endpoint, answer->status);
}

int web_nonsense(const struct web *w, const struct web_call *call, const char *why, struct error *err)
{
	(void)w;
	return error_set(err, REASON_PROVISION_STOP, "%s: %s", call->endpoint, why);
}

int64_t web_left_alone(const struct web *w)
{
	(void)w;
	return 0;
}

unsigned web_requests(const struct web *w)
{
	(void)w;
	return 1;
}

const char *web_without_key(struct arena *a, const struct web *w, const char *text)
{
	(void)a;
	(void)w;
	return text;
}

/* ---- what is read is what others count on ---- */

static void require_users(const struct world_user *users, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!answer_id_is_good(users[i].id) || (users[i].account_id && !answer_id_is_good(users[i].account_id)) ||
			(i && strcmp(users[i - 1].id, users[i].id) >= 0))
			abort();
	}
}

static void require_groups(const struct world_group *groups, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!answer_id_is_good(groups[i].id) || !groups[i].name || !groups[i].members || groups[i].members[groups[i].member_count])
			abort();
		for (size_t k = 0; k < groups[i].member_count; k++) {
			if (!answer_id_is_good(groups[i].members[k]))
				abort();
		}
	}
}

static int read_target(struct arena *a, enum target_kind kind, struct error *err)
{
	static const char *const groups[] = {"agents", "everybody", NULL}, *const desks[] = {"1", "2", NULL};
	const struct target target = {.name = "t", .kind = kind, .base = "https://x.example", .groups = groups, .licensed = groups, .desks = desks};
	struct world_target read = {0};
	struct web *w = NULL;
	int rc;

	web_open(NULL, &w, err);
	rc = kind == TARGET_PORTAL_REST ? jsm_read(a, w, &target, &read, err) : scim_read(a, w, &target, &read, err);
	if (rc < 0)
		return -1;
	require_users(read.users, read.user_count);
	require_groups(read.groups, read.group_count);
	require_groups(read.desks, read.desk_count);
	return read.user_count > 0 && read.group_count > 0 ? 0 : -1;
}

static int read_organization(struct arena *a, struct error *err)
{
	const struct organization o = {.id = "o-1", .base = "https://api.example", .key = slice_c("k")};
	struct organization_accounts read;

	if (organization_read(a, &o, NOW, &read, err) < 0)
		return -1;
	for (size_t i = 0; i < read.count; i++) {
		if (!answer_id_is_good(read.accounts[i].id) || (i && strcmp(read.accounts[i - 1].id, read.accounts[i].id) >= 0))
			abort();
	}
	return read.count > 0 ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct error err;

	given = slice_of(data + (size > 0), size - (size > 0));
	switch (size ? data[0] % 3 : 0) {
	case 0:
		fuzz_succeeded(read_target(a, TARGET_ORGANIZATION, &err));
		break;
	case 1:
		fuzz_succeeded(read_target(a, TARGET_PORTAL_REST, &err));
		break;
	default:
		fuzz_succeeded(read_organization(a, &err));
	}
	arena_free(a);
	return 0;
}
