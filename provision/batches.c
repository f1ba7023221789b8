/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See batches.h. */
#include "provision/batches.h"

#include "provision/sorted.h"

struct progress {
	const struct batches *b;
	const char **failed;
	size_t failed_count;
};

static void fail_all(struct progress *p, const char *const *ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p->failed[p->failed_count++] = ids[i];
}

/* As deep as halving 100 goes. */
static int send_some(struct arena *a, struct progress *p, const char *const *ids, size_t n, struct step_result *out, struct error *err)
{
	int rc;

	if (p->failed_count >= BATCH_FAILED_MOST) {
		fail_all(p, ids, n);
		return 0;
	}
	rc = p->b->send(a, p->b->context, ids, n, out, err);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (n == 1) {
		fail_all(p, ids, n);
		return 0;
	}
	if (send_some(a, p, ids, n / 2, out, err) < 0)
		return -1;
	return send_some(a, p, ids + n / 2, n - n / 2, out, err);
}

int batches_do(struct arena *a, const struct batches *b, const char *const *ids, struct step_result *out, struct error *err)
{
	size_t all = texts_count(ids), n;
	struct progress p = {.b = b, .failed = arena_alloc(a, (all + 1) * sizeof(char *))};

	for (size_t i = 0; i < all; i += n) {
		n = all - i < b->most ? all - i : b->most;
		if (send_some(a, &p, ids + i, n, out, err) < 0)
			return -1;
	}
	if (all && p.failed_count == all)
		return -1;
	out->failed = p.failed_count ? p.failed : NULL;
	return 0;
}
