/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Changes by uSNChanged, for Entra Domain Services, where nobody is given the
 * right to replicate and whether DirSync works at all is not documented.
 *
 * Each domain controller numbers its changes; what changed has a number above
 * the one that was its last when we asked before.  Nothing is said of what was
 * deleted, which goes to a place that we may not see, or moved out of the base:
 * all is read and compared from time to time, as without the right to replicate.
 */
#include "ldap/ad_side.h"

#include "base/encode.h"

bool goes_by_usn(const struct feed *f)
{
	return f->directory->kind == DIRECTORY_ENTRA_DOMAIN_SERVICES;
}

static void keep_usn(struct side *s, uint64_t usn)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)usn);
	cookie_keep(&s->cookie, slice_c(text));
}

int usn_now(struct feed *f, struct side *s, struct error *err)
{
	uint64_t usn;

	if (ad_highest_usn(f->connection, &usn, err) < 0)
		return -1;
	keep_usn(s, usn);
	pages_begin(s);
	return 0;
}

/* Names only: each is read by its GUID then, with the filter; a container's change may be its name. */
static int read_changed(struct feed *f, struct side *s, uint64_t known, bool *any, struct error *err)
{
	static const char *const nothing[] = {"1.1", NULL};
	struct ad_search search = {.base = s->base, .scope = SEARCH_SUBTREE, .attributes = nothing, .manner = AD_PAGED};
	struct ad_answer answer;

	search.filter = arena_printf(tasks_arena(s), "(uSNChanged>=%llu)", (unsigned long long)known + 1);
	do {
		if (ad_search(f->connection, tasks_arena(s), &search, f->progress, &answer, err) < 0)
			return -1;
		if (answer.result != AD_SUCCESS)
			return refused(f, s, &answer, err);
		if (answer.cookie.p && must_go_on(f, s, search.cookie, answer.cookie, answer.n > 0, err) < 0)
			return -1;
		for (size_t i = 0; i < answer.n; i++)
			must_read(s, answer.entries[i].uuid, RENAMED);
		*any = *any || answer.n;
		search.cookie = answer.cookie;
	} while (answer.cookie.p && !is_too_much(s));
	return 1;
}

int usn_changes(struct feed *f, struct side *s, bool *any, struct error *err)
{
	uint64_t known, usn;
	int rc = 1;

	/* before the search: what changes during it is found again */
	if (ad_highest_usn(f->connection, &usn, err) < 0)
		return -1;
	if (number_read(s->cookie, 1, INT64_MAX - 1, &known) < 0 || known > usn) {
		tell_again(s, "the domain controller has fewer changes than it had");
		return 0;
	}
	if (usn > known)
		rc = read_changed(f, s, known, any, err);
	if (rc == 1)
		keep_usn(s, usn);
	return rc;
}
